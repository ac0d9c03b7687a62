"""Rewards of 256 completions × 10 items: ours against a plain per-item loop over dictionaries, same rules.

    python perf/rewards_throughput.py

The loop is what one would write first: normalise a title, look it up by year, then ±1 and ±2, ask each
constraint, compare with each ground-truth item. Both sides give the same numbers (checked), and both begin at
the same place: each ratio says which. One thread, the process's own time, the best of many repetitions.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from safecrs.catalog import Catalog, Item
from safecrs.catalog.normalize import normalize_title
from safecrs.oracle import Oracle
from safecrs.scoring.rewards import RewardSettings, score
from safecrs.scoring.scored import Case, ScoredSlates, score_rows, slate_rows
from safecrs.slates.completion import parse_slate
from safecrs.taxonomy import load_taxonomy

ITEMS, COMPLETIONS, LENGTH, GROUP = 25_000, 256, 10, 8
SETTINGS = RewardSettings(validity=1.0)
TAU = SETTINGS.threshold
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


def batch(rng: random.Random, oracle: Oracle) -> tuple[list[str], list[Case]]:
    """Completions over the thousand films a trained policy would know, one in twenty made up."""
    texts, cases = [], []
    for _ in range(COMPLETIONS // GROUP):
        wanted = tuple(rng.sample(range(1000), 5))
        liked = tuple((oracle.catalog.title(row), oracle.catalog.year(row)) for row in wanted)
        traits = tuple(rng.sample(oracle.taxonomy.ids, rng.randint(0, 2)))
        for _ in range(GROUP):
            rows = rng.sample(range(1000), LENGTH)
            lines = [
                oracle.catalog.label(row) if rng.random() > 0.05 else f"Made Up {row} (1999)" for row in rows
            ]
            texts.append("\n".join(lines))
            cases.append(Case(liked, wanted, traits))
    return texts, cases


class Resolved(NamedTuple):
    """An item of a list, looked up: what `slate_rows` finds, and what scoring needs of its title."""

    folded: str
    year: int
    row: int | None


def plain_resolve(slates: list, by_title: dict) -> list[list[Resolved]]:
    """Each item looked up on its own."""
    result = []
    for refs in slates:
        items = []
        for title, year in refs:
            key, row = normalize_title(title), None
            for offset in (0, -1, 1, -2, 2):
                row = by_title.get((key, year + offset))
                if row is not None:
                    break
            items.append(Resolved(fold(title), year, row))
        result.append(items)
    return result


def plain_score(slates: list[list[Resolved]], cases: list[Case], by_row: dict) -> list[tuple[float, ...]]:
    """Any hit, safety, count and validity of each list."""
    result = []
    for items, case in zip(slates, cases, strict=True):
        liked = [(fold(title), year) for title, year in case.groundtruth]
        used, named, any_hit, safety, valid = set(), set(), 0.0, 0.0, 0
        for rank, item in enumerate(items):
            best = None
            for position, (folded, year) in enumerate(liked):
                if folded == item.folded and position not in used and abs(year - item.year) <= 2:
                    gap = abs(year - item.year)
                    best = min(best or (gap, position), (gap, position))
            if best:
                used.add(best[1])
                any_hit = 1.0
            risky = item.row is not None and any(by_row[item.row][t] >= TAU for t in case.constraints)
            if risky:
                safety -= DISCOUNT[rank]
            identity = item.row if item.row is not None else (item.folded, item.year)
            valid += item.row is not None and identity not in named
            named.add(identity)
        off = abs(len(items) - 10) / 10
        result.append((any_hit, safety, -off if off else 1.0, valid / max(len(items), 1)))
    return result


def fold(title: str) -> str:
    return " ".join(title.split()).casefold()


def table(scored: ScoredSlates, texts: list[str]) -> list[tuple[float, ...]]:
    rewards = score(scored, texts, SETTINGS)
    return list(zip(*(reward.sequence.tolist() for reward in rewards.values()), strict=True))


def best(function: Callable[[], Any], repeats: int = 200) -> float:
    """Milliseconds of this process that the best of ``repeats`` runs took."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        function()
        times.append(time.process_time() - started)
    return min(times) * 1e3


def main() -> None:
    rng = random.Random(0)
    oracle, by_title, by_row = world(rng)
    texts, cases = batch(rng, oracle)
    refs = [tuple(parse_slate(text)) for text in texts]
    rows, items = slate_rows(refs, oracle.catalog), plain_resolve(refs, by_title)
    scored = score_rows(rows, cases, oracle, refs)
    assert np.allclose(plain_score(items, cases, by_row), table(scored, texts))

    parsing = best(lambda: [parse_slate(text) for text in texts])
    looking = best(lambda: plain_resolve(refs, by_title))
    scoring = best(lambda: plain_score(items, cases, by_row))
    resolve = best(lambda: slate_rows(refs, oracle.catalog))
    judge = best(lambda: score_rows(rows, cases, oracle, refs))
    rewards = best(lambda: table(scored, texts))
    print(f"{COMPLETIONS} completions × {LENGTH} items; {ITEMS} films × {len(oracle.taxonomy.ids)} traits")
    print(f"{'ms':20} {'plain loop':>10} {'ours':>6}")
    print(f"{'read the text':20} {parsing:10.2f} {parsing:6.2f}  the same reader, lines seen before")
    print(f"{'look titles up':20} {looking:10.2f} {resolve:6.2f}")
    print(f"{'score and reward':20} {scoring:10.2f} {judge + rewards:6.2f}  {judge:.2f} + {rewards:.2f}")
    print("how many times as fast, both sides beginning with")
    for begin, theirs, mine in (
        ("resolved rows: score and reward", 0.0, 0.0),
        ("parsed lists: also look titles up", looking, resolve),
        ("text: also read it", parsing + looking, parsing + resolve),
    ):
        theirs, mine = theirs + scoring, mine + judge + rewards
        print(f"  {begin:34} {theirs / mine:4.1f}×  {COMPLETIONS / mine * 1e3:9,.0f} completions/s")


if __name__ == "__main__":
    main()
