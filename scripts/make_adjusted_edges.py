"""Write a network's recurrent edges with a modulation file's rules applied to the weights; the rest stays as built."""

import argparse
from pathlib import Path

from tqdm import tqdm

from v1_files import command_line
from v1_files.sonata.edges import copy_with_weights, open_edges, read_node_types
from v1_model.engines.modulation import Modulation, read_modulation
from v1_model.options.adjustment import modulated_weights

POPULATION = "v1_to_v1"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and v1_v1_edges.h5")
    parser.add_argument("--modulation", required=True, type=Path, help="modulation file of calculate_adjustment.py")
    parser.add_argument("--output", required=True, type=Path, help="edge file to write")
    args = parser.parse_args(argv)
    folder, built = args.network_dir, args.network_dir / "v1_v1_edges.h5"
    types = read_node_types(folder / "v1_nodes.h5", folder / "v1_node_types.csv", "v1")
    ends = [("v1", "v1")]
    rules = Modulation(args.modulation, read_modulation(args.modulation), {"v1": types.table}, ends).between("v1", "v1")
    with open_edges(built, POPULATION) as edges:
        blocks = modulated_weights(edges, rules, types.rows, types.rows)
        with tqdm(total=len(edges), desc="adjusted", unit=" edges", unit_scale=True, mininterval=1.0) as bar:
            copy_with_weights(built, args.output, POPULATION, _counted(blocks, bar))


def _counted(blocks, bar):
    for block in blocks:
        yield block
        bar.update(len(block))


if __name__ == "__main__":
    command_line.run(main)
