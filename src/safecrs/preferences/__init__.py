"""What a conversation asks for: wishes with the words that state them, and the items it names."""

from safecrs.preferences.base import Facet, Firmness, Named, Preference, Preferences, Role

__all__ = ["Facet", "Firmness", "Named", "Preference", "Preferences", "Role"]
