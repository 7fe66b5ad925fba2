"""Rates and selectivity of every V1 cell from the spikes of a paradigm that varies the direction of motion.

Reads {spikes-dir}/{condition}_trial{trial}/spikes.h5 for every condition and trial of the paradigm and writes two
space-separated tables: the rates of each cell in each condition, and each cell's selectivity. A missing or foreign
spike file is an error. Windows are open on the left: a spike at the start of a window is not in it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import command_line
from analysis_shared.nodes import count_nodes
from analysis_shared.paradigms import directions_deg, read_paradigm, window, windows_while_perturbed
from analysis_shared.selectivity import firing_rates, rates_table, selectivity_table
from analysis_shared.spikes import count_spikes, read_spikes
from v1_model.files import whole_file

WINDOWS = ("evoked", "spontaneous")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paradigm", required=True, type=Path, help="paradigm (JSON)")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5")
    parser.add_argument("--spikes-dir", required=True, type=Path, help="folder with a folder of spikes a trial")
    parser.add_argument("--rates", required=True, type=Path, help="table of rates by condition to write")
    parser.add_argument("--selectivity", required=True, type=Path, help="table of selectivity by cell to write")
    parser.add_argument(
        "--perturbation",
        nargs=3,
        metavar=("NAME", "BEGIN_MS", "END_MS"),
        help="measure while it lasts: windows that it touches are cut to it",
    )
    return parser.parse_args(argv)


def count_all(paradigm, spikes_dir, n_nodes):
    """Spike counts by window, each of shape (n_conditions, n_trials, n_nodes)."""
    trials = {condition["trials"] for condition in paradigm["conditions"]}
    if len(trials) > 1:
        raise ValueError(f"paradigm {paradigm['name']}: conditions differ in their trials, {sorted(trials)}")
    shape = (len(paradigm["conditions"]), *trials, n_nodes)
    counts = {name: np.empty(shape, dtype=np.int32) for name in WINDOWS}
    for index, condition in enumerate(paradigm["conditions"]):
        for trial in range(condition["trials"]):
            path = spikes_dir / f"{condition['name']}_trial{trial}" / "spikes.h5"
            node_ids, times_ms = read_spikes(path, n_nodes, paradigm["duration_ms"])
            for name in WINDOWS:
                counts[name][index, trial] = count_spikes(node_ids, times_ms, window(paradigm, name), n_nodes)
    return counts


def evenly_spaced(directions):
    """Whether the directions sample the circle evenly."""
    distinct = np.unique(directions)
    return np.allclose(np.diff(distinct, append=distinct[0] + 360), 360 / len(distinct))


def write_table(table, path):
    with whole_file(path) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.7g")


def main(argv=None):
    args = parse(argv)
    paradigm = read_paradigm(args.paradigm)
    if args.perturbation:
        paradigm["windows_ms"] |= windows_while_perturbed(paradigm, args.perturbation, args.paradigm)
    try:
        directions = directions_deg(paradigm)
    except ValueError as error:
        raise ValueError(f"{args.paradigm}: {error}") from error
    if not evenly_spaced(directions):
        print(f"{args.paradigm}: directions do not sample the circle evenly: OSI and DSI are biased", file=sys.stderr)
    counts = count_all(paradigm, args.spikes_dir, count_nodes(args.network_dir / "v1_nodes.h5"))
    evoked, spontaneous = (firing_rates(counts[name], window(paradigm, name)) for name in WINDOWS)
    names = [condition["name"] for condition in paradigm["conditions"]]
    write_table(rates_table(evoked, spontaneous, directions, names), args.rates)
    write_table(selectivity_table(evoked, spontaneous, directions), args.selectivity)


if __name__ == "__main__":
    command_line.run(main)
