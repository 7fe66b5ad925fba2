"""Experimental distributions given as percentiles 0 to 100: quantiles, random draws, cumulative distribution."""

import numpy as np

from v1_files.reading import read_table

PERCENTS = np.arange(101)
PERCENTS.flags.writeable = False
COLUMNS = tuple(f"p{percent}" for percent in PERCENTS)


def read_percentiles(path):
    """Read the experimental percentiles.

    Parameters
    ----------
    path : path-like
        Space-separated: ``cell_type metric n_units p0 ... p100``, one row a cell type and metric.

    Returns
    -------
    DataFrame
        Indexed by (``cell_type``, ``metric``), columns ``n_units p0 ... p100``.

    Raises
    ------
    ValueError
        If columns or values are missing, a row is given twice, a type has no units or percentiles fall.
    """
    people_edit_it = {"sep": r"\s+", "comment": "#", "whole_lines": False}
    table = read_table(path, text=("cell_type", "metric"), counts=("n_units",), numeric=COLUMNS, **people_edit_it)
    if table.empty:
        raise ValueError(f"{path}: no rows")
    table = table.set_index(["cell_type", "metric"])[["n_units", *COLUMNS]]
    values = table[list(COLUMNS)].to_numpy()
    for problem, rows in (
        ("is given twice", table.index.duplicated()),
        ("has empty or non-finite percentiles", ~np.isfinite(values).all(axis=1)),
        ("has percentiles that fall", (np.diff(values, axis=1) < 0).any(axis=1)),
        ("has no units", ~(table["n_units"].to_numpy() >= 1)),
    ):
        if rows.any():
            raise ValueError(f"{path}: {' '.join(table.index[rows][0])} {problem}")
    return table.sort_index()


def percentiles_of(sample):
    """Percentiles 0..100 of a sample, interpolated between order statistics as in the experimental table.

    Parameters
    ----------
    sample : ndarray, shape (..., n)
        One sample, or several of a size.

    Returns
    -------
    ndarray, shape (..., 101)

    Examples
    --------
    >>> percentiles_of(np.array([3.0, 1.0]))[[0, 50, 100]].tolist()
    [1.0, 2.0, 3.0]
    """
    ordered = np.sort(sample)
    place = PERCENTS / 100 * (ordered.shape[-1] - 1)
    lower = place.astype(int)
    below, above = ordered[..., lower], ordered[..., np.ceil(place).astype(int)]
    return below + (place - lower) * (above - below)


def quantile(percentiles, probability):
    """Piecewise linear quantile function through the percentiles.

    Parameters
    ----------
    percentiles : ndarray, shape (101,)
    probability : array_like
        In [0, 1]; uniform random numbers give random draws.
    """
    return np.interp(np.asarray(probability) * 100, PERCENTS, percentiles)


def mean(percentiles):
    """Mean of the distribution whose quantile function is piecewise linear through the percentiles.

    Parameters
    ----------
    percentiles : ndarray, shape (101,)

    Examples
    --------
    >>> mean(np.linspace(0, 10, 101)), mean(np.concatenate([np.zeros(51), np.linspace(0, 4, 51)[1:]]))
    (5.0, 1.0)
    """
    return round(float(np.trapezoid(percentiles, PERCENTS / 100)), 12)


def cumulative(percentiles, values, side="right"):
    """Cumulative distribution whose quantile function is piecewise linear through the percentiles.

    Where percentiles repeat, the distribution jumps; `side` tells P(X <= value) ("right") from P(X < value) ("left").

    Parameters
    ----------
    percentiles : ndarray, shape (..., 101)
        Not decreasing. One distribution, or several.
    values : ndarray, shape (n,)
    side : {"right", "left"}

    Returns
    -------
    ndarray, shape (..., n)

    Examples
    --------
    >>> half_zero = np.concatenate([np.zeros(51), np.arange(1, 51)])
    >>> cumulative(half_zero, np.array([0.0, 25.0])).tolist(), cumulative(half_zero, np.array([0.0]), "left").tolist()
    ([0.5, 0.75], [0.0])
    """
    if side == "left":
        return 1 - cumulative(-percentiles[..., ::-1], -values[::-1])[..., ::-1]
    # All distributions in a row on one line, each beginning at the level where the last one ended: one call for all.
    # np.interp takes the upper level where percentiles repeat.
    place = np.arange(percentiles.size // len(PERCENTS)).reshape(*percentiles.shape[:-1], 1)
    lowest = min(percentiles.min(), values.min())
    width = max(percentiles.max(), values.max()) - lowest + 1
    knots, points = (part - lowest + place * width for part in (percentiles, values))
    levels = np.interp(points.ravel(), knots.ravel(), (PERCENTS / 100 + place).ravel())
    return levels.reshape(points.shape) - place
