"""What a source did not look at, or says where it is not read, vouches for nothing."""

from __future__ import annotations

import pytest

from safecrs.advisories.esrb import read_esrb
from safecrs.advisories.mpaa_reason import read_reason
from safecrs.advisories.record import Advisory
from safecrs.advisories.skipped import Skipped
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Verdict, compile_oracle
from safecrs.taxonomy import load_taxonomy


def test_a_game_table_without_columns_of_blood_rules_no_gore_out(tmp_path):
    path = tmp_path / "esrb.csv"
    path.write_text("title,year,language\nDoom,1993,0\n")
    catalog = Catalog.from_items([Item("Doom", 1993)], "game")
    oracle = compile_oracle(catalog, read_esrb(path), load_taxonomy("game"))
    assert oracle.check("Doom", 1993, {"gore": 0.66}).verdict == Verdict.UNKNOWN


def test_empty_descriptors_are_no_statement(tmp_path):
    path = tmp_path / "esrb.csv"
    path.write_text("title,year,descriptors\nDoom,1993,\nTetris,1989,No Descriptors\n")
    assert [advisory.title for advisory in read_esrb(path, Skipped())] == ["Tetris"]
    with pytest.raises(SafecrsError, match="the descriptors are empty"):
        list(read_esrb(path, Skipped(strict=True)))


@pytest.mark.parametrize(
    ("reason", "unread"),
    [
        ("Rated R for language (including strong bloody violence)", 1),
        ("Rated PG-13 for theme (child abuse", 1),
        ("Rated R for language (re-rating)", 0),
        ("Rated PG for language (edited version) (1996)", 0),
    ],
)
def test_brackets_that_say_something_are_not_passed_over(reason, unread):
    assert len(read_reason(reason).unread) == unread


def test_another_id_and_another_year_are_another_film():
    catalog = Catalog.from_items([Item("Frozen", 2013, "tt2294629")])
    film = load_taxonomy("film")

    def judged(year):
        said = Advisory(
            "Frozen", year, "mine", (), imdb_id="tt1111111", reviews_topics=frozenset(film.topics)
        )
        return compile_oracle(catalog, [said], film).check("Frozen", 2013, {"gore": 0.66}).verdict

    assert judged(2011) == Verdict.UNKNOWN
    assert judged(2013) == Verdict.SAFE  # title and year count as much as the id
