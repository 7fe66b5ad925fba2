"""Node sets as files: the cells of a network with their weights, and the sets made of them."""

import numpy as np

from analysis_shared.cells.cohorts import node_set_cells, select_node_set
from analysis_shared.cells.node_set_names import MEASURES, TIES
from analysis_shared.cells.nodes import read_network
from v1_files.reading import read_json, read_table

POPULATION = "v1"


def read_cells(network_dir, cell_weights_path, naming):
    """Cells of a network with their weights and degrees.

    Parameters
    ----------
    network_dir, cell_weights_path : path-like
        Folder of the built network; table of `analysis_shared.metrics.edge_sums.cell_weights`.
    naming : DataFrame
        Naming scheme.

    Returns
    -------
    nodes : DataFrame
        As `read_network` returns it, with the columns of the table.
    description : dict
        Content of ``network.json``.

    Raises
    ------
    ValueError
        If the table lacks a column, has one that is no number, or does not have one row for each cell.
    """
    nodes, description = read_network(network_dir, naming)
    table = read_table(cell_weights_path, counts=("node_id", "out_degree"), positive=MEASURES, key="node_id")
    if not np.array_equal(np.sort(table["node_id"]), nodes["node_id"]):
        raise ValueError(f"{cell_weights_path}: {len(table)} rows do not match the {len(nodes)} cells of {network_dir}")
    return nodes.merge(table, on="node_id", validate="one_to_one"), description


def node_set_content(nodes, node_set, description, option):
    """A node set as its file holds it.

    Parameters
    ----------
    nodes : DataFrame
        From `read_cells`.
    node_set : NodeSet
    description : dict
        Of the network.
    option : str
        Whose weights `nodes` has.

    Returns
    -------
    dict
        ``population``, ``node_id`` (ascending) and ``definition``: the parameters and, for a third, how many cells of
        each group were ranked and taken, and the measure's range among those taken.
    """
    ids = select_node_set(nodes, node_set)
    definition = {"name": node_set.name, "network": description["name"], "option": option, "class": node_set.cell_class}
    definition |= {"region": node_set.region, "core_radius_um": description["core_radius_um"], "n": len(ids)}
    if node_set.third:
        definition |= {"third": node_set.third, "measure": node_set.measure, "by": node_set.group, "rule": TIES}
        definition |= {"measure_is": MEASURES[node_set.measure], "groups": _group_counts(nodes, node_set)}
    return {"population": POPULATION, "node_id": ids.tolist(), "definition": definition}


def _group_counts(nodes, node_set):
    counts = {}
    for name, cells in node_set_cells(nodes, node_set).groupby(node_set.group):
        taken = cells.loc[cells["third"] == node_set.third, node_set.measure]
        limits = {"least": taken.min().item(), "most": taken.max().item()} if len(taken) else {}
        counts[name] = {"ranked": len(cells), "taken": len(taken), **limits}
    return counts


def read_node_set(path, n_nodes=None):
    """Ids of a node set's cells.

    Parameters
    ----------
    path : path-like
        JSON file with ``population`` and ``node_id``.
    n_nodes : int, optional
        Cells of the network; ids must be below it.

    Returns
    -------
    ndarray of int64, shape (n,)
        Ascending.

    Raises
    ------
    ValueError
        If the file is no JSON, is of another population, or has ids that are repeated or not the network's, or not as
        many as its definition says.
    """
    content = read_json(path)
    if content.get("population") != POPULATION or not isinstance(content.get("node_id"), list):
        raise ValueError(f"{path}: expected population {POPULATION!r} and a list node_id, found {', '.join(content)}")
    wrong = [value for value in content["node_id"] if type(value) is not int]
    if wrong:
        raise ValueError(f"{path}: node_id holds {wrong[0]!r}, whole numbers expected")
    ids = sorted(set(content["node_id"]))
    if len(ids) != len(content["node_id"]):
        raise ValueError(f"{path}: {len(content['node_id']) - len(ids)} of the node ids are repeated")
    if ids and not (ids[0] >= 0 and (n_nodes is None or ids[-1] < n_nodes)):
        raise ValueError(f"{path}: node ids {ids[0]}..{ids[-1]}, expected 0..{'' if n_nodes is None else n_nodes - 1}")
    definition = content.get("definition", {})
    n_defined = definition.get("n", len(ids)) if isinstance(definition, dict) else None
    if n_defined != len(ids):
        raise ValueError(f"{path}: {len(ids)} node ids, but the definition says n: {str(n_defined)[:40]}")
    return np.array(ids, dtype=np.int64)
