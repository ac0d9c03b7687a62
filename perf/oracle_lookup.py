"""Verdicts of the compiled oracle beside a plain-Python dictionary of the same rules, and its times at scale.

    python perf/oracle_lookup.py [--titles 1000000]

The plain implementation keeps ``{(normalised title, year): ((risk, possible risk) of each trait)}`` and
judges one item after the other for a person of three traits. It resolves titles by exact year, then ±1, ±2,
as the paper's code does; it knows neither ties nor articles, which would cost it more time. Asked for are
titles as the catalog writes them, and as people and models do (case, articles, punctuation, a year that is
off by one, one in ten that nobody knows). No two batches share a title, and we remember none. "Memo" is a
plain implementation that has met every title before and remembers its normalised form. Both answers are
compared. Times are CPU times, so that whatever else runs disturbs them little.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safecrs.advisories import Advisory, Statement
from safecrs.catalog import Catalog, Item, normalize_title
from safecrs.oracle import Oracle, Verdict, compile_oracle
from safecrs.taxonomy import CATEGORIES, Taxonomy, load_taxonomy

ADVISED = 25_000
BATCH = 2_560  # 256 completions of 10 items
BATCHES = 8
WORDS = ("night", "the", "river", "of", "blue", "iron", "last", "song", "day", "house", "wolf", "Ève", "city")
CONSTRAINTS = dict.fromkeys(("gore", "torture", "self_harm"), 0.66)
Risks = tuple[tuple[float, float], ...]
Asked = list[tuple[str, int]]


def nanoseconds(run: Callable[[Any], object], batches: Sequence[Any], repeats: int = 7) -> float:
    """CPU time of an item: for each batch the fastest of ``repeats``."""
    total = 0.0
    for batch in batches:
        times = []
        for _ in range(repeats):
            start = time.process_time()
            run(batch)
            times.append(time.process_time() - start)
        total += min(times)
    return total / len(batches) / BATCH * 1e9


def judge_plainly(risks: Risks | None, constraints: list[tuple[int, float]]) -> int:
    """The verdict's definition, one item at a time."""
    if risks is None:
        return Verdict.UNKNOWN
    unknown = False
    for trait, threshold in constraints:
        risk, possible_risk = risks[trait]
        if risk >= threshold:
            return Verdict.UNSAFE
        unknown |= risk != risk or possible_risk >= threshold / 2
    return Verdict.UNKNOWN if unknown else Verdict.SAFE


def resolve_plainly(
    table: Mapping[tuple[str, int], Risks], title: str, year: int, normalize: Callable[[str], str]
) -> Risks | None:
    """Exact year, then ±1, ±2."""
    key = normalize(title)
    for gap in (0, -1, 1, -2, 2):
        risks = table.get((key, year + gap))
        if risks is not None:
            return risks
    return None


def random_items(count: int, generator: random.Random) -> Iterator[Item]:
    """Titles of four words with accents, articles, "&" and subtitles; one in ten is a remake."""
    title = ""
    for row in range(count):
        if row % 10 != 9:
            words = [*generator.choices(WORDS, k=3), str(row % 400_000)]
            title = generator.choice(("", "", "the ")) + generator.choice(
                ("{} {} {} {}", "{} {} {} {}", "{} & {} {} {}", "{} {}: {} {}", "{}'s {} {} {}")
            ).format(*words)
        yield Item(title.title(), 1930 + row % 95 if row % 10 != 9 else 1900)


def as_written(title: str, year: int, generator: random.Random) -> tuple[str, int]:
    """The title as somebody may write it."""
    match generator.randrange(10):
        case 0:
            return title.lower(), year
        case 1:
            return f"{title.removeprefix('The ')}, The", year
        case 2:
            return title.replace(":", " -").replace("&", "and"), year
        case 3:
            return title, year + 1
        case 4:
            return f"{title} Unheard Of", year
        case _:
            return title, year


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


def compare(oracle: Oracle, taxonomy: Taxonomy, generator: random.Random) -> None:
    """Time both implementations over one catalog, and print."""
    catalog = oracle.catalog
    by_row: list[Risks] = [
        tuple(zip(risk, possible_risk, strict=True))
        for risk, possible_risk in zip(oracle.risk.tolist(), oracle.possible_risk.tolist(), strict=True)
    ]
    by_id = dict(enumerate(by_row))
    by_title = {
        (normalize_title(catalog.title(row)), catalog.year(row) or 0): risks for row, risks in by_id.items()
    }
    columns = [(taxonomy.ids.index(trait), threshold) for trait, threshold in CONSTRAINTS.items()]
    remembered = cache(normalize_title)
    picked = generator.sample(range(len(catalog)), BATCH * BATCHES)
    labels: Asked = [(catalog.title(row), catalog.year(row) or 0) for row in picked]
    written = [as_written(title, year, generator) for title, year in labels]

    def plain(batch: Asked, normalize: Callable[[str], str] = normalize_title) -> list[int]:
        return [
            judge_plainly(resolve_plainly(by_title, title, year, normalize), columns) for title, year in batch
        ]

    def memo(batch: Asked) -> list[int]:
        return plain(batch, remembered)

    def ours(batch: tuple[list[str], list[int]]) -> NDArray[np.int8]:
        return oracle.judge(*batch, CONSTRAINTS)

    print(f"{len(catalog):,} titles:")
    for name, asked in (("as the catalog writes them", labels), ("as people write them", written)):
        pairs = [asked[start : start + BATCH] for start in range(0, len(asked), BATCH)]
        columnar = [([title for title, _ in batch], [year for _, year in batch]) for batch in pairs]
        different = 0
        for batch, split in zip(pairs, columnar, strict=True):
            different += sum(a != b for a, b in zip(memo(batch), ours(split).tolist(), strict=True))
        slow, known, fast = nanoseconds(plain, pairs), nanoseconds(memo, pairs), nanoseconds(ours, columnar)
        print(
            f"  by title, {name}: plain {slow:,.0f} ns an item, ours {fast:,.0f} ns, {slow / fast:.1f}×; "
            f"memo {known:,.0f} ns, {known / fast:.1f}×; {different} of {len(asked):,} answers differ"
        )

    def plain_by_id(batch: list[int]) -> list[int]:
        return [judge_plainly(by_id.get(row), columns) for row in batch]

    def ours_by_id(batch: NDArray[np.intp]) -> NDArray[np.int8]:
        return oracle.verdicts(batch, CONSTRAINTS)

    numbers = [picked[start : start + BATCH] for start in range(0, len(picked), BATCH)]
    rows = [np.array(batch) for batch in numbers]
    for some, array in zip(numbers, rows, strict=True):
        assert plain_by_id(some) == ours_by_id(array).tolist()
    slow, fast = nanoseconds(plain_by_id, numbers), nanoseconds(ours_by_id, rows)
    print(f"  by id: plain {slow:,.0f} ns an item, ours {fast:.1f} ns, {slow / fast:,.0f}×")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=1_000_000)
    titles = parser.parse_args().titles
    generator = random.Random(0)
    items = list(random_items(titles, generator))
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
        loads = []
        for _ in range(3):
            start = time.perf_counter()
            mapped = Oracle.load(path)
            loads.append(time.perf_counter() - start)
        print(
            f"{len(catalog):,} titles, {oracle.coverage().advised:,} advised × {len(taxonomy.traits)} traits"
        )
        print(f"catalog {built:.1f} s, compile {compiled:.1f} s, save {saved:.1f} s ({size:.0f} MiB)")
        print(f"peak memory while compiling {peak:.2f} GiB")
        print(f"load {min(loads) * 1000:.1f} ms")
        small = Catalog.from_items(advised)
        compare(compile_oracle(small, random_advisories(advised, generator), taxonomy), taxonomy, generator)
        del items, catalog, oracle
        compare(mapped, taxonomy, generator)


if __name__ == "__main__":
    main()
