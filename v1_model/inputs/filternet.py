"""Firing rates of the LGN for a movie, all cells at once.

The movie is projected onto the fields by matrix products, one tile of the screen at a time, the projections are
convolved with the temporal kernels by FFT, and each unit's result is rectified and added to its cell. Nothing here
knows what the movie shows. :func:`stock_rates` has BMTK evaluate the same config instead.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
from scipy import fft
from threadpoolctl import threadpool_limits

from v1_files.files import whole_file
from v1_model.inputs.lgn_kernels import KERNEL_MS, field_profile, temporal_kernels

TILE_PIXELS = 8
SIZE_CLASS_PIXELS = 3.0
UNITS_AT_ONCE = 256
BLOCK_FRAMES = 128


def firing_rates(units, movie, threads=1, progress=None):
    """Rates of LGN cells for a movie.

    Parameters
    ----------
    units : Units
        From :func:`v1_model.inputs.lgn_kernels.make_units`.
    movie : Movie
    threads : int
        Changes the time taken, not the result.
    progress : callable, optional
        Takes the iterable of tiles' results and their number, returns an iterable of the same.

    Returns
    -------
    array of float32, shape (cells, frames), Hz
        Cells in order of the table the units were made from.

    Raises
    ------
    ValueError
        When a field lies wholly outside the screen.
    """
    frames = len(movie.data)
    rates = np.zeros((int(units.cell.max(initial=-1)) + 1, frames), dtype=np.float32)
    pixels = _pixels_by_time(movie.data)
    tiles = tile_units(units, movie)
    # One BLAS thread a tile: the order of each sum is then the same however many tiles run side by side.
    with threadpool_limits(limits=1), ThreadPoolExecutor(threads) as pool:
        results = pool.map(lambda rows: _tile_rates(units.rows(rows), movie, pixels), tiles)
        for rows, tile_rates in zip(tiles, progress(results, len(tiles)) if progress else results, strict=True):
            # A cell's units may share a tile, where a plain += would keep one of them.
            np.add.at(rates, units.cell[rows], tile_rates)
    return rates


def tile_units(units, movie):
    """Groups of units that see nearly the same pixels.

    Returns
    -------
    list of array of int
        Rows of units, each in one group; by place on the screen and size of the field.
    """
    pitch_x, pitch_y = movie.column_deg[1] - movie.column_deg[0], movie.row_deg[1] - movie.row_deg[0]
    place_x = np.floor((units.x - movie.column_deg[0]) / pitch_x / TILE_PIXELS).astype(int)
    place_y = np.floor((units.y - movie.row_deg[0]) / pitch_y / TILE_PIXELS).astype(int)
    size_class = np.floor(4.0 * units.sd / min(pitch_x, pitch_y) / SIZE_CLASS_PIXELS).astype(int)
    keys = np.stack([place_y, place_x, size_class], axis=1)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(group.ravel()[order])) + 1) if len(order) else []
    return [part for rows in groups for part in np.array_split(rows, -(-len(rows) // UNITS_AT_ONCE))]


def stock_rates(config, nodes_population="lgn"):
    """Rates as BMTK evaluates a config, cell by cell.

    Parameters
    ----------
    config : str or path-like
        SONATA config with one movie as input and the LGN's nodes.
    nodes_population : str

    Returns
    -------
    array of float32, shape (cells, frames), Hz
        Cells in ascending order of node id.
    """
    from bmtk.simulator import filternet  # its import takes seconds that only this engine needs

    with tempfile.TemporaryDirectory() as folder:
        settings = filternet.Config.from_json(os.fspath(config))
        settings.output_dir, settings.output = folder, {"rates_h5": str(Path(folder) / "rates.h5")}
        network = filternet.FilterNetwork.from_config(settings)
        filternet.FilterSimulator.from_config(settings, network).run()
        with h5py.File(Path(folder) / "rates.h5", "r") as file:
            return file[f"firing_rates/{nodes_population}/firing_rates_Hz"][:].T.astype(np.float32)


def write_rates(path, rates, time_ms, node_ids, attributes=None):
    """Write the rates of a condition.

    Parameters
    ----------
    path : str or path-like
        HDF5: ``firing_rates_Hz`` (frames × cells, float32), ``time`` (ms), ``node_ids``.
    rates : array of float32, shape (cells, frames), Hz
    time_ms : array of float, shape (frames,)
    node_ids : array of int, shape (cells,)
    attributes : dict, optional
        Attributes of the file.
    """
    with whole_file(path) as temporary, h5py.File(temporary, "w") as file:
        for key, value in (attributes or {}).items():
            file.attrs[key] = value
        file.create_dataset("firing_rates_Hz", data=np.ascontiguousarray(rates.T, dtype=np.float32))
        file["firing_rates_Hz"].attrs["units"] = "Hz"
        file["time"] = np.asarray(time_ms, dtype=np.float64)
        file["time"].attrs["units"] = "ms"
        file["node_ids"] = np.asarray(node_ids, dtype=np.uint64)


def _pixels_by_time(data):
    """Movie as float32, shape (rows, columns, frames): a field then reads its pixels as whole time courses."""
    pixels = np.empty((*data.shape[1:], len(data)), dtype=np.float32)
    for start in range(0, len(data), BLOCK_FRAMES):
        block = data[start : start + BLOCK_FRAMES]
        pixels[:, :, start : start + len(block)] = np.moveaxis(block, 0, -1)
    return pixels


def _tile_rates(units, movie, pixels):
    fields, rows, columns = _fields(units, movie)
    seen = pixels[rows, columns].reshape(fields.shape[1], -1)
    linear = _convolve(fields @ seen, _sampled_kernels(units, movie.frame_rate_hz))
    linear += units.offset_hz[:, None].astype(np.float32)
    return np.maximum(linear, 0.0, out=linear)


def _fields(units, movie):
    """Fields of some units on the smallest window that holds them: (n, pixels) float32, row slice, column slice."""
    down = field_profile(units.y, units.sd, movie.row_deg)
    across = field_profile(units.x, units.sd, movie.column_deg)
    total = down.sum(axis=1) * across.sum(axis=1)
    if not np.all(total > 0):
        lost = np.flatnonzero(~(total > 0))[0]
        raise ValueError(f"an LGN field at ({units.x[lost]:.1f}, {units.y[lost]:.1f}) deg lies outside the screen")
    rows, columns = _extent(down), _extent(across)
    weight = (units.amplitude / total)[:, None, None]
    fields = weight * down[:, rows, None] * across[:, None, columns]
    return fields.reshape(len(units), -1).astype(np.float32), rows, columns


def _extent(profiles):
    used = np.flatnonzero(profiles.any(axis=0))
    return slice(used[0], used[-1] + 1)


def _sampled_kernels(units, frame_rate_hz):
    """Temporal kernels at the movie's frame rate, per frame; the kernels themselves are per millisecond."""
    kernels = temporal_kernels(units.shape, units.delay_ms)
    if frame_rate_hz == 1000.0:
        return kernels
    time_ms = np.arange(0, kernels.shape[1], 1000.0 / frame_rate_hz)
    ends = KERNEL_MS + units.delay_ms[:, 0]
    sampled = [np.interp(time_ms, np.arange(end), row[:end], right=0.0) for row, end in zip(kernels, ends, strict=True)]
    return np.array(sampled) * (1000.0 / frame_rate_hz)


def _convolve(signals, kernels):
    """Causal convolution along time, nothing before the first frame; float32, shape of the signals."""
    frames = signals.shape[1]
    kernels = kernels[:, :frames].astype(np.float32)
    size = fft.next_fast_len(frames + kernels.shape[1] - 1, real=True)
    spectrum = fft.rfft(signals, size, axis=1)
    spectrum *= fft.rfft(kernels, size, axis=1)
    return fft.irfft(spectrum, size, axis=1, overwrite_x=True)[:, :frames]
