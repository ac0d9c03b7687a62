"""Popularity, neighbours, retrieval and the filter behind them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranker_world import ask

from safecrs.catalog import Catalog, Item
from safecrs.recommenders.filtered import FilteredRanker
from safecrs.recommenders.histories import history_rows, like_counts
from safecrs.recommenders.rankers.bm25 import BM25Ranker
from safecrs.recommenders.rankers.collaborative import NeighboursRanker, PopularityRanker
from safecrs.recommenders.rankers.ranking import ScoringRanker
from safecrs.slates.base import Recommendation


def titles(slate):
    return [item.title for item in slate]


def rows(slate):
    return [item.row for item in slate]


def test_tastes_resolve_and_count_each_person_once(catalog):
    people = [
        [("Alien", 1979), ("alien", 1980), ("No Such Film", 2000)],
        [],
        [("Emma", 1996), ("Alien", 1979)],
    ]
    resolved = history_rows(people, catalog)
    assert [list(taste) for taste in resolved] == [[0], [], [0, 6]]
    assert like_counts(resolved, len(catalog))[[0, 6]].tolist() == [2, 1]
    assert history_rows([], catalog) == []


def test_popularity_orders_by_likes_and_leaves_out_what_was_seen(catalog, tastes):
    ranker = PopularityRanker(catalog, tastes)
    first, second = ranker.recommend([ask("hello"), ask("hello", seen=[0, 3])], k=4)
    assert rows(first) == [0, 1, 3, 4]
    assert rows(second) == [1, 4, 5, 6]
    assert first[0] == Recommendation("Alien", 1979, 0)


def test_neighbours_follow_what_the_conversation_names(catalog, tastes):
    ranker = NeighboursRanker(catalog, tastes)
    by_text, by_seen, nothing = ranker.recommend(
        [ask('I loved "Rio Bravo", more please'), ask("more like those", seen=[5]), ask("anything")], k=2
    )
    assert titles(by_text)[0] == "Unforgiven"
    assert titles(by_seen) == ["Emma", "Amélie"]
    assert rows(nothing) == rows(PopularityRanker(catalog, tastes).recommend([ask("anything")], 2)[0])


def test_neighbours_score_is_the_shrunken_cosine(catalog, tastes):
    ranker = NeighboursRanker(catalog, tastes)
    # Alien was liked by 4, Aliens by 3, both by 3.
    assert ranker.similarity[0, 1] == pytest.approx(3 / np.sqrt(4 * 3) * 3 / (3 + 3))
    assert abs(ranker.similarity - ranker.similarity.T).max() == 0
    assert ranker.similarity.diagonal().max() == 0


def test_retrieval_reads_the_words_of_genre_and_plot(catalog, tastes):
    ranker = BM25Ranker(catalog, tastes, prior=0.1)
    western, spaceship = ranker.recommend([ask("any westerns?"), ask("a monster on a spaceship")], k=2)
    assert set(titles(western)) == {"Unforgiven", "Rio Bravo"}
    assert titles(spaceship)[0] == "Alien"


def test_retrieval_takes_a_named_film_for_its_document(catalog):
    ranker = BM25Ranker(catalog, prior=0.0)
    (slate,) = ranker.recommend([ask("Clueless (1995) again", seen=[5])], k=1)
    assert titles(slate) == ["Emma"]


def test_retrieval_without_a_known_word_is_popularity(catalog, tastes):
    request = ask("xyzzy")
    assert rows(BM25Ranker(catalog, tastes).recommend([request], 5)[0]) == rows(
        PopularityRanker(catalog, tastes).recommend([request], 5)[0]
    )


@pytest.mark.parametrize("make", [PopularityRanker, NeighboursRanker, BM25Ranker])
def test_rankers_stop_at_the_end_of_the_catalog_and_take_empty_batches(make, catalog, tastes):
    ranker = make(catalog, tastes)
    (slate,) = ranker.recommend([ask("hi", seen=[2, 3])], k=1000)
    assert sorted(rows(slate)) == [row for row in range(len(catalog)) if row not in (2, 3)]
    assert ranker.recommend([], 10) == []
    assert ranker.recommend([ask("hi")], 0) == [[]]
    assert make(catalog, []).recommend([ask("hi")], 1)[0]


class Scored(ScoringRanker):
    """Has the same scores for every request."""

    name = "scored"

    def __init__(self, catalog, scores):
        super().__init__(catalog)
        self.fixed = np.array([scores])

    def scores(self, requests):
        return np.repeat(self.fixed, len(requests), axis=0)


@given(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=30), st.integers(0, 40), st.data()
)
def test_scores_are_sorted_stably_and_skip_the_seen(scores, k, data):
    items = Catalog.from_items(Item(f"Film {number}", 2000) for number in range(len(scores)))
    seen = data.draw(st.frozensets(st.integers(0, len(scores) - 1)))
    (slate,) = Scored(items, scores).recommend([ask("hi", seen=seen)], k)
    expected = sorted(set(range(len(scores))) - seen, key=lambda row: (-scores[row], row))[:k]
    assert rows(slate) == expected


@pytest.mark.parametrize("unknown", ["allow", "exclude"])
def test_filter_drops_the_unsafe_and_fills_up_in_order(unknown, catalog, oracle, tastes):
    inner = PopularityRanker(catalog, tastes)
    ranker = FilteredRanker(inner, oracle, unknown)
    requests = [ask("hi", ["gore"]), ask("hi"), ask("hi", ["gore", "torture"])]
    slates = ranker.recommend(requests, k=6)
    for request, slate in zip(requests, slates, strict=True):
        blocked = oracle.unsafe(request.constraints)
        if unknown == "exclude":
            blocked = blocked | oracle.unknown(request.constraints)
        order = rows(inner.recommend([request], len(catalog))[0])
        assert rows(slate) == [row for row in order if not blocked[row]][:6]
    assert len(slates[0]) == len(slates[1]) == 6
    assert slates[2] == []
    assert ranker.name == "popularity + filter"


class Scripted:
    """Recommends what it is told to, however much is asked for."""

    name = "scripted"

    def __init__(self, slate):
        self.slate, self.asked = slate, []

    def recommend(self, requests, k=10):
        self.asked.append(k)
        return [self.slate[:k] for _ in requests]


def test_filter_treats_items_outside_the_catalog_as_unknown(oracle):
    made_up, alien, emma = (
        Recommendation("Made Up", 2030, -1),
        Recommendation("Alien", 1979, 0),
        Recommendation("Emma", 1996, 6),
    )
    inner = Scripted([made_up, alien, emma])
    request = ask("hi", ["horror"])
    assert FilteredRanker(inner, oracle).recommend([request], 3) == [[made_up, emma]]
    assert FilteredRanker(inner, oracle, "exclude").recommend([request], 3) == [[emma]]
    assert inner.asked == [12, 12], "an inner ranker with nothing more to say must not be asked again"
