"""Unbiased selectivity of groups of cells, beside what the noise that cells share makes of it without tuning.

Cells of a network see the same trials. What a trial does to all of them alike, a wave of activity for instance, is one
draw of noise and not one a cell: a mean over thousands of cells is then no surer than its few trials, and an interval
over cells is too narrow. Shuffling the responses of all cells together, as whole trials, keeps what they share.
"""

import numpy as np
import pandas as pd

from analysis_shared.cells.grouping import display_order
from analysis_shared.metrics.directions import covers_circle
from analysis_shared.metrics.tuning_summary import root_mean_square, signed_root
from analysis_shared.metrics.untuned import INDICES, unbiased_squares
from v1_files.random_streams import generator

N_SHUFFLES = 500
LIMITS = (0.025, 0.975)
COLUMNS = (
    *("cell_type", "metric", "n_cells", "n_trials", "unbiased", "unbiased_low", "unbiased_high"),
    *("shuffled_low", "shuffled_high", "p"),
)


def shuffled_places(strata: np.ndarray, n_trials: int, rng: np.random.Generator) -> np.ndarray:
    """Where each response comes from in a shuffle within strata.

    Parameters
    ----------
    strata : ndarray of int, shape (n_conditions,)
        Responses change places within conditions of the same number.
    n_trials : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (n_conditions * n_trials,)
    """
    stratum = np.repeat(np.asarray(strata), n_trials)
    places = np.arange(len(stratum))
    for value in np.unique(stratum):
        inside = np.flatnonzero(stratum == value)
        places[inside] = rng.permutation(inside)
    return places


def tuning_of_types(counts, directions_deg, strata, cell_types, seed, n_shuffles=N_SHUFFLES) -> pd.DataFrame:
    """Unbiased OSI and DSI of each cell type, and the values that shuffled trials give.

    Parameters
    ----------
    counts : ndarray of int, shape (n_conditions, n_trials, n_cells)
    directions_deg : ndarray, shape (n_conditions,), deg
    strata : ndarray of int, shape (n_conditions,)
        The same number for conditions that differ in their direction alone.
    cell_types : sequence of str, shape (n_cells,)
    seed : int
    n_shuffles : int

    Returns
    -------
    DataFrame
        Columns `COLUMNS`, a row for each type and index. ``unbiased`` is the root of the mean unbiased square with its
        interval over cells; ``shuffled_low shuffled_high`` hold 95 % of the values that shuffles of whole trials give;
        ``p`` is (1 + shuffles that reach the value found) / (1 + shuffles). NaN for a single trial, of which a shuffle
        says nothing, and if the directions do not cover the circle.

    Notes
    -----
    As of single cells, shuffling takes tuning for variability: of strongly tuned types the band is too wide.
    """
    cell_types, n_trials = np.asarray(cell_types), counts.shape[1]
    shuffles = n_shuffles if n_trials > 1 and covers_circle(directions_deg) else 0
    flat = counts.reshape(-1, counts.shape[2])
    found = unbiased_squares(counts, directions_deg)
    types = display_order(cell_types)
    members = [np.flatnonzero(cell_types == name) for name in types]
    drawn = np.full((len(INDICES), len(types), shuffles), np.nan)
    for shuffle in range(shuffles):
        places = shuffled_places(strata, n_trials, generator(seed, "shuffled_trials", shuffle))
        squares = unbiased_squares(flat[places].reshape(counts.shape), directions_deg)
        drawn[..., shuffle] = np.stack([_means(squares[:, member]) for member in members], axis=1)
    rows = []
    for index in reversed(range(len(INDICES))):
        for place, name in enumerate(types):
            root = root_mean_square(found[index, members[place]])
            band, p = (np.nan, np.nan), np.nan
            if shuffles and root.n:
                band = signed_root(np.nanquantile(drawn[index, place], LIMITS))
                p = (1 + (signed_root(drawn[index, place]) >= root.mean).sum()) / (1 + shuffles)
            rows.append((name, INDICES[index], root.n, n_trials, root.mean, root.low, root.high, *band, p))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _means(squares):
    """Mean over cells, shape (2,), of those that have a value."""
    known = np.isfinite(squares)
    return np.where(known, squares, 0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan)
