"""Check an edge file made elsewhere against a built network and place its weights as those of an option.

The file holds the edges of the network, each once, in any order: SONATA (HDF5) with source_node_id, target_node_id and
0/syn_weight, or text with columns source_node_id, target_node_id and syn_weight, separated by spaces or commas. Weights
are in pA, signed as their source cell. What is written is the built file with these weights.
"""

import argparse
from pathlib import Path

from v1_files import command_line
from v1_files.sonata.edges import read_node_types
from v1_files.sonata.import_weights import import_weights

SOURCES = ("v1", "bkg")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network-dir", required=True, type=Path, help="folder of the built nodes and edges")
    parser.add_argument("--source", required=True, choices=SOURCES, help="recurrent (v1) or background (bkg) edges")
    parser.add_argument("--weights", required=True, type=Path, help="file to import")
    parser.add_argument("--output", required=True, type=Path, help="edge file to write")
    args = parser.parse_args(argv)
    folder, source = args.network_dir, args.source
    types = {n: read_node_types(folder / f"{n}_nodes.h5", folder / f"{n}_node_types.csv", n) for n in {source, "v1"}}
    import_weights(
        folder / f"{source}_v1_edges.h5",
        args.weights,
        args.output,
        f"{source}_to_v1",
        types[source].sign,
        len(types["v1"].rows),
    )


if __name__ == "__main__":
    command_line.run(main)
