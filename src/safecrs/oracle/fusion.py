"""Fusion of evidence into a risk and a possible risk for every (item, trait).

Of several sources the highest severity of a category counts, and one "yes" outweighs any number of "no".
``fusion="applicability"`` uses how far the parents guide covers a trait (`Trait.applicability`).
*pg* is the parents-guide risk, *topics* are the trait's topics, and the guide is *heard* where the categories
it rates carry at least half of the trait's weight. Entries are "risk · possible risk", "?" is an
unknown risk (NaN):

| what is known of the trait      | guide strong | guide weak or proxy | no guide |
|---------------------------------|--------------|---------------------|----------|
| a topic is a yes of risk r      | max(r, pg)   | r · pg              | r        |
| no yes, all topics reviewed     | pg           | 0                   | 0        |
| no yes, at least half reviewed  | pg           | 0 · pg              | 0        |
| fewer reviewed, guide heard     | pg           | ? · pg              | ?        |
| fewer reviewed, guide not heard | ?            | ? · pg              | ?        |

So a weak guide or a proxy only sets a possible risk, an upper bound: a reason that names nothing scary says
nothing about flashing lights. A review of topics decides, and a review of all topics sets the possible risk
to 0. Where something less than a trigger was found but no source covers the rest (a mild topic alone, a
severity in a guide that is not heard), the possible risk is 1: the item can be unsafe at a low threshold but
never safe.

``fusion="paper"`` is the rule of SafeCRS (Hao et al. 2026): risk = max(trigger, pg) for every item that any
source mentions, with everything that is not stated counted as absent; the possible risk is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from safecrs.oracle.audience import audience_risk
from safecrs.oracle.evidence import Evidence
from safecrs.taxonomy import CATEGORIES, Taxonomy, Trait, audience_table
from safecrs.taxonomy.topics import DESCRIPTORS, canonical_topic

Fusion = Literal["applicability", "paper"]
Column = NDArray[np.float32]

_COVERING = 0.5
_UNSTATED = -1


def fuse(evidence: Evidence, taxonomy: Taxonomy, fusion: Fusion) -> tuple[Column, Column]:
    """Risk and possible risk, float32 [items, traits], trait by trait in memory; see the module's table."""
    certificates = (
        audience_table().certificates if any(trait.age is not None for trait in taxonomy.traits) else ()
    )
    subjects = (*CATEGORIES, *taxonomy.topics, *certificates)
    rows, stated = _stated(evidence, subjects)
    severity, topics = stated[:, : len(CATEGORIES)], stated[:, len(CATEGORIES) :]
    pg = pg_risk(np.maximum(severity, 0), taxonomy)
    heard = (severity != _UNSTATED) @ guide_weights(taxonomy).T >= _COVERING
    index = {topic: column for column, topic in enumerate(taxonomy.topics)}
    items = len(evidence.offsets) - 1
    risk = np.full((len(taxonomy.traits), items), np.nan, dtype=np.float32).T
    possible_risk = np.zeros((len(taxonomy.traits), items), dtype=np.float32).T
    for column, trait in enumerate(taxonomy.traits):
        own = topics[:, [index[name] for name in trait.topics]]
        carried = np.array(list(trait.topics.values()), dtype=np.float32)
        found = ((own > 0) * carried).max(axis=1, initial=0)
        if trait.age is not None:
            risk[rows, column] = audience_risk(
                trait.age, severity, found, stated[:, len(subjects) - len(certificates) :] > 0
            )
        elif fusion == "paper":
            risk[rows, column] = np.maximum(found, pg[:, column])
        else:
            share = (own != _UNSTATED).sum(axis=1) / max(len(carried), 1)
            risk[rows, column], possible_risk[rows, column] = _applied(
                trait, found, share, pg[:, column], heard[:, column]
            )
    return risk, possible_risk


def _stated(evidence: Evidence, subjects: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """The rows about which anything is stated of ``subjects``, and the highest value of each, −1 for none."""
    asked, held = _canonical(subjects), _canonical(evidence.subjects)
    number = {name: at for at, name in enumerate(dict.fromkeys(asked))}
    column = np.array([number.get(name, _UNSTATED) for name in held], dtype=np.int32)[evidence.subject]
    speaking = column != _UNSTATED
    rows, position = np.unique(evidence.rows[speaking], return_inverse=True)
    stated = np.full((len(rows), len(number)), _UNSTATED, dtype=np.int8)
    np.maximum.at(stated, (position, column[speaking]), evidence.value[speaking])
    return rows, stated[:, [number[name] for name in asked]]


def _canonical(subjects: Sequence[str]) -> list[str]:
    """Subjects under the names that their synonyms share; a topic called like a category is not that."""
    fixed = (*DESCRIPTORS, *audience_table().certificates)
    topics = subjects[len(CATEGORIES) :]
    return [*CATEGORIES, *(name if name in fixed else canonical_topic(name) for name in topics)]


def _applied(
    trait: Trait, found: Column, share: NDArray[np.float64], pg: Column, heard: NDArray[np.bool_]
) -> tuple[Column, Column]:
    vouched = share >= _COVERING
    possible_risk = np.zeros_like(pg)
    if trait.applicability == "strong":
        found = np.maximum(found, pg)
        vouched = vouched | heard
    elif trait.applicability in ("weak", "proxy"):
        possible_risk = np.where(share < 1, pg, 0)
    risk = np.where(vouched | (found > 0), found, np.nan).astype(np.float32)
    possible_risk = np.where(~vouched & (found > 0) & (found < 1), 1, possible_risk).astype(np.float32)
    return risk, possible_risk


def guide_weights(taxonomy: Taxonomy) -> NDArray[np.float64]:
    """w(t)/Σw(t), float64 [traits, categories]; zeros for a trait that the guide does not cover.

    Double precision, so that a risk of exactly 1/3 or 2/3 is still that after rounding to float32.
    """
    weights = np.array([trait.guide for trait in taxonomy.traits], dtype=np.float64)
    total = weights.sum(axis=1, keepdims=True)
    return weights / np.where(total > 0, total, 1)


def pg_risk(severities: ArrayLike, taxonomy: Taxonomy) -> NDArray[np.float32]:
    """Parents-guide risk of every trait: w(t)·s / (3 Σ w(t)), 0 where Σ w = 0 (SafeCRS, Hao et al. 2026).

    Args:
        severities: s, 0…3 over `CATEGORIES`, shape [categories] or [items, categories].

    Returns:
        float32 [traits] or [items, traits], in [0, 1].
    """
    severity = np.asarray(severities, dtype=np.float64)
    return (severity @ guide_weights(taxonomy).T / 3).astype(np.float32)
