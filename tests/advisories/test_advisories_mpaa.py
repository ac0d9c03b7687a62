"""The reader of MPAA tables: what counts as a review, and what a broken row says."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from safecrs.advisories import Advisory, Skipped, read_mpaa
from safecrs.advisories.mpaa_reason import LONGEST
from safecrs.errors import SafecrsError

PUBLISHED = Path(__file__).resolve().parents[2] / "../shared/data/advisories/mpaa_rating_reasons.tsv.gz"


def read(folder: Path, *rows: str, skipped: Skipped | None = None) -> list[Advisory]:
    path = folder / "mpaa.tsv"
    path.write_text("\n".join(("title\tyear\trating\treason", *rows)) + "\n", encoding="utf-8")
    return list(read_mpaa(path, skipped or Skipped(strict=True)))


def test_a_row_becomes_an_advisory(tmp_path: Path) -> None:
    (film,) = read(tmp_path, "Film\t2004\tR\tRated R for strong bloody violence and some drug use")
    assert (film.title, film.year, film.source, film.imdb_id) == ("Film", 2004, "mpaa", None)
    said = {s.subject: (s.value, s.words) for s in film.statements}
    assert said == {
        "violence": (3, "strong bloody violence"),
        "substances": (2, "some drug use"),
        "blood/gore": (1, "strong bloody violence"),
        "drug use": (1, "some drug use"),
    }
    assert film.reviews_guide
    assert film.reviews_topics == frozenset()  # a topic that is not named is unknown


def test_an_unknown_word_may_speak_of_any_category(tmp_path: Path) -> None:
    (film,) = read(tmp_path, "Film\t2004\tR\tRated R for language and flibbertigibbets")
    assert [s.subject for s in film.statements] == ["profanity"]
    assert not film.reviews_guide


def test_without_a_reason_only_the_certificate_is_kept_and_a_g_is_a_review(tmp_path: Path) -> None:
    rows = [f"{rating}\t2000\t{rating}\tRated {rating}" for rating in ("G", "PG", "PG-13", "R", "NC-17")]
    films = read(tmp_path, *rows, "Empty\t2000\tR\t", "None\t2000\tNot Rated\tnot rated")
    assert [film.title for film in films] == ["G", "PG", "PG-13", "R", "NC-17", "Empty"]
    assert [film.certificates for film in films][-2:] == [("MPA:NC-17",), ("MPA:R",)]
    assert not any(film.statements for film in films)
    assert [film.reviews_guide for film in films] == [True] + [False] * 5


@pytest.mark.parametrize("rating", ["PG-13", "PG13", "pg 13", "Rated PG-13"])
def test_ratings_as_they_are_written(tmp_path: Path, rating: str) -> None:
    (film,) = read(tmp_path, f"Film\t2000\t{rating}\tstrong violence")
    assert film.statements[0].value == 2


def test_without_a_rating_column_the_reason_tells(tmp_path: Path) -> None:
    path = tmp_path / "mpaa.csv.gz"
    path.write_bytes(
        gzip.compress(b"title,year,reason\nA,2000,Rated PG for violence\nB,2000,Rated R for violence\n")
    )
    assert [film.statements[0].value for film in read_mpaa(path)] == [1, 2]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Film\t2000\tQ\tviolence", r"mpaa\.tsv, row 3: 'Q' is not an MPAA rating"),
        ("\t2000\tR\tviolence", r"mpaa\.tsv, row 3: there is no title"),
        ("Film\t20\tR\tviolence", r"mpaa\.tsv, row 3: '20' is not a year"),
        ("Film\t2000\tR", r"mpaa\.tsv, row 3: 3 cells where the header has 4"),
    ],
)
def test_broken_rows(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(SafecrsError, match=message):
        read(tmp_path, "Good\t2000\tR\tviolence", row)


@pytest.mark.parametrize("rating", ["TV-14", "18", "AA", "M/PG"])
def test_the_rating_of_another_system_costs_the_rating(tmp_path: Path, rating: str) -> None:
    skipped = Skipped()
    row = f"Film\t2000\t{rating}\tstrong violence"
    (film,) = read(tmp_path, row, skipped=skipped)
    (unrated,) = read(tmp_path, "Film\t2000\t\tstrong violence")
    assert film == unrated
    assert film.statements
    assert "is not an MPAA rating" in skipped.lines()[0]
    (named,) = read(tmp_path, f"Film\t2000\t{rating}\tRated PG for violence", skipped=skipped)
    assert named.statements[0].value == 1, "the reason itself may name one"


def test_a_reason_too_long_to_be_one_is_not_read_and_counted(tmp_path: Path) -> None:
    skipped = Skipped()
    long = "Rated R for " + "mild language, " * (LONGEST // 15) + "torture"
    (film,) = read(tmp_path, f"Long\t2000\tR\t{long}", "Film\t2000\tR\tviolence", skipped=skipped)
    assert film.title == "Film"
    assert "longer than 4,000 characters" in skipped.lines()[0]


def test_a_table_without_reasons(tmp_path: Path) -> None:
    path = tmp_path / "mpaa.csv"
    path.write_text("title,rating\nA,R\n", encoding="utf-8")
    with pytest.raises(SafecrsError, match="lacks the column 'reason'"):
        list(read_mpaa(path))


def test_the_published_file() -> None:
    if not PUBLISHED.exists():
        pytest.skip("the MPAA table (../shared/data) is not here")
    films = list(read_mpaa(PUBLISHED))
    assert len(films) == 32_122
    assert sum(film.reviews_guide for film in films) > 0.99 * len(films)
