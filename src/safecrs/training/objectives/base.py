"""What a training objective declares; `safecrs.training.train` does everything else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from pydantic import BaseModel

    from safecrs.benchmark import Sample
    from safecrs.oracle import Oracle
    from safecrs.slates.base import Ref

Need = Literal["reasoning", "pairs", "rollouts", "reference"]
"""The benchmark's safety analyses, pairs of lists, sampled completions, a frozen copy of the start model."""


@dataclass(frozen=True, slots=True)
class Task:
    """What an objective makes its rows and its trainer from.

    Attributes:
        samples: the training split, lists in the order that the preset asks for.
        options: the objective's own tables of the preset (`Objective.options`), validated.
        reasons: whether the model writes a safety analysis before its list.
    """

    samples: Sequence[Sample]
    oracle: Oracle
    options: Mapping[str, Any]
    reasons: bool


class Objective(ABC):
    """One way to train a model: what it is called, what it needs, its rows, configuration and trainer.

    Attributes:
        id: names its command, its stage in manifests, and its run's folder in an experiment.
        name: what tables and progress call the stage and its model.
        summary: what it does, to follow "trained by" in a model card.
        tables: the preset's tables that go to TRL's configuration class; a later one overrides an earlier.
        needs: an objective that needs pairs, rollouts or a reference starts from a trained model, and
            reasons as that does.
        defaults: of TRL's configuration, where they differ from TRL's.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    summary: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]
    needs: ClassVar[frozenset[Need]] = frozenset()
    defaults: ClassVar[dict[str, Any]] = {"logging_steps": 10}

    @property
    def continues(self) -> bool:
        """Whether it starts from a trained model."""
        return bool(self.needs & {"pairs", "rollouts", "reference"})

    def settings(self, preset: BaseModel) -> dict[str, Any]:
        """TRL's, as the preset's tables say; what they leave open has `defaults`, then TRL's own."""
        merged = dict(self.defaults)
        for table in self.tables:
            merged |= getattr(preset, table)
        return merged

    def options(self) -> dict[str, type[BaseModel]]:
        """The preset's tables that are this package's own, not TRL's."""
        return {}

    def safe(self, _options: Mapping[str, Any]) -> bool:
        """Whether the model learns to avoid what is unsafe for a person."""
        return True

    def describe(self, _options: Mapping[str, Any]) -> str:
        """`summary`, with the options that change what it does."""
        return self.summary

    def adapt(self, options: Mapping[str, Any], reasons: bool) -> Mapping[str, Any]:  # noqa: ARG002
        """The options for a model that does or does not write a safety analysis."""
        return options

    def check(self, settings: Mapping[str, Any], base: Path | None) -> None:  # noqa: B027
        """Refuse settings that this objective or the model in ``base`` cannot be trained with."""

    @abstractmethod
    def rows(self, task: Task) -> list[dict[str, Any]]:
        """The rows of the trainer's dataset."""

    @abstractmethod
    def trl(self) -> tuple[Any, Any]:
        """The configuration class and the trainer class, TRL's or derived from TRL's."""

    def arguments(self, task: Task) -> dict[str, Any]:  # noqa: ARG002
        """Further arguments of the trainer's constructor."""
        return {}


def messages(sample: Sample) -> list[dict[str, str]]:
    """The conversation of a sample, as TRL's column ``prompt`` takes it."""
    return [message.model_dump() for message in sample.prompt]


def answer(sample: Sample, items: Sequence[Ref], reasons: bool = False) -> list[dict[str, str]]:
    """The completion that lists ``items``, after the sample's safety analysis where the model ``reasons``."""
    from safecrs.slates.template import answer_text

    return [{"role": "assistant", "content": answer_text(items, sample.reasoning if reasons else None)}]
