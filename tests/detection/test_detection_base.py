"""Told, detected and both: what every detector promises."""

from __future__ import annotations

import pytest

from safecrs.conversation import conversation
from safecrs.detection import Combined, Detection, Detector, Disclosure, RuleDetector, Told, constraints_of
from safecrs.errors import SafecrsError
from safecrs.taxonomy import DEFAULT_THRESHOLD, load_taxonomy

FILM = load_taxonomy("film").assigned
SPOKEN = conversation("My wife hates horror, and nothing too gory please.")


def disclosed(trait: str, threshold: float, start: int = 0) -> Disclosure:
    return Disclosure(trait, 0.9, start, start + 1, 0, "x", threshold)


class Finds:
    def __init__(self, *disclosures: Disclosure):
        self.disclosures = disclosures

    def detect(self, messages, told, taxonomy):
        return Detection.of(self.disclosures)


def test_told_returns_what_was_given_by_trait_id():
    told = Told().detect(SPOKEN, {"gore": 0.3, "Gore": 0.2, "horror": 1}, FILM)
    assert told == Detection({"gore": 0.2, "horror": 1})
    assert Told().detect(SPOKEN, {}, FILM) == Detection()


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan"), "0.5", None])
def test_told_refuses_what_is_no_threshold_without_naming_the_trait(threshold):
    with pytest.raises(SafecrsError, match="above 0 and up to 1") as refused:
        Told().detect(SPOKEN, {"gore": threshold}, FILM)
    assert "gore" not in str(refused.value)


def test_told_refuses_an_unknown_trait():
    with pytest.raises(SafecrsError, match="Unknown film trait"):
        Told().detect(SPOKEN, {"balloons": 0.5}, FILM)


def test_of_two_thresholds_the_stricter_holds_whoever_is_first():
    low, high = Finds(disclosed("gore", 0.2)), Finds(disclosed("gore", 0.75), disclosed("horror", 0.5, 3))
    for detectors in ((low, high), (high, low)):
        both = Combined(detectors).detect(SPOKEN, {}, FILM)
        assert both.constraints == {"gore": 0.2, "horror": 0.5}
        assert both.constraints == constraints_of(both.disclosures)


def test_of_two_disclosures_the_first_detectors_is_kept():
    first, second = disclosed("gore", 0.5, start=7), disclosed("gore", 0.5, start=2)
    assert Combined((Finds(first), Finds(second))).detect(SPOKEN, {}, FILM).disclosures == (first,)


def test_told_and_detected_are_two_detectors():
    detector: Detector = Combined((Told(), RuleDetector()))
    found = detector.detect(SPOKEN, {"gore": 0.9, "needles": 0.4}, FILM)
    assert found.constraints == {"gore": 0.75, "needles": 0.4, "horror": DEFAULT_THRESHOLD}
    assert [each.trait for each in found.disclosures] == ["horror", "gore"]


def test_nothing_that_was_disclosed_is_in_a_repr():
    found = Combined((Told(), RuleDetector())).detect(SPOKEN, {"needles": 0.4}, FILM)
    shown = repr(found) + repr(found.disclosures)
    assert not any(word in shown for word in ("needles", "gore", "gory", "horror", "0.75", "0.4"))
