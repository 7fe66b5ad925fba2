"""How tuned groups of cells are, without the bias of few spikes: roots of mean unbiased squares, shares of cells."""

import numpy as np
import pandas as pd

from analysis_shared.cells.grouping import display_order
from analysis_shared.metrics.registry import LEAST_MEAN_RATE_HZ, RESPONSIVE_RATE_HZ
from analysis_shared.metrics.selectivity import STATUS, UNCOVERED
from analysis_shared.metrics.untuned import COLUMNS, INDICES
from analysis_shared.statistics.intervals import Interval, mean_interval, proportion_interval
from v1_files.reading import read_table

SIGNIFICANT = 0.05
WHY_UNDEFINED = "undefined: directions do not cover the circle"


def check_unbiased_columns(path):
    """Raise ValueError unless a selectivity table has the columns on what of it is noise."""
    read_table(path, columns=(STATUS,), numeric=COLUMNS)


def signed_root(squares):
    """Square root with the sign of its argument, for means of unbiased squares, which noise can make negative.

    Examples
    --------
    >>> signed_root(np.array([0.04, -0.01])).tolist()
    [0.2, -0.1]
    """
    return np.sign(squares) * np.sqrt(np.abs(squares))


def root_mean_square(squares, networks=None):
    """Root of the mean of unbiased squares, with the root of the limits of its 95 % t interval.

    Parameters
    ----------
    squares : array_like, shape (n_cells,)
        NaN is left out.
    networks : array_like, shape (n_cells,), optional
        Network of each cell: with several, the interval is over their means.

    Returns
    -------
    Interval
        Of a mean that is below 0, minus the root of its size. ``n`` is the number of cells.
    """
    squares = pd.Series(np.asarray(squares, dtype=float))
    n = int(squares.notna().sum())
    if networks is not None:
        means = squares.groupby(np.asarray(networks)).mean().dropna()
        if len(means) > 1:
            squares = means
    mean, low, high, _ = mean_interval(squares)
    return Interval(*map(float, signed_root(np.array([mean, low, high]))), n)


def is_counted(cells):
    """Which cells count for unbiased estimates and tests: those with a mean rate of at least `LEAST_MEAN_RATE_HZ`."""
    return cells["Ave_Rate(Hz)"] >= LEAST_MEAN_RATE_HZ


def expected_untuned(cells, measure):
    """Mean of an index or of sparsity over responsive cells, if none of the cells were tuned.

    Parameters
    ----------
    cells : DataFrame
        All cells of a group, responsive or not: columns of `analysis_shared.metrics.untuned.untuned_table`.
    measure : str
        Of `analysis_shared.metrics.untuned.MEASURES`.

    Returns
    -------
    float
        NaN where no cell would respond.

    Notes
    -----
    The rate at the preferred direction chooses the cells that OSI and DSI are shown for, and so picks, among cells of
    few spikes, those whose spikes share a direction. Each cell therefore counts as often as it would respond untuned,
    with the mean of its index over those draws.
    """
    weight = cells["responsive_untuned"].to_numpy(dtype=float)
    values = cells[f"{measure}_untuned_responsive"].to_numpy(dtype=float)
    used = np.isfinite(values) & (weight > 0)
    return float(np.average(values[used], weights=weight[used])) if used.any() else np.nan


def tuning_of(cells, index):
    """Tuning of one group of cells.

    Parameters
    ----------
    cells : DataFrame
        One row a cell: the selectivity table, not masked, and the column ``network``.
    index : str
        ``OSI`` or ``DSI``.

    Returns
    -------
    dict
        Of the published index over responsive cells (`RESPONSIVE_RATE_HZ` at the preferred direction): ``n_responsive``
        ``published_median published_mean untuned_mean`` (expected without tuning). Of cells with a mean rate of
        `LEAST_MEAN_RATE_HZ`: ``n_cells``, ``unbiased unbiased_low unbiased_high interval_over`` (root of the mean
        unbiased square; over networks, or with one over cells), ``tuned_share tuned_low tuned_high`` (p below
        `SIGNIFICANT`, which 5 % of untuned cells have; Wilson's interval over cells).
    """
    published = cells.loc[cells["max_mean_rate(Hz)"] >= RESPONSIVE_RATE_HZ, index].dropna()
    counted = cells[is_counted(cells)]
    n_networks = cells["network"].nunique()
    root = root_mean_square(counted[f"{index}_squared"], counted["network"])
    p = counted[f"{index}_p"].dropna()
    share = proportion_interval(int((p < SIGNIFICANT).sum()), len(p))
    return {
        "n_networks": n_networks,
        "n_responsive": len(published),
        "published_median": published.median(),
        "published_mean": published.mean(),
        "untuned_mean": expected_untuned(cells, index),
        "n_cells": root.n,
        "unbiased": root.mean,
        "unbiased_low": root.low,
        "unbiased_high": root.high,
        "interval_over": "networks" if n_networks > 1 else "cells",
        "tuned_share": share.mean,
        "tuned_low": share.low,
        "tuned_high": share.high,
    }


def tuning_table(cells):
    """Tuning of each cell type, for OSI and DSI.

    Parameters
    ----------
    cells : DataFrame
        As `tuning_of` takes them, with ``cell_type``.

    Returns
    -------
    DataFrame
        ``cell_type metric n_trials`` and the keys of `tuning_of`, types in display order.
    """
    rows = []
    for index in INDICES[::-1]:
        for cell_type in display_order(cells["cell_type"]):
            group = cells[cells["cell_type"] == cell_type]
            head = {"cell_type": cell_type, "metric": index, "n_trials": trials_note(group)}
            rows.append(head | tuning_of(group, index))
    return pd.DataFrame(rows)


def trials_note(cells):
    """Numbers of trials behind cells, as text: ``2`` or ``2-10``.

    Examples
    --------
    >>> trials_note(pd.DataFrame({"n_trials": [10, 2, 2]}))
    '2-10'
    """
    found = sorted(set(cells["n_trials"]))
    return str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}"


def is_uncovered(cells):
    """Whether no cell has a selectivity because the directions do not cover the circle."""
    return bool((cells[STATUS] == UNCOVERED).all())
