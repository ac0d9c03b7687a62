from __future__ import annotations

import pytest

from fake_oracle import make_numbered_oracle
from safecrs.oracle import Oracle


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return make_numbered_oracle()
