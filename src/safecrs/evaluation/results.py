"""The results of an evaluation: plain numbers that a report, a script or a later comparison reads."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError, model_validator

from safecrs.benchmark import DataCard
from safecrs.errors import SafecrsError, first_problem
from safecrs.evaluation.systems import Label
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.statistics import Comparison, Estimate, Frozen
from safecrs.storage import read_json, write_json


class SystemResult(Frozen):
    """One system on one split.

    Attributes:
        label: the identity of the system; ``name``: that of the label, which tables show.
        metrics: metric id → estimate; by_trait: trait id → metric id → estimate over the samples with it.
        plain: metric id → estimate over the samples without any sensitivity.
        over_refusal: share of the ground truth that the constraints it respected rule out.
        seconds: wall time for all slates.
    """

    label: Label
    metrics: dict[str, Estimate]
    by_trait: dict[str, dict[str, Estimate]]
    plain: dict[str, Estimate]
    over_refusal: Estimate
    distinct_items: int
    seconds: float
    name: str


class Evaluation(Frozen):
    """All systems on one split of one benchmark.

    Attributes:
        card: the benchmark's.
        fingerprint: of the samples that were measured.
        samples, constrained, clusters: how many conversations, those with a sensitivity, people.
    """

    card: DataCard
    split: str
    fingerprint: str
    seed: int
    k: int
    samples: int
    constrained: int
    clusters: int
    trait_samples: dict[str, int]
    systems: list[SystemResult]
    comparisons: list[Comparison]

    @model_validator(mode="after")
    def _complete(self) -> Evaluation:
        names, metrics = {system.name for system in self.systems}, {metric.id for metric in METRICS}
        for system in self.systems:
            tables = (system.metrics, system.plain, *system.by_trait.values())
            if system.name != system.label.name or any(set(table) != metrics for table in tables):
                raise ValueError(f"the name or the metrics of {system.name!r} are not those of this safecrs")
        for comparison in self.comparisons:
            if comparison.metric not in metrics or not {comparison.system, comparison.baseline} <= names:
                raise ValueError(f"a comparison of {comparison.system!r} has nothing to compare")
        return self

    def system(self, name: str) -> SystemResult:
        """The result of that name; a `SafecrsError` where there is none."""
        by_name = {system.name: system for system in self.systems}
        if name not in by_name:
            raise SafecrsError(f"No system is called {name!r}; there are {', '.join(by_name)}.")
        return by_name[name]


def save_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Write it as JSON, atomically."""
    write_json(path, evaluation.model_dump(mode="json"))


def load_evaluation(path: Path) -> Evaluation:
    """Read what `save_evaluation` wrote.

    Raises:
        SafecrsError: the file is missing or is not an evaluation.
    """
    try:
        return Evaluation.model_validate(read_json(path))
    except ValidationError as error:
        raise SafecrsError(
            f"{path} is not a safecrs evaluation: {first_problem(error)}; evaluate again."
        ) from error
