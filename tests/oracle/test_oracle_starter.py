"""The shipped starter catalog makes oracles that answer."""

from __future__ import annotations

import tomllib
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from safecrs.advisories.esrb import RULED_OUT
from safecrs.advisories.tables import read_table
from safecrs.catalog import Catalog
from safecrs.oracle import Verdict, compile_oracle, load_starter
from safecrs.starter import read_starter
from safecrs.taxonomy import CATEGORIES, Domain, load_taxonomy
from safecrs.taxonomy.topics import DESCRIPTORS, known_topics


@pytest.mark.parametrize("domain", ["film", "game"])
def test_every_starter_item_is_advised(domain: Domain) -> None:
    items, advisories = read_starter(domain)
    assert len(items) >= {"film": 1_000, "game": 300}[domain]
    oracle = load_starter(domain)
    coverage = oracle.coverage()
    assert coverage.items == len(items) == len(advisories)
    assert coverage.advised == len(items)
    assert coverage.sources["starter"].resolved == len(items)
    assert all(item.plot and item.genres and item.year for item in items)
    assert load_starter(domain) is oracle


def reviewed(domain: Domain) -> set[str]:
    return set(tomllib.loads((files("safecrs.starter") / "reviewed.toml").read_text("utf-8"))[domain])


def test_what_was_reviewed_is_listed() -> None:
    film, game = reviewed("film"), reviewed("game")
    assert film >= set(load_taxonomy("film").topics)
    assert game >= set(DESCRIPTORS)
    assert film | game <= set(known_topics())


@pytest.mark.parametrize("domain", ["film", "game"])
def test_a_topic_that_is_new_to_the_taxonomy_is_unknown_until_it_is_reviewed(
    tmp_path: Path, domain: Domain
) -> None:
    path = tmp_path / "traits.toml"
    new = sorted(set(known_topics()) - reviewed("film") - reviewed("game"))
    assert len(new) > 60
    sections = (
        f"[trait.new_{number}]\nname = '{number}'\navoid = 'x'\ntopics = [{topic!r}]\n"
        for number, topic in enumerate([*new, "something nobody asks about"])
    )
    path.write_text("\n".join(sections), encoding="utf-8")
    taxonomy = load_taxonomy(domain).extended(path)
    items, advisories = read_starter(domain)
    oracle = compile_oracle(Catalog.from_items(items, domain), advisories, taxonomy)
    old = len(load_taxonomy(domain).traits)
    assert not (oracle.risk[:, old:] == 0).any(), "nobody vouches"
    assert (oracle.risk[:, :old] == load_starter(domain).risk).sum() > 5_000, "the others stay as they are"


@pytest.mark.parametrize("domain", ["film", "game"])
def test_the_tables_name_only_known_topics_and_all_severities(domain: Domain) -> None:
    for item, advisory in zip(*read_starter(domain), strict=True):
        subjects = [statement.subject for statement in advisory.statements]
        assert len({*subjects}) == len(subjects), item.title
        assert {*subjects} <= {*known_topics(), *CATEGORIES}, item.title
        assert {*subjects} >= {*CATEGORIES} or domain == "game", item.title
    with as_file(files("safecrs.starter") / f"{domain}s.tsv") as path:
        listed = {topic.lstrip("?") for row in read_table(path) for topic in row.cells["topics"].split("|")}
    assert listed - {""} <= set(known_topics())


def test_films_speak_to_every_trait() -> None:
    assert min(load_starter("film").coverage().known.values()) > 0.9


def test_descriptors_speak_to_game_traits() -> None:
    known = load_starter("game").coverage().known
    for trait in ("gore", "violence", "sexual_content", "substances", "language", "gambling", "crude_humor"):
        assert known[trait] > 0.95, trait


def test_what_a_game_leaves_open_rules_nothing_out() -> None:
    """ "?Blood" may be a sign of body horror; only what is neither stated nor open is a "no"."""
    oracle = load_starter("game")
    for row, advisory in enumerate(read_starter("game")[1]):
        said = {finding.subject: finding.value for finding in oracle.evidence.of(row)}
        possible = {statement.subject for statement in advisory.statements}
        possible |= set(DESCRIPTORS).difference(said)
        for topic, signs in RULED_OUT.items():
            if signs & possible and topic not in reviewed("game"):
                assert said.get(topic, 1) == 1, (advisory.title, topic)


@pytest.mark.parametrize(
    ("domain", "title", "trait", "verdict"),
    [
        ("film", "Saw (2004)", "gore", Verdict.UNSAFE),
        ("film", "The Virgin Suicides (1999)", "self_harm", Verdict.UNSAFE),
        ("film", "Watership Down (1978)", "animal_harm", Verdict.UNSAFE),
        ("film", "John Wick (2014)", "animal_harm", Verdict.UNSAFE),
        ("film", "Arachnophobia (1990)", "spiders_reptiles", Verdict.UNSAFE),
        ("film", "Requiem for a Dream (2000)", "substances", Verdict.UNSAFE),
        ("film", "Paddington (2014)", "gore", Verdict.SAFE),
        ("film", "Toy Story (1995)", "gore", Verdict.SAFE),
        ("film", "Toy Story (1995)", "sexual_violence", Verdict.SAFE),
        ("film", "Toy Story (1995)", "self_harm", Verdict.SAFE),  # its topics were reviewed
        ("game", "Doom (2016)", "gore", Verdict.UNSAFE),
        ("game", "Stardew Valley (2016)", "gore", Verdict.SAFE),
        ("game", "Stardew Valley (2016)", "gambling", Verdict.UNSAFE),
        ("game", "Tetris (1989)", "violence", Verdict.SAFE),
        ("game", "Tetris (1989)", "self_harm", Verdict.SAFE),
    ],
)
def test_well_known_answers(domain: Domain, title: str, trait: str, verdict: Verdict) -> None:
    check = load_starter(domain).check(title, None, {trait: 0.66})
    assert check.label == title
    assert check.verdict is verdict
