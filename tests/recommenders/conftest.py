"""A small catalog, an oracle with known verdicts, tastes and a tiny language model."""

from __future__ import annotations

import numpy as np
import pytest
from ranker_world import make_tiny

from fake_oracle import make_verdict_oracle
from safecrs.catalog import Catalog, Item
from safecrs.oracle import Oracle
from safecrs.taxonomy import load_taxonomy

FILMS = (
    Item(
        "Alien", 1979, genres=("horror", "science fiction"), plot="A crew meets a monster aboard a spaceship."
    ),
    Item(
        "Aliens", 1986, genres=("action", "science fiction"), plot="Marines hunt monsters on a colony moon."
    ),
    Item(
        "Alien 3", 1992, genres=("horror", "science fiction"), plot="A monster in a prison on a far planet."
    ),
    Item("Unforgiven", 1992, genres=("western",), plot="An old gunfighter takes one last job."),
    Item("Rio Bravo", 1959, genres=("western",), plot="A sheriff holds a prisoner in a small town."),
    Item("Clueless", 1995, genres=("comedy", "romance"), plot="A matchmaking schoolgirl in Beverly Hills."),
    Item("Emma", 1996, genres=("comedy", "romance"), plot="A matchmaking lady in an English village."),
    Item("Heat", None, genres=("crime",), plot="A thief and a detective in Los Angeles."),
    Item("Heat", 1995, genres=("crime",), plot="A thief and a detective in Los Angeles."),
    Item("Heat and Dust", 1983, genres=("drama",), plot="Two women in India."),
    Item("Se7en", 1995, genres=("crime", "thriller"), plot="Two detectives and seven sins."),
    Item("Amélie", 2001, genres=("comedy", "romance"), plot="A shy waitress helps strangers in Paris."),
    Item("(500) Days of Summer", 2009, genres=("romance",), plot="A man remembers a love that ended."),
    Item("Spirited Away 千と千尋", 2001, genres=("animation",), plot="A girl in a bathhouse of spirits."),
    Item("Dr. Strangelove", 1964, genres=("comedy",), plot="Generals and the bomb."),
    Item("2001: A Space Odyssey", 1968, genres=("science fiction",), plot="A computer on a spaceship."),
)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.from_items(FILMS)


@pytest.fixture(scope="session")
def oracle(catalog: Catalog) -> Oracle:
    return make_verdict_oracle(
        catalog,
        load_taxonomy("film").assigned,
        {"horror": frozenset({0, 2, 10}), "gore": frozenset({0, 1, 2, 3}), "torture": frozenset(range(16))},
        frozenset({4, 12}),
    )


@pytest.fixture(scope="session")
def tastes() -> list[np.ndarray]:
    """Science fiction is the most popular; westerns go together, and so do comedies."""
    people = [[0, 1, 2], [0, 1], [0, 1, 15], [0, 15], [3, 4], [3, 4], [3, 4], [5, 6], [5, 6, 11], [5, 6, 11]]
    return [np.array(person, dtype=np.int32) for person in people]


@pytest.fixture(scope="session")
def tiny(catalog: Catalog):
    return make_tiny(catalog)
