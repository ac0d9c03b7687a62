"""Items mentioned in running text: "something like big fish, or Heat (1995)"."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.batch import STEP, Titles, normalize_many
from safecrs.catalog.canonical import running_keys
from safecrs.catalog.catalog import Catalog
from safecrs.catalog.normalize import ARTICLES, normalize_title

_WORD = re.compile(r"[^\W_]+(?:[’'·.\-/&\u00ad\u200b-\u200f\u2060\ufeff]+[^\W_]+)*[.!?]?|(?<=\s)&(?=\s)")
_YEAR = re.compile(r"\s*[(\[]\s*((?:1[89]|20)\d\d)\s*[)\]]")
_BARE_YEAR = re.compile(r"[ ,:–-]{1,3}((?:19|20)\d\d)\b(?![/%])")
_QUOTES = '"“”«»*_'
_MAX_WORDS = 12
_MAX_BYTES = 256
_SMALL_WORDS = ("of", "the", "a", "an", "and", "in", "to", "on", "for", "at", "with")
_LOOK_BACK = 32  # characters before a title in which a sentence may end: a bound that keeps long texts linear
_SENTENCE_END = re.compile(r"(?:^|[.!?:\n]\s*[\"“'(]*)$")
# What stands behind a title where another film is meant: "Die Hard 2", "Kill Bill Vol. 2", "Alien vs. …".
_SEQUEL = re.compile(
    r"[ \t:–-]{1,3}(?:(?:part|pt|vol|volume|chapter|episode|ep)\b\.?[ \t]?)?"
    r"(?:\d{1,4}|[ivx]{2,5}|[vx]|two|three|four|five|six|seven|eight|nine|ten)\b"
    r"(?!/|[ \t]+(?:times?|minutes?|hours?|days?|nights?|weeks?|months?|years?|of|people|stars|other|more)\b)"
    r"|[ \t]+(?:vs|versus)\b",
    re.IGNORECASE,
)
_GAP = re.compile(r"[ \t]the[ \t]|:?[ \t]", re.IGNORECASE)
# A title made of these alone is taken for ordinary words unless quoted, dated or written in title case.
_ORDINARY_WORDS = """
a about after again all alone always am an and another any are as at away back be because before
being best better big black blue boy brave brother but by can can't coco come crash day days dead do
don don't down duel eve ever every everything fall family fear first fly for freaks free friday
friends from fun game get getting ghost girl girls give go going gone good great had happening happy
has have he heat heaven help her here high him his holiday home house how i i'm if in into is it
it's joker kids kill know last late let life like lion little live logan long lost love mad made
make man me memento men monster more mother movie my name new next night no nope not notebook
nothing now of off old on once one only or other our out over past perfect play please point
possession psycho ray red rent right rock room safe say school see seven she shine short sing so
some something soul speed split star stay still stop story strange summer taken talk than that the
their them then there they thing things this three time to together too traffic true two under
unknown up us very wait want was way we week were what when where while who why wife wild will wings
with woman women wonder world would wrong year you young your yourself
"""
_ORDINARY = frozenset(_ORDINARY_WORDS.split())


@dataclass(frozen=True, slots=True)
class Mention:
    """``text[start:end]`` names the item in ``row``."""

    start: int
    end: int
    row: int


def find_mentions(text: str, catalog: Catalog) -> list[Mention]:
    """Items named in ``text``: the longest title wins, never overlapping, in order.

    A match needs a year behind it, or title case, or quotation marks, or at least two words that are not all
    ordinary ones; a title shared by several items needs the year. What goes on like a sequel ("Die Hard 2")
    is not part one, whether or not the catalog holds the sequel. Precision comes before recall: a missed
    mention costs little, "it" read as *It* costs trust.
    """
    words = list(_WORD.finditer(text))
    spans = _known_spans(text, words, catalog)
    opening, shouted = {first for first, _, _ in spans}, text.isupper()
    names = [name for span in spans if (name := _name(text, words, *span, opening, shouted))]
    titles = [text[start:end] for start, end, _, _, _ in names]
    rows = catalog.resolve_many(titles, [year for _, _, _, year, _ in names]).tolist()
    taken = bytearray(len(text))
    found = []
    for (start, _, end, _, dated), row in zip(names, rows, strict=True):
        if not any(taken[start:end]):
            taken[start:end] = bytes([1]) * (end - start)
            if row >= 0 and (dated or catalog.year(row)):
                found.append(Mention(start, end, row))
    return sorted(found, key=lambda mention: mention.start)


def _known_spans(text: str, words: list[re.Match[str]], catalog: Catalog) -> list[tuple[int, int, bool]]:
    """Runs of words within a line that are some item's title, the longest first.

    The first word, the last, and whether the catalog writes it so. The keys of all words make one text, in
    which the key of a run of words is a part, so that all runs are looked up at once.
    """
    given = [word[0] for word in words]
    forms, alone = ([key.encode() for key in keys] for keys in running_keys(given))
    line = np.searchsorted([m.start() for m in re.finditer("\n", text)], [word.start() for word in words])
    first = np.repeat(np.arange(len(words)), _MAX_WORDS)
    last = first + np.tile(np.arange(_MAX_WORDS), len(words))
    inside = np.flatnonzero((last < len(words)) & (line[first] == line[np.minimum(last, len(words) - 1)]))
    first, last = first[inside], last[inside]
    exact = catalog.index.holds(_parts(list(normalize_many(given)), first, last))
    own = np.where(first == last, len(words), 0)  # a word alone has a key of its own
    known = exact | catalog.index.holds(_parts(forms + alone, first + own, last + own), canonical=True)
    hits = zip(first[known].tolist(), last[known].tolist(), exact[known].tolist(), strict=True)
    return sorted(hits, key=lambda hit: (hit[0] - hit[1], hit[0]))


def _parts(keys: list[bytes], first: NDArray[np.int64], last: NDArray[np.int64]) -> Titles:
    """The keys from ``first`` to ``last`` with spaces between; nothing where one at an end is empty."""
    sizes = np.array([len(key) for key in keys], dtype=np.int64)
    ends = np.cumsum(sizes + (sizes > 0)) - (sizes > 0)
    starts = (ends - sizes)[first]
    lengths = ends[last] - starts
    lengths[(sizes[first] == 0) | (sizes[last] == 0) | (lengths > _MAX_BYTES)] = -1  # no title's
    text = np.frombuffer(b" ".join([key for key in keys if key]) + bytes(STEP), dtype=np.uint8)
    return Titles(text, starts, lengths, np.zeros(len(starts), dtype=np.uint8))


def _name(
    text: str,
    words: list[re.Match[str]],
    first: int,
    last: int,
    exact: bool,
    opening: set[int],
    shouted: bool,
) -> tuple[int, int, int, int | None, bool] | None:
    """The title that words ``first`` to ``last`` are, None where they are likely none or part of another.

    Where it starts and ends, where the year behind it ends, that year, and whether an item without a year may
    be meant.
    """
    end = words[last].end()
    dated = _YEAR.match(text, end)
    stopped = dated is None and text[end - 1] in ".!?"
    end -= stopped
    if first and words[first - 1][0].casefold() in ARTICLES:
        gap = text[words[first - 1].end() : words[first].start()]
        first -= gap.isspace() and "\n" not in gap
    start = words[first].start()
    if dated:
        return start, end, dated.end(), int(dated[1]), True
    if start > 0 and end < len(text) and text[start - 1] in _QUOTES and text[end] in _QUOTES:
        return start, end, end, None, True
    cased = not shouted and _title_case(text, words[first : last + 1])
    if not cased and not ((exact or any(map(str.isdecimal, text[start:end]))) and _telling(text[start:end])):
        return None
    if not stopped and (bare := _BARE_YEAR.match(text, end)):
        return start, end, bare.end(), int(bare[1]), False
    if not stopped and (_SEQUEL.match(text, end) or (cased and _goes_on(text, words, last, opening))):
        return None
    return start, end, end, None, True


def _goes_on(text: str, words: list[re.Match[str]], last: int, opening: set[int]) -> bool:
    """Whether a capitalised word follows that begins no title: "Rocky Balboa", "Shrek the Third"."""
    gap = _GAP.match(text, words[last].end())
    behind = last + 2 if gap and gap[0].strip() not in ("", ":") else last + 1
    if gap is None or behind >= len(words) or words[behind].start() != gap.end() or behind in opening:
        return False
    return words[behind][0][0].isupper() and words[behind][0][:2].rstrip("'’") != "I"


def _title_case(text: str, words: list[re.Match[str]]) -> bool:
    plain = (word[0].rstrip(".!?") for word in words)
    content = [word for word in plain if word.casefold() not in _SMALL_WORDS]
    if not content or not all(word[0].isupper() or word[0].isdigit() for word in content):
        return False
    start = words[0].start()
    opens_sentence = _SENTENCE_END.search(text, max(0, start - _LOOK_BACK), start) is not None
    if len(content) > 1:
        return not (opens_sentence and all(word.casefold() in _ORDINARY for word in content))
    return not (
        content[0].isdigit()
        or len(content[0]) < 2
        or opens_sentence
        or content[0].casefold() in ("i", "it's", "i'm")
    )


def _telling(title: str) -> bool:
    words = normalize_title(title).split()
    return len(words) >= 2 and (any(word not in _ORDINARY for word in words) or len(words) >= 4)
