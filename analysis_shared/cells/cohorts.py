"""Cohorts: sets of V1 cells by class, by third of their weights or degree, and by region; one definition for all.

Within each class, region and group the cells are ranked by the measure, the largest first; of cells that tie the one
with the lower id comes first. The first floor(n/3) are high, the last floor(n/3) low, the rest mid. So a group of fewer
than three cells is all mid.
"""

import numpy as np


def in_class(nodes, cell_class):
    """Whether each node belongs to a class.

    Parameters
    ----------
    nodes : DataFrame
        With columns ``ei`` and ``class``, as `analysis_shared.cells.nodes.read_nodes` returns them.
    cell_class : str
        One of `analysis_shared.cells.node_set_names.CLASSES`.

    Returns
    -------
    ndarray of bool, shape (n_nodes,)
    """
    if cell_class in ("exc", "inh"):
        return (nodes["ei"] == cell_class[0]).to_numpy()
    return (nodes["class"] == cell_class.upper()).to_numpy()


def in_region(nodes, region):
    """Whether each node lies in a region: core, periphery (not core) or all.

    Parameters
    ----------
    nodes : DataFrame
        With a boolean column ``core``.
    region : str

    Returns
    -------
    ndarray of bool, shape (n_nodes,)
    """
    core = nodes["core"].to_numpy(dtype=bool)
    return {"core": core, "periphery": ~core, "all": np.ones(len(core), dtype=bool)}[region]


def thirds(values, node_ids):
    """Third of each cell in one ranking.

    Parameters
    ----------
    values : array_like, shape (n,)
        The measure.
    node_ids : array_like of int, shape (n,)
        Distinct; they break ties.

    Returns
    -------
    ndarray of str, shape (n,)
        ``high``, ``mid`` or ``low``, in the order given.

    Examples
    --------
    >>> thirds([5.0, 1.0, 5.0, 5.0], [7, 3, 2, 9]).tolist()
    ['mid', 'low', 'high', 'mid']
    """
    values = np.asarray(values, dtype=float)
    if np.isnan(values).any():
        raise ValueError("a cell without a measure cannot be ranked")
    order = np.lexsort((np.asarray(node_ids), -values))
    size = len(order) // 3
    labels = np.full(len(order), "mid", dtype="<U4")
    labels[order[:size]] = "high"
    labels[order[len(order) - size :]] = "low"
    return labels


def rank_in_thirds(cells, measure, group):
    """Third of each cell within its group.

    Parameters
    ----------
    cells : DataFrame
        The cells of one class and region, with columns ``node_id``, `measure` and `group`.
    measure, group : str
        From `MEASURES` and `GROUPS` of `analysis_shared.cells.node_set_names`.

    Returns
    -------
    ndarray of str, shape (n_cells,)
    """
    labels = np.full(len(cells), "mid", dtype="<U4")
    for positions in cells.groupby(group).indices.values():
        members = cells.iloc[positions]
        labels[positions] = thirds(members[measure], members["node_id"])
    return labels


def node_set_cells(nodes, node_set):
    """Cells of a node set's class and region, with their third where the set is one.

    Parameters
    ----------
    nodes : DataFrame
        Columns ``node_id ei class cell_type layer core`` and the measures.
    node_set : NodeSet

    Returns
    -------
    DataFrame
        The rows of `nodes` in class and region, ascending by id; with a column ``third`` for a third.
    """
    cells = nodes[in_class(nodes, node_set.cell_class) & in_region(nodes, node_set.region)].sort_values("node_id")
    if node_set.third is None:
        return cells
    return cells.assign(third=rank_in_thirds(cells, node_set.measure, node_set.group))


def select_node_set(nodes, node_set):
    """Ids of a node set's cells.

    Parameters
    ----------
    nodes : DataFrame
        As for `node_set_cells`.
    node_set : NodeSet

    Returns
    -------
    ndarray of int64, shape (n,)
        Ascending.

    Raises
    ------
    ValueError
        If the set is empty.
    """
    cells = node_set_cells(nodes, node_set)
    found = cells if node_set.third is None else cells[cells["third"] == node_set.third]
    if found.empty:
        raise ValueError(
            f"node set {node_set.name} is empty: the network has {len(cells)} {node_set.cell_class} cells in region "
            f"{node_set.region}" + (", fewer than three in each group to rank" if len(cells) else "")
        )
    return found["node_id"].to_numpy(dtype=np.int64)
