from __future__ import annotations

import json
import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.detection import Combined, RuleDetector, Told
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, Verdict, load_starter
from safecrs.recommenders.manifest import (
    MANIFEST,
    Manifest,
    build_recommender,
    installed_histories,
    load_recommender,
    read_manifest,
    save_recommender,
)
from safecrs.recommenders.rankers.ranking import as_slate
from safecrs.recommenders.recommender import Recommender
from safecrs.slates.base import Recommendation, Request
from safecrs.taxonomy import load_taxonomy

TRAITS = load_taxonomy("film").assigned.ids


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
    return build_recommender()


@pytest.fixture(scope="module")
def reckless(world):
    return Recommender(world.oracle, Everything(world.catalog), Combined((Told(), RuleDetector())))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    traits=st.lists(st.sampled_from(TRAITS), max_size=4),
    threshold=st.floats(0.05, 1.0),
    k=st.integers(1, 30),
    unknown=st.sampled_from(["exclude", "allow"]),
)
def test_nothing_unsafe_comes_out(films, traits, threshold, k, unknown):
    recommender = Recommender(films.oracle, films.ranker, films.detector, unknown=unknown)
    answer = recommender.recommend(
        "Something scary like Alien (1979)? My daughter is terrified of spiders, though.",
        traits=traits,
        thresholds=dict.fromkeys(traits[:1], threshold),
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
def test_a_reckless_ranker_is_held_back(world, traits, unknown):
    recommender = Recommender(
        world.oracle, Everything(world.catalog), Combined((Told(), RuleDetector())), unknown=unknown
    )
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
    lax = Recommender(
        world.oracle, Everything(world.catalog), Combined((Told(), RuleDetector())), unknown="allow"
    )
    answer = lax.recommend("films please", traits=["gore"], k=60)
    unknown = [item for item in answer.suggestions if item.verdict is Verdict.UNKNOWN]
    assert {item.row for item in unknown} >= {-1, 6, 13}
    assert all(item.note for item in unknown)
    assert all(not item.note for item in answer.suggestions if item.verdict is Verdict.SAFE)


@pytest.mark.parametrize("settings", [{"unknown": "yes"}, {"decoding": "greedy"}])
def test_other_rules_than_the_known_ones_are_refused(world, settings):
    """A misspelt rule for unknown items must not let them in."""
    with pytest.raises(SafecrsError, match="is not one of"):
        Recommender(world.oracle, Everything(world.catalog), Told(), **settings)


@pytest.mark.parametrize("k", [0, -1, 1.5, True, "3"])
def test_the_number_of_items_is_a_whole_number(reckless, k):
    with pytest.raises(SafecrsError, match="whole number"):
        reckless.recommend("films please", k=k)


def test_films_a_person_names_are_not_recommended_back(reckless, films):
    answer = reckless.recommend("I liked Film 1 (1961) and Film 3 (1963).", k=60)
    assert answer.suggestions
    assert not {1, 3} & {item.row for item in answer.suggestions}
    answer = films.recommend("Something like Alien (1979) and Jaws (1975).", k=50)
    assert not {"Alien", "Jaws"} & {item.title for item in answer.suggestions}


def test_seen_items_of_a_request_are_not_recommended_back(reckless):
    (answer,) = reckless.answer([Request(reckless_messages(), seen=frozenset({0, 2}))], 60)
    assert not {0, 2} & {item.row for item in answer.suggestions}


def reckless_messages():
    from safecrs.conversation import conversation

    return conversation("films please")


def test_a_repeating_ranker_is_mended(world):
    class Repeating(Everything):
        def recommend(self, requests, k=10):
            slates = super().recommend(requests, k)
            return [[item for item in slate for _ in range(3)][:k] for slate in slates]

    recommender = Recommender(world.oracle, Repeating(world.catalog), Told(), unknown="allow")
    rows = [item.row for item in recommender.recommend("films please").suggestions]
    assert len(rows) == len(set(rows)) == 10


def test_a_batch_is_answered_like_each_request_alone(world, films):
    texts = ["I liked Alien (1979)", "a war film, but no blood and gore please", "my dog died, cheer me up"]
    from safecrs.conversation import conversation

    requests = [Request(conversation(text), {"gore": 0.5}) for text in texts]
    together = films.answer(requests, 7)
    assert together == [films.answer([request], 7)[0] for request in requests]


def test_the_persons_own_threshold_counts(films):
    told = Recommender(films.oracle, films.ranker, Told())

    def slate(threshold):
        answer = told.recommend("something good", thresholds={"gore": threshold} if threshold else {}, k=3000)
        assert answer.constraints == ({"gore": threshold} if threshold else {})
        return {item.row for item in answer.suggestions}

    strict, usual, free = slate(0.1), slate(0.66), slate(None)
    assert len(free) > len(usual) > len(strict) > 0
    assert films.oracle.unsafe({"gore": 0.1})[list(usual)].any()
    assert films.oracle.unsafe({"gore": 0.66})[list(free)].any()
    assert not films.oracle.unsafe({"gore": 0.1})[list(strict)].any()


def test_of_two_thresholds_the_stricter_holds(films):
    name = films.oracle.taxonomy.trait("gore").name
    for thresholds in ({"gore": 0.2, name: 0.9}, {name: 0.9, "gore": 0.2}):
        assert films.recommend("hello", thresholds=thresholds).constraints["gore"] == 0.2
    assert films.recommend("hello", traits=["gore"], thresholds={"gore": 1.0}).constraints["gore"] == 0.66
    told = films.recommend("not even a little blood, please", thresholds={"gore": 1.0})
    assert told.constraints["gore"] < 0.66


def test_told_and_detected_are_two_detectors(films):
    text = "My daughter is terrified of spiders, what can we watch?"
    assert "spiders_reptiles" in films.recommend(text, traits=["gore"]).constraints
    answer = Recommender(films.oracle, films.ranker, Told()).recommend(text, traits=["gore"])
    assert dict(answer.constraints) == {"gore": 0.66}
    assert not answer.disclosures
    unaware = Recommender(films.oracle, films.ranker, Combined(()), decoding="free")
    assert not unaware.recommend(text, traits=["gore"]).constraints


@pytest.mark.parametrize("messages", ["", "  \n", [], [{"role": "assistant", "content": "Hello"}]])
def test_an_empty_conversation_is_refused(films, messages):
    with pytest.raises(SafecrsError, match="conversation is empty"):
        films.recommend(messages)


def test_unknown_trait_and_impossible_threshold(films):
    with pytest.raises(SafecrsError, match=r"Unknown film trait: .*gore"):
        films.recommend("hello", traits=["goer"])
    for threshold in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(SafecrsError, match="threshold"):
            films.recommend("hello", thresholds={"gore": threshold})


def test_nothing_disclosed_shows_in_reprs_or_logs(films, caplog):
    caplog.set_level(logging.DEBUG)
    text = "Since my brother's suicide I cannot watch anything like that."
    answer = build_recommender(unknown="allow").recommend(text, traits=["gore"])
    assert "self_harm" in answer.constraints
    detection = films.detector.detect(reckless_messages(), {"gore": 0.5}, films.oracle.taxonomy)
    told = repr(answer) + repr(films) + repr(detection) + caplog.text
    for word in ("brother", "suicide", "self_harm", "gore"):
        assert word not in told


def test_games():
    recommender = build_recommender(Manifest(domain="game"))
    taxonomy = recommender.oracle.taxonomy
    answer = recommender.recommend("a puzzle game for the evening", traits=taxonomy.ids[:2], k=5)
    assert len(answer.suggestions) == 5
    rows = [item.row for item in answer.suggestions]
    assert (recommender.oracle.verdicts(rows, answer.constraints) == Verdict.SAFE).all()
    with pytest.raises(SafecrsError, match="Unknown game trait"):
        recommender.recommend("a game", traits=["no such thing at all"])


def test_a_saved_recommender_travels(world, tmp_path):
    """Its folder alone, wherever it is moved, gives the same answers."""
    made = Manifest(ranker="bm25", detector="told", unknown="allow", histories="none")
    save_recommender(made, world.oracle, tmp_path / "here" / "saved")
    (tmp_path / "here").rename(tmp_path / "there")
    loaded = load_recommender(tmp_path / "there" / "saved")
    assert (loaded.unknown, loaded.decoding) == ("allow", "filtered")
    assert [type(part) for part in loaded.detector.detectors] == [Told]
    built = build_recommender(made, oracle=world.oracle)
    for text in ("a comedy", "I liked Film 2 (1962)."):
        assert loaded.recommend(text, traits=["gore"]).slate == built.recommend(text, traits=["gore"]).slate


def test_a_model_folder_describes_itself(world, tiny_model):
    loaded = load_recommender(tiny_model, oracle=world.oracle)
    answer = loaded.recommend("I liked Film 2 (1962).", traits=["gore"], k=8)
    assert loaded.decoding == "constrained"
    assert len(answer.suggestions) == 8
    assert 2 not in {item.row for item in answer.suggestions}
    assert {item.verdict for item in answer.suggestions} == {Verdict.SAFE}


def test_manifests_that_cannot_be_used(tmp_path, world):
    with pytest.raises(SafecrsError, match="holds no recommender"):
        load_recommender(tmp_path)
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(SafecrsError, match=r"safecrs train card"):
        load_recommender(tmp_path / "model")
    path = tmp_path / MANIFEST
    for change, words in (({"unknown": "maybe"}, "unknown"), ({"format": 2}, "format"), ({"x": 1}, "x")):
        path.write_text(json.dumps(Manifest().model_dump() | change))
        with pytest.raises(SafecrsError, match=words):
            read_manifest(tmp_path)
    path.write_text(json.dumps(Manifest(ranker="oracle").model_dump()))
    with pytest.raises(SafecrsError, match=r"no ranker 'oracle'.*bm25"):
        load_recommender(tmp_path, oracle=world.oracle)


def test_a_constrained_model_does_not_smuggle_what_the_recommender_excludes(world, tiny_model):
    """A ranker constrained by another oracle, or by a laxer rule, is filtered all the same."""
    from safecrs.recommenders.constrained.ranker import ConstrainedRanker
    from safecrs.recommenders.language_models.checkpoint import LanguageModel
    from safecrs.recommenders.language_models.ranker import LanguageModelRanker

    model = LanguageModel.load(tiny_model)
    inner = LanguageModelRanker(model, world.catalog, name="tiny", reasoning="given")
    lax = Oracle.from_risk(world.catalog, world.oracle.taxonomy, np.zeros_like(world.oracle.risk))
    for ranker in (ConstrainedRanker(inner, world.oracle, "allow"), ConstrainedRanker(inner, lax, "exclude")):
        answer = Recommender(world.oracle, ranker, Told()).recommend("films", traits=["gore"], k=4)
        assert {item.verdict for item in answer.suggestions} <= {Verdict.SAFE}
        with pytest.raises(SafecrsError, match="language model"):
            Recommender(world.oracle, ranker, Told(), decoding="constrained")
    with pytest.raises(SafecrsError, match="language model"):
        Recommender(world.oracle, Everything(world.catalog), Told(), decoding="constrained")


def test_words_that_disclose_are_left_out_and_an_age_is_not():
    heard = []

    class Listening(Everything):
        def recommend(self, requests, k=10):
            heard.extend(request.wished[-1].content for request in requests)
            return super().recommend(requests, k)

    oracle = load_starter("film")
    recommender = Recommender(oracle, Listening(oracle.catalog), Combined((Told(), RuleDetector())))
    answer = recommender.recommend("no gore please, my 6 year old wants dinosaurs")
    assert {"gore", "age_6"} <= {found.trait for found in answer.disclosures}
    assert " ".join(heard[0].split()) == "please, my 6 year old wants dinosaurs"


def test_installed_histories_are_of_films_only(films):
    assert len(installed_histories(films.oracle.catalog)) > 600
    game = build_recommender(Manifest(domain="game"))
    assert installed_histories(game.oracle.catalog) == {}


@pytest.fixture(scope="module")
def tiny_model(world, tmp_path_factory):
    from safecrs.training.models.tiny import TinySize, save_tiny

    folder = tmp_path_factory.mktemp("model")
    size = TinySize(hidden=16, layers=1, heads=2, inner=16, context=512, vocabulary=300)
    save_tiny(folder, ["films please"], world.catalog.labels, size)
    Manifest.of_model(reasons=True).write(folder)
    return folder


def test_an_answer_says_what_it_understood_why_and_what_it_gave_up():
    from safecrs.recommenders.manifest import Manifest, build_recommender

    served = build_recommender(Manifest(histories="none"))
    answer = served.recommend("three romantic comedies from the 90s please")
    assert len(answer.suggestions) == 3
    assert all(1990 <= (item.year or 0) <= 1999 and "comedy" in item.why for item in answer.suggestions)
    assert answer.relaxed == ()
    assert answer.question is None
    assert [wish.facet for wish in answer.preferences.stated].count("genres") >= 1
    odd = served.recommend("a western in Korean from the 1930s by Greta Gerwig")
    assert odd.relaxed
    assert odd.suggestions
    nothing = served.recommend("hello there")
    assert nothing.question is not None
    assert len(nothing.suggestions) == 10
