"""The cost of constrained decoding against free decoding, and the gain of reading forced tokens in one pass.

    python perf/constrained_decoding.py                # the tiny model of the demo, seconds
    python perf/constrained_decoding.py --smollm2      # SmolLM2-135M, minutes on two cores

Every variant writes lists of ten titles for the same requests; free decoding writes as many tokens as the
constrained lists have on average, so that the same amount of text is compared. Weights of the tiny model are
random, which changes what it writes but not what it costs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from safecrs.catalog import Catalog, Item, split_label
from safecrs.conversation import Message
from safecrs.oracle import Oracle, load_starter
from safecrs.recommenders.constrained import CatalogTrie
from safecrs.recommenders.constrained.ranker import ConstrainedRanker
from safecrs.recommenders.language_models.bases import SMOLLM2, base_folder
from safecrs.recommenders.language_models.checkpoint import LanguageModel
from safecrs.recommenders.language_models.generation import generate
from safecrs.recommenders.language_models.ranker import LanguageModelRanker
from safecrs.slates.base import Request
from safecrs.taxonomy import load_taxonomy
from safecrs.training.models.tiny import TinySize, tiny_model, tiny_tokenizer

K = 10
REDDIT = Path(__file__).resolve().parents[1] / "../shared/data/catalog/reddit_movie_titles_to_imdb.json.gz"


@dataclass
class Measured:
    name: str
    seconds: float
    passes: int
    cells: int
    tokens: int
    titles: int

    def row(self, requests: int, baseline: Measured) -> str:
        return (
            f"{self.name:34} {self.seconds / requests:9.4f} {self.tokens / self.seconds:9.0f}"
            f" {self.passes:7d} {self.cells / self.tokens:8.2f} {self.seconds / baseline.seconds:8.2f}"
        )


def measure(model: LanguageModel, name: str, run: Callable[[], tuple[int, int]], repeats: int) -> Measured:
    """Fastest of ``repeats``; passes are calls of the model, cells the tokens it read after the prompts."""
    best = None
    for _ in range(repeats):
        sizes: list[tuple[int, int]] = []
        hook = model.model.register_forward_pre_hook(
            lambda _module, _args, kwargs, seen=sizes: seen.append(tuple(kwargs["input_ids"].shape)),
            with_kwargs=True,
        )
        started = time.perf_counter()
        tokens, titles = run()
        seconds = time.perf_counter() - started
        hook.remove()
        cells = sum(rows * width for rows, width in sizes if width < 32)
        if best is None or seconds < best.seconds:
            best = Measured(name, seconds, len(sizes), cells, tokens, titles)
    assert best is not None
    return best


def compare(
    title: str, model: LanguageModel, oracle: Oracle, requests: list[Request], batch: int, repeats: int
) -> None:
    started = time.perf_counter()
    trie = CatalogTrie.build(oracle.catalog.labels, model.tokenizer)
    built = time.perf_counter() - started

    def settings(budget: int) -> LanguageModelRanker:
        return LanguageModelRanker(
            model, oracle.catalog, name="model", reasoning="none", batch_size=batch, max_new_tokens=budget
        )

    def constrained(chunk: int) -> Callable[[], tuple[int, int]]:
        ranker = ConstrainedRanker(settings(64), oracle, trie=trie)

        def run() -> tuple[int, int]:
            prompts, decoders = ranker.prepare(requests, K)
            generate(model.model, prompts, decoders, batch_size=batch, chunk=chunk)
            completions = [decoder.completion for decoder in decoders]
            return sum(len(one.tokens) for one in completions), sum(len(one.rows) for one in completions)

        return run

    completions = ConstrainedRanker(settings(64), oracle, trie=trie).write(requests, K)
    budget = round(np.mean([len(one.tokens) for one in completions]))
    free = settings(budget)

    def freely() -> tuple[int, int]:
        free.complete(requests)  # a random model rarely ends before its budget
        return budget * len(requests), 0

    baseline = measure(model, "free", freely, repeats)
    variants = [
        baseline,
        measure(model, "constrained, token by token", constrained(1), repeats),
        *(
            measure(model, f"constrained, jumps of at most {chunk}", constrained(chunk), repeats)
            for chunk in (4, 8, 16, 64)
        ),
    ]
    titles = sum(len(one.rows) for one in completions)
    choices = sum(sum(one.chosen) for one in completions)
    print(f"\n{title}: {len(oracle.catalog):,} titles, {len(requests)} requests in batches of {batch}")
    print(f"tree built in {built:.2f} s; {budget / K:.1f} tokens a title, {choices / titles:.2f} choices")
    print(f"{'':34} {'s/slate':>9} {'tokens/s':>9} {'passes':>7} {'padding':>8} {'× free':>8}")
    for variant in variants:
        print(variant.row(len(requests), baseline))


def requests_for(catalog: Catalog, count: int) -> list[Request]:
    rng = np.random.default_rng(0)
    return [
        Request(
            (
                Message(
                    role="user",
                    content="Hi! I loved "
                    + ", ".join(catalog.label(int(row)) for row in rng.choice(len(catalog), 4))
                    + ". What should I watch tonight? Nothing gory, please.",
                ),
            ),
            {"gore": 0.66},
        )
        for _ in range(count)
    ]


def tiny(catalog: Catalog, whole_labels: bool) -> LanguageModel:
    texts = [message.content for request in requests_for(catalog, 200) for message in request.messages]
    size = TinySize()
    tokenizer = tiny_tokenizer(texts, catalog.labels if whole_labels else [], size)
    return LanguageModel(tiny_model(tokenizer, size).eval(), tokenizer)


def smollm2(precision: str) -> tuple[LanguageModel, Oracle]:
    model = LanguageModel.load(base_folder(SMOLLM2))
    model.model.to(getattr(torch, precision))
    if not REDDIT.is_file():
        print("../shared/data is not here: measuring on the starter catalog")
        return model, load_starter("film")
    with gzip.open(REDDIT, "rt", encoding="utf-8") as lines:
        catalog = Catalog.from_items(Item(*split_label(label)) for label in json.load(lines))
    taxonomy = load_taxonomy("film")
    risk = np.random.default_rng(0).random((len(catalog), len(taxonomy.traits)))
    return model, Oracle.from_risk(catalog, taxonomy, risk)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smollm2", action="store_true")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--requests", type=int, default=None)
    parser.add_argument("--batch", type=int, default=None)
    parser.add_argument("--repeats", type=int, default=None)
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    if options.smollm2:
        model, oracle = smollm2(options.precision)
        requests = requests_for(oracle.catalog, options.requests or 16)
        compare(
            f"SmolLM2 ({options.precision})",
            model,
            oracle,
            requests,
            options.batch or 16,
            options.repeats or 1,
        )
        return
    oracle = load_starter("film")
    requests = requests_for(oracle.catalog, options.requests or 400)
    for title, whole in (("tiny, a token a title", True), ("tiny, titles in pieces", False)):
        model = tiny(oracle.catalog, whole)
        compare(title, model, oracle, requests, options.batch or 64, options.repeats or 2)


if __name__ == "__main__":
    main()
