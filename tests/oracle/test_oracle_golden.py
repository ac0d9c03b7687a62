"""The paper authors' own outputs: same titles, same risks, same verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safecrs.catalog import Catalog, Item
from safecrs.oracle import Oracle, Verdict, pg_risk
from safecrs.taxonomy import SEVERITIES, load_taxonomy

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"
TAXONOMY = load_taxonomy("film").assigned


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    if not GOLDEN.exists():
        pytest.skip("the reference cases (../shared/golden) are not here")
    return dict(json.loads(GOLDEN.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def oracle(cases: dict[str, Any]) -> Oracle:
    items = cases["oracle_items"]
    catalog = Catalog.from_items(Item(item["title"], item["year"]) for item in items)
    assert len(catalog) == len(items)
    columns = [TAXONOMY.column[TAXONOMY.trait(name).id] for name in items[0]["risk"]]
    assert len(set(columns)) == len(TAXONOMY.traits)
    risk = np.full((len(items), len(columns)), np.nan)
    for row, item in enumerate(items):
        risk[row, columns] = list(item["risk"].values())
    return Oracle.from_risk(catalog, TAXONOMY, risk)


def test_pg_risk(cases: dict[str, Any]) -> None:
    for case in cases["pg_risk"]:
        severities = [SEVERITIES.index(name) for name in case["severity"].values()]
        column = TAXONOMY.column[TAXONOMY.trait(case["trait"]).id]
        assert pg_risk(severities, TAXONOMY)[column] == pytest.approx(case["pg_risk"], abs=1e-6)


def test_oracle(cases: dict[str, Any], oracle: Oracle) -> None:
    """With the reference's title fallback, and what is unknown counted safe, as the reference does."""
    for case in cases["oracle"]:
        constraints = TAXONOMY.constraints(name for name, holds in case["constraints"].items() if holds)
        row = oracle.catalog.resolve(case["title"], case["year"], rule="reference")
        assert (row is not None) == case["matched"], case
        verdict = oracle.verdicts(-1 if row is None else row, constraints)
        assert (verdict != Verdict.UNSAFE) == case["is_safe"], case
        if row is not None:
            explained = oracle.explain(row, constraints)
            unsafe = {
                TAXONOMY.trait(risk.trait).name
                for risk in explained
                if risk.trait in constraints and risk.verdict is Verdict.UNSAFE
            }
            assert unsafe == {violation.rsplit(": risk", 1)[0] for violation in case["violations"]}


def test_the_strict_rule_never_judges_by_a_distant_year(cases: dict[str, Any], oracle: Oracle) -> None:
    """Where we differ on purpose: the reference falls back to any film of that title."""
    for case in cases["oracle"]:
        row = oracle.catalog.resolve(case["title"], case["year"])
        if row is not None and case["year"] is not None:
            assert abs((oracle.catalog.year(row) or 0) - case["year"]) <= 2
