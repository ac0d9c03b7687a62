"""What an evaluation found: plain numbers that a report, a script or a later comparison reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, computed_field, model_validator

from safecrs.benchmark import DataCard
from safecrs.errors import SafecrsError
from safecrs.evaluation.systems import Label
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.statistics import Comparison, Estimate
from safecrs.storage import read_json, write_json


class SystemResult(BaseModel):
    """One system on one split.

    Attributes:
        label: the identity of the system; ``name``, which tables show, is derived from it.
        metrics: metric id → estimate; by_trait: trait id → metric id → estimate over the samples with it.
        plain: metric id → estimate over the samples without any sensitivity.
        over_refusal: share of the ground truth that the constraints it respected rule out.
        seconds: wall time for all slates.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Label
    metrics: dict[str, Estimate]
    by_trait: dict[str, dict[str, Estimate]]
    plain: dict[str, Estimate]
    over_refusal: Estimate
    distinct_items: int
    seconds: float

    @computed_field  # type: ignore[prop-decorator]
    @property
    def name(self) -> str:
        """The name of its row in tables."""
        return self.label.name

    @model_validator(mode="before")
    @classmethod
    def _derive_name(cls, values: Any) -> Any:
        return (
            {key: value for key, value in values.items() if key != "name"}
            if isinstance(values, dict)
            else values
        )


class Evaluation(BaseModel):
    """All systems on one split of one benchmark.

    Attributes:
        card: the benchmark's.
        fingerprint: of the samples that were measured.
        samples, constrained, clusters: how many conversations, those with a sensitivity, people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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
            for held in (system.metrics, system.plain, *system.by_trait.values()):
                if set(held) != metrics:
                    raise ValueError(f"the metrics of {system.name!r} are not those of this safecrs")
        for comparison in self.comparisons:
            if comparison.metric not in metrics or not {comparison.system, comparison.baseline} <= names:
                raise ValueError(f"a comparison of {comparison.system!r} has nothing to compare")
        return self

    def system(self, name: str) -> SystemResult:
        """The result of that name.

        Raises:
            SafecrsError: there is none.
        """
        for system in self.systems:
            if system.name == name:
                return system
        raise SafecrsError(
            f"No system is called {name!r}; there are {', '.join(s.name for s in self.systems)}."
        )


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
        detail = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        problem = f"{where} {detail['msg']}".strip()
        raise SafecrsError(f"{path} is not a safecrs evaluation: {problem}; evaluate again.") from error
