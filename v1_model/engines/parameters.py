"""Parameter files of cells and synapses: what NEST takes, checked before NEST is started."""

import math
from itertools import pairwise
from pathlib import Path

from v1_files.reading import did_you_mean, read_json

_POSITIVE, _NUMBER, _POSITIVES, _NUMBERS, _SWITCH = "positive", "number", "positives", "numbers", "switch"
_EXPECTED = {
    _POSITIVE: "a number above 0",
    _NUMBER: "a number",
    _POSITIVES: "a list of numbers above 0",
    _NUMBERS: "a list of numbers",
    _SWITCH: "true or false",
}
_CELLS = {
    "glif_psc_double_alpha": {
        **dict.fromkeys(("C_m", "g", "t_ref", "tau_Ca", "tau_minus", "tau_minus_triplet"), _POSITIVE),
        **dict.fromkeys(("E_L", "V_m", "V_th", "V_reset", "Ca", "beta_Ca"), _NUMBER),
        **dict.fromkeys(("th_spike_add", "th_spike_decay", "th_voltage_decay", "th_voltage_index"), _NUMBER),
        **dict.fromkeys(("voltage_reset_add", "voltage_reset_fraction"), _NUMBER),
        **dict.fromkeys(("asc_amps", "asc_init", "asc_r"), _NUMBERS),
        **dict.fromkeys(("asc_decay", "tau_syn_fast", "tau_syn_slow", "amp_slow"), _POSITIVES),
        **dict.fromkeys(("after_spike_currents", "spike_dependent_threshold", "adapting_threshold"), _SWITCH),
    }
}
# Lists of one length, and that of NEST's defaults, which stand where one is not given.
_ALIKE = {
    "glif_psc_double_alpha": {
        ("asc_amps", "asc_init", "asc_decay", "asc_r"): 2,
        ("tau_syn_fast", "tau_syn_slow", "amp_slow"): 1,
    }
}
_SYNAPSES = {"static_synapse": ("receptor_type", "delay", "synapse_model", "model")}
_NAMES_OF_MODEL = ("synapse_model", "model")


def check_cell_parameters(path, model):
    """Raise ValueError unless a file holds parameters that a cell model of NEST takes.

    Parameters
    ----------
    path : path
        JSON.
    model : str
        NEST's name; of one that this module does not know, the values need only be finite.
    """
    parameters, known = read_json(path), _CELLS.get(model)
    for name, value in parameters.items():
        if known is not None and name not in known:
            raise ValueError(f"{path}: key {name}: {model} has no such parameter{did_you_mean(name, known)}")
        kind = known[name] if known else _kind_of(value)
        if not _is_a(value, kind):
            raise ValueError(f"{path}: key {name}: found {str(value)[:60]}, expected {_EXPECTED[kind]}")
    for names, default in _ALIKE.get(model, {}).items():
        lengths = {name: len(parameters[name]) if name in parameters else default for name in names}
        for first, second in pairwise(names):
            if lengths[first] != lengths[second]:
                found = ", ".join(f"{name} {length}" for name, length in lengths.items())
                raise ValueError(f"{path}: keys {first} and {second} differ in length: {found}")
    if {"V_reset", "V_th"} <= set(parameters) and not parameters["V_reset"] < parameters["V_th"]:
        found = f"{parameters['V_reset']} mV and V_th {parameters['V_th']} mV"
        raise ValueError(f"{path}: key V_reset: found {found}, expected V_reset below V_th")


def check_synapse_parameters(path, model):
    """Raise ValueError unless a file holds parameters that a synapse model of NEST takes.

    Parameters
    ----------
    path : path
        JSON.
    model : str
        NEST's name; of one that this module does not know, the values need only be finite.

    Returns
    -------
    dict
    """
    parameters, known = read_json(path), _SYNAPSES.get(model)
    for name, value in parameters.items():
        if known is not None and name not in known:
            raise ValueError(f"{path}: key {name}: {model} has no such parameter{did_you_mean(name, known)}")
        if name in _NAMES_OF_MODEL:
            if str(value).removeprefix("nest:") != model:
                raise ValueError(f"{path}: key {name}: found {value!r}, but the edge types say {model}")
        elif name == "receptor_type":
            if type(value) is not int or value < 0:
                raise ValueError(f"{path}: key {name}: found {value!r}, expected a whole number, 0 or more")
        elif not _is_a(value, _NUMBER):
            raise ValueError(f"{path}: key {name}: found {str(value)[:60]}, expected a number")
    return parameters


def component_file(table_path, name, folder):
    """Path of a parameter file that a table of types names.

    Parameters
    ----------
    table_path : path
    name : str
    folder : path or None
        Of such files, from the config.
    """
    if folder is None:
        raise ValueError(f"{table_path} names {name}, but the config names no folder of such files in components")
    path = Path(folder) / name
    if not path.is_file():
        raise ValueError(f"{path}: no such file, which {table_path} names")
    return path


def _kind_of(value):
    if isinstance(value, bool):
        return _SWITCH
    return _NUMBERS if isinstance(value, list) else _NUMBER


def _is_a(value, kind):
    if kind in (_NUMBERS, _POSITIVES):
        return isinstance(value, list) and all(_is_a(v, _NUMBER if kind == _NUMBERS else _POSITIVE) for v in value)
    if kind == _SWITCH:
        return isinstance(value, bool)
    return type(value) in (int, float) and math.isfinite(value) and (kind == _NUMBER or value > 0)
