"""Checks of SONATA simulation configs and of the network files that they name, before NEST is touched."""

import math
from pathlib import Path

from v1_model.edge_checks import EDGE_CONTENT, check_edges
from v1_model.nest_clamps import current_steps
from v1_model.reading import WHOLE_NUMBERS, child_groups, open_hdf5, read_json, read_table

CLAMP_KEYS = ("amp", "delay", "duration")
# Sections that the engine reads: dict, list of dict or dict of dict.
_SECTIONS = {
    "manifest": dict, "run": dict, "networks": dict, "components": dict, "conditions": dict, "output": dict,
    "inputs": "entries", "reports": "entries",
}  # fmt: skip


def check_config(path):
    """Raise ValueError unless a config has the sections, keys and kinds of values that a simulation needs.

    Parameters
    ----------
    path : path
    """
    config = read_json(path)
    for name, kind in _SECTIONS.items():
        section = config.get(name, {})
        _expect(path, name, section, isinstance(section, dict), "keys and values")
        if kind == "entries":
            for key, entry in section.items():
                _expect(path, f"{name}.{key}", entry, isinstance(entry, dict), "keys and values")
    for name, value in config.get("manifest", {}).items():
        _expect(path, f"manifest.{name}", value, isinstance(value, str), "a path")
    for name in ("dt", "tstop"):
        value = _needed(path, config, "run", name)
        _expect(path, f"run.{name}", value, _is_number(value) and value > 0, "a number above 0 (ms)")
    for name in ("output_dir", "spikes_file"):
        value = _needed(path, config, "output", name)
        _expect(path, f"output.{name}", value, isinstance(value, str), "a path")
    for name in ("nodes", "edges"):
        _check_files_named(path, name, _needed(path, config, "networks", name))
    for name, value in config.get("components", {}).items():
        _expect(path, f"components.{name}", value, isinstance(value, str), "a path")
    for name, entry in config.get("inputs", {}).items():
        _check_input(path, f"inputs.{name}", entry, config["run"]["dt"])
    node_sets = config.get("node_sets", {})
    _expect(path, "node_sets", node_sets, isinstance(node_sets, dict | str), "node sets by name, or their file")


def _check_files_named(path, name, entries):
    _expect(path, f"networks.{name}", entries, isinstance(entries, list) and entries, "a list of files")
    for number, entry in enumerate(entries):
        where = f"networks.{name}[{number}]"
        _expect(path, where, entry, isinstance(entry, dict), "keys and values")
        for key in (f"{name}_file", f"{name[:-1]}_types_file"):
            _expect(path, f"{where}.{key}", entry.get(key), isinstance(entry.get(key), str), "a path")


def _check_input(path, where, entry, dt_ms):
    for key in ("input_type", "module"):
        _expect(path, f"{where}.{key}", entry.get(key), isinstance(entry.get(key), str), "a word")
    if entry["input_type"] == "spikes":
        file = entry.get("input_file")
        _expect(path, f"{where}.input_file", file, isinstance(file, str), "a path")
    if entry["input_type"] == "current_clamp":
        steps = [entry[key] if isinstance(entry.get(key), list) else [entry.get(key)] for key in CLAMP_KEYS]
        for key, values in zip(CLAMP_KEYS, steps, strict=True):
            _expect(path, f"{where}.{key}", entry.get(key), all(map(_is_number, values)), "a number, or several")
        try:
            current_steps(*steps, dt_ms)
        except ValueError as error:
            raise ValueError(f"{path}: {where}: {error}") from error


def _needed(path, config, section, key):
    if key not in config.get(section, {}):
        raise ValueError(f"{path}: the key {section}.{key} is missing")
    return config[section][key]


def _expect(path, where, value, holds, expected):
    if not holds:
        raise ValueError(f"{path}: {where}: found {repr(value)[:60]}, expected {expected}")


def _is_number(value):
    return type(value) in (int, float) and math.isfinite(value)


def check_types(config, edges):
    """Raise ValueError for tables of node and edge types, and components, that NEST could not take.

    Parameters
    ----------
    config : bmtk.simulator.core.simulation_config.SimulationConfig
    edges : list of dict
        Entries of ``networks.edges`` that are switched on.
    """
    components = config.get("components", {})
    for entry in config.networks["nodes"]:
        path = entry["node_types_file"]
        types = read_types(path, "node_type_id", ["model_type"])
        cells = types[types["model_type"] != "virtual"]
        if len(cells) and "model_template" not in types:
            raise ValueError(f"{path}: no column model_template")
        _check_components(path, cells, components.get("point_neuron_models_dir"))
    for entry in edges:
        path = entry["edge_types_file"]
        types = read_types(path, "edge_type_id", ["model_template"], ["delay", "syn_weight", "nsyns"])
        if "syn_weight" not in types:
            _check_weights(entry["edges_file"])
        if "delay" in types and (types["delay"] <= 0).any():
            raise ValueError(f"{path}, column delay: found {types['delay'].min():g}, expected numbers above 0 (ms)")
        _check_components(path, types, components.get("synaptic_models_dir"))


def _check_weights(path):
    """Every edge has a weight of its own."""
    with open_hdf5(path) as h5:
        for group in child_groups(h5, "edges").values():
            if "0/syn_weight" not in group:
                raise ValueError(f"{path}: no weights: 0/syn_weight (pA, signed) expected, one value an edge")


def read_types(path, key, columns, numeric=()):
    """A table of node or edge types.

    Parameters
    ----------
    path : path
    key : str
        Its column of ids, whole numbers.
    columns : sequence of str
        That must be there.
    numeric : sequence of str
        That must hold numbers where they are there.

    Returns
    -------
    pandas.DataFrame
    """
    table = read_table(path, columns=columns, finite=[key], key=key, na_values=["NONE"])
    if table[key].dtype.kind not in WHOLE_NUMBERS:
        raise ValueError(f"{path}, column {key}: whole numbers expected, found {table[key].iloc[0]!r}")
    for name in columns:
        if table[name].isna().any():
            raise ValueError(f"{path}, column {name}: type {table[key][table[name].isna()].iloc[0]} has no value")
    present = [name for name in numeric if name in table]
    return read_table(path, numeric=present, na_values=["NONE"]) if present else table


def _check_components(path, types, folder):
    """The parameter files that types name are there and hold JSON."""
    if "dynamics_params" not in types:
        return
    for name in types["dynamics_params"].dropna().unique():
        if isinstance(name, str) and name.endswith(".json"):
            if folder is None:
                raise ValueError(f"{path} names {name}, but the config names no folder of such files in components")
            read_json(Path(folder) / name)


def check_edge_file(path, config_path):
    """Raise ValueError unless a file holds SONATA edges that can be loaded.

    Parameters
    ----------
    path : path
    config_path : path
        The config that names it, for messages.
    """
    if not Path(path).exists():
        raise ValueError(f"{path} is missing (edges_file of {config_path}): put there {EDGE_CONTENT}")
    with open_hdf5(path) as h5:
        populations = child_groups(h5, "edges")
        if not populations:
            raise ValueError(f"{path}: group edges missing: it must be {EDGE_CONTENT}")
        for group in populations.values():
            check_edges(group, complete=True)


def check_ends(path, ends, populations, cells):
    """Raise ValueError unless the populations at both ends of an edge population are the network's.

    Parameters
    ----------
    path : path
        The edge file.
    ends : (str, str)
        Source and target population.
    populations : sequence of str
        Known ones.
    cells : str
        The one that is simulated.
    """
    for side, end in zip(("source", "target"), ends, strict=True):
        if end not in populations:
            raise ValueError(f"{path}: {side} population '{end}', but the network has {', '.join(populations)}")
    if ends[1] != cells:
        raise ValueError(f"{path}: target population '{ends[1]}', expected '{cells}', the cells that are simulated")
