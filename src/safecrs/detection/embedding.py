"""Detection by the meaning of a sentence, where no cue matches ("I poured the last bottle away").

A multinomial logistic regression over sentence embeddings with a class for "no disclosure", fitted by
``tools/fit_embedding_detector.py``; it reports at most one trait a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from safecrs.detection.cues import leftmost_longest
from safecrs.detection.encoder import Encoder, load_encoder
from safecrs.detection.evidence import Evidence
from safecrs.detection.lexicon import Lexicon
from safecrs.detection.scope import WELCOME
from safecrs.detection.tokens import Token, tokenise
from safecrs.storage import map_tensors

ACCEPT_FROM = 0.6
"""Least probability of a report; cross-validated, 0.6 % of the real training dialogues raise an alarm."""
_LEAST_WORDS = 5
_MAX_SENTENCES = 40
"""Sentences read of one message; a bound on the time it takes."""
_OPENING = frozenset(
    [
        *("want", "wants", "wanted", "need", "looking", "searching", "hoping", "like", "love", "enjoy"),
        *("prefer", "in", "im"),
    ]
)
"""Welcoming words that may just open a request: "… and want a comedy"."""


@dataclass(frozen=True)
class EmbeddingDetector:
    """The fitted classifier of sentences, added to a `RuleDetector`.

    Attributes:
        traits: column 0 of ``weights`` is "no disclosure", column i + 1 is ``traits[i]``.
        weights, bias: [traits + 1, width of an embedding], [traits + 1].
        calibration: slope and shift from the log odds of the classifier to those of being right.
    """

    encoder: Encoder
    traits: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    calibration: tuple[float, float]

    def find(self, text: str, lexicon: Lexicon) -> list[Evidence]:
        """The sentences of one message that disclose a trait; reads the first `_MAX_SENTENCES` at most."""
        may_disclose = (sentence for sentence in sentences(tokenise(text)) if of_oneself(sentence, lexicon))
        spans = [(each[0].start, each[-1].end) for each in islice(may_disclose, _MAX_SENTENCES)]
        rows = softmax(self.encoder([text[start:end] for start, end in spans]), self.weights, self.bias)
        slope, shift = self.calibration
        found: list[Evidence] = []
        for (start, end), row in zip(spans, rows, strict=True):
            best = 1 + int(row[1:].argmax())
            if row[best] >= ACCEPT_FROM:
                odds = slope * np.log(row[best] / max(1 - row[best], 1e-6)) + shift
                probability = float(1 / (1 + np.exp(-odds)))
                found.append(Evidence(self.traits[best - 1], "embedding", start, end, probability))
        return found


def load_embedding_detector() -> EmbeddingDetector:
    """The shipped classifier; takes a fifth of a second.

    Raises:
        SafecrsError: the extra ``embeddings`` is not installed.
    """
    with as_file(files("safecrs.detection") / "embedding.safetensors") as path:
        tensors, metadata = map_tensors(path)
    return EmbeddingDetector(
        load_encoder(),
        tuple(metadata["traits"].split()),
        tensors["weights"],
        tensors["bias"],
        (float(metadata["slope"]), float(metadata["shift"])),
    )


def sentences(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """The words of each sentence."""
    starts = [place for place, token in enumerate(tokens) if token.boundary == 2]
    return [tokens[start:end] for start, end in pairwise([*starts, len(tokens)])]


def of_oneself(sentence: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether a sentence can disclose at all: it speaks of the user first, and of no plot, liking or denial.

    A sentence with a year cannot: "The Landlord (1970)" is a film, whatever its title means.
    """
    classes = lexicon.classes
    words = [token.word for token in sentence]
    year = any(len(word) == 4 and word.isdecimal() and word[:2] in ("19", "20") for word in words)
    if len(words) < _LEAST_WORDS or classes["own"].isdisjoint(words) or year:
        return False
    people = classes["own"] | classes["kin"] | classes["strangers"]
    first = next(place for place, word in enumerate(words) if word in people)
    stranger = words[first] in classes["strangers"] or (
        words[first] in classes["my"] and words[first + 1 : first + 2] == ["ex"]
    )
    return not stranger and not any(
        trigger.label in WELCOME
        and (trigger.label != "welcome_before" or words[trigger.start] not in _OPENING)
        for trigger in leftmost_longest(lexicon.trigger_matcher.find(sentence))
    )


def softmax(
    inputs: NDArray[np.floating], weights: NDArray[np.floating], bias: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Class probabilities [rows, classes] of ``inputs`` [rows, width]."""
    scores = inputs.astype(np.float64) @ weights.T + bias
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = scores / scores.sum(axis=1, keepdims=True)
    return result
