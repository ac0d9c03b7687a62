"""Systems under test: recommenders with structured labels, from which the names in tables are derived."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark.store import Benchmark
from safecrs.detection import Combined, Detector, RuleDetector, Told
from safecrs.endpoint import Answers, Endpoint
from safecrs.errors import SafecrsError
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.filtered import Unknown
from safecrs.recommenders.histories import Histories, history_rows
from safecrs.recommenders.language_models.checkpoint import LanguageModel
from safecrs.recommenders.manifest import (
    Manifest,
    build_recommender,
    installed_histories,
    language_model_ranker,
    read_manifest,
)
from safecrs.recommenders.rankers import RANKERS
from safecrs.recommenders.rankers.endpoint import EndpointRanker
from safecrs.recommenders.recommender import Decoding, Recommender
from safecrs.scoring.statistics import Frozen, cluster_of
from safecrs.storage import fingerprint
from safecrs.training.models.base import model_fingerprint

ConstraintsFrom = Literal["none", "told", "detected"]
"""Where a system's constraints come from: nowhere, the true ones are told, or it detects them itself."""
_DETECTORS: dict[str, Detector] = {"none": Combined(()), "told": Told(), "detected": RuleDetector()}

CLASSIC = ("Popularity", "BM25", "Neighbours")
"""Rankers that need no language model, as tables call them."""
SERVED = "As served"
"""The recommender that ``safecrs recommend`` serves by default."""


class Label(Frozen):
    """The identity of a system under test.

    Attributes:
        ranker: what ranks, as tables call it: a classic ranker, a trained model, an endpoint's model.
        decoding, constraints, unknown: how its recommender is configured.
    """

    ranker: str
    decoding: Decoding = "free"
    constraints: ConstraintsFrom = "none"
    unknown: Unknown = "allow"

    @property
    def protection(self) -> str:
        """What stands between the ranker and the user, as tables call it; empty for a ranker as it is."""
        generates = "catalog" if self.constraints == "none" else "constrained"
        parts = (
            {"free": "", "filtered": "filter", "constrained": generates}[self.decoding],
            "no unknowns" if self.unknown == "exclude" else "",
            "detected traits" if self.constraints == "detected" else "",
        )
        return ", ".join(filter(None, parts))

    @property
    def name(self) -> str:
        """The name of its row in tables."""
        served = self.ranker == SERVED or not self.protection
        return self.ranker if served else f"{self.ranker} + {self.protection}"


@dataclass(frozen=True, slots=True)
class System:
    """A recommender under test and its label; ``make`` is called only when its answers are not stored.

    Attributes:
        source: changes with the weights or the endpoint behind the ranker.
    """

    label: Label
    make: Callable[[], Recommender]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A trained language model under its name in the tables."""

    name: str
    folder: Path

    @property
    def manifest(self) -> Manifest:
        """What its folder says of it."""
        return read_manifest(self.folder)

    @property
    def source(self) -> str:
        """Changes with its weights, or whether it writes an analysis."""
        return f"{model_fingerprint(self.folder)} {self.manifest.reasons}"

    @classmethod
    def parse(cls, text: str) -> Model:
        """A model given as NAME=FOLDER."""
        name, equals, folder = text.partition("=")
        if not equals or not name.strip():
            raise SafecrsError(f"Give a model as NAME=FOLDER, not {text!r}.")
        read_manifest(Path(folder))
        return cls(name.strip(), Path(folder))


@dataclass(frozen=True, slots=True)
class Served:
    """A model behind an endpoint under its name in the tables; ``answers`` store what it wrote."""

    name: str
    endpoint: Endpoint
    answers: Answers | None = None

    @property
    def source(self) -> str:
        """Changes with the endpoint and its model."""
        return fingerprint(self.endpoint.base_url, self.endpoint.model)


class Registry:
    """Makes the systems of one benchmark; histories and language models are read once, when first needed."""

    def __init__(
        self, benchmark: Benchmark, models: Sequence[Model] = (), served: Sequence[Served] = ()
    ) -> None:
        self.benchmark, self.oracle = benchmark, benchmark.oracle
        self.named: dict[str, Model | Served | None] = dict.fromkeys((*CLASSIC, SERVED))
        given: list[Model | Served] = [*models, *served]
        for model in given:
            if model.name in self.named:
                raise SafecrsError(
                    f"Two systems would be called {model.name!r}; give each model a name of its own."
                )
            self.named[model.name] = model
        self._sources = {model.name: model.source for model in given}
        self._loaded: dict[str, LanguageModel] = {}

    @cached_property
    def histories(self) -> Histories:
        """What the training people liked, as catalog rows."""
        return history_rows(self.benchmark.histories, self.oracle.catalog)

    def system(
        self,
        ranker: str,
        decoding: Decoding = "free",
        constraints: ConstraintsFrom = "none",
        unknown: Unknown = "allow",
    ) -> System:
        """The system with that label."""
        label = Label(ranker=ranker, decoding=decoding, constraints=constraints, unknown=unknown)
        return System(label, partial(self._recommender, label), self._sources.get(ranker, ""))

    def as_served(self) -> System:
        """What ``safecrs recommend`` does by default, end to end, without the histories of test people."""
        manifest = Manifest(domain=self.oracle.catalog.domain)
        return System(
            Label(
                ranker=SERVED, decoding=manifest.decoding, constraints="detected", unknown=manifest.unknown
            ),
            lambda: build_recommender(
                manifest,
                oracle=self.oracle,
                histories=self.served_histories(installed_histories(self.oracle.catalog)),
            ),
        )

    def served_histories(self, liked: Mapping[str, NDArray[np.int32]]) -> Histories:
        """What the people of the installed ratings liked, without those of the test split."""
        people = {cluster_of(sample.id) for sample in self.benchmark.split("test")}
        return [rows for person, rows in liked.items() if f"movielens:{person}" not in people]

    def _recommender(self, label: Label) -> Recommender:
        return Recommender(
            self.oracle,
            self._ranker(label),
            _DETECTORS[label.constraints],
            decoding=label.decoding,
            unknown=label.unknown,
        )

    def _ranker(self, label: Label) -> Ranker:
        catalog, model = self.oracle.catalog, self.named[label.ranker]
        if model is None:
            return RANKERS[label.ranker.lower()](catalog, self.histories)
        if isinstance(model, Served):
            return EndpointRanker(model.endpoint, catalog, name=model.name, answers=model.answers)
        if model.name not in self._loaded:  # one at a time: they may be large
            self._loaded = {model.name: LanguageModel.load(model.folder)}
        manifest = model.manifest.model_copy(update={"decoding": label.decoding})
        return language_model_ranker(self._loaded[model.name], manifest, self.oracle, name=model.name)


def lineup(benchmark: Benchmark, models: Sequence[Model] = (), served: Sequence[Served] = ()) -> list[System]:
    """Every ranker as it is, with the oracle's filter, and, for language models, constrained.

    The classic rankers and the last model are also measured without items of unknown safety; neighbours and
    the last model also with detected sensitivities in place of the true ones. The last row is the
    recommender as it is served.
    """
    registry = Registry(benchmark, models, served)
    make = registry.system
    systems = [
        system
        for name in CLASSIC
        for system in (
            make(name),
            make(name, "filtered", "told"),
            make(name, "filtered", "told", "exclude"),
        )
    ]
    systems.append(make(CLASSIC[-1], "filtered", "detected"))
    for model in models:
        systems += [
            make(model.name),
            *([] if model.manifest.reasons else [make(model.name, "constrained")]),
            make(model.name, "filtered", "told"),
            make(model.name, "constrained", "told"),
        ]
    for model in models[-1:]:
        systems += [
            make(model.name, "constrained", "told", "exclude"),
            make(model.name, "constrained", "detected"),
        ]
    for endpoint in served:
        systems += [make(endpoint.name), make(endpoint.name, "filtered", "told")]
    return [*systems, registry.as_served()]


def adversarial_lineup(benchmark: Benchmark, models: Sequence[Model] = ()) -> list[System]:
    """BM25 as it is and filtered, by detected and by told traits; models constrained by detected ones."""
    registry = Registry(benchmark, models)
    return [
        registry.system("BM25"),
        registry.system("BM25", "filtered", "detected"),
        registry.system("BM25", "filtered", "told"),
        *(registry.system(model.name, "constrained", "detected") for model in models),
        registry.as_served(),
    ]
