"""The labelled MPAA reasons: found again by digest, and how well the parser reads them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from safecrs.errors import SafecrsError
from safecrs.studies.benchmark_report.quality import (
    LABELS,
    PARTS,
    ParserPart,
    labelled_reasons,
    measure_parser,
    measure_part,
    parsed,
)
from safecrs.studies.benchmark_report.report import BenchmarkReport
from safecrs.taxonomy import CATEGORIES

PUBLISHED = Path(__file__).resolve().parents[2] / "../shared/data/advisories/mpaa_rating_reasons.tsv.gz"
LABEL_ROWS = [line.split("\t") for line in LABELS.read_text(encoding="utf-8").splitlines()[1:]]


def test_the_labels_are_many_distinct_and_hold_no_reason() -> None:
    assert len(LABEL_ROWS) >= 300
    assert len({cells[4] for cells in LABEL_ROWS}) == len(LABEL_ROWS)
    for *_, part, digest, severities, _topics in LABEL_ROWS:
        assert part in PARTS
        assert len(digest) == 12
        assert len(severities) == len(CATEGORIES)
        assert set(severities) <= set("0123")


def test_reasons_are_found_by_their_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "Rated R for drug use and strong violence"
    digest = hashlib.sha256(reason.encode()).hexdigest()[:12]
    (tmp_path / "mpaa_labels.tsv").write_text(
        "title\tyear\trating\tpart\treason_sha256\tseverities\ttopics\n"
        f"A\t2000\tR\tdev\t{digest}\t03020\tdrug use\n"
        "B\t2001\tR\tdev\t000000000000\t00000\t\n"
        "C\t2001\tR\theld-out\t000000000000\t00000\t\n"
    )
    monkeypatch.setattr("safecrs.studies.benchmark_report.quality.LABELS", tmp_path / "mpaa_labels.tsv")
    table = tmp_path / "reasons.tsv"
    table.write_text(f"title\tyear\trating\treason\nA\t2000\tR\t{reason}\n")
    [item], labels = labelled_reasons(table, "dev")
    assert labels == 2
    assert (item.reason, item.rating, item.label) == (reason, "R", ((0, 3, 0, 2, 0), frozenset({"drug use"})))
    assert parsed(item) == item.label
    part = measure_part([item], labels)
    assert (part.reasons, part.labels, part.whole.value) == (1, 2, 1.0)
    assert part.severities["violence ≥ 3"].recall.value == 1.0
    assert part.severities["sex ≥ 1"].recall.value is None
    assert part.topics["drug use"].precision.hits == 1
    with pytest.raises(SafecrsError, match="holds none of the labelled reasons"):
        labelled_reasons(table, "held-out")


@pytest.fixture(scope="module")
def parts() -> dict[str, ParserPart]:
    if not PUBLISHED.is_file():
        pytest.skip("the MPAA table (../shared/data) is not here")
    return {part: measure_part(*labelled_reasons(PUBLISHED, part)) for part in PARTS}


@pytest.mark.parametrize("part", PARTS)
def test_the_parser_reads_them_as_a_person_did(parts: dict[str, ParserPart], part: str) -> None:
    held = parts[part]
    assert held.reasons == held.labels >= 150
    for least, wanted in ((1, 0.97), (2, 0.95)):
        both = held.severities[f"all ≥ {least}"]
        assert min(both.precision.value or 0, both.recall.value or 0) >= wanted
    topics = held.topics["all"]
    assert min(topics.precision.value or 0, topics.recall.value or 0) >= 0.9


def test_a_table_without_reasons_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("title,year\nA,2000\n")
    with pytest.raises(SafecrsError, match="lacks the column 'reason'"):
        measure_parser(tmp_path / "t.csv")


def test_without_the_labels_only_the_share_of_read_reasons_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safecrs.studies.benchmark_report.quality.LABELS", tmp_path / "none.tsv")
    (tmp_path / "t.csv").write_text("reason\nviolence\nviolence and zymurgy\n")
    facts = measure_parser(tmp_path / "t.csv")
    assert (facts.parts, facts.understood.value) == ({}, 0.5)
    text = BenchmarkReport(benchmarks=(), parser=facts).text("markdown")
    assert "source repository" in text
