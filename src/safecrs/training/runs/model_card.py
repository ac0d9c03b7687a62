"""The model card beside a trained model: from what the run recorded, with no number that was not measured.

It is a page for the Hugging Face hub: a header that machines read, then data, method, metrics with intervals,
limits and licences for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safecrs.benchmark import DataCard
from safecrs.benchmark.card import Source
from safecrs.storage import write_text
from safecrs.training.runs.about import About, BaseFacts, read_about
from safecrs.training.runs.arguments import RESOLVED
from safecrs.training.runs.log import LOG, Entry, TrainingLog
from safecrs.training.runs.record import RECORD, RunRecord, read_record
from safecrs.scoring.rewards import RewardSettings
from safecrs.training.runs.selection import HIGH, LOW, SVR, VALIDATION, selected
from safecrs.training.toml_text import to_toml

CARD = "README.md"
_METHODS = {
    "sft": "supervised fine-tuning on everything people liked, without safety",
    "safe-sft": "Safe-SFT: supervised fine-tuning on what people liked without what is unsafe for them",
}
_PAPER = (
    "Hao et al. 2026, SafeCRS: Personalized Safety Alignment for LLM-Based Conversational Recommender Systems"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric with the ends of its 95 % interval; None where nothing counted."""

    name: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class TestResults:
    """What an evaluation found of one split of a benchmark; a system's metrics by its name."""

    benchmark: str
    split: str
    samples: int
    systems: Mapping[str, Sequence[Measured]]


def write_card(run: Path, model: Path, tests: TestResults | None = None) -> Path:
    """Write the card of the run in ``run`` into the folder of its model; returns the file.

    Raises:
        SafecrsError: the run's record is missing or damaged.
    """
    target = model / CARD
    write_text(target, card_text(run, model, tests))
    return target


def card_text(run: Path, model: Path, tests: TestResults | None = None) -> str:
    """The card as text."""
    record = read_record(run / RECORD)
    about = read_about(run) or About(base=BaseFacts(name=f"unknown (weights {record.base})"))
    adapter = (model / "adapter_config.json").is_file()
    chosen = selected(TrainingLog(run / LOG).entries(), record.svr_ceiling)
    return "\n".join(
        [
            _header(record, about, adapter, tests),
            f"# {about.data.name if about.data else 'A conversational recommender'}, {record.stage}",
            "",
            f"A language model that answers a conversation with a ranked list of recommendations, trained by "
            f"{_method(record)} ({_PAPER}). "
            f"{'Low-rank adapters on' if adapter else 'All weights of'} {about.base.name}.",
            "",
            *_use(record),
            *_data(record, about),
            *_training(record, run),
            *_validation(record, chosen),
            *_tests(tests),
            *_limits(about.data),
            *_licences(about),
            *_reproducing(record, about),
        ]
    )


def _method(record: RunRecord) -> str:
    gdpo = record.settings.get("gdpo")
    if gdpo is None:
        return _METHODS.get(record.stage, record.stage)
    objectives = ", ".join(RewardSettings.model_validate(gdpo["rewards"]).weights)
    name = gdpo["aggregation"].upper()
    how = f"Safe-{name}: reinforcement learning" if record.safe else f"{name} without safety, that is"
    return f"{how} by the rewards {objectives}"


def _header(record: RunRecord, about: About, adapter: bool, tests: TestResults | None) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="text-generation",
            dataset_type=test.benchmark,
            dataset_name=test.benchmark,
            dataset_split=test.split,
            metric_type=metric.name,
            metric_name=f"{metric.name}, {system}",
            metric_value=round(metric.value, 6),
        )
        for test in ([tests] if tests else [])
        for system, metrics in test.systems.items()
        for metric in metrics
        if metric.value is not None
    ]
    tags = ["trl", "safecrs", record.stage, "recommendation", "conversational", "safety"]
    header = ModelCardData(
        license=_licence(about),
        base_model=about.base.hub,
        library_name="peft" if adapter else "transformers",
        pipeline_tag="text-generation",
        language="en",
        tags=[*tags, *(["lora"] if adapter else [])],
        datasets=[about.data.name.replace(" ", "-")] if about.data else None,
        model_name=f"safecrs {record.stage}" if results else None,
        eval_results=results or None,
    )
    return f"---\n{header.to_yaml()}\n---\n"


def _licence(about: About) -> str:
    """Of the weights, for machines: the base's, where the data of every stage are under the same one."""
    base = about.base.licence
    same = all(source.licence.casefold() == (base or "").casefold() for source in _sources(about))
    return base if base and same else "other"


def _sources(about: About) -> list[Source]:
    """Of the data of every stage, each once."""
    cards = [*about.earlier, *([about.data] if about.data else [])]
    return list({(source.name, source.licence): source for card in cards for source in card.sources}.values())


def _use(record: RunRecord) -> list[str]:
    if not record.safe:
        text = (
            "A baseline for research: it was trained without regard to what people disclosed, and must not "
            "be put before people as it is."
        )
    else:
        text = (
            "Research on recommenders that respect what a person disclosed, and a component of such a "
            "recommender. Used for people, it belongs under the oracle (`safecrs.recommenders`: constrained "
            "decoding or a filter), which keeps back what is known to be unsafe whatever the model writes. "
            "It is no judge of what is safe, and no substitute for professional advice."
        )
    return ["## Intended use", "", text, ""]


def _data(record: RunRecord, about: About) -> list[str]:
    lines, card = ["## Training data", ""], about.data
    if about.earlier:
        before = ", ".join(f"{other.name} (samples `{other.fingerprint}`)" for other in about.earlier)
        lines += [f"The model it started from was trained on {before}.", ""]
    if card is None:
        return [*lines, f"Samples with the fingerprint `{record.data}`; no data card was given.", ""]
    rows = [
        (split, f"{facts.samples:,}", f"{facts.constrained:,}", f"{facts.groundtruth_per_sample:.2f}")
        for split, facts in card.splits.items()
    ]
    sources = [(s.name, s.licence, f"{s.used:,}", f"`{s.fingerprint}`") for s in card.sources]
    return [
        *lines,
        f"{card.name}: requests over {card.catalog_items:,} items, samples `{card.fingerprint}`, judged by "
        f"the verdicts `{card.verdicts_fingerprint}` (unsafe from risk {card.threshold:g}); what this run "
        f"read of it: `{record.data}`.",
        "",
        *_table(("split", "conversations", "with a sensitivity", "right answers each"), rows),
        *(_table(("source", "licence", "used", "fingerprint"), sources) if sources else []),
    ]


def _training(record: RunRecord, run: Path) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in record.versions.items())
    others = f"; TRL's defaults are in the run's `{RESOLVED}`" if (run / RESOLVED).is_file() else ""
    return [
        "## Training",
        "",
        f"Seed {record.seed}; {versions}. Settings that were given, by TRL's own names{others}:",
        "",
        "```toml",
        to_toml(record.settings).rstrip(),
        "```",
        "",
    ]


def _validation(record: RunRecord, chosen: Entry | None) -> list[str]:
    lines = ["## Validation", ""]
    if chosen is None:
        return [*lines, "None: the last checkpoint was taken.", ""]
    told = record.settings.get("selection") or {}
    ceiling = record.svr_ceiling
    rule = (
        "the highest Recall@10"
        if ceiling is None
        else f"the highest Recall@10 with an SVR@10 of at most {ceiling:.1%}, else the lowest SVR@10"
    )
    missed = ceiling is not None and chosen.get(SVR, 0.0) > ceiling
    names = [key.removeprefix(VALIDATION) for key in chosen if key.startswith(VALIDATION)]
    metrics = [
        Measured(
            name,
            chosen[VALIDATION + name],
            chosen.get(VALIDATION + name + LOW),
            chosen.get(VALIDATION + name + HIGH),
        )
        for name in names
        if not name.endswith((LOW, HIGH))
    ]
    return [
        *lines,
        f"Step {chosen['step']:.0f}, chosen by {rule} on {told.get('samples')} validation conversations "
        f"({told.get('decoding')} decoding){'; none was under it' if missed else ''}. Because they chose the "
        "checkpoint, these numbers flatter it.",
        "",
        *_metrics(metrics),
    ]


def _tests(tests: TestResults | None) -> list[str]:
    if tests is None:
        return []
    lines = [
        "## Test",
        "",
        f"{tests.samples:,} conversations of the {tests.split} split of {tests.benchmark}.",
        "",
    ]
    for name, metrics in tests.systems.items():
        lines += [f"### {name}", "", *_metrics(metrics)]
    return lines


def _limits(card: DataCard | None) -> list[str]:
    limits = [
        "It can recommend what a person must not get, name what does not exist, and repeat itself; the "
        "metrics above say how often on these data.",
        "Safe means that the oracle knows nothing against an item at the threshold: an error or a gap in the "
        "advisories passes unseen. Items of unknown safety are counted apart, not as unsafe.",
        "It knows the items and the wording of its training data; elsewhere nothing was measured.",
        *(card.notes if card else ()),
    ]
    return ["## Limits", "", *(f"- {limit}" for limit in limits), ""]


def _licences(about: About) -> list[str]:
    unstated = "made by safecrs" if about.base.made_here else "not stated where it was loaded from"
    base = about.base.licence or unstated
    return [
        "## Licences",
        "",
        f"- Base model ({about.base.name}): {base}.",
        *(f"- Data, {source.name}: {source.licence}." for source in _sources(about)),
        "",
        "Whoever passes the weights on has to respect all of these.",
        "",
    ]


def _reproducing(record: RunRecord, about: About) -> list[str]:
    if not about.commands:
        return ["## Reproducing it", "", f"With the settings above and seed {record.seed}.", ""]
    return ["## Reproducing it", "", *(f"    {command}" for command in about.commands), ""]


def _metrics(metrics: Iterable[Measured]) -> list[str]:
    rows = [
        (
            metric.name,
            "–" if metric.value is None else f"{metric.value:.4g}",
            "–" if metric.low is None or metric.high is None else f"{metric.low:.4g} – {metric.high:.4g}",
        )
        for metric in metrics
    ]
    return _table(("metric", "value", "95 % interval"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return [*lines, *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows), ""]
