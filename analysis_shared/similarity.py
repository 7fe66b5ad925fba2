"""Similarity of model and experiment: one minus the Kolmogorov-Smirnov distance, with its uncertainty.

The experiment is known by percentiles. Its rates are those of all units. Its OSI and DSI come from fewer units (1,529
of 3,156). Their shares by cell type fit a draw from the units responding at 0.5 Hz or more (chi-squared over the types
with at least 60 units: p = 0.05), not a draw from all units (p = 3e-5). So they are taken as masked already, and the
model is masked at the same 0.5 Hz.
"""

import numpy as np
import pandas as pd

from analysis_shared.grouping import L5_SUBTYPES, display_order, reference_type, with_pooled_l5
from analysis_shared.metrics import METRICS, mask_unresponsive
from analysis_shared.percentiles import COLUMNS, cumulative, percentiles_of, quantile
from analysis_shared.reading import read_table

MINIMUM_SIZE = 10
"""Types with fewer cells or units are shown, but no summary counts them."""
CONFIDENCE = 0.95
TABLE_COLUMNS = ("cell_type", "metric", "n_cells", "n_units", "similarity", "ci_low", "ci_high", "in_summary")


def ks_distance(values, counts, percentiles):
    """Kolmogorov-Smirnov distance between a sample and a distribution given by percentiles.

    The sample's cumulative distribution F is a step function; that of the reference, G, is piecewise linear, with jumps
    where percentiles repeat. Between neighbouring jumps F is constant and G monotonic, so |F - G| is largest just
    before or at a jump of either; all sample values and percentiles are tried.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Distinct sample values, ascending.
    counts : ndarray of int, shape (n,)
        How often each occurs; zero is allowed.
    percentiles : ndarray, shape (101,)

    Returns
    -------
    float

    Examples
    --------
    >>> float(ks_distance(np.array([50.0]), np.array([3]), np.arange(101.0)))
    0.5
    """
    share = np.concatenate([[0.0], np.cumsum(counts) / np.sum(counts)])
    points = np.concatenate([values, percentiles])
    return max(
        np.abs(share[np.searchsorted(values, points, side=side)] - cumulative(percentiles, points, side)).max()
        for side in ("left", "right")
    )


def resampled_distances(sample, percentiles, n_units, n_resamples, rng):
    """Distances between resampled cells and percentiles of as many units as were recorded.

    Parameters
    ----------
    sample : ndarray, shape (n_cells,)
    percentiles : ndarray, shape (101,)
    n_units : int
        Units behind the percentiles; that many are drawn from their quantile function.
    n_resamples : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (n_resamples,)
    """
    values, member = np.unique(sample, return_inverse=True)
    distances = np.empty(n_resamples)
    for index in range(n_resamples):
        chosen = member[rng.integers(0, len(member), len(member))]
        units = quantile(percentiles, rng.uniform(size=n_units))
        distances[index] = ks_distance(values, np.bincount(chosen, minlength=len(values)), percentiles_of(units))
    return distances


def similarity(sample, percentiles, n_units, n_resamples, rng):
    """Similarity of a sample to a distribution given by percentiles, with a bootstrap interval.

    Parameters
    ----------
    As for `resampled_distances`.

    Returns
    -------
    estimate, low, high : float
        1 - D, and a basic 95 % bootstrap interval within [0, 1]. Resampling adds to D what the finite samples added to
        the estimate already; the basic interval reflects the resampled values about the estimate and so corrects for
        it, where percentiles of the resampled values would not. It can lie on one side of the estimate.
    """
    distance = ks_distance(*np.unique(sample, return_counts=True), percentiles)
    resampled = resampled_distances(sample, percentiles, n_units, n_resamples, rng)
    near, far = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    low, high = np.clip([1 - (2 * distance - near), 1 - (2 * distance - far)], 0, 1)
    return 1 - distance, low, high


def similarity_table(cells, percentiles, seed, n_resamples=1000):
    """Similarity of each cell type to the experiment, by metric.

    Parameters
    ----------
    cells : DataFrame
        One row a core cell: ``cell_type`` and the columns of the selectivity table, not masked.
    percentiles : DataFrame
        As `analysis_shared.percentiles.read_percentiles` returns it.
    seed : int
        Each type and metric has its own stream, so one row does not depend on which others there are.
    n_resamples : int

    Returns
    -------
    DataFrame
        Columns ``cell_type metric n_cells n_units similarity ci_low ci_high in_summary``. Layer 5 subtypes are compared
        with the experimental L5_Exc and, like groups of fewer than ten cells or units, not in the summary; the subtypes
        together are the type L5_Exc, which is. Types the experiment lacks have no row; a type with no defined value has
        NaN.
    """
    groups = dict(tuple(with_pooled_l5(mask_unresponsive(cells)).groupby("cell_type")))
    rows = []
    for cell_type in display_order(groups):
        for metric in METRICS:
            key = (reference_type(cell_type), metric.name)
            if key in percentiles.index:
                sample = groups[cell_type][metric.column].dropna().to_numpy()
                rng = np.random.default_rng([seed, *f"{cell_type} {metric.name}".encode()])
                rows.append((cell_type, metric.name, *_row(cell_type, sample, percentiles.loc[key], n_resamples, rng)))
    return pd.DataFrame(rows, columns=list(TABLE_COLUMNS))


def read_similarity(path):
    """Read a similarity table.

    Raises
    ------
    ValueError
        If a column is missing or there are no rows.
    """
    table = read_table(path)
    missing = [column for column in TABLE_COLUMNS if column not in table]
    if missing:
        raise ValueError(f"{path}: no column {', '.join(missing)}")
    if table.empty:
        raise ValueError(f"{path}: no cell type in common with the recordings")
    return table


def _row(cell_type, sample, reference, n_resamples, rng):
    n_units = int(reference["n_units"])
    if len(sample) == 0:
        return 0, n_units, np.nan, np.nan, np.nan, False
    values = reference[list(COLUMNS)].to_numpy(dtype=float)
    counted = min(len(sample), n_units) >= MINIMUM_SIZE and cell_type not in L5_SUBTYPES
    return len(sample), n_units, *similarity(sample, values, n_units, n_resamples, rng), counted


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
