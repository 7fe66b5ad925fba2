"""Factors of the recurrent weights that give every cell type the current at which it fires as recorded.

Excitatory weights onto a type are multiplied by its factor and inhibitory ones divided by it. Written twice: as a table
of the factors with the currents behind them, and as a modulation file (run_pointnet.py -m) with the same effect.
"""

import argparse
from pathlib import Path

from analysis_shared.cells.nodes import read_naming_scheme
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.reading import read_table
from v1_model.options.actuation import read_actuation
from v1_model.options.adjustment import adjustment_factors, modulation_rows, write_rows


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actuation", required=True, type=Path, help="table of calculate_actuation.py, built weights")
    parser.add_argument("--target-currents", required=True, type=Path, help="table of calculate_target_currents.py")
    parser.add_argument("--node-types", required=True, type=Path, help="node types of V1, whose populations get rules")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--lgn-currents", required=True, type=Path, help="currents from the LGN while gratings drift")
    parser.add_argument("--factors", required=True, type=Path, help="table to write, a row a cell type")
    parser.add_argument("--modulation", required=True, type=Path, help="modulation file to write")
    args = parser.parse_args(argv)
    naming = read_naming_scheme(args.naming_scheme)
    signs = {name: 1 if ei == "e" else -1 for name, ei in zip(naming["cell_type"], naming["ei"], strict=True)}
    targets = read_table(args.target_currents, key="cell_type", finite=["target_current_pA"]).set_index("cell_type")
    lgn = read_table(args.lgn_currents, key="cell_type", numeric=["evoked_pA"]).set_index("cell_type")["evoked_pA"]
    try:
        factors = adjustment_factors(read_actuation(args.actuation), targets["target_current_pA"], signs, lgn)
    except ValueError as error:
        raise ValueError(f"{args.actuation} with {args.target_currents} and {args.lgn_currents}: {error}") from error
    type_of = naming.set_index("pop_name")["cell_type"].to_dict()
    populations = read_table(args.node_types, text=["pop_name"])["pop_name"].drop_duplicates()
    unknown = [name for name in populations if name not in type_of]
    if unknown or populations.empty:
        found = f"population {unknown[0]}" if unknown else "no node types"
        raise ValueError(f"{args.node_types}: {found}, expected populations of {args.naming_scheme}")
    present = {name: type_of[name] for name in populations if type_of[name] in factors.index}
    rows = modulation_rows(factors["factor"].to_dict(), present)
    with whole_file(args.factors) as part:
        factors.to_csv(part, sep=" ", na_rep="nan", float_format="%.7g")
    with whole_file(args.modulation) as part:
        write_rows(part, rows)


if __name__ == "__main__":
    command_line.run(main)
