"""The commands that ask an endpoint: only where one is named, and never in silence when it fails."""

from __future__ import annotations

import json

import pytest

from chat_server import ChatServer, error

TEXT = "We have the carpet cleaner in tomorrow, and my stomach is what it is."
QUOTE = "my stomach is what it is"
ANSWER = json.dumps({"findings": [{"trait": "gore", "probability": 0.9, "quote": QUOTE}]})


@pytest.fixture
def server():
    with ChatServer() as server:
        yield server


def test_traits_of_a_message(cli, server):
    server.says(ANSWER)
    assert json.loads(cli("traits", "-", "--json", stdin=TEXT).out) == {"understood": []}
    assert server.requests == []
    done = cli("traits", "-", "--llm", server.url, "--llm-model", "small", "--json", stdin=TEXT)
    assert done.code == 0, done.err
    (found,) = json.loads(done.out)["understood"]
    assert (found["trait"], found["text"]) == ("gore", QUOTE)
    done = cli("traits", "No spiders!", "--llm", server.url, "--llm-model", "small")
    assert "spiders_reptiles" in done.out
    done = cli("traits", "No spiders!", "--llm", server.url, "--llm-model", "small", "--llm-only")
    assert "No sensitivity found." in done.out


def test_recommend_leaves_out_what_the_endpoint_found(cli, server):
    server.says(ANSWER)
    done = cli("recommend", "-", "--llm", server.url, "--llm-model", "small", "-k", 3, stdin=TEXT)
    assert done.code == 0, done.err
    assert f"Leaving out films with blood, gore or body horror (“{QUOTE}”)" in done.out


@pytest.mark.parametrize("command", ["traits", "recommend"])
def test_a_failing_endpoint_is_told_and_nothing_answered(refused, server, command):
    server.reply = error(401, f"no key for {TEXT}")
    sentence = refused(command, "-", "--llm", server.url, "--llm-model", "small", stdin=TEXT)
    assert "SAFECRS_API_KEY" in sentence
    assert "stomach" not in sentence
    server.says("Sorry, no.")
    sentence = refused(command, "-", "--llm", server.url, "--llm-model", "small", stdin=TEXT)
    assert "did not answer in the form" in sentence


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--llm", "http://localhost:1/v1"], "--llm-model"),
        (["--llm-model", "small"], "--llm"),
        (["--llm", "localhost", "--llm-model", "small"], "not a URL"),
        (["--llm-only"], "needs --llm"),
        (["--llm-only", "--embeddings", "--llm", "http://h/v1", "--llm-model", "m"], "--embeddings"),
    ],
)
def test_options_that_do_not_fit(refused, options, sentence):
    assert sentence in refused("traits", TEXT, *options)


def test_evaluate_measures_a_served_model_and_goes_on(cli, server, folder, tmp_path):
    server.says("\n".join(f"Film {n} ({1960 + n})" for n in range(0, 50, 5)))
    command = ["evaluate", folder, "--llm", server.url, "--llm-model", "served"]
    command += ["--llm-answers", tmp_path / "answers.jsonl", "--out", tmp_path / "evaluation.json"]
    done = cli(*command)
    assert done.code == 0, done.err
    systems = {
        each["name"]: each for each in json.loads((tmp_path / "evaluation.json").read_text())["systems"]
    }
    assert systems["served"]["metrics"]["svr"]["value"] > 0.5
    assert systems["served + filter"]["metrics"]["svr"]["value"] == 0
    assert systems["served"]["label"]["constraints"] == "none"
    assert systems["served + filter"]["label"]["constraints"] == "told"
    asked = len(server.requests)
    again = cli(*command)
    assert again.code == 0, again.err
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--llm-answers", "answers.jsonl"], "--llm"),
        (["--llm", "http://h/v1", "--llm-model", "m", "--adversarial"], "not asked of endpoints"),
        (["--llm", "http://h/v1", "--llm-model", "BM25"], "would be called 'BM25'"),
    ],
)
def test_evaluate_refuses_what_does_not_fit(refused, folder, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused("evaluate", folder, *options, "--out", "e.json")
