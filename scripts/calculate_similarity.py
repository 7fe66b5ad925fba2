"""Similarity of a network's core cells to the Neuropixels recordings, by cell type and metric.

Similarity is one minus the Kolmogorov-Smirnov distance, with a bootstrap interval; small groups and the layer 5
subtypes have rows but are marked as not counting in summaries. Several networks are pooled: give as many tables as
network folders. The interval is over networks where at least three have the cell type, else over cells; the column
interval_over says which.
"""

import argparse
from pathlib import Path

from analysis_shared.cells.cells import pooled_core_cells
from analysis_shared.cells.nodes import read_naming_scheme
from analysis_shared.statistics.percentiles import read_percentiles
from analysis_shared.statistics.similarity import similarity_table
from v1_files import command_line
from v1_files.files import whole_file


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network-dir", required=True, nargs="+", type=Path, help="folders with v1_nodes.h5")
    parser.add_argument("--selectivity", required=True, nargs="+", type=Path, help="selectivity table of each network")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--percentiles", required=True, type=Path, help="experimental percentiles")
    parser.add_argument("--output", required=True, type=Path, help="table to write (space separated)")
    parser.add_argument("--seed", required=True, type=int, help="seed of the bootstrap")
    parser.add_argument("--resamples", default=1000, type=int, help="bootstrap resamples (default: %(default)s)")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    if len(args.network_dir) != len(args.selectivity):
        raise ValueError(f"{len(args.network_dir)} network folders but {len(args.selectivity)} selectivity tables")
    naming = read_naming_scheme(args.naming_scheme)
    cells = pooled_core_cells(zip(args.network_dir, args.selectivity, strict=True), naming)
    table = similarity_table(cells, read_percentiles(args.percentiles), args.seed, args.resamples)
    with whole_file(args.output) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6f")


if __name__ == "__main__":
    command_line.run(main)
