"""Distribution of the recurrent weights by type of source and of target."""

import numpy as np
import pandas as pd

from analysis_shared.cells.grouping import display_order
from analysis_shared.figures.boxes import box_of_sample
from v1_files.reading import read_table

COLUMNS = ("source_type", "target_type", "n_edges", "whislo", "q1", "med", "q3", "whishi")


def weight_distributions(source_types, target_types, weights):
    """Box statistics of the absolute weights of each pair of types.

    Parameters
    ----------
    source_types, target_types : Categorical, shape (n_edges,)
        With the same categories.
    weights : ndarray of float, shape (n_edges,), pA
        Signed. Edges of weight zero are left out: they cannot be shown on a logarithmic axis.

    Returns
    -------
    DataFrame
        A row for each pair that has edges, in display order: `COLUMNS`, weights in pA.

    Examples
    --------
    >>> types = pd.Categorical(["L4_Exc", "L4_Exc", "L4_Exc"])
    >>> weight_distributions(types, types, np.array([1.0, 2.0, -3.0]))[["n_edges", "med"]].values.tolist()
    [[3.0, 2.0]]
    """
    names = list(source_types.categories)
    pair = source_types.codes.astype(np.uint16) * np.uint16(len(names)) + target_types.codes.astype(np.uint16)
    # Integers of 16 bits are sorted by radix, which holds for a hundred million edges.
    order = np.argsort(pair, kind="stable")
    bounds = np.searchsorted(pair, np.arange(len(names) ** 2 + 1), sorter=order)
    rows = []
    for source in display_order(names):
        for target in display_order(names):
            code = names.index(source) * len(names) + names.index(target)
            strength = np.abs(weights[order[bounds[code] : bounds[code + 1]]])
            strength = strength[strength > 0]
            if len(strength):
                box = box_of_sample(strength)
                rows.append((source, target, len(strength), *(box[name] for name in COLUMNS[3:])))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def rank_correlation(medians, others):
    """Spearman's rank correlation of two options' medians over the targets of a source.

    Parameters
    ----------
    medians, others : Series
        Median weight by target type.

    Returns
    -------
    float
        NaN with fewer than three targets in common.
    """
    both = pd.concat([medians, others], axis=1, join="inner").dropna()
    return float(both.corr(method="spearman").iloc[0, 1]) if len(both) > 2 else float("nan")


def read_weight_distributions(path):
    """Read the table of `weight_distributions`.

    Raises
    ------
    ValueError
        If a column is missing, holds other values than it should or there are no rows.
    """
    table = read_table(path, text=COLUMNS[:2], counts=COLUMNS[2:3], positive=COLUMNS[3:])
    if table.duplicated(["source_type", "target_type"]).any():
        raise ValueError(f"{path}: a pair of types is there twice")
    if table.empty:
        raise ValueError(f"{path}: no edges")
    return table
