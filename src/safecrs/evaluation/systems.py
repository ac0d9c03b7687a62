"""Which systems an experiment compares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safecrs.benchmark.store import Benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation import Measured, System
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.constrained import ConstrainedRanker
from safecrs.recommenders.filtered import FilteredRanker, Unknown
from safecrs.recommenders.histories import Histories, history_rows
from safecrs.recommenders.language_models.ranker import LanguageModelRanker
from safecrs.recommenders.rankers.bm25 import BM25Ranker
from safecrs.recommenders.rankers.neighbours import NeighboursRanker
from safecrs.recommenders.rankers.popularity import PopularityRanker
from safecrs.scoring.metrics import recall
from safecrs.slates.template import Reasoning
from safecrs.training.runs.manifest import read_manifest
from safecrs.training.stages import SAFE_GDPO_RUN, SAFE_SFT_RUN, SFT_RUN, STAGES, Models

if TYPE_CHECKING:
    from safecrs.recommenders.language_models.checkpoint import LanguageModel

SFT, SAFE_SFT, SAFE_GDPO = STAGES[SFT_RUN], STAGES[SAFE_SFT_RUN], STAGES[SAFE_GDPO_RUN]
CLASSIC = ("Popularity", "Retrieval", "Neighbours")
SFT_CATALOG = f"{SFT} + catalog"
UNSAFE = (*CLASSIC, SFT, SFT_CATALOG)
"""Recommenders that know nothing of safety."""
_AND = " + "
"""Between a model's name and what protects it, in the name of a system."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model: its name in the tables, its folder, and whether it writes a safety analysis first."""

    name: str
    folder: Path
    reasons: bool


def model_of(system: str) -> str:
    """The name of the model, or the classic policy, that a system is made of."""
    return system.partition(_AND)[0]


def check_names(names: Iterable[str]) -> None:
    """Make sure that systems can be told apart, and models by the names of their systems.

    Raises:
        SafecrsError: a name is given twice, or holds what only the name of a system may.
    """
    before: set[str] = set()
    for name in names:
        if _AND in name:
            raise SafecrsError(f"A model cannot be called {name!r}: leave out the {_AND.strip()!r}.")
        if name in before:
            raise SafecrsError(f"Two systems would be called {name!r}; give each model a name of its own.")
        before.add(name)


def trained(models: Models) -> list[Trained]:
    """The models of an experiment."""
    return [
        of_run(SFT, models.sft),
        of_run(SAFE_SFT, models.safe_sft),
        of_run(SAFE_GDPO, models.safe_gdpo),
    ]


def of_run(name: str, model: Path) -> Trained:
    """A run's model; the run's record tells whether it writes a safety analysis.

    Raises:
        SafecrsError: the folder holds no run's model.
    """
    return Trained(name, model, reasons=read_manifest(model.parent).reasons)


def named_model(text: str) -> Trained:
    """A run's model given as NAME=FOLDER.

    Raises:
        SafecrsError: the text has another form, the name is none for a model, or the folder holds no run's
            model.
    """
    name, equals, folder = text.partition("=")
    if not equals or not name.strip():
        raise SafecrsError(f"Give a model as NAME=FOLDER, not {text!r}.")
    check_names([name.strip()])
    return of_run(name.strip(), Path(folder))


def lineup(benchmark: Benchmark, models: Sequence[Trained]) -> list[System]:
    """Every policy as it is, with the oracle's filter, and, for language models, constrained.

    The classic policies and the last model are also measured without items of unknown safety; neighbours
    and the last model with the sensitivities that were detected in the conversation in place of the true
    ones.

    Raises:
        SafecrsError: two models have one name, one that is taken, or one that is none for a model.
    """
    check_names([*CLASSIC, *(model.name for model in models)])
    make = Makers(benchmark, models)
    told: dict[str, Any] = {"constraints": "benchmark", "excludes": True}
    found: dict[str, Any] = {"constraints": "detected", "excludes": True}
    systems: list[System] = []
    for name in CLASSIC:
        systems += [
            System(name, partial(make.plain, name)),
            System(f"{name} + filter", partial(make.filtered, name), **told),
            System(
                f"{name} + filter, no unknowns",
                partial(make.filtered, name, "exclude"),
                **told,
                unknown=True,
            ),
        ]
    systems.append(
        System(f"{CLASSIC[-1]} + filter, detected traits", partial(make.filtered, CLASSIC[-1]), **found)
    )
    for model in models:
        systems.append(System(model.name, partial(make.plain, model.name)))
        if not model.reasons:
            # Told of no sensitivity, the constraint leaves nothing but titles of the catalog, each once.
            systems.append(System(f"{model.name} + catalog", partial(make.constrained, model.name)))
        systems += [
            System(f"{model.name} + filter", partial(make.filtered, model.name), **told),
            System(f"{model.name} + constrained", partial(make.constrained, model.name), **told),
        ]
    if models:
        last = models[-1].name
        no_unknowns = partial(make.constrained, last, "exclude")
        systems += [
            System(f"{last} + constrained, no unknowns", no_unknowns, **told, unknown=True),
            System(f"{last} + constrained, detected traits", partial(make.constrained, last), **found),
        ]
    return systems


class Makers:
    """Makes policies when they are asked for; models and tastes are read once."""

    def __init__(self, benchmark: Benchmark, models: Sequence[Trained]) -> None:
        self.oracle, self.catalog, self.benchmark = benchmark.oracle, benchmark.oracle.catalog, benchmark
        self.models = {model.name: model for model in models}
        self.loaded: dict[str, LanguageModel] = {}

    @cached_property
    def tastes(self) -> Histories:
        """What the training people liked."""
        return history_rows(self.benchmark.histories, self.catalog)

    def plain(self, name: str) -> Ranker:
        """A classic policy, or a model decoded freely."""
        if name == "Popularity":
            return PopularityRanker(self.catalog, self.tastes)
        if name == "Retrieval":
            return BM25Ranker(self.catalog, self.tastes)
        if name == "Neighbours":
            return NeighboursRanker(self.catalog, self.tastes)
        return self.written(name, "generate" if self.models[name].reasons else "none")

    def written(self, name: str, reasoning: Reasoning) -> LanguageModelRanker:
        """A model decoded freely, its safety analysis coming from where ``reasoning`` says."""
        if name not in self.loaded:
            from safecrs.recommenders.language_models.checkpoint import LanguageModel

            self.loaded = {
                name: LanguageModel.load(self.models[name].folder)
            }  # one at a time: they may be large
        return LanguageModelRanker(
            self.loaded[name],
            self.catalog,
            name=name,
            reasoning=reasoning,
            taxonomy=self.oracle.taxonomy,
        )

    def filtered(self, name: str, unknown: Unknown = "allow") -> Ranker:
        """A policy without what the oracle forbids."""
        return FilteredRanker(self.plain(name), self.oracle, unknown)

    def constrained(self, name: str, unknown: Unknown = "allow") -> Ranker:
        """A model that can write nothing else than what the oracle allows."""
        inner = self.written(name, "given" if self.models[name].reasons else "none")
        return ConstrainedRanker(inner, self.oracle, unknown)


def comparisons(measured: Sequence[Measured]) -> list[tuple[str, str]]:
    """The pairs worth testing; the strongest unsafe recommender is the one with the best recall here."""
    strongest = max(
        (m for m in measured if m.system.name in UNSAFE), key=lambda m: recall.value(m.judged)
    ).system.name
    protected = f"{SFT} + constrained" if strongest == SFT_CATALOG else f"{strongest} + filter"
    pairs = [
        (protected, strongest),
        (f"{SFT} + constrained", strongest),
        (f"{SAFE_SFT} + constrained", strongest),
        (f"{SAFE_GDPO} + constrained", strongest),
        (SAFE_GDPO, strongest),
        (SAFE_SFT, SFT),
        (SAFE_GDPO, SAFE_SFT),
        (f"{SAFE_GDPO} + constrained", f"{SAFE_SFT} + constrained"),
        ("Neighbours + filter, detected traits", strongest),
        (f"{SAFE_GDPO} + constrained, detected traits", strongest),
    ]
    return list(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))
