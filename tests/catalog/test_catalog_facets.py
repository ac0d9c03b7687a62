from pathlib import Path

import numpy as np
import pytest

from safecrs.advisories import Skipped
from safecrs.catalog import Catalog, Item
from safecrs.catalog.items_csv import certificate, read_items

PONIES = Item(
    "Pony Heist",
    2001,
    genres=("comedy", "crime"),
    moods=("light",),
    themes=("heist", "horses"),
    certificates=("MPA:PG", "BBFC:PG"),
    audience="family",
    countries=("FR", "US"),
    languages=("fr",),
    runtime=91,
    directors=("Ada Pferd",),
    cast=("Bo Huf", "Cy Maehne"),
    series=("Pony Heist #1", "Stable Universe"),
    popularity=2.5,
    alike=("Pony Heist 2 (2004)", "Nothing There (1999)", "Pony Heist (2001)"),
    source="mine",
)
SECOND = Item("Pony Heist 2", 2004, themes=("horses",), series=("Pony Heist #2",))
BARE = Item("Bare")


def test_every_facet_survives_the_columns() -> None:
    catalog = Catalog("film", Catalog.from_items([PONIES, SECOND, BARE]).tensors())
    item = catalog.item(0)
    assert item.alike == ("Pony Heist 2 (2004)",)  # neither itself nor what the catalog lacks
    for name in ("moods", "themes", "certificates", "audience", "countries", "languages", "runtime"):
        assert getattr(item, name) == getattr(PONIES, name), name
    assert (item.directors, item.cast, item.series) == (PONIES.directors, PONIES.cast, PONIES.series)
    assert item.popularity == 2.5
    assert catalog.item(2) == Item("Bare")
    assert catalog.facets.series(0) == [("Pony Heist", 1), ("Stable Universe", 0)]


def test_rows_are_found_by_value() -> None:
    lists = Catalog.from_items([PONIES, SECOND, BARE]).facets.lists
    assert lists["themes"].rows_with("horses").tolist() == [0, 1]
    assert lists["themes"].rows_with("heist").tolist() == [0]
    assert lists["themes"].rows_with("boats").tolist() == []
    assert lists["series"].rows_with("Pony Heist").tolist() == [0, 1]


def test_twins_share_what_each_knows_and_facets_name_their_source() -> None:
    other = Item("Pony Heist", 2001, "tt0000001", moods=("silly",), runtime=95, cast=("X",), source="other")
    plain = Item("Pony Heist", 2001, genres=("western",), source="first")
    catalog = Catalog.from_items([plain, other, PONIES])
    item = catalog.item(0)
    assert len(catalog) == 1
    assert item.genres == ("western", "comedy", "crime")
    assert item.moods == ("silly", "light")
    assert (item.runtime, item.cast) == (95, ("X",))
    assert [catalog.facets.source(0, facet) for facet in ("genres", "cast", "countries", "alike")] == [
        "first",
        "other",
        "mine",
        "mine",
    ]
    assert catalog.facets.source(0, "plot") == ""


def test_unequal_columns_are_refused() -> None:
    tensors = dict(Catalog.from_items([PONIES, SECOND]).tensors())
    tensors["catalog.facets.popularity"] = np.zeros(3, dtype=np.float32)
    with pytest.raises(Exception, match="build it again"):
        Catalog("film", tensors)


def test_a_table_gives_every_facet_and_counts_odd_numbers(tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text(
        "title,year,mood,keywords,rating,country,runtime,popularity,cast,series\n"
        "Pony Heist,2001,Light|Light,Heist,PG-13,fr,91 min,2,Bo Huf|Cy Maehne,Pony Heist #1\n"
        "Second,2002,,,Approved,,many,17,,\n",
        encoding="utf-8",
    )
    skipped = Skipped()
    first, second = read_items(table, skipped)
    assert (first.moods, first.themes, first.certificates) == (("light",), ("heist",), ("MPA:PG-13",))
    assert (first.countries, first.runtime, first.popularity) == (("FR",), 91, 2.0)
    assert (first.cast, first.series, first.source) == (
        ("Bo Huf", "Cy Maehne"),
        ("Pony Heist #1",),
        "mine.csv",
    )
    assert (second.runtime, second.popularity, second.certificates) == (None, None, ())
    assert "'many' is no runtime" in " ".join(skipped.lines())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pg-13", "MPA:PG-13"),
        ("TV-14", "TV:TV-14"),
        ("E10+", "ESRB:E10+"),
        ("pegi: 12", "PEGI:12"),
        ("unrated", ""),
        ("FSK:16", ""),
    ],
)
def test_certificates_carry_their_system(text: str, meant: str) -> None:
    assert certificate(text) == meant
