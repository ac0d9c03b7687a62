"""Detection of the sensitivities that a conversation discloses; local, unless an endpoint is asked."""

from safecrs.detection.base import Combined, Detection, Detector, Disclosure, Told, constraints_of
from safecrs.detection.embedding import EmbeddingDetector, load_embedding_detector
from safecrs.detection.lexicon import Lexicon, load_lexicon
from safecrs.detection.llm import EndpointDetector
from safecrs.detection.rules import RuleDetector, detect_traits

__all__ = [
    "Combined",
    "Detection",
    "Detector",
    "Disclosure",
    "EmbeddingDetector",
    "EndpointDetector",
    "Lexicon",
    "RuleDetector",
    "Told",
    "constraints_of",
    "detect_traits",
    "load_embedding_detector",
    "load_lexicon",
]
