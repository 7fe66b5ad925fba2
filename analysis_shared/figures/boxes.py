"""Box statistics that can be had from cells and from percentiles alike, and marks of what of a box is noise."""

import numpy as np
from matplotlib.lines import Line2D

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


UNTUNED_STYLE = {"color": "#c73635", "linewidth": 1.3, "solid_capstyle": "butt"}
UNBIASED_COLOUR = "#5b2a86"
UNBIASED_STYLE = {"marker": "D", "markersize": 2.8, "markeredgewidth": 0.5, "markeredgecolor": "white"}
UNBIASED_STYLE |= {"color": UNBIASED_COLOUR, "linewidth": 1.3}
LOWEST = -0.4
"""Intervals of few cells may reach further down than it pays to show."""


def mark_noise(axes, at, width, row):
    """Mark on a box what it would come to without tuning, and the unbiased estimate with its interval.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    at, width : float
        Of the box.
    row : mapping
        ``untuned_mean`` (tick) and, where there is one, ``unbiased unbiased_low unbiased_high`` (diamond, bar).
    """
    if np.isfinite(row["untuned_mean"]):
        axes.plot([at - width / 2, at + width / 2], [row["untuned_mean"]] * 2, zorder=4, **UNTUNED_STYLE)
    if np.isfinite(row.get("unbiased", np.nan)):
        axes.plot([at, at], [row["unbiased_low"], row["unbiased_high"]], color=UNBIASED_COLOUR, linewidth=1.3, zorder=5)
        axes.plot([at], [row["unbiased"]], zorder=6, **UNBIASED_STYLE)


def lower_limit(table):
    """Lower limit of an axis of indices: 0, or below the unbiased estimates and their intervals."""
    lowest = np.nanmin([0.0, *table["unbiased"] - 0.03, *table["unbiased_low"] - 0.03])
    return max(lowest, LOWEST)


def noise_handles():
    """Handles of the marks for a legend."""
    tick = Line2D([], [], label="mean without tuning", **UNTUNED_STYLE)
    return [tick, Line2D([], [], label="unbiased, 95 %", **UNBIASED_STYLE)]
