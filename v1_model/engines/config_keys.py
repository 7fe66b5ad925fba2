"""Every section and key of a SONATA config of V1 that this engine understands; all others are refused."""

import re

from v1_files.reading import did_you_mean

SPIKE_MODULES = ("h5", "hdf5", "sonata")
REPORT_MODULES = ("membrane_report", "multimeter", "multimeter_report")
CLAMP_MODULES = ("IClamp",)
RECORDABLES = {
    **dict.fromkeys(("V_m", "threshold", "threshold_spike", "threshold_voltage"), "mV"),
    **dict.fromkeys(("ASCurrents_sum", "I", "I_syn"), "pA"),
}
"""Units of what ``glif_psc_double_alpha`` lets one record."""

_SECTIONS = (
    "manifest", "target_simulator", "run", "networks", "components", "conditions", "inputs", "output", "reports",
    "node_sets", "node_sets_file",
)  # fmt: skip
_KEYS = {
    "run": ("tstop", "dt", "tstart", "precise_times", "allow_offgrid_spikes", "print_time"),
    "networks": ("nodes", "edges"),
    "components": (
        "point_neuron_models_dir", "synaptic_models_dir", "nest_modules", "biophysical_neuron_models_dir",
        "morphologies_dir", "mechanisms_dir", "templates_dir",
    ),
    "conditions": (),
    "output": ("output_dir", "log_file", "spikes_file", "spikes_file_csv", "overwrite_output_dir", "spikes_sort_order"),
}  # fmt: skip
_KEYS_OF_FILES = {"nodes": ("nodes_file", "node_types_file"), "edges": ("edges_file", "edge_types_file", "enabled")}
_COMMON_INPUT = ("input_type", "module", "node_set", "enabled")
_KEYS_OF_INPUT = {
    "spikes": (*_COMMON_INPUT, "input_file", "use_parrot_neurons"),
    "current_clamp": (*_COMMON_INPUT, "amp", "delay", "duration"),
}
_MODULES_OF_INPUT = {"spikes": SPIKE_MODULES, "current_clamp": CLAMP_MODULES}
_KEYS_OF_REPORT = (
    "module", "variable_name", "cells", "file_name", "tstart", "tstop", "interval", "enabled", "sections",
)  # fmt: skip
_REASONS = {
    "network": "a config in one file expected",
    "simulation": "a config in one file expected",
    "run.duration": "the length of a simulation is run.tstop",
    "run.n_thread": "the number of threads is an option of the script",
    "run.n_runs": "one config a trial expected",
    "conditions.v_init": "cells begin at V_m of their model",
    "conditions.celsius": "point neurons have no temperature",
}
# Words that a key may hold; (True, False) is a switch.
_SWITCH = (True, False)
_WORDS = {
    "target_simulator": ("NEST",),
    "run.precise_times": _SWITCH, "run.allow_offgrid_spikes": _SWITCH, "run.print_time": _SWITCH,
    "output.overwrite_output_dir": _SWITCH,
    "output.spikes_sort_order": ("by_time", "time"),
}  # fmt: skip
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_GIVEN_VARIABLES = {"workingdir", "configdir", "configfname", "time", "date", "datetime"}


def check_keys(path, config):
    """Raise ValueError for a section, key or word that this engine does not know, all of them at once.

    Parameters
    ----------
    path : path
        The config, for messages.
    config : dict
        Its content, sections of the right kind.
    """
    faults = _unknown("", config, _SECTIONS)
    for section, known in _KEYS.items():
        faults += _unknown(f"{section}.", config.get(section, {}), known)
    for name, entry in config.get("inputs", {}).items():
        faults += _faults_of_input(f"inputs.{name}", entry)
    for name, entry in config.get("reports", {}).items():
        faults += _faults_of_report(f"reports.{name}", entry)
    for name, known in _KEYS_OF_FILES.items():
        entries = config.get("networks", {}).get(name)
        for number, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict):
                faults += _unknown(f"networks.{name}[{number}].", entry, known)
                faults += _no_word(f"networks.{name}[{number}].enabled", entry.get("enabled", True), _SWITCH)
    for where, allowed in _WORDS.items():
        section, _, key = where.rpartition(".")
        place = config.get(section, {}) if section else config
        faults += _no_word(where, place.get(key, allowed[0]), allowed)
    faults += _contradictions(config)
    if faults:
        raise ValueError("\n".join(f"{path}: {fault}" for fault in faults))


def _unknown(where, content, known):
    faults = []
    for key in content:
        name = f"{where}{key}"
        if key not in known:
            reason = f": {_REASONS[name]}" if name in _REASONS else did_you_mean(key, known)
            faults.append(f"the key {name} is not known{reason}")
    return faults


def _no_word(where, value, allowed):
    if any(value is word or (value == word and isinstance(word, str)) for word in allowed):
        return []
    expected = "true or false" if allowed == _SWITCH else f"one of {', '.join(allowed)}"
    return [f"{where}: found {str(value)[:60]!r}, expected {expected}"]


def _faults_of_input(where, entry):
    kind = entry.get("input_type")
    if kind not in _KEYS_OF_INPUT:
        return [f"{where}.input_type: found {str(kind)[:60]!r}, expected one of {', '.join(_KEYS_OF_INPUT)}"]
    faults = _unknown(f"{where}.", entry, _KEYS_OF_INPUT[kind])
    if entry.get("module") not in _MODULES_OF_INPUT[kind]:
        allowed = ", ".join(_MODULES_OF_INPUT[kind])
        faults.append(f"{where}.module is {entry.get('module')!r}, expected one of {allowed}")
    if "node_set" not in entry:
        faults.append(f"the key {where}.node_set is missing")
    if entry.get("use_parrot_neurons", False) is not False:
        faults.append(f"{where}.use_parrot_neurons is not supported")
    return faults + _no_word(f"{where}.enabled", entry.get("enabled", True), _SWITCH)


def _faults_of_report(where, entry):
    faults = _unknown(f"{where}.", entry, _KEYS_OF_REPORT)
    if entry.get("module") not in REPORT_MODULES:
        faults.append(f"{where}.module is {entry.get('module')!r}, expected one of {', '.join(REPORT_MODULES)}")
    variables = entry.get("variable_name")
    variables = variables if isinstance(variables, list) else [variables]
    if len(variables) != 1 or not isinstance(variables[0], str):
        faults.append(f"{where}.variable_name: found {str(variables)[:60]}, expected one variable a report")
    if "cells" not in entry:
        faults.append(f"the key {where}.cells is missing")
    faults += _no_word(f"{where}.sections", entry.get("sections", "all"), ("all", "soma"))
    return faults + _no_word(f"{where}.enabled", entry.get("enabled", True), _SWITCH)


def _contradictions(config):
    """Keys that each make sense, but not both."""
    faults, run = [], config.get("run", {})
    if run.get("tstart", 0) != 0:
        faults.append(f"run.tstart: found {run['tstart']!r}, expected 0, where NEST begins")
    if run.get("allow_offgrid_spikes") is True and run.get("precise_times") is True:
        faults.append("run.precise_times and run.allow_offgrid_spikes are both true, expected one at most")
    if "node_sets" in config and "node_sets_file" in config:
        faults.append("node_sets and node_sets_file are both there, expected one at most")
    return faults


def check_variables(path, config):
    """Raise ValueError for a variable in a config that neither its manifest nor BMTK defines, or in a circle.

    Parameters
    ----------
    path : path
        The config, for messages.
    config : dict
    """
    manifest = {name.removeprefix("$"): value for name, value in config.get("manifest", {}).items()}
    known = _GIVEN_VARIABLES | set(manifest)
    for where, text in _texts(config, ""):
        for name in _VARIABLE.findall(text):
            if name not in known:
                raise ValueError(f"{path}: {where}: no variable ${name} in manifest{did_you_mean(name, known)}")
    resolved = set(_GIVEN_VARIABLES)
    while waiting := manifest.keys() - resolved:
        found = {name for name in waiting if set(_VARIABLE.findall(manifest[name])) <= resolved}
        if not found:
            raise ValueError(f"{path}: manifest: {', '.join(f'${name}' for name in sorted(waiting))} lead in a circle")
        resolved |= found


def _texts(part, where):
    """Every text in a config, with its key."""
    if isinstance(part, str):
        yield where, part
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in items:
        name = f"{where}[{key}]" if isinstance(part, list) else f"{where}.{key}" if where else str(key)
        yield from _texts(value, name)
