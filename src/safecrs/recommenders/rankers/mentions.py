"""The items that a conversation names, and the words around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from safecrs.catalog import Catalog, find_mentions
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
