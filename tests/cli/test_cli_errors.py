from __future__ import annotations

import os
import re

import pytest

SAID = "my brother hanged himself"


@pytest.mark.parametrize(
    "command",
    [
        ("oracle", "compile", "--items", "absent.csv", "--out", "o"),
        ("oracle", "compile", "--csv", "absent.csv", "--out", "o"),
        ("oracle", "compile", "--mpaa", "absent.tsv.gz", "--out", "o"),
        ("oracle", "compile", "--taxonomy", "absent.toml", "--out", "o"),
        ("oracle", "explain", "Saw (2004)", "--oracle", "absent.safetensors"),
        ("oracle", "coverage", "--oracle", "absent.safetensors"),
        ("check", "Saw (2004)", "--oracle", "absent.safetensors"),
        ("recommend", SAID, "--oracle", "absent.safetensors"),
        ("recommend", SAID, "--model", "absent"),
        ("data", "card", "absent"),
        ("data", "export", "absent", "--out", "o"),
        ("data", "redial", "--dialogues", "absent", "--items", "absent", "--mpaa", "absent", "--out", "o"),
        ("train", "sft", "absent", "--out", "o"),
        ("train", "gdpo", "absent", "--base", "absent", "--out", "o"),
        ("evaluate", "absent", "--out", "o"),
        ("report", "absent.json", "--out", "o"),
        ("redial", "--data", "absent", "--out", "o"),
    ],
    ids=" ".join,
)
def test_a_missing_file_is_named(refused, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = refused(*command)
    assert "absent" in message
    assert SAID not in message
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("command", [("check", "Saw"), ("recommend", "a film")], ids=" ".join)
def test_an_unknown_trait_is_answered_with_close_ones(refused, command):
    message = refused(*command, "--trait", "goer")
    assert "goer" not in message, "what hurts somebody is in no error"
    assert "gore" in message


@pytest.mark.parametrize("command", ["traits", "recommend"])
@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_conversation(refused, command, text):
    assert "conversation is empty" in refused(command, text)
    assert "conversation is empty" in refused(command, "-", stdin=text)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Saw,2004,Gigantic,", "Gigantic"),
        ("Saw,soon,Mild,", "soon"),
        (",2004,Mild,", "title"),
        ("Saw,2004,Mild,,too,many", "6 cells"),
        ("Saw,2004,Mild,bloood", "bloood"),
        ('"Saw,2004,Mild,', "table"),
    ],
)
def test_a_broken_row_is_named(cli, refused, tmp_path, row, problem):
    path = tmp_path / "mine.csv"
    path.write_text(f"title,year,violence,topics\nAlien,1979,Mild,\n{row}\n")
    arguments = ("oracle", "compile", "--csv", path, "--out", tmp_path / "o.safetensors")
    message = refused(*arguments, "--strict")
    assert f"{path}, row 3" in message
    assert problem in message
    assert not (tmp_path / "o.safetensors").exists()
    done = cli(*arguments)
    assert done.code == 0, done.err
    assert f"{path}: 1 × " in done.err
    assert "(row 3)" in done.err
    assert problem in done.err


def test_a_broken_catalogue_is_named(refused, tmp_path):
    path = tmp_path / "films.csv"
    path.write_text("label,year\nAlien,1979\n")
    assert "there is no title" in refused("oracle", "compile", "--items", path, "--out", tmp_path / "o")
    path.write_bytes(b"title,year\n\xff\xfe,1979\n")
    assert "UTF-8" in refused("oracle", "compile", "--items", path, "--out", tmp_path / "o")
    json = tmp_path / "films.json"
    json.write_text("[1, 2]")
    assert "films.json" in refused("oracle", "compile", "--items", json, "--out", tmp_path / "o")


@pytest.mark.parametrize("keep", [0, 5, 60, 2000, -1])
def test_a_corrupt_oracle_is_named(refused, world, tmp_path, keep):
    path = tmp_path / "o.safetensors"
    world.oracle.save(path)
    path.write_bytes(path.read_bytes()[:keep])
    message = refused("check", "Film 1 (1961)", "--oracle", path)
    assert str(path) in message
    assert re.search("build it again|compile", message)


def test_a_folder_for_a_file_and_the_other_way_round(refused, tmp_path):
    (tmp_path / "file").write_text("x")
    assert "see safecrs check --help" in refused("check", "Saw", "--oracle", tmp_path)
    assert "see safecrs data card --help" in refused("data", "card", tmp_path / "file")


def test_damaged_benchmark_evaluation_and_run(refused, folder, tmp_path):
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "card.json").write_text('{"name": "x"}')
    assert "not a data card" in refused("data", "card", bad)
    (bad / "card.json").write_bytes((folder / "card.json").read_bytes())
    assert "not a readable benchmark" in refused("evaluate", bad, "--out", tmp_path / "e.json")
    (tmp_path / "e.json").write_text('{"systems": []}')
    assert "not a safecrs evaluation" in refused("report", tmp_path / "e.json", "--out", tmp_path / "r.html")
    (bad / "run.json").write_text("{}")
    message = refused("evaluate", folder, "--out", tmp_path / "e2.json", "--model", f"Mine={bad}/model")
    assert "safecrs train card" in message
    assert "NAME=FOLDER" in refused("evaluate", folder, "--out", tmp_path / "e2.json", "--model", "model")


def test_a_damaged_model(refused, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert str(tmp_path) in refused("recommend", SAID, "--model", tmp_path)


def test_unknown_split_and_preset(refused, folder, tmp_path):
    for command in ("evaluate", folder), ("data", "export", folder):
        message = refused(*command, "--out", tmp_path / "e", "--split", "tests'ts")
        assert "'--split': it is not one of 'train', 'validation', 'test'" in message
    assert "no preset 'huge'" in refused("train", "sft", folder, "--out", tmp_path / "o", "--preset", "huge")
    message = refused("train", "sft", folder, "--out", tmp_path / "o", "--set", "sft.learning_rte=1")
    assert "learning_rte" in message
    message = refused("train", "sft", folder, "--out", tmp_path / "o2", "--model", "no/such/model")
    assert "no/such/model" in message


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize(
    "command",
    [
        ("oracle", "compile", "--items", "films.csv", "--out", "out"),
        ("data", "export", "{folder}", "--out", "out"),
        ("evaluate", "{folder}", "--limit", "2", "--out", "out"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
@pytest.mark.parametrize("before", [None, "precious"])
def test_a_full_disk_loses_nothing(refused, folder, tmp_path, monkeypatch, command, before):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films.csv").write_text("title,year\nAlien,1979\n")
    if before:
        (tmp_path / "out").write_text(before)

    def full(*_args, **_kwargs):
        raise FULL

    monkeypatch.setattr("pathlib.Path.replace", full)
    message = refused(*(part.format(folder=folder) for part in command))
    assert "No space left on device" in message
    assert "out" in message
    left = {path.name for path in tmp_path.iterdir()} - {"films.csv"}
    assert left == ({"out"} if before else set())
    if before:
        assert (tmp_path / "out").read_text() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(refused, folder, tmp_path):
    tmp_path.chmod(0o500)
    assert "Permission denied" in refused("data", "export", folder, "--out", tmp_path / "x" / "o")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    "command",
    [("data", "export", "{folder}"), ("evaluate", "{folder}"), ("data", "starter"), ("oracle", "compile")],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_file_where_a_folder_should_be(refused, folder, tmp_path, command):
    (tmp_path / "file").write_text("x")
    out = tmp_path / "file" / "below"
    message = refused(*(part.format(folder=folder) for part in command), "--out", out)
    assert f"Cannot write {out}" in message
    assert (tmp_path / "file").read_text() == "x"


def test_an_error_while_reading_is_no_traceback(refused, monkeypatch):
    def broken(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied", "/some/file")

    monkeypatch.setattr("safecrs.cli.options.load_starter", broken)
    assert refused("check", "Saw") == "safecrs: /some/file: Permission denied.\n"


@pytest.mark.parametrize(
    "command",
    [
        (SAID,),
        ("traits", "my", "brother", "hanged", "himself"),
        ("traits", "--my-brother-hanged-himself"),
        ("recommend", "-my brother hanged himself"),
        ("recommend", "films", SAID),
        ("data", SAID),
    ],
    ids=lambda command: str(len(command)),
)
def test_wrong_use_does_not_repeat_what_was_said(refused, command):
    message = refused(*command)
    assert "brother" not in message
    assert "hanged" not in message
    assert "--help" in message


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("check",), "Missing argument"),
        (("check", "Saw", "--threshold", "5"), "--threshold"),
        (("check", "Saw", "--threshold", "nan"), "--threshold"),
        (("check", "Saw", "--domain", "book"), "'--domain': it is not one of 'film', 'game'"),
        (("chek", "Saw"), "There is no such command, only ablations, check, "),
        (("check", "Saw", "--my-brother", "gore"), "There is no such option"),
        (("recommend", "films", "-k", "0"), "-k"),
        (("recommend", "films", "-k", "ten"), "-k"),
        (("evaluate", "somewhere"), "--out"),
    ],
    ids=str,
)
def test_wrong_use_is_one_sentence(refused, command, words):
    message = refused(*command)
    assert words in message
    place = "" if command[0] == "chek" else f" {command[0]}"
    assert f"see safecrs{place} --help" in message


def test_no_arguments_show_the_help(cli):
    for command in ((), ("oracle",), ("data",), ("train",)):
        done = cli(*command)
        assert done.code in (0, 2)
        assert "Usage" in done.out + done.err


def test_what_was_disclosed_is_in_no_error(refused, tmp_path):
    """Errors that come after the text was read."""
    text = f"Since {SAID} I want something gentle"
    for command in (
        ("recommend", text, "--oracle", tmp_path / "absent"),
        ("recommend", "-", "--model", tmp_path / "absent"),
        ("recommend", text, "--trait", "goer"),
    ):
        message = refused(*command, stdin=text)
        assert SAID not in message
        assert "self_harm" not in message.split(":")[1]


def test_an_input_is_not_written_over(refused, tmp_path):
    items = tmp_path / "items.csv"
    items.write_text("title,year\nSaw,2004\n")
    assert "is also an input" in refused(
        "oracle", "compile", "--items", items, "--out", tmp_path / "." / "items.csv"
    )
    assert items.read_text() == "title,year\nSaw,2004\n"
    assert "is also an input" in refused("report", items, "--out", items)


def test_another_domain_than_the_models_or_the_oracles(refused, cli, tmp_path):
    from safecrs.recommenders.manifest import Manifest

    Manifest().write(tmp_path)
    assert "judges films; leave out --domain game" in refused(
        "recommend", "x", "--model", tmp_path, "--domain", "game"
    )
    items, oracle = tmp_path / "items.csv", tmp_path / "films.safetensors"
    items.write_text("title,year\nSaw,2004\n")
    assert cli("oracle", "compile", "--items", items, "--out", oracle).code == 0
    assert "judges films" in refused("check", "Saw", "--oracle", oracle, "--domain", "game")


def test_a_model_that_is_not_there_or_one_folder_below(refused, tmp_path):
    from safecrs.recommenders.manifest import Manifest

    assert "there is no such folder" in refused("recommend", "x", "--model", tmp_path / "absent")
    (tmp_path / "model").mkdir()
    Manifest().write(tmp_path / "model")
    assert f"give {tmp_path / 'model'}" in refused("recommend", "x", "--model", tmp_path)
