"""A catalog, advisories, traits and a data card that try to steer the terminal of whoever looks at them."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.benchmark import save_benchmark
from safecrs.cli.output import visible
from safecrs.oracle import Oracle
from tiny_world import make_benchmark, make_sample

STEER = "\x1b[2J\x1b]0;title\x07\x9b31m\r\u202e\u2066\u2028\u200b\U000e0041\ufeff"
NEWLINE = "\n1. Harmless (2001)"


def steering(text: str) -> set[str]:
    """Characters of ``text`` but its line breaks that do not show, or move what does."""
    kinds = ("Cc", "Cf", "Zl", "Zp", "Cs")
    return {c for c in text if unicodedata.category(c) in kinds and c not in "\n\u200c\u200d"}


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    """Through the command line, as a downloaded table would come."""
    from safecrs.cli import main

    folder = tmp_path_factory.mktemp("hostile")
    items = [("Dark\x1b]8;;http://x\x07 Wood" + STEER, 2001), (f"Wood{NEWLINE}", 2002), ("Wood Three", 2003)]
    rows = "".join(f'"{title}",{year}\n' for title, year in items)
    (folder / "items.csv").write_text("title,year\n" + rows, newline="")
    said = "".join(f'"{title}",{year},needles\n' for title, year in items)
    (folder / f"said{STEER[:4]}.csv").write_text("title,year,topics\n" + said, newline="")
    (folder / "traits.toml").write_text(
        '[trait.needles]\nname = "Needles\\u001b[2J\\u202e"\navoid = "needles\\u001b[2J\\nforged"\n'
        'topics = ["needles"]\n'
    )
    arguments = ["--items", folder / "items.csv", "--csv", folder / f"said{STEER[:4]}.csv"]
    arguments += ["--taxonomy", folder / "traits.toml", "--out", folder / "oracle"]
    with pytest.raises(SystemExit) as caught:
        main(["oracle", "compile", *map(str, arguments)])
    assert caught.value.code == 0
    return folder / "oracle"


def test_nothing_of_a_catalog_steers_the_terminal(cli, oracle):
    outputs = [
        cli("check", "Wood", "--oracle", oracle),
        cli("check", "Wood\x1b[2J\u202eX (2009)", "--oracle", oracle),
        cli("check", "Wood Three (2003)", "--oracle", oracle),
        cli("recommend", "wood", "--oracle", oracle, "--allow-unknown"),
        cli("recommend", "wood", "--oracle", oracle, "-t", "needles", "--allow-unknown"),
        cli("recommend", "no needles\x1b[2J please", "--oracle", oracle, "--json", "--allow-unknown"),
        cli("oracle", "coverage", "--oracle", oracle),
        cli("oracle", "explain", "Wood Three (2003)", "--oracle", oracle),
        cli("check", "Wood", "--oracle", f"{oracle}\x1b[2J\u202e"),
    ]
    catalog = Oracle.load(oracle).catalog
    for row in range(len(catalog)):
        outputs.append(cli("check", catalog.label(row), "--oracle", oracle))
        outputs.append(cli("check", catalog.label(row), "--oracle", oracle, "--json"))
    for done in outputs:
        assert done.out + done.err
        assert not steering(done.out + done.err)
        assert "\nforged" not in done.out
    assert "\\u001b" in outputs[3].out + outputs[0].out


def test_a_line_break_in_a_title_forges_no_line(cli, oracle):
    out = cli("recommend", "wood", "--oracle", oracle, "--allow-unknown", "--no-detect").out
    numbers = [line.split(".")[0].strip() for line in out.splitlines() if re.match(r" *\d+\. ", line)]
    assert numbers == ["1", "2", "3"]


def test_json_keeps_what_it_shows(cli, oracle):
    catalog = Oracle.load(oracle).catalog
    held = json.loads(cli("recommend", "wood", "--oracle", oracle, "--allow-unknown", "--json").out)
    assert {item["title"] for item in held["suggestions"]} == {
        catalog.title(row) for row in range(len(catalog))
    }


def test_nothing_of_a_benchmark_steers_the_terminal(cli, world, tmp_path):
    samples = [make_sample(world.oracle, f"movielens:{n}:1\x1b[2J", [4], [1, 2]) for n in range(3)]
    benchmark = make_benchmark(world.oracle, samples, name=f"Mine{STEER}", notes=(f"Mind{STEER}",))
    save_benchmark(benchmark, tmp_path / "b")
    for command in (("data", "card"), ("data", "steps")):
        done = cli(*command, tmp_path / "b")
        assert done.code == 0
        assert not steering(done.out)
    assert "\\u202e" in cli("data", "card", tmp_path / "b").out


@given(st.text())
def test_what_is_visible_is_readable_and_loses_nothing(text: str) -> None:
    shown = visible(text)
    assert not steering(shown)
    assert "\n" not in shown
    plain = json.dumps(text, ensure_ascii=False)
    assert json.loads(visible(plain)) == text


def test_words_that_need_joiners_keep_them():
    for text in ("می\u200cخواهم", "👩\u200d🚀", "Amélie", "שלום"):
        assert visible(text) == text
