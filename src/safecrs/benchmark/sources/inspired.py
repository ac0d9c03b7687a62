"""INSPIRED: sociable dialogues that end in a film accepted or refused (Hayati et al. 2020)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.dialogue import Dialogue, Drops, Imported, Lines, merge_turns
from safecrs.catalog import Catalog, find_mentions, split_label
from safecrs.conversation import Role
from safecrs.errors import SafecrsError
from safecrs.progress import Report, quiet

LICENCE = "INSPIRED (sweetpeach/Inspired), research data"
_COLUMNS = ("dialog_id", "speaker", "text", "movies", "coarse_label")
_SPEAKERS: dict[str, Role] = {"SEEKER": "user", "RECOMMENDER": "assistant"}
_ACCEPTS = re.compile(
    r"\b(?:accept|i(?:'ll| will| would|'d| might| may)\b.{0,25}\b(?:see|watch|check|try|love|like)"
    r"|want to (?:see|watch)"
    r"|sounds? (?:so |very |really |pretty )?(?:good|great|interesting|perfect|fun|awesome|amazing)"
    r"|that would be (?:great|good|perfect)|that's a good (?:one|idea|suggestion)"
    r"|check (?:it|that|this)(?: one)? out)",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"\b(?:not interested|no thanks?|don'?t (?:want|like|think|care)|already (?:saw|seen|watched)"
    r"|(?:i'?ve|i have) (?:already )?(?:seen|watched) (?:it|that)|i saw (?:it|that)|something else)",
    re.IGNORECASE,
)

Utterance = tuple[Role, str, tuple[int, ...]]
"""Who speaks, the text, and the catalog rows it names."""


def read_inspired(
    path: Path, catalog: Catalog, splitter: Splitter | None = None, report: Report = quiet
) -> Imported:
    """Dialogues up to the first film that the seeker accepts, with the accepted films as answer.

    A film counts as accepted when the recommender names it, the seeker's words up to the next film say yes
    and not no, and the dialogue is labelled accepted. All dialogues go to "test" by default: they are few.

    Raises:
        SafecrsError: the file is missing, lacks a column or holds a malformed row; names the row.
    """
    splitter = splitter or Splitter(train=0.0, validation=0.0)
    lines = Lines(path, report)
    drops = Drops()
    dialogues: list[Dialogue] = []
    read = 0
    for key, accepted, utterances in _dialogues(lines, path, catalog, drops):
        read += 1
        if not accepted:
            drops.record(f"inspired:{key}", "dialogue in which no film is accepted")
            continue
        outcome = _dialogue(f"inspired:{key}", utterances, splitter)
        if isinstance(outcome, str):
            drops.record(f"inspired:{key}", outcome)
        else:
            dialogues.append(outcome)
    return Imported(
        "inspired",
        LICENCE,
        tuple(dialogues),
        read,
        dict(drops.counts),
        lines.fingerprint,
        tuple(drops.records),
    )


def _dialogue(name: str, utterances: Sequence[Utterance], splitter: Splitter) -> Dialogue | str:
    accepted: dict[int, int] = {}
    for position, (role, _, rows) in enumerate(utterances):
        if role == "assistant" and rows and _says_yes(utterances, position):
            for row in rows:
                accepted.setdefault(row, position)
    if not accepted:
        return "dialogue whose accepted film could not be told"
    start = min(accepted.values())
    prompt = merge_turns((role, said) for role, said, _ in utterances[:start])
    if not prompt:
        return "dialogue in which the seeker says nothing before the accepted film"
    seen = tuple(dict.fromkeys(row for _, _, rows in utterances[:start] for row in rows))
    liked = tuple(row for row in accepted if row not in seen)
    if not liked:
        return "dialogue whose accepted film was named before"
    return Dialogue(name, splitter(name), "inspired", prompt, seen, liked)


def _says_yes(utterances: Sequence[Utterance], position: int) -> bool:
    """What the seeker says after ``position``, until the recommender names another film, accepts."""
    reply: list[str] = []
    for role, said, rows in utterances[position + 1 :]:
        if role == "user":
            reply.append(said)
        elif rows:
            break
    answer = " ".join(reply)
    return bool(_ACCEPTS.search(answer)) and not _REFUSES.search(answer)


def _dialogues(
    lines: Lines, path: Path, catalog: Catalog, drops: Drops
) -> Iterator[tuple[str, bool, list[Utterance]]]:
    """Dialogues in the file's order: id, whether it is labelled accepted, utterances."""
    # The file is written without quoting, so a quotation mark is an ordinary character.
    reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    header = next(reader, [])
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        raise SafecrsError(f"{path} has no column {missing[0]!r}: it needs {', '.join(_COLUMNS)}.")
    wanted = [header.index(column) for column in _COLUMNS]
    current, accepted = "", False
    utterances: list[Utterance] = []
    for fields in reader:
        if len(fields) != len(header):
            raise SafecrsError(
                f"{path} row {reader.line_num}: {len(fields)} fields instead of {len(header)}."
            )
        key, speaker, said, movies, label = (fields[index] for index in wanted)
        if speaker not in _SPEAKERS:
            raise SafecrsError(
                f"{path} row {reader.line_num}: speaker is {speaker!r}, not SEEKER or RECOMMENDER."
            )
        if key != current and utterances:
            yield current, accepted, utterances
            utterances = []
        current, accepted = key, label.startswith("accept")
        said = said.replace("QUOTATION_MARK", '"')
        utterances.append((_SPEAKERS[speaker], said, _rows(said, movies, catalog, drops)))
    if utterances:
        yield current, accepted, utterances


def _rows(said: str, movies: str, catalog: Catalog, drops: Drops) -> tuple[int, ...]:
    """Annotated films that the text really names: the annotation takes "Tell me" for the film *Tell*."""
    labels = [split_label(label) for label in movies.split(";") if label.strip()]
    if not labels:
        return ()
    mentioned = {mention.row for mention in find_mentions(said, catalog)}
    rows: dict[int, None] = {}
    found = catalog.resolve_many([title for title, _ in labels], [year for _, year in labels])
    for (title, _), row in zip(labels, found.tolist(), strict=True):
        if row < 0:
            drops.part("film mention the catalog does not know")
        elif row in mentioned or (" " in title and title in said):
            rows[row] = None
    return tuple(rows)
