"""The oracle: risks of all items, and verdicts on whether an item is safe for a user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from safecrs.advisories import Advisory, Skipped
from safecrs.catalog import Catalog, split_label
from safecrs.errors import SafecrsError
from safecrs.oracle.evidence import Evidence, SourceCount, gather_evidence
from safecrs.oracle.explain import Check, TraitRisk, reason, relevant
from safecrs.oracle.fusion import Fusion, fuse
from safecrs.oracle.store import read_oracle, write_oracle
from safecrs.oracle.verdict import Key, Verdict, constraint_key, trait_verdict, worst
from safecrs.storage import cached, fingerprint, fingerprint_of
from safecrs.taxonomy import DEFAULT_THRESHOLD, Constraints, Domain, Taxonomy, load_taxonomy

_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many items and traits the evidence covers.

    Attributes:
        items: catalog size; advised: number of items with any evidence.
        known: trait id → share of items whose risk is known.
        sources: source → number of its advisories, and of those that count for a catalog item.
    """

    items: int
    advised: int
    known: Mapping[str, float]
    sources: Mapping[str, SourceCount]


class Oracle:
    """Risk of every catalog item for every trait, and verdicts at thresholds.

    Verdict at a threshold τ: UNSAFE if risk ≥ τ; else UNKNOWN if the risk is unknown or the possible risk is
    at least τ/2; else SAFE. Row −1, an item the catalog does not hold, is UNKNOWN. Build one with
    `compile_oracle`, `Oracle.load` or `Oracle.from_risk`.

    Attributes:
        risk: float32 [items, traits], established risk; NaN where unknown.
        possible_risk: float32 [items, traits], upper bound of a risk that only a weak source suggests.
    """

    def __init__(
        self,
        catalog: Catalog,
        taxonomy: Taxonomy,
        risk: NDArray[np.float32],
        possible_risk: NDArray[np.float32],
        evidence: Evidence,
        *,
        fusion: Fusion = "applicability",
        sources: Mapping[str, SourceCount] | None = None,
    ) -> None:
        shape = (len(catalog), len(taxonomy.traits))
        if risk.shape != shape or possible_risk.shape != shape or len(evidence.offsets) != len(catalog) + 1:
            raise SafecrsError(
                f"The oracle's tables do not fit {shape[0]} items and {shape[1]} traits; compile it again."
            )
        if catalog.domain != taxonomy.domain:
            raise SafecrsError(
                f"A {catalog.domain} catalog needs {catalog.domain} traits, not {taxonomy.domain} ones."
            )
        self.catalog, self.taxonomy = catalog, taxonomy
        self.risk, self.possible_risk = risk, possible_risk
        self.evidence, self.fusion = evidence, fusion
        self.sources = dict(sources or {})
        self._table = lru_cache(maxsize=_REMEMBERED)(self._compute)
        self._column = lru_cache(maxsize=_REMEMBERED)(self._risks)

    @classmethod
    def from_risk(cls, catalog: Catalog, taxonomy: Taxonomy, risk: ArrayLike) -> Oracle:
        """An oracle over a given risk table [items, traits], NaN where unknown; it holds no evidence."""
        table = np.asarray(risk, dtype=np.float32)
        if np.any((table < 0) | (table > 1)):
            raise SafecrsError("Risks must lie between 0 and 1 (or be NaN where unknown).")
        return cls(catalog, taxonomy, table, np.zeros_like(table), gather_evidence(catalog, (), taxonomy)[0])

    def unsafe(self, constraints: Constraints) -> NDArray[np.bool_]:
        """bool [items]: some constrained trait's risk reaches its threshold."""
        return np.equal(self._items(constraints), Verdict.UNSAFE)

    def unknown(self, constraints: Constraints) -> NDArray[np.bool_]:
        """bool [items]: not unsafe, and some constrained trait is unknown."""
        return np.equal(self._items(constraints), Verdict.UNKNOWN)

    def verdicts(self, rows: ArrayLike, constraints: Constraints) -> NDArray[np.int8]:
        """Verdicts of catalog rows, int8 in the shape of ``rows``; row −1 is UNKNOWN.

        Raises:
            IndexError: a row is outside the catalog.
        """
        index = np.asarray(rows, dtype=np.intp)
        if index.size and not (index.min() >= -1 and index.max() < len(self.catalog)):
            raise IndexError(f"rows must lie between -1 and {len(self.catalog) - 1}")
        return self._table(constraint_key(constraints, self.taxonomy))[index]

    def judge(
        self, titles: Sequence[str], years: Sequence[int | None], constraints: Constraints
    ) -> NDArray[np.int8]:
        """Verdicts of titles and years, int8 [len(titles)]; an item that the catalog lacks is UNKNOWN."""
        return self.verdicts(self.catalog.resolve_many(titles, years), constraints)

    def check(self, title: str, year: int | None, constraints: Constraints) -> Check:
        """Verdict on a title and year ("Saw", 2004 or "Saw (2004)", None), in total and by trait.

        An unknown or ambiguous title is UNKNOWN, with the labels of items that it may mean.
        """
        if year is None:
            title, year = split_label(title)
        row = self.catalog.resolve(title, year)
        if row is None:
            constraint_key(constraints, self.taxonomy)  # raises for an unknown trait
            similar = self.catalog.same_title(title) or self.catalog.search(title)
            return Check(
                title, year, None, None, Verdict.UNKNOWN, (), tuple(map(self.catalog.label, similar))
            )
        verdict = Verdict(int(self.verdicts(row, constraints)))
        asked = {self.taxonomy.trait(name).id: threshold for name, threshold in constraints.items()}
        traits = tuple(risk for risk in self.explain(row, asked) if risk.trait in asked)
        return Check(title, year, row, self.catalog.label(row), verdict, traits)

    def explain(self, row: int, constraints: Constraints | None = None) -> list[TraitRisk]:
        """Risk, verdict and evidence of an item for every trait of the taxonomy and every constraint.

        ``constraints`` overrides the default threshold of a trait.

        Raises:
            IndexError: the row is outside the catalog.
        """
        if not 0 <= row < len(self.catalog):
            raise IndexError(f"row {row} is outside a catalog of {len(self.catalog)} items")
        findings, result = self.evidence.of(row), []
        asked = constraints or {}
        for name in dict.fromkeys((*self.taxonomy.ids, *asked)):
            trait, tau = self.taxonomy.trait(name), asked.get(name, DEFAULT_THRESHOLD)
            risk, possible = (column[row : row + 1] for column in self._column(trait.id))
            verdict = Verdict(int(trait_verdict(risk, possible, tau)[0]))
            known = None if np.isnan(risk[0]) else float(risk[0])
            speaking = relevant(trait, findings)
            why = reason(trait, known, float(possible[0]), verdict, speaking, self.taxonomy.domain)
            result.append(TraitRisk(trait.id, tau, known, float(possible[0]), verdict, speaking, why))
        return result

    def coverage(self) -> Coverage:
        """How many items and traits the evidence covers."""
        known = 1 - np.isnan(self.risk).mean(axis=0)
        return Coverage(
            items=len(self.catalog),
            advised=int(np.count_nonzero(np.diff(self.evidence.offsets))),
            known=dict(zip(self.taxonomy.ids, known.tolist(), strict=True)),
            sources=self.sources,
        )

    @cached_property
    def fingerprint(self) -> str:
        """A digest of all risks, labels and traits."""
        labels = "\n".join(self.catalog.labels)
        tables = (np.ascontiguousarray(table.T).tobytes() for table in (self.risk, self.possible_risk))
        return fingerprint(labels, self.taxonomy.model_dump_json(), *tables)

    def save(self, path: Path) -> None:
        """Write the compiled oracle as one file, atomically (`safecrs.oracle.store`)."""
        write_oracle(
            path,
            self.catalog,
            self.taxonomy,
            self.risk,
            self.possible_risk,
            self.evidence,
            fusion=self.fusion,
            sources=self.sources,
            fingerprint=self.fingerprint,
        )

    @classmethod
    def load(cls, path: Path, *, whole: bool = False) -> Oracle:
        """Map a compiled oracle; costs no memory until it is asked.

        Files up to 256 MiB are compared to their checksums; with ``whole`` so are larger ones.
        """
        return read_oracle(path, cls, whole=whole)

    def _items(self, constraints: Constraints) -> NDArray[np.int8]:
        return self._table(constraint_key(constraints, self.taxonomy))[:-1]

    def _risks(self, trait: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Risk and possible risk of all items for a trait or a concern; a concern is fused when asked."""
        if trait in self.taxonomy.column:
            column = self.taxonomy.column[trait]
            return self.risk[:, column], self.possible_risk[:, column]
        alone = Taxonomy(domain=self.taxonomy.domain, traits=(self.taxonomy.trait(trait),))
        risk, possible_risk = fuse(self.evidence, alone, self.fusion)
        return risk[:, 0], possible_risk[:, 0]

    def _compute(self, key: Key) -> NDArray[np.int8]:
        """Verdicts of all items and, last, of row −1, so that rows index it directly."""
        verdicts = (trait_verdict(*self._column(trait), threshold) for trait, threshold in key)
        table = np.append(worst(verdicts, len(self.catalog)), np.int8(Verdict.UNKNOWN))
        table.setflags(write=False)
        return table


def compile_oracle(
    catalog: Catalog,
    advisories: Iterable[Advisory],
    taxonomy: Taxonomy,
    fusion: Fusion = "applicability",
    skipped: Skipped | None = None,
) -> Oracle:
    """Resolve advisories to catalog items and fuse them (`safecrs.oracle.fusion`).

    Advisories about items that the catalog lacks are counted (`Oracle.coverage`) and left out; ``skipped``
    counts what else is left out (`safecrs.oracle.evidence.gather_evidence`).
    """
    evidence, sources = gather_evidence(catalog, advisories, taxonomy, skipped)
    risk, possible_risk = fuse(evidence, taxonomy, fusion)
    return Oracle(catalog, taxonomy, risk, possible_risk, evidence, fusion=fusion, sources=sources)


@cache
def load_starter(domain: Domain = "film", *, assigned: bool = False) -> Oracle:
    """The oracle over the shipped films or games (`safecrs.starter`), compiled once and cached on disk.

    With ``assigned`` only for the traits that benchmarks assign.
    """
    from safecrs.starter import read_starter

    taxonomy = load_taxonomy(domain)
    traits = taxonomy.assigned if assigned else taxonomy

    def compiled() -> Oracle:
        items, advisories = read_starter(domain)
        return compile_oracle(Catalog.from_items(items, domain), advisories, traits)

    name = f"starter-{domain}" + "-assigned" * assigned
    path = cached(name, _shipped_fingerprint(), lambda target: compiled().save(target))
    try:
        return Oracle.load(path) if path else compiled()
    except SafecrsError:  # a damaged cache
        return compiled()


@cache
def _shipped_fingerprint() -> str:
    """Changes with the shipped data and with the code that compiles it."""
    rooms = ("advisories", "catalog", "oracle", "starter", "taxonomy")
    paths = sorted(path for room in rooms for path in Path(__file__).parents[1].joinpath(room).glob("*.*"))
    return fingerprint_of(path.read_bytes() for path in paths)
