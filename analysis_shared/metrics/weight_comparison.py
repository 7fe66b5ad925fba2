"""Weights by cell model against those of another table, by population."""

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from v1_files.reading import read_table

LEAST_FOR_RANKS = 3
ALL = "all"


def compare_weights(models):
    """Rank correlation and ratio of two weights of the same cell models, by population and over all.

    Parameters
    ----------
    models : DataFrame
        One row a model: ``population``, ``weight_pA`` and ``reference_pA``.

    Returns
    -------
    DataFrame
        ``population n_models spearman ratio_q25 ratio_median ratio_q75``; populations in the order of their first
        model, ``all`` last. The ratio is weight over reference, of models where both are above 0; ``spearman`` is nan
        for fewer than three models or where one of the weights is the same for all.

    Examples
    --------
    >>> models = pd.DataFrame({"population": ["a"] * 3, "weight_pA": [2.0, 4.0, 9.0], "reference_pA": [1.0, 2.0, 3.0]})
    >>> compare_weights(models)[["population", "spearman", "ratio_median"]].to_numpy().tolist()
    [['a', 1.0, 2.0], ['all', 1.0, 2.0]]
    """
    groups = [(name, part) for name, part in models.groupby("population", sort=False)]
    return pd.DataFrame([_row(name, part) for name, part in [*groups, (ALL, models)]])


def _row(name, part):
    weight, reference = part["weight_pA"].to_numpy(float), part["reference_pA"].to_numpy(float)
    positive = (weight > 0) & (reference > 0)
    ratio = weight[positive] / reference[positive]
    quartiles = np.quantile(ratio, [0.25, 0.5, 0.75]) if len(ratio) else np.full(3, np.nan)
    varied = len(part) >= LEAST_FOR_RANKS and np.ptp(weight) > 0 and np.ptp(reference) > 0
    spearman = spearmanr(weight, reference).statistic if varied else np.nan
    names = ("ratio_q25", "ratio_median", "ratio_q75")
    return {"population": name, "n_models": len(part), "spearman": spearman, **dict(zip(names, quartiles, strict=True))}


def read_comparison(path):
    """Read the table of `compare_weights`.

    Raises
    ------
    ValueError
        If a column is missing or holds other values than it should, or there is no row over all models.
    """
    numbers = ["spearman", "ratio_q25", "ratio_median", "ratio_q75"]
    table = read_table(path, counts=["n_models"], numeric=numbers, key="population")
    if ALL not in table["population"].to_numpy():
        raise ValueError(f"{path}: no row {ALL}")
    return table


def join_weights(tuning, reference):
    """The models whose tuning converged, with their weights in both tables.

    Parameters
    ----------
    tuning : DataFrame
        ``tuning.csv``: ``specimen_id population n_cells fitted_weight_pA converged`` and more.
    reference : DataFrame
        ``specimen_id fitted_weight_pA``.

    Returns
    -------
    DataFrame
        ``specimen_id population n_cells weight_pA reference_pA``.
    """
    other = reference.rename(columns={"fitted_weight_pA": "reference_pA"})
    joined = tuning[tuning["converged"]].merge(other, on="specimen_id", validate="one_to_one")
    joined = joined.rename(columns={"fitted_weight_pA": "weight_pA"})
    return joined[["specimen_id", "population", "n_cells", "weight_pA", "reference_pA"]]


def read_weights(path, columns):
    """Read a table of weights by cell model.

    Raises
    ------
    ValueError
        If a column is missing, a model is listed twice, or a weight is not a number or negative.
    """
    counts = ["specimen_id", *(["n_cells"] if "n_cells" in columns else [])]
    text = [name for name in ("population", "converged") if name in columns]
    table = read_table(path, text=text, counts=counts, positive=["fitted_weight_pA"], key="specimen_id")
    if "converged" in columns and table["converged"].dtype != bool:
        raise ValueError(f"{path}, column converged: found other words than True and False")
    return table[list(columns)]
