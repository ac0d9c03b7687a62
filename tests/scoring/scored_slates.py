"""Scored slates written down rank by rank, and drawn at random."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from safecrs.oracle import Verdict
from safecrs.scoring.scored import NO_ITEM, UNLISTED, ScoredSlates

SAFE, UNSAFE, UNKNOWN = Verdict.SAFE, Verdict.UNSAFE, Verdict.UNKNOWN


def slate(verdict, *, hit=False, known=True, again=False):
    """One rank: whether it hits, its verdict, whether the catalog holds it, whether it was named before."""
    return hit, verdict, known, again


def scored(k, people):
    """(ranks, number of relevant items, whether there is a constraint) of each conversation as arrays."""
    shape = len(people), k
    rows, verdict = np.full(shape, NO_ITEM, np.int32), np.full(shape, NO_ITEM, np.int8)
    hit, repeated = np.zeros(shape, bool), np.zeros(shape, bool)
    for i, (ranks, _, holds) in enumerate(people):
        for j, (is_hit, says, known, again) in enumerate(ranks):
            hit[i, j], repeated[i, j] = is_hit, again
            rows[i, j], verdict[i, j] = (j if known else UNLISTED), (says if holds else SAFE)
    relevant = np.array([number for _, number, _ in people], dtype=np.int64)
    return ScoredSlates(rows, hit, verdict, repeated, relevant, np.array([holds for *_, holds in people]))


@st.composite
def lists(draw, *, people=5):
    """A cut-off, and the lists of up to ``people`` conversations for `scored`."""
    k = draw(st.integers(1, 6))
    rank = st.tuples(st.booleans(), st.sampled_from(list(Verdict)), st.booleans(), st.booleans())
    person = st.tuples(st.lists(rank, max_size=k), st.integers(0, 8), st.booleans())
    drawn = draw(st.lists(person, min_size=1, max_size=people))
    return k, [  # where nothing is relevant, nothing hits
        ([(hit and relevant > 0, *rest) for hit, *rest in ranks], relevant, holds)
        for ranks, relevant, holds in drawn
    ]
