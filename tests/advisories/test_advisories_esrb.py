"""ESRB descriptors: those given, those ruled out, and the published table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from safecrs.advisories import Skipped, Statement, read_esrb
from safecrs.advisories.esrb import RULED_OUT, esrb_advisory, parse_descriptor
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Verdict, compile_oracle
from safecrs.taxonomy import load_taxonomy
from safecrs.taxonomy.topics import DESCRIPTORS

PUBLISHED = Path(__file__).resolve().parents[2] / "../shared/data/advisories/esrb_games.csv"
TAXONOMY = load_taxonomy("game")


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def given(path: Path) -> list[list[str]]:
    return [[statement.subject for statement in advisory.statements] for advisory in read_esrb(path)]


def test_the_vocabulary_agrees_with_the_taxonomy() -> None:
    topics = {topic for topic in TAXONOMY.topics if topic[0].isupper() and topic not in ("PTSD",)}
    assert topics - {"D.I.D. misrepresented"} <= set(DESCRIPTORS)
    assert set(RULED_OUT) <= set(TAXONOMY.topics) | set(load_taxonomy("film").topics)
    assert set().union(*RULED_OUT.values()) <= set(DESCRIPTORS)


def test_flags_with_the_published_typo(tmp_path: Path) -> None:
    path = write(
        tmp_path / "e.csv",
        "title,console,blood_and_gore,strong_janguage,esrb_rating\nDoom,1,1,1,M\nTetris,2,0,0,E\n",
    )
    assert given(path) == [["Blood and Gore", "Strong Language"], []]
    tetris = list(read_esrb(path))[1]
    assert tetris.reviews_topics == {"Blood and Gore", "Strong Language"}  # one sign of gore among three
    assert "Gambling" not in tetris.reviews_topics  # the table has no such column


def test_joined_descriptors(tmp_path: Path) -> None:
    path = write(
        tmp_path / "e.csv",
        "title,year,rating,descriptors\nA,2016,T,Violence|Use of Alcohol and Tobacco\nB,,E,No Descriptors\n",
    )
    assert given(path) == [["Violence", "Use of Alcohol", "Use of Tobacco"], []]
    assert list(read_esrb(path))[1].reviews_topics >= set(DESCRIPTORS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title,blood\nDoom,2\n", "row 2: Blood must be 0 or 1, not '2'"),
        (
            "title,descriptors\nDoom,Bloood\n",
            "row 2: 'Bloood' is not an ESRB descriptor; did you mean 'Blood'?",
        ),
        ("title,rating\nDoom,M\n", "row 2: there is no descriptor column"),
        ("blood\n1\n", "row 2: there is no title"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SafecrsError) as caught:
        list(read_esrb(write(tmp_path / "e.csv", text), Skipped(strict=True)))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("Real Gambling", ("Gambling",)),
        ("Mild Sexual Themes", ("Sexual Themes",)),  # no mild form of its own: the plain one
        ("mild blood and gore", ("Blood and Gore",)),
        ("Mild Blood", ("Mild Blood",)),
        ("In-Game Purchases (Includes Random Items)", ()),
        ("Users Interact", ()),
    ],
)
def test_what_esrb_prints_is_known(printed: str, meant: tuple[str, ...]) -> None:
    assert parse_descriptor(printed) == meant


def test_a_column_of_two_descriptors_says_both_and_rules_neither_out(tmp_path: Path) -> None:
    path = write(tmp_path / "e.csv", "title,use_of_alcohol_and_tobacco,blood\nA,1,0\nB,0,0\n")
    one, none = read_esrb(path)
    assert [said.subject for said in one.statements] == ["Use of Alcohol", "Use of Tobacco"]
    assert {"Use of Alcohol", "Use of Tobacco"}.isdisjoint(none.reviews_topics)


def test_compound_descriptors_are_their_parts() -> None:
    assert parse_descriptor("use of alcohol and tobacco") == ("Use of Alcohol", "Use of Tobacco")
    assert parse_descriptor("NO DESCRIPTORS") == ()


def test_a_topic_is_ruled_out_only_where_its_signs_are_absent() -> None:
    assert "torture" in esrb_advisory("A", 2000, ["Cartoon Violence"]).reviews_topics
    assert "torture" not in esrb_advisory("A", 2000, ["Violence"]).reviews_topics
    assert "drug use" not in esrb_advisory("A", 2000, ["Drug Reference"]).reviews_topics


def test_a_topic_is_not_ruled_out_while_one_of_its_signs_is_open() -> None:
    sure = esrb_advisory("A", 2000, ["Violence"])
    unsure = esrb_advisory("A", 2000, ["Violence"], unsure=["Blood", "overdose"])
    assert sure.reviews_topics - unsure.reviews_topics == {
        "Blood", "excessive gore", "blood/gore", "body horror", "amputation", "eye mutilation", "overdose",
    }  # fmt: skip
    oracle = compile_oracle(Catalog.from_items([Item("A", 2000)], "game"), [unsure], TAXONOMY)
    assert oracle.check("A", 2000, {"gore": 0.66}).verdict is Verdict.UNKNOWN


def test_a_stated_topic_wins_over_what_the_descriptors_rule_out() -> None:
    stated = esrb_advisory("A", 2000, [], more=(Statement("body horror", 1),))
    assert "body horror" in stated.reviews_topics
    oracle = compile_oracle(Catalog.from_items([Item("A", 2000)], "game"), [stated], TAXONOMY)
    assert oracle.check("A", 2000, {"gore": 0.66}).verdict is Verdict.UNSAFE
    assert [f.value for f in oracle.evidence.of(0) if f.subject == "body horror"] == [1]


def test_the_published_table_makes_a_game_oracle() -> None:
    if not PUBLISHED.exists():
        pytest.skip("the ESRB table (../shared/data) is not here")
    advisories = list(read_esrb(PUBLISHED))
    assert len(advisories) == 1895
    catalog = Catalog.from_items((Item(advisory.title) for advisory in advisories), "game")
    oracle = compile_oracle(catalog, advisories, TAXONOMY)
    known = oracle.coverage().known
    for trait in ("gore", "violence", "sexual_content", "substances", "language", "gambling"):
        assert known[trait] > 0.9, trait
    assert known["self_harm"] == known["photosensitivity"] == 0
    counts = Counter(oracle.verdicts(range(len(catalog)), {"gore": 0.66}).tolist())
    assert counts[Verdict.UNSAFE] > 300
    assert counts[Verdict.SAFE] > 1000
    assert oracle.check("Subnautica", None, {"gore": 0.66}).verdict is Verdict.SAFE
    # Animated Blood is mild, but Intense Violence may be bloody: nobody rules gore out.
    assert oracle.check("Subnautica: Below Zero", None, {"gore": 0.66}).verdict is Verdict.UNKNOWN
