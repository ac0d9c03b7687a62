from __future__ import annotations

import json
import re
import shutil
from html import unescape
from html.parser import HTMLParser

import pytest

from safecrs.benchmark import save_benchmark
from safecrs.benchmark.filtering import VerdictTable
from safecrs.errors import SafecrsError
from safecrs.evaluation.report import cell, point
from safecrs.evaluation.report.charts import INK
from safecrs.evaluation.results import save_evaluation
from safecrs.evaluation.run import evaluate_systems
from safecrs.evaluation.systems import lineup
from safecrs.oracle import Oracle, Verdict
from safecrs.studies.benchmark_report.facts import benchmark_facts, check_samples
from safecrs.studies.benchmark_report.quality import PrecisionRecall, ShareFact
from safecrs.studies.benchmark_report.report import BenchmarkReport, make_report
from tiny_world import make_benchmark, make_sample

HOSTILE = '<script>alert("$x$ & $")</script>|'


def benchmark_of(world, **changes):
    verdicts = VerdictTable.of(world.oracle).fingerprint()
    return make_benchmark(
        world.oracle,
        world.benchmark.samples,
        world.benchmark.histories,
        **({"verdicts_fingerprint": verdicts} | changes),
    )


@pytest.fixture(scope="module")
def benchmark(world):
    return benchmark_of(world)


@pytest.fixture(scope="module")
def facts(benchmark):
    return benchmark_facts(benchmark, examples=2)


def test_counts_add_up(facts, benchmark):
    assert list(facts.splits) == ["train", "validation", "test"]
    for split, held in facts.splits.items():
        samples = benchmark.split(split)
        assert held.samples == len(samples) == sum(held.trait_counts.values()) == sum(held.sources.values())
        assert held.constrained == held.samples - held.trait_counts[0]
        assert sum(n * count for n, count in held.trait_counts.items()) == sum(held.traits.values())
        assert sum(held.disclosures.values()) == sum(held.traits.values())
        assert held.liked == held.kept + held.removed
        assert held.traits == {
            trait: sum(trait in s.constraints for s in samples) for trait in ("gore", "horror")
        }
        assert held.templates == held.samples
        assert sum(size * n for size, n in held.liked_sizes.items()) == sum(len(s.all_liked) for s in samples)


def test_unknown_items_are_those_the_oracle_does_not_vouch_for(facts, benchmark):
    oracle = benchmark.oracle
    for split, held in facts.splits.items():
        unknown = 0
        for sample in benchmark.split(split):
            rows = oracle.catalog.resolve_many(*zip(*sample.groundtruth, strict=True))
            verdicts = oracle.verdicts(rows, dict.fromkeys(sample.constraints, 0.66))
            unknown += int((verdicts == Verdict.UNKNOWN).sum()) if sample.constraints else 0
        assert held.unknown == unknown > 0
        assert held.by_trait["gore"][2] == unknown, "everybody with a trait has gore here"


def test_coverage_counts_what_people_like(facts, benchmark):
    gore = facts.coverage["gore"]
    assert gore.catalog == pytest.approx(1 - 8 / 60, abs=1e-4)
    assert gore.catalog_unsafe == pytest.approx(10 / 60, abs=1e-4), "two of the twelve are unknown"
    liked = [benchmark.oracle.catalog.resolve(*ref) for s in benchmark.split("test") for ref in s.all_liked]
    assert gore.liked["test"] == pytest.approx(1 - sum(row % 7 == 6 for row in liked) / len(liked), abs=1e-4)


def test_what_the_catalog_does_not_hold_is_unknown(world):
    made_up = make_sample(world.oracle, "movielens:1:1", [4], [1, 2], ["gore"])
    refs = (("No Such Film", 1999), ("Film 2", 1962))
    made_up = made_up.model_copy(update={"all_liked": refs, "groundtruth": refs})
    found = benchmark_facts(make_benchmark(world.oracle, [made_up]))
    assert (found.splits["test"].kept, found.splits["test"].unknown) == (2, 1)
    assert found.coverage["gore"].liked["test"] == 0.5
    assert found.checks.unsafe == 0


def test_a_sound_benchmark_passes_its_checks(facts):
    checks = facts.checks
    assert (checks.ids, checks.people, checks.prompts, checks.unsafe) == (0, 0, 0, 0)
    assert checks.oracle
    assert checks.wordings == checks.disclosed > 0, "the tiny world has one wording for each trait"


def test_leaks_are_found(world):
    def sample(name, split, seen, traits=()):
        return make_sample(world.oracle, name, [seen], [1, 2], traits, split)

    clean = [sample("movielens:1:1", "train", 3, ["gore"]), sample("movielens:2:1", "test", 4, ["horror"])]
    assert check_samples(clean, 0, True).model_dump(exclude={"disclosed", "oracle"}) == {
        "ids": 0, "people": 0, "prompts": 0, "requests": 0, "wordings": 0, "unsafe": 0,
    }  # fmt: skip
    person = check_samples([*clean, sample("movielens:1:2", "test", 5)], 0, True)
    assert (person.people, person.prompts, person.ids) == (1, 0, 0)
    words = check_samples([*clean, sample("movielens:3:1", "test", 3, ["gore"])], 0, True)
    assert (words.people, words.prompts, words.requests, words.wordings) == (0, 1, 1, 1)
    request = check_samples([*clean, sample("movielens:3:1", "test", 3, ["horror"])], 0, True)
    assert (request.prompts, request.requests) == (0, 1), "only the disclosure differs"
    assert check_samples([*clean, clean[0]], 0, True).ids == 1
    short = [
        s.model_copy(update={"prompt": (s.prompt[0].model_copy(update={"content": "Hi there!"}),)})
        for s in clean
    ]
    assert check_samples(short, 0, True).requests == 0, "greetings recur"
    rows = check_samples(
        [sample("reddit-v2:train:7", "train", 3), sample("reddit-v2:test:7", "test", 4)], 0, True
    )
    assert rows.people == 0


def test_another_oracle_is_noticed(world):
    found = benchmark_facts(benchmark_of(world, verdicts_fingerprint="another"))
    assert not found.checks.oracle
    text = BenchmarkReport(benchmarks=(found,), parser=None).text("markdown")
    assert "| no | build it again |" in text
    assert "the stored oracle and the ground truth disagree" in text


def test_real_words_are_no_examples_unless_asked_for(world):
    real = [
        sample.model_copy(update={"source": "redial", "id": f"redial:{n}"})
        for n, sample in enumerate(world.benchmark.split("test"))
    ]
    train = world.benchmark.split("train")
    benchmark = make_benchmark(world.oracle, [*train, *real])
    assert benchmark_facts(benchmark).examples == ()
    assert {s.source for s in benchmark_facts(benchmark, examples=3).examples} == {"movielens"}
    shown = benchmark_facts(benchmark, examples=3, real_examples=True).examples
    assert [s.source for s in shown] == ["redial"] * 3
    only = make_benchmark(world.oracle, real)
    assert benchmark_facts(only, examples=3).examples == ()


def test_the_detector_is_asked_for_every_test_sample(facts, benchmark):
    samples = benchmark.split("test")
    assert facts.detection.another.total == sum(bool(s.constraints) for s in samples)
    assert facts.detection.unprompted.total == len(samples), "each without its disclosure"
    assert facts.detection.found["explicit"].total == sum(len(s.constraints) for s in samples)
    assert facts.detection.found["explicit"].value == 1.0
    assert facts.detection.unprompted.hits == 0


def test_shares_and_intervals():
    share = ShareFact.of(9, 10)
    assert cell(share, "svr") == ("90.0 %", "59.6 % – 98.2 %")
    assert point(share) == pytest.approx((90, 59.6, 98.2), abs=0.05)
    nothing = ShareFact.of(0, 0)
    assert (nothing.value, cell(nothing, "svr"), point(nothing)) == (None, ("–", ""), None)
    both = PrecisionRecall.of([(True, True), (True, False), (False, True), (False, True), (False, False)])
    assert (both.precision.hits, both.precision.total) == (1, 3)
    assert (both.recall.hits, both.recall.total) == (1, 2)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.loads, self.text, self.unnamed = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.tags.append(tag)
        self.loads += [
            value
            for key, value in attrs
            if key in {"src", "href", "xlink:href", "srcset", "data"} or key.startswith("on")
        ]
        named = {
            "svg": held.get("role") == "img" and held.get("aria-label"),
            "th": held.get("scope") in {"col", "row"},
            "div": "tabindex" not in held or (held.get("role") == "region" and held.get("aria-label")),
        }
        if not named.get(tag, True):
            self.unnamed.append(self.get_starttag_text())

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def report(world, tmp_path_factory):
    """The report of two benchmarks, one of them hostile."""
    folder = tmp_path_factory.mktemp("benchmark-report")
    benchmark = benchmark_of(world)
    taxonomy = world.oracle.taxonomy
    named = tuple(t.model_copy(update={"name": f"{HOSTILE} {t.id}"}) for t in taxonomy.traits)
    oracle = Oracle.from_risk(world.catalog, taxonomy.model_copy(update={"traits": named}), world.oracle.risk)
    save_benchmark(benchmark, folder / "tiny")
    # The same samples give the same fingerprint, and an evaluation belongs to one benchmark alone.
    samples = world.benchmark.samples[:-1]
    few = make_benchmark(oracle, samples, name=HOSTILE, notes=(HOSTILE,))
    save_benchmark(few, folder / "hostile")
    save_evaluation(evaluate_systems(benchmark, lineup(benchmark)), folder / "evaluation.json")
    folders = [folder / "tiny", folder / "hostile"]
    return make_report(folders, evaluations=[folder / "evaluation.json"], examples=1), folder


@pytest.fixture(scope="module")
def page(report):
    return report[0].text("html")


@pytest.fixture(scope="module")
def markdown(report):
    return report[0].text("markdown")


def test_it_is_written_as_its_suffix_says(report, markdown):
    made, folder = report
    targets = [folder / f"out.{suffix}" for suffix in ("html", "md", "json")]
    made.save(*targets)
    assert BenchmarkReport.model_validate_json(targets[2].read_text()) == made
    assert json.loads(targets[2].read_text())["benchmarks"][0]["card"]["name"] == "SafeRec-Tiny"
    assert targets[1].read_text() == markdown
    assert targets[0].read_text().startswith("<!doctype html>")
    with pytest.raises(SafecrsError, match=r"out.pdf: .*\.html, \.md, \.json"):
        made.save(folder / "other.json", folder / "out.pdf")
    assert not (folder / "other.json").exists()


def test_the_page_is_self_contained_accessible_and_escaped(page):
    seen = Page(page)
    assert all(value.startswith("#") for value in seen.loads), seen.loads
    assert not {"script", "link", "iframe", "img", "object"} & set(seen.tags)
    assert seen.unnamed == []
    assert "<script" not in page.lower()
    assert HOSTILE in " ".join(seen.text)
    for address in re.findall(r"https?://[^\s\"'<>)]*", page):
        assert address.startswith("http://www.w3.org/")


def test_charts_follow_the_colours_of_the_page(page):
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 2 * (3 + 1 + 1), "sizes of three splits, sensitivities, coverage"
    for chart in charts:
        assert "var(--ink)" in chart
        assert INK not in chart
    assert "prefers-color-scheme: dark" in page


def test_both_forms_have_the_same_sections_and_numbers(report, page, markdown):
    seen = Page(page)
    headings = [line.lstrip("# ") for line in markdown.splitlines() if line.startswith("##")]
    shown = re.findall(r"<h[23][^>]*>(.*?)</h[23]>", page)
    assert [unescape(heading) for heading in shown] == [unescape(heading) for heading in headings]
    assert len(headings) > 20
    text = " ".join(" ".join(seen.text).split())
    tiny, _ = report[0].benchmarks
    test = tiny.splits["test"]
    row = f"| test | {test.liked:,} | {test.removed:,} | {test.kept:,} | {test.unknown:,} |"
    assert row in markdown
    assert row.replace(" |", "").replace("| ", "") in text
    for name, count in tiny.splits["train"].traits.items():
        assert f"| {tiny.card.trait_names[name]} | {count:,} |" in markdown
    for system in tiny.evaluation.systems:
        cells = (system.name, *cell(system.metrics["recall"], "recall"))
        assert "| {} | {} [{}] |".format(*cells) in markdown
        assert " ".join(cells) in text


def test_names_open_no_tag_link_or_column_in_markdown(world):
    link = "![seen](https://example.org/x.png) <img src=x>"
    benchmark = make_benchmark(
        world.oracle, world.benchmark.samples, name=f"a|b {link}\n\n# c", notes=(link,)
    )
    facts = benchmark_facts(benchmark, examples=1)
    text = BenchmarkReport(benchmarks=(facts,), parser=None).text("markdown")
    assert "](" not in text
    assert "<" not in text
    assert "\n# c" not in text
    for table in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_an_evaluation_of_something_else_is_refused(report):
    _, folder = report
    with pytest.raises(SafecrsError, match=r"evaluation\.json is an evaluation on none of these"):
        make_report([folder / "hostile"], evaluations=[folder / "evaluation.json"])
    shutil.copy(folder / "evaluation.json", folder / "again.json")
    with pytest.raises(SafecrsError, match=r"again\.json is the second evaluation"):
        make_report([folder / "tiny"], evaluations=[folder / "evaluation.json", folder / "again.json"])


def test_a_benchmark_of_one_split_without_traits_has_a_page(world):
    samples = [make_sample(world.oracle, f"movielens:{n}:1", [4], [1, 2]) for n in range(3)]
    found = benchmark_facts(make_benchmark(world.oracle, samples))
    assert found.main == "test"
    assert found.splits["test"].liked == 0, "counted over samples with a trait"
    report = BenchmarkReport(benchmarks=(found,), parser=None)
    assert "Not measured" in report.text("markdown")
    assert report.text("html").count("<svg") == 3
