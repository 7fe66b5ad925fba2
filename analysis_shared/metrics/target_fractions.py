"""Where the outgoing weight of each cohort goes: shares of the target classes and cell types, which add to 1."""

import numpy as np
import pandas as pd

from analysis_shared.cells.cohorts import in_class, in_region, node_set_cells
from analysis_shared.cells.grouping import display_order
from analysis_shared.cells.node_set_names import CLASSES, THIRDS, NodeSet
from analysis_shared.metrics.edge_sums import weights_onto_groups

TARGET_CLASSES = ("exc", "pv", "sst", "vip", "htr3a")
"""Classes of the targets; htr3a is every inhibitory cell that is none of the others, those of layer 1."""
TARGET_REGIONS = ("all", "core")


def target_classes(nodes):
    """Class of each node as a target, of `TARGET_CLASSES`.

    Parameters
    ----------
    nodes : DataFrame
        Columns ``ei`` and ``class``.

    Returns
    -------
    ndarray of str, shape (n_nodes,)
    """
    classes = np.full(len(nodes), "htr3a", dtype="<U5")
    for name in TARGET_CLASSES[:-1]:
        classes[in_class(nodes, name)] = name
    return classes


def target_fractions(nodes, blocks, measure, group, region):
    """Share of each cohort's outgoing weight, and of its edges, that reaches each target class and cell type.

    Parameters
    ----------
    nodes : DataFrame
        From `analysis_shared.cells.node_sets.read_cells`.
    blocks : iterable of dict
        Blocks of edges, as `analysis_shared.metrics.edge_sums.cell_weights` takes them.
    measure, group, region : str
        What the cohorts are ranked by and within, and where their cells lie.

    Returns
    -------
    DataFrame
        One row a cohort, region of targets, level and target: ``cohort class third measure by region n_sources
        target_region level target weight_pa weight_fraction edge_fraction``. The fractions of a cohort, region of
        targets and level add to 1 (NaN for a cohort without edges).
    """
    types = display_order(nodes["cell_type"])
    # Even places are targets in the periphery, odd ones in the core.
    place = 2 * nodes["cell_type"].map(types.index).to_numpy() + in_region(nodes, "core")
    sums = [part.reshape(len(nodes), len(types), 2) for part in weights_onto_groups(blocks, place, 2 * len(types))]
    class_of_type = dict(zip(nodes["cell_type"], target_classes(nodes), strict=True))
    rows = []
    for cell_class in CLASSES:
        ranked = node_set_cells(nodes, NodeSet(cell_class, THIRDS[0], measure, group, region))
        for third in THIRDS:
            sources = ranked.loc[ranked["third"] == third, "node_id"].to_numpy()
            head = {"cohort": NodeSet(cell_class, third, measure, group, region).name, "class": cell_class}
            head |= {"third": third, "measure": measure, "by": group, "region": region, "n_sources": len(sources)}
            onto = [part[sources].sum(axis=0) for part in sums]
            rows += [head | row for row in _shares(*onto, types, class_of_type)]
    return pd.DataFrame(rows)


def _shares(weight, edges, types, class_of_type):
    """Rows of one cohort from its weight and edges onto each type, shape (n_types, 2): periphery, core."""
    for target_region in TARGET_REGIONS:
        totals = pd.DataFrame(
            {"weight_pa": _within(weight, target_region), "edges": _within(edges, target_region)}, index=types
        )
        by_class = totals.groupby([class_of_type[name] for name in types]).sum().reindex(TARGET_CLASSES, fill_value=0)
        for level, table in (("class", by_class), ("cell_type", totals)):
            shares = table / table.sum().where(table.sum() > 0)
            for target in table.index:
                yield {
                    "target_region": target_region,
                    "level": level,
                    "target": target,
                    "weight_pa": table.loc[target, "weight_pa"],
                    "weight_fraction": shares.loc[target, "weight_pa"],
                    "edge_fraction": shares.loc[target, "edges"],
                }


def _within(sums, target_region):
    return sums[:, 1] if target_region == "core" else sums.sum(axis=1)
