"""Evidence of the sources, fused into a risk for every item and trait, and verdicts at a user's threshold."""

from safecrs.oracle.evidence import Evidence, Finding, SourceCount
from safecrs.oracle.explain import Check, TraitRisk
from safecrs.oracle.fusion import Fusion, pg_risk
from safecrs.oracle.oracle import Coverage, Oracle, compile_oracle, load_starter
from safecrs.oracle.verdict import Verdict

__all__ = [
    "Check",
    "Coverage",
    "Evidence",
    "Finding",
    "Fusion",
    "Oracle",
    "SourceCount",
    "TraitRisk",
    "Verdict",
    "compile_oracle",
    "load_starter",
    "pg_risk",
]
