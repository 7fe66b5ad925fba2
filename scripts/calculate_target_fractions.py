"""Where the outgoing weight of each cohort goes: shares of the target classes and cell types.

Cohorts are the thirds of each class by a measure, as make_node_set.py defines them. The shares are of the summed
absolute weight of all recurrent edges that leave the cohort, and apart from that of the edges that end in the core; the
column target_region says which. They add to 1, layer 1 (htr3a) included. Reads the edges in blocks.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from analysis_shared.cells.node_set_names import GROUPS, MEASURES, REGIONS
from analysis_shared.cells.node_sets import read_cells
from analysis_shared.cells.nodes import core_of, read_naming_scheme
from analysis_shared.metrics.target_fractions import target_fractions
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.sonata.edges import BLOCK_EDGES, open_edges


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", required=True, type=Path, help="recurrent edges (SONATA) with syn_weight")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--cell-weights", required=True, type=Path, help="weights and degrees by cell")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--measure", default="outgoing_weight", choices=MEASURES, help="default: %(default)s")
    parser.add_argument("--group", default="layer", choices=GROUPS, help="ranked within (default: %(default)s)")
    parser.add_argument("--region", default="core", choices=REGIONS, help="of the sources (default: %(default)s)")
    parser.add_argument("--output", required=True, type=Path, help="table to write (space separated)")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    nodes, _ = read_cells(args.network_dir, args.cell_weights, read_naming_scheme(args.naming_scheme))
    if args.region == "core":
        core_of(nodes, args.network_dir)
    with open_edges(args.edges, "v1_to_v1") as edges:
        blocks = tqdm(edges.blocks(), total=-(-len(edges) // BLOCK_EDGES), unit="block", desc="edges")
        try:
            table = target_fractions(nodes, blocks, args.measure, args.group, args.region)
        except ValueError as error:
            raise ValueError(f"{args.edges}: {error}") from error
    with whole_file(args.output) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
