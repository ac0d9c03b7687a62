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
