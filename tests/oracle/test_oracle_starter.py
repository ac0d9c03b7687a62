"""The shipped starter catalog makes oracles that answer."""

from __future__ import annotations

import pytest

from safecrs.oracle import Verdict, load_starter
from safecrs.starter import read_starter
from safecrs.taxonomy import Domain


@pytest.mark.parametrize("domain", ["film", "game"])
def test_every_starter_item_is_advised(domain: Domain) -> None:
    items, advisories = read_starter(domain)
    oracle = load_starter(domain)
    coverage = oracle.coverage()
    assert coverage.items == len(items) == len(advisories)
    assert coverage.advised == len(items)
    assert coverage.sources["starter"].resolved == len(items)
    assert all(item.plot and item.genres and item.year for item in items)
    assert load_starter(domain) is oracle


def test_films_speak_to_every_trait() -> None:
    assert min(load_starter("film").coverage().known.values()) > 0.9


def test_descriptors_speak_to_game_traits() -> None:
    known = load_starter("game").coverage().known
    for trait in ("gore", "violence", "sexual_content", "substances", "language", "gambling", "crude_humor"):
        assert known[trait] > 0.95, trait


@pytest.mark.parametrize(
    ("domain", "title", "trait", "verdict"),
    [
        ("film", "Saw (2004)", "gore", Verdict.UNSAFE),
        ("film", "John Wick (2014)", "animal_harm", Verdict.UNSAFE),
        ("film", "Arachnophobia (1990)", "spiders_reptiles", Verdict.UNSAFE),
        ("film", "Toy Story (1995)", "gore", Verdict.SAFE),
        ("film", "Toy Story (1995)", "sexual_violence", Verdict.SAFE),
        ("game", "Doom (2016)", "gore", Verdict.UNSAFE),
        ("game", "Tetris (1989)", "violence", Verdict.SAFE),
        ("game", "Tetris (1989)", "self_harm", Verdict.UNKNOWN),
    ],
)
def test_well_known_answers(domain: Domain, title: str, trait: str, verdict: Verdict) -> None:
    oracle = load_starter(domain)
    check = oracle.check(title, None, {trait: 0.66})
    if check.row is None:
        pytest.skip(f"{title} is not in the starter catalog")
    assert check.verdict is verdict
