"""Draw and write the LGN spikes of one more trial from the rates of a condition, with the time it takes."""

import argparse
from pathlib import Path

import h5py

from benchmarks.marks import Marks
from v1_files.sonata.spikes import write_spikes
from v1_model.inputs.filternet_configs import read_filternet_config
from v1_model.inputs.lgn_spikes import lgn_spikes


def main(argv=None):
    """Parse, read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, help="SONATA config of the condition")
    parser.add_argument("--output", type=Path, required=True, help="spike file")
    parser.add_argument("--marks", type=Path, required=True, help="JSON file for the time of the trial")
    a = parser.parse_args(argv)
    marks, run = Marks(a.marks), read_filternet_config(a.config)
    with h5py.File(run.rates_file) as h5:
        rates, cells = h5["firing_rates_Hz"][:].T, h5["node_ids"][:].astype(int)
    # Compiled, or loaded from Numba's cache, once a process.
    lgn_spikes(run.seed, run.paradigm, run.condition, 0, rates[:1], cells[:1])
    marks.skip()
    write_spikes(a.output, "lgn", *lgn_spikes(run.seed, run.paradigm, run.condition, 10**6, rates, cells))
    marks.stage("lgn_added_trial")
    marks.write()


if __name__ == "__main__":
    main()
