"""Calibrates the rules: ``python tools/calibrate_rules.py --out src/safecrs/detection/calibration.toml``."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from detection_data import Turn, load_oblique, load_turns
from safecrs.detection import load_lexicon
from safecrs.detection.evidence import read_message
from safecrs.storage import write_text
from safecrs.taxonomy import load_taxonomy

_PRIOR = 4  # weight with which the precision of a rule is drawn to the mean of all rules
_HEAD = """\
# Rule → its smoothed precision on the development turns and the sentences of oblique.toml.
# Written by tools/calibrate_rules.py.

[probability]
"""


def main() -> None:
    """Calibrate and write the file."""
    parser = argparse.ArgumentParser(description="Measure how often each rule is right.")
    parser.add_argument("--out", type=Path, required=True, help="the TOML file to write")
    out = parser.parse_args().out
    lines = (f"{rule} = {chance}\n" for rule, chance in calibrate(calibration_turns()).items())
    write_text(out, _HEAD + "".join(lines))


def calibration_turns() -> list[Turn]:
    """The development turns and the sentences of ``oblique.toml``, which the lexicon fits less closely."""
    oblique = [
        Turn(
            kind="implicit" if trait else "none",
            domain="film",
            traits=(trait,) if trait else (),
            text=sentence,
        )
        for trait, sentence in load_oblique()
    ]
    return [*load_turns("dev"), *oblique]


def calibrate(turns: Sequence[Turn]) -> dict[str, float]:
    """Rule → its precision on ``turns``: (right + 4 p) / (all + 4), p being that of all rules; at most 0.99.

    A child that a single sentence names need not watch along, so companions count in the other turns only.
    """
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for turn in turns:
        taxonomy = load_taxonomy(turn.domain).assigned  # the traits that the labels know
        reading = read_message(turn.text, taxonomy, load_lexicon())
        for rule, trait in {(found.rule, found.trait) for found in reading.evidence}:
            if trait in taxonomy.column and (rule != "companion" or turn.kind not in ("implicit", "none")):
                every[rule] += 1
                right[rule] += trait in turn.traits
    mean = (right.total() + 1) / (every.total() + 2)
    return {
        rule: min(0.99, round((right[rule] + _PRIOR * mean) / (every[rule] + _PRIOR), 2))
        for rule in sorted(every)
    }


if __name__ == "__main__":
    main()
