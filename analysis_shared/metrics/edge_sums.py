"""Sums over the recurrent edges, a block at a time: each cell's weights and degrees, and where its weight goes."""

import numpy as np
import pandas as pd


def cell_weights(blocks, n_nodes):
    """Summed absolute weight and number of the edges that leave and reach each cell.

    Parameters
    ----------
    blocks : iterable of dict
        Blocks of edges: ``source_node_id``, ``target_node_id`` (array of int) and ``syn_weight`` (array of float, pA,
        signed), the edges in any order and any number of blocks.
    n_nodes : int

    Returns
    -------
    DataFrame
        One row a cell: ``node_id outgoing_weight incoming_weight out_degree in_degree``, weights in pA. An edge counts
        once in the degrees, however many synapses it stands for.

    Raises
    ------
    ValueError
        If an edge names a node that is not among 0..n_nodes-1, or its weight is not finite.
    """
    weight, degree = np.zeros((2, n_nodes)), np.zeros((2, n_nodes), dtype=np.int64)
    for block in blocks:
        source, target, strength = checked_block(block, n_nodes)
        for side, ids in enumerate((source, target)):
            weight[side] += np.bincount(ids, weights=strength, minlength=n_nodes)
            degree[side] += np.bincount(ids, minlength=n_nodes)
    columns = {"outgoing_weight": weight[0], "incoming_weight": weight[1]}
    return pd.DataFrame(
        {"node_id": np.arange(n_nodes), **columns, "out_degree": degree[0], "in_degree": degree[1]},
    )


def weights_onto_groups(blocks, target_group, n_groups):
    """Each cell's summed absolute weight and number of edges onto each group of targets.

    Parameters
    ----------
    blocks : iterable of dict
        As for `cell_weights`.
    target_group : ndarray of int, shape (n_nodes,)
        Group of each node as a target, 0..n_groups-1.
    n_groups : int

    Returns
    -------
    weight : ndarray of float, shape (n_nodes, n_groups), pA
    edges : ndarray of int, shape (n_nodes, n_groups)
    """
    n_nodes = len(target_group)
    weight, edges = np.zeros(n_nodes * n_groups), np.zeros(n_nodes * n_groups, dtype=np.int64)
    for block in blocks:
        source, target, strength = checked_block(block, n_nodes)
        place = source * n_groups + target_group[target]
        weight += np.bincount(place, weights=strength, minlength=len(weight))
        edges += np.bincount(place, minlength=len(edges))
    return weight.reshape(n_nodes, n_groups), edges.reshape(n_nodes, n_groups)


def checked_block(block, n_nodes):
    """Sources, targets and absolute weights (pA) of a block of edges, refusing what is not this network's.

    Raises
    ------
    ValueError
        As `cell_weights` does.
    """
    ends = [np.asarray(block[f"{side}_node_id"], dtype=np.int64) for side in ("source", "target")]
    for ids in ends:
        if len(ids) and not (ids.min() >= 0 and ids.max() < n_nodes):
            raise ValueError(f"edges name nodes {ids.min()}..{ids.max()}, expected 0..{n_nodes - 1}")
    strength = np.abs(np.asarray(block["syn_weight"], dtype=float))
    if not np.isfinite(strength).all():
        raise ValueError(f"{np.count_nonzero(~np.isfinite(strength))} edges have a syn_weight that is not finite")
    return *ends, strength
