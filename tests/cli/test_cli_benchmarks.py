from __future__ import annotations

import json

import pytest

from safecrs.benchmark import load_benchmark, save_benchmark
from safecrs.studies.benchmark_report.report import BenchmarkReport


def test_a_report_of_stored_benchmarks(cli, folder, world, tmp_path):
    done = cli("evaluate", folder, "--out", tmp_path / "e.json")
    assert done.code == 0, done.err
    outs = [tmp_path / f"r.{suffix}" for suffix in ("html", "md", "json")]
    wanted = [option for out in outs for option in ("--out", out)]
    done = cli("data", "report", folder, *wanted, "--evaluation", tmp_path / "e.json", "--examples", 2)
    assert done.code == 0, done.err
    assert all(str(out) in done.out for out in outs)
    held = BenchmarkReport.model_validate_json(outs[2].read_text())
    [facts] = held.benchmarks
    assert facts.card == world.benchmark.card
    assert len(facts.examples) == 2
    assert facts.evaluation is not None
    assert facts.examples[0].id in outs[1].read_text()
    assert "<svg" in outs[0].read_text()


def test_the_page_has_a_name_of_its_own(cli, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli("data", "report", folder).code == 0
    assert (tmp_path / "benchmarks.html").is_file()


def test_wrong_use(refused, folder, world, tmp_path):
    assert ".html, .md, .json" in refused("data", "report", folder, "--out", tmp_path / "r.pdf")
    assert "absent" in refused("data", "report", tmp_path / "absent", "--out", tmp_path / "r.md")
    assert "say how many" in refused("data", "report", folder, "--real-examples")
    assert "absent.tsv" in refused(
        "data", "report", folder, "--mpaa", tmp_path / "absent.tsv", "--out", tmp_path / "r.md"
    )
    save_benchmark(load_benchmark(folder), tmp_path / "bare")
    (tmp_path / "bare" / "oracle.safetensors").unlink()
    assert "oracle.safetensors" in refused("data", "report", tmp_path / "bare", "--out", tmp_path / "r.md")
    assert not (tmp_path / "r.md").exists()
    assert "is not a folder" in refused("data", "all", "--data", tmp_path / "absent", "--out", tmp_path / "o")


@pytest.mark.slow
def test_everything_that_needs_nothing(cli, tmp_path):
    done = cli("data", "all", "--out", tmp_path)
    assert done.code == 0, done.err
    for words in ("starter: built", "game: built", "Left out: SafeRec-ReDial; it needs conversations/"):
        assert words in done.out
    held = json.loads((tmp_path / "report.json").read_text())
    assert [facts["card"]["domain"] for facts in held["benchmarks"]] == ["film", "game"]
    again = cli("data", "all", "--out", tmp_path)
    assert "starter: was there" in again.out
    assert "game: was there" in again.out
