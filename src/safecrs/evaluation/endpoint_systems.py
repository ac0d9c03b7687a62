"""Language models behind endpoints, beside those that were trained here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from safecrs.benchmark.store import Benchmark
from safecrs.endpoint import Answers, Endpoint
from safecrs.evaluation import System
from safecrs.evaluation.systems import check_names, model_of
from safecrs.recommenders.filtered import FilteredRanker
from safecrs.recommenders.rankers.endpoint import EndpointRanker
from safecrs.storage import fingerprint


@dataclass(frozen=True, slots=True)
class Served:
    """A served model under its name in the tables; ``answers`` keep what it wrote, so that work goes on."""

    name: str
    endpoint: Endpoint
    answers: Answers | None = None

    @property
    def fingerprint(self) -> str:
        """Changes with where the model is served and what it is called there."""
        return fingerprint(self.endpoint.base_url, self.endpoint.model)


def served_systems(benchmark: Benchmark, served: Sequence[Served], taken: Collection[str]) -> list[System]:
    """Each served model as it is and, told the true sensitivities, with the oracle's filter.

    Args:
        taken: the names of the other systems.

    Raises:
        SafecrsError: a model's name is taken, or none for a model.
    """
    check_names([*dict.fromkeys(map(model_of, taken)), *(model.name for model in served)])
    systems: list[System] = []
    for model in served:
        plain = partial(
            EndpointRanker, model.endpoint, benchmark.oracle.catalog, name=model.name, answers=model.answers
        )
        systems += [
            System(model.name, plain),
            System(
                f"{model.name} + filter",
                partial(_filtered, plain, benchmark),
                constraints="benchmark",
                excludes=True,
            ),
        ]
    return systems


def _filtered(plain: partial[EndpointRanker], benchmark: Benchmark) -> FilteredRanker:
    return FilteredRanker(plain(), benchmark.oracle)
