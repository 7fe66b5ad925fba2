"""The config, checked against its schema and completed: defaults filled in, numbered networks and conditions expanded.

No Snakemake in here: the rules and the tests import it alike.
"""

import contextlib
import difflib
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from analysis_shared.cohorts import parse_node_set
from render_paradigm import BLANK, conditions

TRUTH = {"true": True, "false": False}


def load_schema(path):
    """Schema (dict) from a YAML file."""
    return yaml.safe_load(Path(path).read_text())


def checked(config, schema):
    """A complete, consistent copy of the config.

    Parameters
    ----------
    config : dict
        As read from the config files and the command line; not changed.
    schema : dict
        JSON Schema of it.

    Returns
    -------
    dict
        With defaults filled in, numbered networks added to ``networks``, ``pools`` (networks that a figure shows
        together, by name), and ``conditions`` (list of dict with ``name``, ``trials`` and ``parameters``) and
        ``raster`` added to each paradigm.

    Raises
    ------
    ValueError
        Naming every faulty key, what was found and what was expected.
    """
    complete = _typed(config)
    faults = [_fault(error) for error in Draft202012Validator(schema).iter_errors(complete)]
    _raise_any(faults)
    _fill_defaults(complete, schema, schema)
    faults = _expand_networks(complete) + _expand_paradigms(complete)
    faults += _import_faults(complete) + _perturbation_faults(complete) + _unknown_names(complete)
    _raise_any(faults)
    return complete


def nearest(word, known):
    """Ending of an error line about an unknown word: the nearest known one, or all of them.

    >>> nearest("temroral_frequency_hz", ["temporal_frequency_hz", "contrast"])
    "did you mean 'temporal_frequency_hz'?"
    >>> nearest("xyz", ["one", "two"])
    'expected one of one, two'
    """
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(map(str, known))}"


def _raise_any(faults):
    if faults:
        raise ValueError("The config has faults:\n" + "\n".join(f"  {fault}" for fault in faults))


def _typed(value):
    """A deep copy with numbers and truth values for text that reads as such.

    Snakemake hands on nested values of ``--config`` as text. Sections that YAML's aliases share become separate ones.
    """
    if isinstance(value, dict):
        return {str(key): _typed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_typed(part) for part in value]
    if isinstance(value, str):
        for read in (TRUTH.__getitem__, int, float):
            with contextlib.suppress(KeyError, ValueError):
                return read(value)
    return value


def _where(path):
    return ".".join(map(str, path)) or "top level"


def _fault(error):
    """One line about one schema error: the key, what was found, what was expected."""
    where = _where(error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = [key for key in error.instance if key not in known]
        return "; ".join(f"{where}: unknown key {key!r}, {nearest(key, known)}" for key in unknown)
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return f"{where}: missing {', '.join(missing)}"
    if error.validator == "enum":
        return f"{where}: found {error.instance!r}, {nearest(error.instance, error.validator_value)}"
    wanted = error.validator_value if isinstance(error.validator_value, str | int | float | list) else "another form"
    return f"{where}: found {error.instance!r}, expected {error.validator} {wanted}"


def _fill_defaults(value, schema, root):
    """Add the schema's defaults to a config section, in place."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    if not isinstance(value, dict):
        return
    for key, part in schema.get("properties", {}).items():
        if "default" in part:
            value.setdefault(key, part["default"])
        if key in value:
            _fill_defaults(value[key], part, root)
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        for key in value:
            _fill_defaults(value[key], others, root)


def _expand_networks(config):
    """Add the numbered networks, {name}_{i} with fluctuating counts and seed 1000·i, and the pools."""
    faults, networks = [], config["networks"]
    pools = config["pools"] = {}
    for name, network in list(networks.items()):
        if network["core_radius_um"] > network["radius_um"]:
            faults.append(
                f"networks.{name}.core_radius_um: found {network['core_radius_um']}, "
                f"expected at most radius_um ({network['radius_um']})"
            )
        replicates = [f"{name}_{i}" for i in range(network.pop("replicates"))]
        if replicates:
            pools[f"{name}_all"] = replicates
        for i, numbered in enumerate(replicates):
            if numbered in networks:
                faults.append(f"networks.{numbered}: also made by {name}.replicates")
            networks[numbered] = {**network, "fluctuating_counts": True, "seed": 1000 * i}
    twice = pools.keys() & networks.keys()
    faults += [f"networks.{name}: also the name of the replicates of {name.removesuffix('_all')}" for name in twice]
    pools |= {name: [name] for name in networks}
    return faults


def _expand_paradigms(config):
    """Add conditions and raster trial to each paradigm."""
    faults = []
    for name, paradigm in config["paradigms"].items():
        try:
            paradigm["conditions"] = conditions(paradigm, config["condition_names"])
        except ValueError as error:
            faults.append(f"paradigms.{name}: {error}")
            continue
        trials = {condition["name"]: condition["trials"] for condition in paradigm["conditions"]}
        shown = next((condition for condition in trials if condition != BLANK), BLANK)
        raster = paradigm.setdefault("raster", {"condition": shown, "trial": 0})
        faults += _paradigm_faults(f"paradigms.{name}", paradigm, trials, raster)
    single = config["paradigms"]["single"]
    if len(single.get("conditions", [0])) != 1 or single["trials"] != 1:
        faults.append("paradigms.single: expected one condition and one trial")
    return faults


def _paradigm_faults(where, paradigm, trials, raster):
    faults, condition, trial = [], raster["condition"], raster["trial"]
    if condition not in trials:
        faults.append(f"{where}.raster.condition: found {condition!r}, {nearest(condition, trials)}")
    elif trial >= trials[condition]:
        faults.append(f"{where}.raster.trial: found {trial}, expected less than {trials[condition]}, the trials")
    if paradigm["grey_ms"] >= paradigm["duration_ms"]:
        faults.append(f"{where}.grey_ms: found {paradigm['grey_ms']}, expected less than duration_ms")
    for window, (begin, end) in paradigm["windows_ms"].items():
        if not begin < end <= paradigm["duration_ms"]:
            faults.append(f"{where}.windows_ms.{window}: found [{begin}, {end}], expected begin < end <= duration_ms")
    return faults


def _import_faults(config):
    """Faults of options whose edges are imported from nowhere, name a file for other edges, or do not fit together."""
    faults = []
    for name, option in config["options"].items():
        if option["v1_edges"] == "adjusted" and option["background_edges"] != "built":
            faults.append(
                f"options.{name}.background_edges: found {option['background_edges']!r}, expected 'built': adjusted "
                "recurrent edges are adjusted beside the built background"
            )
        given = option.get("import_from", {})
        for key in ("v1_edges", "background_edges"):
            if option[key] == "imported" and key not in given:
                faults.append(f"options.{name}.import_from: missing {key}, the file to import")
            if option[key] != "imported" and key in given:
                faults.append(f"options.{name}.import_from.{key}: {key} is {option[key]!r}, expected 'imported'")
    return faults


def _perturbation_faults(config):
    """Faults of node sets that do not exist and of windows."""
    faults = []
    for name, perturbation in config["perturbations"].items():
        where = f"perturbations.{name}"
        try:
            parse_node_set(perturbation["node_set"])
        except ValueError as error:
            faults.append(f"{where}.node_set: {error}")
        begin, end = perturbation["window_ms"]
        if not begin < end:
            faults.append(f"{where}.window_ms: found [{begin}, {end}], expected begin < end")
    return faults


def _unknown_names(config):
    """Faults of names that must be defined elsewhere in the config."""
    kinds = {"networks": "pools", "options": "options", "perturbation_groups": "perturbation_groups"}
    uses = [(f"make.{key}", name, kind) for key, kind in kinds.items() for name in config["make"][key]]
    for name, network in config["networks"].items():
        for key in ("selectivity_paradigm", "contrast_paradigm"):
            uses.append((f"networks.{name}.{key}", network[key], "paradigms"))
    for group, names in config["perturbation_groups"].items():
        uses += [(f"perturbation_groups.{group}", name, "perturbations") for name in names]
    # The runs of `single` lie in a folder of their own, so it has no tables.
    known = {**config, "paradigms": [name for name in config["paradigms"] if name != "single"]}
    unknown = [use for use in uses if use[1] not in known[use[2]]]
    return [f"{where}: found {name!r}, {nearest(name, known[kind])}" for where, name, kind in unknown]
