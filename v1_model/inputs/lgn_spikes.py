"""LGN spikes: an inhomogeneous Poisson process for each cell, from its rate in steps of one frame."""

import numpy as np
from numba import njit

from v1_files.random_streams import fork, stream_key, uniform_at

PURPOSE = "lgn_spikes"


def lgn_spikes(seed, paradigm, condition, trial, rates, node_ids, step_ms=1.0):
    """Draw one trial's spikes.

    Parameters
    ----------
    seed : int
        The network's seed.
    paradigm, condition : str
    trial : int
    rates : array of float32, shape (cells, frames), Hz
        The rate of a frame holds until the next; the last frame ends the trial.
    node_ids : array of int, shape (cells,)
    step_ms : float
        Time between frames.

    Returns
    -------
    node_ids : array of int, shape (n,)
    timestamps : array of float, shape (n,), ms
        By cell, ascending within a cell.

    Raises
    ------
    ValueError
        When a rate is negative or not finite.

    Notes
    -----
    Unit-rate exponential intervals are laid along the integral of the rate (time rescaling; Brown et al. 2002,
    doi:10.1162/08997660252741149), so counts are exactly Poisson. Each cell has its own stream under the key of
    (seed, "lgn_spikes", paradigm, condition, trial): the other cells' rates do not matter to it.
    """
    rates = np.ascontiguousarray(rates, dtype=np.float32)
    if not (np.isfinite(rates).all() and (rates >= 0).all()):
        raise ValueError(f"rates of {paradigm} {condition} are negative or not finite")
    node_ids = np.asarray(node_ids, dtype=np.int64)
    key = stream_key(seed, PURPOSE, paradigm, condition, trial)
    counts = np.zeros(len(rates), dtype=np.int64)
    _draw(key, node_ids, rates, step_ms, counts, np.empty(0))
    times = np.empty(counts.sum())
    _draw(key, node_ids, rates, step_ms, counts, times)
    return np.repeat(node_ids, counts), times


@njit(nogil=True, cache=True)
def _draw(key, node_ids, rates, step_ms, counts, times):
    """Count the spikes of each cell and, where there is room, write their times one cell after another."""
    start = 0
    for cell in range(len(rates)):
        counts[cell] = _draw_cell(fork(key, node_ids[cell]), rates[cell], step_ms, times[start:])
        start += counts[cell]


@njit(nogil=True, cache=True)
def _draw_cell(key, rate, step_ms, times):
    count = 0
    passed = 0.0
    due = -np.log(uniform_at(key, 0))
    for frame in range(len(rate) - 1):
        expected = rate[frame] * step_ms / 1000.0
        while due < passed + expected:
            if count < len(times):
                times[count] = (frame + (due - passed) / expected) * step_ms
            count += 1
            due -= np.log(uniform_at(key, count))
        passed += expected
    return count
