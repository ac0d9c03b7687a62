"""The oracle's interface over verdicts given by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from safecrs.catalog import Catalog
from safecrs.taxonomy import Taxonomy


@dataclass
class FakeOracle:
    """Unsafe for a trait by table; everything else is safe, bar the rows listed as unknown."""

    catalog: Catalog
    taxonomy: Taxonomy
    unsafe_rows: dict[str, frozenset[int]]
    unknown_rows: frozenset[int] = frozenset()

    def unsafe(self, constraints):
        result = np.zeros(len(self.catalog), dtype=bool)
        for trait in constraints:
            result[list(self.unsafe_rows.get(trait, ()))] = True
        return result

    def unknown(self, constraints):
        result = np.zeros(len(self.catalog), dtype=bool)
        if constraints:
            result[list(self.unknown_rows)] = True
        return result & ~self.unsafe(constraints)
