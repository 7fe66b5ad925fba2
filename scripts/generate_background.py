"""Draw the background spikes of one condition, one file a trial.

Reads the trials and the duration from the paradigm's definition and writes
{output-dir}/{condition}_trial{t}/spikes.h5, population bkg.
"""

import argparse
from pathlib import Path

from v1_files import command_line
from v1_files.paradigms import read_paradigm
from v1_files.sonata.spikes import write_spikes
from v1_model.inputs.background_spikes import BIN_MS, background_spikes
from v1_model.network.background import UNITS

POPULATION = "bkg"


def main(argv=None):
    """Run the command line."""
    arguments = parse(argv)
    name, duration_ms, trials = trials_of(arguments.paradigm, arguments.condition)
    if arguments.trial is not None:
        if arguments.trial not in trials:
            raise ValueError(f"{arguments.paradigm}: trial {arguments.trial} is not among its {len(trials)} trials")
        trials = [arguments.trial]
    for trial in trials:
        stream = {"seed": arguments.seed, "paradigm": name, "condition": arguments.condition, "trial": trial}
        drawn = {"units": arguments.units, "rate_hz": arguments.rate_hz, "duration_ms": duration_ms}
        node_ids, timestamps = background_spikes(**stream, **drawn)
        path = arguments.output_dir / f"{arguments.condition}_trial{trial}" / "spikes.h5"
        attributes = {**stream, **drawn, "purpose": "background_spikes", "bin_ms": BIN_MS}
        write_spikes(path, POPULATION, node_ids, timestamps, attributes)


def trials_of(path, condition):
    """Name, duration (ms) and trial numbers of a paradigm that has a condition."""
    paradigm = read_paradigm(path, simulated=True)
    trials = {entry["name"]: entry["trials"] for entry in paradigm["conditions"]}
    if condition not in trials:
        raise ValueError(f"{path}: no condition '{condition}', found {', '.join(trials)}")
    return paradigm["name"], float(paradigm["duration_ms"]), list(range(trials[condition]))


def parse(argv):
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paradigm", type=Path, required=True, help="definition of the paradigm (JSON)")
    parser.add_argument("--condition", required=True, help="name of a condition in it")
    parser.add_argument("--trial", type=int, help="make this trial only (default: all)")
    parser.add_argument("--seed", type=int, required=True, help="seed of the network")
    parser.add_argument("--units", type=int, default=UNITS, help="background units (default: %(default)s)")
    parser.add_argument("--rate-hz", type=float, default=250.0, help="rate of each unit (default: 250)")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder of the trials' folders")
    return parser.parse_args(argv)


if __name__ == "__main__":
    command_line.run(main)
