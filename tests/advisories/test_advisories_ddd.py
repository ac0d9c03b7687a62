"""DoesTheDogDie in its two API forms and as a table, by way of the oracle: what condemns and what vouches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.advisories import Advisory, Skipped, read_ddd
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, Verdict, compile_oracle
from safecrs.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("film")
CATALOG = Catalog.from_items([Item("Still Water", 2010, "tt8000001"), Item("Loud Water", 2012)])


def stat(name: object, yes: object, no: object) -> dict[str, Any]:
    return {"topic": {"id": 99999, "name": name}, "yesSum": yes, "noSum": no}


def flat(*stats: dict[str, Any], kind: str = "Movie", **more: Any) -> dict[str, Any]:
    item = {"id": 4, "name": "Still Water", "releaseYear": 2010, "itemTypeName": kind}
    return item | more | {"topicItemStats": list(stats)}


def nested(*stats: dict[str, Any], kind: object = None, **more: Any) -> dict[str, Any]:
    item = {"name": "Still Water", "releaseYear": "2010", "itemType": kind} | more
    return {"item": item, "topicItemStats": list(stats)}


def read(folder: Path, records: object, skipped: Skipped | None = None) -> list[Advisory]:
    path = folder / "votes.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return list(read_ddd(path, skipped or Skipped(strict=True)))


def compiled(folder: Path, records: object, skipped: Skipped | None = None) -> Oracle:
    return compile_oracle(CATALOG, read(folder, records, skipped), TAXONOMY, skipped=skipped)


@pytest.mark.parametrize(
    ("trait", "name"),
    [
        ("child_harm", "there's child abuse"),
        ("child_harm", "Is a child abandoned by a parent or guardian?"),
        ("domestic_abuse", "someone gets gaslighted"),
        ("pregnancy_loss", "someone has an abortion"),
        ("mental_health", "Does someone suffer from PTSD"),
        ("torture", "Is someone tortured?"),
    ],
)
def test_a_clear_yes_under_the_sites_own_name_outweighs_every_no(
    tmp_path: Path, trait: str, name: str
) -> None:
    others = [stat(topic, 1, 80) for topic in TAXONOMY.trait(trait).topics]
    oracle = compiled(tmp_path, nested(stat(name, 500, 3), *others))
    assert oracle.check("Still Water", 2010, {trait: 0.66}).verdict is Verdict.UNSAFE


def test_the_flat_form_says_what_the_nested_one_does(tmp_path: Path) -> None:
    votes = {"topicId": 153, "topicName": "a dog dies", "yesSum": 30, "noSum": 2}
    (one,) = read(tmp_path, flat(votes, imdbId="tt8000001"))
    (other,) = read(
        tmp_path,
        nested(
            {"topic": {"id": 153, "name": "a dog dies"}, "yesSum": 30, "noSum": 2},
            kind={"id": 15, "name": "Movie"},
            imdbId="tt8000001",
        ),
    )
    assert one == other
    assert (one.statements[0].subject, one.medium, one.imdb_id) == ("the dog dies", "film", "tt8000001")


@pytest.mark.parametrize("kind", ["Book", "TV Show", "Video Game", "Podcast", "book"])
@pytest.mark.parametrize(("yes", "no"), [(0, 40), (40, 0)])
def test_another_medium_neither_vouches_for_a_film_nor_accuses_it(
    tmp_path: Path, kind: str, yes: int, no: int
) -> None:
    stats = [stat(topic, yes, no) for topic in TAXONOMY.trait("animal_harm").topics]
    for record in (flat(*stats, kind=kind), nested(*stats, kind={"name": kind})):
        skipped = Skipped()
        oracle = compiled(tmp_path, record, skipped)
        assert oracle.check("Still Water", 2010, {"animal_harm": 0.66}).verdict is Verdict.UNKNOWN
        assert any("not a film ('Still Water (2010)')" in line for line in skipped.lines())
    table = tmp_path / "votes.csv"
    table.write_text(f"title,year,type,topic,yes,no\nStill Water,2010,{kind},a dog dies,{yes},{no}\n")
    assert not compile_oracle(CATALOG, read_ddd(table), TAXONOMY).evidence.of(0)


def test_a_game_is_vouched_for_by_votes_on_games(tmp_path: Path) -> None:
    games = load_taxonomy("game")
    stats = [stat(topic, 0, 40) for topic in games.trait("animal_harm").topics]
    catalog = Catalog.from_items([Item("Still Water", 2010)], "game")
    for kind, verdict in (("Video Game", Verdict.SAFE), ("Movie", Verdict.UNKNOWN)):
        oracle = compile_oracle(catalog, read(tmp_path, flat(*stats, kind=kind)), games)
        assert oracle.check("Still Water", 2010, {"animal_harm": 0.66}).verdict is verdict


@pytest.mark.parametrize(
    "odd",
    [
        '{"topic": null, "yesSum": 9, "noSum": 0}',
        '{"topic": [], "yesSum": 9, "noSum": 0}',
        '{"yesSum": 9, "noSum": 0}',
        '{"topicId": 186, "noSum": 3}',
        *(
            f'{{"topicId": 186, "yesSum": {count}, "noSum": 3}}'
            for count in ("null", '"many"', "-1", "1" * 5000, "1e999", "NaN", "true", "{}", "2.5")
        ),
        '"a dog dies"',
        "null",
        "[[[[]]]]",
    ],
)
def test_an_odd_vote_costs_itself_and_is_counted(tmp_path: Path, odd: str) -> None:
    skipped = Skipped()
    path = tmp_path / "votes.json"
    good = '{"topicId": 153, "yesSum": 30, "noSum": 1}'
    path.write_text(f'{{"name": "Still Water", "topicItemStats": [{odd}, {good}]}}')
    (said,) = read_ddd(path, skipped)
    assert [(s.subject, s.value) for s in said.statements] == [("the dog dies", 1)]
    assert "left out (row 1)" in skipped.lines()[0]


def test_the_answer_of_the_search_is_named(tmp_path: Path) -> None:
    with pytest.raises(SafecrsError, match="answer of the search"):
        read(tmp_path, {"items": [{"id": 1, "name": "Still Water"}], "topics": []}, Skipped())


def test_a_topic_that_no_trait_uses_is_kept(tmp_path: Path) -> None:
    oracle = compiled(tmp_path, nested(stat("there are mannequins", 30, 1), stat("there's spitting", 0, 9)))
    assert {(f.subject, f.value) for f in oracle.evidence.of(0)} == {("mannequins", 1), ("spitting", 0)}
    assert all(risk.risk is None for risk in oracle.explain(0)), "it says nothing of the traits"
    paper = compile_oracle(CATALOG, read(tmp_path, nested(stat("mannequins", 0, 9))), TAXONOMY, "paper")
    assert paper.check("Still Water", 2010, {"gore": 0.66}).verdict is Verdict.UNKNOWN
    oracle.save(tmp_path / "o")
    assert Oracle.load(tmp_path / "o").evidence.of(0) == oracle.evidence.of(0)


def test_a_name_that_nobody_knows_is_told(tmp_path: Path) -> None:
    skipped = Skipped()
    oracle = compiled(tmp_path, nested(stat("a ladder wobbles", 30, 1), stat("a dog dies", 9, 0)), skipped)
    assert [f.subject for f in oracle.evidence.of(0)] == ["the dog dies"]
    assert skipped.lines() == ["ddd: 1 × a topic of a name that is not known, left out ('a ladder wobbles')"]
    with pytest.warns(UserWarning, match="a ladder wobbles"):
        compile_oracle(CATALOG, read(tmp_path, nested(stat("a ladder wobbles", 30, 1))), TAXONOMY)


@pytest.mark.parametrize("named", ["there are sharks", "Sharks", "someone meets a shark we do not list"])
def test_a_trait_may_call_a_topic_by_any_of_its_names(tmp_path: Path, named: str) -> None:
    path = tmp_path / "traits.toml"
    path.write_text(f'[trait.sea]\nname = "Sea"\navoid = "films at sea"\ntopics = ["{named}"]\n')
    mine = TAXONOMY.extended(path)
    asked = named if named.startswith("someone") else "Are there sharks?"
    oracle = compile_oracle(CATALOG, read(tmp_path, nested(stat(asked, 30, 1))), mine)
    assert oracle.check("Still Water", 2010, {"sea": 0.66}).verdict is Verdict.UNSAFE


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["item", "topicItemStats", "topic", "name", "yesSum", "noSum", "itemType", "topicId"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(json_values)
def test_json_of_any_shape_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    folder = tmp_path_factory.mktemp("j")
    try:
        said = read(folder, [value, nested(stat("a dog dies", 30, 1))], Skipped())
    except SafecrsError:
        pytest.fail("one odd object must not cost the file")
    assert [s.subject for s in said[-1].statements][-1] == "the dog dies"
