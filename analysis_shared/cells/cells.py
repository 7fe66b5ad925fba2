"""The cells that analyses compare: core cells of one or several networks, with their selectivity."""

import pandas as pd

from analysis_shared.cells.nodes import core_of, read_network
from v1_files.reading import read_table

RATES = ("max_mean_rate(Hz)", "Ave_Rate(Hz)", "Spont_Rate(Hz)")
INDICES = ("DSI", "OSI")


def read_selectivity(path):
    """Read a selectivity table.

    Raises
    ------
    ValueError
        If the file is no whole table, a column is missing, a cell is there twice, a rate is negative or no number, or
        an index does not lie in 0..1.
    """
    table = read_table(path, counts=("node_id",), positive=RATES, numeric=INDICES, key="node_id")
    for name in INDICES:
        # Indices are written with seven digits.
        wrong = (table[name] < 0) | (table[name] > 1 + 1e-6)
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise ValueError(f"{path}, line {row + 2}, column {name}: found {table[name][row]:g}, expected 0..1")
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
        If the network has no core cells, or the table not exactly one row for every node of it.
    """
    nodes, _ = read_network(network_dir, naming)
    table = read_selectivity(selectivity_path)
    if len(table) != len(nodes) or set(table["node_id"]) != set(nodes["node_id"]):
        raise ValueError(f"{selectivity_path}: {len(table)} rows do not match the {len(nodes)} nodes of {network_dir}")
    return core_of(nodes, network_dir).merge(table, on="node_id", validate="one_to_one")


def pooled_core_cells(sources, naming):
    """Core cells of several networks, pooled without weighting.

    Parameters
    ----------
    sources : sequence of (network_dir, selectivity_path)
    naming : DataFrame

    Returns
    -------
    DataFrame
        As `core_cells` returns it, with ``network``: the place among `sources`.
    """
    tables = [core_cells(*source, naming).assign(network=index) for index, source in enumerate(sources)]
    return pd.concat(tables, ignore_index=True)
