"""A small world with known verdicts: the same API as the oracle, nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from fake_oracle import make_verdict_oracle
from safecrs.benchmark import Interactions
from safecrs.catalog import Catalog, Item
from safecrs.oracle import Oracle
from safecrs.taxonomy import load_taxonomy

GENRES = (("horror",), ("comedy",), ("drama", "romance"), ("action", "thriller"), ("western",))


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.from_items(
        Item(f"Film {number}", 1960 + number % 60, genres=GENRES[number % len(GENRES)])
        for number in range(120)
    )


@pytest.fixture(scope="session")
def oracle(catalog: Catalog) -> Oracle:
    """Horror is unsafe for horror, half of it for gore too; each seventh film is unknown."""
    return make_verdict_oracle(
        catalog,
        load_taxonomy("film").assigned,
        {
            "horror": frozenset(range(0, 120, 5)),
            "gore": frozenset(range(0, 120, 10)),
            "disasters": frozenset(range(3, 120, 5)),
            "animal_harm": frozenset(range(4, 120, 10)),
        },
        frozenset(range(6, 120, 7)),
    )


@pytest.fixture(scope="session")
def interactions(catalog):
    rng = np.random.default_rng(5)
    people = np.repeat(np.arange(60), 40)
    rows = np.concatenate([rng.permutation(len(catalog))[:40] for _ in range(60)]).astype(np.int32)
    return Interactions.collect(
        "movielens", "test", people, rows, rng.choice([2.0, 4.0, 5.0], 2400).astype(np.float32)
    )
