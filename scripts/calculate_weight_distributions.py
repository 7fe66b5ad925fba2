"""Distribution of an option's recurrent weights by cell type of source and target.

Reads all edges and writes one row a pair of types: number of edges, and the 5th, 25th, 50th, 75th and 95th percentile
of the absolute weight (pA). Edges of weight zero are left out.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from analysis_shared.cells.nodes import read_naming_scheme, read_nodes
from analysis_shared.metrics.edge_sums import checked_block
from analysis_shared.metrics.weight_distributions import weight_distributions
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.sonata.edges import BLOCK_EDGES, open_edges


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", required=True, type=Path, help="recurrent edges (SONATA) with syn_weight")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--output", required=True, type=Path, help="table to write (space separated)")
    return parser.parse_args(argv)


def read_types_and_weights(path, codes):
    """Type code of source and of target, and absolute weight (pA), of every edge."""
    with open_edges(path, "v1_to_v1") as edges:
        source, target = np.empty((2, len(edges)), dtype=np.int8)
        weights, done = np.empty(len(edges), dtype=np.float32), 0
        blocks = tqdm(edges.blocks(), total=-(-len(edges) // BLOCK_EDGES), unit="block", desc="edges")
        for block in blocks:
            sources, targets, strength = checked_block(block, len(codes))
            here = slice(done, done + len(sources))
            source[here], target[here], weights[here] = codes[sources], codes[targets], strength
            done = here.stop
    return source, target, weights


def main(argv=None):
    args = parse(argv)
    naming = read_naming_scheme(args.naming_scheme)
    nodes = read_nodes(args.network_dir / "v1_nodes.h5", args.network_dir / "v1_node_types.csv", naming)
    types = pd.Categorical(nodes["cell_type"])
    try:
        source, target, weights = read_types_and_weights(args.edges, types.codes)
    except ValueError as error:
        raise ValueError(f"{args.edges}: {error}") from error
    ends = (pd.Categorical.from_codes(codes, types.categories) for codes in (source, target))
    table = weight_distributions(*ends, weights)
    with whole_file(args.output) as part:
        table.to_csv(part, sep=" ", index=False, float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
