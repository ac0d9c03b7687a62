"""What is served over the starter: no must is broken in silence, and known items come first."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.catalog import Catalog, Item
from safecrs.conversation import conversation
from safecrs.preferences import Preference, Preferences, understand
from safecrs.recommenders.rankers.hybrid import HybridRanker
from safecrs.recommenders.rankers.wishes import holds, meets
from safecrs.slates.base import Request
from safecrs.starter import read_starter


@cache
def ranker() -> HybridRanker:
    return HybridRanker(Catalog.from_items(read_starter("film")[0]))


def served(said: str, k: int = 8):
    messages = conversation(said)
    request = Request(messages, preferences=understand(messages, ranker().catalog, today=2026))
    return ranker().rank(request, k), request.preferences


FACETS = ("genres", "themes", "certificates", "countries", "languages", "directors", "cast", "series")


@st.composite
def wishes(draw) -> Preference:
    firmness = draw(st.sampled_from(["must", "never", "rather", "rather not"]))
    facet = draw(st.sampled_from([*FACETS, "years", "runtime", "audience"]))
    if facet in ("years", "runtime"):
        bounds = draw(st.sampled_from([(1930, 2025), (40, 200)][facet == "runtime" :]))
        low, high = sorted((draw(st.integers(*bounds)), draw(st.integers(*bounds))))
        return Preference(facet, (), low, draw(st.sampled_from([high, None])), firmness)
    if facet == "audience":
        return Preference(facet, (draw(st.sampled_from(["kids", "family", "adults"])),), firmness=firmness)
    vocabulary = ranker().catalog.facets.lists[facet].vocabulary
    values = draw(st.lists(st.integers(0, len(vocabulary) - 1), min_size=1, max_size=3))
    return Preference(facet, tuple(vocabulary[value] for value in values), firmness=firmness)


@settings(max_examples=60, deadline=None)
@given(st.lists(wishes(), max_size=5))
def test_no_must_is_broken_in_silence(stated):
    preferences = Preferences(tuple(stated))
    ranked = ranker().rank(Request(conversation("please"), preferences=preferences), 10)
    rows = [item.row for item in ranked.slate]
    assert rows
    for wish in preferences.must:
        assert wish in ranked.relaxed or holds(wish, ranker().catalog)[rows].all()


@pytest.mark.parametrize(
    "said",
    [
        "a western, PG or milder, from the 80s or 90s",
        "romances with Julia Roberts that are not rated R",
        "a film in Italian under two hours",
        "horror before 1980, nothing beyond PG",
        "whatever Kubrick made, not about war",
    ],
)
def test_what_people_insist_on_holds(said):
    ranked, preferences = served(said)
    assert len(preferences.must) >= 2
    assert not ranked.relaxed
    assert ranked.slate
    rows = [item.row for item in ranked.slate]
    assert all(holds(wish, ranker().catalog)[rows].all() for wish in preferences.must)


def test_a_certificate_that_is_not_known_is_not_mild_enough():
    catalog = ranker().catalog
    wish = served("nothing above PG-13, please")[1].must[0]
    unknown = np.diff(catalog.facets.lists["certificates"].bounds) == 0
    assert wish.facet == "certificates"
    assert unknown.any()
    assert not holds(wish, catalog)[unknown].any()


def test_a_film_with_some_french_is_not_in_french():
    french = meets(Preference("languages", ("fr",)), ranker().catalog)
    listed = ranker().catalog.facets.lists["languages"]
    assert all(listed.of(row)[0] == "fr" for row in np.flatnonzero(french).tolist())
    assert french.sum() < len(listed.rows_with("fr"))


@pytest.mark.parametrize(
    ("said", "excluded"),
    [
        ("space films, but no Star Wars", "Star Wars"),
        ("we know every Toy Story, so none of those; animated please", "Toy Story"),
        ("action like John Wick, but I have seen all of them", "John Wick"),
    ],
)
def test_nothing_of_an_unwanted_series_is_served(said, excluded):
    titles = [item.title for item in served(said, 20)[0].slate]
    assert titles
    assert not any(excluded in title for title in titles)


@pytest.mark.parametrize("said", ["a comedy", "something from the 80s", "a drama please", "what is good?"])
def test_well_known_films_come_first_where_nothing_says_otherwise(said):
    rows = [item.row for item in served(said)[0].slate]
    assert (ranker().catalog.facets.popularity[rows] >= 3).all()
    assert ranker().catalog.years[rows].max() - ranker().catalog.years[rows].min() >= 3


def test_a_theme_may_stand_in_the_plot_or_the_title():
    catalog = Catalog.from_items(
        [
            Item("The Lighthouse Keeper", 1990, themes=("solitude",)),
            Item("Storm", 1991, plot="Two sisters keep a lighthouse through the war"),
            Item("Harbour", 1992, themes=("lighthouse",)),
            Item("Inland", 1993, themes=("farm",), plot="A house full of light"),
        ]
    )
    assert meets(Preference("themes", ("lighthouse",)), catalog).tolist() == [True, True, True, False]
