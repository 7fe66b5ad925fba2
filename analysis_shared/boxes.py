"""Box statistics that can be had from cells and from percentiles alike."""

import numpy as np

WHISKERS = (5, 95)
"""Percentiles the whiskers reach to: exact from either source, which 1.5 interquartile ranges would not be."""


def box_of_sample(sample, label=""):
    """Box statistics for ``Axes.bxp``: quartiles, whiskers at the 5th and 95th percentile, no outliers.

    Parameters
    ----------
    sample : ndarray, shape (n,)
        Without NaN; empty gives NaN statistics.
    label : str

    Returns
    -------
    dict
        ``label whislo q1 med q3 whishi fliers n``.

    Examples
    --------
    >>> box = box_of_sample(np.arange(101.0))
    >>> box["whislo"], box["q1"], box["med"], box["n"]
    (5.0, 25.0, 50.0, 101)
    """
    levels = np.percentile(sample, [WHISKERS[0], 25, 50, 75, WHISKERS[1]]) if len(sample) else np.full(5, np.nan)
    return _box(levels, len(sample), label)


def box_of_percentiles(percentiles, n_units, label=""):
    """The same statistics from percentiles 0..100."""
    return _box(np.asarray(percentiles)[[WHISKERS[0], 25, 50, 75, WHISKERS[1]]], int(n_units), label)


def _box(levels, n, label):
    names = ("whislo", "q1", "med", "q3", "whishi")
    return {"label": label, **dict(zip(names, map(float, levels), strict=True)), "fliers": [], "n": n}
