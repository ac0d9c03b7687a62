"""Items mentioned in running text: "something like big fish, or Heat (1995)"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import compress

from safecrs.catalog.catalog import Catalog
from safecrs.catalog.normalize import normalize_title

_WORD = re.compile(r"[^\W_]+(?:[’'·.\-/][^\W_]+)*[.!?]?")
_YEAR = re.compile(r"\s*[(\[]\s*((?:1[89]|20)\d\d)\s*[)\]]")
_QUOTES = '"“”«»*_'
_MAX_WORDS = 12
_LOOK_BACK = 32
"""Characters before a title in which a sentence may end: a bound that keeps long texts linear."""
_SENTENCE_END = re.compile(r"(?:^|[.!?:\n]\s*[\"“'(]*)$")
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
    """Items named in ``text``: longest match first, never overlapping, in order.

    A match needs a year in parentheses behind it, or title case, or quotation marks, or at least two words
    that are not all ordinary ones; a title shared by several items needs the year. Precision comes before
    recall: a missed mention costs little, "it" read as *It* costs trust.
    """
    words = list(_WORD.finditer(text))
    known = _known_titles(text, words, catalog)
    found: list[Mention] = []
    position = 0
    while position < len(words):
        match = None
        for size in range(min(_MAX_WORDS, len(words) - position), 0, -1):
            match = _mention(text, words[position : position + size], known, catalog)
            if match:
                position += size
                found.append(match)
                break
        if match is None:
            position += 1
        else:
            while position < len(words) and words[position].start() < match.end:
                position += 1
    return found


def _known_titles(text: str, words: list[re.Match[str]], catalog: Catalog) -> set[str]:
    """Of all runs of words within a line, those that are some item's title; found in one look-up."""
    spans = []
    for first, word in enumerate(words):
        for last in words[first : first + _MAX_WORDS]:
            span = text[word.start() : last.end()]
            if "\n" in span:
                break
            spans.append(span)
            if span[-1] in ".!?":
                spans.append(span[:-1])
    return set(compress(spans, catalog.known_titles(spans).tolist()))


def _mention(text: str, words: list[re.Match[str]], known: set[str], catalog: Catalog) -> Mention | None:
    start, end = words[0].start(), words[-1].end()
    span = text[start:end]
    if span[-1] in ".!?":
        span, end = (span, end) if span in known and _YEAR.match(text, end) else (span[:-1], end - 1)
    if span not in known or not (key := normalize_title(span)):
        return None
    dated = _YEAR.match(text, end)
    if dated:
        row = catalog.resolve(span, int(dated[1]))
        return None if row is None else Mention(start, dated.end(), row)
    if not (_quoted(text, start, end) or _title_case(text, words, start) or _telling(key)):
        return None
    row = catalog.resolve(span)
    return None if row is None else Mention(start, end, row)


def _quoted(text: str, start: int, end: int) -> bool:
    return start > 0 and end < len(text) and text[start - 1] in _QUOTES and text[end] in _QUOTES


def _title_case(text: str, words: list[re.Match[str]], start: int) -> bool:
    content = [
        word[0]
        for word in words
        if word[0].casefold().rstrip(".!?")
        not in ("of", "the", "a", "an", "and", "in", "to", "on", "for", "at", "with")
    ]
    if not content or not all(word[0].isupper() or word[0].isdigit() for word in content):
        return False
    if text.isupper():
        return False
    opens_sentence = _SENTENCE_END.search(text[max(0, start - _LOOK_BACK) : start]) is not None
    ordinary = all(word.casefold().rstrip(".!?") in _ORDINARY for word in content)
    if len(content) == 1 and (content[0].isdigit() or len(content[0]) < 2):
        return False
    return not (opens_sentence and (ordinary or len(content) == 1)) and not (
        len(content) == 1 and content[0].casefold() in ("i", "it's", "i'm")
    )


def _telling(key: str) -> bool:
    words = key.split()
    return len(words) >= 2 and (any(word not in _ORDINARY for word in words) or len(words) >= 4)
