"""Which sensitivities a conversation discloses: local, private, with evidence, and it abstains."""

from safecrs.traits.detect import REPORT_FROM, Disclosure, detect_traits
from safecrs.traits.evidence import Evidence, find_evidence
from safecrs.traits.finder import Finder, load_finder
from safecrs.traits.lexicon import Lexicon, load_lexicon

__all__ = [
    "REPORT_FROM",
    "Disclosure",
    "Evidence",
    "Finder",
    "Lexicon",
    "detect_traits",
    "find_evidence",
    "load_finder",
    "load_lexicon",
]
