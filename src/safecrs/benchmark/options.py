"""Options of a build that every recipe takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from safecrs.benchmark.assignment import Assigner, AssignmentPlan, LocalAssigner
from safecrs.benchmark.wording.conversations import ConversationPlan
from safecrs.progress import Report, quiet
from safecrs.taxonomy import DEFAULT_THRESHOLD


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Options that do not depend on the corpus.

    Attributes:
        threshold: τ, the risk from which an item is unsafe.
        plan, conversations: the recipe's own where None.
        assigner: who assigns traits.
        steps: a folder to write the outcome of every step to, row by row (`safecrs.benchmark.steps`).
        report: called with the progress.
    """

    seed: int = 0
    threshold: float = DEFAULT_THRESHOLD
    plan: AssignmentPlan | None = None
    conversations: ConversationPlan | None = None
    assigner: Assigner = field(default_factory=LocalAssigner)
    steps: Path | None = None
    report: Report = quiet

    def planned(self, plan: AssignmentPlan) -> BuildOptions:
        """These options with the recipe's ``plan`` where they have none."""
        return self if self.plan else replace(self, plan=plan)


DEFAULTS = BuildOptions()
