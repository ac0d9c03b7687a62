"""The oracle over the shipped starter catalog."""

from __future__ import annotations

from functools import cache

from safecrs.catalog import Catalog
from safecrs.oracle.oracle import Oracle, compile_oracle
from safecrs.taxonomy import Domain, load_taxonomy


@cache
def load_starter(domain: Domain = "film") -> Oracle:
    """Films or games with advisories from general knowledge (`safecrs.starter`), compiled once a process."""
    from safecrs.starter import read_starter

    items, advisories = read_starter(domain)
    return compile_oracle(Catalog.from_items(items, domain), advisories, load_taxonomy(domain))
