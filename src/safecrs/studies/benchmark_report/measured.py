"""The chapters of the report on what benchmarks rest on: parsing MPAA reasons, finding traits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from safecrs.detection.labelled import Split as Turns
from safecrs.evaluation.report.document import Block, Figure, Part, Section, Table, Words
from safecrs.studies.benchmark_report import figures
from safecrs.studies.benchmark_report.facts import BenchmarkFacts
from safecrs.studies.benchmark_report.inference import InferenceFacts, KindFacts
from safecrs.studies.benchmark_report.parser import ParserFacts, ParserPart
from safecrs.studies.benchmark_report.shares import PrecisionRecall

_PARSER = "Parsing MPAA reasons"
_TURNS: dict[Turns, tuple[str, str]] = {
    "held_out": ("Held-out turns", "Written before the rules and held out; by the author of the rules."),
    "fresh": (
        "Fresh turns",
        "Written in one go before half of the rules, by their author, who remembered them: they flatter.",
    ),
    "later": (
        "Later turns",
        "Written by the same author when the rules were finished, oblique on purpose: they are severe.",
    ),
}


def parser_chapter(parser: ParserFacts | None) -> Part:
    """How well reasons are read; without ``parser`` what measuring takes."""
    if parser is None:
        text = (
            "Not measured here: the labels ship with safecrs, the reasons do not. Give the published table "
            "(--mpaa)."
        )
        return Part(_PARSER, [Words(text)])
    about = (
        "Reasons drawn at random by rating, each read by a person: five severities and the topics that the "
        "words clearly speak to. Held-out ones were drawn when the parser was finished, labelled without "
        "running it and measured once; dev ones were read while it was written. One person wrote parser "
        "and labels: this is how faithfully our conventions are carried out, not how well they match what "
        "viewers would say."
    )
    whole = (
        f"Of the {parser.understood.total:,} reasons of the whole table, no word is passed over in "
        f"{parser.understood.cell()}."
    )
    sections = [
        Section(f"{name.capitalize()}: {part.reasons} of {part.labels} labelled reasons", _parser_part(part))
        for name, part in parser.parts.items()
    ]
    return Part(_PARSER, [Words(about), Words(whole)], sections)


def _parser_part(part: ParserPart) -> list[Block]:
    exact = [
        ("severity exactly right, every category", part.exact.cell(), f"{part.exact.total:,}"),
        ("severity exactly right, where there is one", part.named.cell(), f"{part.named.total:,}"),
        ("all five severities of a reason right", part.whole.cell(), f"{part.whole.total:,}"),
    ]
    return [
        Figure(figures.parser_quality(part), "Precision and recall with 95 % intervals."),
        Table("Severities", _HEAD, _quality(part.severities), folded=True),
        Table("Topics", _HEAD, _quality(part.topics), folded=True),
        Table("Exactly right", ("", "share", "of"), exact),
    ]


_HEAD = ("", "precision", "found", "recall", "true")


def _quality(held: Mapping[str, PrecisionRecall]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            both.precision.cell(),
            f"{both.precision.total:,}",
            both.recall.cell(),
            f"{both.recall.total:,}",
        )
        for name, both in held.items()
    ]


def inference_chapter(
    inference: Mapping[Turns, InferenceFacts], benchmarks: Sequence[BenchmarkFacts]
) -> Part:
    """How well disclosed sensitivities are found."""
    about = (
        "The shipped detector as the recommender uses it, without embeddings and without a language model. "
        "The turns are ours, written and labelled by hand; how real people disclose, nothing here shows."
    )
    sections = [Section(_TURNS[turns][0], _turns(turns, held)) for turns, held in inference.items()]
    if benchmarks:
        sections.append(Section("In the benchmarks", [_detection(benchmarks)]))
    return Part("Finding disclosed sensitivities", [Words(about)], sections)


def _turns(turns: Turns, held: InferenceFacts) -> list[Block]:
    rows = [_kind(kind, quality) for kind, quality in (("all", held.overall), *held.by_kind.items())]
    head = ("kind", "turns", "macro-F1", "precision", "recall")
    note = "Each kind over its turns and those that disclose nothing, so that always answering does not pay."
    blocks: list[Block] = [
        Words(_TURNS[turns][1]),
        Table("Quality by kind of disclosure", head, rows, note=note),
    ]
    if held.false_alarms:
        alarms = [
            (kind.replace("_", " "), share.cell(), f"{share.total:,}")
            for kind, share in held.false_alarms.items()
        ]
        blocks.append(
            Table("False alarms by kind of turn that discloses nothing", ("kind", "share", "turns"), alarms)
        )
    return [*blocks, Figure(figures.f1_by_trait(held.f1, _TURNS[turns][0].lower()), "F1 by sensitivity.")]


def _kind(kind: str, quality: KindFacts) -> tuple[str, ...]:
    return (
        kind,
        f"{quality.turns:,}",
        f"{quality.macro_f1:.3f} [{quality.low:.3f}, {quality.high:.3f}]",
        quality.found.precision.cell(),
        quality.found.recall.cell(),
    )


def _detection(benchmarks: Sequence[BenchmarkFacts]) -> Table:
    rows = [
        (
            facts.card.name,
            *(
                f"{facts.detection.found[style].cell()}" if style in facts.detection.found else "–"
                for style in ("explicit", "implicit")
            ),
            facts.detection.another.cell(),
            facts.detection.unprompted.cell(),
            f"{facts.detection.unprompted.total:,}",
        )
        for facts in benchmarks
    ]
    head = (
        "benchmark", "explicit found", "implicit found", "another found too", "found unprompted",
        "of conversations",
    )  # fmt: skip
    note = (
        "Found, and another found too: in the test, of the disclosed sensitivities and of their "
        "conversations. Unprompted: something found in a conversation as it was before we wrote a "
        "disclosure into it; of real people in every split where there are any, else of the test. Real "
        "people may have told something of their own (a child who watches along is the most frequent); the "
        "rest are false alarms."
    )
    return Table("", head, rows, note=note)
