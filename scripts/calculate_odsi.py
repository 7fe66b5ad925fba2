"""Rates and selectivity of every V1 cell from the spikes of a paradigm that varies the direction of motion.

Reads {spikes-dir}/{condition}_trial{trial}/spikes.h5 for every condition and trial of the paradigm and writes two
space-separated tables: the rates of each cell in each condition, and each cell's selectivity, by the published
definition and, in the last columns, without the bias of few spikes. Blanks and other conditions without a direction
have rates (DG_angle is nan), but no part in the selectivity. Where the directions do not cover the circle, there is no
selectivity, and the table says so. A missing or foreign spike file is an error. Windows are open on the left: a spike
at the start of a window is not in it.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from analysis_shared.cells.nodes import count_nodes
from analysis_shared.metrics.registry import RESPONSIVE_RATE_HZ
from analysis_shared.metrics.selectivity import STATUS, firing_rates, rates_table, selectivity_table
from analysis_shared.metrics.spikes import count_trials
from analysis_shared.metrics.untuned import N_DRAWS, untuned_table
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import (
    direction_strata,
    directions_deg,
    places_with_direction,
    read_paradigm,
    window,
    windows_while_perturbed,
)

WINDOWS = ("evoked", "spontaneous")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paradigm", required=True, type=Path, help="paradigm (JSON)")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5")
    parser.add_argument("--spikes-dir", required=True, type=Path, help="folder with a folder of spikes a trial")
    parser.add_argument("--rates", required=True, type=Path, help="table of rates by condition to write")
    parser.add_argument("--selectivity", required=True, type=Path, help="table of selectivity by cell to write")
    parser.add_argument("--seed", default=0, type=int, help="of the draws without tuning (default: %(default)s)")
    parser.add_argument(
        "--draws", default=N_DRAWS, type=int, help="draws without tuning of each cell (default: %(default)s)"
    )
    parser.add_argument(
        "--perturbation",
        nargs=3,
        metavar=("NAME", "BEGIN_MS", "END_MS"),
        help="measure while it lasts: windows that it touches are cut to it",
    )
    return parser.parse_args(argv)


def selectivity_of(counts, paradigm, directions, args):
    """Selectivity by the published definition, and what of it is counting noise."""
    places = places_with_direction(paradigm)
    counts = {name: np.stack([counts[name][place] for place in places]) for name in WINDOWS}
    rates = [firing_rates(counts[name], window(paradigm, name)) for name in WINDOWS]
    table = selectivity_table(*rates, directions[places])
    start, stop = window(paradigm, "evoked")
    # Spikes of the trials of one direction at the rate from which on a cell counts as responsive.
    least_count = RESPONSIVE_RATE_HZ * (stop - start) / 1000 * counts["evoked"].shape[1]
    strata = direction_strata({"conditions": [paradigm["conditions"][place] for place in places]})
    untuned = untuned_table(counts["evoked"], directions[places], strata, args.seed, least_count, args.draws)
    return pd.concat([table.drop(columns=STATUS), untuned, table[STATUS]], axis=1)


def write_table(table, path):
    with whole_file(path) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.7g")


def main(argv=None):
    args = parse(argv)
    paradigm = read_paradigm(args.paradigm)
    if args.perturbation:
        paradigm["windows_ms"] |= windows_while_perturbed(paradigm, args.perturbation, args.paradigm)
    directions = directions_deg(paradigm)
    counts = count_trials(paradigm, args.spikes_dir, count_nodes(args.network_dir / "v1_nodes.h5"), WINDOWS)
    rates = ([firing_rates(span, window(paradigm, name)) for span in counts[name]] for name in WINDOWS)
    names = [condition["name"] for condition in paradigm["conditions"]]
    selectivity = selectivity_of(counts, paradigm, directions, args)
    write_table(rates_table(*rates, directions, names), args.rates)
    write_table(selectivity, args.selectivity)


if __name__ == "__main__":
    command_line.run(main)
