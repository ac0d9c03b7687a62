"""One canonical key for all spellings of a title, and another for another title."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.catalog.canonical import (
    canonical_keys,
    canonical_title,
    canonicalize_many,
    running_keys,
)
from safecrs.catalog.normalize import ARTICLES

pieces = st.sampled_from(
    [
        *"&;#()[]$+.,/-'’³½ⅡаΗ \n\t\x00\u200b\u0301\ud800",
        "&amp;",
        "&#10;",
        "the",
        "The ",
        ", a",
        " part ",
        "Vol. ",
        *("two", "iv", "13th", "(Uncut)", "1/2", "and a half", "10,000", "S.O.S.", "ﷺ", "千と", "x"),
    ]
)
titles = st.one_of(st.text(max_size=30), st.lists(pieces, max_size=9).map("".join))


@given(st.lists(titles, max_size=8))
def test_a_batch_equals_one_by_one(given_titles: list[str]) -> None:
    alone = [canonical_keys([title]) for title in given_titles]
    articles, keys = canonical_keys(given_titles)
    assert articles == [article for (article,), _ in alone]
    assert keys == [key for _, (key,) in alone] == [canonical_title(title) for title in given_titles]
    columns = canonicalize_many(given_titles)
    assert [key.decode() for key in columns] == keys
    assert [ARTICLES[code] for code in columns.articles.tolist()] == articles


@given(titles)
def test_a_key_is_lower_case_words(title: str) -> None:
    key = canonical_title(title)
    assert key == " ".join(key.split()) == key.casefold()
    assert canonical_title(f"  {title}\u200b ") == key


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (["Tick-Tock", "tick tock", "TICK · TOCK", "Tick/Tock", "Tick—Tock", "Tick | Tock"], "tick tock"),
        (
            ["Cube II", "Cube 2", "Cube Two", "Cube²", "Cube^2", "Cube: Part II", "Cube, Vol. 2", "Cube Ⅱ"],
            "cube 2",
        ),
        (["Ape: Chapter One", "Ape 1", "Ape I", "Ape Pt. 1", "Ape (Part One)"], "ape 1"),
        (["Twelve Owls", "12 Owls", "XII Owls"], "12 owls"),
        (["The Ninth Door", "9th Door, The", "Ninth Door The"], "9th door"),
        (["2½ Owls", "2 1/2 Owls", "Two and a Half Owls", "Two ½ Owls"], "2 1⁄2 owls"),
        (
            ["Cats & Owls", "Cats &amp; Owls", "Cats &amp;amp; Owls", "Cats + Owls", "Cats 'n' Owls"],
            "cats and owls",
        ),
        (["Owl's Nest", "Owl&#39;s Nest", "Owl&rsquo;s Nest", "Owl’s Nest", "Owls Nest"], "owls nest"),
        (["Ca$h Owl", "Cash Owl"], "cash owl"),
        (["Million $ Owl", "Million Dollar Owl"], "million dollar owl"),
        (["10,000 Owls", "10000 Owls"], "10000 owls"),
        (["Doctor Owl vs. Cat", "Dr. Owl v Cat", "Dr Owl Versus Cat"], "dr owl 5 cat"),
        (["S.O.S. Owl", "SOS Owl"], "sos owl"),
        (["Owl (Director's Cut)", "Owl [Extended] (4K)", "owl"], "owl"),
        (["Rоcket", "Roсket", "Ｒocket", "𝐑ocket", "ROC\u00adKET", "r\u200bocket", "Röcket"], "rocket"),
        (["Ꮪmile", "Ѕmile", "ＳＭＩＬＥ"], "smile"),
    ],
)
def test_spellings_of_one_title(spellings: list[str], key: str) -> None:
    assert {spelling: canonical_title(spelling) for spelling in spellings} == dict.fromkeys(spellings, key)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rocky", "Rocky II"),
        ("Rocky", "Rocky I"),
        ("Nine", "9"),
        ("X", "Ten"),
        ("The Nine", "9"),
        ("Chapter 27", "27"),
        ("Part II", "II"),
        ("Under World", "Underworld"),
        ("District 9 11", "District 911"),
        ("Saw IV", "Saw VI"),
        ("[REC]", ""),
        ("Heat (Remake)", "Heat"),
        ("Брат", "Bpat"),  # no Latin letter looks like the first
    ],
)
def test_titles_that_are_two(one: str, other: str) -> None:
    assert canonical_title(one) != canonical_title(other)


@pytest.mark.parametrize(
    "title", ["Heat (Director's Cut)", "Heat [extended edition]", "Heat (Unrated) [4K]", "Heat"]
)
def test_edition_remarks_are_dropped(title: str) -> None:
    assert canonical_title(title) == "heat"


def test_what_is_too_long_for_a_title_has_no_key() -> None:
    assert canonical_keys(["Saw" + " " * 1000, "Saw"])[1] == ["", "saw"]


def test_words_of_a_text_add_up_to_the_keys_of_titles() -> None:
    forms, alone = running_keys(["Kill", "Bill", "Vol.", "Two", "X-Men", "Part", "of", "Nine"])
    assert forms == ["kill", "bill", "", "2", "10 men", "part", "of", "9"]
    assert alone == ["kill", "bill", "vol", "two", "10 men", "part", "of", "nine"]
