"""Reading tables: what is accepted, and which row an error names."""

from __future__ import annotations

import csv
import gzip
import io
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.advisories import Skipped
from safecrs.advisories.tables import Row, open_text, read_each, read_records, read_rows, read_table
from safecrs.errors import SafecrsError


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_cells_go_by_plain_names_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\ufeffTitle,Sex & Nudity,Release_Year\r\n\r\n Heat ,Mild,1995\r\n")
    (row,) = read_table(path)
    assert row.cells == {"title": "Heat", "sex nudity": "Mild", "release year": "1995"}
    assert (row.item(), row.number) == (("Heat", 1995, None), 3)


def test_gzip_and_tabs_by_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(b"title\tyear\nSo, so\t\n"))
    (row,) = read_table(path)
    assert row.item() == ("So, so", None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("title,year\nHeat\n", "row 2: 1 cells where the header has 2"),
        ("title,year\nHeat,1995\nWarm, Hot,1996\n", "row 3: 3 cells"),
        ("title,title\n", "twice"),
        ('title,year\n"Heat,1995\n', "row 2: not readable"),
        ('title,year\n"Heat,1995\nUp,2009\n', "row 2: a quotation mark spoils the table up to row 3"),
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
        row.item()


def test_imdb_ids_may_lack_their_prefix(tmp_path: Path) -> None:
    rows = read_table(write(tmp_path / "a.csv", "title,imdbId\nMatrix,133093\nMatrix,tt0133093\n"))
    assert [row.item()[2] for row in rows] == ["tt0133093", "tt0133093"]


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
    assert [row.item() for path in (one, many) for row in read_rows(path)] == [("Heat", 1995, None)] * 2
    assert [(row.number, *row.item()) for row in read_rows(lines)] == [
        (1, "Heat", 1995, None),
        (3, "Up", None, None),
    ]
    for text, message in (
        ('{"a": 1}\nx\n', "row 2: not a JSON"),
        ("[3]", "row 1: not a JSON"),
        ("", "empty"),
    ):
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
    for (title, year), row in zip(items, read_table(path), strict=True):
        assert row.cells == {"title": title, "year": str(year or "")}
        assert row.item()[1] == year or (year is None and title.endswith(f"({row.item()[1]})"))


def items(path: Path, skipped: Skipped) -> list[tuple[str, int | None, str | None]]:
    return list(read_each(path, Row.item, skipped))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_the_header_tells_what_divides_the_cells(tmp_path: Path, mark: str, name: str) -> None:
    path = write(tmp_path / name, mark.join(["Title", "year"]) + "\n" + mark.join(["Heat", "1995"]) + "\n")
    assert items(path, Skipped(strict=True)) == [("Heat", 1995, None)]


def test_marks_within_a_quoted_heading_divide_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'title,year,"drugs; drink; smoke; more"\nHeat,1995,Mild\n')
    (row,) = read_table(path)
    assert row.cells["drugs drink smoke more"] == "Mild"


@pytest.mark.parametrize(
    ("cells", "item"),
    [
        ("Heat (1995),", ("Heat", 1995, None)),
        ("Heat (1995),1995", ("Heat", 1995, None)),
        ("Heat (1995),1996", ("Heat (1995)", 1996, None)),  # two years: the column's counts
        ("(2014),", ("(2014)", None, None)),
        ("Heat (1595),", ("Heat (1595)", None, None)),
    ],
)
def test_a_title_may_hold_its_year(tmp_path: Path, cells: str, item: object) -> None:
    assert items(write(tmp_path / "a.csv", f"title,year\n{cells}\n"), Skipped(strict=True)) == [item]


@pytest.mark.parametrize(
    ("cell", "year", "told"),
    [
        ("1995.0", 1995, False),
        ("1995-1998", 1995, False),
        ("1995–", 1995, False),
        ("1995-12-15", 1995, False),
        ("15.12.1995", 1995, False),
        ("", None, False),
        ("Unknown", None, True),
        ("0", None, True),
        ("19951", None, True),
        ("9" * 5000, None, True),
        ("inf", None, True),
    ],
)
def test_an_odd_year_costs_the_year_and_is_counted(
    tmp_path: Path, cell: str, year: int | None, told: bool
) -> None:
    skipped = Skipped()
    path = write(tmp_path / "a.csv", f"title,year\nHeat,{cell}\n")
    assert items(path, skipped) == [("Heat", year, None)]
    assert [" is not a year" in line for line in skipped.lines()] == [True] * told


@pytest.mark.parametrize(
    ("cell", "imdb_id"),
    [
        ("TT0113277", "tt0113277"),
        ("https://www.imdb.com/title/tt0113277/?ref_=x", "tt0113277"),
        ("113277.0", "tt0113277"),
        ("113277", "tt0113277"),
        ("N/A", None),
        ("None", None),
        ("nm0113277", None),
    ],
)
def test_imdb_ids_in_all_their_forms(tmp_path: Path, cell: str, imdb_id: str | None) -> None:
    path = write(tmp_path / "a.csv", f"title,imdb_id\nHeat,{cell}\n")
    assert items(path, Skipped()) == [("Heat", None, imdb_id)]


ODD = """title,year,imdb_id
Heat,1995,tt0113277
,1996,
Up,soon,
Warm, Hot,1997,
He said "no",1998,
"Cold" water,1999,
Hot,2001,x
"""


def test_an_odd_row_costs_itself_and_is_counted_with_its_place(tmp_path: Path) -> None:
    path, skipped = write(tmp_path / "films.csv", ODD), Skipped()
    assert items(path, skipped) == [
        ("Heat", 1995, "tt0113277"),
        ("Up", None, None),
        ('He said "no"', 1998, None),
        ("Hot", 2001, None),
    ]
    assert skipped.lines(str(path)) == [
        f"{path}: 1 × there is no title; give a title column and fill it (row 3)",
        f"{path}: 1 × 'soon' is not a year; the row is read without it (row 4)",
        f"{path}: 1 × 4 cells where the header has 3; put cells that hold the separator in quotation marks "
        "(row 5)",
        f"{path}: 1 × not readable as a table (',' expected after '\"') (row 7)",
        f"{path}: 1 × 'x' is not an IMDb id, such as tt0133093; the row is read without it (row 8)",
    ]
    with pytest.raises(SafecrsError, match=r"films\.csv, row 3: there is no title"):
        items(path, Skipped(strict=True))
    with pytest.warns(UserWarning, match="row 5"):
        list(read_each(path, Row.item))


def test_counts_show_the_first_few_places() -> None:
    skipped = Skipped()
    for row in range(1200):
        skipped.add("a.csv", f"row {row}", f"{row} is odd", "number")
    skipped.add("a.csv", "row 7", "empty", odd=False)
    assert skipped.lines() == ["a.csv: 1,200 × 0 is odd (row 0, row 1, row 2, …)", "a.csv: 1 × empty (row 7)"]
    assert len(skipped.lines(odd=True)) == 1
    assert skipped.lines("b.csv") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title,year\n", "it has no rows"),
        ("film title,length\nHeat,170\n", "row 2.*Its columns are film title, length;"),
    ],
)
def test_a_file_of_which_nothing_was_used_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SafecrsError, match=rf"Nothing of .*a\.csv was used: .*{message}"):
        items(write(tmp_path / "a.csv", text), Skipped())


@pytest.mark.parametrize(
    "value",
    ["1e999", "-1e999", "NaN", "9" * 5000, '"\\ud800"', "[" * 500 + "]" * 500, '{"a": {"name": {}}}', "true"],
)
def test_json_values_of_any_kind_cost_no_more_than_a_row(tmp_path: Path, value: str) -> None:
    good = '{"title": "Heat", "year": 1995}'
    odd = f'{{"title": {value}, "year": {value}, "imdb_id": {value}, "genre": {value}}}'
    path = write(tmp_path / "a.json", f"[{odd}, {good}]")
    skipped = Skipped()
    read = items(path, skipped)
    assert read[-1] == ("Heat", 1995, None)
    for title, year, imdb_id in read:
        assert title.encode()
        assert year in (None, 1995)
        assert imdb_id is None


def test_nesting_that_python_cannot_read_is_counted(tmp_path: Path) -> None:
    deep = '{"title": ' + "[" * 200_000 + "]" * 200_000 + "}"
    path = write(tmp_path / "a.jsonl", f'{deep}\n{{"title": "Heat"}}\n')
    skipped = Skipped()
    assert items(path, skipped) == [("Heat", None, None)]
    assert skipped.lines() == [f"{path}: 1 × not a JSON object (row 1)"]


def test_a_line_break_within_a_json_text_ends_no_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"title": "Heat\u2028and dust"}\n{"title": "Up"}\n')
    assert [title for title, _, _ in items(path, Skipped(strict=True))] == ["Heat\u2028and dust", "Up"]


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.tsv", "a.json", "a.jsonl"]))
def test_bytes_of_any_kind_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("t") / name
    path.write_bytes(data)
    with suppress(SafecrsError):
        for title, year, imdb_id in items(path, Skipped()):
            assert title.encode()
            assert year is None or 1800 <= year < 2100
            assert imdb_id is None or imdb_id.startswith("tt")


@pytest.mark.parametrize("unit", ["a", "(1999)", " ", '""', "tt", "1", "a|"])
def test_a_cell_of_any_length_is_read_in_linear_time(tmp_path: Path, unit: str) -> None:
    times = []
    for size in (10_000, 20_000, 40_000):
        cell = f'"{(unit * size)[:size]}"'
        path = write(tmp_path / "a.csv", f"title,year,imdb_id\nx{cell[1:-1]},{cell},{cell}\n")
        begin = time.perf_counter()
        items(path, Skipped())
        times.append(time.perf_counter() - begin)
    for shorter, longer in pairwise(times):
        assert longer < 2.5 * shorter + 0.02
