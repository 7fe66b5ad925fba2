"""Mean current (pA) that each source population sends into each cell type of a network's core.

Sources are the LGN, the background and the V1 cell types, at their mean rates: those of the recordings for V1 (table of
calculate_target_currents.py), and for each class of LGN cells (table of calculate_lgn_rates.py) the mean over two
seconds of stimulus and one of grey screen.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from analysis_shared.cells.grouping import display_order
from analysis_shared.cells.nodes import core_of, read_naming_scheme, read_network
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.reading import read_table
from v1_files.sonata.edges import open_edges, read_node_types
from v1_model.options.actuation import BACKGROUND, LGN, actuation_table, charge_table, influence
from v1_model.options.lgn_rates import mean_rate_hz, read_class_rates

LARGEST_TYPE_ID = 10**8


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network-dir", required=True, type=Path, help="folder of nodes, edges and types")
    parser.add_argument("--components", required=True, type=Path, help="folder of cell_models/ and synaptic_models/")
    parser.add_argument("--v1-edges", type=Path, help="recurrent edges (default: the built ones)")
    parser.add_argument("--background-edges", type=Path, help="background edges (default: the built ones)")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--target-currents", required=True, type=Path, help="table of calculate_target_currents.py")
    parser.add_argument("--background-rate-hz", required=True, type=float, help="rate of each background unit")
    parser.add_argument("--lgn-rates", required=True, type=Path, help="table of calculate_lgn_rates.py")
    parser.add_argument("--lgn-currents", type=Path, help="table to write: the LGN's currents while stimuli are shown")
    parser.add_argument("--output", required=True, type=Path, help="table to write: a row a source, a column a target")
    return parser.parse_args(argv)


def source_groups(folder, cell_type_index, n_cell_types):
    """Group of each source cell, and the number of groups, by population: cell types, LGN classes, all units."""
    lgn, bkg = (
        read_node_types(folder / f"{name}_nodes.h5", folder / f"{name}_node_types.csv", name) for name in ("lgn", "bkg")
    )
    groups = {"v1": (cell_type_index, n_cell_types), "lgn": (lgn.rows, len(lgn.table))}
    return groups | {"bkg": (np.zeros(len(bkg.rows), dtype=np.int64), 1)}, list(lgn.table["pop_name"])


def influences(args, nodes, cell_types):
    """Charge (pC) by source and target, for V1, LGN (by class) and background; and the names of the LGN classes."""
    folder = args.network_dir
    index = pd.Index(cell_types).get_indexer(nodes["cell_type"])
    v1_types = read_node_types(folder / "v1_nodes.h5", folder / "v1_node_types.csv", "v1")
    target_group = np.where(nodes["core"], index, -1)
    paths = {"v1": args.v1_edges, "lgn": None, "bkg": args.background_edges}
    found = {}
    groups, lgn_classes = source_groups(folder, index, len(cell_types))
    for name, (source_group, n_groups) in groups.items():
        path = folder / f"{name}_v1_edge_types.csv"
        edge_types = read_table(path, key="edge_type_id", counts=["edge_type_id"], text=["dynamics_params"]).set_index(
            "edge_type_id"
        )
        if edge_types.empty or edge_types.index.max() > LARGEST_TYPE_ID:
            raise ValueError(f"{path}, column edge_type_id: rows with numbers up to {LARGEST_TYPE_ID:,} expected")
        try:
            charges = charge_table(edge_types, v1_types.table, args.components)
        except ValueError as error:
            raise ValueError(f"{path} and v1_node_types.csv: {error}") from error
        shape = (n_groups, len(cell_types))
        with open_edges(paths[name] or folder / f"{name}_v1_edges.h5", f"{name}_to_v1") as edges:
            with tqdm(total=len(edges), desc=f"{name} → v1", unit=" edges", unit_scale=True, mininterval=1.0) as bar:
                ends = source_group, target_group, v1_types.rows
                found[name] = influence(edges, edge_types.index, charges, *ends, shape, bar.update)
    return {"V1": found["v1"], LGN: found["lgn"], BACKGROUND: found["bkg"][0]}, lgn_classes


def lgn_input(charges, rates):
    """What all LGN cells give: their mean rate (Hz), charge at that rate and current while stimuli are shown.

    Parameters
    ----------
    charges : array of float, shape (classes, T), pC
    rates : pandas.DataFrame
        Of the classes, as from ``lgn_rates.read_class_rates``.

    Returns
    -------
    mean_hz : float
    charge_pc : array of float, shape (T,)
        That of a class counts by its rate; all alike where no cell fires.
    evoked_pa : array of float, shape (T,)
    """
    by_class = mean_rate_hz(rates["spontaneous_Hz"], rates["evoked_Hz"]).to_numpy(float)
    mean_hz = float(np.average(by_class, weights=rates["n_cells"]))
    charge = by_class / mean_hz @ charges if mean_hz > 0 else charges.sum(axis=0)
    return mean_hz, charge, rates["evoked_Hz"].to_numpy(float) @ charges


def main(argv=None):
    args = parse(argv)
    nodes, _ = read_network(args.network_dir, read_naming_scheme(args.naming_scheme))
    core_of(nodes, args.network_dir)
    cell_types = display_order(nodes["cell_type"])
    rates = read_table(args.target_currents, key="cell_type", finite=["mean_rate_Hz"]).set_index("cell_type")
    rates = rates["mean_rate_Hz"].to_dict()
    missing = [name for name in cell_types if name not in rates]
    if missing:
        raise ValueError(f"{args.target_currents}: no row of cell type {', '.join(missing)}")
    charges, lgn_classes = influences(args, nodes, cell_types)
    rates[LGN], charges[LGN], evoked_pa = lgn_input(charges[LGN], read_class_rates(args.lgn_rates, lgn_classes))
    rates[BACKGROUND] = args.background_rate_hz
    table = actuation_table(charges, cell_types, rates)
    if args.lgn_currents:
        evoked = pd.DataFrame({"evoked_pA": evoked_pa}, index=pd.Index(cell_types, name="cell_type"))
        with whole_file(args.lgn_currents) as part:
            evoked.to_csv(part, sep=" ", na_rep="nan", float_format="%.7g")
    with whole_file(args.output) as part:
        table.to_csv(part, sep=" ", na_rep="nan", float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
