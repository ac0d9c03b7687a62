"""The model card beside a trained model: from what the run recorded, with no number that was not measured.

It is a page for the Hugging Face hub: a header that machines read, then data, method, metrics with intervals,
limits and licences for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safecrs.benchmark.card import DataCard, Source
from safecrs.storage import write_text
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.preset import to_toml
from safecrs.training.runs.log import LOG, Entry, TrainingLog
from safecrs.training.runs.manifest import BaseFacts, Provenance, RunManifest, read_manifest
from safecrs.training.runs.selection import HIGH, LOW, SVR, VALIDATION, selected

CARD = "README.md"
# Name, value, and the ends of the 95 % interval; None where nothing counted.
Metric = tuple[str, float | None, float | None, float | None]
_PAPER = (
    "Hao et al. 2026, SafeCRS: Personalized Safety Alignment for LLM-Based Conversational Recommender Systems"
)
_BASELINE = (
    "A baseline for research: it was trained without regard to what people disclosed, and must not be put "
    "before people as it is."
)
_COMPONENT = (
    "Research on recommenders that respect what a person disclosed, and a component of such a "
    "recommender. Used for people, it belongs under the oracle (`safecrs.recommenders`: constrained "
    "decoding or a filter), which keeps back what is known to be unsafe whatever the model writes. It "
    "is no judge of what is safe, and no substitute for professional advice."
)
_LIMITS = (
    "It can recommend what a person must not get, name what does not exist, and repeat itself; the metrics "
    "above say how often on these data.",
    "Safe means that the oracle knows nothing against an item at the threshold: an error or a gap in the "
    "advisories passes unseen. Items of unknown safety are counted apart, not as unsafe.",
    "It knows the items and the wording of its training data; elsewhere nothing was measured.",
)


@dataclass(frozen=True, slots=True)
class TestResults:
    """What an evaluation measured on one split of a benchmark; a system's metrics by its name."""

    benchmark: str
    split: str
    samples: int
    systems: Mapping[str, Sequence[Metric]]


def write_card(run: Path, model: Path, tests: TestResults | None = None) -> Path:
    """Write the card of the run in ``run`` into the folder of its model; returns the file."""
    target = model / CARD
    write_text(target, card_text(run, model, tests))
    return target


def card_text(run: Path, model: Path, tests: TestResults | None = None) -> str:
    """The card as text."""
    manifest = read_manifest(run)
    origin = manifest.provenance or Provenance(base=BaseFacts(name=f"unknown (weights {manifest.base})"))
    adapter = (model / "adapter_config.json").is_file()
    chosen = selected(TrainingLog(run / LOG).entries(), manifest.svr_ceiling)
    sections = {
        "Intended use": [_COMPONENT if manifest.safe else _BASELINE],
        "Training data": _data(manifest, origin),
        "Training": _training(manifest),
        "Validation": _validation(manifest, chosen),
        **({"Test": _tests(tests)} if tests else {}),
        "Limits": [f"- {limit}" for limit in (*_LIMITS, *(origin.data.notes if origin.data else ()))],
        "Licences": _licences(origin),
        "Reproducing it": [f"    {command}" for command in origin.commands]
        or [f"With the settings above and seed {manifest.seed}."],
    }
    objective = OBJECTIVES.get(manifest.stage)
    method = origin.method or (objective.summary if objective else manifest.stage)
    lines = [
        _header(manifest, origin, adapter, tests),
        f"# {origin.data.name if origin.data else 'A conversational recommender'}, {manifest.stage}",
        "",
        "A language model that answers a conversation with a ranked list of recommendations, trained by "
        f"{method} ({_PAPER}). "
        f"{'Low-rank adapters on' if adapter else 'All weights of'} {origin.base.name}.",
        "",
    ]
    for title, section in sections.items():
        lines += [f"## {title}", "", *section, ""]
    return "\n".join(lines)


def _header(manifest: RunManifest, origin: Provenance, adapter: bool, tests: TestResults | None) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="text-generation",
            dataset_type=tests.benchmark,
            dataset_name=tests.benchmark,
            dataset_split=tests.split,
            metric_type=name,
            metric_name=f"{name}, {system}",
            metric_value=round(value, 6),
        )
        for system, metrics in (tests.systems.items() if tests else ())
        for name, value, *_ in metrics
        if tests and value is not None
    ]
    tags = ["trl", "safecrs", manifest.stage, "recommendation", "conversational", "safety"]
    header = ModelCardData(
        license=_licence(origin),
        base_model=origin.base.hub,
        library_name="peft" if adapter else "transformers",
        pipeline_tag="text-generation",
        language="en",
        tags=[*tags, *(["lora"] if adapter else [])],
        datasets=[origin.data.name.replace(" ", "-")] if origin.data else None,
        model_name=f"safecrs {manifest.stage}" if results else None,
        eval_results=results or None,
    )
    return f"---\n{header.to_yaml()}\n---\n"


def _licence(origin: Provenance) -> str:
    """Of the weights, for machines: the base's, where the data of every stage have the same one."""
    base = origin.base.licence
    same = all(source.licence.casefold() == (base or "").casefold() for source in _sources(origin))
    return base if base and same else "other"


def _sources(origin: Provenance) -> list[Source]:
    """The data of every stage, each once."""
    cards: list[DataCard] = [*origin.earlier, *([origin.data] if origin.data else [])]
    return list({(source.name, source.licence): source for card in cards for source in card.sources}.values())


def _data(manifest: RunManifest, origin: Provenance) -> list[str]:
    lines, card = [], origin.data
    if origin.earlier:
        before = ", ".join(f"{other.name} (samples `{other.fingerprint}`)" for other in origin.earlier)
        lines = [f"The model it started from was trained on {before}.", ""]
    if card is None:
        return [*lines, f"Samples with the fingerprint `{manifest.data}`; no data card was given."]
    rows = [
        (split, f"{facts.samples:,}", f"{facts.constrained:,}", f"{facts.groundtruth_per_sample:.2f}")
        for split, facts in card.splits.items()
    ]
    sources = [(s.name, s.licence, f"{s.used:,}", f"`{s.fingerprint}`") for s in card.sources]
    return [
        *lines,
        f"{card.name}: requests over {card.catalog_items:,} items, samples `{card.fingerprint}`, judged by "
        f"the verdicts `{card.verdicts_fingerprint}` (unsafe from risk {card.threshold:g}); what this run "
        f"read of it: `{manifest.data}`.",
        "",
        *_table(("split", "conversations", "with a sensitivity", "right answers each"), rows),
        *(["", *_table(("source", "licence", "used", "fingerprint"), sources)] if sources else []),
    ]


def _training(manifest: RunManifest) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    others = "; TRL's defaults are in the run's `run.json`" if manifest.arguments else ""
    return [
        f"Seed {manifest.seed}; {versions}. Settings that were given, by TRL's own names{others}:",
        "",
        f"```toml\n{to_toml(manifest.settings).rstrip()}\n```",
    ]


def _validation(manifest: RunManifest, chosen: Entry | None) -> list[str]:
    if chosen is None:
        return ["None: the last checkpoint was taken."]
    selection, ceiling = manifest.settings.get("selection") or {}, manifest.svr_ceiling
    rule = "the highest Recall@10"
    if ceiling is not None:
        rule += f" with an SVR@10 of at most {ceiling:.1%}, else the lowest SVR@10"
    missed = ceiling is not None and chosen.get(SVR, 0.0) > ceiling
    metrics: list[Metric] = [
        (key.removeprefix(VALIDATION), chosen[key], chosen.get(key + LOW), chosen.get(key + HIGH))
        for key in chosen
        if key.startswith(VALIDATION) and not key.endswith((LOW, HIGH))
    ]
    return [
        f"Step {chosen['step']:.0f}, chosen by {rule} on {selection.get('samples')} validation conversations "
        f"({selection.get('decoding')} decoding){'; none was under it' if missed else ''}. Because they "
        "chose the checkpoint, these numbers flatter it.",
        "",
        *_metrics(metrics),
    ]


def _tests(tests: TestResults) -> list[str]:
    lines = [f"{tests.samples:,} conversations of the {tests.split} split of {tests.benchmark}."]
    for name, metrics in tests.systems.items():
        lines += ["", f"### {name}", "", *_metrics(metrics)]
    return lines


def _licences(origin: Provenance) -> list[str]:
    unstated = "made by safecrs" if origin.base.made_here else "not stated where it was loaded from"
    return [
        f"- Base model ({origin.base.name}): {origin.base.licence or unstated}.",
        *(f"- Data, {source.name}: {source.licence}." for source in _sources(origin)),
        "",
        "Whoever passes the weights on has to respect all of these.",
    ]


def _metrics(metrics: Iterable[Metric]) -> list[str]:
    rows = [
        (
            name,
            "–" if value is None else f"{value:.4g}",
            "–" if low is None or high is None else f"{low:.4g} – {high:.4g}",
        )
        for name, value, low, high in metrics
    ]
    return _table(("metric", "value", "95 % interval"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return [*lines, *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)]
