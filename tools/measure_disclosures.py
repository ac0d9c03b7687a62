"""Measures detection on turns by strangers: ``python tools/measure_disclosures.py [--hands A C] [--misses]``.

Prints precision, recall and F1 by hand and by kind of turn, and false alarms where nothing is disclosed.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.table import Table

from measure_detection import Share
from safecrs.cli.output import console, print_json
from safecrs.conversation import Conversation, conversation
from safecrs.detection import Detector, RuleDetector, load_lexicon
from safecrs.taxonomy import Domain, age_of, load_taxonomy
from safecrs.taxonomy.topics import topic_slug

FOLDER = Path(__file__).parents[1] / "data" / "disclosures"
SILENT = ("negated", "other_person", "fiction", "withdrawn", "none")
"""Kinds that disclose nothing, or only what stands in their label."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A turn, or a conversation that ends with it, and the concerns to respect after it."""

    hand: str
    kind: str
    domain: Domain
    lang: str
    concerns: frozenset[str]
    messages: Conversation


@dataclass(frozen=True, slots=True)
class Scored:
    """A labelled turn and what was found in it: label → hit, and what was found for no label."""

    turn: Labelled
    hits: frozenset[str]
    extra: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quality:
    """Over pairs of turn and concern, and the share of turns in which something was found for no label."""

    precision: Share
    recall: Share
    f1: float
    alarms: Share


def read_hands(folder: Path = FOLDER, hands: Sequence[str] = ()) -> Iterator[Labelled]:
    """The turns of ``folder``'s files, of which each is one hand; of all hands where none is named."""
    for path in sorted(folder.glob("*.jsonl")):
        if hands and path.stem not in hands:
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            messages = row.get("messages") or [{"role": "user", "content": row["text"]}]
            yield Labelled(
                path.stem,
                row["kind"],
                row["domain"],
                row["lang"],
                frozenset(row["concerns"]),
                conversation(messages),
            )


def score(turn: Labelled, detector: Detector) -> Scored:
    """What a detector finds; ages are scored apart, and a trait's own topic counts as the trait."""
    found = {
        one.trait
        for one in detector.detect(turn.messages, {}, load_taxonomy(turn.domain)).disclosures
        if age_of(one.trait) is None
    }
    accepted = {label: _accepted(label, turn.domain) for label in turn.concerns}
    hits = frozenset(label for label, ids in accepted.items() if ids & found)
    return Scored(turn, hits, frozenset(found.difference(*accepted.values())))


def _accepted(label: str, domain: Domain) -> frozenset[str]:
    """The ids that say the same as a label: itself, what stands for it in this domain, its topics."""
    entry = load_lexicon().traits.get(label)
    trait = load_taxonomy("film").find(label)
    topics = {f"topic_{topic_slug(topic)}" for topic in trait.topics} if trait else set()
    here = {label} if label in load_taxonomy(domain).column or not entry else {entry.otherwise or label}
    return frozenset(here | topics)


def quality(scored: Sequence[Scored]) -> Quality:
    """Micro-averaged over pairs of turn and concern."""
    hits = sum(len(one.hits) for one in scored)
    extra = sum(len(one.extra) for one in scored)
    meant = sum(len(one.turn.concerns) for one in scored)
    f1 = 2 * hits / (hits + extra + meant) if hits + extra + meant else 0.0
    alarms = sum(bool(one.extra) for one in scored)
    return Quality(Share(hits, hits + extra), Share(hits, meant), f1, Share(alarms, len(scored)))


def measure(turns: Sequence[Labelled], detector: Detector) -> dict[str, dict[str, Quality]]:
    """Hand ("all" for all) → kind of turn ("all" for all) → quality."""
    groups: dict[str, dict[str, list[Scored]]] = defaultdict(lambda: defaultdict(list))
    for turn in turns:
        one = score(turn, detector)
        for hand in (turn.hand, "all"):
            for kind in (turn.kind, "all"):
                groups[hand][kind].append(one)
    return {
        hand: {kind: quality(found) for kind, found in sorted(kinds.items())}
        for hand, kinds in sorted(groups.items())
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure detection on turns by strangers.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the folder of the hands' files")
    parser.add_argument("--hands", nargs="*", default=(), help="hands to read; all without")
    parser.add_argument("--lang", default="en", help="language to read (default: en)")
    parser.add_argument("--misses", action="store_true", help="print each turn that is read wrong")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    turns = [turn for turn in read_hands(options.folder, options.hands) if turn.lang == options.lang]
    detector = RuleDetector()
    if options.misses:
        for turn in turns:
            one = score(turn, detector)
            missed = turn.concerns - one.hits
            if missed or one.extra:
                said = " / ".join(f"{message.role[0]}: {message.content}" for message in turn.messages)
                marks = [f"-{label}" for label in sorted(missed)] + [f"+{name}" for name in sorted(one.extra)]
                print(turn.hand, turn.kind, turn.domain, *marks, "|", said)
        return
    measured = measure(turns, detector)
    if options.json:
        print_json(measured)
        return
    for hand, kinds in measured.items():
        console().print(_table(f"hand {hand}", kinds), "")


def _table(title: str, kinds: dict[str, Quality]) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("kind", "F1", "precision", "recall", "turns with a false alarm"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    for kind, found in kinds.items():
        silent = kind in SILENT
        table.add_row(
            kind,
            "" if silent else f"{found.f1:.3f}",
            "" if silent else _share(found.precision),
            "" if silent else _share(found.recall),
            _share(found.alarms),
        )
    return table


def _share(share: Share, method: Literal["wilson"] = "wilson") -> str:
    if not share.total:
        return "–"
    low, high = share.interval(method)
    return f"{share.hits}/{share.total} = {share.value:.1%} [dim]{low:.1%}–{high:.1%}[/]"


if __name__ == "__main__":
    main()
