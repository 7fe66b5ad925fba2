"""Population activity by cell type, and its power spectrum beside that of independent Poisson cells."""

import numpy as np
import pandas as pd
from scipy.signal import get_window, welch

from analysis_shared.statistics.intervals import mean_interval

BIN_MS = 1.0
SEGMENT_BINS = 1000
SETTLING_MS = 200.0
SPAN_MS = 2000.0
WINDOW = "hann"
LEAST_CELLS = 10
LEAST_SPIKES = 20
"""Spikes in a trial: with ten in a segment, counting noise widens the spread of a periodogram by a tenth only."""


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
    """Spikes per cell in 1 ms bins, each open on the left and closed on the right.

    Parameters
    ----------
    times_ms : ndarray, shape (n_spikes,)
        Spikes of all cells of the group.
    n_cells : int
        All cells of the group, whether they fired or not.
    window_ms : tuple of float
        (start, stop]; what is left of it after the last whole bin is left out.

    Returns
    -------
    ndarray, shape (n_bins,), spikes per cell and ms

    Examples
    --------
    >>> population_activity(np.array([0.0, 1.5, 2.0, 3.0]), 4, (0, 3)).tolist()
    [0.0, 0.5, 0.25]
    """
    start, stop = window_ms
    n_bins = int((stop - start) // BIN_MS)
    bins = np.ceil((np.asarray(times_ms) - start) / BIN_MS).astype(int) - 1
    return np.bincount(bins[(bins >= 0) & (bins < n_bins)], minlength=n_bins) / n_cells


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
    return welch(activity, fs=1000 / BIN_MS, window=WINDOW, nperseg=min(SEGMENT_BINS, activity.shape[-1]))


def white_level(rate_hz, n_cells, n_bins):
    """Power that `power_spectrum` finds, on average, in independent Poisson cells.

    Parameters
    ----------
    rate_hz : float
        Mean rate of the cells.
    n_cells : int
    n_bins : int
        Bins of the activity.

    Returns
    -------
    ndarray, shape (n_frequencies,)
        In (spikes per cell and ms)^2 per Hz: 2 r / (n f_s), one-sided, with r in spikes a bin and f_s the bins a
        second; less at the lowest frequencies, as each segment's mean is taken off, and half at 0 and f_s / 2.

    Examples
    --------
    >>> (white_level(5, 10, 2000)[[1, 2, 40]] * 1e6).round(6).tolist()
    [0.833333, 1.0, 1.0]
    """
    size = min(SEGMENT_BINS, n_bins)
    taper = get_window(WINDOW, size)
    kept = 1 - np.abs(np.fft.rfft(taper)) ** 2 / (size * np.square(taper).sum())
    sides = np.full(len(kept), 2.0)
    sides[0] = 1
    if size % 2 == 0:
        sides[-1] = 1
    per_bin = rate_hz * BIN_MS / 1000
    return sides * kept * per_bin / (n_cells * 1000 / BIN_MS)


LEAST_SAMPLES = 5
"""Trials or networks from which on a figure shows an interval."""
RELATIVE_LABEL = "Power relative\nto Poisson cells"


def too_few(n_cells, n_spikes, n_trials):
    """What a spectrum has too little of to tell synchrony from chance: ``cells``, ``spikes`` or, if enough, nothing.

    Examples
    --------
    >>> too_few(1, 500, 1), too_few(50, 39, 2), too_few(50, 40, 2)
    ('cells', 'spikes', '')
    """
    if n_cells < LEAST_CELLS:
        return "cells"
    return "spikes" if n_spikes < LEAST_SPIKES * n_trials else ""


def spectra_by_type(trials, cell_types, window_ms, highest_hz=np.inf):
    """Power spectra of each cell type's population activity, averaged over trials.

    Parameters
    ----------
    trials : iterable of (node_ids, times_ms)
        Spikes of each trial.
    cell_types : Series
        Cell type of each cell of the groups, indexed by node id; spikes of other nodes are left out.
    window_ms : tuple of float
    highest_hz : float
        Frequencies above are left out.

    Returns
    -------
    DataFrame
        Columns ``cell_type n_cells n_trials n_spikes frequency_Hz power white_level relative_power ci_low ci_high``:
        power in (spikes per cell and ms)^2 per Hz, and relative to that of as many independent Poisson cells of the
        same mean rate (`white_level`; 1 is asynchronous, NaN without spikes), with its t interval over trials, at
        least 0.

    Raises
    ------
    ValueError
        If there are no trials.
    """
    sizes = cell_types.value_counts(sort=False)
    activity = np.array([_activity_by_type(*spikes, cell_types, sizes, window_ms) for spikes in trials])
    if not len(activity):
        raise ValueError("spectra need at least one trial")
    n_trials, _, n_bins = activity.shape
    frequencies, powers = power_spectrum(activity)
    kept = frequencies <= highest_hz
    spikes = np.rint(activity.sum(axis=(0, 2)) * sizes.to_numpy()).astype(int)
    tables = []
    for index, (cell_type, n_cells) in enumerate(sizes.items()):
        rate_hz = spikes[index] / (n_cells * n_trials * n_bins * BIN_MS / 1000)
        level = white_level(rate_hz, n_cells, n_bins)[kept]
        power = powers[:, index, kept]
        columns = {"cell_type": cell_type, "n_cells": n_cells, "n_trials": n_trials, "n_spikes": spikes[index]}
        columns |= {"frequency_Hz": frequencies[kept], "power": power.mean(axis=0), "white_level": level}
        relative = power / np.where(level > 0, level, np.nan)
        columns |= dict(zip(("relative_power", "ci_low", "ci_high"), positive_intervals(relative), strict=True))
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def positive_intervals(values):
    """Mean over the first axis and its t interval, cut at 0: three arrays, NaN where undefined.

    Parameters
    ----------
    values : ndarray, shape (n, n_frequencies)
    """
    mean, low, high = np.array([mean_interval(sample)[:3] for sample in values.T]).reshape(-1, 3).T
    return mean, np.maximum(low, 0), high


def draw_relative_power(axes, spectrum, n_samples, **line):
    """A spectrum relative to independent Poisson cells, with a band for its interval from `LEAST_SAMPLES` on.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    spectrum : DataFrame
        With ``frequency_Hz relative_power ci_low ci_high``.
    n_samples : int
        Trials, or networks, that the interval is over; that of fewer is wider than the panel.
    **line
        Settings of ``Axes.plot``.
    """
    frequencies, power = spectrum["frequency_Hz"], spectrum["relative_power"]
    axes.plot(frequencies, power.where(power > 0), **line)
    if n_samples >= LEAST_SAMPLES:
        band = {"color": line["color"], "alpha": 0.18, "linewidth": 0}
        axes.fill_between(frequencies, spectrum["ci_low"], spectrum["ci_high"], **band)


def relative_limits(relative_power):
    """Limits of a logarithmic axis: the curves with some room, and at least the surroundings of 1.

    Examples
    --------
    >>> relative_limits(pd.Series([0.0, 0.8, 20.0, np.nan]))
    (0.3, 30.0)
    """
    shown = relative_power[relative_power > 0]
    return min(0.3, float(shown.min()) / 1.5), max(3.0, float(shown.max()) * 1.5)


def draw_asynchronous(axes):
    """The line at 1, where independent Poisson cells are."""
    axes.axhline(1, color="black", linewidth=0.6, linestyle=":", zorder=0.5)


def _activity_by_type(node_ids, times_ms, cell_types, sizes, window_ms):
    """Activity of each cell type in one trial: shape (n_types, n_bins)."""
    # Codes by node id: looking names up for each spike takes longer than all the rest.
    codes = np.full(cell_types.index.max() + 1, -1)
    codes[cell_types.index] = sizes.index.get_indexer(cell_types)
    known = node_ids < len(codes)
    spike_codes, known_ms = codes[node_ids[known]], times_ms[known]
    groups = (known_ms[spike_codes == code] for code in range(len(sizes)))
    return np.array([population_activity(times, n, window_ms) for times, n in zip(groups, sizes, strict=True)])
