"""Selectivity of each cell type of the core without the bias of few spikes, beside what shuffled trials give.

Writes a space-separated table with a row for each cell type and index: the root of the mean unbiased square over cells
with its interval over cells, the band that holds 95 % of the values where the trials of all cells are shuffled
together, and how often a shuffle reaches the value found. What all cells of a trial share, a wave of activity for
instance, is in the band and not in the interval. Cells count from a mean rate of 0.25 Hz on.
"""

import argparse
from pathlib import Path

import numpy as np

from analysis_shared.cells.nodes import core_of, read_naming_scheme, read_network
from analysis_shared.metrics.registry import LEAST_MEAN_RATE_HZ
from analysis_shared.metrics.selectivity import firing_rates
from analysis_shared.metrics.shared_noise import N_SHUFFLES, tuning_of_types
from analysis_shared.metrics.spikes import count_trials
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import direction_strata, directions_deg, places_with_direction, read_paradigm, window


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paradigm", required=True, type=Path, help="paradigm (JSON)")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5")
    parser.add_argument("--spikes-dir", required=True, type=Path, help="folder with a folder of spikes a trial")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--seed", default=0, type=int, help="of the shuffles (default: %(default)s)")
    parser.add_argument("--shuffles", default=N_SHUFFLES, type=int, help="(default: %(default)s)")
    parser.add_argument("--output", required=True, type=Path, help="table to write")
    return parser.parse_args(argv)


def main(argv=None):
    args = parse(argv)
    paradigm = read_paradigm(args.paradigm)
    nodes, _ = read_network(args.network_dir, read_naming_scheme(args.naming_scheme))
    core = core_of(nodes, args.network_dir)
    places = places_with_direction(paradigm)
    gratings = paradigm | {"conditions": [paradigm["conditions"][place] for place in places]}
    counts = np.stack(count_trials(gratings, args.spikes_dir, len(nodes), ["evoked"])["evoked"])[..., core["node_id"]]
    counted = firing_rates(counts.mean(axis=(0, 1)), window(paradigm, "evoked")) >= LEAST_MEAN_RATE_HZ
    table = tuning_of_types(
        counts[..., counted],
        directions_deg(gratings),
        direction_strata(gratings),
        core["cell_type"].to_numpy()[counted],
        args.seed,
        args.shuffles,
    )
    with whole_file(args.output) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
