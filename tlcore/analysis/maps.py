"""Maps of why, compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's, from -1 to 1; 0 where one of the maps is the same all over.

    >>> rank_correlation(np.float32([[1, 2], [3, 40]]), np.float32([[1, 2], [3, 4]]))
    1.0
    """
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return round(float(spearmanr(one.ravel(), other.ravel()).statistic), 12)
