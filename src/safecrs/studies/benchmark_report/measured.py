"""The chapters of the report on what benchmarks rest on: parsing MPAA reasons, finding traits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from safecrs.evaluation.report.document import Block, Figure, Part, Section, Table, Words
from safecrs.studies.benchmark_report import figures
from safecrs.studies.benchmark_report.facts import BenchmarkFacts
from safecrs.studies.benchmark_report.parser import ParserFacts, ParserPart
from safecrs.studies.benchmark_report.shares import PrecisionRecall

_PARSER = "Parsing MPAA reasons"


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


def inference_chapter(benchmarks: Sequence[BenchmarkFacts]) -> Part:
    """How well disclosed sensitivities are found."""
    about = (
        "The shipped detector as the recommender uses it, without embeddings and without a language model."
    )
    return Part("Finding disclosed sensitivities", [Words(about), _detection(benchmarks)])


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
