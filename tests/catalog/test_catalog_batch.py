"""Many titles at once are normalised exactly as one by one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from safecrs.catalog.batch import STEP, normalize_many
from safecrs.catalog.normalize import ARTICLES, split_article

# What decides about articles, white space and deletion, dense enough for all of it to meet.
PIECES = [
    *("the", "The", "a", "A", "an", "AN", "and", "matrix", "É", "e\u0301", "\u0301", "ß", "ﬁ", "½", "İ", "K"),
    *(",", ", ", ",  ", "&", " & ", "-", " - ", ".", "…", "’", "_", "!", "¿", "\ufe0f", "\u037e", "≮"),
    *(" ", "  ", "\t", "\n", "\r", "\x00", "\x01", "\x1f", "\x7f", "\x85", "\xa0", "\u2028", "\u3000"),
    *("한국", "千と", "ŉ", "ΐ", "\xff", "🎬", "\ud800"),
]
titles = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(codec="ascii"), max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=9).map("".join),
)


def batch(given_titles: list[str]) -> list[tuple[str, str]]:
    found = normalize_many(given_titles)
    articles = [ARTICLES[code] for code in found.articles.tolist()]
    return [(article, title.decode()) for article, title in zip(articles, found, strict=True)]


@given(st.lists(titles, max_size=12))
@example(["x, The", "The x, A", "the, the", ", the", "the", "A&B", "x,&a", "& the", "The !!!", "The - The"])
@example(["", "", "\n", " ", "the\0 x", "the\u0301 x", "x \u0301, the", "thé x", "the\ufe0f x", "\xff&\xff"])
def test_a_batch_equals_one_by_one(given_titles: list[str]) -> None:
    assert batch(given_titles) == [split_article(title) for title in given_titles]


@pytest.mark.parametrize("frame", ["{}", "the{} x", "x{}, the", "a {}Z{}b"])
def test_every_character_of_the_common_scripts(frame: str) -> None:
    framed = [frame.format(chr(code), chr(code)) for code in [*range(0x3100), *range(0xF900, 0x10000)]]
    assert batch(framed) == [split_article(title) for title in framed]


def test_titles_may_be_read_past_their_end() -> None:
    for asked in ([], [""], ["Heat"], ["\t"]):
        found = normalize_many(asked)
        assert len(found) == len(asked)
        assert all(found.starts + found.lengths + STEP <= len(found.data))
