"""The draw of preferred temporal frequencies against the Poisson distribution without its zero."""

import numpy as np
import pytest
from numba import njit
from scipy.stats import chisquare, poisson

from v1_files.random_streams import fork
from v1_model.network.lgn_to_v1 import REDRAWN_MEAN, _poisson_above_zero

DRAWS = 4000


@njit
def draws(key, mean):
    """One number for each of many cells."""
    drawn = np.empty(DRAWS, np.int64)
    for i in range(DRAWS):
        drawn[i] = _poisson_above_zero(fork(key, i), mean)
    return drawn


@pytest.mark.parametrize("mean", [1e-300, 1e-6, 0.05, REDRAWN_MEAN, 0.5, 2.0, 100.0])
def test_poisson_numbers_above_zero(mean):
    """Within the time of a test, too: one in a million draws of mean 1e-6 is above zero."""
    drawn = draws(np.uint64(7), mean)
    assert drawn.min() >= 1
    values = np.arange(1, drawn.max() + 2)
    expected = DRAWS * poisson.pmf(values, mean) / -np.expm1(-mean)
    expected[-1] += DRAWS - expected.sum()
    common = expected >= 5
    pooled = [
        np.append(n[common], n[~common].sum()) for n in (np.array([(drawn == v).sum() for v in values]), expected)
    ]
    kept = pooled[1] > 1e-3
    assert pooled[0][~kept].sum() == 0
    if kept.sum() > 1:
        scale = pooled[0][kept].sum() / pooled[1][kept].sum()
        assert chisquare(pooled[0][kept], pooled[1][kept] * scale).pvalue > 1e-4
