"""Spikes of the background units: one Bernoulli draw in each bin of the simulation's grid."""

import numpy as np

from v1_files.random_streams import generator

BIN_MS = 0.25


def background_spikes(seed, paradigm, condition, trial, units, rate_hz, duration_ms):
    """Draw one trial's background spikes.

    Parameters
    ----------
    seed : int
        The network's seed.
    paradigm, condition : str
    trial : int
    units : int
        Number of background units; their node ids are 0..units-1.
    rate_hz : float
        Mean rate of each unit.
    duration_ms : float
        A whole number of 0.25 ms bins.

    Returns
    -------
    node_ids : array of int, shape (n,)
    timestamps : array of float, shape (n,), ms
        Bin ends, so that each lies on NEST's grid and none is at 0; sorted by time, then node id.

    Raises
    ------
    ValueError
        When a number is out of range; the rate may not exceed one spike per bin.

    Notes
    -----
    The stream is ``generator(seed, "background_spikes", paradigm, condition, trial)``: a trial made alone equals the
    same trial made with others.
    """
    probability = rate_hz * BIN_MS / 1000.0
    bins = round(duration_ms / BIN_MS)
    if units < 1:
        raise ValueError(f"background needs at least one unit, got {units}")
    if not 0 <= probability <= 1:
        raise ValueError(f"background rate must be between 0 and {1000.0 / BIN_MS:g} Hz, got {rate_hz}")
    if bins < 1 or bins * BIN_MS != duration_ms:
        raise ValueError(f"duration must be a positive multiple of {BIN_MS} ms, got {duration_ms}")
    random = generator(seed, "background_spikes", paradigm, condition, trial)
    fired_bin, node_ids = np.nonzero(random.random((bins, units)) < probability)
    return node_ids, (fired_bin + 1) * BIN_MS
