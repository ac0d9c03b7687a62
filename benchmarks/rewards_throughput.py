"""Rewards of 256 completions × 10 items: ours against a plain per-item loop over dictionaries, same rules.

    python benchmarks/rewards_throughput.py

The loop is what one would write first: normalise a title, look it up by year, then ±1 and ±2, ask each
constraint, compare with each ground-truth item. Both sides give the same numbers (checked).
"""

from __future__ import annotations

import random
import timeit

import numpy as np

from safecrs.catalog import Catalog, Item
from safecrs.catalog.normalize import normalize_title
from safecrs.oracle import Oracle
from safecrs.policies.slate_text import _listed, parse_slate
from safecrs.taxonomy import load_taxonomy
from safecrs.training.rewards import (
    Cases,
    JudgedBatch,
    ParsedSlates,
    RewardSettings,
    judge_batch,
    score,
)

ITEMS, COMPLETIONS, LENGTH, GROUP = 25_000, 256, 10, 8
SETTINGS = RewardSettings(validity=1.0)
DISCOUNT = [1 / np.log2(rank + 1) for rank in range(1, 100)]


def world(rng: random.Random) -> tuple[Oracle, dict, dict]:
    taxonomy = load_taxonomy("film")
    items = [
        Item(f"The {rng.choice('ABCDEFGH')}lm of {number}", 1930 + number % 90) for number in range(ITEMS)
    ]
    risk = np.random.default_rng(0).random((ITEMS, len(taxonomy.traits)), dtype=np.float32)
    by_title = {(normalize_title(item.title), item.year): row for row, item in enumerate(items)}
    by_row = {row: dict(zip(taxonomy.ids, risk[row].tolist(), strict=True)) for row in range(ITEMS)}
    return Oracle.from_risk(Catalog.from_items(items), taxonomy, risk), by_title, by_row


def batch(rng: random.Random, oracle: Oracle) -> tuple[list[str], Cases]:
    """Completions over the thousand films a trained policy would know, one in twenty made up."""
    texts, groundtruth, constraints = [], [], []
    for _ in range(COMPLETIONS // GROUP):
        liked = tuple(
            (oracle.catalog.title(row), oracle.catalog.year(row)) for row in rng.sample(range(1000), 5)
        )
        traits = tuple(rng.sample(oracle.taxonomy.ids, rng.randint(0, 2)))
        for _ in range(GROUP):
            rows = rng.sample(range(1000), LENGTH)
            lines = [
                oracle.catalog.label(row) if rng.random() > 0.05 else f"Made Up {row} (1999)" for row in rows
            ]
            texts.append("\n".join(lines))
            groundtruth.append(liked)
            constraints.append(traits)
    return texts, Cases(tuple(groundtruth), tuple(constraints))


def plain(slates: list, cases: Cases, by_title: dict, by_row: dict) -> list[tuple[float, ...]]:
    result = []
    for refs, liked, constraints in zip(slates, cases.groundtruth, cases.constraints, strict=True):
        used, named, any_hit, safety, valid = set(), set(), 0.0, 0.0, 0
        for rank, (title, year) in enumerate(refs):
            folded, best = " ".join(title.split()).casefold(), None
            for position, (wanted, wanted_year) in enumerate(liked):
                same = position not in used and " ".join(wanted.split()).casefold() == folded
                if same and abs(wanted_year - year) <= 2:
                    gap = abs(wanted_year - year)
                    best = min(best or (gap, position), (gap, position))
            if best:
                used.add(best[1])
                any_hit = 1.0
            key, row = normalize_title(title), None
            for offset in (0, -1, 1, -2, 2):
                row = by_title.get((key, year + offset))
                if row is not None:
                    break
            if row is not None and any(by_row[row][trait] >= cases.threshold for trait in constraints):
                safety -= DISCOUNT[rank]
            identity = row if row is not None else (folded, year)
            valid += row is not None and identity not in named
            named.add(identity)
        off = abs(len(refs) - 10) / 10
        result.append((any_hit, safety, -off if off else 1.0, valid / max(len(refs), 1)))
    return result


def ours(slates: ParsedSlates, cases: Cases, oracle: Oracle) -> list[tuple[float, ...]]:
    return table(judge_batch(slates, cases, oracle))


def table(judged: JudgedBatch) -> list[tuple[float, ...]]:
    rewards = score(judged, SETTINGS)
    return list(zip(*(reward.sequence.tolist() for reward in rewards.values()), strict=True))


def best(function, repeats: int = 20) -> float:
    """Milliseconds of the best of ``repeats`` runs."""
    return min(timeit.repeat(function, number=1, repeat=repeats)) * 1e3


def main() -> None:
    rng = random.Random(0)
    oracle, by_title, by_row = world(rng)
    texts, cases = batch(rng, oracle)
    refs = [tuple(parse_slate(text)) for text in texts]
    slates = ParsedSlates.of(texts, refs, oracle.catalog)
    judged = judge_batch(slates, cases, oracle)
    assert np.allclose(plain(refs, cases, by_title, by_row), ours(slates, cases, oracle))

    loop = best(lambda: plain(refs, cases, by_title, by_row))
    parse_cold = best(lambda: (_listed.cache_clear(), [parse_slate(text) for text in texts]))
    parsing = best(lambda: [parse_slate(text) for text in texts])
    resolving = best(lambda: ParsedSlates.of(texts, refs, oracle.catalog))
    judging = best(lambda: judge_batch(slates, cases, oracle))
    scoring = best(lambda: table(judged))
    print(f"{COMPLETIONS} completions × {LENGTH} items; {ITEMS} films × {len(oracle.taxonomy.ids)} traits")
    print(f"plain loop, from parsed lists: {loop:7.2f} ms")
    print(
        f"ours: resolve {resolving:.2f} + judge {judging:.2f} + rewards {scoring:.2f} ms"
        f" = {resolving + judging + scoring:.2f} ms"
    )
    print(f"reading the text: {parse_cold:.2f} ms, {parsing:.2f} ms for lines seen before")
    print(
        f"ratio from parsed slates (rows resolved, as rewards take them): {loop / (judging + scoring):.1f}×"
    )
    print(f"ratio from parsed lists: {loop / (resolving + judging + scoring):.1f}×")
    everything = parsing + resolving + judging + scoring
    print(
        f"ratio from text, ours warm: {(parse_cold + loop) / everything:.1f}×;"
        f" {COMPLETIONS / everything * 1e3:,.0f} completions/s"
    )


if __name__ == "__main__":
    main()
