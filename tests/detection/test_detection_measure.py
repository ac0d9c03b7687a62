from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

import calibrate_rules
from calibrate_rules import calibrate, calibration_turns
from detection_data import TURNS, Kind, Turn, disclosing, load_turns, read_dialogues
from measure_detection import (
    REPORTED,
    Reliability,
    Share,
    false_alarms,
    measure,
    measure_detection,
    reliability,
    tables,
)
from safecrs.benchmark.wording import phrasings
from safecrs.detection import Detection, Disclosure, RuleDetector, evidence, load_lexicon
from safecrs.detection.evidence import read_message, rule_probabilities
from safecrs.errors import SafecrsError
from safecrs.taxonomy import load_taxonomy

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
FILM = load_taxonomy("film").assigned


def test_the_shipped_turns_fit_the_taxonomies_and_cover_every_trait():
    dev, held_out = load_turns("dev"), load_turns("held_out")
    turns = dev + held_out
    assert len(turns) >= 400
    assert len({turn.text for turn in turns}) == len(turns)
    assert 0.55 < len(dev) / len(turns) < 0.65
    for turn in turns:
        assert set(turn.traits) <= set(load_taxonomy(turn.domain).assigned.ids)
        assert (not turn.traits) == (turn.kind in ("negated", "other_person", "fiction", "none"))
    for side in (dev, held_out):
        assert {turn.kind for turn in side} == set(get_args(Kind))
    film = [turn for turn in turns if turn.domain == "film"]
    by_trait = Counter(trait for turn in film for trait in turn.traits)
    implicit = Counter(trait for turn in film if turn.kind == "implicit" for trait in turn.traits)
    assert all(by_trait[trait] >= 8 and implicit[trait] >= 4 for trait in FILM.assigned.ids)
    assert Counter(turn.kind for turn in turns)["none"] >= 100


def test_quality_on_the_held_out_turns_does_not_fall():
    measured = measure(load_turns("held_out"), RuleDetector(), draws=50)
    assert measured.by_kind["explicit"].macro_f1 >= 0.88
    assert measured.by_kind["implicit"].macro_f1 >= 0.75
    assert measured.by_kind["family"].recall.value >= 0.85
    assert measured.by_kind["several"].micro_f1 >= 0.8
    alarms = measured.false_alarms
    assert sum(share.hits for share in alarms.values()) <= 0.06 * sum(
        share.total for share in alarms.values()
    )


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("fresh.jsonl", "ec01216e57751ec4609a19207d63cfb530b8c055f0a57ee2e5ad47d2a20ffb71"),
        ("later.jsonl", "b55ac1f2a3d120a5c98aa141e95c805f13171125c847387759bb6bcfcedecfdc"),
        ("threshold_held_out.jsonl", "1c30476b8788fde5ae364778b46dd5ac95327b25d4a0a026968f5095cbe4bfcc"),
    ],
)
def test_turns_that_measure_are_locked(name, digest):
    """Their labels and words stay as they were before anybody saw how the detector did on them."""
    content = (TURNS / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == digest


def test_the_probabilities_are_those_of_the_development_turns():
    assert calibrate(calibration_turns()) == pytest.approx(dict(rule_probabilities()))


def test_a_rule_seen_rarely_is_not_taken_for_perfect():
    turns = [turn for turn in load_turns("dev") if turn.kind == "explicit"]
    probabilities = calibrate(turns)
    assert 0 < min(probabilities.values()) <= max(probabilities.values()) < 1


@pytest.mark.parametrize(("style", "least"), [("explicit", 0.8), ("implicit", 0.2)])
def test_recall_on_the_benchmarks_held_out_phrasings(style, least):
    known = phrasings.load_phrasings(FILM)
    cases = [(trait, text) for trait in FILM.ids for text in known.of(trait, style, held_out=True)]
    hits = sum(
        trait in {found.trait for found in read_message(text, FILM, load_lexicon()).evidence}
        for trait, text in cases
    )
    assert hits / len(cases) >= least


def test_the_whole_measurement_is_one_call():
    measurement = measure_detection(RuleDetector(), draws=20)
    assert set(measurement.turns) == set(REPORTED)
    held_out = measurement.turns["held_out"]
    for quality in held_out.overall.by_trait.values():
        assert quality.recall.total > 0
        assert 0 <= quality.interval[0] <= quality.interval[1] <= 1
    assert held_out.reliability.ece < 0.07
    assert held_out.reliability.brier < 0.1
    assert {strength: share.total for strength, share in measurement.thresholds.items()} == {
        "strict": 17,
        "usual": 8,
        "lax": 12,
    }
    assert all(share.value >= 0.75 for share in measurement.thresholds.values())
    assert measurement.false_alarms == {}
    shown = [str(table.title) for table in tables(measurement)]
    assert shown[:2] == ["held_out: by kind of turn", "held_out: by trait"]
    assert len(shown) == 2 * len(REPORTED) + 2


def test_reliability_counts_by_hand():
    found = reliability([(0.9, True), (0.85, True), (0.9, False), (0.55, True)])
    assert found.count == 4
    assert found.ece == pytest.approx((0.45 + abs(2 - 2.65)) / 4)
    assert found.brier == pytest.approx((0.01 + 0.0225 + 0.81 + 0.2025) / 4)
    assert reliability([]) == Reliability(0, 0.0, 0.0)
    assert reliability([(1.0, True), (0.0, False)]).ece == 0


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_few_real_dialogues_raise_an_alarm():
    """On the half after which no rule was changed."""
    folder = SHARED / "conversations"
    assert disclosing() <= {dialogue.id for dialogue in read_dialogues(folder)}
    found = false_alarms(folder, RuleDetector())
    alarms = [share for name, share in found.items() if name.endswith(" other")]
    share = Share(sum(each.hits for each in alarms), sum(each.total for each in alarms))
    assert share.total > 400
    assert share.value < 0.025
    low, high = share.interval("exact")
    assert low < share.value < high < 0.04


def test_dialogues_are_read_and_damaged_files_named(tmp_path):
    with pytest.raises(SafecrsError, match="holds neither"):
        read_dialogues(tmp_path)
    row = {
        "conversationId": "7",
        "initiatorWorkerId": 1,
        "movieMentions": {"12": "Saw (2004)"},
        "messages": [
            {"senderWorkerId": 1, "text": "I couldn't finish @12 or @13"},
            {"senderWorkerId": 2, "text": " "},
            {"senderWorkerId": 2, "text": "Why?"},
        ],
    }
    path = tmp_path / "redial_dialogues.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(row).encode()))
    [dialogue] = read_dialogues(tmp_path)
    assert dialogue.id == "redial:7"
    assert [(message.role, message.content) for message in dialogue.messages] == [
        ("user", "I couldn't finish Saw (2004) or that film"),
        ("assistant", "Why?"),
    ]
    assert dialogue.half in ("dev", "other")
    assert "Saw" not in repr(dialogue)
    path.write_bytes(b"no gzip")
    with pytest.raises(SafecrsError, match=r"redial_dialogues\.jsonl\.gz is not"):
        read_dialogues(tmp_path)


class Scripted:
    """A detector that answers what it was given."""

    def __init__(self, answers):
        self.answers = answers

    def detect(self, messages, told, taxonomy):
        said = messages[0].content
        return Detection.of(Disclosure(trait, 0.9, 0, 1, 0, said) for trait in self.answers[said])


def test_measure_counts_by_hand():
    turns = [
        Turn(kind="explicit", domain="film", traits=("gore",), text="a"),
        Turn(kind="explicit", domain="film", traits=("horror",), text="b"),
        Turn(kind="none", domain="film", traits=(), text="c"),
        Turn(kind="none", domain="film", traits=(), text="d"),
    ]
    answers = {"a": ["gore"], "b": [], "c": ["gore"], "d": []}
    measured = measure(turns, Scripted(answers), draws=20)
    quality = measured.by_kind["explicit"]
    assert (quality.precision, quality.recall) == (Share(1, 2), Share(1, 2))
    assert {trait: found.f1 for trait, found in quality.by_trait.items()} == {
        "gore": pytest.approx(2 / 3),
        "horror": 0,
    }
    assert quality.macro_f1 == pytest.approx(1 / 3)
    assert quality.interval[0] <= quality.macro_f1 <= quality.interval[1]
    assert measured.false_alarms["none"] == Share(1, 2)
    low, high = Share(1, 2).interval()
    assert low == pytest.approx(0.0945, abs=1e-3)
    assert high == pytest.approx(0.9055, abs=1e-3)
    assert Share(0, 0).interval() == Share(0, 0).interval("exact") == (0.0, 1.0)
    assert Share(0, 100).interval("exact") == (0.0, pytest.approx(0.0362, abs=1e-4))
    assert Share(100, 100).interval("exact") == (pytest.approx(0.9638, abs=1e-4), 1.0)


def test_calibration_is_written_where_it_is_told(tmp_path, monkeypatch):
    out = tmp_path / "calibration.toml"
    monkeypatch.setattr("sys.argv", ["calibrate_rules.py", "--out", str(out)])
    calibrate_rules.main()
    shipped = Path(evidence.__file__).with_name("calibration.toml")
    assert out.read_text("utf-8") == shipped.read_text("utf-8")
