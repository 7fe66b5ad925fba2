"""The cells of a network: SONATA nodes joined with the cell-type naming scheme."""

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

NAMING_COLUMNS = ("pop_name", "layer", "ei", "class", "cell_type", "hex")
ATTRIBUTES = ("x", "y", "z", "tuning_angle")


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
        If a column is missing or a population is listed twice.
    """
    naming = pd.read_csv(path, sep=r"\s+", dtype=str, keep_default_na=False)
    missing = [column for column in NAMING_COLUMNS if column not in naming]
    if missing:
        raise ValueError(f"{path}: no column {', '.join(missing)}; found {', '.join(naming.columns)}")
    twice = naming["pop_name"][naming["pop_name"].duplicated()]
    if len(twice):
        raise ValueError(f"{path}: population {twice.iloc[0]} is listed twice")
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
        If the file lacks the population, the ids are not 0..N-1, or a population is not in the naming scheme.
    """
    with h5py.File(nodes_path) as stream:
        if f"nodes/{population}" not in stream:
            raise ValueError(f"{nodes_path}: no population nodes/{population}")
        group = stream[f"nodes/{population}"]
        type_ids = group["node_type_id"][:]
        node_ids = group["node_id"][:] if "node_id" in group else np.arange(len(type_ids))
        rows = group["node_group_index"][:] if "node_group_index" in group else np.arange(len(type_ids))
        attributes = {name: group[f"0/{name}"][:][rows] for name in ATTRIBUTES if name in group["0"]}
    if not np.array_equal(node_ids, np.arange(len(node_ids))):
        raise ValueError(f"{nodes_path}: node ids of {population} are not 0..{len(node_ids) - 1} in order")
    absent = [name for name in ATTRIBUTES if name not in attributes]
    if absent:
        raise ValueError(f"{nodes_path}: nodes/{population}/0 has no attribute {', '.join(absent)}")
    names = _names_by_type(node_types_path, naming).reindex(type_ids)
    if names["cell_type"].isna().any():
        unknown = type_ids[names["cell_type"].isna().to_numpy()][0]
        raise ValueError(f"{node_types_path}: no node type {unknown}, which {nodes_path} uses")
    return names.reset_index(drop=True).assign(node_id=np.arange(len(node_ids)), **attributes)


def _names_by_type(node_types_path, naming):
    types = pd.read_csv(node_types_path, sep=" ")
    joined = types[["node_type_id", "pop_name"]].merge(naming, on="pop_name", how="left", validate="many_to_one")
    unnamed = joined["pop_name"][joined["cell_type"].isna()]
    if len(unnamed):
        raise ValueError(f"{node_types_path}: population {unnamed.iloc[0]} is not in the cell-type naming scheme")
    return joined.set_index("node_type_id")


def lateral_distance_um(nodes):
    """Distance of each node from the column's axis, sqrt(x^2 + z^2).

    Examples
    --------
    >>> lateral_distance_um(pd.DataFrame({"x": [3.0], "y": [-500.0], "z": [4.0]})).tolist()
    [5.0]
    """
    return np.hypot(nodes["x"].to_numpy(), nodes["z"].to_numpy())


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
    description = json.loads((folder / "network.json").read_text(encoding="utf-8"))
    if "core_radius_um" not in description:
        raise ValueError(f"{folder / 'network.json'}: no key core_radius_um")
    nodes = read_nodes(folder / "v1_nodes.h5", folder / "v1_node_types.csv", naming)
    return nodes.assign(core=lateral_distance_um(nodes) <= description["core_radius_um"]), description
