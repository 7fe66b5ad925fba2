"""The config, checked against its schema and completed: defaults filled in, numbered networks and conditions expanded.

No Snakemake in here: the rules and the tests import it alike. What is checked lies by subject in the modules
``config_*.py`` beside this one; each gives lines about faults, and all of them are named at once.
"""

from config_names import key_faults, name_faults, unknown_names
from config_paradigms import expand_paradigms, service_faults
from config_perturbations import perturbation_faults
from config_text import text_faults
from config_values import fill_defaults, load_schema, schema_faults, typed
from render_paradigm import BLANK
from v1_model.network.lgn_field import check_covers

__all__ = ["BLANK", "check_text", "checked", "load_schema"]


def check_text(paths):
    """Refuse config files of whose text YAML drops something, or reads it as something else.

    Raises
    ------
    ValueError
        Naming every place, what was found and what to write.
    """
    _raise_any([fault for path in paths for fault in text_faults(path)])


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
    _raise_any(key_faults(config))
    complete = typed(config, schema, schema)
    _raise_any(schema_faults(complete, schema))
    fill_defaults(complete, schema, schema)
    own = list(complete["networks"])
    faults = name_faults(complete) + _expand_networks(complete) + expand_paradigms(complete)
    _raise_any(faults + _import_faults(complete) + unknown_names(complete, own))
    # These rely on paradigms that are sound.
    _raise_any(perturbation_faults(complete, own) + service_faults(complete, own))
    return complete


def _raise_any(faults):
    if faults:
        raise ValueError("The config has faults:\n" + "\n".join(f"  {fault}" for fault in faults))


def _expand_networks(config):
    """Add the numbered networks, {name}_{i} with fluctuating counts and seed 1000·i, and the pools."""
    faults, networks = [], config["networks"]
    pools = config["pools"] = {}
    for name, network in list(networks.items()):
        faults += _radius_faults(f"networks.{name}", network)
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


def _radius_faults(where, network):
    faults, radius = [], network["radius_um"]
    if network["core_radius_um"] > radius:
        found = network["core_radius_um"]
        faults.append(f"{where}.core_radius_um: found {found}, expected at most radius_um ({radius})")
    try:
        check_covers(network["lgn"], radius)
    except ValueError as error:
        faults.append(f"{where}.radius_um: {error}")
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
