"""Verdicts of the compiled oracle beside a plain-Python dictionary of the same rules, and its times at scale.

    python benchmarks/oracle_lookup.py [--titles 1000000]

The plain implementation keeps ``{(normalised title, year): {trait: (risk, doubt)}}`` and judges one item
after the other; it resolves titles by exact year, then ±1, ±2, as the paper's code does. Both answers are
compared before anything is timed. "By title" comes twice: titles seen before (a trained recommender repeats
itself; we remember the keys of 65,536 titles), and titles never seen, where normalising them is nearly all of
the work on both sides.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from safecrs.advisories import Advisory, Statement
from safecrs.catalog import Catalog, Item, normalize_title
from safecrs.catalog.normalize import title_key
from safecrs.oracle import Oracle, Verdict, compile_oracle
from safecrs.taxonomy import CATEGORIES, load_taxonomy

ADVISED = 25_000
BATCH = 2_560  # 256 completions of 10 items
Risks = dict[str, tuple[float, float]]


def best_of(repeats: int, run: Callable[[], object]) -> float:
    """Seconds of the fastest of ``repeats`` runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def judge_plainly(risks: Risks | None, constraints: dict[str, float]) -> int:
    """The verdict's definition, one item at a time."""
    if risks is None:
        return Verdict.UNKNOWN
    unknown = False
    for trait, threshold in constraints.items():
        risk, doubt = risks[trait]
        if risk >= threshold:
            return Verdict.UNSAFE
        unknown |= risk != risk or doubt >= threshold / 2
    return Verdict.UNKNOWN if unknown else Verdict.SAFE


def resolve_plainly(table: dict[tuple[str, int], Risks], title: str, year: int) -> Risks | None:
    """Exact year, then ±1, ±2."""
    key = normalize_title(title)
    for gap in (0, -1, 1, -2, 2):
        risks = table.get((key, year + gap))
        if risks is not None:
            return risks
    return None


def random_advisories(items: list[Item], generator: random.Random) -> Iterator[Advisory]:
    topics = load_taxonomy().topics
    reviewed = frozenset(topics)
    for item in items:
        severities = tuple(Statement(category, generator.randrange(4)) for category in CATEGORIES)
        present = tuple(Statement(topic, 1) for topic in generator.sample(topics, generator.randrange(6)))
        reviews = (
            reviewed if generator.random() < 0.5 else frozenset(topics[: generator.randrange(len(topics))])
        )
        yield Advisory(item.title, item.year, "random", severities + present, None, True, reviews)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=1_000_000)
    titles = parser.parse_args().titles
    generator = random.Random(0)
    words = [
        "night",
        "the",
        "river",
        "of",
        "blue",
        "iron",
        "last",
        "song",
        "day",
        "house",
        "wolf",
        "Ève",
        "city",
    ]
    items = [
        Item(f"{' '.join(generator.choices(words, k=3))} {row % 400_000}".title(), 1930 + row % 95)
        for row in range(titles)
    ]
    advised = items[:ADVISED]
    taxonomy = load_taxonomy()

    start = time.perf_counter()
    catalog = Catalog.from_items(items)
    built = time.perf_counter() - start
    start = time.perf_counter()
    oracle = compile_oracle(catalog, random_advisories(advised, generator), taxonomy)
    compiled = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "films.oracle"
        start = time.perf_counter()
        oracle.save(path)
        saved = time.perf_counter() - start
        size = path.stat().st_size / 2**20
        loaded = best_of(3, lambda: Oracle.load(path))
    print(f"{len(catalog):,} titles, {oracle.coverage().advised:,} advised × {len(taxonomy.traits)} traits")
    print(f"catalog {built:.1f} s, compile {compiled:.1f} s, save {saved:.1f} s ({size:.0f} MiB)")
    print(f"peak memory while compiling {peak:.2f} GiB")
    print(f"load {loaded * 1000:.1f} ms")

    small = Catalog.from_items(advised)
    oracle = compile_oracle(small, random_advisories(advised, generator), taxonomy)
    by_row: list[Risks] = [
        dict(zip(taxonomy.ids, zip(risk, doubt, strict=True), strict=True))
        for risk, doubt in zip(oracle.risk.tolist(), oracle.doubt.tolist(), strict=True)
    ]
    by_id = dict(enumerate(by_row))
    by_title = {(normalize_title(small.title(row)), small.year(row) or 0): by_row[row] for row in by_id}
    constraints = dict.fromkeys(("gore", "torture", "self_harm"), 0.66)
    rows = np.array(generator.choices(range(len(small)), k=BATCH))
    asked = [(small.title(row), small.year(row) or 0) for row in rows.tolist()]
    names, years = [title for title, _ in asked], [year for _, year in asked]

    def plain_by_id() -> list[int]:
        return [judge_plainly(by_id.get(row), constraints) for row in rows.tolist()]

    def plain_by_title() -> list[int]:
        return [judge_plainly(resolve_plainly(by_title, t, y), constraints) for t, y in asked]

    assert plain_by_id() == oracle.verdicts(rows, constraints).tolist()
    ours = oracle.judge(names, years, constraints).tolist()
    different = sum(a != b for a, b in zip(plain_by_title(), ours, strict=True))
    print(f"by title, {different} of {BATCH} answers differ (ties between two years, ambiguous for us)")

    def judge_unseen() -> object:
        title_key.cache_clear()
        return oracle.judge(names, years, constraints)

    for what, plain, batch in (
        ("by title, seen", plain_by_title, lambda: oracle.judge(names, years, constraints)),
        ("by title, unseen", plain_by_title, judge_unseen),
        ("by id", plain_by_id, lambda: oracle.verdicts(rows, constraints)),
    ):
        slow, fast = best_of(5, plain), best_of(20, batch)
        print(
            f"{what}: plain {slow / BATCH * 1e9:,.0f} ns an item, "
            f"ours {fast / BATCH * 1e9:,.1f} ns, {slow / fast:,.1f}×"
        )


if __name__ == "__main__":
    main()
