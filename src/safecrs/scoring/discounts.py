"""How much a rank counts: rewards and metrics discount alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def discounts(k: int) -> NDArray[np.float64]:
    """d[rank] = 1 / log2(rank + 1) for ranks 1…k (Järvelin and Kekäläinen 2002), float64 [k]."""
    return 1.0 / np.log2(np.arange(2, k + 2))
