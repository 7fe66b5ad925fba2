"""What a config refers to by name, looked up before NEST is touched: node sets, populations, properties, variables."""

from v1_files.reading import did_you_mean
from v1_model.engines.config_keys import RECORDABLES

MODEL_OF_RECORDABLES = "nest:glif_psc_double_alpha"
_ID_KEYS = ("node_id", "node_ids")


def node_set_of(config, where, node_set, populations):
    """A node set as population and conditions.

    Parameters
    ----------
    config : bmtk.simulator.core.simulation_config.SimulationConfig
    where : str
        Key in the config, for messages.
    node_set : str or dict
        Name of a population or of an entry of ``node_sets``, or the conditions themselves.
    populations : dict of str to v1_model.engines.nodes.NodeTable

    Returns
    -------
    population : str
    conditions : dict
        As for ``NodeTable.select``.

    Raises
    ------
    ValueError
        For a name that nothing has, and anything but conditions on the nodes of one known population.
    """
    place, named = f"{config['config_path']}: {where}", config.node_sets
    if isinstance(node_set, str):
        if node_set not in named and node_set not in populations:
            known = [*named, *populations]
            raise ValueError(
                f"{place}: no node set or population is called {node_set!r}{did_you_mean(node_set, known)}, "
                f"expected one of {', '.join(known)}"
            )
        node_set = named.get(node_set, {"population": node_set})
    if not isinstance(node_set, dict):
        raise ValueError(f"{place}: found {str(node_set)[:60]}, expected a name, or a population and its conditions")
    population = node_set.get("population")
    if not (isinstance(population, str) and population in populations):
        hint = did_you_mean(population, populations)
        raise ValueError(f"{place}: population {population!r} is not one of {', '.join(populations)}{hint}")
    conditions = {key: value for key, value in node_set.items() if key != "population"}
    for key in _ID_KEYS:
        ids = conditions.get(key, [])
        if not all(type(i) is int and i >= 0 for i in (ids if isinstance(ids, list) else [ids])):
            raise ValueError(f"{place}: {key}: found {str(ids)[:60]}, expected node ids")
    return population, conditions


def check_references(config, tables):
    """Raise ValueError for a node set, population, property or variable of a config that is not there.

    Parameters
    ----------
    config : bmtk.simulator.core.simulation_config.SimulationConfig
    tables : dict of str to v1_model.engines.nodes.NodeTable
    """
    for name, node_set in config.node_sets.items():
        _selected(config, f"node_sets.{name}", node_set, tables)
    for name, entry in config.inputs.items():
        if entry["input_type"] != "spikes":
            _cells(config, f"inputs.{name}.node_set", entry["node_set"], tables)
    for name, report in config.reports.items():
        table, ids = _cells(config, f"reports.{name}.cells", report["cells"], tables)
        variable = report["variable_name"]
        variable = variable[0] if isinstance(variable, list) else variable
        templates = table.types["model_template"].iloc[table.type_rows[table.rows(ids)]]
        if (templates == MODEL_OF_RECORDABLES).all() and variable not in RECORDABLES:
            hint = did_you_mean(variable, RECORDABLES) or f", expected one of {', '.join(RECORDABLES)}"
            raise ValueError(f"{config['config_path']}: reports.{name}.variable_name is {variable!r}{hint}")


def _selected(config, where, node_set, tables):
    """Table of a node set's population, and the ids in it, at least one."""
    population, conditions = node_set_of(config, where, node_set, tables)
    try:
        ids = tables[population].select(conditions)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{config['config_path']}: {where}: {error}") from error
    if not len(ids):
        raise ValueError(f"{config['config_path']}: {where}: no node of '{population}' meets {str(conditions)[:60]}")
    return tables[population], ids


def _cells(config, where, node_set, tables):
    table, ids = _selected(config, where, node_set, tables)
    if table.is_virtual:
        raise ValueError(f"{config['config_path']}: {where}: '{table.name}' is virtual, expected cells")
    return table, ids
