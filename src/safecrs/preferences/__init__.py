"""What a conversation asks for: wishes with the words that state them, and the items it names."""

from safecrs.preferences.base import Facet, Firmness, Named, Preference, Preferences, Role
from safecrs.preferences.lexicon import place_names
from safecrs.preferences.understand import question, understand

__all__ = [
    "Facet",
    "Firmness",
    "Named",
    "Preference",
    "Preferences",
    "Role",
    "place_names",
    "question",
    "understand",
]
