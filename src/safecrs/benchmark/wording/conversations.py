"""Template conversations around the items that a person liked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark.sample import Split
from safecrs.benchmark.seeding import Splitter, rng_for
from safecrs.benchmark.sources.dialogue import Dialogue, Imported
from safecrs.benchmark.sources.interactions import LIKED, Interactions
from safecrs.benchmark.wording.templates import Templates, load_templates
from safecrs.catalog import Catalog

_TOO_FEW = "person who liked too few films"


@dataclass(frozen=True, slots=True)
class ConversationPlan:
    """How many requests a person makes, and with how many items.

    Attributes:
        train_windows: at most so many requests of a training person, sampled with replacement of films;
            nobody gets more than one for every four films they liked.
        evaluation_windows: at most so many requests of a validation or test person, no film in two of them.
        seeds: fewest and most films a request names.
        liked: fewest and most films the answer holds.
        minimum_rating: stars from which a film was liked.
    """

    train_windows: int = 12
    evaluation_windows: int = 3
    seeds: tuple[int, int] = (3, 5)
    liked: tuple[int, int] = (3, 10)
    minimum_rating: float = LIKED


def template_conversations(
    interactions: Interactions,
    catalog: Catalog,
    splitter: Splitter,
    *,
    seed: int = 0,
    plan: ConversationPlan | None = None,
    splits: Sequence[Split] = ("train", "validation", "test"),
) -> Imported:
    """Requests of each person of ``splits``: 3–5 films they liked, and up to 10 others they liked as answer.

    A window starts from one liked film; films that share genres with it are likelier to join it, both as
    seeds and as answers, because a person who names three westerns asks for westerns.
    """
    plan = plan or ConversationPlan()
    templates = load_templates(catalog.domain)
    liked = interactions.liked(plan.minimum_rating)
    genres = {row: frozenset(catalog.genres(row)) for row in np.unique(interactions.rows).tolist()}
    dialogues: list[Dialogue] = []
    rejected = [f"{interactions.source}:{key}" for key in interactions.people if key not in liked]
    for key, rows in liked.items():
        person = f"{interactions.source}:{key}"
        split = splitter(person)
        if split not in splits:
            continue
        if len(rows) < plan.seeds[0] + plan.liked[0]:
            rejected.append(person)
            continue
        rng = rng_for(seed, "windows", person)
        for number, (named, answer) in enumerate(_windows(rows, genres, split, plan, rng), start=1):
            dialogues.append(
                _dialogue(
                    f"{person}:{number}", split, interactions.source, named, answer, catalog, templates, seed
                )
            )
    return Imported(
        interactions.source,
        interactions.licence,
        tuple(dialogues),
        read=len(interactions.people),
        dropped=interactions.dropped | ({_TOO_FEW: len(rejected)} if rejected else {}),
        fingerprint=interactions.fingerprint(),
        rejected=tuple((person, _TOO_FEW) for person in rejected),
    )


Window = tuple[NDArray[np.int32], NDArray[np.int32]]


def _windows(
    rows: NDArray[np.int32],
    genres: dict[int, frozenset[str]],
    split: Split,
    plan: ConversationPlan,
    rng: np.random.Generator,
) -> list[Window]:
    if split == "train":
        anchors = rng.permutation(rows)[: min(plan.train_windows, max(1, len(rows) // 4))]
        return [_window(rows, int(anchor), genres, plan, rng) for anchor in anchors]
    windows: list[Window] = []
    pool = rows
    while len(windows) < plan.evaluation_windows and len(pool) >= plan.seeds[0] + plan.liked[0]:
        named, answer = _window(pool, int(rng.choice(pool)), genres, plan, rng)
        windows.append((named, answer))
        pool = pool[~np.isin(pool, np.concatenate([named, answer]))]
    return windows


def _window(
    pool: NDArray[np.int32],
    anchor: int,
    genres: dict[int, frozenset[str]],
    plan: ConversationPlan,
    rng: np.random.Generator,
) -> Window:
    """Seeds (the anchor first) and answers, both drawn from ``pool`` in proportion to shared genres."""
    others = pool[pool != anchor]
    affinity = np.array([_affinity(genres[anchor], genres[int(row)]) for row in others])
    # The keys of weighted sampling without replacement (Efraimidis and Spirakis 2006): largest first.
    order = np.argsort(-np.log(rng.random(len(others))) / affinity, kind="stable")
    most = min(plan.seeds[1], len(pool) - plan.liked[0])
    count = int(rng.integers(plan.seeds[0], most + 1)) - 1
    named = np.concatenate([np.array([anchor], dtype=np.int32), others[order[:count]]])
    return named, others[order[count : count + plan.liked[1]]]


def _affinity(first: frozenset[str], second: frozenset[str]) -> float:
    """0.05…1.05: the genres' Jaccard overlap, squared to favour close kin, plus a little for everything."""
    either = len(first | second)
    overlap = len(first & second) / either if either else 0.0
    return 0.05 + overlap * overlap


def _dialogue(
    name: str,
    split: Split,
    source: str,
    named: NDArray[np.int32],
    answer: NDArray[np.int32],
    catalog: Catalog,
    templates: Templates,
    seed: int,
) -> Dialogue:
    rng = rng_for(seed, "request", name)
    rows = [int(row) for row in rng.permutation(named)]
    genre = _shared_genre(rows, catalog, templates)
    options = templates.usable(held_out=split != "train", genre=genre)
    template = options[int(rng.integers(len(options)))]
    items = [(catalog.title(row), catalog.year(row)) for row in rows]
    messages = templates.render(template, items, genre, rng)
    return Dialogue(name, split, source, messages, tuple(rows), tuple(int(row) for row in answer))


def _shared_genre(rows: Sequence[int], catalog: Catalog, templates: Templates) -> str | None:
    """A genre of more than half of the films that the templates can name; the commonest, else None."""
    counts = Counter(genre for row in rows for genre in catalog.genres(row) if genre in templates.genres)
    common = [genre for genre, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))]
    return common[0] if common and 2 * counts[common[0]] > len(rows) else None
