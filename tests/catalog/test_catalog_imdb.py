from __future__ import annotations

import gzip

import pytest

from safecrs.catalog import Catalog, Item, read_title_basics
from safecrs.errors import SafecrsError

HEADER = (
    "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
)
MATRIX = "tt0133093\tmovie\tThe Matrix\tThe Matrix\t0\t1999\t\\N\t136\tAction,Sci-Fi\n"
ROWS = (
    HEADER
    + "tt0000001\tshort\tCarmencita\tCarmencita\t0\t1894\t\\N\t1\tDocumentary,Short\n"
    + MATRIX
    + 'tt0118799\tmovie\tLife Is "Beautiful\tLa vita è bella\t0\t1997\t\\N\t116\tComedy,Drama\n'
    + "tt9999999\tmovie\tUntitled\tUntitled\t0\t\\N\t\\N\t\\N\t\\N\n"
    + "tt5555555\tmovie\tSomething\tSomething\t1\t1990\t\\N\t60\tAdult\n"
    + "tt7777777\ttvMovie\tDuel\tDuel\t0\t1971\t\\N\t90\tThriller\n"
    + "tt8888888\ttvSeries\tLost\tLost\t0\t2004\t2010\t44\tDrama\n"
)


def write(tmp_path, text):
    path = tmp_path / "title.basics.tsv.gz"
    path.write_bytes(gzip.compress(text.encode() if isinstance(text, str) else text))
    return path


def test_films_are_read_and_the_rest_passed_over(tmp_path):
    path = write(tmp_path, ROWS)
    assert list(read_title_basics(path)) == [
        Item("The Matrix", 1999, "tt0133093", ("action", "sci-fi")),
        Item(
            'Life Is "Beautiful',
            1997,
            "tt0118799",
            ("comedy", "drama"),
            alternative_titles=("La vita è bella",),
        ),
        Item("Untitled", None, "tt9999999"),
        Item("Duel", 1971, "tt7777777", ("thriller",)),
    ]
    assert [item.title for item in read_title_basics(path, ("movie",), adult=True)] == [
        "The Matrix",
        'Life Is "Beautiful',
        "Untitled",
        "Something",
    ]
    catalog = Catalog.from_items(read_title_basics(path))
    assert catalog.resolve("La vita è bella", 1997) == 1
    assert catalog.row_of_imdb_id["tt7777777"] == 3


def test_an_uncompressed_file_and_windows_line_ends(tmp_path):
    path = tmp_path / "title.basics.tsv"
    path.write_bytes((HEADER + MATRIX).replace("\n", "\r\n").encode())
    assert [item.genres for item in read_title_basics(path)] == [("action", "sci-fi")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\tb\n", "not IMDb's title.basics"),
        ("", "not IMDb's title.basics"),
        (HEADER + MATRIX + "tt1\tmovie\tA\n", "row 3: 3 fields instead of 9"),
        (HEADER + "nonsense\n", "row 2: 1 field instead of 9"),
        (HEADER + MATRIX.replace("1999", "soon"), "row 2: startYear is 'soon'"),
        (HEADER + MATRIX.replace("tt0133093", "nm1"), "row 2: tconst is 'nm1'"),
        (
            HEADER + MATRIX.replace("The Matrix\tThe Matrix", "\\N\tThe Matrix"),
            "row 2: there is no primaryTitle",
        ),
        ((HEADER + MATRIX).encode().replace(b"Matrix\tThe", b"\xff\tThe"), "row 2 is not UTF-8"),
    ],
)
def test_errors_name_the_row(tmp_path, text, words):
    with pytest.raises(SafecrsError, match=words):
        list(read_title_basics(write(tmp_path, text)))


def test_missing_and_truncated_files(tmp_path):
    with pytest.raises(SafecrsError, match="does not exist"):
        list(read_title_basics(tmp_path / "none.tsv.gz"))
    path = write(tmp_path, ROWS * 50)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SafecrsError, match="cannot be read"):
        list(read_title_basics(path))
