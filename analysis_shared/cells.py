"""The cells that analyses compare: core cells of one or several networks, with their selectivity."""

import pandas as pd

from analysis_shared.nodes import read_network

REQUIRED = ("node_id", "DSI", "OSI", "max_mean_rate(Hz)", "Ave_Rate(Hz)", "Spont_Rate(Hz)")


def read_selectivity(path):
    """Read a selectivity table.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    table = pd.read_csv(path, sep=" ")
    missing = [column for column in REQUIRED if column not in table]
    if missing:
        raise ValueError(f"{path}: no column {', '.join(missing)}")
    return table


def core_cells(network_dir, selectivity_path, naming):
    """Core cells of a network with their type and selectivity.

    Parameters
    ----------
    network_dir, selectivity_path : path-like
    naming : DataFrame
        Naming scheme.

    Returns
    -------
    DataFrame
        One row a core cell: columns of the nodes and of the selectivity table.

    Raises
    ------
    ValueError
        If the table does not have exactly one row for every node of the network.
    """
    nodes, _ = read_network(network_dir, naming)
    table = read_selectivity(selectivity_path)
    if len(table) != len(nodes) or set(table["node_id"]) != set(nodes["node_id"]):
        raise ValueError(f"{selectivity_path}: {len(table)} rows do not match the {len(nodes)} nodes of {network_dir}")
    return nodes[nodes["core"]].merge(table, on="node_id", validate="one_to_one")


def pooled_core_cells(sources, naming):
    """Core cells of several networks, pooled without weighting.

    Parameters
    ----------
    sources : sequence of (network_dir, selectivity_path)
    naming : DataFrame
    """
    return pd.concat([core_cells(*source, naming) for source in sources], ignore_index=True)
