"""Population activity by cell type, and its power spectrum."""

import numpy as np
import pandas as pd
from scipy.signal import welch

BIN_MS = 1.0
SEGMENT_BINS = 1000
SETTLING_MS = 200.0
SPAN_MS = 2000.0


def spectrum_window_ms(grey_ms, duration_ms):
    """Window of the spectra: from 200 ms after stimulus onset for 2 s, at most to the end of the recording.

    Raises
    ------
    ValueError
        If the recording ends before the window opens.

    Examples
    --------
    >>> spectrum_window_ms(500, 3000), spectrum_window_ms(500, 1500)
    ((700.0, 2700.0), (700.0, 1500.0))
    """
    start = grey_ms + SETTLING_MS
    stop = min(start + SPAN_MS, float(duration_ms))
    if stop - start < BIN_MS:
        raise ValueError(f"a recording of {duration_ms:g} ms ends before the spectra's window opens at {start:g} ms")
    return start, stop


def population_activity(times_ms, n_cells, window_ms):
    """Spikes per cell in 1 ms bins.

    Parameters
    ----------
    times_ms : ndarray, shape (n_spikes,)
        Spikes of all cells of the group.
    n_cells : int
        All cells of the group, whether they fired or not.
    window_ms : tuple of float

    Returns
    -------
    ndarray, shape (n_bins,), spikes per cell and ms

    Examples
    --------
    >>> population_activity(np.array([1.5, 1.6]), 4, (0, 3)).tolist()
    [0.0, 0.5, 0.0]
    """
    start, stop = window_ms
    n_bins = int((stop - start) // BIN_MS)
    counts, _ = np.histogram(times_ms, bins=n_bins, range=(start, start + n_bins * BIN_MS))
    return counts / n_cells


def power_spectrum(activity):
    """Power spectral density by Welch's method (Hann window, segments of 1 s or the whole, half overlapping).

    Parameters
    ----------
    activity : ndarray, shape (..., n_bins)
        In 1 ms bins.

    Returns
    -------
    frequencies_hz, density : ndarray
        `density` in the square of the activity's unit per Hz.
    """
    return welch(activity, fs=1000 / BIN_MS, nperseg=min(SEGMENT_BINS, activity.shape[-1]))


def spectra_by_type(node_ids, times_ms, cell_types, window_ms):
    """Power spectra of the population activity of each cell type.

    Parameters
    ----------
    node_ids, times_ms : ndarray, shape (n_spikes,)
    cell_types : Series
        Cell type of each cell of the groups, indexed by node id; spikes of other nodes are left out.
    window_ms : tuple of float

    Returns
    -------
    DataFrame
        Columns ``cell_type n_cells frequency_Hz power``; power in (spikes per cell and ms)^2 per Hz.
    """
    spike_types = cell_types.reindex(node_ids).to_numpy()
    tables = []
    for cell_type, n_cells in cell_types.value_counts(sort=False).items():
        activity = population_activity(times_ms[spike_types == cell_type], n_cells, window_ms)
        frequencies, density = power_spectrum(activity)
        columns = {"cell_type": cell_type, "n_cells": n_cells, "frequency_Hz": frequencies, "power": density}
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def mean_spectra(trials, cell_types, window_ms, highest_hz):
    """Power spectra of each cell type's population activity, averaged over trials.

    Parameters
    ----------
    trials : iterable of (node_ids, times_ms)
    cell_types : Series
        As `spectra_by_type` takes it.
    window_ms : tuple of float
    highest_hz : float
        Frequencies above are left out.

    Returns
    -------
    DataFrame
        Columns ``cell_type n_cells n_trials frequency_Hz power power_sem``; the standard error over trials is NaN for
        one trial.

    Raises
    ------
    ValueError
        If there are no trials.
    """
    sizes = cell_types.value_counts(sort=False)
    # Codes by node id: looking names up for each spike takes longer than all the rest.
    codes = np.full(cell_types.index.max() + 1, -1)
    codes[cell_types.index] = sizes.index.get_indexer(cell_types)
    powers = []
    for node_ids, times_ms in trials:
        known = node_ids < len(codes)
        spike_codes, known_ms = codes[node_ids[known]], times_ms[known]
        groups = (known_ms[spike_codes == code] for code in range(len(sizes)))
        activity = [population_activity(times, n, window_ms) for times, n in zip(groups, sizes, strict=True)]
        frequencies, density = power_spectrum(np.array(activity))
        powers.append(density)
    if not powers:
        raise ValueError("spectra need at least one trial")
    n_trials, kept = len(powers), frequencies <= highest_hz
    powers = np.array(powers)[..., kept]
    sem = powers.std(axis=0, ddof=1) / np.sqrt(n_trials) if n_trials > 1 else np.full(powers.shape[1:], np.nan)
    return pd.DataFrame(
        {
            "cell_type": np.repeat(sizes.index.to_numpy(), kept.sum()),
            "n_cells": np.repeat(sizes.to_numpy(), kept.sum()),
            "n_trials": n_trials,
            "frequency_Hz": np.tile(frequencies[kept], len(sizes)),
            "power": powers.mean(axis=0).ravel(),
            "power_sem": sem.ravel(),
        }
    )
