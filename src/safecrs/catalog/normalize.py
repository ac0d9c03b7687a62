"""Title normalisation: two spellings of one title give one key."""

from __future__ import annotations

import re
import unicodedata

ARTICLES = ("", "the", "a", "an")

_TRAILING_ARTICLE = re.compile(r"^(.*\S),\s*(the|a|an)$", re.DOTALL)
_LEADING_ARTICLE = re.compile(r"^(the|a|an)\s+(?=\S)")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_SPACE = re.compile(r"\s+")
_YEAR = re.compile(r"(?:1[89]|20)\d\d")


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
        # Marks go first: to put long runs of them in order would take quadratic time.
        bare = "".join([c for c in text if not unicodedata.combining(c)])
        text = "".join([c for c in unicodedata.normalize("NFD", bare) if not unicodedata.combining(c)])
    text = text.replace("&", " and ").strip()
    article = ""
    if trailing := _TRAILING_ARTICLE.match(text):
        text, article = trailing.groups()
    elif leading := _LEADING_ARTICLE.match(text):
        article, text = leading[1], text[leading.end() :]
    return article, _SPACE.sub(" ", _PUNCTUATION.sub("", text)).strip()


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
