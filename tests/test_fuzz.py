"""Damaged and hostile files bring our own error, in one sentence, and nothing else (`--fuzz`: how many)."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safecrs import advisories, catalog
from safecrs.benchmark.sources.inspired import read_inspired
from safecrs.benchmark.sources.reddit import read_reddit, read_reddit_items
from safecrs.benchmark.sources.redial import read_redial, read_redial_items
from safecrs.benchmark.store import read_card
from safecrs.catalog.items_csv import read_items
from safecrs.endpoint import AnswerFile
from safecrs.endpoint.structured import parse_answer
from safecrs.errors import SafecrsError
from safecrs.evaluation.results import load_evaluation
from safecrs.oracle import Oracle
from safecrs.recommenders.manifest import Manifest
from safecrs.recommenders.manifest import read_manifest as read_recommender
from safecrs.taxonomy import load_taxonomy
from safecrs.training.preset import load_preset
from safecrs.training.runs.log import TrainingLog
from safecrs.training.runs.manifest import RunManifest, read_manifest

ODD = [
    *("9" * 5000, "1e999", "-1e999", "NaN", "Infinity", "-0", "1e-999", "true", "null", "[]", "{}", '""'),
    *("\\ud800", '"\\ud83d"', "\ud800", "\x00", "\x1b[2J", "\u202e", "\ufeff", "\u2028", "\U000e0041"),
    *('"', "'", ",", ";", "\t", "\n", "\r", "\r\n", "|", "{", "}", "[", "]", "=", ":", "\\", "(", ")"),
    *("[" * 3000, '{"a":' * 3000, "(" * 3000, '"' * 999, "&" * 99, " " * 3000),
]
PARTS = ("evaluation.json", "redial.jsonl", "inspired.tsv")  # what is not whole is refused
BYTES = [text.encode("utf-8", "surrogatepass") for text in ODD] + [b"\xff", b"\xfe\xff", b"\x1f\x8b"]


def damaged(whole: bytes, dice: random.Random) -> bytes:
    """``whole`` with a few cuts, repeats, flipped bits and odd pieces, or nothing of it."""
    data = bytearray(whole)
    for _ in range(dice.randint(1, 3)):
        start = dice.randrange(len(data) + 1)
        end = min(len(data), start + dice.choice((0, 1, 3, 20, len(data))))
        match dice.randrange(5):
            case 0:
                del data[start:end]
            case 1:
                data[start:start] = data[start:end][:200]
            case 2 if data:
                data[start % len(data)] ^= 1 << dice.randrange(8)
            case 3:
                data[start : start + dice.choice((0, 1, 5))] = dice.choice(BYTES)
            case _:  # a value in the place of another
                marks = [at for at, byte in enumerate(data[:4000]) if byte in b',:=\t"']
                at = dice.choice(marks or [0])
                data[at + 1 : dice.choice([mark for mark in marks if mark > at] or [at + 1])] = dice.choice(
                    BYTES
                )
    return bytes(data)


def all_of(read: Callable[[Path], Any]) -> Callable[[Path], object]:
    return lambda path: [*zip(range(50), read(path), strict=False)]


TABLE = "title,year,imdb_id,{}\nAlien (1979),,tt0078748,{}\nSaw,2004,,{}\n"


def sources(world: Any, folder: Path) -> dict[str, tuple[bytes, Callable[[Path], object]]]:
    """File name → a whole file and its reader."""
    items = world.oracle.catalog

    def table(columns: str, first: str, second: str) -> bytes:
        return TABLE.format(columns, first, second).encode()

    def rows(*values: object) -> bytes:
        return "".join(json.dumps(value) + "\n" for value in values).encode()

    said = [{"title": "Saw", "year": 2004, "topics": ["blood/gore"], "violence": "Severe"}]
    response = {"item": {"name": "Saw", "releaseYear": "2004"}, "topicItemStats": [
        {"topic": {"name": "a dog dies", "doesName": "Does the dog die"}, "yesSum": 3, "noSum": 1}
    ]}  # fmt: skip
    manifest = {"stage": "sft", "base": "x", "settings": {"a": 1}, "seed": 0, "data": "d", "reasons": True,
                "safe": True, "versions": {}}  # fmt: skip
    RunManifest.model_validate(manifest)
    Manifest.of_model(reasons=False).write(folder)
    (recommender,) = folder.iterdir()
    world.oracle.save(folder / "o")
    oracle = (folder / "o").read_bytes()
    dialogue = {
        "conversationId": "1", "initiatorWorkerId": 1, "respondentWorkerId": 2,
        "messages": [{"text": "I like @1", "senderWorkerId": 1, "messageId": 1},
                     {"text": "Try @2", "senderWorkerId": 2, "messageId": 2}],
        "movieMentions": {"1": "Film 1 (1961)", "2": "Film 2 (1962)"},
        "initiatorQuestions": {"1": {"suggested": 0, "seen": 1, "liked": 1}}, "respondentQuestions": {},
    }  # fmt: skip
    inspired = b"dialog_id\tturn_id\tspeaker\ttext\tmovies\nd\t0\tSEEKER\tHi\tFilm 1 (1961)\n"
    trait = b'[trait.mine]\nname = "Mine"\navoid = "mine"\ntopics = ["blood/gore"]\n'
    preset = b"reasoning = true\n[model]\nname = 'tiny'\n[sft]\nlearning_rate = 1e-3\nmax_steps = 3\n"
    form = type(world.benchmark.samples[0].prompt[0])
    films = {"1": items.item(1), "2": items.item(2)}
    return {
        "items.csv": (
            table("genres,runtime,certificates,popularity", "a|b,90,R,3", "drama,,MPA:PG,1"),
            all_of(read_items),
        ),
        "basics.tsv": (
            b"tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
            b"tt0078748\tmovie\tAlien\tAlien\t0\t1979\t\\N\t117\tHorror\n",
            all_of(catalog.read_title_basics),
        ),
        "own.csv": (
            table("topics,violence", "blood/gore,Severe", "a dog dies,Mild"),
            all_of(advisories.read_user_csv),
        ),
        "own.json": (json.dumps(said).encode(), all_of(advisories.read_user_csv)),
        "mpaa.csv": (
            table("rating,reason", "R,Rated R for gore", "PG,for mild peril"),
            all_of(advisories.read_mpaa),
        ),
        "guide.json": (rows(*said), all_of(advisories.read_parents_guide)),
        "scores.csv": (table("violence,sex,language", "3,4,5", "1,0,10"), all_of(advisories.read_scores)),
        "ddd.jsonl": (rows(response, response), all_of(advisories.read_ddd)),
        "esrb.csv": (
            table("console,blood_and_gore,descriptors", "1,1,Blood", "1,0,Gore"),
            all_of(advisories.read_esrb),
        ),
        "redial.json": (b'{"1": {"name": "Film 1 (1961)"}, "2": {"name": "Two"}}', read_redial_items),
        "titles.json": (b'{"Film 1 (1961)": "tt0000001", "Two (2002)": "tt0000002"}', read_reddit_items),
        "redial.jsonl": (
            rows(dialogue),
            lambda path: read_redial(path, films, items),
        ),
        "reddit.jsonl": (
            rows({"context": ["a film?"], "resp": "x", "rec": ["tt0000001"]}),
            lambda path: read_reddit(path, items),
        ),
        "inspired.tsv": (inspired, lambda path: read_inspired(path, items)),
        "traits.toml": (trait, load_taxonomy().extended),
        "preset.toml": (preset, lambda path: load_preset(str(path))),
        "run.json": (json.dumps(manifest).encode(), lambda path: read_manifest(path.parent)),
        recommender.name: (recommender.read_bytes(), lambda path: read_recommender(path.parent)),
        "card.json": (
            world.benchmark.card.model_dump_json().encode(),
            lambda path: read_card(path.parent),
        ),
        "evaluation.json": (b'{"systems": [], "k": 10, "samples": 3}', load_evaluation),
        "log.jsonl": (
            rows({"step": 1, "loss": 2.0}, {"step": 2, "x": 1}),
            lambda path: TrainingLog(path).entries(),
        ),
        "answers.jsonl": (rows({"key": "a", "answer": "b"}), AnswerFile),
        "oracle": (oracle, Oracle.load),
        "answer.txt": (
            b'So: {"role": "user", "content": "x"}',
            lambda path: parse_answer(path.read_text(encoding="utf-8", errors="replace"), form),
        ),
    }


def test_no_damage_brings_another_error_than_ours(world, tmp_path, request: pytest.FixtureRequest) -> None:
    inputs = request.config.getoption("--fuzz")
    dice = random.Random(inputs)
    (tmp_path / "made").mkdir()
    made = sources(world, tmp_path / "made")
    told: dict[str, int] = dict.fromkeys(made, 0)
    rounds = max(1, inputs // len(made))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (whole, read) in made.items():
            path = tmp_path / name
            read(path) if path.write_bytes(whole) and name not in PARTS else None
            for number in range(rounds if len(whole) < 10_000 else rounds // 4 + 1):
                data = damaged(whole, dice)
                path.unlink()  # some file systems flush a file that is written anew
                path.write_bytes(data)
                said = ""
                try:
                    read(path)
                except SafecrsError as error:
                    told[name] += 1
                    said = str(error)
                except Exception as error:
                    pytest.fail(f"{name}, input {number}: {error!r} for {data[:2000]!r}")
                assert len(said) < 1000
                assert "\n" not in said
            path.unlink()
    silent = ("log.jsonl",)  # it leaves lines out
    assert [name for name, count in told.items() if not count and name not in silent] == []
