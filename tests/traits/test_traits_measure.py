from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from safecrs.benchmark.sources.redial import read_redial, read_redial_items, redial_catalog
from safecrs.benchmark.wording import phrasings
from safecrs.taxonomy import load_taxonomy
from safecrs.traits import find_evidence, load_lexicon
from safecrs.traits.detect import rule_probabilities
from safecrs.traits.labelled import KINDS, Turn, load_turns
from safecrs.traits.measure import Share, calibrate, measure, shipped_detector

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
FILM = load_taxonomy("film")


def test_the_shipped_turns_fit_the_taxonomies_and_cover_every_trait():
    dev, held_out = load_turns("dev"), load_turns("held_out")
    turns = dev + held_out
    assert len(turns) >= 400
    assert len({turn.text for turn in turns}) == len(turns)
    assert 0.55 < len(dev) / len(turns) < 0.65
    for turn in turns:
        assert set(turn.traits) <= set(load_taxonomy(turn.domain).ids)
        assert (not turn.traits) == (turn.kind in ("negated", "other_person", "fiction", "none"))
    for side in (dev, held_out):
        assert {turn.kind for turn in side} == set(KINDS)
    film = [turn for turn in turns if turn.domain == "film"]
    by_trait = Counter(trait for turn in film for trait in turn.traits)
    implicit = Counter(trait for turn in film if turn.kind == "implicit" for trait in turn.traits)
    assert all(by_trait[trait] >= 8 and implicit[trait] >= 4 for trait in FILM.ids)
    assert Counter(turn.kind for turn in turns)["none"] >= 100


def test_quality_on_the_held_out_turns_does_not_fall():
    measured = measure(load_turns("held_out"), draws=50)
    assert measured.by_kind["explicit"].macro_f1 >= 0.88
    assert measured.by_kind["implicit"].macro_f1 >= 0.75
    assert measured.by_kind["family"].recall.value >= 0.85
    assert measured.by_kind["several"].micro_f1 >= 0.8
    alarms = measured.false_alarms
    assert sum(share.hits for share in alarms.values()) <= 0.05 * sum(
        share.total for share in alarms.values()
    )


def test_the_probabilities_are_those_of_the_development_turns():
    assert calibrate(load_turns("dev")) == pytest.approx(dict(rule_probabilities()))


@pytest.mark.parametrize(("style", "least"), [("explicit", 0.7), ("implicit", 0.1)])
def test_recall_on_the_benchmarks_held_out_phrasings(style, least):
    known = phrasings.load_phrasings(FILM)
    cases = [(trait, text) for trait in FILM.ids for text in known.of(trait, style, held_out=True)]
    hits = sum(
        trait in {evidence.trait for evidence in find_evidence(text, FILM, load_lexicon())}
        for trait, text in cases
    )
    assert hits / len(cases) >= least


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_few_real_dialogues_raise_an_alarm():
    items = read_redial_items(SHARED / "catalog/redial_items.json.gz")
    path = SHARED / "conversations/redial_dialogues.jsonl.gz"
    dialogues = read_redial(path, items, redial_catalog(items)).dialogues
    alarms = sum(bool(shipped_detector(dialogue.messages, FILM)) for dialogue in dialogues)
    # Read by hand: nearly all that fire do disclose something (children who watch along, no horror, no gore).
    assert 0.01 < alarms / len(dialogues) < 0.09


def test_measure_counts_by_hand():
    turns = [
        Turn(kind="explicit", domain="film", traits=("gore",), text="a"),
        Turn(kind="explicit", domain="film", traits=("horror",), text="b"),
        Turn(kind="none", domain="film", traits=(), text="c"),
        Turn(kind="none", domain="film", traits=(), text="d"),
    ]
    answers = {"a": ["gore"], "b": [], "c": ["gore"], "d": []}
    measured = measure(turns, lambda messages, _: answers[messages[0].content], draws=20)
    quality = measured.by_kind["explicit"]
    assert (quality.precision, quality.recall) == (Share(1, 2), Share(1, 2))
    assert quality.f1 == {"gore": pytest.approx(2 / 3), "horror": 0}
    assert quality.macro_f1 == pytest.approx(1 / 3)
    assert quality.interval[0] <= quality.macro_f1 <= quality.interval[1]
    assert measured.false_alarms["none"] == Share(1, 2)
    low, high = Share(1, 2).interval
    assert low == pytest.approx(0.0945, abs=1e-3)
    assert high == pytest.approx(0.9055, abs=1e-3)
    assert Share(0, 0).interval == (0.0, 1.0)
