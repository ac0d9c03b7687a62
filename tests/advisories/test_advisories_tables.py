"""Reading tables: what is accepted, and which row an error names."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.advisories.tables import open_text, read_records, read_rows, read_table
from safecrs.errors import SafecrsError


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_cells_go_by_plain_names_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\ufeffTitle,Sex & Nudity,Release_Year\r\n\r\n Heat ,Mild,1995\r\n")
    (row,) = read_table(path)
    assert row.cells == {"title": "Heat", "sex nudity": "Mild", "release year": "1995"}
    assert (row.title, row.year, row.imdb_id, row.number) == ("Heat", 1995, None, 3)


def test_gzip_and_tabs_by_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(b"title\tyear\nSo, so\t\n"))
    (row,) = read_table(path)
    assert (row.title, row.year) == ("So, so", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("title,year\nHeat\n", "row 2: 1 cells where the header has 2"),
        ("title,year\nHeat,1995\nWarm, Hot,1996\n", "row 3: 3 cells"),
        ("title,title\n", "twice"),
        ('title,year\n"Heat,1995\n', "row 2: not readable"),
        ("name\nHeat\n", "lacks the column 'title'"),
    ],
)
def test_a_broken_table_names_file_and_row(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "films.csv", text)
    with pytest.raises(SafecrsError, match=message) as caught:
        list(read_table(path, required=("title",)))
    assert "films.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (",1995,", "row 2: there is no title"),
        ("Heat,95,", "row 2: '95' is not a year"),
        ("Heat,1995,x12", "row 2: 'x12' is not an IMDb id"),
    ],
)
def test_item_columns_are_checked(tmp_path: Path, cells: str, message: str) -> None:
    (row,) = read_table(write(tmp_path / "a.csv", f"title,year,imdb_id\n{cells}\n"))
    with pytest.raises(SafecrsError, match=message):
        _ = (row.title, row.year, row.imdb_id)


def test_imdb_ids_may_lack_their_prefix(tmp_path: Path) -> None:
    rows = read_table(write(tmp_path / "a.csv", "title,imdbId\nMatrix,133093\nMatrix,tt0133093\n"))
    assert [row.imdb_id for row in rows] == ["tt0133093", "tt0133093"]


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    cases = {"none.csv": None, "latin.csv": b"title\nAm\xe9lie\n", "bad.csv.gz": b"not gzip"}
    half = gzip.compress(b"title\n" + b"Heat and cold\n" * 1000)[:40]
    for name, data in (cases | {"half.csv.gz": half}).items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(SafecrsError, match=name):
            list(read_table(tmp_path / name))
    with pytest.raises(SafecrsError, match="cannot be read"), open_text(tmp_path):
        pass


def test_json_one_many_or_by_line(tmp_path: Path) -> None:
    one = write(tmp_path / "one.json", '{"title": "Heat", "year": 1995}')
    many = write(tmp_path / "many.json", '[{"title": "Heat", "year": 1995}]')
    lines = write(tmp_path / "l.jsonl", '{"title": "Heat", "year": 1995}\n\n{"title": "Up", "year": null}\n')
    assert [row.year for path in (one, many) for row in read_rows(path)] == [1995, 1995]
    assert [(row.number, row.title, row.year) for row in read_rows(lines)] == [
        (1, "Heat", 1995),
        (3, "Up", None),
    ]
    for text, message in (('{"a": 1}\nx\n', "row 2: not JSON"), ("[3]", "row 1: expected"), ("", "empty")):
        with pytest.raises(SafecrsError, match=message):
            list(read_records(write(tmp_path / "bad.json", text)))


titles = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool)


@given(st.lists(st.tuples(titles, st.one_of(st.none(), st.integers(1870, 2030))), max_size=8))
def test_any_table_the_csv_module_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, items: list[tuple[str, int | None]]
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["title", "year"])
    writer.writerows((title, year or "") for title, year in items)
    path = write(tmp_path_factory.mktemp("t") / "a.csv", buffer.getvalue())
    assert [(row.title, row.year) for row in read_table(path)] == items
