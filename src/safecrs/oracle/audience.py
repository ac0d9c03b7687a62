"""Whether items suit an age: certificates, severities and topics, the stricter where they disagree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from safecrs.taxonomy import audience_table

_UNSTATED = -1
_TELLING = (0, 1, 4)
"""Sex, violence and frightening scenes: an item without these severities is not known to suit anybody."""


def audience_risk(
    age: int,
    severity: NDArray[np.int8],
    found: NDArray[np.float32],
    certified: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """The risk of items for an age, float32 [items]: 1 does not suit, 0 suits, NaN unknown.

    An item does not suit where one of its certificates begins later, a severity exceeds what suits the age,
    or a topic is kept from it. It suits where a certificate says so, or where the severities are known and
    fit. A certificate that leaves it to the parents ("PG" below ten) decides nothing by itself.

    Args:
        severity: int8 [items, categories], −1 where unknown.
        found: float32 [items], the highest risk of its topics for this age (`AudienceTable.kept_from`).
        certified: bool [items, certificates], in the order of the table.
    """
    table = audience_table()
    suits = np.array([first <= age for first, _ in table.certificates.values()])
    barred = np.array([age < least for _, least in table.certificates.values()])
    fits = (severity <= np.array(table.most(age))).all(axis=1)
    known = (severity[:, _TELLING] != _UNSTATED).all(axis=1)
    certain = (certified & suits).any(axis=1)
    kept = np.where(certain, found >= 1, found > 0)
    unfit = kept | ~fits | (certified & barred).any(axis=1)
    vouched = certain | known
    return np.where(unfit, 1.0, np.where(vouched, 0.0, np.nan)).astype(np.float32)
