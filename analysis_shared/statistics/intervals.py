"""Confidence intervals: of a mean (Student's t) and of a proportion (Wilson)."""

from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate, the limits of its interval, and the sample size behind it."""

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values, level=LEVEL):
    """Mean of a sample with the t interval, mean ± t(n - 1) SD / sqrt(n), SD with ddof 1.

    Parameters
    ----------
    values : array_like, shape (n,)
        Over networks, or over cells. NaN is left out and not counted.
    level : float
        Coverage.

    Returns
    -------
    Interval
        ``mean low high n``. Without values the mean is NaN; with fewer than two the limits are, since one value says
        nothing about its spread.

    Examples
    --------
    >>> mean, low, high, n = mean_interval([1.0, 2.0, 3.0, float("nan")])
    >>> mean, round(high - mean, 4), n
    (2.0, 2.4841, 3)
    >>> mean_interval([4.0])
    Interval(mean=4.0, low=nan, high=nan, n=1)
    """
    sample = np.asarray(values, dtype=float).ravel()
    sample = sample[~np.isnan(sample)]
    n = len(sample)
    mean = float(sample.mean()) if n else np.nan
    if n < 2:
        return Interval(mean, np.nan, np.nan, n)
    half = float(t.ppf((1 + level) / 2, n - 1) * sample.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def proportion_interval(count, n, level=LEVEL):
    """Proportion with Wilson's score interval, which stays inside [0, 1] and has a width at 0 and 1 too.

    Parameters
    ----------
    count, n : int
        `count` of `n`.
    level : float
        Coverage.

    Returns
    -------
    Interval
        The proportion as ``mean``; NaN for n = 0.

    Examples
    --------
    >>> [round(value, 3) for value in proportion_interval(0, 10)]
    [0.0, 0.0, 0.278, 10]
    """
    if not 0 <= count <= n:
        raise ValueError(f"a count of {count} out of {n} is no proportion")
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    share, z = count / n, float(norm.ppf((1 + level) / 2))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Rounding must not carry the limits past the ends.
    return Interval(share, float(max(middle - half, 0.0)), float(min(middle + half, 1.0)), int(n))
