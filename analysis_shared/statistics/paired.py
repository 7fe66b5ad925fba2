"""Paired changes with intervals: the same cells, or the same trials, with and without a perturbation."""

from typing import NamedTuple

import numpy as np
from scipy.stats import t

from analysis_shared.statistics.intervals import LEVEL


class PairedChange(NamedTuple):
    """Means of both runs, their difference and its percentage of the baseline, with intervals."""

    baseline: float
    perturbed: float
    change: float
    low: float
    high: float
    percent: float
    percent_low: float
    percent_high: float
    n: int
    """Number of pairs."""


def paired_change(baseline, perturbed, level=LEVEL):
    """Mean change of paired samples, absolute and in percent of the baseline, with t intervals.

    The spread is that of the differences about the mean of their stratum, pooled over strata, so fixed differences
    between strata (directions, say) widen nothing. The interval of the percentage is that of the ratio of the means,
    linearised: the spread of ``perturbed - ratio * baseline`` over the baseline's mean.

    Parameters
    ----------
    baseline, perturbed : array_like, shape (n_pairs,) or (n_strata, n_pairs)
        A pair has the same place in both. With strata, each has as many pairs.
    level : float
        Coverage.

    Returns
    -------
    PairedChange
        NaN where undefined: all of it without pairs, the limits with fewer than two pairs a stratum, the percentage
        for a baseline of 0.

    Raises
    ------
    ValueError
        If the shapes differ or a value is NaN.

    Examples
    --------
    >>> change = paired_change([2.0, 4.0], [1.0, 2.0])
    >>> change.change, change.percent, change.percent_low == change.percent_high == -50.0, change.n
    (-1.5, -50.0, True, 2)
    """
    before, after = (np.atleast_2d(np.asarray(values, dtype=float)) for values in (baseline, perturbed))
    if before.shape != after.shape:
        raise ValueError(f"{before.shape} values before but {after.shape} after: they cannot be paired")
    if np.isnan(before).any() or np.isnan(after).any():
        raise ValueError("a value is NaN; leave the pair out")
    if before.size == 0:
        return PairedChange(*[np.nan] * 8, 0)
    mean_before, mean_after = float(before.mean()), float(after.mean())
    change = mean_after - mean_before
    half = _half_width(after - before, level)
    percent, percent_half = np.nan, np.nan
    if mean_before != 0:
        ratio = mean_after / mean_before
        percent = 100 * change / mean_before
        percent_half = 100 * _half_width(after - ratio * before, level) / abs(mean_before)
    return PairedChange(
        *(mean_before, mean_after, change, change - half, change + half),
        *(percent, percent - percent_half, percent + percent_half, before.size),
    )


def _half_width(values, level):
    """Half width of the t interval of the mean, from the spread within strata."""
    n_strata, n_pairs = values.shape
    freedom = n_strata * (n_pairs - 1)
    if freedom == 0:
        return np.nan
    variance = np.square(values - values.mean(axis=1, keepdims=True)).sum() / freedom
    return float(t.ppf((1 + level) / 2, freedom) * np.sqrt(variance / values.size))
