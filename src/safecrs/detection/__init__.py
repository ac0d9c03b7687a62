"""Which sensitivities a conversation discloses: local unless asked otherwise, with evidence; it abstains."""

from safecrs.detection.detect import REPORT_FROM, Disclosure, Reader, constraints_of, detect_traits
from safecrs.detection.evidence import Evidence, find_evidence
from safecrs.detection.finder import Finder, load_finder
from safecrs.detection.lexicon import Lexicon, load_lexicon
from safecrs.detection.llm import EndpointReader, detect_traits_llm

__all__ = [
    "REPORT_FROM",
    "Disclosure",
    "EndpointReader",
    "Evidence",
    "Finder",
    "Lexicon",
    "Reader",
    "constraints_of",
    "detect_traits",
    "detect_traits_llm",
    "find_evidence",
    "load_finder",
    "load_lexicon",
]
