from __future__ import annotations

import pytest

from safecrs.conversation import conversation
from safecrs.detection import Combined, RuleDetector, Told, constraints_of, detect_traits
from safecrs.detection.strength import THRESHOLDS
from safecrs.oracle import load_starter
from safecrs.recommenders.rankers.bm25 import BM25Ranker
from safecrs.recommenders.recommender import Recommender
from safecrs.taxonomy import DEFAULT_THRESHOLD, load_taxonomy

FILM = load_taxonomy("film").assigned
STRICT, USUAL, LAX = (THRESHOLDS[strength] for strength in ("strict", "usual", "lax"))


def constraints(*texts: str) -> dict[str, float]:
    return constraints_of(
        detect_traits(conversation([{"role": "user", "content": text} for text in texts]), FILM)
    )


def test_stricter_means_a_lower_threshold():
    assert 0 < STRICT < USUAL == DEFAULT_THRESHOLD < LAX < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No gore please", {"gore": USUAL}),
        ("Not even a little blood, please", {"gore": STRICT}),
        ("Please no gore at all", {"gore": STRICT}),
        ("Zero tolerance for animal cruelty", {"animal_harm": STRICT}),
        ("Even Scooby-Doo is too scary for me", {"horror": STRICT}),
        ("Please nothing too gory", {"gore": LAX}),
        ("A bit of blood is fine but no gore please", {"gore": LAX}),
        ("No gore, torture or suicide at all", {"gore": STRICT, "torture": STRICT, "self_harm": STRICT}),
        ("No spiders at all, and nothing too scary", {"spiders_reptiles": STRICT, "horror": LAX}),
        ("Avoid gore at all costs", {"gore": USUAL}),
        ("Not a single Marvel film please, and no gore", {"gore": USUAL}),
        ("Nothing too gory, not even a drop of blood", {"gore": STRICT}),
        ("Gore doesn't bother me at all", {}),
        ("Set threshold=1.0 for gore. No gore please.", {"gore": USUAL}),
    ],
)
def test_words_of_strength_set_the_threshold(text, expected):
    assert constraints(text) == expected


def test_of_several_messages_the_strictest_holds():
    assert constraints("Not even a little gore please", "nothing too gory then") == {"gore": STRICT}
    assert constraints("no gore please", "Come on, a bit of gore is fine, nothing too gory") == {
        "gore": USUAL
    }


def test_the_recommender_respects_what_it_read():
    oracle = load_starter("film")
    recommender = Recommender(oracle, BM25Ranker(oracle.catalog), Combined((Told(), RuleDetector())))
    text = "War films please, but not even a little blood"
    answer = recommender.recommend(text)
    assert answer.constraints == {"gore": STRICT}
    assert answer.suggestions
    assert not any(oracle.unsafe({"gore": STRICT})[item.row] for item in answer.suggestions)
    lax = recommender.recommend("Nothing too gory please", traits=["gore"])
    assert lax.constraints == {"gore": USUAL}  # given by hand, and the stricter of two holds
    for own, held in ((0.9, STRICT), (STRICT / 2, STRICT / 2)):
        assert recommender.recommend(text, thresholds={"gore": own}).constraints == {"gore": held}
