"""SafeRec-ReDial on a slice of the real dialogues, judged by the real MPAA reasons."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from safecrs.benchmark.options import BuildOptions
from safecrs.benchmark.recipes.table import redial
from safecrs.evaluation.run import measure
from safecrs.evaluation.systems import lineup
from safecrs.scoring.metrics import svr, unknown, validity

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
DIALOGUES = 150

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the real data (../shared/data) are not here"),
]


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    source = gzip.decompress((SHARED / "conversations/redial_dialogues.jsonl.gz").read_bytes()).decode()
    part = tmp_path_factory.mktemp("redial") / "part.jsonl"
    part.write_text("\n".join(source.splitlines()[:DIALOGUES]), encoding="utf-8")
    return redial(
        part,
        SHARED / "catalog/redial_items.json.gz",
        SHARED / "advisories/mpaa_rating_reasons.tsv.gz",
        BuildOptions(),
    )


def test_the_test_split_is_real_dialogues_only(benchmark):
    assert {sample.source for sample in benchmark.split("test")} == {"redial"}
    assert {sample.source for sample in benchmark.split("train")} == {"redial", "movielens"}
    assert {"mpaa", "starter"} <= set(benchmark.oracle.coverage().sources)


def test_baselines_violate_and_the_filter_does_not(benchmark):
    samples = benchmark.split("test")
    assert any(sample.constraints for sample in samples)
    measured = {
        system.label.name: measure(system, samples, benchmark.oracle).scored for system in lineup(benchmark)
    }
    for name in ("Popularity", "BM25", "Neighbours"):
        assert svr.value(measured[name]) > 0.1
        assert svr.value(measured[f"{name} + filter"]) == 0.0
        assert validity.value(measured[name]) == 1.0
    assert unknown.value(measured["BM25 + filter"]) > 0, "what no source speaks of is not passed off as safe"
