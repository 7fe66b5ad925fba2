"""f–I curves of the cell models: mean rate over 2 s from the onset of constant currents of 0 to 500 pA."""

import argparse
from pathlib import Path

from v1_files import command_line
from v1_files.files import whole_file
from v1_model.options.if_curves import if_curves
from v1_model.seeds.tables import load_seed_tables


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-props", required=True, type=Path, help="folder of the seed workbook and tables")
    parser.add_argument(
        "--output", required=True, type=Path, help="table to write: a row a current (pA), a column a cell model, in Hz"
    )
    args = parser.parse_args(argv)
    curves = if_curves(load_seed_tables(args.base_props).cell_models)
    with whole_file(args.output) as part:
        curves.to_csv(part, sep=" ", float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
