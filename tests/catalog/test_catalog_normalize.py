"""Title normalisation against the reference, and where we do better than it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.catalog import make_label, normalize_title, split_label

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"


def test_golden_titles() -> None:
    if not GOLDEN.exists():
        pytest.skip("the reference cases (../shared/golden) are not here")
    for case in json.loads(GOLDEN.read_text(encoding="utf-8"))["normalize_title"]:
        assert normalize_title(case["title"]) == case["normalized"]


@pytest.mark.parametrize(
    ("spellings", "normalized"),
    [
        (["The Matrix", "Matrix, The", "  the  MATRIX "], "matrix"),
        (["Amélie", "AMELIE", "Ame\u0301lie"], "amelie"),
        (["Fast & Furious", "Fast and Furious"], "fast and furious"),
        (["WALL·E", "WALL-E", "Wall_E"], "walle"),
        (["A", "a "], "a"),
        (["The The"], "the"),
        (["8½"], "8½"),
        (["Straße", "STRASSE"], "strasse"),
        (["Theater"], "theater"),
        (["千と千尋の神隠し"], "千と千尋の神隠し"),
        (["???", " ??? "], "???"),
    ],
)
def test_spellings_of_one_title(spellings: list[str], normalized: str) -> None:
    assert {normalize_title(title) for title in spellings} == {normalized}


@given(st.text())
def test_case_and_outer_space_never_matter(title: str) -> None:
    normalized = normalize_title(title)
    assert normalize_title(f"  {title}\t") == normalized
    assert normalize_title(title.upper().lower()) == normalize_title(title.upper())
    assert normalized == " ".join(normalized.split())


titles = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool)


@given(titles, st.integers(1870, 2099))
def test_labels_split_into_what_made_them(title: str, year: int) -> None:
    assert split_label(make_label(title, year)) == (title, year)


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("Heat", ("Heat", None)),
        (" Heat  ( 1995 ) ", ("Heat", 1995)),
        ("(500) Days of Summer (2009)", ("(500) Days of Summer", 2009)),
        ("1984 (1984)", ("1984", 1984)),
        ("Heat (95)", ("Heat (95)", None)),
        ("(1995)", ("(1995)", None)),
        ("Heat (3000)", ("Heat (3000)", None)),
        ("Heat (1995) (1996)", ("Heat (1995)", 1996)),
        ("Heat ((1995)", ("Heat (", 1995)),
        ("Heat 1995)", ("Heat 1995)", None)),
    ],
)
def test_labels_people_write(label: str, parts: tuple[str, int | None]) -> None:
    assert split_label(label) == parts


def test_a_label_without_year_is_the_title() -> None:
    assert make_label("Heat", None) == "Heat"
