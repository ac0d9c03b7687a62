"""ESRB content descriptors of games."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.skipped import Skipped, quoted
from safecrs.advisories.tables import Row, read_each, says_nothing
from safecrs.taxonomy.topics import DESCRIPTORS, column_key

SOURCE = "esrb"

_BLOODY = frozenset({"Blood", "Blood and Gore", "Intense Violence"})
_FORCE = frozenset({"Violence", "Intense Violence", "Blood and Gore", "Sexual Violence"})
_SEX = frozenset(
    {
        "Sexual Violence",
        "Strong Sexual Content",
        "Sexual Content",
        "Sexual Themes",
        "Nudity",
        "Partial Nudity",
    }
)
_DRUGS = frozenset({"Drug Reference", "Use of Drugs", "Use of Drugs and Alcohol"})
_DRINK = frozenset({"Alcohol Reference", "Use of Alcohol", "Use of Drugs and Alcohol"})
RULED_OUT: Mapping[str, frozenset[str]] = {
    "excessive gore": _BLOODY,
    "blood/gore": _BLOODY | {"Mild Blood", "Animated Blood"},
    "body horror": _BLOODY,
    "amputation": _BLOODY,
    "eye mutilation": _BLOODY,
    "torture": _FORCE,
    "burned alive": _FORCE,
    "buried alive": _FORCE,
    "cannibalism": _FORCE,
    "crushed to death": _FORCE,
    "a head gets squashed": _FORCE,
    "sexual assault": _SEX,
    "onscreen rape": _SEX,
    "a minor is sexualised": _SEX | {"Suggestive Themes"},
    "addiction": _DRUGS | _DRINK,
    "drug use": _DRUGS,
    "overdose": _DRUGS,
    "alcohol abuse": _DRINK,
}
"""Content topic → descriptors that imply it may be present: without any of them, the topic is a "no"."""

_COMPOUND = {
    "Use of Alcohol and Tobacco": ("Use of Alcohol", "Use of Tobacco"),
    "Use of Drugs, Alcohol, Tobacco": ("Use of Drugs and Alcohol", "Use of Tobacco"),
    "Use of Drugs, Alcohol and Tobacco": ("Use of Drugs and Alcohol", "Use of Tobacco"),
    "Use of Drugs and Tobacco": ("Use of Drugs", "Use of Tobacco"),
    "Drug and Alcohol Reference": ("Drug Reference", "Alcohol Reference"),
    "Drug and Tobacco Reference": ("Drug Reference", "Tobacco Reference"),
    "Alcohol and Tobacco Reference": ("Alcohol Reference", "Tobacco Reference"),
    "Drug, Alcohol and Tobacco Reference": ("Drug Reference", "Alcohol Reference", "Tobacco Reference"),
    "Animated Blood and Gore": ("Blood and Gore",),
    "Gambling Themes": ("Gambling",),
    "Real Gambling": ("Gambling",),
    "Violent References": ("Mild Violence",),
    "Animated Violence": ("Cartoon Violence",),
    "Mature Sexual Themes": ("Sexual Content",),
    "Strong Lyrics": ("Strong Language",),
    "Strong Janguage": ("Strong Language",),
    "No Descriptors": (),
    # Interactive elements: how a game is played and sold, not what it shows.
    "In-Game Purchases": (),
    "In-Game Purchases (Includes Random Items)": (),
    "In-Game Purchases + Random Items": (),
    "Digital Purchases": (),
    "Users Interact": (),
    "Online Interactions Not Rated by the ESRB": (),
    "Online Music Not Rated by the ESRB": (),
    "Shares Location": (),
    "Shares Info": (),
    "Unrestricted Internet": (),
    "Some Adult Assistance May Be Needed": (),
    "Edutainment": (),
    "Informational": (),
}
_BY_KEY: dict[str, tuple[str, ...]] = {column_key(name): (name,) for name in DESCRIPTORS}
_BY_KEY |= {column_key(name): parts for name, parts in _COMPOUND.items()}
_BY_KEY |= {f"mild {key}": parts for key, parts in _BY_KEY.items() if f"mild {key}" not in _BY_KEY}
_LONGEST = 80


def parse_descriptor(text: str) -> tuple[str, ...]:
    """The `DESCRIPTORS` of a printed descriptor: "Use of Alcohol and Tobacco" is two of them.

    A mild form that is not listed counts as the plain one; "In-Game Purchases" is empty.

    Raises:
        ValueError: the text is not a descriptor; the message suggests the closest.
    """
    key = column_key(text[:_LONGEST])
    if key not in _BY_KEY:
        import difflib

        close = difflib.get_close_matches(key, _BY_KEY, n=1)
        hint = f"; did you mean {' and '.join(_BY_KEY[close[0]])!r}?" if close else ""
        raise ValueError(f"{quoted(text.strip())} is not an ESRB descriptor{hint}")
    return _BY_KEY[key]


def esrb_advisory(
    title: str,
    year: int | None,
    descriptors: Iterable[str],
    *,
    considered: Iterable[str] = DESCRIPTORS,
    unsure: Iterable[str] = (),
    source: str = SOURCE,
    more: tuple[Statement, ...] = (),
) -> Advisory:
    """An advisory from the descriptors of a game.

    Args:
        considered: descriptors that were considered: an absent one is a clear no, and so is a topic without
            signs (`RULED_OUT`), more than half of which were considered.
        unsure: subjects that may be present: neither they nor the topics they imply are a clear no.
        more: further statements of the same source.

    Raises:
        ValueError: a descriptor is unknown.
    """
    said = {name: text.strip() for text in descriptors for name in parse_descriptor(text)}
    unclear, looked = frozenset(unsure), frozenset(considered)
    possible = unclear.union(said, (statement.subject for statement in more if statement.value))
    ruled_out = (
        topic
        for topic, signs in RULED_OUT.items()
        if 2 * len(signs & looked) > len(signs) and not signs & possible
    )
    known = looked.union(ruled_out) - unclear
    statements = tuple(Statement(name, 1, words) for name, words in said.items())
    return Advisory(title, year, source, statements + more, reviews_topics=known)


def read_esrb(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """Games of an ESRB table, CSV or TSV, also gzip-compressed.

    It has a title, an optional year, and either a 0/1 column for each descriptor ("blood_and_gore"; the
    published dataset spells one "strong_janguage") or a ``descriptors`` column that joins them by "|". Rating
    and console are ignored, since only descriptors describe the content.
    """
    return read_each(path, _game, skipped)


def _game(row: Row) -> Advisory:
    title, year, _ = row.item()
    joined = row.get("descriptors")
    if joined is not None:
        if says_nothing(joined):
            row.fail("the descriptors are empty; a game without any has No Descriptors", "descriptor")
        try:
            return esrb_advisory(title, year, row.parts("descriptors"))
        except ValueError as error:
            row.fail(str(error), "descriptor")
    columns = {key: _BY_KEY[key] for key in row.cells if _BY_KEY.get(key)}
    if not columns:
        row.fail("there is no descriptor column, such as blood_and_gore or descriptors")
    for key, names in columns.items():
        if row.cells[key] not in ("0", "1"):
            row.fail(f"{names[0]} must be 0 or 1, not {quoted(row.cells[key])}", "flag")
    present = [name for key, names in columns.items() if row.cells[key] == "1" for name in names]
    considered = [names[0] for names in columns.values() if len(names) == 1]
    return esrb_advisory(title, year, present, considered=considered)
