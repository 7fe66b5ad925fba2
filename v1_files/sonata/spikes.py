"""SONATA spike files: written sorted by time, read back checked."""

import h5py
import numpy as np

from v1_files.files import whole_file
from v1_files.reading import NUMBERS, WHOLE_NUMBERS, child_groups, column, number_attribute, open_hdf5
from v1_files.sonata.attributes import MAGIC, VERSION, check_attributes, check_sorting

_SORTING = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1")


def write_spikes(path, population, node_ids, timestamps, attributes=None):
    """Write the spikes of one population.

    Parameters
    ----------
    path : str or path-like
    population : str
    node_ids : array of int, shape (n,)
    timestamps : array of float, shape (n,), ms
    attributes : dict, optional
        Attributes of the file, such as the seed and the keys of the stream the spikes were drawn from.

    Raises
    ------
    ValueError
        When the arrays differ in length, or hold negative ids, or times that are negative or not finite.

    Notes
    -----
    Spikes at one time are in order of node id, so equal spikes make equal files.
    """
    node_ids, timestamps = np.asarray(node_ids), np.asarray(timestamps, dtype=np.float64)
    _check(path, population, node_ids, timestamps)
    order = np.lexsort((node_ids, timestamps))
    with whole_file(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["magic"], file.attrs["version"] = np.uint32(MAGIC), np.array(VERSION, dtype=np.uint32)
        for key, value in (attributes or {}).items():
            file.attrs[key] = value
        group = file.create_group(f"spikes/{population}")
        group.attrs.create("sorting", 2, dtype=_SORTING)
        group["node_ids"] = node_ids[order].astype(np.uint64)
        group["timestamps"] = timestamps[order]
        group["timestamps"].attrs["units"] = "ms"
        # libsonata takes the enum on the group, BMTK only this string.
        group["node_ids"].attrs["sorting"] = "by_time"


def read_spikes(path, population):
    """Read the spikes of one population.

    Parameters
    ----------
    path : str or path-like
    population : str

    Returns
    -------
    node_ids : array of uint64, shape (n,)
    timestamps : array of float, shape (n,), ms
        In the order of the file.

    Raises
    ------
    ValueError
        When the file is missing, not HDF5 or damaged, lacks the population, its times are negative or not finite, or
        it is of another version, unit or order than it must be.
    """
    with open_hdf5(path, "spike file") as file:
        populations = child_groups(file, "spikes")
        if population not in populations:
            raise ValueError(f"{path}: no spikes of population '{population}', found {list(populations) or 'none'}")
        group = populations[population]
        check_attributes(group)
        node_ids, timestamps = column(group, "node_ids", WHOLE_NUMBERS)[:], column(group, "timestamps", NUMBERS)[:]
        _check(path, population, node_ids, timestamps)
        check_sorting(group, node_ids, timestamps)
    return node_ids, timestamps


def read_spikes_duration(path):
    """Length (ms) of the recording that a spike file notes in ``duration_ms``, None where it does not."""
    with open_hdf5(path, "spike file") as file:
        return number_attribute(file, "duration_ms")


def _check(path, population, node_ids, timestamps):
    if node_ids.ndim != 1 or node_ids.shape != timestamps.shape:
        raise ValueError(
            f"{path}: {population} has node_ids of shape {node_ids.shape} and timestamps of shape {timestamps.shape}"
        )
    if node_ids.size and node_ids.min() < 0:
        raise ValueError(f"{path}: {population} has a negative node id, {node_ids.min()}")
    bad = ~(np.isfinite(timestamps) & (timestamps >= 0))
    if bad.any():
        raise ValueError(
            f"{path}: {population} has {bad.sum()} spike times that are negative or not finite, "
            f"the first is {timestamps[bad][0]} ms at spike {np.flatnonzero(bad)[0]}"
        )
