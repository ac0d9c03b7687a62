"""Recall@10 of the hybrid ranker on real dialogues, and the weights of its parts.

``python tools/measure_recall.py ../shared/data [--corpus redial] [--learnt talks] [--ablation] [--write]``

At every turn of the recommender that names suggested films which nobody named before, the request is the
conversation up to that turn and the answers are those films (ReDial: a film is suggested where the seeker's
form says so, or, where it is silent, the recommender's; OpenDialKG: the recommended works). What the
conversation names is never recommended. Recall is the number of answers among the first ten items over the
number of answers, both summed over all turns. Films that the catalog lacks are not answers.

Dialogue d of n in the order of the file is in fold ⌊5 d / n⌋. For every fold all that is learnt
(popularity, what is chosen together, the words of requests, and the weights) is learnt from the other four,
the weights nested within these. "Last" is the fifth fold: of ReDial's 1,000 dialogues the last 200, taught
by the first 800. The interval is a bootstrap over dialogues. Workers are not separated: most took part in
many of ReDial's dialogues.

``--learnt`` says what the ranker knows: "alone" is the catalog with the facets of the starter (``--films``:
other tables of items), no ratings and no conversations; "histories" adds MovieLens; "talks" adds the
training dialogues. In all three the weights come from the training folds.

``--write`` learns the weights from all dialogues and puts them into ``recommenders/rankers/hybrid.toml``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import get_args

import numpy as np

from recall.corpora import Corpus, load_corpus
from recall.learning import FOLDS, Recall, Study
from safecrs.catalog import Item
from safecrs.catalog.items_csv import read_items
from safecrs.detection.encoder import load_encoder
from safecrs.recommenders.manifest import installed_histories
from safecrs.recommenders.rankers.hybrid import Learnt, load_provenance, load_tables, table_of
from safecrs.recommenders.rankers.meaning import Meaning, item_vectors
from safecrs.starter import read_starter

BASELINE = ("chosen with own", "chosen with offered", "suggested", "asked genres")
"""EASE over histories and dialogues, log popularity among suggestions, and the genres that words name."""
GROUPS = {
    "chosen together": ("chosen with own", "chosen with offered"),
    "popularity in dialogues": ("mentioned", "suggested", "opener"),
    "popularity in histories": ("liked",),
    "fame": ("fame",),
    "age": ("recent", "old", "era"),
    "wishes": ("asked genres", "asked people", "asked other"),
    "shared genres": ("shared genres",),
    "shared people": ("shared directors", "shared cast"),
    "shared themes and moods": ("shared themes", "shared moods", "shared series", "shared countries"),
    "BM25": ("words", "about"),
    "words of conversations": ("spoken",),
    "alike": ("alike",),
    "meaning": ("meant", "meant like"),
    "popularity near named items": ("mentioned and shared", "liked and shared", "fame and shared"),
}
STATED = {"alike": 2.0, "asked other": 2.5}
"""Weights that the corpora cannot teach: their items have no lists of like items, and of the moods and themes
that their people ask for only words are matched here. Recall is measured with the learnt ones."""
_TARGET = Path(__file__).parents[1] / "src/safecrs/recommenders/rankers/hybrid.toml"


def main() -> None:
    """Measure, print and, if asked to, write the weights."""
    parser = argparse.ArgumentParser(description="Measure recall on real dialogues, or learn the weights.")
    parser.add_argument("data", type=Path, help="the folder with conversations/ and catalog/")
    parser.add_argument("--corpus", choices=("redial", "opendialkg"), default="redial")
    parser.add_argument("--learnt", choices=get_args(Learnt), default="talks")
    parser.add_argument("--films", type=Path, nargs="*", help="tables of items in place of the starter's")
    parser.add_argument("--vectors", type=Path, help="add the sentence encoder; where item vectors are kept")
    parser.add_argument("--ablation", action="store_true", help="also without each group of parts")
    parser.add_argument("--write", action="store_true", help="write the weights into the package")
    options = parser.parse_args()
    corpus = load_corpus(options.corpus, options.data, _known(options.films))
    histories = [] if options.learnt == "alone" else list(installed_histories(corpus.catalog).values())
    meaning = _meaning(corpus, options.vectors)
    study = Study(corpus, histories, talks=options.learnt == "talks", meaning=meaning)
    print(f"{len(corpus.catalog)} items, {len(corpus.talks)} dialogues, {len(corpus.moments)} requests")
    print("parts · recall@10 · 95 % interval · by fold, the last of which is “last”")
    whole = study.measure()
    for name, found in _rows(study, whole, ablation=options.ablation):
        print(_line(name, found, study))
    if options.write:
        _write(table_of(options.learnt, bool(meaning)), study.weights(), whole, options.corpus)


def _known(films: Sequence[Path] | None) -> list[Item]:
    return read_starter("film")[0] if films is None else [item for path in films for item in read_items(path)]


def _rows(study: Study, whole: Recall, *, ablation: bool) -> Iterator[tuple[str, Recall]]:
    yield "all", whole
    yield "baseline: EASE, popularity, genres", study.measure(only=BASELINE)
    if ablation:
        for name, parts in GROUPS.items():
            yield f"without {name}", study.measure(leave_out=parts)


def _line(name: str, found: Recall, study: Study) -> str:
    folds = " ".join(f"{found.value(study.fold_of == fold):.3f}" for fold in range(FOLDS))
    low, high = found.interval()
    return f"{name:40} {found.value():.3f} [{low:.3f}, {high:.3f}]  {folds}"


def _meaning(corpus: Corpus, vectors: Path | None) -> Meaning | None:
    """The embeddings in the file, which is written where it does not exist."""
    if vectors is None:
        return None
    encoder = load_encoder()
    if not vectors.exists():
        np.save(vectors, item_vectors(corpus.catalog, encoder))
    once = lru_cache(maxsize=None)(lambda text: encoder([text])[0])
    return Meaning(np.load(vectors), lambda texts: np.stack([once(text) for text in texts]))


def _write(name: str, weights: dict[str, float], whole: Recall, corpus: str) -> None:
    """Replace one table of ``hybrid.toml``, keeping the others."""
    low, high = whole.interval()
    about = (
        f"learnt from {len(whole.hits)} requests of {corpus} by tools/measure_recall.py, {date.today()}; "
        f"recall@10 {whole.value():.3f} [{low:.3f}, {high:.3f}]"
    )
    tables = dict(load_tables()) if _TARGET.exists() else {}
    notes = dict(load_provenance()) if _TARGET.exists() else {}
    tables[name], notes[name] = weights, about
    lines = [
        "# Weights of the hybrid ranker's parts, by what it learns from; made by tools/measure_recall.py.",
        "",
        "[stated] # by hand: what the corpora have too little of",
        *(f'"{part}" = {weight}' for part, weight in STATED.items()),
        "",
        "[provenance]",
        *(f'{table} = "{note}"' for table, note in sorted(notes.items())),
    ]
    for table, parts in sorted(tables.items()):
        lines += ["", f"[{table}]", *(f'"{part}" = {weight:.4g}' for part, weight in parts.items() if weight)]
    _TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
