"""What a title and a label are made of: the normal form, the article, the year, the names within it."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

ARTICLES = ("", "the", "a", "an")

_TRAILING_ARTICLE = re.compile(r"^(.*\S),\s*(the|a|an)$", re.DOTALL)
_LEADING_ARTICLE = re.compile(r"^(the|a|an)\s+(?=\S)")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_ACCENT = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)  # marks that people leave out: of Latin, Greek, Cyrillic, Hebrew and Arabic letters, and of emoji
_SPACE = re.compile(r"\s+")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_PART = re.compile(r":\s+|\s[-–—]\s|(?<=\.\w\.)\s(?=the\s)", re.IGNORECASE)
_OR = re.compile(r",? or: |, or,? | or \(", re.IGNORECASE)
_WORD = re.compile(r"\w[\w'’]*")
_LONG = 6  # words of a subtitle that nobody says in full
# Words that do not make the part of a title behind a colon a title of its own.
_VAGUE_WORDS = """
a an the of and or in on at to for with by from part pt vol volume chapter episode ep movie film story tale
saga beginning musical documentary i ii iii iv v vi vii viii ix x one two three four five six seven eight nine
ten
1 2 3 4 5 6 7 8 9 10
"""
_VAGUE = frozenset(_VAGUE_WORDS.split())


def normalize_title(title: str) -> str:
    """Lower-case, fold accents, drop one leading or trailing article and punctuation, collapse white space.

    The reference's rule (SafeCRS) with Unicode folding, "&" read as "and" and "Matrix, The" understood.
    Compatibility characters such as "½" are kept: folding them would merge different titles.
    """
    return split_article(title)[1]


def split_article(title: str) -> tuple[str, str]:
    """The article that `normalize_title` drops (one of `ARTICLES`), and what it leaves."""
    text = title.casefold()
    if not text.isascii():
        text = "".join(map(without_accents, text))
    text = text.replace("&", " and ").strip()
    article = ""
    if trailing := _TRAILING_ARTICLE.match(text):
        text, article = trailing.groups()
    elif leading := _LEADING_ARTICLE.match(text):
        article, text = leading[1], text[leading.end() :]
    key = _SPACE.sub(" ", _PUNCTUATION.sub(lambda sign: sign[0] * spells(sign[0]), text)).strip()
    return article, key or signs_key(title)


def signs_key(title: str) -> str:
    """The key of a title without letters and digits: its signs."""
    text = title.casefold().encode("utf-8", "backslashreplace").decode()  # a lone surrogate is no sign
    return _SPACE.sub(" ", text).strip()


@cache
def without_accents(character: str) -> str:
    """The character decomposed and without accents; vowel signs and the like of other scripts stay."""
    return "".join(c for c in unicodedata.normalize("NFD", character) if not _ACCENT.match(c))


def spells(character: str) -> bool:
    """Whether it is part of a word: a letter, a digit, or a mark that is no accent ("दिल" is not "दल")."""
    mark = unicodedata.category(character).startswith("M") and not _ACCENT.match(character)
    return mark or character.isalnum()


def split_label(label: str) -> tuple[str, int | None]:
    """Split "Title (Year)" into title and year; the year is None when there is none."""
    text = label.strip()
    title, _, year = text.rpartition("(")
    if title.strip() and year.endswith(")") and _YEAR.fullmatch(year[:-1].strip()):
        return title.strip(), int(year[:-1])
    return text, None


def make_label(title: str, year: int | None) -> str:
    """The text form of an item: "Title (Year)", or the title alone when the year is unknown."""
    return title if year is None else f"{title} ({year})"


def stated_name(title: str) -> str:
    """The first of two names that a title states: "Dr. Strangelove or: How I Learned…"; else the title."""
    return _OR.split(title, maxsplit=1)[0]


def short_titles(title: str) -> list[str]:
    """Parts of a title that it may be called by, where nothing else is: before a colon or dash, or behind it.

    "Star Wars: Episode IV - A New Hope" gives "Star Wars", "A New Hope", "Star Wars A New Hope" and so on. A
    part needs two words that say something ("Part Two" does not), unless all behind it is long ("Borat: …").
    """
    parts = _PART.split(title)
    if len(parts) < 2:
        return []
    shorts = {" ".join(parts[:-1]), f"{parts[0]} {parts[-1]}", " ".join(parts[1:]), parts[0], parts[-1]}
    telling = {short for short in shorts if len(set(_WORD.findall(short.casefold())) - _VAGUE) > 1}
    if len(_WORD.findall(" ".join(parts[1:]))) >= _LONG:
        telling.add(parts[0])
    return sorted(telling)
