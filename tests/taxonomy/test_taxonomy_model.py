"""Traits as data: the shipped ones, a user's own, and clear words about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.errors import SafecrsError
from safecrs.taxonomy import DEFAULT_THRESHOLD, Taxonomy, load_taxonomy, merge_constraints

FILM = load_taxonomy("film")


def test_the_twenty_film_traits() -> None:
    assert len(FILM.assigned.traits) == 20
    assert FILM.ids[:20] == FILM.assigned.ids
    assert FILM.trait("Avoid torture & extreme violence").guide == (0, 1, 0, 0, 0.5)
    assert FILM.trait("hate_speech").applicability == "proxy"
    assert {trait.id for trait in FILM.assigned.traits if trait.applicability == "strong"} == {
        "gore", "torture", "sexual_violence", "child_harm", "substances", "horror"
    }  # fmt: skip
    assert DEFAULT_THRESHOLD == 0.66


@pytest.mark.parametrize("domain", ["film", "game"])
def test_columns_and_topics_agree_with_the_traits(domain: str) -> None:
    taxonomy = load_taxonomy(domain)  # type: ignore[arg-type]
    assert [taxonomy.ids[column] for column in taxonomy.column.values()] == list(taxonomy.ids)
    assert set(taxonomy.topics) == {topic for trait in taxonomy.traits for topic in trait.topics}


@pytest.mark.parametrize("name", ["gore", "GORE", "Anti-gore / squeamish", "body horror"])
def test_traits_go_by_id_name_or_alias(name: str) -> None:
    assert FILM.trait(name).id == "gore"


def test_an_unknown_trait_gets_suggestions() -> None:
    with pytest.raises(SafecrsError, match="did you mean torture"):
        FILM.trait("tortur")
    with pytest.raises(SafecrsError, match="known traits: animal_harm"):
        FILM.trait("qqqqq")


def test_json_round_trip() -> None:
    assert Taxonomy.model_validate_json(FILM.model_dump_json()) == FILM


def test_a_file_adds_and_replaces_traits(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        '[trait.gore]\nname = "Gore"\navoid = "gore"\ntopics = ["blood/gore"]\n'
        '[trait.balloons]\nname = "Balloons"\navoid = "films with balloons"\n'
        "[trait.balloons.topics]\nballoons = 0.7\n",
        encoding="utf-8",
    )
    mine = FILM.extended(path)
    assert mine.ids == (*FILM.ids, "balloons")
    assert mine.trait("gore").applicability == "none"
    assert mine.trait("balloons").topics == {"balloons": 0.7}
    assert "balloons" in mine.topics


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "defines no trait"),
        ("[trait.x", "not readable TOML"),
        ('[trait.x]\nname = "x"\navoid = "x"\n', "topics"),
        ('[trait.X]\nname = "x"\navoid = "x"\ntopics = []\n', "id"),
        ('[trait.x]\nname = "x"\navoid = "x"\ntopics = {a = 2}\n', "topics.a .*less"),
        ('[trait.x]\nname = "x"\navoid = "x"\ntopics = {a = nan}\n', "topics.a"),
        ('[trait.x]\nname = "x"\navoid = "x"\ntopics = []\nguide = [nan, 0, 0, 0, 0]\n', "guide.0"),
        ('[trait.x]\nname = "x"\navoid = "x"\ntopics = []\nguide = [1, 0, 0, 0, 0]\n', "disagree"),
        ('[trait.x]\nname = "x"\navoid = "x"\ntopics = []\nguide = [-1, 2, 0, 0, 0]\n', "guide.0 .*greater"),
        ('[trait.x]\nname = "x"\navoid = "x"\ntopics = []\ncolour = 1\n', "colour"),
        ("[trait]\nx = 3\n", "invalid film trait"),
    ],
)  # fmt: skip
def test_a_bad_file_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SafecrsError, match=message) as caught:
        FILM.extended(path)
    assert "mine.toml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SafecrsError, match=r"none\.toml does not exist"):
        FILM.extended(tmp_path / "none.toml")


member = st.dictionaries(st.sampled_from(FILM.ids), st.floats(0.01, 1.0))


@given(st.lists(member, max_size=4))
def test_people_together_get_the_union_at_its_strictest(members: list[dict[str, float]]) -> None:
    merged = merge_constraints(*members)
    assert merged.keys() == {trait for one in members for trait in one}
    for trait, threshold in merged.items():
        assert threshold == min(one[trait] for one in members if trait in one)


@pytest.mark.parametrize(
    "value",
    ["0.5", None, True, 0, 1.1, float("nan"), float("inf"), [0.5], pytest.param(10**5000, id="5,000 digits")],
)
def test_a_threshold_that_is_none_is_refused_in_one_sentence(value: object) -> None:
    with pytest.raises(SafecrsError, match="number above 0") as caught:
        merge_constraints({"gore": 0.5}, {"gore": value})  # type: ignore[dict-item]
    assert str(caught.value).count(".") == 1
