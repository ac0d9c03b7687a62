"""What several recipes share: what to tell a reader, and what a policy may learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from safecrs.benchmark.assign import AssignmentPlan
from safecrs.benchmark.build import refs
from safecrs.benchmark.sample import Ref
from safecrs.benchmark.sources.dialogue import Imported
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.catalog import Catalog

Tastes = tuple[tuple[Ref, ...], ...]

# Real dialogues suggest three or four films; two of them may go, one must stay in the tests.
FEW_LIKED = AssignmentPlan(min_kept=1)
REAL_TASTES = (
    "In template conversations the films a person names and likes are real ratings; the words are ours."
)
INJECTED = (
    "The requests and the films suggested are real. The sensitivity is not: the oracle assigned it, and it "
    "was written into the last message in our own words."
)
HARMLESS = (
    "Where no sensitivity fitted that a liked item violates, one was assigned that all of them respect: "
    "nothing is removed then, and the sensitivity restricts only what else is recommended."
)


def spoken_tastes(imports: Sequence[Imported], catalog: Catalog) -> Tastes:
    """What the people of training dialogues named and liked."""
    dialogues = (dialogue for imported in imports for dialogue in imported.dialogues)
    return tuple(refs((*d.seen, *d.liked), catalog) for d in dialogues if d.split == "train")


def tastes_of(interactions: Interactions, catalog: Catalog) -> Tastes:
    """What each person liked."""
    return tuple(refs(np.asarray(rows).tolist(), catalog) for rows in interactions.liked().values())
