"""Ways to train compared: the same start, the same steps and seeds, one difference each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from safecrs.benchmark import Sample
from safecrs.benchmark.store import Benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation.results import Evaluation
from safecrs.evaluation.run import Measured, best_recall, evaluate, measure_systems, slug
from safecrs.evaluation.systems import CLASSIC, Model, Registry, System
from safecrs.progress import Report, quiet
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.scored import ScoredSlates
from safecrs.scoring.statistics import cluster_of
from safecrs.storage import write_json
from safecrs.studies.experiment import SAFE_SFT, SFT, fine_tune
from safecrs.training.preset import Preset, make_preset
from safecrs.training.train import train


@dataclass(frozen=True, slots=True)
class Ablation:
    """One way to train.

    Attributes:
        name: its row in the tables.
        run: its folder.
        what: what is different, in a few words.
        objective: a key of `OBJECTIVES`.
        changes: to the preset, tables merged.
        start: the model that it starts from.
    """

    name: str
    run: str
    what: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    objective: str = "safe-gdpo"
    start: Literal["sft", "safe-sft"] = "safe-sft"

    def of(self, preset: Preset) -> Preset:
        """The preset with this ablation's changes."""
        return make_preset(_merged(preset.model_dump(), self.changes))


def _merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **table,
        **{
            key: _merged(table[key], value) if isinstance(value, Mapping) else value
            for key, value in changes.items()
        },
    }


def _gdpo(aggregation: str = "gdpo", credit: str = "rank", **more: Any) -> dict[str, Any]:
    return {"gdpo": {"aggregation": aggregation, "credit": credit, **more}}


NO_SAFETY = "Rank-GRPO, no safety"
ABLATIONS = (
    Ablation(
        NO_SAFETY,
        "rank-grpo-unsafe",
        "from SFT, the safety reward left out, objectives summed before they are normalised",
        # Nor the format reward, which asks for a safety analysis.
        _gdpo("grpo", rewards={"safety": 0.0, "format": 0.0}),
        start="sft",
    ),
    Ablation("DPO", "dpo", "safe lists preferred to unfiltered ones, from Safe-SFT", objective="dpo"),
    Ablation("Safe-GDPO", "safe-gdpo-rank", "credit per rank", _gdpo()),
    Ablation("Safe-GDPO, sequence", "safe-gdpo-sequence", "one advantage a list", _gdpo(credit="sequence")),
    Ablation(
        "Safe-GDPO, no count",
        "safe-gdpo-no-count",
        "the count reward left out",
        _gdpo(rewards={"count": 0.0}),
    ),
    Ablation("Safe-GRPO", "safe-grpo-rank", "objectives summed before they are normalised", _gdpo("grpo")),
    Ablation(
        "Safe-GDPO, constrained rollouts",
        "safe-gdpo-constrained",
        "rollouts under the oracle's mask, as when served constrained",
        # Checkpoints are compared in the decoding that it trains for.
        _gdpo(rollouts="constrained") | {"selection": {"decoding": "constrained"}},
    ),
    Ablation(
        "Safety reward alone",
        "safety-alone",
        "what reward hacking looks like: an empty list violates nothing",
        # The last checkpoint: the best one in validation would hide the hacking.
        _gdpo(rewards=dict.fromkeys(("relevance", "count", "validity", "format"), 0.0))
        | {"selection": {"samples": 0}},
    ),
)
"""The paper's questions one by one, each a difference from Safe-GDPO with credit per rank, and plain DPO."""


class Spread(BaseModel, frozen=True, extra="forbid"):
    """A system's metrics by seed: metric id → one value a seed."""

    system: str
    by_seed: dict[str, list[float]]

    def deviation(self, metric: str) -> float | None:
        """Standard deviation over the seeds; None for a single one."""
        values = self.by_seed[metric]
        return float(np.std(values, ddof=1)) if len(values) > 1 else None


class AblationResult(BaseModel, frozen=True, extra="forbid"):
    """What the comparison measured.

    Attributes:
        seeds: every model was trained once with each; the benchmark is the same for all.
        evaluation: over the conversations of all seeds together. The people are the clusters of its
            intervals, with all their seeds, so that more seeds do not count as more people.
        spread: the same by seed.
    """

    seeds: list[int]
    evaluation: Evaluation
    spread: list[Spread]


def compare_ablations(
    benchmark: Benchmark,
    preset: Preset,
    folder: Path,
    *,
    test: Benchmark | None = None,
    seeds: Sequence[int] = (0,),
    ablations: Sequence[Ablation] = ABLATIONS,
    limit: int | None = None,
    command: str | None = None,
    report: Report = quiet,
) -> AblationResult:
    """Train each ablation from the same two models with each seed, and measure all on the test split.

    Finished runs are not repeated. Writes ``ablations.json`` into ``folder``, or ``ablations-NAME.json`` for
    the benchmark ``test``.

    Args:
        test: a benchmark to measure on instead of the one that is trained on.
        limit: only so many test conversations, the first ones.

    Raises:
        SafecrsError: there is no seed, ``folder`` holds runs on other data or with other settings, or people
            of the ``test`` are among those trained on.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise SafecrsError("Give at least one seed, and each once.")
    tested = test or benchmark
    _check_apart(benchmark, tested)
    samples = tested.split("test")[:limit]
    suffix = f"-{slug(tested.card.name)}" if test else ""
    by_seed: list[list[Measured]] = []
    for seed in seeds:
        home = folder / f"seed-{seed}"
        models = _train(benchmark, preset, home, ablations, report, seed, command)
        store = home / f"slates{suffix}"
        by_seed.append(measure_systems(tested, _systems(tested, models), samples, store=store, report=report))
    pooled = [_pool([measured[position] for measured in by_seed]) for position in range(len(by_seed[0]))]
    found = evaluate(
        pooled,
        list(samples) * len(seeds),
        tested,
        split="test",
        comparisons=_pairs(pooled, [ablation.name for ablation in ablations]),
    )
    result = AblationResult(
        seeds=list(seeds), evaluation=_once(found, samples, len(seeds)), spread=_spread(by_seed)
    )
    write_json(folder / f"ablations{suffix}.json", result.model_dump(mode="json"))
    return result


def _check_apart(benchmark: Benchmark, tested: Benchmark) -> None:
    people = {cluster_of(sample.id) for sample in benchmark.split("train")}
    shared = sum(cluster_of(sample.id) in people for sample in tested.split("test"))
    if shared:
        raise SafecrsError(
            f"{shared} test conversations of {tested.card.name} are of people whom the models are "
            f"trained on in {benchmark.card.name}; build both with the same seed."
        )


def _train(
    benchmark: Benchmark,
    preset: Preset,
    home: Path,
    ablations: Iterable[Ablation],
    report: Report,
    seed: int,
    command: str | None,
) -> list[Model]:
    sft, safe_sft = fine_tune(benchmark, preset, home, report, seed, command)
    models = [Model(SFT, sft), Model(SAFE_SFT, safe_sft)]
    for one in ablations:
        start, run = sft if one.start == "sft" else safe_sft, home / one.run
        told: dict[str, Any] = {"name": one.name, "command": command, "report": report}
        trained = train(one.objective, benchmark, one.of(preset), start, run, seed, **told)
        models.append(Model(one.name, trained))
    return models


def _systems(benchmark: Benchmark, models: Sequence[Model]) -> list[System]:
    """The classic policies, and every model decoded freely and constrained; that without safety both ways."""
    make = Registry(benchmark, models).system
    systems = [*map(make, CLASSIC), make(CLASSIC[-1], "filtered", "told")]
    for model in models:
        systems.append(make(model.name))
        if model.name == SFT:
            systems.append(make(model.name, "constrained"))  # any title of the catalog, each once
        systems.append(make(model.name, "constrained", "told"))
    return systems


def _pool(measured: Sequence[Measured]) -> Measured:
    columns = ([getattr(one.scored, column.name) for one in measured] for column in fields(ScoredSlates))
    return Measured(
        measured[0].label,
        [slate for one in measured for slate in one.slates],
        ScoredSlates(*map(np.concatenate, columns)),
        np.concatenate([one.excluded for one in measured]),
        sum(one.seconds for one in measured),
    )


def _pairs(measured: Sequence[Measured], names: Sequence[str]) -> list[tuple[str, str]]:
    """Each model against the strongest that knows no safety, and each ablation against its neighbours."""
    unsafe = (*CLASSIC, SFT, f"{SFT} + catalog", NO_SAFETY)
    strongest = best_recall(measured, unsafe)
    models = [SAFE_SFT, *(name for name in names if name != NO_SAFETY)]
    pairs = [(name, strongest) for name in models]
    pairs += [(f"{name} + constrained", strongest) for name in (SFT, *models)]
    pairs += [(name, SAFE_SFT) for name in models]
    main = next((name for name in names if name != NO_SAFETY), SAFE_SFT)
    pairs += [(main, name) for name in models]
    return list(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))


def _once(found: Evaluation, samples: Sequence[Sample], seeds: int) -> Evaluation:
    """Conversations counted once each, however many seeds answered them."""
    return found.model_copy(
        update={
            "samples": len(samples),
            "constrained": sum(bool(sample.constraints) for sample in samples),
            "trait_samples": {trait: count // seeds for trait, count in found.trait_samples.items()},
        }
    )


def _spread(by_seed: Sequence[Sequence[Measured]]) -> list[Spread]:
    return [
        Spread(
            system=same[0].label.name,
            by_seed={metric.id: [metric.value(one.scored) for one in same] for metric in METRICS},
        )
        for same in zip(*by_seed, strict=True)
    ]
