from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from safecrs.cli.main import app

ITEMS = """title,year,genres
Quiet Meadow,2001,drama
Meadow of Knives,2003,horror|thriller
Harbour Lights,1999,comedy
"""
ADVISORIES = """title,year,violence,frightening,topics,not_topics
Quiet Meadow,2001,None,None,,a dog dies|blood/gore
Meadow of Knives,2003,Severe,Severe,excessive gore,
"""
BROTHER = "It has been a hard year since my brother's suicide, something like Big Fish (2003)?"


@pytest.fixture
def catalogue(cli, tmp_path):
    """The README's own-catalogue example."""
    (tmp_path / "films.csv").write_text(ITEMS)
    (tmp_path / "advisories.csv").write_text(ADVISORIES)
    out = tmp_path / "mine.safetensors"
    done = cli(
        "oracle",
        "compile",
        "--items",
        tmp_path / "films.csv",
        "--csv",
        tmp_path / "advisories.csv",
        "--out",
        out,
    )
    assert done.code == 0, done.err
    assert "3 items, 2 of them with advisories" in done.out
    return out


@pytest.mark.parametrize(
    ("title", "code", "verdict"),
    [("Saw (2004)", 1, "unsafe"), ("Finding Nemo (2003)", 0, "safe"), ("No Such Film (1901)", 3, "unknown")],
)
def test_check_tells_by_words_status_and_json(cli, title, code, verdict):
    done = cli("check", title, "--trait", "gore")
    assert done.code == code
    assert verdict in done.out
    assert done.err == ""
    held = json.loads(cli("check", title, "--trait", "gore", "--json").out)
    assert held["verdict"] == verdict
    if code != 3:
        assert held["traits"][0]["trait"] == "gore"
        assert held["traits"][0]["reason"] in done.out


def test_check_helps_with_a_near_miss(cli):
    done = cli("check", "Finding Nimo")
    assert done.code == 3
    assert "Did you mean" in done.out
    assert "Finding Nemo (2003)" in done.out


def test_check_without_a_trait_shows_all(cli):
    done = cli("check", "Saw (2004)")
    assert done.code == 1
    assert "sensitivities" in done.out
    assert "gore" in done.out
    assert len(json.loads(cli("check", "Saw (2004)", "--json").out)["traits"]) == 37


def test_a_stricter_threshold_forbids_more(cli):
    from safecrs.oracle import load_starter

    oracle = load_starter("film")
    column = oracle.taxonomy.column["gore"]
    between = (oracle.risk[:, column] > 0.2) & (oracle.risk[:, column] < 0.6)
    between &= oracle.possible_risk[:, column] < 0.1
    film = oracle.catalog.label(int(between.argmax()))
    assert cli("check", film, "-t", "gore").code == 0
    assert cli("check", film, "-t", "gore", "--threshold", "0.2").code == 1
    assert cli("check", film, "-t", "gore=0.2").code == 1
    assert cli("check", film, "-t", "gore", "-t", "gore=0.2").code == 1  # the stricter of the two
    held = json.loads(cli("recommend", "films like Heat", "-t", "gore=0.2", "-t", "horror", "--json").out)
    assert held["constraints"] == {"gore": 0.2, "horror": 0.66}


@pytest.mark.parametrize(
    ("given", "holds"),
    [(("gore", "gore=1"), 0.66), (("gore=0.9", "gore"), 0.66), (("gore=0.9", "gore=1"), 0.9)],
)
def test_check_and_recommend_hold_the_stricter_of_two_thresholds(cli, given, holds):
    options = [word for value in given for word in ("-t", value)]
    checked = json.loads(cli("check", "Saw (2004)", *options, "--json").out)
    assert [(trait["trait"], trait["threshold"]) for trait in checked["traits"]] == [("gore", holds)]
    told = json.loads(cli("recommend", "films like Heat", *options, "--json").out)
    assert told["constraints"] == {"gore": holds}


@pytest.mark.parametrize("risk", ["", "mild", "0", "1.5", "nan"])
def test_a_threshold_that_is_none_is_refused_without_the_sensitivity(refused, risk):
    said = refused("check", "Saw (2004)", "-t", f"gore={risk}")
    assert "a number above 0 and up to 1" in said
    assert "gore" not in said


def test_titles_are_not_markup(cli):
    done = cli("check", "[bold]Nothing[/] (1901)")
    assert done.code == 3
    assert "[bold]Nothing[/]" in done.out


def test_traits_from_argument_and_standard_input(cli):
    said = cli("traits", BROTHER)
    assert said.code == 0
    assert "self_harm" in said.out
    piped = cli("traits", "-", "--json", stdin=BROTHER)
    found = json.loads(piped.out)["understood"]
    assert [entry["trait"] for entry in found] == ["self_harm"]
    assert BROTHER[found[0]["start"] : found[0]["end"]] == found[0]["text"]
    nothing = cli("traits", "a comedy please")
    assert "No sensitivity found" in nothing.out
    assert json.loads(cli("traits", "a comedy please", "--json").out) == {"understood": []}


def test_recommend(cli):
    done = cli("recommend", BROTHER, "--trait", "gore", "-k", "5")
    assert done.code == 0
    assert "Leaving out" in done.out
    assert "5. " in done.out
    assert "6. " not in done.out
    held = json.loads(cli("recommend", "-", "--trait", "gore", "-k", "5", "--json", stdin=BROTHER).out)
    assert set(held["constraints"]) == {"self_harm", "gore"}
    assert len(held["suggestions"]) == 5
    for item in held["suggestions"]:
        assert item["verdict"] == "safe"
        title = f"{item['title']} ({item['year']})"
        assert title in done.out
        assert cli("check", title, "-t", "self_harm", "-t", "gore").code == 0
    silent = json.loads(cli("recommend", BROTHER, "--no-detect", "--json").out)
    assert silent["constraints"] == {}


def test_recommend_games(cli):
    held = json.loads(cli("recommend", "a puzzle", "--domain", "game", "-k", "3", "--json").out)
    assert len(held["suggestions"]) == 3
    assert cli("check", f"{held['suggestions'][0]['title']}", "--domain", "game").code in (0, 1, 3)


def test_own_catalogue(cli, catalogue):
    assert cli("check", "Meadow of Knives (2003)", "-t", "gore", "--oracle", catalogue).code == 1
    assert cli("check", "Quiet Meadow (2001)", "-t", "gore", "--oracle", catalogue).code == 0
    assert cli("check", "Harbour Lights (1999)", "-t", "gore", "--oracle", catalogue).code == 3
    explained = cli("oracle", "explain", "Meadow of Knives (2003)", "--oracle", catalogue)
    assert explained.code == 1
    assert "advisories says yes to “excessive gore”" in explained.out
    held = json.loads(cli("recommend", "a film, no gore", "--oracle", catalogue, "--json").out)
    assert [item["title"] for item in held["suggestions"]] == ["Quiet Meadow"]
    everything = cli("recommend", "a film, no gore", "--oracle", catalogue, "--allow-unknown").out
    assert "Harbour Lights" in everything
    assert "No source speaks of this" in everything
    assert "Knives" not in everything


def test_nothing_left_to_recommend(cli, catalogue):
    done = cli("recommend", "a film", "-t", "needles", "-t", "gore", "--oracle", catalogue, "--no-detect")
    assert done.code == 0
    assert "try --allow-unknown" in done.out


def test_what_looks_like_an_emoji_is_printed_as_it_stands(cli, tmp_path):
    (tmp_path / "films.csv").write_text("title,year\nA :heart: B,2001\n")
    out = tmp_path / "mine.safetensors"
    assert cli("oracle", "compile", "--items", tmp_path / "films.csv", "--out", out).code == 0
    assert "A :heart: B (2001)" in cli("oracle", "explain", "A :heart: B (2001)", "--oracle", out).out
    assert "movielens:2:1" in cli("data", "steps", "--help").out


def test_own_traits(cli, catalogue, tmp_path):
    """A trait in a file of one's own is explained in its own words."""
    (tmp_path / "traits.toml").write_text(
        '[trait.clowns]\nname = "Clowns"\navoid = "films with clowns"\ntopics = ["excessive gore"]\n'
    )
    out = tmp_path / "clowns.safetensors"
    done = cli(
        *("oracle", "compile", "--items", tmp_path / "films.csv", "--csv", tmp_path / "advisories.csv"),
        *("--taxonomy", tmp_path / "traits.toml", "--out", out),
    )
    assert done.code == 0, done.err
    assert cli("check", "Meadow of Knives (2003)", "-t", "clowns", "--oracle", out).code == 1
    done = cli("recommend", "a film", "-t", "clowns", "--oracle", out, "--allow-unknown")
    assert done.code == 0, done.err
    assert "Leaving out films with clowns" in done.out
    assert "Knives" not in done.out


def test_coverage(cli, catalogue):
    done = cli("oracle", "coverage", "--oracle", catalogue)
    assert done.code == 0
    assert "advisories: 2 advisories, 2 of catalog items" in done.out
    held = json.loads(cli("oracle", "coverage", "--oracle", catalogue, "--json").out)
    assert held["items"] == 3
    assert held["sources"]["advisories"] == {"advisories": 2, "resolved": 2}


def test_data_card_and_export(cli, folder, tmp_path):
    done = cli("data", "card", folder)
    assert done.code == 0
    assert "SafeRec-Tiny" in done.out
    out = tmp_path / "[/red] out" / "test.jsonl"
    done = cli("data", "export", folder, "--split", "test", "--out", out)
    assert done.code == 0, done.err
    assert f"10 samples written to {out}" in done.out
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 10
    assert all(json.loads(line)["split"] == "test" for line in lines)


def test_data_starter_is_built_once(cli, refused, world, tmp_path, monkeypatch):

    built = []

    def inputs(*, options):
        built.append(options.seed)
        options.report("Build the benchmark", 1, 1, "")
        return world.benchmark

    monkeypatch.setattr("safecrs.benchmark.build_starter", inputs)
    out = tmp_path / "starter"
    done = cli("data", "starter", "--out", out, "--seed", "5")
    assert done.code == 0, done.err
    assert "test: 10 samples" in done.out
    assert (out / "oracle.safetensors").is_file()
    assert "already holds a benchmark" in refused("data", "starter", "--out", out)
    assert built == [5], "found out before the work"
    assert cli("data", "starter", "--out", out, "--overwrite").code == 0
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("cat")
    assert "not a benchmark" in refused("data", "starter", "--out", tmp_path / "photos", "--overwrite")
    assert (tmp_path / "photos" / "cat.jpg").is_file()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.slow
def test_data_starter_for_real(cli, tmp_path):
    done = cli("data", "starter", "--out", tmp_path / "starter")
    assert done.code == 0, done.err
    assert "with a sensitivity" in done.out
    assert cli("data", "card", tmp_path / "starter").code == 0


def test_evaluate_and_report(cli, folder, tmp_path):
    out = tmp_path / "evaluation.json"
    done = cli("evaluate", folder, "--out", out, "--limit", "6")
    assert done.code == 0, done.err
    assert done.err == ""
    assert "Neighbours + filter" in done.out
    held = json.loads(out.read_text())
    assert held["samples"] == 6
    for system in held["systems"]:
        if system["label"]["constraints"] == "told":
            assert system["metrics"]["svr"]["value"] == 0
    page = tmp_path / "report.html"
    done = cli("report", out, out, "--out", page)
    assert done.code == 0, done.err
    assert "Neighbours" in page.read_text(encoding="utf-8")


COMMANDS = (
    [],
    ["check"],
    ["traits"],
    ["recommend"],
    *(
        [group, name]
        for group, names in (
            ("oracle", ("compile", "explain", "coverage")),
            (
                "data",
                (
                    "starter",
                    "movielens",
                    "redial",
                    "inspired",
                    "reddit",
                    "released",
                    "game",
                    "card",
                    "export",
                ),
            ),
            ("train", ("sft", "gdpo", "plot", "card", "presets", "show")),
        )
        for name in names
    ),
    ["evaluate"],
    ["report"],
    ["demo"],
    ["redial"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command):
    done = CliRunner().invoke(app, [*command, "--help"])
    assert done.exit_code == 0
    assert "Usage" in done.output
    assert len(done.output.splitlines()) > 5


def test_an_ablation_that_does_not_exist_is_answered_with_those_that_do(refused):
    said = refused("ablations", "--only", "Safe-DPO")
    assert "no ablation “Safe-DPO”" in said
    assert "“Rank-GRPO, no safety”, “DPO”, “Safe-GDPO”, " in said


def test_no_sensitivity_found_is_told(cli):
    notice = "No sensitivity found in this text"
    assert notice in cli("recommend", "Ich habe Angst vor Spinnen", "-k", 1).out
    assert notice not in cli("recommend", BROTHER, "-k", 1).out
    assert notice not in cli("recommend", "a comedy", "--trait", "gore", "-k", 1).out
    assert notice not in cli("recommend", "a comedy", "--no-detect", "-k", 1).out


def test_unknown_sensitivities_are_counted_in_the_headline(cli):
    done = cli("check", "A Little to the Left", "--domain", "game")
    assert done.code == 3
    assert re.search(r"unsafe for 0 of 17 sensitivities, unknown for [1-9]", done.out)


def test_presets_are_lines(cli):
    done = cli("train", "presets")
    assert done.code == 0, done.err
    assert "\\n" not in done.out
