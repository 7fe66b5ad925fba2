"""Summed weight and number of the recurrent edges that leave and reach each V1 cell.

Weights are absolute, in pA, over all recurrent edges, wherever the other end lies. Reads the edges in blocks, so memory
grows with the cells alone. Writes one row a cell: node_id outgoing_weight incoming_weight out_degree in_degree.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from analysis_shared.cells.nodes import count_nodes
from analysis_shared.metrics.edge_sums import cell_weights
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.sonata.edges import BLOCK_EDGES, open_edges


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", required=True, type=Path, help="recurrent edges (SONATA) with syn_weight")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5")
    parser.add_argument("--output", required=True, type=Path, help="table to write (space separated)")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    n_nodes = count_nodes(args.network_dir / "v1_nodes.h5")
    with open_edges(args.edges, "v1_to_v1") as edges:
        blocks = tqdm(edges.blocks(), total=-(-len(edges) // BLOCK_EDGES), unit="block", desc="edges")
        try:
            table = cell_weights(blocks, n_nodes)
        except ValueError as error:
            raise ValueError(f"{args.edges}: {error}") from error
    with whole_file(args.output) as part:
        # More digits than other tables have: cells are ranked by these, and rounding would make ties.
        table.to_csv(part, sep=" ", index=False, float_format="%.12g")


if __name__ == "__main__":
    command_line.run(main)
