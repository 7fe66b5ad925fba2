"""LGN cells as linear-nonlinear units: where each looks, how it weighs time, what it does with the sum.

A cell is one unit or two (two-subfield cells), and its rate is the sum over its units of ``max(0, linear + offset)``.
The kernels equal those of BMTK's FilterNet (Gaussian field in space, two cosine bumps in time; Billeh et al. 2020,
Durand et al. 2016), made for all units at once instead of cell by cell; tests hold them against BMTK's own objects.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from bmtk.simulator.filternet.lgnmodel.cellmetrics import get_data_metrics_for_each_subclass

from v1_files.reading import WHOLE_NUMBERS, child_groups, column, open_hdf5, read_table
from v1_files.sonata.attributes import check_attributes, check_groups

KERNEL_MS = 600
_SIZE_PER_SD = 3.0
_BUMP_OFFSET_MS = 0.3
_BUMP_LOG_WIDTH = np.log((200 + _BUMP_OFFSET_MS) / (100 + _BUMP_OFFSET_MS))
_SHAPE = ("weight_{}_0", "weight_{}_1", "kpeaks_{}_0", "kpeaks_{}_1", "delay_{}_0", "delay_{}_1")


@dataclass(frozen=True)
class TwoSubfields:
    """Constants of a class with an OFF (dominant) and an ON (non-dominant) subfield, as in FilterNet.

    Zero crossings in ms after the stimulus, rates in Hz.
    """

    off_crossing_ms: float
    on_crossing_ms: float
    spontaneous_hz: float
    peak_off_hz: float
    peak_on_hz: float
    off_scale: float


TWO_SUBFIELDS = {
    "sONsOFF": TwoSubfields(115.0, 121.0, 4.0, 35.0, 21.0, 1.0),
    "sONtOFF": TwoSubfields(64.8, 93.5, 5.5, 46.0, 31.0, 0.7),
}


@dataclass(frozen=True)
class Units:
    """Linear-nonlinear units, one row each.

    Attributes
    ----------
    cell : array of int, shape (n,)
        Row of the unit's cell in the table of cells.
    x, y, sd : array of float, shape (n,), deg
        Centre and standard deviation of the field.
    shape : array of float, shape (n, 4)
        Two weights, two peaks (ms) of the temporal kernel.
    delay_ms : array of int, shape (n, 2)
    amplitude, offset_hz : array of float, shape (n,)
    """

    cell: np.ndarray
    x: np.ndarray
    y: np.ndarray
    sd: np.ndarray
    shape: np.ndarray
    delay_ms: np.ndarray
    amplitude: np.ndarray
    offset_hz: np.ndarray

    def __len__(self):
        return len(self.cell)

    def rows(self, index):
        """Units of some rows."""
        return Units(**{name: getattr(self, name)[index] for name in self.__dataclass_fields__})


def read_lgn_cells(nodes_file, node_types_file, population="lgn"):
    """Table of the LGN cells of a SONATA population.

    Parameters
    ----------
    nodes_file, node_types_file : str or path-like
    population : str

    Returns
    -------
    pandas.DataFrame
        A row each cell in ascending order of node id, its index: ``model_id`` and the numeric node attributes.

    Raises
    ------
    ValueError
        When a file is damaged, the population, an attribute or a node type is missing, columns differ in length, an id
        is there twice, or a template is not ``lgnmodel:<model id>``.
    """
    types = read_table(node_types_file, columns=["model_template"], finite=["node_type_id"], key="node_type_id")
    types = types.set_index("node_type_id")
    with open_hdf5(nodes_file) as file:
        nodes = child_groups(file, "nodes").get(population)
        attributes = child_groups(file, f"nodes/{population}").get("0")
        if nodes is None or attributes is None:
            raise ValueError(f"{nodes_file}: no group nodes/{population}/0")
        check_attributes(nodes)
        names = ("node_id", "node_type_id", "node_group_index")
        ids, type_ids, row = (column(nodes, name, WHOLE_NUMBERS)[:] for name in names)
        check_groups(nodes)
        columns = {name: column(attributes, name)[:] for name in attributes}
    lengths = {len(ids), len(type_ids), len(row), *map(len, columns.values())}
    if len(lengths) > 1 or len(np.unique(ids)) != len(ids) or (len(row) and not 0 <= row.min() <= row.max() < len(row)):
        raise ValueError(f"{nodes_file}: nodes/{population} has columns of different length, or repeated node ids")
    columns = {name: values[row] for name, values in columns.items()}
    cells = pd.DataFrame(columns, index=pd.Index(ids, name="node_id"))
    unknown = set(type_ids.tolist()) - set(types.index)
    if unknown:
        raise ValueError(f"{node_types_file}: no node type {min(unknown)}, which {nodes_file} uses")
    template = types["model_template"].loc[type_ids].to_numpy(dtype=str)
    wrong = ~np.char.startswith(template, "lgnmodel:")
    if wrong.any():
        raise ValueError(f"{node_types_file}: model_template must be 'lgnmodel:<model id>', got '{template[wrong][0]}'")
    return cells.assign(model_id=np.char.partition(template, ":")[:, 2]).sort_index()


def make_units(cells):
    """Units of a table of cells.

    Parameters
    ----------
    cells : pandas.DataFrame
        From :func:`read_lgn_cells`.

    Returns
    -------
    Units

    Raises
    ------
    ValueError
        For an unknown model id or values that FilterNet does not take, naming the column and the node id.
    """
    family = cells["model_id"].str.split("_").str[0]
    parts = [
        _two_subfield_units(cells, np.flatnonzero(family == name), constants)
        for name, constants in TWO_SUBFIELDS.items()
    ]
    single = np.flatnonzero(~family.isin(list(TWO_SUBFIELDS)))
    parts.append(_single_field_units(cells, single))
    return Units(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in Units.__dataclass_fields__}
    )


def temporal_kernels(shape, delay_ms):
    """Temporal kernels, sampled each ms from the present backwards.

    Parameters
    ----------
    shape : array of float, shape (n, 4)
    delay_ms : array of int, shape (n, 2)

    Returns
    -------
    array of float, shape (n, 600 + longest first delay)

    Notes
    -----
    Each bump is a raised cosine in log time on 1..600 ms, delayed and scaled to unit norm. A kernel ends 600 ms after
    its first delay, and the second bump is cut there before it is scaled.
    """
    log_time = np.log(np.arange(1, KERNEL_MS + 1) + _BUMP_OFFSET_MS)
    length = KERNEL_MS + int(delay_ms[:, 0].max(initial=0))
    kernels = np.zeros((len(shape), length))
    for bump in (0, 1):
        phase = (log_time - np.log(shape[:, 2 + bump, None])) * (np.pi / (2 * _BUMP_LOG_WIDTH))
        curve = (np.cos(np.clip(phase, -np.pi, np.pi)) + 1) / 2
        lag = np.arange(length)[None, :] - delay_ms[:, bump, None]
        inside = (lag >= 0) & (lag < KERNEL_MS) & (np.arange(length) < KERNEL_MS + delay_ms[:, :1])
        curve = np.where(inside, np.take_along_axis(curve, np.clip(lag, 0, KERNEL_MS - 1), axis=1), 0.0)
        kernels += shape[:, bump, None] * curve / np.sqrt((curve**2).sum(axis=1, keepdims=True))
    return kernels


def field_profile(centre_deg, sd_deg, axis_deg):
    """One-dimensional Gaussian profiles on the pixels of a screen; a field is the product of two.

    Parameters
    ----------
    centre_deg, sd_deg : array of float, shape (n,)
    axis_deg : array of float, shape (pixels,)
        Evenly spaced.

    Returns
    -------
    array of float, shape (n, pixels)
        Not normalised; zero outside the field.

    Notes
    -----
    FilterNet blurs the middle of the screen with a Gaussian cut at 4 SD and moves the result with linear interpolation,
    so a profile is the interpolation between two pixels of that blurred middle.
    """
    pixels, pitch = len(axis_deg), axis_deg[1] - axis_deg[0]
    sd = (sd_deg / pitch)[:, None]
    reach = np.floor(4.0 * sd + 0.5)
    shift = (axis_deg[0] + axis_deg[-1]) / 2 / pitch - centre_deg / pitch
    whole = np.floor(shift).astype(int)
    fraction = (shift - whole)[:, None]

    def middle(position):
        blurred = np.zeros(position.shape)
        for pixel in {(pixels - 1) // 2, pixels // 2}:
            lag = position - pixel
            blurred += np.where(np.abs(lag) <= reach, np.exp(-0.5 * (lag / sd) ** 2), 0.0)
        return np.where((position >= 0) & (position < pixels), blurred, 0.0)

    values = middle(np.arange(pixels + 1)[None, :] + whole[:, None])
    return (1 - fraction) * values[:, :-1] + fraction * values[:, 1:]


def _single_field_units(cells, rows):
    _check_values(cells, rows, "dom")
    chosen = cells.iloc[rows]
    table = {name: _class_constants(name) for name in chosen["model_id"].unique()}
    sign, spontaneous = (np.array([table[name][i] for name in chosen["model_id"]], dtype=float) for i in (0, 1))
    parameters = chosen[[name.format("dom") for name in _SHAPE]].to_numpy(float)
    position = chosen[["x", "y", "spatial_size"]].to_numpy(float)
    delay = parameters[:, 4:].astype(int)
    return Units(rows, *position[:, :2].T, position[:, 2] / _SIZE_PER_SD, parameters[:, :4], delay, sign, spontaneous)


def _two_subfield_units(cells, rows, constants):
    for tag in ("dom", "non_dom"):
        _check_values(cells, rows, tag, ("tuning_angle", "sf_sep"))
    chosen = cells.iloc[rows]
    off_shape, off_delay, off_sum = _aligned(chosen, "dom", constants.off_crossing_ms)
    on_shape, on_delay, on_sum = _aligned(chosen, "non_dom", constants.on_crossing_ms)
    peak_ratio = constants.peak_off_hz / constants.peak_on_hz
    excess = constants.spontaneous_hz * (constants.peak_off_hz - constants.peak_on_hz) / constants.peak_on_hz
    off_amplitude = -(constants.off_scale * peak_ratio * on_sum + excess) / off_sum
    x, y, size, angle, separation = chosen[["x", "y", "spatial_size", "tuning_angle", "sf_sep"]].to_numpy(float).T
    on_x, on_y = x + separation * np.cos(np.deg2rad(angle)), y + separation * np.sin(np.deg2rad(angle))
    return Units(
        cell=np.tile(rows, 2),
        x=np.concatenate([x, on_x]),
        y=np.concatenate([y, on_y]),
        sd=np.tile(size / _SIZE_PER_SD, 2),
        shape=np.concatenate([off_shape, on_shape]),
        delay_ms=np.concatenate([off_delay, on_delay]),
        amplitude=np.concatenate([off_amplitude, np.ones(len(rows))]),
        offset_hz=np.full(2 * len(rows), 0.5 * constants.spontaneous_hz),
    )


def _aligned(cells, tag, crossing_ms):
    """Shapes, delays that put the kernels' zero crossing at a given time, and the sums of their positive phase."""
    parameters = cells[[name.format(tag) for name in _SHAPE]].to_numpy(float)
    kernels = temporal_kernels(parameters[:, :4], parameters[:, 4:].astype(int))[:, :KERNEL_MS]
    falls = (kernels[:, :-1] >= 0) & (kernels[:, 1:] < 0)
    falls &= np.arange(KERNEL_MS - 1) >= kernels.argmax(axis=1)[:, None]
    crossing = falls.argmax(axis=1) + 1
    late = ~falls.any(axis=1) | (crossing > crossing_ms)
    if late.any():
        node = cells.index[late][0]
        raise ValueError(f"LGN node {node}: its {tag} kernel does not turn negative within {crossing_ms:g} ms")
    positive = np.where(np.arange(KERNEL_MS) < crossing[:, None], kernels, 0.0).sum(axis=1)
    delay = (parameters[:, 4:] + (crossing_ms - crossing)[:, None]).astype(int)
    return parameters[:, :4], delay, positive


def _class_constants(model_id):
    """Sign and spontaneous rate (Hz) of a class such as sON_TF4, from the recordings that come with BMTK."""
    family, _, frequency = model_id.partition("_")
    if family not in ("sON", "sOFF", "tON", "tOFF"):
        raise ValueError(
            f"unknown LGN model '{model_id}', expected <sON|sOFF|tON|tOFF>_TF<n>, {', '.join(TWO_SUBFIELDS)}"
        )
    try:
        measured = get_data_metrics_for_each_subclass(family)[frequency or "TF8"]
    except (KeyError, OSError) as error:
        raise ValueError(f"BMTK has no recordings for the LGN model '{model_id}'") from error
    return (1.0 if family.endswith("ON") else -1.0), float(measured["spont_exp"][0])


def _check_values(cells, rows, tag, also=()):
    names = ["x", "y", "spatial_size", *(name.format(tag) for name in _SHAPE), *also]
    missing = [name for name in names if name not in cells]
    if missing:
        raise ValueError(f"LGN nodes lack {', '.join(missing)}")
    chosen = cells.iloc[rows]
    weight, _, peak_0, peak_1, delay_0, delay_1 = (chosen[name.format(tag)] for name in _SHAPE)
    problems = {f"{name} is not finite": ~np.isfinite(chosen[name].to_numpy(float)) for name in names}
    problems["spatial_size is not positive"] = chosen["spatial_size"] <= 0
    problems[f"weight_{tag}_0 is not positive"] = weight <= 0
    problems[f"kpeaks_{tag}_0 is not positive and below kpeaks_{tag}_1"] = ~((peak_0 > 0) & (peak_0 < peak_1))
    problems[f"delay_{tag}_0 is negative or above delay_{tag}_1"] = (delay_0 < 0) | (delay_0 > delay_1)
    for problem, bad in problems.items():
        if np.any(bad):
            raise ValueError(f"LGN node {chosen.index[np.asarray(bad)][0]}: {problem}")
