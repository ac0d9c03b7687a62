"""MPAA ratings: tables of them, and the words of their reasons, read as severities and topics.

"Rated R for strong bloody violence and some drug use" says violence 3, substances 2, blood/gore, drug use.

A reason is cut into parts by commas, "and", "/", "for" and words like "including"; what is in brackets
(certificates, re-ratings) is left out. The severity of a category is the level of a plain mention under that
rating (a "violence" is Mild in a PG, Moderate in a PG-13 or R), plus what the word itself, its head noun and
its degrees add (`mpaa_reason.toml`), rounded and held between Mild and what the rating allows. Of several
raising degrees the strongest counts, of several lowering ones the weakest. Scope of degrees:

- "strong", "some", "mild"… reach over "and", "or" and "/" to the next thing, unless that has its own degree;
  they do not reach over a comma, "for", or words like "including". ("some violence and language": both.)
- "brief", "a scene of"… and what stands with them reach over only within one category ("brief nudity and
  sexuality", not "brief nudity and language").
- "throughout" reaches back over "and" and "/" to whatever was not lowered.
- Adjectives that wait for their head share it and its degrees ("brief violent, sensual and bloody images").
- "bloody", "brutal", "intense"… raise what stands with them and nothing after it.
- "no nudity" says nothing. "all involving teens" makes minors of everyone named before.

Topics are stated where the words clearly say so ("drug content", not "drug references"). A reason names only
what is notable, so a topic that it does not name is unknown and not a "no".
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from safecrs.advisories.mpaa_lexicon import Entry, Lexicon, load_lexicon
from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.skipped import Skipped, quoted
from safecrs.advisories.tables import Row, read_each
from safecrs.taxonomy import CATEGORIES

LONGEST = 4_000
"""A reason of more characters is not read; published ones have at most some 300."""

_MINOR, _CHILD = "a minor is sexualised", "a child is abused"
_TALK = -0.5
_STRONG = 0.9
_TOKEN = re.compile(r"[a-z0-9][a-z0-9']*|[,;:.()/&]|(?<=\s)-(?=\s)|--|-(?=\s?all\b)")
_UNRATED_LETTERS = frozenset(["", "nr", "ur", "notrated", "unrated", "approved", "passed", "na", "none"])
_UNRATED = re.compile(r"\W*(?:not (?:yet )?rated|unrated|nr)\W*")
_HEAD = re.compile(
    r"(?![^a-z0-9]*[grx]\b\s*(?!rated|for|on appeal|[-:]|$)\S)"  # "g" or "r" as some other word
    r"[^a-z0-9]*(?:n:\s*)?(?:(?:rate[dr]\s+)?(nc\s?-?\s?17|pg\s?-?\s?13|pg|g|r|x)(?:\s+rated)?\b|rate[dr]\b)"
    r"(?:\s*[-:]+)?(?:\s*on appeal)?\s*",
)
_CERTIFICATES = {"g": "MPA:G", "pg": "MPA:PG", "pg13": "MPA:PG-13", "r": "MPA:R", "nc17": "MPA:NC-17"}
_BRACKETS = re.compile(r"\(([^()]*)")
_JOINERS = {"start": "start", ",": ",", "and": "and", "link": "link", "no": "link"}
_PLAIN = str.maketrans("‘’“”–—\xa0", "''\"\"-- ")

Claim = tuple[str, int, int, int]
"""A category or topic, its value, and the first and last character of the words behind it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reason says.

    Attributes:
        statements: severities in the order of `CATEGORIES`, then topics; each with the words it rests on.
        unread: the phrases that contain an unknown word, and those in brackets that say something.
        empty: there are no words to read ("Rated R").
    """

    statements: tuple[Statement, ...]
    unread: tuple[str, ...] = ()
    empty: bool = False


@dataclass(slots=True)
class _Part:
    """A part of a reason: one thing that it says.

    Attributes:
        joiner: what separates it from the previous part: "start", "and", "," or "link".
        start, end: the span of its words; end 0 if it has none.
        waits: it ends in an adjective whose head noun may be in the next part.
        tail, tail_end: the degree of a "throughout" that reaches back to it, and where that ends.
        head, image, head_end: what its head noun adds, or that of the next part, and where that ends.
    """

    joiner: str
    start: int = 0
    end: int = 0
    entries: list[Entry] = field(default_factory=list)
    waits: bool = False
    tail: float = 0.0
    tail_end: int = 0
    head: float = 0.0
    image: float | None = None
    head_end: int = 0

    @property
    def senses(self) -> list[Entry]:
        """Its content words."""
        return [entry for entry in self.entries if entry.kind == "sense"]

    def values(self, *kinds: str) -> list[float]:
        """The values of its entries of these kinds."""
        return [entry.value for entry in self.entries if entry.kind in kinds]

    @property
    def completes(self) -> bool:
        """Whether it may contain the head noun that the previous part waits for."""
        listed = self.joiner == "," and (self.waits or bool(self.values("head", "image")))
        return self.joiner == "and" or listed


def read_mpaa(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """Rows of title, year, rating and reason ("Rated R for strong violence and brief nudity").

    A reason names whatever is notable, so a guide category that it does not name has severity 0
    (``reviews_guide``), provided that every phrase was understood: an unknown word may concern any category.
    A topic that it does not name is unknown: ``reviews_topics`` is empty. A G without a reason is a review
    too, since by the rating's definition nothing in it would offend parents of young children; of other films
    without a reason only the rating is kept, for audiences of an age.

    A rating of another system is counted, and the reason is read without it. The columns rating and imdb_id
    are optional. CSV, TSV or JSON, each also gzip-compressed.
    """
    return read_each(path, _advisory, skipped, required=("reason",))


def _advisory(row: Row) -> Advisory | None:
    text, reason = row.get("rating", "mpaa", "mpaa rating") or "", row.get("reason") or ""
    letters = rating_letters(text)
    known = letters if letters in load_lexicon().levels else ""
    if letters != known and letters not in _UNRATED_LETTERS:
        row.note(f"{quoted(text)} is not an MPAA rating; the reason is read without it", "rating")
    if len(reason) > LONGEST:
        row.fail(f"the reason is longer than {LONGEST:,} characters and not read")
    reading = read_reason(reason, known)
    certificates = (_CERTIFICATES[known],) if known in _CERTIFICATES else ()
    if reading.empty and letters != "g" and not certificates:
        return None
    reviewed = not reading.unread and (letters == "g" or not reading.empty)
    return row.advisory("mpaa", reading.statements, reviews_guide=reviewed, certificates=certificates)


def parse_reason(reason: str, rating: str | None = None) -> tuple[Statement, ...]:
    """What ``reason`` says; ``rating`` ("PG-13", else unknown) is by default the one it begins with."""
    return read_reason(reason, rating).statements


def read_reason(reason: str, rating: str | None = None) -> Reading:
    """`parse_reason` and the phrases that were not understood; a text over `LONGEST` is one. Never raises."""
    if len(reason) > LONGEST:
        return Reading((), (reason[:LONGEST],))
    text = (reason.lower() if reason.isascii() else "".join(map(_plain, reason))).translate(_PLAIN)
    unrated, head = _UNRATED.fullmatch(text), _HEAD.match(text)
    lexicon = load_lexicon()
    letters = rating_letters(rating or (head and head[1]) or "")
    level = lexicon.levels.get(letters, lexicon.levels[""])
    parts = _parts(text, len(text) if unrated else head.end() if head else 0, lexicon)
    found: dict[str, Claim] = {}
    for claim in (*_stated(parts, *level), *_minors(parts)):
        found[claim[0]] = max(found.get(claim[0], claim), claim, key=lambda said: said[1])
    order = (*(name for name in CATEGORIES if name in found), *found)
    unread = [text[part.start : part.end] for part in parts if part.values("unread")]
    # What stands in brackets is no part: "(re-rating)", "(1996)". But it may say something.
    brackets = _BRACKETS.findall(text)
    unread += [words for words in brackets if any(part.senses for part in _parts(words, 0, lexicon))]
    return Reading(
        tuple(
            Statement(subject, value, " ".join(reason[start:end].split()))
            for subject, value, start, end in map(found.__getitem__, dict.fromkeys(order))
        ),
        tuple(" ".join(words.split()) for words in unread),
        not parts,
    )


def rating_letters(rating: str) -> str:
    """A rating without case and punctuation: "Rated PG-13" and "pg 13" are "pg13"."""
    return re.sub(r"[\W_]", "", rating.lower()).removeprefix("rated")


def _plain(char: str) -> str:
    return unicodedata.normalize("NFD", char.lower())[:1] or char


def _parts(text: str, begin: int, lexicon: Lexicon) -> list[_Part]:
    """The parts of a lower-case reason from ``begin``, with their heads and tails."""
    spans: list[tuple[int, int]] = []
    words: list[str] = []
    depth = 0
    for match in _TOKEN.finditer(text, begin):
        depth = max(0, depth + (match[0] == "(") - (match[0] == ")"))
        if depth == 0 and match[0] != ")":
            respelled = lexicon.spelling.get(match[0], [match[0]])
            words += respelled
            spans += [match.span()] * len(respelled)
    parts = [_Part("start")]
    position = 0
    while position < len(words):
        size, entry = lexicon.match(words, position)
        if joiner := _JOINERS.get(entry.kind):
            if parts[-1].end:
                parts.append(_Part(joiner))
            elif joiner != "and":
                parts[-1].joiner = joiner
        if joiner is None or entry.kind == "no":
            part = parts[-1]
            part.start = part.start if part.end else spans[position][0]
            part.end = spans[position + size - 1][1]
            part.waits = entry.adjective or (part.waits and entry.kind == "silent")
            part.entries.append(entry)
        position += size
    if not parts[-1].end:
        parts.pop()
    after = _Part("start")
    for part in reversed(parts):
        heads, images, tails = part.values("head"), part.values("image"), part.values("after")
        if tails:
            part.tail, part.tail_end = max(tails), part.end
        elif after.joiner == "and" and not part.values("lower", "brief"):
            part.tail, part.tail_end = after.tail, after.tail_end
        if not part.waits or heads or images or not after.completes:
            part.head, part.head_end = min(heads, default=0.0), part.end
            part.image = min(images, default=None)
        else:
            part.head, part.image, part.head_end = after.head, after.image, after.head_end
        after = part
    return parts


def _stated(parts: list[_Part], base: float, highest: int) -> Iterator[Claim]:
    """Severities and topics of each part that is not negated, with the degrees that reach it."""
    raised = lowered = 0.0
    only: set[str] | None = None
    start = 0
    waiting = negated = False
    for part in parts:
        joined = part.joiner == "and" or (waiting and part.joiner == ",")
        waiting = part.waits and not part.values("head", "image")
        negated = bool(part.values("no")) or (negated and joined)
        own = not joined or bool(part.values("raise", "lower", "brief"))
        spoken = {category for sense in part.senses for category in sense.says}
        if own:
            start = part.start
            raised = max(part.values("raise"), default=0.0)
            lowered = min(part.values("lower", "brief"), default=0.0)
            only = spoken if part.values("brief") and not part.waits else None
        if negated:
            continue
        span = start if raised or lowered else part.start, max(part.end, part.tail_end, part.head_end)
        for sense in part.senses:
            others = [other for other in part.senses if other is not sense]
            shown = sense.images if part.image is not None else ()
            for category, offset in (*sense.says.items(), *((name, 0.0) for name in shown)):
                if category == "profanity" and offset < 0 and "sex" in spoken:
                    continue  # "crude sexual humor" is sex; "crude and sexual humor" is both
                within = own or only is None or category in only
                raises = [other.raises for other in others if other.anywhere or category in other.says]
                value = base + offset + part.head
                value += 0.0 if sense.anywhere else max(raised if within else 0.0, part.tail, *raises)
                value += lowered if within else 0.0
                value += part.image or 0.0 if category in ("sex", "violence") else 0.0
                top = 3 if category == "frightening" and highest > 1 else highest
                yield category, min(max(math.floor(value + 0.5), 1), top), *span
            strong = max(raised, part.tail, *(other.raises for other in others)) >= _STRONG
            topics = [*sense.topics, *(sense.shown_topics if part.head > _TALK else ())]
            for topic in (*topics, *(sense.strong_topics if strong else ())):
                yield topic, 1, *span


def _minors(parts: list[_Part]) -> Iterator[Claim]:
    """Topics about minors."""
    stops: dict[tuple[bool, bool], int] = {}  # where the last search backwards began
    for position, part in enumerate(parts):
        if not part.values("young", "child"):
            continue
        first, child = position, bool(part.values("child"))
        everything = any(near.values("all") for near in parts[max(position - 1, 0) : position + 1])
        if not part.senses:  # "… involving teens": whom the parts before are about
            stop = stops.get((child, everything), 0)
            stops[child, everything] = position
            while first > stop and (
                everything or not parts[first].senses or parts[first].joiner in ("and", "link")
            ):
                first -= 1
        for about in parts[first : position + 1]:
            span = min(about.start, part.start), max(about.end, part.end)
            shown = all(head > _TALK for head in about.values("head"))
            sex, violence = (
                max((sense.says.get(category, -1.0) for sense in about.senses), default=-1.0)
                for category in ("sex", "violence")
            )
            if sex > -0.4 and shown and not about.values("no"):
                yield _MINOR, 1, *span
            if violence >= 0 and child and not everything and not about.values("no"):
                yield _CHILD, 1, *span
