"""The cells of a network: SONATA nodes joined with the cell-type naming scheme."""

from pathlib import Path

import numpy as np

from v1_files.reading import WHOLE_NUMBERS, child_groups, column, open_hdf5, read_json, read_table
from v1_files.sonata.attributes import check_attributes, check_groups

NAMING_COLUMNS = ("pop_name", "layer", "ei", "class", "cell_type", "hex")
ATTRIBUTES = ("x", "y", "z", "tuning_angle")
_FORMS = {"ei": "e|i", "hex": "#[0-9A-Fa-f]{6}"}


def read_naming_scheme(path):
    """Read the cell-type naming scheme.

    Parameters
    ----------
    path : path-like
        Space-separated table with one row a population.

    Returns
    -------
    DataFrame
        Columns ``pop_name layer ei class cell_type hex``, all text.

    Raises
    ------
    ValueError
        If the file is no table, a column is missing or empty somewhere, a population is listed twice, ``ei`` is not e
        or i, or ``hex`` no colour.
    """
    people_edit_it = {"sep": r"\s+", "dtype": str, "keep_default_na": False, "whole_lines": False}
    naming = read_table(path, text=NAMING_COLUMNS, key="pop_name", **people_edit_it)
    for name, form in _FORMS.items():
        wrong = ~naming[name].str.fullmatch(form)
        if wrong.any():
            population, found = naming.loc[wrong.idxmax(), ["pop_name", name]]
            raise ValueError(f"{path}: {name} of population {population}: found {found[:40]!r}, expected {form}")
    return naming[list(NAMING_COLUMNS)]


def type_colours(naming):
    """Display colour (hex) of each cell type, from its first population."""
    return naming.drop_duplicates("cell_type").set_index("cell_type")["hex"].to_dict()


def read_nodes(nodes_path, node_types_path, naming, population="v1"):
    """Read SONATA nodes and name their cell types.

    Parameters
    ----------
    nodes_path, node_types_path : path-like
        SONATA nodes (HDF5) and node types (space-separated).
    naming : DataFrame
        As `read_naming_scheme` returns it.
    population : str
        SONATA population to read.

    Returns
    -------
    DataFrame
        One row a node, ordered by node id: ``node_id pop_name layer ei class cell_type hex x y z tuning_angle``;
        positions in um, y negative below the pia, ``tuning_angle`` in deg.

    Raises
    ------
    ValueError
        If a file is damaged or lacks the population, the ids are not 0..N-1, an attribute is missing or not finite, or
        a population is not in the naming scheme.
    """
    with open_hdf5(nodes_path) as stream:
        group = _population(stream, nodes_path, population)
        type_ids = column(group, "node_type_id", WHOLE_NUMBERS)[:]
        check_groups(group)
        in_order = np.arange(len(type_ids))
        node_ids, rows = (
            column(group, name, WHOLE_NUMBERS)[:] if name in group else in_order
            for name in ("node_id", "node_group_index")
        )
        attributes = {name: column(group, f"0/{name}")[:] for name in ATTRIBUTES}
    if not np.array_equal(node_ids, in_order):
        raise ValueError(f"{nodes_path}: node ids of {population} are not 0..{len(in_order) - 1} in order")
    for name, values in attributes.items():
        if not len(values) == len(rows) == len(in_order) or (
            len(rows) and not 0 <= rows.min() <= rows.max() < len(rows)
        ):
            raise ValueError(f"{nodes_path}: {len(values)} values of {name} do not fit the {len(in_order)} nodes")
        attributes[name] = values[rows]
        if not np.isfinite(attributes[name]).all():
            raise ValueError(f"{nodes_path}: {name} of {population} is not finite everywhere")
    names = _names_by_type(node_types_path, naming).reindex(type_ids)
    if names["cell_type"].isna().any():
        unknown = type_ids[names["cell_type"].isna().to_numpy()][0]
        raise ValueError(f"{node_types_path}: no node type {unknown}, which {nodes_path} uses")
    return names.reset_index(drop=True).assign(node_id=np.arange(len(node_ids)), **attributes)


def count_nodes(path, population="v1"):
    """Number of nodes of a SONATA population.

    Raises
    ------
    ValueError
        If the file is missing or damaged or lacks the population, or the ids are not 0..N-1.
    """
    with open_hdf5(path) as stream:
        group = _population(stream, path, population)
        n_nodes = len(column(group, "node_type_id", WHOLE_NUMBERS))
        if "node_id" in group and not np.array_equal(column(group, "node_id", WHOLE_NUMBERS), np.arange(n_nodes)):
            raise ValueError(f"{path}: node ids of {population} are not 0..{n_nodes - 1} in order")
    return n_nodes


def _population(stream, path, population):
    groups = child_groups(stream, "nodes")
    if population not in groups:
        raise ValueError(f"{path}: no population nodes/{population}, found {', '.join(groups) or 'none'}")
    check_attributes(groups[population])
    return groups[population]


def _names_by_type(node_types_path, naming):
    types = read_table(node_types_path, text=["pop_name"], counts=["node_type_id"], key="node_type_id")
    joined = types[["node_type_id", "pop_name"]].merge(naming, on="pop_name", how="left", validate="many_to_one")
    unnamed = joined["pop_name"][joined["cell_type"].isna()]
    if len(unnamed):
        raise ValueError(f"{node_types_path}: population {unnamed.iloc[0]} is not in the cell-type naming scheme")
    return joined.set_index("node_type_id")


def lateral_distance_um(nodes):
    """Distance of each node from the column's axis, sqrt(x^2 + z^2).

    Examples
    --------
    >>> import pandas as pd
    >>> lateral_distance_um(pd.DataFrame({"x": [3.0], "y": [-500.0], "z": [4.0]})).tolist()
    [5.0]
    """
    return np.hypot(nodes["x"].to_numpy(), nodes["z"].to_numpy())


def core_of(nodes, network):
    """The core cells of a network.

    Parameters
    ----------
    nodes : DataFrame
        Of the whole network, with ``core``.
    network : path-like
        Names it in the message.

    Raises
    ------
    ValueError
        If there are none: what is measured and shown is of core cells.
    """
    core = nodes[nodes["core"]]
    if core.empty:
        nearest = lateral_distance_um(nodes).min(initial=np.inf)
        raise ValueError(
            f"{network}: no core cells, and only these are measured and shown here: none of {len(nodes):,} cells lies "
            f"within core_radius_um of the axis (the nearest at {nearest:.3g} um); make core_radius_um larger"
        )
    return core


def read_network(network_dir, naming):
    """Read a built network's cells and description.

    Parameters
    ----------
    network_dir : path-like
        Folder with ``v1_nodes.h5``, ``v1_node_types.csv`` and ``network.json``.
    naming : DataFrame
        As `read_naming_scheme` returns it.

    Returns
    -------
    nodes : DataFrame
        As `read_nodes` returns it, with ``core``: whether the lateral distance is at most ``core_radius_um``.
    description : dict
        Content of ``network.json``.

    Raises
    ------
    ValueError
        If the description has no ``core_radius_um``, or as `read_nodes` does.
    """
    folder = Path(network_dir)
    description = read_json(folder / "network.json")
    found = description.get("core_radius_um")
    if type(found) not in (int, float) or found < 0:
        raise ValueError(
            f"{folder / 'network.json'}: core_radius_um: found {str(found)[:60]}, expected a number from 0"
        )
    nodes = read_nodes(folder / "v1_nodes.h5", folder / "v1_node_types.csv", naming)
    return nodes.assign(core=lateral_distance_um(nodes) <= description["core_radius_um"]), description
