"""Contrast responses of a network's core cells: who responds, curves by cell type, and Naka-Rushton fits to them.

Writes three space-separated tables. Responsiveness: each cell tested against the blanks by a quasi-Poisson test that
counts the blanks' error in, false discoveries among the core cells held at the level by Benjamini and Hochberg's
procedure for each side; the published test (p < level, no correction) is beside it. Curves: mean rate, OSI, lifetime
sparsity over directions and split-half reliability by cell type and contrast, 0 being the blanks, with 95 % t intervals
over cells; also OSI and sparsity expected without tuning, and the unbiased estimate of OSI's square, all of them only
where the directions cover the circle. Fits: baseline, R_max, C50 and exponent of each type's mean rate, with 95 %
intervals from a bootstrap over cells. Core cells are those within core_radius_um of network.json from the column's
axis.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from analysis_shared.cells.nodes import core_of, read_naming_scheme, read_network
from analysis_shared.metrics.contrasts import contrast_responses, curves_table, read_counts
from analysis_shared.statistics.naka_rushton import fits_table
from analysis_shared.statistics.responsiveness import LEVEL, responsiveness_table
from v1_files import command_line
from v1_files.files import whole_file


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", required=True, type=Path, help="spike counts of aggregate_contrast_spikes.py (npz)")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--responsiveness", required=True, type=Path, help="table by cell to write")
    parser.add_argument("--curves", required=True, type=Path, help="table by cell type and contrast to write")
    parser.add_argument("--fits", required=True, type=Path, help="table of fits by cell type to write")
    parser.add_argument("--seed", required=True, type=int, help="of the bootstrap and the draws without tuning")
    parser.add_argument("--resamples", default=1000, type=int, help="bootstrap resamples (default: %(default)s)")
    parser.add_argument(
        "--level", default=LEVEL, type=float, help="false discovery rate, and published level (default: %(default)s)"
    )
    return parser.parse_args(argv)


def core_counts(counts_path, network_dir, naming):
    """Core cells (DataFrame) and their counts, in the same order."""
    nodes, _ = read_network(network_dir, naming)
    counts = read_counts(counts_path)
    if not np.array_equal(counts.node_id, nodes["node_id"]):
        raise ValueError(f"{counts_path}: {len(counts.node_id)} cells are not the {len(nodes)} nodes of {network_dir}")
    core = core_of(nodes, network_dir)
    return core, counts.of_cells(core["node_id"].to_numpy())


def write_table(table, path):
    with whole_file(path) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.7g")


def main(argv=None):
    args = parse(argv)
    if args.resamples < 1 or not 0 < args.level < 1:
        raise ValueError(f"--resamples {args.resamples} --level {args.level}: expected 1 or more, and between 0 and 1")
    cells, counts = core_counts(args.counts, args.network_dir, read_naming_scheme(args.naming_scheme))
    cell_types = cells["cell_type"].to_numpy()
    contrast, responses = contrast_responses(counts, args.seed)
    write_table(responsiveness_table(cells, counts, args.level), args.responsiveness)
    write_table(curves_table(contrast, responses, cell_types), args.curves)
    progress = partial(tqdm, desc="fits of cell types", mininterval=1)
    fits = fits_table(contrast, responses["rate_Hz"], cell_types, args.resamples, args.seed, progress)
    write_table(fits, args.fits)


if __name__ == "__main__":
    command_line.run(main)
