"""Cells of a node set, by its name: a third of a class by outgoing weight, incoming weight or out-degree, or a class.

Names are {class}_{third}_{measure}_by_{group}_{region} or {class}_{region}: class exc, inh (with layer 1), pv, sst or
vip; third high, mid or low; measure outgoing_weight, incoming_weight or out_degree; group layer or cell_type; region
core, periphery or all. Cells are ranked within class, region and group, the largest first, of equals the lower id
first; high are the first floor(n/3), low the last floor(n/3). Writes JSON: population, node_id, definition.
"""

import argparse
import json
from pathlib import Path

from analysis_shared.cells.node_set_names import parse_node_set
from analysis_shared.cells.node_sets import node_set_content, read_cells
from analysis_shared.cells.nodes import read_naming_scheme
from v1_files import command_line
from v1_files.files import whole_file


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--node-set", required=True, help="name of the node set")
    parser.add_argument("--option", required=True, help="option whose weights the table has; written to the file")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--cell-weights", required=True, type=Path, help="weights and degrees by cell")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--output", required=True, type=Path, help="node set to write (JSON)")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    node_set = parse_node_set(args.node_set)
    nodes, description = read_cells(args.network_dir, args.cell_weights, read_naming_scheme(args.naming_scheme))
    try:
        content = node_set_content(nodes, node_set, description, args.option)
    except ValueError as error:
        raise ValueError(f"{args.network_dir}: {error}") from error
    with whole_file(args.output) as part:
        part.write_text(json.dumps(content) + "\n", encoding="utf-8")


if __name__ == "__main__":
    command_line.run(main)
