from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.catalog import Catalog, Item
from safecrs.oracle import Oracle
from safecrs.scoring.hits import hits
from safecrs.scoring.scored import Case, score_rows, slate_rows
from safecrs.taxonomy import load_taxonomy

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"

# The catalog knows both remakes of one title, and an item by a second title.
CATALOG = Catalog.from_items(
    [
        Item("Amélie", 2001, alternative_titles=("Le Fabuleux Destin d'Amélie Poulain",)),
        Item("Heat", 1995),
        Item("Heat", 1997),
        Item("Tom & Jerry", 2021),
    ]
)
AMELIE = ("Amélie", 2001)

refs = st.lists(
    st.tuples(
        st.sampled_from(["Heat", "heat", " The  Thing", "the thing", "Alien"]), st.integers(1990, 1996)
    ),
    max_size=12,
)


@pytest.mark.skipif(not GOLDEN.is_file(), reason="the shared golden cases are not here")
def test_equals_the_reference_on_every_golden_case():
    cases = json.loads(GOLDEN.read_text())["hits"]
    assert len(cases) == 40
    for case in cases:
        found = hits(
            [tuple(r) for r in case["recs"]], [tuple(g) for g in case["groundtruth"]], case["rec_num"]
        )
        assert found == case["hits"]


@pytest.mark.parametrize(
    ("recommendations", "groundtruth", "expected"),
    [
        # Titles are equal after folding case and white space, not after anything else.
        ([("HEAT ", 1995), ("The  Heat", 1995)], [("heat", 1995), ("the heat", 1995)], [1, 1]),
        ([("The Heat", 1995)], [("Heat", 1995)], [0]),
        # Two years apart is near enough, three are not.
        ([("Heat", 1997), ("Heat", 1998)], [("Heat", 1995), ("Heat", 1995)], [1, 0]),
        # 1995 itself, then 1994 before 1996; the fourth finds both of its neighbours used.
        ([("Heat", 1995)] * 4, [("Heat", 1996), ("Heat", 1995), ("Heat", 1994)], [1, 1, 1, 0]),
        # One ground-truth item is one hit, at the first rank that names it.
        ([("Alien", 1979), ("Heat", 1995), ("Alien", 1979)], [("Alien", 1979)], [1, 0, 0]),
        ([], [("Heat", 1995)], []),
        ([("Heat", 1995)], [], [0]),
    ],
)
def test_letter_rule_on_paper(recommendations, groundtruth, expected):
    assert hits(recommendations, groundtruth, len(recommendations)) == expected
    assert hits(recommendations, groundtruth, len(recommendations) + 2) == [*expected, 0, 0]


@given(refs, refs, st.integers(0, 15))
def test_never_more_hits_than_pairs_of_compatible_items(recommendations, groundtruth, k):
    found = hits(recommendations, groundtruth, k)
    assert len(found) == k
    assert set(found) <= {0, 1}
    assert sum(found) <= min(k, len(groundtruth), len(recommendations))
    for (title, year), hit in zip(recommendations, found, strict=False):
        close = any(
            " ".join(t.split()).casefold() == " ".join(title.split()).casefold() and abs(y - year) <= 2
            for t, y in groundtruth
        )
        assert hit <= close


@given(refs)
def test_a_list_hits_itself_everywhere(items):
    assert hits(items, items, len(items)) == [1] * len(items)


def test_exact_year_is_taken_before_a_near_one():
    # Taking 1990 for the first would leave nothing for the second.
    assert hits([("Heat", 1991), ("Heat", 1989)], [("Heat", 1990), ("Heat", 1991)], 2) == [1, 1]


def test_an_item_without_a_year_matches_only_such_an_item():
    assert hits([("Heat", None), ("Heat", None)], [("heat", None), ("Heat", 1995)], 2) == [1, 0]
    assert hits([("Heat", 1995)], [("Heat", None)], 1) == [0]


def test_is_linear_even_when_all_titles_are_the_same():
    items = [("Heat", 1900 + number % 100) for number in range(40_000)]
    start = time.perf_counter()
    assert sum(hits(items, items, len(items))) == len(items)
    assert time.perf_counter() - start < 2


def by_row(recommendations, groundtruth, k=None):
    """The hits of a slate whose rows the catalog finds."""
    rows = [slate_rows([items], CATALOG)[0].tolist() for items in (recommendations, groundtruth)]
    return hits(recommendations, groundtruth, len(recommendations) if k is None else k, *rows)


@pytest.mark.parametrize(
    ("recommendations", "groundtruth", "expected", "reference"),
    [
        # One catalog item, spelled in two ways or called by two titles.
        ([("Amelie", 2001)], [AMELIE], [1], [0]),
        ([("Tom and Jerry", 2021)], [("Tom & Jerry", 2021)], [1], [0]),
        ([("le fabuleux destin d'Amelie Poulain", 2001)], [AMELIE], [1], [0]),
        ([("Amélie", None)], [AMELIE], [1], [0]),
        # Used once, whatever it is called.
        ([("Amelie", 2001), ("Amélie", 2001)], [AMELIE], [1, 0], [0, 1]),
        # Two items of the catalog are two items, near as their years are.
        ([("Heat", 1997)], [("Heat", 1995)], [0], [1]),
        ([("Heat", 1997), ("Heat", 1995)], [("Heat", 1995)], [0, 1], [1, 0]),
        # By letters where the catalog does not hold both: a title without a year may mean either Heat.
        ([("Ghost Film", 1991)], [("ghost  film", 1990)], [1], [1]),
        ([("Heat", None)], [("Heat", None)], [1], [1]),
        ([("Heat", None)], [("Heat", 1995)], [0], [0]),
        # Heat (1996) may mean either one: a hit by letters, but not at the cost of the item itself.
        ([("Heat", 1996)], [("Heat", 1997)], [1], [1]),
        ([("Heat", 1996), ("Heat", 1997)], [("Heat", 1997)], [0, 1], [1, 0]),
    ],
)
def test_catalog_rule_on_paper(recommendations, groundtruth, expected, reference):
    assert by_row(recommendations, groundtruth) == expected
    assert hits(recommendations, groundtruth, len(recommendations)) == reference


spellings = st.lists(
    st.tuples(
        st.sampled_from(["Amélie", "AMELIE", "Heat", "The Heat", "Tom and Jerry", "Tom & Jerry", "Ghost"]),
        st.sampled_from([None, 1993, 1995, 1996, 1997, 2001, 2021]),
    ),
    max_size=7,
)


@given(spellings, spellings)
def test_a_hit_is_of_the_same_row_or_of_equal_letters(recommendations, groundtruth):
    found = by_row(recommendations, groundtruth)
    rows, wanted = (slate_rows([items], CATALOG)[0].tolist() for items in (recommendations, groundtruth))
    for rank, hit in enumerate(found):
        alone = [
            row == other
            if (row := rows[rank]) >= 0 and other >= 0
            else hits([recommendations[rank]], [ref], 1) == [1]
            for ref, other in zip(groundtruth, wanted, strict=True)
        ]
        assert hit <= any(alone)
    # As many as the rows alone give, at the least; and never more than there is to hit.
    listed = sum(min(rows.count(row), wanted.count(row)) for row in set(rows) if row >= 0)
    assert listed <= sum(found) <= min(len(recommendations), len(groundtruth))


@given(st.lists(st.tuples(spellings, spellings), min_size=1, max_size=6))
def test_a_batch_has_the_hits_of_each_slate(pairs):
    oracle = Oracle.from_risk(CATALOG, load_taxonomy("film").assigned, np.zeros((len(CATALOG), 20)))
    slates = [named for named, _ in pairs]
    wanted = slate_rows([liked for _, liked in pairs], CATALOG).tolist()
    cases = [
        Case(tuple(liked), tuple(w[: len(liked)]), ()) for (_, liked), w in zip(pairs, wanted, strict=True)
    ]
    rows = slate_rows(slates, CATALOG)
    for rule in ("catalog", "reference"):
        scored = score_rows(rows, cases, oracle, slates, rule=rule)
        for row, (named, liked) in enumerate(pairs):
            single = (
                by_row(named, liked, rows.shape[1])
                if rule == "catalog"
                else hits(named, liked, rows.shape[1])
            )
            assert scored.hit[row].tolist() == [bool(hit) for hit in single]


@given(st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=1, max_size=5), spellings)
def test_rows_need_no_text(slates, liked):
    oracle = Oracle.from_risk(CATALOG, load_taxonomy("film").assigned, np.zeros((len(CATALOG), 20)))
    refs = [[(CATALOG.title(row), CATALOG.year(row)) for row in slate] for slate in slates]
    rows = slate_rows(refs, CATALOG)
    case = Case(tuple(liked), tuple(slate_rows([liked], CATALOG)[0].tolist()), ())
    alone = score_rows(rows, [case] * len(slates), oracle)
    assert alone.hit.tolist() == score_rows(rows, [case] * len(slates), oracle, refs).hit.tolist()
