"""The whole measurement of the detector as data, for reports and the command line: `measure_detection`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safecrs.conversation import Conversation, Message
from safecrs.detection.detect import Disclosure, detect_traits
from safecrs.detection.dialogues import Half, disclosing, read_dialogues
from safecrs.detection.finder import Finder
from safecrs.detection.labelled import Split, Turn, load_turns
from safecrs.detection.measure import Measured, Share, measure
from safecrs.detection.reliability import Reliability, reliability
from safecrs.detection.strength import THRESHOLDS, Strength
from safecrs.taxonomy import Taxonomy, load_taxonomy

REPORTED: tuple[Split, ...] = ("held_out", "fresh", "later")
"""Turns that nothing was tuned on; what each can tell, and that "fresh" flatters: ``turns/README.md``."""


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Real dialogues of one corpus and half that disclose nothing, and in how many something was found.

    Rules may have been mended after reading alarms of the half "dev"; ``share.exact`` is the interval.
    """

    corpus: str
    half: Half
    share: Share


@dataclass(frozen=True, slots=True)
class Measurement:
    """All that is measured of the detector.

    Attributes:
        turns: file of labelled turns → quality overall, by kind of disclosure and by trait; false alarms.
        reliability: file → whether its probabilities mean what they say.
        thresholds: how strict the words are → share of the held-out disclosures whose threshold was read
            right (a disclosure that was not found is wrong).
        false_alarms: on real dialogues; empty where their folder was not given.
    """

    turns: Mapping[Split, Measured]
    reliability: Mapping[Split, Reliability]
    thresholds: Mapping[Strength, Share]
    false_alarms: tuple[FalseAlarms, ...] = ()


def measure_detection(
    dialogues: Path | None = None, finder: Finder | None = None, draws: int = 1000, seed: int = 0
) -> Measurement:
    """Measure the shipped detector; takes some seconds.

    Args:
        dialogues: the folder of the real dialogues (`read_dialogues`).
        finder: measured along with the rules.
        draws: bootstrap samples of each interval.

    Raises:
        SafecrsError: the folder does not hold the dialogues.
    """

    def detect(conversation: Conversation, taxonomy: Taxonomy) -> list[Disclosure]:
        return detect_traits(conversation, taxonomy, finder=finder)

    def names(conversation: Conversation, taxonomy: Taxonomy) -> Iterable[str]:
        return [found.trait for found in detect(conversation, taxonomy)]

    def read(turn: Turn) -> list[Disclosure]:
        return detect((Message(role="user", content=turn.text),), load_taxonomy(turn.domain))

    return Measurement(
        turns={split: measure(load_turns(split), names, draws, seed) for split in REPORTED},
        reliability={
            split: reliability(
                (found.probability, found.trait in turn.traits)
                for turn in load_turns(split)
                for found in read(turn)
            )
            for split in REPORTED
        },
        thresholds=_thresholds([(turn, read(turn)) for turn in load_turns("threshold_held_out")]),
        false_alarms=false_alarms(dialogues, finder) if dialogues else (),
    )


def _thresholds(read: Sequence[tuple[Turn, list[Disclosure]]]) -> dict[Strength, Share]:
    right: dict[Strength, list[bool]] = {strength: [] for strength in THRESHOLDS}
    for turn, found in read:
        limits = {disclosure.trait: disclosure.threshold for disclosure in found}
        for trait in turn.traits:
            strength: Strength = turn.strength.get(trait, "usual")
            right[strength].append(limits.get(trait) == THRESHOLDS[strength])
    return {strength: Share(sum(held), len(held)) for strength, held in right.items()}


def false_alarms(folder: Path, finder: Finder | None = None) -> tuple[FalseAlarms, ...]:
    """False alarms on the real dialogues in ``folder``, by corpus and half.

    Raises:
        SafecrsError: the folder does not hold the dialogues.
    """
    taxonomy, known = load_taxonomy("film"), disclosing()
    fired: dict[tuple[str, Half], list[bool]] = {}
    for dialogue in read_dialogues(folder):
        if dialogue.id not in known:
            corpus = dialogue.id.partition(":")[0]
            found = detect_traits(dialogue.messages, taxonomy, finder=finder)
            fired.setdefault((corpus, dialogue.half), []).append(bool(found))
    return tuple(
        FalseAlarms(corpus, half, Share(sum(held), len(held)))
        for (corpus, half), held in sorted(fired.items())
    )
