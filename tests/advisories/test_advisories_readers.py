"""Every reader: what it says, and what it says no to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.advisories import (
    Advisory,
    Skipped,
    Statement,
    read_ddd,
    read_ddd_table,
    read_parents_guide,
    read_scores,
    read_user_csv,
)
from safecrs.advisories.ddd import vote
from safecrs.advisories.severities import parse_score
from safecrs.errors import SafecrsError

STRICT = Skipped(strict=True)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def said(advisory: Advisory) -> dict[str, int]:
    return {statement.subject: statement.value for statement in advisory.statements}


def test_parents_guide_in_csv_and_json(tmp_path: Path) -> None:
    table = write(
        tmp_path / "pg.csv",
        "title,year,imdb_id,Sex & Nudity,Violence & Gore,Profanity,"
        '"Alcohol, Drugs & Smoking",Frightening & Intense Scenes\n'
        "Heat,1995,tt0113277,Mild,severe,3,,None\n"
        "Silence,2016,,,,,,\n",
    )
    (heat,) = read_parents_guide(table)
    assert said(heat) == {"sex": 1, "violence": 3, "profanity": 3, "frightening": 0}
    assert (heat.title, heat.year, heat.imdb_id, heat.source) == ("Heat", 1995, "tt0113277", "parents-guide")
    export = [{"title": "Heat", "year": 1995, "sex": 1, "violence": "Severe", "frightening": None}]
    (same,) = read_parents_guide(write(tmp_path / "pg.json", json.dumps(export)))
    assert said(same) == {"sex": 1, "violence": 3}
    with pytest.raises(SafecrsError, match=r"bad\.csv, row 2: violence: 'huge' is not a severity"):
        list(read_parents_guide(write(tmp_path / "bad.csv", "title,violence\nHeat,huge\n"), STRICT))


def test_ddd_responses(tmp_path: Path) -> None:
    response = {
        "item": {"name": "Old Yeller", "releaseYear": "1957", "imdbId": "tt0050798"},
        "topicItemStats": [
            {"topic": {"name": "a dog dies"}, "yesSum": 90, "noSum": 1},
            {"topic": {"name": "there are spiders"}, "yesSum": 0, "noSum": 7},
            {"topic": {"doesName": "Does a kid die"}, "yesSum": 3, "noSum": 3},
            {"topic": {"name": "somebody sneezes"}, "yesSum": 2, "noSum": 0},
        ],
    }
    (advisory,) = read_ddd(write(tmp_path / "one.json", json.dumps(response)))
    assert said(advisory) == {"the dog dies": 1, "spiders": 0, "somebody sneezes": 1}
    assert advisory.statements[0].words == "a dog dies: 90 yes, 1 no"
    assert (advisory.title, advisory.year, advisory.imdb_id) == ("Old Yeller", 1957, "tt0050798")
    lines = "\n".join([json.dumps(response)] * 2)
    (twice,) = read_ddd(write(tmp_path / "two.jsonl", lines))
    assert twice.statements == advisory.statements * 2
    for broken in ({}, {"item": {"name": ""}}, {"item": "x"}, response | {"topicItemStats": [{"yesSum": 1}]}):
        with pytest.raises(SafecrsError, match=r"bad\.json, row 1"):
            list(read_ddd(write(tmp_path / "bad.json", json.dumps(broken)), STRICT))


def test_ddd_export(tmp_path: Path) -> None:
    text = (
        "title,year,topic,yes,no\n"
        "Saw,2004,torture,20,0\nSaw,2004,Does the dog die,0,4\nSaw,2004,ghosts,1,1\n"
        "Up,2009,a parent dies,1,0\n"
    )
    saw, up = read_ddd(write(tmp_path / "a.csv", text))
    assert said(saw) == {"torture": 1, "the dog dies": 0}
    assert (up.title, up.statements) == ("Up", ())
    with pytest.raises(SafecrsError, match="row 2: yes 'many' and no '0' must both be numbers"):
        list(read_ddd(write(tmp_path / "b.csv", "title,topic,yes,no\nSaw,torture,many,0\n"), STRICT))


@given(st.integers(0, 500), st.integers(0, 500))
def test_votes_are_symmetrical_and_need_two_thirds_of_two(yes: int, no: int) -> None:
    decided = vote(yes, no)
    mirrored = vote(no, yes)
    assert mirrored == (None if decided is None else 1 - decided)
    assert (decided == 1) == (yes + no >= 2 and yes >= 2 * no)


def test_sensitivity_table(tmp_path: Path) -> None:
    text = "title,imdb_id,Clear Yes: a dog dies,Clear Yes: there are ghosts\nUp (2009),tt1049413,0,1\n"
    (up,) = read_ddd_table(write(tmp_path / "ml.csv", text))
    assert (up.title, up.year, said(up)) == ("Up", 2009, {"ghosts": 1})
    with pytest.raises(SafecrsError, match="Clear Yes"):
        list(read_ddd_table(write(tmp_path / "no.csv", "title,ghosts\nUp,1\n")))
    with pytest.raises(SafecrsError, match="row 2: the column 'clear yes ghosts' must hold 0 or 1"):
        list(read_ddd_table(write(tmp_path / "odd.csv", "title,Clear Yes: ghosts\nUp,maybe\n"), STRICT))


@pytest.mark.parametrize(
    ("score", "severity"),
    [("0", 0), ("0.5", 1), ("3", 1), ("3.4", 2), ("6", 2), ("6.7", 3), ("7", 3), ("10", 3), ("", None)],
)
def test_scores_by_thirds(score: str, severity: int | None) -> None:
    assert parse_score(score) == severity


@given(st.floats(0, 10), st.floats(0, 10))
def test_a_higher_score_is_never_a_lower_severity(one: float, other: float) -> None:
    low, high = sorted((one, other))
    severities = [parse_score(repr(score)) for score in (low, high)]
    assert severities in [[a, b] for a in range(4) for b in range(a, 4)]


def test_score_tables(tmp_path: Path) -> None:
    text = "title,year,sex,violence,language\nHeat,1995,3,8,\n"
    (heat,) = read_scores(write(tmp_path / "k.csv", text))
    assert heat.statements == (Statement("sex", 1, "3 of 10"), Statement("violence", 3, "8 of 10"))
    for score in ("11", "-1", "1e999", "high"):
        with pytest.raises(SafecrsError, match=r"row 2: sex: .* is not a score"):
            list(read_scores(write(tmp_path / "bad.csv", f"title,sex\nHeat,{score}\n"), STRICT))


def test_user_tables(tmp_path: Path) -> None:
    text = "title,year,violence,topics,not_topics\nHome Video,2020,Mild,The dog dies|Blood and Gore,spiders\n"
    (mine,) = read_user_csv(write(tmp_path / "our_family.csv", text))
    assert mine.source == "our_family"
    assert said(mine) == {"violence": 1, "the dog dies": 1, "Blood and Gore": 1, "spiders": 0}
    assert next(read_user_csv(tmp_path / "our_family.csv", source="us")).source == "us"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("Heat,tortur,", "row 2: unknown topic 'tortur'; did you mean 'torture'?"),
        ("Heat,zzzzqq,", "row 2: unknown topic 'zzzzqq'."),
        ("Heat,torture,torture", "row 2: 'torture' stands both"),
    ],
)
def test_user_table_errors(tmp_path: Path, cells: str, message: str) -> None:
    path = write(tmp_path / "mine.csv", f"title,topics,not_topics\n{cells}\n")
    with pytest.raises(SafecrsError) as caught:
        list(read_user_csv(path, STRICT))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "severity"),
    [
        ("Severe (1,234 votes)", 3),
        ("moderate(7)", 2),
        ("2.00", 2),
        ("None", 0),
        ("-", None),
        ("N/A", None),
        ("null", None),
        ("Not rated", None),
    ],
)
def test_severities_as_exports_write_them(tmp_path: Path, cell: str, severity: int | None) -> None:
    table = write(tmp_path / "pg.csv", f'title,profanity,violence\nHeat,Mild,"{cell}"\n')
    (heat,) = read_parents_guide(table, STRICT)
    assert said(heat) == {"profanity": 1} | ({} if severity is None else {"violence": severity})


@pytest.mark.parametrize("cell", ["0.5", "31", "3 of 3", "very", "Severe (", "1e999", "9" * 5000])
def test_what_is_no_severity_costs_its_row(tmp_path: Path, cell: str) -> None:
    skipped = Skipped()
    table = write(tmp_path / "pg.csv", f"title,violence\nHeat,{cell}\nUp,Mild\n")
    assert [one.title for one in read_parents_guide(table, skipped)] == ["Up"]
    assert "is not a severity" in skipped.lines()[0]


def test_of_several_columns_of_a_category_all_are_read(tmp_path: Path) -> None:
    text = "title,alcohol,drugs\nHeat,None,Severe\n"
    (guide,) = read_parents_guide(write(tmp_path / "a.csv", text))
    assert [(s.subject, s.value) for s in guide.statements] == [("substances", 0), ("substances", 3)]
    (scores,) = read_scores(write(tmp_path / "b.csv", "title,alcohol,drugs\nHeat,0,9\n"))
    assert [s.value for s in scores.statements] == [0, 3]


@pytest.mark.parametrize("reader", [read_ddd, read_ddd_table, read_parents_guide, read_scores, read_user_csv])
def test_a_table_about_something_else_is_an_error_that_names_its_columns(
    tmp_path: Path, reader: Callable[[Path, Skipped], Iterator[Advisory]]
) -> None:
    path = write(tmp_path / "boxes.csv", "title,year,gross\nHeat,1995,67\n")
    with pytest.raises(SafecrsError, match=r"boxes\.csv.*title, year, gross"):
        list(reader(path, Skipped()))
    export = write(tmp_path / "boxes.json", json.dumps({"title": "Heat", "votes": {"Violence": {"n": 3}}}))
    with pytest.raises(SafecrsError, match=r"boxes\.json"):
        list(reader(export, Skipped()))
