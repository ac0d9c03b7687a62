"""How sure each rule may be: the content of ``calibration.toml``.

``python -m safecrs.detection.calibrate`` prints it.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files

from safecrs.detection.evidence import find_evidence
from safecrs.detection.labelled import Turn, load_turns
from safecrs.detection.lexicon import load_lexicon
from safecrs.taxonomy import load_taxonomy

_PRIOR = 4
"""Weight with which a rule is drawn to the mean of all: one seen twice is not known to be perfect."""


def calibration_turns() -> list[Turn]:
    """The development turns and the sentences of ``oblique.toml``, which the lexicon fits less closely.

    A sentence there has one label; a child that it names is told of and need not watch along.
    """
    text = (files("safecrs.detection") / "turns/oblique.toml").read_text(encoding="utf-8")
    oblique = tomllib.loads(text)
    turns = [
        Turn(kind="implicit", domain="film", traits=(trait,), text=sentence)
        for trait, sentences in oblique["disclosed"].items()
        for sentence in sentences
    ]
    turns += [Turn(kind="none", domain="film", traits=(), text=sentence) for sentence in oblique["none"]]
    return [*load_turns("dev"), *turns]


def calibrate(turns: Sequence[Turn]) -> dict[str, float]:
    """Rule → its precision on ``turns``: (right + 4 p) / (all + 4), p being that of all rules; at most 0.99.

    Children who watch along are counted in the development turns only.
    """
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for turn in turns:
        evidence = find_evidence(turn.text, load_taxonomy(turn.domain), load_lexicon())
        for rule, trait in {(piece.rule, piece.trait) for piece in evidence}:
            if rule == "companion" and turn.kind in ("implicit", "none"):
                continue
            every[rule] += 1
            right[rule] += trait in turn.traits
    mean = (right.total() + 1) / (every.total() + 2)
    return {
        rule: min(0.99, round((right[rule] + _PRIOR * mean) / (every[rule] + _PRIOR), 2))
        for rule in sorted(every)
    }


if __name__ == "__main__":
    for rule, probability in calibrate(calibration_turns()).items():
        print(f"{rule} = {probability}")
