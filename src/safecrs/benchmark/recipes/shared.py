"""Shared by several recipes: notes for the data card, the film oracle, user histories."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from safecrs.advisories import Advisory
from safecrs.benchmark.assignment import AssignmentPlan
from safecrs.benchmark.build import item_refs
from safecrs.benchmark.sources.dialogue import Imported
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.catalog import Catalog, Item
from safecrs.oracle import Oracle, compile_oracle
from safecrs.progress import Report, quiet
from safecrs.slates.base import Ref
from safecrs.starter import read_starter
from safecrs.taxonomy import load_taxonomy

Histories = tuple[tuple[Ref, ...], ...]

# Real dialogues suggest three or four films; two of them may go, one must stay in the tests.
FEW_LIKED = AssignmentPlan(min_kept=1)
REAL_TASTES = (
    "In template conversations the films a person names and likes are real ratings; the words are ours."
)
INJECTED = (
    "The requests and the films suggested are real. The sensitivity is not: {assigner} assigned it, and it "
    "was written into the last message in our own words."
)
HARMLESS = (
    "Where no sensitivity fitted that a liked item violates, one was assigned that all of them respect: "
    "nothing is removed then, and the sensitivity restricts only what else is recommended."
)


def film_oracle(items: Iterable[Item], advisories: Iterable[Advisory], report: Report = quiet) -> Oracle:
    """An oracle over these films, judged by ``advisories`` and the starter's."""
    report("Compile the oracle", 0, 1, "")
    said = chain(advisories, read_starter("film")[1])
    oracle = compile_oracle(Catalog.from_items(items, "film"), said, load_taxonomy("film").assigned)
    report("Compile the oracle", 1, 1, "")
    return oracle


def spoken_histories(imports: Sequence[Imported], catalog: Catalog) -> Histories:
    """Per training dialogue the items it names and the person liked."""
    dialogues = (dialogue for imported in imports for dialogue in imported.dialogues)
    refs = item_refs(catalog)
    return tuple(refs((*d.seen, *d.liked)) for d in dialogues if d.split == "train")


def histories_of(interactions: Interactions, catalog: Catalog) -> Histories:
    """Per person the items they liked."""
    refs = item_refs(catalog)
    return tuple(refs(rows.tolist()) for rows in interactions.liked().values())
