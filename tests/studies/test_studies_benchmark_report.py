from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from safecrs.benchmark import save_benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation import save_evaluation
from safecrs.evaluation.run import measure_all
from safecrs.oracle import Oracle, Verdict
from safecrs.studies.benchmark_report import BenchmarkReport, make_report
from safecrs.studies.benchmark_report.checks import check_samples
from safecrs.studies.benchmark_report.facts import benchmark_facts
from safecrs.studies.benchmark_report.sections import chapter
from safecrs.studies.benchmark_report.shares import PrecisionRecall, ShareFact
from tiny_world import make_benchmark, make_sample

HOSTILE = '<script>alert("$x$ & $")</script>|'


def study_of(world, **changes):
    return make_benchmark(world.oracle, world.benchmark.samples, world.benchmark.histories, **changes)


@pytest.fixture(scope="module")
def study(world):
    return study_of(world)


@pytest.fixture(scope="module")
def facts(study):
    return benchmark_facts(study, examples=2)


def test_counts_add_up(facts, study):
    assert list(facts.splits) == ["train", "validation", "test"]
    for split, held in facts.splits.items():
        samples = study.split(split)
        assert held.samples == len(samples) == sum(held.trait_counts.values()) == sum(held.sources.values())
        assert held.constrained == held.samples - held.trait_counts[0]
        assert sum(n * count for n, count in held.trait_counts.items()) == sum(held.traits.values())
        assert sum(held.disclosures.values()) == sum(held.traits.values())
        assert held.liked == held.kept + held.removed
        assert held.traits == {
            trait: sum(trait in s.constraints for s in samples) for trait in ("gore", "horror")
        }
        assert facts.templates(split) == held.samples
        assert sum(size * n for size, n in held.liked_sizes.items()) == sum(len(s.all_liked) for s in samples)


def test_unknown_items_are_those_the_oracle_does_not_vouch_for(facts, study):
    oracle = study.oracle
    for split, held in facts.splits.items():
        unknown = 0
        for sample in study.split(split):
            rows = oracle.catalog.resolve_many(*zip(*sample.groundtruth, strict=True))
            verdicts = oracle.verdicts(rows, dict.fromkeys(sample.constraints, 0.66))
            unknown += int((verdicts == Verdict.UNKNOWN).sum()) if sample.constraints else 0
        assert held.unknown == unknown > 0
        assert held.by_trait["gore"][2] == unknown, "everybody with a trait has gore here"


def test_coverage_counts_what_people_like(facts, study):
    gore = facts.coverage["gore"]
    assert gore.catalog == pytest.approx(1 - 8 / 60, abs=1e-4)
    assert gore.catalog_unsafe == pytest.approx(10 / 60, abs=1e-4), "two of the twelve are unknown"
    liked = [study.oracle.catalog.resolve(*ref) for s in study.split("test") for ref in s.all_liked]
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
    found = benchmark_facts(study_of(world, verdicts_fingerprint="another"))
    assert not found.checks.oracle
    text = " ".join(str(block) for section in chapter(found).sections for block in section.blocks)
    assert "build it again" in text


def test_real_words_are_no_examples_unless_asked_for(world):
    real = [
        sample.model_copy(update={"source": "redial", "id": f"redial:{n}"})
        for n, sample in enumerate(world.benchmark.split("test"))
    ]
    train = world.benchmark.split("train")
    study = make_benchmark(world.oracle, [*train, *real])
    assert benchmark_facts(study).examples == ()
    assert {s.source for s in benchmark_facts(study, examples=3).examples} == {"movielens"}
    shown = benchmark_facts(study, examples=3, real_examples=True).examples
    assert [s.source for s in shown] == ["redial"] * 3
    only = make_benchmark(world.oracle, real)
    assert benchmark_facts(only, examples=3).examples == ()


def test_the_detector_is_asked_for_every_test_sample(facts, study):
    samples = study.split("test")
    assert facts.detection.another.total == sum(bool(s.constraints) for s in samples)
    assert facts.detection.unprompted.total == len(samples), "each without its disclosure"
    assert facts.detection.found["explicit"].total == sum(len(s.constraints) for s in samples)
    assert facts.detection.found["explicit"].value == 1.0
    assert facts.detection.unprompted.hits == 0


def test_shares_and_intervals():
    share = ShareFact.of(9, 10)
    assert share.cell() == "90.0 % [59.6, 98.2]"
    assert ShareFact.of(0, 0).cell() == "–"
    both = PrecisionRecall.of([(True, True), (True, False), (False, True), (False, False)])
    assert (both.precision.value, both.recall.value) == (0.5, 0.5)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.loads, self.text, self.unnamed = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.tags.append(tag)
        self.loads += [
            value
            for key, value in attrs
            if key in {"src", "href", "xlink:href", "srcset", "data"} or key.startswith("on")
        ]
        if tag == "svg" and not (held.get("role") == "img" and held.get("aria-label")):
            self.unnamed += 1
        if tag == "th" and held.get("scope") not in {"col", "row"}:
            self.unnamed += 1

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def report(world, tmp_path_factory):
    """The report of two benchmarks, one of them hostile."""
    folder = tmp_path_factory.mktemp("benchmark-report")
    study = study_of(world)
    taxonomy = world.oracle.taxonomy
    named = tuple(t.model_copy(update={"name": f"{HOSTILE} {t.id}"}) for t in taxonomy.traits)
    oracle = Oracle.from_risk(world.catalog, taxonomy.model_copy(update={"traits": named}), world.oracle.risk)
    save_benchmark(study, folder / "tiny")
    # The same samples give the same fingerprint, and an evaluation belongs to one benchmark alone.
    samples = world.benchmark.samples[:-1]
    few = make_benchmark(oracle, samples, name=HOSTILE, notes=(HOSTILE,))
    save_benchmark(few, folder / "hostile")
    save_evaluation(measure_all(study, []), folder / "evaluation.json")
    folders = [folder / "tiny", folder / "hostile"]
    return make_report(folders, evaluations=[folder / "evaluation.json"], examples=1), folder


@pytest.fixture(scope="module")
def texts(report):
    document = report[0].document()
    return document.html(), document.markdown()


def test_it_is_written_as_its_suffix_says(report):
    made, folder = report
    targets = [folder / f"out.{suffix}" for suffix in ("html", "md", "json")]
    made.save(*targets)
    assert BenchmarkReport.model_validate_json(targets[2].read_text()) == made
    assert json.loads(targets[2].read_text())["benchmarks"][0]["card"]["name"] == "SafeRec-Tiny"
    assert targets[1].read_text().startswith("# SafeRec")
    with pytest.raises(SafecrsError, match=r"\.html, \.md, \.json"):
        made.save(folder / "out.pdf")
    assert not (folder / "out.pdf").exists()


def test_the_page_is_self_contained_accessible_and_safe(texts):
    text, _ = texts
    page = Page(text)
    assert all(value.startswith("#") for value in page.loads), page.loads
    assert not {"script", "link", "iframe", "img", "object"} & set(page.tags)
    assert page.unnamed == 0, "a picture without words, or a head without a scope"
    assert "<script" not in text.lower()
    assert HOSTILE in " ".join(page.text)
    assert page.tags.count("svg") >= 2 * 3
    for address in re.findall(r"https?://[^\s\"'<>)]*", text):
        assert address.startswith("http://www.w3.org/")


def test_both_forms_hold_every_number(report, texts):
    made, _ = report
    markdown, page = texts[1], " ".join(" ".join(Page(texts[0]).text).split())
    for facts in made.benchmarks:
        for held in facts.splits.values():
            assert f"{held.samples:,}" in markdown
            for cell in (f"{held.liked:,}", f"{held.removed:,}", f"{held.unknown:,}"):
                assert cell in markdown
                assert cell in page
    [tiny, _] = made.benchmarks
    assert tiny.evaluation is not None
    for system in tiny.evaluation.systems:
        assert system.name in markdown
        assert system.name in page
    for row in re.findall(r"^\|.*\|$", markdown, re.MULTILINE):
        assert HOSTILE not in row, "a bar in a name would be a column"


def test_tables_of_markdown_are_rectangular(texts):
    for table in re.findall(r"(?:^\|.*\|\n)+", texts[1], re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_an_evaluation_of_something_else_is_refused(report, world):
    _, folder = report
    with pytest.raises(SafecrsError, match="evaluation on none of these"):
        make_report([folder / "hostile"], evaluations=[folder / "evaluation.json"])
    with pytest.raises(SafecrsError, match="second evaluation"):
        make_report([folder / "tiny"], evaluations=[folder / "evaluation.json"] * 2)


def test_a_benchmark_of_one_split_without_traits_has_a_chapter(world):
    samples = [make_sample(world.oracle, f"movielens:{n}:1", [4], [1, 2]) for n in range(3)]
    found = benchmark_facts(make_benchmark(world.oracle, samples))
    assert found.main == "test"
    assert chapter(found).sections
