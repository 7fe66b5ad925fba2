"""Similarity of model and experiment: one minus the Kolmogorov-Smirnov distance, with its uncertainty.

The experiment is known by percentiles. Its rates are those of all units. Its OSI and DSI come from fewer units (1,529
of 3,156). Their shares by cell type fit a draw from the units responding at 0.5 Hz or more (chi-squared over the types
with at least 60 units: p = 0.05), not a draw from all units (p = 3e-5). So they are taken as masked already, and the
model is masked at the same 0.5 Hz.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from analysis_shared.cells.grouping import L5_SUBTYPES, display_order, reference_type, with_pooled_l5
from analysis_shared.metrics.registry import METRICS, mask_unresponsive
from analysis_shared.statistics.intervals import LEVEL
from analysis_shared.statistics.percentiles import COLUMNS, cumulative, percentiles_of, quantile
from v1_files.reading import read_table

MINIMUM_SIZE = 10
"""Types with fewer cells or units are shown, but no summary counts them."""
LEAST_NETWORKS = 3
"""Of fewer networks an interval is over their pooled cells: two do not show how networks differ."""
NETWORKS, CELLS = "networks", "cells"
"""What an interval can be over."""
BLOCK = 1_000_000
"""Values that are resampled at a time: what bounds the memory."""
TABLE_COLUMNS = (
    *("cell_type", "metric", "n_networks", "n_cells", "n_units", "similarity", "ci_low", "ci_high"),
    *("interval_over", "in_summary"),
)


def ks_distance(values, counts, percentiles):
    """Kolmogorov-Smirnov distance between samples and distributions given by percentiles.

    The sample's cumulative distribution F is a step function; that of the reference, G, rises between the steps, at
    times by jumps. So F - G is largest at a step of F, and G - F just before one.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Distinct sample values, ascending.
    counts : ndarray of int, shape (..., n)
        How often each occurs in a sample; zero is allowed.
    percentiles : ndarray, shape (..., 101)
        One reference for each sample.

    Returns
    -------
    ndarray, shape (...)

    Examples
    --------
    >>> float(ks_distance(np.array([50.0]), np.array([3]), np.arange(101.0)))
    0.5
    """
    share = np.cumsum(counts, axis=-1)
    share = share / share[..., -1:]
    before = np.concatenate([np.zeros((*share.shape[:-1], 1)), share[..., :-1]], axis=-1)
    above = share - cumulative(percentiles, values, "right")
    below = cumulative(percentiles, values, "left") - before
    return np.maximum(above, below).max(axis=-1)


def resampled_distances(samples, percentiles, n_units, n_resamples, rng):
    """Distances between resampled cells and percentiles of as many units as were recorded.

    Parameters
    ----------
    samples : sequence of ndarray, shape (n_cells,)
        One a network. As many networks are drawn with replacement, then from each as many cells as it has.
    percentiles : ndarray, shape (101,)
    n_units : int
        Units behind the percentiles; that many are drawn from their quantile function.
    n_resamples : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (n_resamples,)
    """
    values, member = np.unique(np.concatenate(samples), return_inverse=True)
    members = np.split(member, np.cumsum([len(sample) for sample in samples])[:-1])
    distances = []
    for begin in range(0, n_resamples, rows := max(1, BLOCK // max(len(member), n_units))):
        n = min(rows, n_resamples - begin)
        counts = _resampled_counts(members, len(values), n, rng)
        units = quantile(percentiles, np.sort(rng.uniform(size=(n, n_units))))
        distances.append(ks_distance(values, counts, percentiles_of(units)))
    return np.concatenate(distances)


def _resampled_counts(members, n_values, n_resamples, rng):
    """How often each value occurs in each resample: shape (n_resamples, n_values)."""
    times = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), size=n_resamples)
    counts = np.zeros(n_resamples * n_values, dtype=np.int64)
    for member, drawn in zip(members, times.T, strict=True):
        resample = np.repeat(np.arange(n_resamples), drawn * len(member))
        chosen = member[rng.integers(0, len(member), len(resample))]
        counts += np.bincount(resample * n_values + chosen, minlength=len(counts))
    return counts.reshape(n_resamples, n_values)


class Similarity(NamedTuple):
    """1 - D with its 95 % interval, and what the interval is over."""

    similarity: float
    ci_low: float
    ci_high: float
    interval_over: str


def similarity(samples, percentiles, n_units, n_resamples, rng):
    """Similarity of the pooled cells of one or several networks to a distribution given by percentiles.

    Parameters
    ----------
    samples : sequence of ndarray, shape (n_cells,)
        One a network, none empty.
    percentiles, n_units, n_resamples, rng
        As for `resampled_distances`.

    Returns
    -------
    Similarity
        With the basic bootstrap interval within [0, 1]: from `LEAST_NETWORKS` networks on over networks and cells
        within them, else over the pooled cells, which leaves out how networks differ.

    Notes
    -----
    Resampling adds to D what the finite samples added to the estimate already; the basic interval reflects the
    resampled values about the estimate and so corrects for it, where percentiles of the resampled values would not. It
    can lie on one side of the estimate. Few networks show too little of their spread, so the limits over k networks
    move out from the middle by sqrt(k / (k - 1)) and by Student's over the normal quantile (Hesterberg 2015, The
    American Statistician 69:371). Where cells or units matter more than networks, they are then on the safe side.
    """
    over_networks = len(samples) >= LEAST_NETWORKS
    pooled = np.concatenate(samples)
    distance = float(ks_distance(*np.unique(pooled, return_counts=True), percentiles))
    groups = samples if over_networks else [pooled]
    resampled = resampled_distances(groups, percentiles, n_units, n_resamples, rng)
    tail = (1 - LEVEL) / 2
    near, middle, far = np.quantile(resampled, [tail, 0.5, 1 - tail])
    wider = t.ppf(tail, len(groups) - 1) / norm.ppf(tail) if over_networks else 1.0
    wider *= np.sqrt(len(groups) / (len(groups) - 1)) if over_networks else 1.0
    centre = 1 - (2 * distance - middle)
    low, high = np.clip([centre - wider * (middle - near), centre + wider * (far - middle)], 0, 1)
    return Similarity(1 - distance, low, high, NETWORKS if over_networks else CELLS)


def similarity_table(cells, percentiles, seed, n_resamples=1000):
    """Similarity of each cell type to the experiment, by metric.

    Parameters
    ----------
    cells : DataFrame
        One row a core cell: ``cell_type``, ``network`` and the columns of the selectivity table, not masked.
    percentiles : DataFrame
        As `analysis_shared.statistics.percentiles.read_percentiles` returns it.
    seed : int
        Each type and metric has its own stream, so one row does not depend on which others there are.
    n_resamples : int

    Returns
    -------
    DataFrame
        Columns ``cell_type metric n_networks n_cells n_units similarity ci_low ci_high interval_over in_summary``;
        ``n_networks`` have such cells, ``interval_over`` is networks or cells. Layer 5 subtypes are compared
        with the experimental L5_Exc and, like groups of fewer than ten cells or units, not in the summary; the subtypes
        together are the type L5_Exc, which is. Types the experiment lacks have no row; a type with no defined value has
        NaN.

    Raises
    ------
    ValueError
        If no cell type is among the recorded ones.
    """
    groups = dict(tuple(with_pooled_l5(mask_unresponsive(cells)).groupby("cell_type")))
    rows = []
    for cell_type in display_order(groups):
        for metric in METRICS:
            key = (reference_type(cell_type), metric.name)
            if key in percentiles.index:
                defined = groups[cell_type][["network", metric.column]].dropna()
                samples = [values.to_numpy() for _, values in defined.groupby("network")[metric.column]]
                rng = np.random.default_rng([seed, *f"{cell_type} {metric.name}".encode()])
                rows.append((cell_type, metric.name, *_row(cell_type, samples, percentiles.loc[key], n_resamples, rng)))
    if not rows:
        found, recorded = (", ".join(display_order(names)) for names in (groups, percentiles.index.levels[0]))
        raise ValueError(f"no cell type in common: core cells are {found or 'none'}; recordings are of {recorded}")
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))


def read_similarity(path):
    """Read a similarity table.

    Raises
    ------
    ValueError
        If a column is missing, holds other values than it should or there are no rows.
    """
    text, counts, numbers = TABLE_COLUMNS[:2], TABLE_COLUMNS[2:5], list(TABLE_COLUMNS[5:8])
    table = read_table(path, columns=TABLE_COLUMNS[8:], text=text, counts=counts, numeric=numbers)
    if table.empty:
        raise ValueError(f"{path}: no cell type in common with the recordings")
    outside = table[numbers].lt(0) | table[numbers].gt(1)
    if outside.to_numpy().any() or table["in_summary"].dtype != bool:
        raise ValueError(f"{path}: similarities between 0 and 1, and True or False in in_summary expected")
    if table.duplicated(list(text)).any():
        raise ValueError(f"{path}: a cell type and metric is there twice")
    return table


def _row(cell_type, samples, reference, n_resamples, rng):
    n_cells, n_units = sum(map(len, samples)), int(reference["n_units"])
    if n_cells == 0:
        return 0, 0, n_units, np.nan, np.nan, np.nan, np.nan, False
    values = reference[list(COLUMNS)].to_numpy(dtype=float)
    counted = min(n_cells, n_units) >= MINIMUM_SIZE and cell_type not in L5_SUBTYPES
    return len(samples), n_cells, n_units, *similarity(samples, values, n_units, n_resamples, rng), counted


def summary_medians(table):
    """Median similarity over the cell types that count, by metric.

    Parameters
    ----------
    table : DataFrame
        As `similarity_table` returns it.

    Returns
    -------
    DataFrame
        Indexed by metric: ``median`` and ``n_types``.
    """
    counted = table[table["in_summary"]].groupby("metric")["similarity"]
    return pd.DataFrame({"median": counted.median(), "n_types": counted.size()})


def interval_note(tables):
    """What the intervals of some tables are over, in words for a figure.

    Examples
    --------
    >>> interval_note([pd.DataFrame({"interval_over": ["cells", "cells"], "n_networks": [1, 1]})])
    'over cells'
    """
    rows = pd.concat(tables).dropna(subset=["interval_over"])
    over = set(rows["interval_over"])
    if over != {NETWORKS, CELLS}:
        return f"over {rows['n_networks'].max()} networks and their cells" if over == {NETWORKS} else "over cells"
    return f"over networks and their cells; over cells where fewer than {LEAST_NETWORKS} networks have them"
