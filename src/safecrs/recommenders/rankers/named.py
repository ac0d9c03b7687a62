"""The items a conversation names: what a person who says "like Alien" has told us about their taste."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from safecrs.catalog import find_mentions

if TYPE_CHECKING:
    from safecrs.catalog import Catalog
    from safecrs.slates.base import Request


def named_rows(request: Request, catalog: Catalog) -> set[int]:
    """Rows that are seen or mentioned in any message."""
    mentioned = {
        mention.row for message in request.wished for mention in find_mentions(message.content, catalog)
    }
    return mentioned | request.seen


def named_matrix(requests: Sequence[Request], catalog: Catalog) -> sparse.csr_array:
    """1 where a request names an item, float64 [requests, items]."""
    named = [sorted(named_rows(request, catalog)) for request in requests]
    bounds = np.cumsum([0, *map(len, named)])
    columns = np.array([row for rows in named for row in rows], dtype=np.int64)
    shape = (len(requests), len(catalog))
    return sparse.csr_array((np.ones(len(columns)), columns, bounds), shape=shape)


def words_beside(request: Request, catalog: Catalog) -> str:
    """What the user says, without the items they name: a title is not a description."""
    said: list[str] = []
    for message in request.wished:
        if message.role != "user":
            continue
        position = 0
        for mention in find_mentions(message.content, catalog):
            said.append(message.content[position : mention.start])
            position = mention.end
        said.append(message.content[position:])
    return " ".join(said)
