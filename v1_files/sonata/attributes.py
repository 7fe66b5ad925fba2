"""What a SONATA file says about how it is to be read: version, units, sorting, populations and groups.

It is honoured or refused. v1_model and analysis_shared do not import each other; each has this module, one as a link to
the other's.
"""

import h5py
import numpy as np

MAGIC, VERSION = 0x0A7A, [0, 1]
_MILLISECONDS = ("ms", "msec", "millisecond", "milliseconds")
_PICOAMPERES = ("pA", "pA per synapse")
_MICROMETRES = ("um", "µm", "μm", "micrometer", "micrometers")
_DEGREES = ("deg", "degree", "degrees")
_UNITS = {
    "spikes": {"timestamps": _MILLISECONDS},
    "edges": {"0/syn_weight": _PICOAMPERES, "0/delay": _MILLISECONDS},
    "nodes": {**dict.fromkeys(("0/x", "0/y", "0/z"), (*_MICROMETRES, *_DEGREES)), "0/tuning_angle": _DEGREES},
}
_SORTINGS = {"none": None, "unsorted": None, "by_id": "node_ids", "id": "node_ids"} | dict.fromkeys(
    ("by_time", "time"), "timestamps"
)
_SORTING_NUMBERS = ("none", "by_id", "by_time")
_NUMBERS_OF_SYNAPSES = "n_syns_"
_LENGTHS = {"edge": "source_node_id", "node": "node_type_id"}


def text_attribute(item, name):
    """Text of an attribute, None where there is none.

    Parameters
    ----------
    item : h5py.Group or h5py.Dataset
    name : str

    Raises
    ------
    ValueError
        When it holds something else.
    """
    if name not in item.attrs:
        return None
    value = item.attrs[name]
    value = value.item() if isinstance(value, np.ndarray) and value.size == 1 else value
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        raise _fault(item, f"attribute {name}: found {str(value)[:60]!r}, a text expected")
    return value


def check_attributes(population):
    """Raise ValueError for a population of nodes, edges or spikes in a form that is not read as it says.

    Parameters
    ----------
    population : h5py.Group
        ``nodes/…``, ``edges/…`` or ``spikes/…``.
    """
    _check_version(population.file)
    for name, allowed in _UNITS[population.name.split("/")[1]].items():
        if isinstance(population.get(name), h5py.Dataset):
            unit = text_attribute(population[name], "units")
            if unit is not None and unit not in allowed:
                raise _fault(population[name], f"units are {unit[:40]!r}, expected {allowed[0]}")


def _check_version(file):
    for name, expected in (("magic", [MAGIC]), ("version", VERSION)):
        if name in file.attrs and np.ravel(file.attrs[name]).tolist() != expected:
            found = str(np.ravel(file.attrs[name]).tolist())[:40]
            raise ValueError(f"{file.filename}: attribute {name} is {found}, expected {expected} (SONATA 0.1)")


def check_sorting(spikes, node_ids, timestamps):
    """Raise ValueError unless spikes are in the order that their file notes.

    Parameters
    ----------
    spikes : h5py.Group
        Of a population; the attribute ``sorting`` stands at it (SONATA) or at its ``node_ids`` (BMTK).
    node_ids, timestamps : array, shape (n,)
    """
    for item in (spikes, spikes["node_ids"], spikes["timestamps"]):
        if "sorting" not in item.attrs:
            continue
        sorting = _sorting(item)
        key = {"node_ids": node_ids, "timestamps": timestamps}.get(_SORTINGS[sorting])
        if key is not None and (key[1:] < key[:-1]).any():
            raise _fault(item, f"sorting is {sorting!r}, but {_SORTINGS[sorting]} do not ascend")


def _sorting(item):
    value = item.attrs["sorting"]
    if np.issubdtype(np.asarray(value).dtype, np.integer) and np.size(value) == 1:
        number = int(np.ravel(value)[0])
        named = h5py.check_enum_dtype(item.attrs.get_id("sorting").dtype)
        names = {v: k for k, v in named.items()} if named else dict(enumerate(_SORTING_NUMBERS))
        word = names.get(number, str(number))
    else:
        word = text_attribute(item, "sorting")
    if word not in _SORTINGS:
        raise _fault(item, f"sorting is {word[:40]!r}, expected none, by_id or by_time")
    return word


def check_groups(population, complete=False):
    """Raise ValueError unless the attributes of nodes or edges are in one group, 0.

    Parameters
    ----------
    population : h5py.Group
    complete : bool
        Whether group ids and indices must be there, as BMTK needs them.
    """
    groups = [name for name, item in population.items() if name.isdigit() and isinstance(item, h5py.Group)]
    if groups != ["0"]:
        raise _fault(population, f"the attribute groups {', '.join(groups) or 'none'} found, one expected, named 0")
    side = population.name.split("/")[1].removesuffix("s")
    names = [f"{side}_{name}" for name in ("group_id", "group_index")]
    rows = population.get(_LENGTHS[side])
    shape = rows.shape if isinstance(rows, h5py.Dataset) else None
    if shape is None or len(shape) != 1:
        raise _fault(population, f"{_LENGTHS[side]}: a column of numbers expected")
    for name in names:
        data = population.get(name)
        if data is None and not complete:
            continue
        if not isinstance(data, h5py.Dataset) or data.dtype.kind not in "iu" or data.shape != shape:
            raise _fault(population, f"{name}: a column of {shape[0]} whole numbers expected")


def check_rows(population, start, stop):
    """Raise ValueError unless some rows of nodes or edges are read as they stand: in group 0, in its order.

    Parameters
    ----------
    population : h5py.Group
        That :func:`check_groups` accepted.
    start, stop : int
    """
    side = population.name.split("/")[1].removesuffix("s")
    stop = min(stop, len(population[_LENGTHS[side]]))
    expected = {f"{side}_group_id": 0, f"{side}_group_index": np.arange(start, stop), f"0/{_NUMBERS_OF_SYNAPSES}": 1}
    for name, values in expected.items():
        if name in population and not (population[name][start:stop] == values).all():
            row = start + int(np.argmax(population[name][start:stop] != values))
            wanted = values if np.ndim(values) == 0 else f"{row}: attributes in the order of the {side}s"
            raise _fault(population[name], f"{side} {row} has {population[name][row]}, expected {wanted}")


def _fault(item, text):
    return ValueError(f"{item.file.filename}: {item.name[1:]}: {text}")
