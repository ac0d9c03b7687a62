from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.scoring.hits import hits

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"

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
