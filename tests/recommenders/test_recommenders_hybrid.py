"""The hybrid ranker: what its parts score, what must hold, variety and reasons."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranker_world import ask

from safecrs.catalog import Catalog, Item
from safecrs.conversation import Message
from safecrs.preferences import Named, Preference, Preferences
from safecrs.recommenders.rankers import RANKERS
from safecrs.recommenders.rankers.hybrid import HybridRanker, Reason, load_provenance, load_tables
from safecrs.recommenders.rankers.meaning import Meaning
from safecrs.recommenders.rankers.parts import Chosen, Described, SharedFacets, Spoken
from safecrs.recommenders.rankers.query import Query, words_of
from safecrs.recommenders.rankers.talks import Turn, moments
from safecrs.slates.base import Request

SERIES = [
    Item(f"Robot Years {n}", 2000 + n, genres=("sci-fi",), series=(f"Robot Years #{n}",), popularity=5)
    for n in (1, 2, 3, 4)
]
SHELF = Catalog.from_items(
    [
        *SERIES,
        Item(
            "Tin Heart",
            2003,
            genres=("sci-fi", "drama"),
            directors=("Ida Voss",),
            themes=("robots",),
            plot="A robot learns to paint.",
            popularity=3,
        ),
        Item(
            "The Clockmaker",
            1961,
            genres=("drama",),
            directors=("Ida Voss",),
            themes=("robots", "clocks"),
            plot="An old man repairs a clock tower.",
            popularity=1,
            alike=("Dry Season (1974)",),
        ),
        Item("Dry Season", 1974, genres=("western",), plot="Farmers wait for rain.", popularity=1),
        Item(
            "Ghost Lease",
            2012,
            genres=("horror", "comedy"),
            cast=("Bo Lund",),
            plot="A flat comes with its last tenant.",
            popularity=4,
        ),
    ]
)
ROW = {SHELF.title(row): row for row in range(len(SHELF))}


def wish(*stated: Preference, named=(), text="hello", seen=()) -> Request:
    return Request(
        (Message(role="user", content=text),),
        seen=frozenset(seen),
        preferences=Preferences(stated, tuple(named)),
    )


def titles(ranked):
    return [item.title for item in ranked.slate]


@pytest.fixture(scope="module")
def ranker():
    return HybridRanker(SHELF)


def talk(*turns):
    return [
        Turn(Message(role=role, content=text), named, suggested) for role, text, named, suggested in turns
    ]


def test_words_lose_stop_words_plurals_and_accents():
    assert words_of("Hi! Any scary movies about Cafés and spies, please?") == ["horror", "cafe", "spy"]


def test_a_query_knows_who_named_what():
    request = Request(
        (
            Message(role="user", content="I loved Tin Heart (2003)."),
            Message(role="assistant", content="Then Ghost Lease (2012), a comedy?"),
            Message(role="user", content="Not Ghost Lease (2012). Something with clocks"),
        ),
        preferences=Preferences(named=(Named("Ghost Lease", ROW["Ghost Lease"], "disliked", 2, 4, 15),)),
    )
    query = Query.of(request, SHELF)
    assert query.named.tolist() == query.own.tolist() == [ROW["Tin Heart"]]
    assert query.offered.tolist() == []
    assert query.disliked.tolist() == [ROW["Ghost Lease"]]
    assert "comedy" in query.words
    assert "comedy" not in query.own_words
    assert "heart" not in query.words


def test_a_must_holds_for_every_item_even_if_the_list_is_short(ranker):
    ranked = ranker.rank(wish(Preference("directors", ("Ida Voss",), firmness="must")))
    assert set(titles(ranked)) == {"Tin Heart", "The Clockmaker"}
    assert ranked.relaxed == ()


def test_a_never_is_kept_out_and_a_wish_comes_first(ranker):
    never = ranker.rank(wish(Preference("genres", ("sci-fi",), firmness="never")))
    assert set(titles(never)) == {"The Clockmaker", "Dry Season", "Ghost Lease"}
    rather = wish(Preference("genres", ("western",)))
    asked = ranker.parts(Query.of(rather, SHELF))["asked genres"]
    assert np.flatnonzero(asked > 0).tolist() == [ROW["Dry Season"]]
    assert len(titles(ranker.rank(rather))) == len(SHELF)


def test_what_cannot_hold_is_relaxed_and_named(ranker):
    western = Preference("genres", ("western",), firmness="must")
    late = Preference("years", low=2010, firmness="must")
    ranked = ranker.rank(wish(western, late), blocked=np.arange(len(SHELF)) == ROW["Ghost Lease"])
    assert ranked.relaxed == (late,)
    assert titles(ranked) == ["Dry Season"]


def test_seen_blocked_and_disliked_items_are_left_out(ranker):
    disliked = Named("Dry Season", ROW["Dry Season"], "disliked", 0, 0, 5)
    request = wish(named=[disliked], seen=[0])
    ranked = ranker.rank(request, blocked=np.arange(len(SHELF)) == 1)
    assert not {SHELF.label(0), SHELF.label(1), "Dry Season (1974)"} & {
        SHELF.label(item.row) for item in ranked.slate
    }
    assert len(ranked.slate) == len(SHELF) - 3


def test_a_series_has_two_places_until_nothing_else_is_left(ranker):
    ranked = ranker.rank(wish(Preference("genres", ("sci-fi",))), k=6)
    assert sum(title.startswith("Robot") for title in titles(ranked)[:5]) == 2
    everything = ranker.rank(wish(Preference("genres", ("sci-fi",))), k=20)
    assert len(everything.slate) == len(SHELF)


def test_reasons_name_wishes_and_the_item_it_is_like(ranker):
    ranked = ranker.rank(
        wish(Preference("genres", ("drama",), firmness="must"), seen=[ROW["The Clockmaker"]])
    )
    (reasons,) = ranked.reasons
    assert Reason("asked", "genres", ("drama",)) in reasons
    assert Reason("like", "directors", ("Ida Voss",), ROW["The Clockmaker"]) in reasons
    assert Reason("like", "themes", ("robots",), ROW["The Clockmaker"]) in reasons


def test_the_catalogs_own_lists_of_like_items_are_followed():
    parts = HybridRanker(SHELF).parts(Query.of(ask("x", seen=[ROW["The Clockmaker"]]), SHELF))
    assert np.flatnonzero(parts["alike"]).tolist() == [ROW["Dry Season"]]
    with_list = HybridRanker(SHELF, weights={"alike": 1.0})
    ranked = with_list.rank(ask("x", seen=[ROW["The Clockmaker"]]))
    assert ranked.slate[0].row == ROW["Dry Season"]
    assert ranked.reasons[0][0] == Reason("like", row=ROW["The Clockmaker"])


def test_rare_facets_weigh_more_than_common_ones():
    shared = SharedFacets(SHELF)
    near = shared.alike("themes", np.array([ROW["Tin Heart"]]))
    assert near[ROW["Tin Heart"]] == pytest.approx(1)
    assert 0 < near[ROW["The Clockmaker"]] < 1
    assert near[ROW["Dry Season"]] == 0


def test_ease_is_exact_where_few_items_are_near():
    people = [[0, 4], [0, 4], [0, 4, 5], [5, 6], [1, 2], [1, 2, 3]]
    histories = [np.array(person, dtype=np.int32) for person in people]
    chosen = Chosen(SHELF, histories, [], penalty=2.0, near=8)
    own, offered = chosen.scores(Query.of(ask("x", seen=[0]), SHELF))
    x = np.zeros((len(people), len(SHELF)))
    for user, rows in enumerate(people):
        x[user, rows] = 1
    inverse = np.linalg.inv(x.T @ x + 2.0 * np.eye(len(SHELF)))
    expected = -inverse[0] / np.diag(inverse)
    expected[0] = 0
    assert own == pytest.approx(expected, abs=1e-5)
    assert not offered.any()
    assert own.argmax() == 4


def test_words_of_training_conversations_lift_what_followed_them():
    talks = [
        talk(("user", "a rainy sunday", (), ()), ("assistant", "this", (7,), (7,))),
        talk(("user", "sunday again", (), ()), ("assistant", "this", (7,), (7,))),
    ] * 4 + [talk(("user", "a monday", (), ()), ("assistant", "that", (2,), (2,)))] * 8
    spoken = Spoken(SHELF, talks)
    lift = spoken.scores(Query.of(ask("sunday evening"), SHELF))
    assert lift.argmax() == 7
    assert lift[2] == 0
    assert not spoken.scores(Query.of(ask("unheard"), SHELF)).any()
    assert [len(before) for before, _ in moments(talks[0])] == [1]


def test_bm25_finds_plots_by_words_and_by_named_items():
    described = Described(SHELF)
    assert described.by_words(Query.of(ask("about a clock tower"), SHELF)).argmax() == ROW["The Clockmaker"]
    assert not described.by_words(Query.of(ask("xyzzy"), SHELF)).any()
    near = described.like(np.array([ROW["Tin Heart"]]))
    assert near.argsort()[-2] == ROW["The Clockmaker"]


@pytest.mark.parametrize("name", RANKERS)
def test_a_catalog_of_bare_titles_is_ranked(name):
    bare = Catalog.from_items([Item("Apart"), Item("Bridge", 2000)])
    first, second = RANKERS[name](bare, []).recommend([ask("a clock in Paris"), ask("hi", seen=[0])])
    assert sorted(item.row for item in first) == [0, 1]
    assert [item.row for item in second] == [1]


def test_meaning_compares_vectors_that_are_made_once():
    vectors = np.eye(len(SHELF), 8, dtype=np.float32)
    asked: list[str] = []

    def embed(texts):
        asked.extend(texts)
        return np.eye(8, dtype=np.float32)[[6 if "dry" in text else 0 for text in texts]]

    ranker = HybridRanker(SHELF, meaning=Meaning(vectors, embed), weights={"meant": 1.0})
    assert ranker.rank(ask("somewhere dry")).slate[0].row == 6
    assert asked[0] == "somewhere dry"
    assert len(asked) == 2
    assert not ranker.meaning.by_words(Query.of(ask(""), SHELF)).any()


def test_the_stored_weights_are_of_parts_that_exist_and_say_how_they_were_made():
    parts = set(HybridRanker(SHELF).parts(Query.of(ask("x"), SHELF)))
    for name, weights in load_tables().items():
        assert set(weights) <= parts, name
        assert "recall@10" in load_provenance()[name]
    learnt = ("alone", "histories", "talks")
    assert set(load_tables()) == {*learnt, *(f"{name}-meaning" for name in learnt)}


@given(st.text(max_size=80), st.integers(0, 9), st.frozensets(st.integers(0, len(SHELF) - 1)))
def test_any_text_gives_distinct_unseen_items(text, k, seen):
    (slate,) = HybridRanker(SHELF).recommend([ask(text, seen=seen)], k)
    rows = [item.row for item in slate]
    assert len(rows) == len(set(rows)) == min(k, len(SHELF) - len(seen))
    assert not seen & set(rows)


@pytest.mark.slow
def test_a_request_over_3000_items_takes_milliseconds():
    items = [
        Item(
            f"Item number {n}",
            1950 + n % 70,
            genres=(f"kind {n % 20}",),
            cast=(f"Actor {n % 900}",),
            plot=f"word{n % 50} word{n % 71}",
            popularity=n % 6,
        )
        for n in range(3000)
    ]
    rng = np.random.default_rng(0)
    histories = [np.unique(rng.integers(0, 3000, 60)).astype(np.int32) for _ in range(600)]
    ranker = HybridRanker(Catalog.from_items(items), histories)
    requests = [ask(f"word{n} like Item number {n} (19{50 + n % 50})", seen=[n]) for n in range(20)]
    ranker.recommend(requests[:2])
    start = time.process_time()
    ranker.recommend(requests)
    assert (time.process_time() - start) / len(requests) < 0.05


def test_a_mapped_catalog_is_ranked_as_one_in_memory(tmp_path):
    from safecrs.oracle import Oracle, load_starter

    load_starter("film").save(tmp_path / "o")
    mapped = Oracle.load(tmp_path / "o").catalog
    asked = ask("a heist in Paris")
    assert titles(HybridRanker(mapped).rank(asked)) == titles(
        HybridRanker(load_starter("film").catalog).rank(asked)
    )
