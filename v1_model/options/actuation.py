"""The mean current that each source population sends into each cell type, from edges, synapse kinetics and rates.

The influence of a source population on a target type is the charge that a target cell receives, on average, when every
source cell fires once. Times the mean rate of the source cells it is the mean synaptic current, the actuation.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from v1_files.reading import read_table
from v1_files.sonata.edges import BLOCK_EDGES
from v1_model.network.synapses import read_kinetics, read_receptor_port

PC_PER_PA_MS = 1e-3
LGN, BACKGROUND = "LGN", "BKG"


def unit_charge(tau_fast, tau_slow, amp_slow):
    """Charge of one spike through a synapse of 1 pA (pC).

    The current is ``amp · (t/τ)·exp(1 − t/τ)``, a fast alpha function of peak 1 pA and a slow one of peak ``amp_slow``
    as in NEST's ``glif_psc_double_alpha``; the integral of an alpha function of peak 1 is e·τ.

    Parameters
    ----------
    tau_fast, tau_slow : array of float, ms
    amp_slow : array of float

    Examples
    --------
    >>> round(float(unit_charge(2.0, 4.0, 0.5)) / np.e, 6)
    0.004
    """
    return np.e * (np.asarray(tau_fast) + np.asarray(amp_slow) * np.asarray(tau_slow)) * PC_PER_PA_MS


def charge_table(edge_types, node_types, components):
    """Charge of one spike per pA of weight, by edge type and type of the target cell.

    Parameters
    ----------
    edge_types : pandas.DataFrame, index ``edge_type_id``
        With ``dynamics_params``, the file of each edge type's receptor port.
    node_types : pandas.DataFrame
        Types of the target cells, with ``dynamics_params``, the file of each type's parameters.
    components : path
        Folder with ``cell_models/`` and ``synaptic_models/``.

    Returns
    -------
    array of float, shape (edge types, node types), pC per pA
        NaN where a cell type has no such port.
    """
    components = Path(components)
    files = {
        name: read_receptor_port(components / "synaptic_models" / name) for name in set(edge_types["dynamics_params"])
    }
    ports = [files[name] for name in edge_types["dynamics_params"]]
    charges = np.full((len(node_types), max(ports, default=0) + 1), np.nan)
    for row, name in enumerate(node_types["dynamics_params"]):
        own = unit_charge(*read_kinetics(components / "cell_models" / name))[: charges.shape[1] - 1]
        charges[row, 1 : len(own) + 1] = own
    return charges[:, ports].T


def influence(edges, edge_type_ids, charges, source_group, target_group, target_type, shape, on_edges=None):
    """Charge that the mean target cell of each group receives when all cells of a source group fire once.

    Parameters
    ----------
    edges : v1_files.sonata.edges.Edges
    edge_type_ids : array of int, shape (edge types,)
        In the order of the rows of ``charges``.
    charges : array of float, shape (edge types, node types), pC per pA
        As from :func:`charge_table`.
    source_group : array of int, shape (sources,)
        Group of each source cell.
    target_group : array of int, shape (targets,)
        Group of each target cell, −1 for cells that are left out.
    target_type : array of int, shape (targets,)
        Row of each target cell's type, a column of ``charges``.
    shape : (int, int)
        Numbers of source and of target groups.
    on_edges : callable, optional
        Told the number of edges of each block that is done.

    Returns
    -------
    array of float, shape ``shape``, pC
        NaN for a target group without cells.

    Raises
    ------
    ValueError
        For an edge whose node or type the network does not have, whose port its target lacks, or whose weight is not
        finite.
    """
    row_of_type = np.full(int(max(edge_type_ids, default=0)) + 2, -1)
    row_of_type[np.asarray(edge_type_ids, dtype=np.int64)] = np.arange(len(edge_type_ids))
    total, start = np.zeros(shape[0] * shape[1]), 0
    for block in edges.blocks(BLOCK_EDGES):
        sources, targets = block["source_node_id"], block["target_node_id"]
        _refuse(edges, sources >= len(source_group), start, "source_node_id is not a node of the network", sources)
        _refuse(edges, targets >= len(target_group), start, "target_node_id is not a node of the network", targets)
        kept = np.flatnonzero(target_group[targets] >= 0)
        sources, targets = sources[kept], targets[kept]
        types = row_of_type[np.minimum(block["edge_type_id"][kept], len(row_of_type) - 1)]
        _refuse(edges, types < 0, start, "edge_type_id is not in the edge types", block["edge_type_id"][kept])
        # Negative rows would count from the end, so types were checked first.
        weights = block["syn_weight"][kept].astype(float)
        if "nsyns" in block:
            weights *= block["nsyns"][kept]
        charge = weights * charges[types, target_type[targets]]
        _refuse(edges, ~np.isfinite(charge), start, "no finite weight, or no such receptor port of its target", weights)
        pair = source_group[sources] * shape[1] + target_group[targets]
        total += np.bincount(pair, charge, minlength=len(total))
        start += len(block["source_node_id"])
        if on_edges:
            on_edges(len(block["source_node_id"]))
    cells = np.bincount(target_group[target_group >= 0], minlength=shape[1])
    with np.errstate(invalid="ignore"):
        return total.reshape(shape) / np.where(cells > 0, cells, np.nan)


def _refuse(edges, faulty, start, message, values):
    if faulty.any():
        raise ValueError(f"{edges.path}, in the block from edge {start}: {message}: found {values[np.argmax(faulty)]}")


def actuation_table(influences, cell_types, mean_rates):
    """Mean currents by source and target as a table.

    Parameters
    ----------
    influences : dict of str to array of float, pC
        ``LGN`` and ``BKG``, shape (T,), and ``V1``, shape (T, T), source × target.
    cell_types : sequence of str, length T
    mean_rates : dict of str to float, Hz
        Of ``LGN``, ``BKG`` and every cell type.

    Returns
    -------
    pandas.DataFrame, index ``source``
        ``mean_rate_Hz`` of the source cells, then the current (pA) into each cell type; charge times rate.
    """
    charges = np.vstack([influences[LGN], influences[BACKGROUND], influences["V1"]])
    sources = pd.Index([LGN, BACKGROUND, *cell_types], name="source")
    rates = np.array([mean_rates[source] for source in sources], dtype=float)
    table = pd.DataFrame(charges * rates[:, None], index=sources, columns=list(cell_types))
    table.insert(0, "mean_rate_Hz", rates)
    return table


def read_actuation(path):
    """Read a table of :func:`actuation_table`, checked to have the inputs and every cell type as a source.

    Raises
    ------
    ValueError
        If rows or columns are missing.
    """
    table = read_table(path, key="source", finite=["mean_rate_Hz"]).set_index("source")
    if list(table.index) != [LGN, BACKGROUND, *table.columns[1:]]:
        raise ValueError(f"{path}: rows {LGN}, {BACKGROUND} and one for each cell type that has a column expected")
    # Also their currents are numbers.
    read_table(path, numeric=table.columns[1:])
    return table
