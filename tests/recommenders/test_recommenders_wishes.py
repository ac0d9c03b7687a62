"""Which items meet what is insisted on, and what is relaxed where none does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.catalog import Catalog, Item
from safecrs.preferences import Preference
from safecrs.recommenders.rankers.wishes import candidates, holds, meets

SHIPS = Catalog.from_items(
    [
        Item("The Slow Ferry", 1954, genres=("drama",), runtime=90, audience="general", popularity=4.5),
        Item("Harbour Lights", 1999, genres=("drama", "romance"), runtime=125, popularity=1.0),
        Item("Deep Water Nine", 2015, genres=("thriller",), cast=("Ann Ewe",), audience="teens"),
        Item("Untold", None, genres=()),
    ]
)
ALL = np.ones(4, dtype=np.bool_)


def rows(mask):
    return np.flatnonzero(mask).tolist()


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Preference("genres", ("romance", "thriller")), [1, 2]),
        (Preference("cast", ("Ann Ewe",)), [2]),
        (Preference("genres", ("no such",)), []),
        (Preference("years", low=1999), [1, 2]),
        (Preference("years", high=1999), [0, 1]),
        (Preference("runtime", high=100), [0]),
        (Preference("audience", ("teens", "general")), [0, 2]),
        (Preference("fame", ("known",)), [0]),
        (Preference("fame", ("hidden",)), [1]),
        (Preference("fame", ("classic",)), [0]),
        (Preference("fame"), []),
    ],
)
def test_an_item_meets_a_wish_only_where_the_catalog_says_so(wish, expected):
    assert rows(meets(wish, SHIPS)) == expected


def test_never_leaves_the_rest_and_words_exclude_nothing():
    assert rows(holds(Preference("genres", ("drama",), firmness="never"), SHIPS)) == [2, 3]
    assert rows(holds(Preference("text", ("set at sea",), firmness="must"), SHIPS)) == [0, 1, 2, 3]


def test_all_musts_hold_where_they_can():
    musts = [
        Preference("genres", ("drama",), firmness="must"),
        Preference("years", low=1990, firmness="must"),
    ]
    found, relaxed = candidates(musts, SHIPS, ALL)
    assert (rows(found), relaxed) == ([1], ())


def test_the_fewest_musts_are_relaxed_and_named():
    drama = Preference("genres", ("drama",), firmness="must")
    ann = Preference("cast", ("Ann Ewe",), firmness="must")
    late = Preference("years", low=1990, firmness="must")
    found, relaxed = candidates([drama, ann, late], SHIPS, ALL)
    assert relaxed in ((drama,), (ann,))
    assert rows(found) in ([1], [2])
    found, relaxed = candidates([drama, late], SHIPS, np.array([False, False, True, True]))
    assert (rows(found), relaxed) == ([2], (drama,))


def test_nothing_is_relaxed_where_nothing_is_allowed():
    found, relaxed = candidates([Preference("genres", ("drama",), firmness="must")], SHIPS, ~ALL)
    assert (rows(found), relaxed) == ([], ())


def test_many_impossible_musts_are_relaxed_at_once():
    musts = [Preference("genres", (f"kind {number}",), firmness="must") for number in range(60)]
    found, relaxed = candidates(musts, SHIPS, ALL)
    assert found.all()
    assert len(relaxed) == 60


WISHES = st.builds(
    Preference,
    st.sampled_from(["genres", "years", "audience"]),
    st.tuples(st.sampled_from(["drama", "thriller", "teens", "opera"])),
    low=st.sampled_from([None, 1960, 2010]),
    firmness=st.sampled_from(["must", "never"]),
)


@given(st.lists(WISHES, max_size=4))
def test_what_is_not_relaxed_holds_for_every_candidate(musts):
    found, relaxed = candidates(musts, SHIPS, ALL)
    assert found.any()
    left = list(musts)
    for wish in relaxed:
        left.remove(wish)
    for wish in left:
        assert holds(wish, SHIPS)[found].all()
