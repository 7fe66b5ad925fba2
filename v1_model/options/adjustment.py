"""Adjusted weights: recurrent currents scaled until every cell type receives the current at which it fires as recorded.

For each target cell type a factor α multiplies the excitatory weights and divides the inhibitory ones, such that
α·E + I/α = N. E > 0 and I < 0 are the mean excitatory and inhibitory recurrent currents with the built weights, and N
is the current at the recorded rate less those from the LGN and the background. All inhibitory types count, L1 included.
"""

import csv

import numpy as np
import pandas as pd

from v1_files.sonata.edges import BLOCK_EDGES
from v1_model.engines.modulation import COLUMNS, modulate
from v1_model.options.actuation import BACKGROUND


def scaling_factor(excitatory, inhibitory, needed):
    """The positive root α of α·E + I/α = N.

    Parameters
    ----------
    excitatory : float, pA
        E, at least 0.
    inhibitory : float, pA
        I, at most 0.
    needed : float, pA
        N.

    Returns
    -------
    float
        1 where there is neither excitation nor inhibition to scale.

    Raises
    ------
    ValueError
        Where no positive α gives the needed current.

    Examples
    --------
    >>> scaling_factor(100.0, -50.0, 50.0), scaling_factor(80.0, -30.0, -20.0), scaling_factor(4.0, 0.0, 2.0)
    (1.0, 0.5, 0.5)
    """
    if excitatory == 0 and inhibitory == 0:
        return 1.0
    root = np.sqrt(needed**2 - 4 * excitatory * inhibitory)
    # Two forms of one root; each avoids the difference of nearly equal numbers, or division by zero, of the other.
    over, under = (needed + root, 2 * excitatory) if needed >= 0 else (-2 * inhibitory, root - needed)
    if not (over > 0 and under > 0):
        raise ValueError(
            f"no positive factor makes {needed:.4g} pA of {excitatory:.4g} pA excitation and {inhibitory:.4g} pA "
            f"inhibition"
        )
    return float(over / under)


def adjustment_factors(actuation, target_currents, signs, lgn_evoked_pa):
    """Factor of each cell type, with the currents behind it.

    Parameters
    ----------
    actuation : pandas.DataFrame
        As from :func:`v1_model.options.actuation.actuation_table`, with the built weights.
    target_currents : pandas.Series, pA, index cell type
        Currents at the recorded rates.
    signs : dict of str to int
        +1 for excitatory, −1 for inhibitory cell types.
    lgn_evoked_pa : pandas.Series, pA, index cell type
        Currents from the LGN while gratings drift, with which the target currents are to be reached.

    Returns
    -------
    pandas.DataFrame, index ``cell_type``
        ``excitatory_pA``, ``inhibitory_pA``, ``lgn_pA`` (while gratings drift), ``background_pA``, ``target_pA``,
        ``needed_pA`` and ``factor``. A type without cells has the factor 1.

    Raises
    ------
    ValueError
        Naming the cell types that have no target current, or that no factor can adjust.
    """
    types = list(actuation.columns[1:])
    for what, currents in (("target current", target_currents), ("evoked LGN current", lgn_evoked_pa)):
        missing = [name for name in types if name not in currents.index]
        if missing:
            raise ValueError(f"no {what} of cell type {', '.join(missing)}")
    sign = np.array([signs[name] for name in types])
    currents = actuation.loc[types, types].to_numpy()
    table = pd.DataFrame(index=pd.Index(types, name="cell_type"))
    table["excitatory_pA"] = currents[sign > 0].sum(axis=0)
    table["inhibitory_pA"] = currents[sign < 0].sum(axis=0)
    table["lgn_pA"] = lgn_evoked_pa.loc[types].astype(float)
    table["background_pA"] = actuation.loc[BACKGROUND, types].astype(float)
    table["target_pA"] = target_currents.loc[types].astype(float)
    table["needed_pA"] = table["target_pA"] - table["background_pA"] - table["lgn_pA"]
    factors, faults = [], []
    for name, row in table.iterrows():
        try:
            known = np.isfinite(row["needed_pA"])
            factors.append(scaling_factor(*row[["excitatory_pA", "inhibitory_pA", "needed_pA"]]) if known else 1.0)
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if faults:
        raise ValueError("\n".join(faults))
    return table.assign(factor=factors)


def modulation_rows(factors, populations):
    """Adjustment as rules of a modulation file, two a population.

    Parameters
    ----------
    factors : dict of str to float
        Factor of each cell type.
    populations : dict of str to str
        Cell type of each population (``pop_name``).

    Returns
    -------
    list of dict
        Rows with the columns of a modulation file.

    Raises
    ------
    ValueError
        If the name of a population is part of another's: rules go by parts of names.
    """
    for name in populations:
        longer = [other for other in populations if name in other and name != other]
        if longer:
            raise ValueError(
                f"the population name {name} is part of {longer[0]}, so no modulation rule can tell them apart"
            )
    rows = []
    for name, cell_type in populations.items():
        for sign, operation in (("e", "*"), ("i", "/")):
            value = repr(float(factors[cell_type]))
            rows.append(dict(zip(COLUMNS, ("ei", sign, "pop_name", name, operation, value), strict=True)))
    return rows


def write_rows(path, rows):
    """Write rules of a modulation file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=" ", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def modulated_weights(edges, rules, source_rows, target_rows, block_edges=BLOCK_EDGES):
    """Weights of an edge file after modulation, block by block.

    Parameters
    ----------
    edges : v1_files.sonata.edges.Edges
    rules : list of (Rule, array of bool, array of bool)
        As from ``Modulation.between``.
    source_rows, target_rows : array of int, one a node
        Row of each node's type.
    block_edges : int

    Yields
    ------
    array of float64, pA
    """
    for block in edges.blocks(block_edges):
        sources, targets = source_rows[block["source_node_id"]], target_rows[block["target_node_id"]]
        # Edges are sorted by target, so a block has targets of few types and most rules have nothing to do.
        here = np.bincount(targets, minlength=target_rows.max(initial=0) + 1) > 0
        acting = [rule for rule in rules if rule[2][: len(here)][here].any()]
        yield modulate(block["syn_weight"].astype(float), sources, targets, acting)
