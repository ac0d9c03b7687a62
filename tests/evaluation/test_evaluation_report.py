from __future__ import annotations

import re
import warnings
from html.parser import HTMLParser

import pytest

from make_systems import make_system
from safecrs.errors import SafecrsError
from safecrs.evaluation.report import Chapter, cell, headline, write_report
from safecrs.evaluation.report.charts import INK
from safecrs.evaluation.report.page import TABLE, verdict
from safecrs.evaluation.run import evaluate, measure
from safecrs.evaluation.systems import SERVED
from safecrs.recommenders.rankers.ranking import as_slate
from safecrs.scoring.statistics import Comparison, Estimate
from tiny_world import make_benchmark, make_sample

HOSTILE = '<script>alert("$x$ & $")</script>'
LOADING = {"src", "href", "xlink:href", "data", "action", "poster", "srcset", "background"}


class Fixed:
    name = "fixed"

    def __init__(self, catalog, first):
        self.catalog, self.first = catalog, first

    def recommend(self, requests, k=10):
        rows = range(self.first, min(self.first + k, len(self.catalog)))
        return [as_slate(rows, self.catalog) for _ in requests]


class Page(HTMLParser):
    """What a browser would see: tags, what they load, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.loads, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for key, value in attrs if key in LOADING or key.startswith("on")]
        self.loads += re.findall(r"url\(([^)]*)\)", " ".join(value or "" for _, value in attrs))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def evaluation(world):
    samples = world.benchmark.split("test")
    systems = [
        make_system(lambda: Fixed(world.catalog, 0), world.oracle, "Plain"),
        make_system(lambda: Fixed(world.catalog, 1), world.oracle, "Other"),
        make_system(
            lambda: Fixed(world.catalog, 21), world.oracle, HOSTILE, decoding="filtered", constraints="told"
        ),
    ]
    names = {key: f"{HOSTILE} {key}" for key in world.benchmark.card.trait_names}
    benchmark = make_benchmark(world.oracle, samples, name=HOSTILE, trait_names=names)
    measured = [measure(system, samples, world.oracle) for system in systems]
    pairs = [("Other", "Plain"), (f"{HOSTILE} + filter", "Plain")]
    return evaluate(measured, samples, benchmark, split="test", comparisons=pairs)


@pytest.fixture(scope="module")
def text(evaluation, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "deep" / "report.html"
    chapter = Chapter(
        HOSTILE,
        HOSTILE,
        evaluation,
        trait_systems=("Plain", f"{HOSTILE} + filter"),
        training={HOSTILE: {HOSTILE: [(1, 0.5), (2, 0.25)], "nothing logged": []}},
        facts={HOSTILE: HOSTILE},
        caveats=(HOSTILE,),
    )
    write_report([chapter, chapter], path)
    return path.read_text(encoding="utf-8")


def test_the_page_loads_nothing(text):
    page = Page(text)
    assert all(value.startswith("#") for value in page.loads), page.loads
    assert not {"script", "link", "iframe", "img", "object", "embed", "base"} & set(page.tags)
    assert "@import" not in text
    for address in re.findall(r"https?://[^\s\"'<>)]*", text):
        assert address.startswith("http://www.w3.org/"), "XML namespaces are names, nothing else may be there"
    charts = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(charts) == 6, "relevance against safety, by sensitivity and a curve, in two chapters"
    assert not any(INK in chart for chart in charts), "a chart takes its colours from the page"


def test_hostile_names_are_text(text):
    assert "<script" not in text.lower()
    seen = " ".join(Page(text).text)
    assert seen.count(HOSTILE) >= 6


def test_every_system_and_number_is_there(text, evaluation):
    seen = " ".join(" ".join(Page(text).text).split())
    for system in evaluation.systems:
        assert system.name.partition(" + ")[0] in seen or "+ filter" in seen
        for metric in TABLE:
            for part in cell(system.metrics[metric], metric):
                assert part in seen
    for comparison in evaluation.comparisons:
        assert verdict(comparison, evaluation.k) in seen
    assert evaluation.fingerprint in seen


def test_only_tested_differences_are_claimed(evaluation, text):
    differs = {c.metric: c for c in evaluation.comparisons if c.system == "Other"}
    assert differs["svr"].p_holm > 0.05
    assert "no significant difference" in verdict(differs["svr"], 10)
    assert "SVR@10: no significant difference" in text
    for sentence in headline(evaluation):
        assert "not significant" in sentence or "no significant difference" in sentence


def made(value, p, metric="svr"):
    return Comparison(
        system="a",
        baseline="b",
        metric=metric,
        difference=Estimate(value=value, low=value, high=value),
        p=p,
        p_holm=p,
    )


def test_verdict_words():
    assert verdict(made(0.1, 0.2), 10) == "SVR@10: no significant difference (p = 0.200)"
    assert verdict(made(0.1, 0.01), 10) == "SVR@10: significantly higher (p = 0.010)"
    assert verdict(made(-0.1, 0.0002), 10) == "SVR@10: significantly lower (p < 0.001)"
    assert verdict(made(None, 1.0), 10) == "SVR@10: nothing to compare"


def test_numbers_as_tables_show_them():
    share = Estimate(value=0.1234, low=0.0, high=0.2)
    assert cell(share, "svr") == ("12.3 %", "0.0 % – 20.0 %")
    assert cell(share, "recall") == ("0.123", "0.000 – 0.200")
    assert cell(Estimate(value=9.5, low=9, high=10), "length") == ("9.5", "9.0 – 10.0")
    assert cell(Estimate(value=9.5, low=None, high=None), "length") == ("9.5", "")
    assert cell(Estimate(value=None, low=None, high=None), "svr") == ("–", "")


def test_a_split_without_sensitivities_still_has_a_page(world, tmp_path):
    samples = [make_sample(world.oracle, f"x:{n}", [4], [1, 2]) for n in range(3)]
    benchmark = make_benchmark(world.oracle, samples)
    system = make_system(lambda: Fixed(world.catalog, 0), world.oracle, "Plain")
    found = evaluate([measure(system, samples, world.oracle)], samples, benchmark, split="test")
    write_report([Chapter("t", "a", found, trait_systems=("Plain",))], tmp_path / "r.html")
    assert "–" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_drawing_is_quiet_and_repeatable(evaluation, tmp_path, capfd):
    names = ("a.html", "b.html")
    curves = {"千と千尋": {"千と千尋": [(1, 1.0)]}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in names:
            write_report([Chapter("", "", evaluation, ("nobody",), training=curves)], tmp_path / name)
    assert capfd.readouterr().err == ""
    first, second = ((tmp_path / name).read_text(encoding="utf-8") for name in names)
    unnamed = re.compile(r"\bp[0-9a-f]{10}\b")  # clip paths are numbered by memory address
    assert unnamed.sub("", first) == unnamed.sub("", second)


def test_a_full_disk_is_one_sentence_and_keeps_the_old_page(evaluation, tmp_path, monkeypatch):
    target = tmp_path / "report.html"
    target.write_text("old")

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(SafecrsError, match="No space left"):
        write_report([Chapter("t", "a", evaluation)], target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_what_is_served_is_no_variant_of_another_system(world, tmp_path):
    samples = world.benchmark.split("test")
    served = make_system(
        lambda: Fixed(world.catalog, 0),
        world.oracle,
        SERVED,
        decoding="filtered",
        constraints="detected",
        unknown="exclude",
    )
    measured = [measure(served, samples, world.oracle)]
    found = evaluate(measured, samples, world.benchmark, split="test")
    write_report([Chapter("x", "", found)], tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    first = re.search(r"<tbody>\s*<tr[^>]*>\s*<t[hd][^>]*>([^<]*)<", page)
    assert first[1].strip() == SERVED
