"""Oracles over verdicts given by hand."""

from __future__ import annotations

import numpy as np

from safecrs.catalog import Catalog, Item
from safecrs.oracle import Oracle
from safecrs.taxonomy import Taxonomy, load_taxonomy


def make_verdict_oracle(
    catalog: Catalog,
    taxonomy: Taxonomy,
    unsafe_rows: dict[str, frozenset[int]],
    unknown_rows: frozenset[int] = frozenset(),
) -> Oracle:
    """Unsafe for a trait by table; every other item is safe, except the rows listed as unknown."""
    risk = np.zeros((len(catalog), len(taxonomy.traits)), dtype=np.float32)
    risk[list(unknown_rows)] = np.nan
    for trait, rows in unsafe_rows.items():
        risk[list(rows), taxonomy.column[trait]] = 1.0
    return Oracle.from_risk(catalog, taxonomy, risk)


def make_numbered_oracle() -> Oracle:
    """120 films: every fifth is unsafe for gore, every tenth for horror too, every seventh unknown to all."""
    catalog = Catalog.from_items(Item(f"Film {number}", 1960 + number % 60) for number in range(120))
    taxonomy = load_taxonomy("film").assigned
    risk = np.zeros((120, len(taxonomy.traits)), dtype=np.float32)
    risk[::5, taxonomy.column["gore"]] = 1.0
    risk[::10, taxonomy.column["horror"]] = 1.0
    risk[6::7] = np.nan
    return Oracle.from_risk(catalog, taxonomy, risk)
