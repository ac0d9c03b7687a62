"""Fits the embedding detector: ``python tools/fit_embedding_detector.py [--dialogues DIR] --out FILE``.

The package ships the result as ``src/safecrs/detection/embedding.safetensors``.

Trained on the development turns, ``oblique.toml``, and the benchmark's training sentences: its phrasings of
film traits and its requests, which disclose nothing. With ``--dialogues`` also on the "dev" half of the real
dialogues, which disclose nothing; the other half is kept for measuring.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection_data import disclosing, load_oblique, load_turns, read_dialogues
from safecrs.benchmark.wording import load_phrasings, load_templates
from safecrs.detection import load_lexicon
from safecrs.detection.embedding import of_oneself, sentences, softmax
from safecrs.detection.encoder import load_encoder
from safecrs.detection.tokens import tokenise
from safecrs.storage import write_tensors
from safecrs.taxonomy import load_taxonomy

PENALTY = 0.1  # of the squared length of the weights; cross-validated among 0.05, 0.1 and 0.2
FOLDS = 5
_FILMS = (("Heat", 1995), ("Jaws", 1975), ("Up", 2009), ("Saw", 2004), ("The Ring", 2002), ("Amélie", 2001))

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and the trait it discloses, if any; examples of one ``group`` share a fold."""

    text: str
    trait: str | None
    group: int


def main() -> None:
    """Fit, calibrate and write the file."""
    parser = argparse.ArgumentParser(description="Fit the embedding detector.")
    parser.add_argument("--dialogues", type=Path, help="a folder with the ReDial and INSPIRED dialogues")
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    options = parser.parse_args()
    traits = load_taxonomy("film").assigned.ids
    given = [*training_examples()]
    if options.dialogues:
        given += real_examples(options.dialogues, 1 + max(example.group for example in given))
    examples = list({example.text: example for example in given}.values())
    vectors = load_encoder()([example.text for example in examples]).astype(np.float64)
    labels = np.array([1 + traits.index(e.trait) if e.trait else 0 for e in examples])
    chances = cross_validated(vectors, labels, np.array([e.group for e in examples]), len(traits) + 1)
    slope, shift = calibrated(chances, labels)
    weights, bias = fit(vectors, labels, len(traits) + 1)
    write_tensors(
        options.out,
        {"weights": weights.astype(np.float32), "bias": bias.astype(np.float32)},
        {"traits": " ".join(traits), "slope": f"{slope:.4f}", "shift": f"{shift:.4f}"},
    )
    print(f"{len(examples)} sentences, {options.out} written: slope {slope:.2f}, shift {shift:.2f}.")


def training_examples() -> Iterator[Example]:
    """Every training sentence, grouped by source."""
    oblique = load_oblique()
    phrasings, requests = _benchmark_sentences()
    group = 0
    for trait, text in [*((trait, text) for trait, text in oblique if trait), *phrasings]:
        group += 1
        yield Example(text.rstrip(".!?"), trait, group)
    for texts in [*((text,) for trait, text in oblique if not trait), *requests]:
        group += 1
        yield from (Example(part, None, group) for text in texts for part in _split(text))
    known = load_taxonomy("film").assigned.column
    for turn in load_turns("dev"):
        group += 1
        parts = _split(turn.text)
        if not turn.traits:
            yield from (Example(part, None, group) for part in parts)
        elif len(turn.traits) == 1 and turn.traits[0] in known:
            # The turns disclose first and ask then.
            yield Example(parts[0], turn.traits[0], group)


def real_examples(folder: Path, group: int) -> Iterator[Example]:
    """Sentences of real dialogues that disclose nothing, of the half that is for fitting."""
    lexicon, known = load_lexicon(), disclosing()
    for number, dialogue in enumerate(read_dialogues(folder)):
        if dialogue.half != "dev" or dialogue.id in known:
            continue
        for message in dialogue.messages:
            if message.role == "user":
                for sentence in sentences(tokenise(message.content)):
                    if of_oneself(sentence, lexicon):
                        text = message.content[sentence[0].start : sentence[-1].end]
                        yield Example(text, None, group + number)


def _benchmark_sentences() -> tuple[list[tuple[str, str]], list[tuple[str, ...]]]:
    taxonomy = load_taxonomy("film").assigned
    known = load_phrasings(taxonomy)
    phrasings = [
        (trait, text)
        for trait in taxonomy.ids
        for style in ("explicit", "implicit")
        for text in known.of(trait, style, held_out=False)
    ]
    templates, rng = load_templates("film"), np.random.default_rng(0)
    requests = [
        tuple(
            message.content
            for message in templates.render(
                template, [_FILMS[i] for i in rng.permutation(len(_FILMS))[:3]], genre, rng
            )
            if message.role == "user"
        )
        for template in templates.usable(held_out=False, genre="thriller")
        for genre in ("thriller", "horror", "comedy")
    ]
    return phrasings, requests


def _split(text: str) -> list[str]:
    """Sentences of three words or more; the text itself where there is none."""
    parts = [text[s[0].start : s[-1].end] for s in sentences(tokenise(text)) if len(s) >= 3]
    return parts or [text]


def fit(vectors: Floats, labels: Classes, classes: int) -> tuple[Floats, Floats]:
    """Multinomial logistic regression: weights [classes, width] and bias [classes]."""
    from scipy.optimize import minimize

    wanted = np.eye(classes)[labels]
    size = classes * vectors.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights, bias = flat[:size].reshape(classes, -1), flat[size:]
        chances = softmax(vectors, weights, bias)
        value = -np.log(chances[np.arange(len(labels)), labels] + 1e-12).sum()
        miss = chances - wanted
        slope = np.concatenate([(miss.T @ vectors + PENALTY * weights).ravel(), miss.sum(axis=0)])
        return float(value + PENALTY / 2 * (weights**2).sum()), slope

    found = minimize(loss, np.zeros(size + classes), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return found[:size].reshape(classes, -1), found[size:]


def cross_validated(vectors: Floats, labels: Classes, groups: Classes, classes: int) -> Floats:
    """Class probabilities [sentences, classes], each from a fit without the sentence's group."""
    order = np.random.default_rng(0).permutation(int(groups.max()) + 1)
    folds = order[groups] % FOLDS
    chances = np.zeros((len(labels), classes))
    for fold in range(FOLDS):
        weights, bias = fit(vectors[folds != fold], labels[folds != fold], classes)
        chances[folds == fold] = softmax(vectors[folds == fold], weights, bias)
    return chances


def calibrated(chances: Floats, labels: Classes) -> tuple[float, float]:
    """Slope and shift that turn the log odds of the likeliest trait into those of its being right (Platt)."""
    from scipy.optimize import minimize

    best = 1 + chances[:, 1:].argmax(axis=1)
    chance = np.clip(chances[np.arange(len(best)), best], 1e-6, 1 - 1e-6)
    odds, right = np.log(chance / (1 - chance)), (best == labels).astype(np.float64)

    def loss(line: Floats) -> float:
        scores = line[0] * odds + line[1]
        return float((np.logaddexp(0, scores) - right * scores).sum())

    slope, shift = minimize(loss, np.array([1.0, 0.0])).x
    return float(slope), float(shift)


if __name__ == "__main__":
    main()
