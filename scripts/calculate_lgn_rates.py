"""Mean rates of each class of LGN cells, at rest and while a paradigm's stimuli are shown, from its spikes.

Rest is the grey screen before the stimulus; blanks are left out. Reads {spikes-dir}/{condition}_trial{trial}/spikes.h5.
"""

import argparse
from pathlib import Path

from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import read_paradigm
from v1_files.sonata.edges import read_node_types
from v1_files.sonata.spikes import read_spikes
from v1_model.options.lgn_rates import class_rates


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paradigm", required=True, type=Path, help="paradigm (JSON), with or without windows")
    parser.add_argument(
        "--network-dir", required=True, type=Path, help="folder with lgn_nodes.h5 and lgn_node_types.csv"
    )
    parser.add_argument("--spikes-dir", required=True, type=Path, help="folder with a folder of LGN spikes a trial")
    parser.add_argument("--output", required=True, type=Path, help="table to write, a row a class")
    args = parser.parse_args(argv)
    paradigm = read_paradigm(args.paradigm, simulated=True)
    if not paradigm["grey_ms"] > 0:
        raise ValueError(
            f"{args.paradigm}: grey_ms: found 0, expected above 0: rest is the grey screen before the stimulus"
        )
    shown = [entry for entry in paradigm["conditions"] if entry["parameters"].get("contrast") != 0]
    paths = [
        args.spikes_dir / f"{entry['name']}_trial{trial}" / "spikes.h5"
        for entry in shown
        for trial in range(entry["trials"])
    ]
    types = read_node_types(args.network_dir / "lgn_nodes.h5", args.network_dir / "lgn_node_types.csv", "lgn")
    trials = ((path, *read_spikes(path, "lgn")) for path in paths)
    table = class_rates(trials, types, paradigm["grey_ms"], paradigm["duration_ms"])
    with whole_file(args.output) as part:
        table.to_csv(part, sep=" ", na_rep="nan", float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
