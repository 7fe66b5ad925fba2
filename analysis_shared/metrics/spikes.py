"""Spikes of one trial: reading a SONATA file strictly, and counting spikes by node and window."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from v1_files.paradigms import window
from v1_files.reading import WHOLE_NUMBERS, child_groups, column, number_attribute, open_hdf5
from v1_files.sonata.attributes import check_attributes, check_sorting


def read_spikes(path, n_nodes, duration_ms, population="v1"):
    """Read the spikes of one trial, refusing anything that is not this network's and paradigm's.

    Parameters
    ----------
    path : path-like
        SONATA spikes file.
    n_nodes : int
        Number of nodes; ids must be below it.
    duration_ms : float
        Length of the recording (ms); no spike may lie outside [0, duration_ms].
    population : str
        SONATA population to read.

    Returns
    -------
    node_ids : ndarray of int64, shape (n_spikes,)
    times_ms : ndarray of float64, shape (n_spikes,)

    Raises
    ------
    ValueError
        Naming the file: if it is missing, unreadable or damaged, or holds another population, unknown nodes, another
        unit, or times outside the recording.
    """
    with open_hdf5(path, "spike file") as stream:
        group = _population(stream, path, population)
        node_ids = column(group, "node_ids", WHOLE_NUMBERS)[:].astype(np.int64)
        times_ms = column(group, "timestamps")[:].astype(np.float64)
        for name, expected in (("nodes", n_nodes), ("duration_ms", duration_ms)):
            # Noted by v1flow's own files; one of another engine may not say.
            noted = number_attribute(stream, name)
            if noted not in (None, expected):
                raise ValueError(f"{path}: {name} is {noted:g}, expected {expected:g}")
        _check_ranges(path, node_ids, times_ms, n_nodes, duration_ms)
        check_sorting(group, node_ids, times_ms)
    return node_ids, times_ms


def _population(stream, path, population):
    groups = child_groups(stream, "spikes")
    if population not in groups:
        raise ValueError(f"{path}: no population spikes/{population}, found {', '.join(groups) or 'none'}")
    check_attributes(groups[population])
    return groups[population]


def _check_ranges(path, node_ids, times_ms, n_nodes, duration_ms):
    if len(node_ids) != len(times_ms):
        raise ValueError(f"{path}: {len(node_ids)} node ids for {len(times_ms)} timestamps")
    if len(node_ids) and not (node_ids.min() >= 0 and node_ids.max() < n_nodes):
        raise ValueError(f"{path}: node ids {node_ids.min()}..{node_ids.max()}, expected 0..{n_nodes - 1}")
    if len(times_ms) and not (times_ms.min() >= 0 and times_ms.max() <= duration_ms):
        raise ValueError(f"{path}: spikes at {times_ms.min():g}..{times_ms.max():g} ms, expected 0..{duration_ms:g} ms")


def count_spikes(node_ids, times_ms, window_ms, n_nodes):
    """Count each node's spikes in a window.

    Parameters
    ----------
    node_ids, times_ms : ndarray, shape (n_spikes,)
    window_ms : tuple of float
        (start, stop]: a spike at start is outside, one at stop inside, so adjoining windows share no spike.
    n_nodes : int

    Returns
    -------
    ndarray of int64, shape (n_nodes,)

    Examples
    --------
    >>> count_spikes(np.array([0, 0, 2]), np.array([500.0, 500.1, 2500.0]), (500, 2500), 3).tolist()
    [1, 0, 1]
    """
    start, stop = window_ms
    inside = (times_ms > start) & (times_ms <= stop)
    return np.bincount(node_ids[inside], minlength=n_nodes)


def count_trials(paradigm: dict, spikes_dir: Path, n_nodes: int, windows: Sequence[str]) -> dict[str, list[np.ndarray]]:
    """Count the spikes of every condition and trial of a paradigm.

    Parameters
    ----------
    paradigm : dict
        As `v1_files.paradigms.read_paradigm` returns it.
    spikes_dir : pathlib.Path
        With a folder ``{condition}_trial{trial}`` for each trial, in it ``spikes.h5``.
    n_nodes : int
    windows : sequence of str
        Names of analysis windows.

    Returns
    -------
    dict
        By window, an array of int, shape (n_trials, n_nodes), for each condition in the paradigm's order.

    Raises
    ------
    ValueError
        As `read_spikes` does.
    """
    counts = {name: [] for name in windows}
    for condition in paradigm["conditions"]:
        for name in windows:
            counts[name].append(np.empty((condition["trials"], n_nodes), dtype=np.int32))
        for trial in range(condition["trials"]):
            path = spikes_dir / f"{condition['name']}_trial{trial}" / "spikes.h5"
            spikes = read_spikes(path, n_nodes, paradigm["duration_ms"])
            for name in windows:
                counts[name][-1][trial] = count_spikes(*spikes, window(paradigm, name), n_nodes)
    return counts
