"""Disclosures by the meaning of a sentence, for what no rule has words for ("I poured the last bottle away").

A multinomial logistic regression over sentence embeddings, with a class for sentences that disclose nothing,
fitted by ``python -m safecrs.studies.fit_finder``; it answers for one trait a sentence or for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from safecrs.detection.encoder import Encoder, load_encoder
from safecrs.detection.lexicon import Lexicon
from safecrs.detection.scope import WELCOME, pick_frames
from safecrs.detection.tokens import Token, tokenise
from safecrs.storage import map_tensors

ACCEPT_FROM = 0.6
"""Least probability of an answer; cross-validated, 0.6 % of the real dialogues learnt from raise an alarm."""
_LEAST_WORDS = 5
_MAX_SENTENCES = 40
"""A message longer than that is not read to its end: a bound on the time it takes."""
_OPENING = frozenset(
    [
        *("want", "wants", "wanted", "need", "looking", "searching", "hoping", "like", "love", "enjoy"),
        *("prefer", "in", "im"),
    ]
)
"""Welcoming words that may just open a request: "… and want a comedy"."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Characters ``start`` up to ``end`` of a message, one sentence, disclose ``trait``."""

    trait: str
    probability: float
    start: int
    end: int


@dataclass(frozen=True)
class Finder:
    """The fitted model.

    Attributes:
        traits: what it knows; column 0 of ``weights`` is "nothing", column i + 1 is ``traits[i]``.
        weights, bias: [traits + 1, width of an embedding], [traits + 1].
        calibration: slope and shift from the log odds of the model to those of being right.
    """

    encoder: Encoder
    traits: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    calibration: tuple[float, float]

    def find(self, text: str, lexicon: Lexicon) -> list[Meant]:
        """The sentences of one message that disclose a trait."""
        spans = [
            (sentence[0].start, sentence[-1].end)
            for sentence in sentences(tokenise(text))
            if of_oneself(sentence, lexicon)
        ][:_MAX_SENTENCES]
        if not spans:
            return []
        chances = softmax(self.encoder([text[start:end] for start, end in spans]), self.weights, self.bias)
        best = 1 + chances[:, 1:].argmax(axis=1)
        slope, shift = self.calibration
        found: list[Meant] = []
        for (start, end), answer, chance in zip(
            spans, best, chances[np.arange(len(best)), best], strict=True
        ):
            if chance >= ACCEPT_FROM:
                odds = slope * np.log(chance / max(1 - chance, 1e-6)) + shift
                found.append(Meant(self.traits[answer - 1], float(1 / (1 + np.exp(-odds))), start, end))
        return found


def load_finder() -> Finder:
    """The shipped finder; takes a fifth of a second.

    Raises:
        SafecrsError: the extra ``embeddings`` is not installed.
    """
    with as_file(files("safecrs.detection") / "finder.safetensors") as path:
        tensors, metadata = map_tensors(path)
    return Finder(
        load_encoder(),
        tuple(metadata["traits"].split()),
        tensors["weights"],
        tensors["bias"],
        (float(metadata["slope"]), float(metadata["shift"])),
    )


def sentences(tokens: Sequence[Token]) -> Iterable[list[Token]]:
    """The words of each sentence."""
    sentence: list[Token] = []
    for token in tokens:
        if token.boundary == 2 and sentence:
            yield sentence
            sentence = []
        sentence.append(token)
    if sentence:
        yield sentence


def of_oneself(sentence: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether a sentence may disclose at all: the user's own people first, no plot, no liking, no denial.

    Nor one with a year in it: "The Landlord (1970)" is a film, whatever its title means.
    """
    classes = lexicon.classes
    strangers = classes["strangers"] | {"ex"}
    own = classes["self"] | classes["my"]
    words = [token.word for token in sentence]
    people = own | classes["kin"] | strangers
    if len(words) < _LEAST_WORDS or own.isdisjoint(words) or any(map(_is_year, words)):
        return False
    first = next(place for place, word in enumerate(words) if word in people)
    if words[first] in strangers or (
        words[first] in classes["my"] and words[first + 1 : first + 2] == ["ex"]
    ):
        return False
    return not any(
        frame.label in WELCOME and (frame.label != "welcome_before" or words[frame.start] not in _OPENING)
        for frame in pick_frames(lexicon.frame_matcher.find(sentence))
    )


def _is_year(word: str) -> bool:
    return len(word) == 4 and word.isdecimal() and word[:2] in ("19", "20")


def softmax(
    inputs: NDArray[np.floating], weights: NDArray[np.floating], bias: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Class probabilities [rows, classes] of ``inputs`` [rows, width]."""
    scores = inputs.astype(np.float64) @ weights.T + bias
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = scores / scores.sum(axis=1, keepdims=True)
    return result
