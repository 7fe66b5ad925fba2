"""How much of a selectivity index is counting noise: unbiased estimates, expectations without tuning, and tests.

OSI, DSI and lifetime sparsity are lengths and spreads of what was counted, so noise only adds to them: two spikes in
one direction give an OSI of 1. Here are estimates of their squares without that bias, what they come to on average
where there is no tuning, and how often chance alone reaches what was found.
"""

import numpy as np
import pandas as pd
from numba import njit

from analysis_shared.metrics.directions import covers_circle
from v1_files.random_streams import fork, stream_key, uniform_at

N_DRAWS = 500
INDICES = ("DSI", "OSI")
MEASURES = (*INDICES, "lifetime_sparsity")
COLUMNS = (
    *(f"{name}_squared" for name in INDICES),
    *(f"{name}_untuned" for name in MEASURES),
    *(f"{name}_p" for name in INDICES),
    "responsive_untuned",
    *(f"{name}_untuned_responsive" for name in MEASURES),
)
_ROUNDING = 1e-9


def _weights(directions_deg):
    """Weight of each condition: conditions of one direction are averaged."""
    _, member, size = np.unique(directions_deg, return_inverse=True, return_counts=True)
    return 1 / size[member]


def _basis(directions_deg):
    """Rows that take responses by condition to their sum R and to the parts of z1 and z2, shape (5, n_conditions)."""
    theta = np.deg2rad(directions_deg)
    parts = [np.ones_like(theta), np.cos(theta), np.sin(theta), np.cos(2 * theta), np.sin(2 * theta)]
    return np.stack(parts) * _weights(directions_deg)


def _powers(sums):
    """R^2, |z1|^2 and |z2|^2 from the five rows, shape (3, ...)."""
    squares = np.square(sums)
    return np.stack([squares[0], squares[1] + squares[2], squares[3] + squares[4]])


def unbiased_squares(counts, directions_deg):
    """Unbiased estimates of the squares of DSI and OSI.

    With z_i the resultant of trial i over the directions and R_i its summed response, the estimate is the sum of
    z_i conj(z_j) over the sum of R_i R_j, both over i != j. Noise of different trials is independent, so it adds to
    neither, whatever its variance; without tuning the expectation is 0 (permuting the directions within a trial turns
    z_i, but not R_i). A single trial has no such products. There the estimate is (|z|^2 - N) / (N^2 - N) for N spikes,
    which is unbiased if counts are Poisson's, too high if they vary more and too low if they vary less.

    Parameters
    ----------
    counts : ndarray, shape (n_conditions, n_trials, n_cells)
    directions_deg : ndarray, shape (n_conditions,), deg
        Conditions that share a direction are averaged.

    Returns
    -------
    ndarray, shape (2, n_cells)
        Of DSI and of OSI. They may be negative, and exceed 1 where a trial has few spikes. NaN for cells that did not
        fire in two trials (of a single trial: twice), and everywhere if the directions do not cover the circle.

    Examples
    --------
    >>> counts = np.array([[2, 3], [0, 0], [0, 0], [0, 0]])[:, :, None]
    >>> unbiased_squares(counts, np.array([0.0, 90, 180, 270])).tolist()
    [[1.0], [1.0]]
    """
    n_trials = counts.shape[1]
    if not covers_circle(directions_deg):
        return np.full((2, counts.shape[2]), np.nan)
    by_trial = np.tensordot(_basis(directions_deg), counts.astype(float), axes=1)
    whole = _powers(by_trial.sum(axis=1))
    if n_trials > 1:
        same = _powers(by_trial).sum(axis=1)
    else:
        same = np.square(_weights(directions_deg)) @ counts[:, 0]
    pairs = whole - same
    defined = pairs[0] > _ROUNDING * whole[0]
    return pairs[1:] / np.where(defined, pairs[0], np.nan)


@njit(nogil=True, cache=True)
def _over_draws(responses, n_trials, bounds, basis, member, least_count, found, key, ids, n_draws):
    """Sums over the draws of one cell after the other, shape (n_cells, 9).

    Of each cell: the indices, the draws that reach DSI and OSI, the responsive draws, and the indices over those.
    """
    n_cells, n_responses = responses.shape
    out = np.zeros((n_cells, 9))
    counts, sums, by_direction = np.empty(n_responses), np.empty(len(member)), np.empty(member.max() + 1)
    for cell in range(n_cells):
        own = fork(key, ids[cell])
        counter = 0
        counts[:] = responses[cell]
        for _ in range(n_draws):
            counter = _redistribute(counts, n_trials, bounds, own, counter)
            for condition in range(len(sums)):
                sums[condition] = counts[condition * n_trials : (condition + 1) * n_trials].sum()
            dsi, osi, sparsity = _indices(sums, basis)
            by_direction[:] = 0
            for condition in range(len(sums)):
                by_direction[member[condition]] += basis[0, condition] * sums[condition]
            row = out[cell]
            row[0] += dsi
            row[1] += osi
            row[2] += sparsity
            row[3] += dsi >= found[cell, 0] - _ROUNDING
            row[4] += osi >= found[cell, 1] - _ROUNDING
            if by_direction.max() >= least_count * (1 - _ROUNDING):
                row[5] += 1
                row[6] += dsi
                row[7] += osi
                row[8] += sparsity
    return out


@njit(inline="always")
def _redistribute(counts, n_trials, bounds, key, counter):
    """Shuffle responses within their strata; those of a single trial are scattered spike by spike. Next counter."""
    for stratum in range(len(bounds) - 1):
        start, stop = bounds[stratum], bounds[stratum + 1]
        if n_trials > 1:
            for last in range(stop - 1, start, -1):
                other = start + int(uniform_at(key, counter) * (last + 1 - start))
                counter += 1
                counts[last], counts[other] = counts[other], counts[last]
        else:
            spikes = int(counts[start:stop].sum())
            counts[start:stop] = 0
            for _ in range(spikes):
                counts[start + int(uniform_at(key, counter) * (stop - start))] += 1
                counter += 1
    return counter


@njit
def _indices(sums, basis):
    """DSI, OSI and lifetime sparsity of counts by condition."""
    mean, power, n = sums.mean(), np.square(sums).mean(), len(sums)
    if mean == 0:
        return np.nan, np.nan, np.nan
    parts = np.zeros(5)
    for row in range(5):
        for condition in range(n):
            parts[row] += basis[row, condition] * sums[condition]
    dsi, osi = np.hypot(parts[1], parts[2]) / parts[0], np.hypot(parts[3], parts[4]) / parts[0]
    return dsi, osi, (1 - mean * mean / power) / (1 - 1 / n)


def untuned_table(counts, directions_deg, strata, seed, least_count=0.0, n_draws=N_DRAWS):
    """What each cell's indices come to without tuning, and how often chance reaches those found.

    With several trials, a cell's single responses are shuffled among all directions and trials, which keeps their
    variability, whatever it is (the counts of many cells of the model vary less than Poisson's). With one trial that
    would leave a response to one direction alone as selective as it is, so there the spikes are scattered over the
    directions: Poisson counts are assumed. Conditions that differ in more than the direction are not mixed.

    Parameters
    ----------
    counts : ndarray of int, shape (n_conditions, n_trials, n_cells)
    directions_deg : ndarray, shape (n_conditions,), deg
    strata : ndarray of int, shape (n_conditions,)
        The same number for conditions that differ in their direction alone.
    seed : int
        Each cell has a stream of its own, by its place.
    least_count : float
        Spikes over the trials of the best direction from which on a cell counts as responsive.
    n_draws : int

    Returns
    -------
    DataFrame
        One row a cell. ``DSI_squared OSI_squared`` from `unbiased_squares`; ``DSI_untuned OSI_untuned
        lifetime_sparsity_untuned``, means over the draws; ``DSI_p OSI_p``, (1 + draws that reach the index found) /
        (1 + draws); ``responsive_untuned``, the share of draws in which the cell would count as responsive, and
        ``DSI_untuned_responsive OSI_untuned_responsive lifetime_sparsity_untuned_responsive``, means over those draws.
        NaN for silent cells, and everywhere if the directions do not cover the circle.

    Notes
    -----
    Shuffling takes any tuning of the cell for variability. So of strongly tuned cells the expectations are upper
    limits, and tuning to orientation makes the p of DSI larger than it had to be, never smaller.
    """
    if not covers_circle(directions_deg):
        return pd.DataFrame(np.full((counts.shape[2], len(COLUMNS)), np.nan), columns=list(COLUMNS))
    order = np.argsort(strata, kind="stable")
    counts, directions = counts[order], np.asarray(directions_deg)[order]
    n_conditions, n_trials, n_cells = counts.shape
    bounds = n_trials * np.searchsorted(np.asarray(strata)[order], np.arange(np.max(strata) + 2))
    basis, member = _basis(directions), np.unique(directions, return_inverse=True)[1]
    responses = np.ascontiguousarray(counts.reshape(n_conditions * n_trials, n_cells).T, dtype=float)
    powers = _powers(basis @ counts.sum(axis=1))
    found = np.sqrt(powers[1:] / np.where(powers[0] > 0, powers[0], np.nan))
    key, ids = stream_key(seed, "untuned"), np.arange(n_cells)
    sums = _over_draws(
        *(responses, n_trials, bounds, basis, member, float(least_count)), found.T.copy(), key, ids, n_draws
    ).T
    sums = np.where(np.isnan(found[0]), np.nan, sums)
    n_responsive = np.where(sums[5] > 0, sums[5], np.nan)
    squares = unbiased_squares(counts, directions)
    values = [*squares, *sums[:3] / n_draws, *(1 + sums[3:5]) / (1 + n_draws), sums[5] / n_draws]
    return pd.DataFrame(dict(zip(COLUMNS, [*values, *sums[6:] / n_responsive], strict=True)))
