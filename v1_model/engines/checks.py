"""Checks of SONATA simulation configs and of the network files that they name, before NEST is touched."""

import math
from pathlib import Path

from v1_files.reading import child_groups, open_hdf5, read_json
from v1_files.sonata.edge_checks import EDGE_CONTENT, check_edges
from v1_model.engines.clamps import current_steps
from v1_model.engines.config_keys import check_keys, check_variables

NEST_TIC_MS = 0.001
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
    node_sets = config.get("node_sets", {})
    _expect(path, "node_sets", node_sets, isinstance(node_sets, dict), "node sets by name (node_sets_file for a file)")
    check_keys(path, config)
    for name, value in config.get("manifest", {}).items():
        _expect(path, f"manifest.{name}", value, isinstance(value, str), "a path")
    check_variables(path, config)
    for name in ("dt", "tstop"):
        value = _needed(path, config, "run", name)
        _expect(path, f"run.{name}", value, _is_number(value) and value > 0, "a number above 0 (ms)")
    dt_ms = config["run"]["dt"]
    _expect(path, "run.dt", dt_ms, _is_multiple(dt_ms, NEST_TIC_MS), f"a multiple of {NEST_TIC_MS} ms")
    for name in ("output_dir", "spikes_file"):
        _needed(path, config, "output", name)
    for name in ("output_dir", "spikes_file", "log_file", "spikes_file_csv"):
        value = config["output"].get(name, "")
        _expect(path, f"output.{name}", value, isinstance(value, str), "a path")
    for name in ("nodes", "edges"):
        _check_files_named(path, name, _needed(path, config, "networks", name))
    for name, value in config.get("components", {}).items():
        modules = name == "nest_modules" and isinstance(value, list) and all(isinstance(v, str) for v in value)
        _expect(path, f"components.{name}", value, isinstance(value, str) or modules, "a path")
    for name, entry in config.get("inputs", {}).items():
        _check_input(path, f"inputs.{name}", entry, dt_ms)
    _check_reports(path, config.get("reports", {}), dt_ms)
    file = config.get("node_sets_file", "")
    _expect(path, "node_sets_file", file, isinstance(file, str), "a path")


def _check_files_named(path, name, entries):
    _expect(path, f"networks.{name}", entries, isinstance(entries, list) and entries, "a list of files")
    for number, entry in enumerate(entries):
        where = f"networks.{name}[{number}]"
        _expect(path, where, entry, isinstance(entry, dict), "keys and values")
        for key in (f"{name}_file", f"{name[:-1]}_types_file"):
            _expect(path, f"{where}.{key}", entry.get(key), isinstance(entry.get(key), str) and entry[key], "a path")


def _check_reports(path, reports, dt_ms):
    names = {}
    for name, report in reports.items():
        where = f"reports.{name}"
        file = report.get("file_name", f"{name}.h5")
        _expect(path, f"{where}.file_name", file, isinstance(file, str), "a path")
        _expect(path, f"{where}.file_name", file, file not in names, f"another file than {names.get(file)} has")
        names[file] = where
        for key, least in (("tstart", 0), ("tstop", dt_ms), ("interval", dt_ms)):
            value = report.get(key, least)
            holds = _is_number(value) and value >= least and _is_multiple(value, dt_ms)
            _expect(path, f"{where}.{key}", value, holds, f"a multiple of run.dt, {dt_ms:g} ms, from {least:g} ms on")
        start, stop = report.get("tstart", 0), report.get("tstop", math.inf)
        _expect(path, f"{where}.tstop", stop, start < stop, f"a time after tstart, {start:g} ms")


def _check_input(path, where, entry, dt_ms):
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


def _is_multiple(value, step):
    """Whether a number is a multiple of another one, within the precision of decimal fractions."""
    return math.isclose(round(value / step) * step, value, rel_tol=1e-9, abs_tol=1e-9)


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
