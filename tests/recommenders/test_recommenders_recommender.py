from __future__ import annotations

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, Verdict, load_starter
from safecrs.recommenders.rankers.ranking import as_slate
from safecrs.recommenders.recommender import Recommender
from safecrs.slates.base import Recommendation
from safecrs.taxonomy import load_taxonomy

TRAITS = load_taxonomy("film").ids


class Everything:
    """The whole catalog in its order, then a film nobody knows: heeds neither safety nor what was seen."""

    name = "everything"

    def __init__(self, catalog):
        self.catalog = catalog

    def recommend(self, requests, k=10):
        made_up = Recommendation("No Such Film", 1999, -1)
        return [([made_up, *as_slate(range(len(self.catalog)), self.catalog)])[:k] for _ in requests]


@pytest.fixture(scope="module")
def films():
    return Recommender.load("film")


@pytest.fixture(scope="module")
def reckless(world):
    return Recommender(world.oracle, Everything(world.catalog))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    traits=st.lists(st.sampled_from(TRAITS), max_size=4),
    threshold=st.floats(0.05, 1.0),
    k=st.integers(1, 30),
    unknown=st.sampled_from(["exclude", "allow"]),
)
def test_nothing_unsafe_comes_out(traits, threshold, k, unknown):
    recommender = Recommender.load("film", unknown=unknown)
    thresholds = dict.fromkeys(traits[:1], threshold)
    answer = recommender.recommend(
        "Something scary like Alien (1979)? My daughter is terrified of spiders, though.",
        traits=traits,
        thresholds=thresholds,
        k=k,
    )
    assert {found.trait for found in answer.disclosures} | set(traits) == set(answer.constraints)
    assert len(answer.suggestions) <= k
    for item in answer.suggestions:
        check = recommender.oracle.check(item.title, item.year, answer.constraints)
        assert check.row == item.row
        assert check.verdict is item.verdict
        assert item.verdict in ((Verdict.SAFE,) if unknown == "exclude" else (Verdict.SAFE, Verdict.UNKNOWN))
        assert bool(item.note) == (item.verdict is Verdict.UNKNOWN)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(traits=st.lists(st.sampled_from(TRAITS), max_size=3), unknown=st.sampled_from(["exclude", "allow"]))
def test_a_reckless_policy_is_held_back(world, traits, unknown):
    recommender = Recommender(world.oracle, Everything(world.catalog), unknown)
    answer = recommender.recommend("anything", traits=traits, k=60)
    rows = {item.row for item in answer.suggestions}
    unsafe = world.oracle.unsafe(answer.constraints)
    without_verdict = world.oracle.unknown(answer.constraints)
    expected = {
        row for row in range(60) if not unsafe[row] and (unknown == "allow" or not without_verdict[row])
    }
    assert rows - {-1} <= expected
    assert len(rows) >= min(60, len(expected)) - 1


def test_unknown_items_appear_only_on_request_and_with_a_note(world, reckless):
    strict = reckless.recommend("films please", traits=["gore"], k=60)
    assert {item.verdict for item in strict.suggestions} == {Verdict.SAFE}
    assert all(not item.note for item in strict.suggestions)
    open_minded = Recommender(world.oracle, Everything(world.catalog), "allow")
    answer = open_minded.recommend("films please", traits=["gore"], k=60)
    unknown = [item for item in answer.suggestions if item.verdict is Verdict.UNKNOWN]
    assert {item.row for item in unknown} >= {-1, 6, 13}
    assert all(item.note for item in unknown)
    assert all(not item.note for item in answer.suggestions if item.verdict is Verdict.SAFE)


def test_films_a_person_names_are_not_recommended_back(world, reckless, films):
    answer = reckless.recommend("I liked Film 1 (1961) and Film 3 (1963).", k=60)
    assert answer.suggestions
    assert not {1, 3} & {item.row for item in answer.suggestions}
    answer = films.recommend("Something like Alien (1979) and Jaws (1975).", k=50)
    assert not {"Alien", "Jaws"} & {item.title for item in answer.suggestions}


def test_the_persons_own_threshold_counts(films):
    def slate(threshold):
        answer = films.recommend(
            "a war film", thresholds={"gore": threshold} if threshold else {}, k=100, detect=False
        )
        assert answer.constraints == ({"gore": threshold} if threshold else {})
        return {item.row for item in answer.suggestions}

    strict, usual, free = slate(0.1), slate(0.66), slate(None)
    assert len(usual) == len(free) == 100 > len(strict) > 0
    assert films.oracle.unsafe({"gore": 0.1})[list(usual)].any()
    assert films.oracle.unsafe({"gore": 0.66})[list(free)].any()
    assert not films.oracle.unsafe({"gore": 0.1})[list(strict)].any()


def test_two_names_of_a_trait_keep_the_stricter_threshold(films):
    name = films.oracle.taxonomy.trait("gore").name
    for thresholds in ({"gore": 0.2, name: 0.9}, {name: 0.9, "gore": 0.2}):
        assert films.recommend("hello", thresholds=thresholds).constraints["gore"] == 0.2


@pytest.mark.parametrize("k", [1.5, "3", 0, None])
def test_a_number_of_items_that_is_none_is_refused(films, k):
    with pytest.raises(SafecrsError, match="whole number"):
        films.recommend("hello", k=k)


def test_detection_can_be_turned_off(films):
    text = "My daughter is terrified of spiders, what can we watch?"
    assert films.recommend(text).constraints
    answer = films.recommend(text, detect=False)
    assert not answer.constraints
    assert not answer.disclosures


@pytest.mark.parametrize("messages", ["", "  \n", [], [{"role": "assistant", "content": "Hello"}]])
def test_an_empty_conversation_is_refused(films, messages):
    with pytest.raises(SafecrsError, match="conversation is empty"):
        films.recommend(messages)


@pytest.mark.parametrize("message", [{"role": "brother"}, {"content": "my brother died"}, {"role": "user"}])
def test_a_malformed_message_is_refused_without_repeating_it(films, message):
    with pytest.raises(SafecrsError, match="role") as caught:
        films.recommend([message])
    assert "brother" not in str(caught.value)


def test_unknown_trait_and_impossible_threshold(films):
    with pytest.raises(SafecrsError, match=r"Unknown film trait 'goer'.*gore"):
        films.recommend("hello", traits=["goer"])
    for threshold in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(SafecrsError, match="threshold"):
            films.recommend("hello", thresholds={"gore": threshold})


def test_nothing_disclosed_shows_in_reprs_or_logs(films, caplog):
    caplog.set_level(logging.DEBUG)
    text = "Since my brother's suicide I cannot watch anything like that."
    answer = Recommender.load("film", unknown="allow").recommend(text, traits=["gore"])
    assert "self_harm" in answer.constraints
    told = repr(answer) + repr(films) + caplog.text
    for word in ("brother", "suicide", "self_harm", "gore"):
        assert word not in told


def test_games():
    recommender = Recommender.load("game")
    taxonomy = recommender.oracle.taxonomy
    answer = recommender.recommend("a puzzle game for the evening", traits=taxonomy.ids[:2], k=5)
    assert len(answer.suggestions) == 5
    assert recommender.oracle.catalog.domain == "game"
    rows = [item.row for item in answer.suggestions]
    assert (recommender.oracle.verdicts(rows, answer.constraints) == Verdict.SAFE).all()
    with pytest.raises(SafecrsError, match="Unknown game trait"):
        recommender.recommend("a game", traits=["no such thing at all"])


def test_an_oracle_file(world, tmp_path):
    world.oracle.save(tmp_path / "o.safetensors")
    recommender = Recommender.load(oracle=tmp_path / "o.safetensors")
    answer = recommender.recommend("a comedy", traits=["gore"], k=100)
    assert 0 < len(answer.suggestions) <= 60
    with pytest.raises(SafecrsError, match="does not exist"):
        Recommender.load(oracle=tmp_path / "absent.safetensors")
    assert isinstance(recommender.oracle, Oracle)
    assert load_starter("film") is Recommender.load().oracle


def test_a_model_under_another_oracle_or_rule_is_filtered_all_the_same(world, tmp_path):
    """A constrained policy that allows unknowns does not smuggle them past a recommender that does not."""
    from safecrs.recommenders.constrained.ranker import ConstrainedRanker
    from safecrs.recommenders.language_models.checkpoint import LanguageModel
    from safecrs.recommenders.language_models.ranker import LanguageModelRanker
    from safecrs.training.models.tiny import TinySize, save_tiny

    size = TinySize(hidden=16, layers=1, heads=2, inner=16, context=512, vocabulary=300)
    save_tiny(tmp_path, ["films please"], world.catalog.labels, size)
    model = LanguageModel.load(tmp_path)
    inner = LanguageModelRanker(model, world.catalog, name="tiny", reasoning="given")
    lax = Oracle.from_risk(world.catalog, world.oracle.taxonomy, 0 * world.oracle.doubt)
    for policy in (ConstrainedRanker(inner, world.oracle, "allow"), ConstrainedRanker(inner, lax, "exclude")):
        answer = Recommender(world.oracle, policy).recommend("films", traits=["gore"], k=8)
        assert len(answer.suggestions) == 8
        assert {item.verdict for item in answer.suggestions} == {Verdict.SAFE}
    loaded = Recommender.load(oracle=world.oracle, model=tmp_path)
    answer = loaded.recommend("I liked Film 2 (1962).", traits=["gore"], k=8)
    assert len(answer.suggestions) == 8
    assert 2 not in {item.row for item in answer.suggestions}
    assert {item.verdict for item in answer.suggestions} == {Verdict.SAFE}


def test_words_that_disclose_several_traits_are_left_out_once(world):
    heard = []

    class Listening(Everything):
        def recommend(self, requests, k=10):
            heard.extend(request.messages[-1].content for request in requests)
            return super().recommend(requests, k)

    recommender = Recommender(world.oracle, Listening(world.catalog), "allow")
    answer = recommender.recommend("my 6 year old wants dinosaurs and a funny adventure with pirates")
    assert len({(found.start, found.end) for found in answer.disclosures}) < len(answer.disclosures)
    assert " ".join(heard[0].split()) == "wants dinosaurs and a funny adventure with pirates"
