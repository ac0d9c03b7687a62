"""INSPIRED: sociable dialogues that end in a film accepted or refused (Hayati et al. 2020)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.dialogue import Dialogue, Imported, Importer, merge_turns, table_rows
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
    """
    splitter = splitter or Splitter(train=0.0, validation=0.0)
    importer = Importer("inspired", LICENCE, path, report)
    for key, accepted, utterances in _dialogues(importer, catalog):
        importer.read += 1
        name = f"inspired:{key}"
        importer.add(
            name,
            _dialogue(name, utterances, splitter) if accepted else "dialogue in which no film is accepted",
        )
    return importer.imported()


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


def _dialogues(importer: Importer, catalog: Catalog) -> Iterator[tuple[str, bool, list[Utterance]]]:
    """Dialogues in the file's order: id, whether it is labelled accepted, utterances."""
    # The file is written without quoting, so a quotation mark is an ordinary character.
    plain = {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
    rows = table_rows(importer.path, importer.lines(), _COLUMNS, **plain)
    for key, spoken in groupby(rows, key=lambda row: row[1][0]):
        utterances: list[Utterance] = []
        accepted = False  # as the last utterance says
        for number, (_, speaker, said, movies, label) in spoken:
            if speaker not in _SPEAKERS:
                raise SafecrsError(
                    f"{importer.path} row {number}: speaker is {speaker[:40]!r}, not SEEKER or RECOMMENDER."
                )
            accepted = label.startswith("accept")
            said = said.replace("QUOTATION_MARK", '"')
            utterances.append((_SPEAKERS[speaker], said, _rows(said, movies, catalog, importer)))
        yield key, accepted, utterances


def _rows(said: str, movies: str, catalog: Catalog, importer: Importer) -> tuple[int, ...]:
    """Annotated films that the text really names: the annotation takes "Tell me" for the film *Tell*."""
    labels = [split_label(label) for label in movies.split(";") if label.strip()]
    if not labels:
        return ()
    mentioned = {mention.row for mention in find_mentions(said, catalog)}
    rows: dict[int, None] = {}
    found = catalog.resolve_many([title for title, _ in labels], [year for _, year in labels])
    for (title, _), row in zip(labels, found.tolist(), strict=True):
        if row < 0:
            importer.drop_part("film mention the catalog does not know")
        elif row in mentioned or (" " in title and title in said):
            rows[row] = None
    return tuple(rows)
