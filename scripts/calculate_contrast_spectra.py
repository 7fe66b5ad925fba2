"""Power spectra of each cell type's population activity at each contrast, averaged over directions and trials.

Population activity is spikes per cell in 1 ms bins, counting all core cells of the type whether they fired or not, from
200 ms after stimulus onset for 2 s or to the end of the recording (Welch, Hann window, 1 s segments half overlapping).
Contrast 0 are the blanks. relative_power is power over that of as many independent Poisson cells of the same mean rate
(white_level), with a 95 % interval over trials. Writes a space-separated table, up to --highest-hz.
"""

import argparse
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from analysis_shared.cells.grouping import display_order
from analysis_shared.cells.nodes import core_of, read_naming_scheme, read_network
from analysis_shared.metrics.contrasts import contrast_layout
from analysis_shared.metrics.spectra import spectra_by_type, spectrum_window_ms
from analysis_shared.metrics.spikes import read_spikes
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import read_paradigm


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paradigm", required=True, type=Path, help="contrast paradigm (JSON)")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--spikes-dir", required=True, type=Path, help="folder with a folder of spikes a trial")
    parser.add_argument("--output", required=True, type=Path, help="table to write")
    parser.add_argument("--highest-hz", default=100.0, type=float, help="highest frequency (default: %(default)s)")
    return parser.parse_args(argv)


def trials_by_contrast(layout):
    """Pairs (condition, trial) of each contrast; 0 are the blanks."""
    trials = {0.0: [(name, trial) for name, n_trials in layout.blanks for trial in range(n_trials)]}
    for contrast, names in zip(layout.contrast, layout.grid.T, strict=True):
        trials[contrast] = [(name, trial) for name in names for trial in range(layout.n_trials)]
    return trials


def main(argv=None):
    args = parse(argv)
    paradigm = read_paradigm(args.paradigm)
    nodes, _ = read_network(args.network_dir, read_naming_scheme(args.naming_scheme))
    cell_types = core_of(nodes, args.network_dir).set_index("node_id")["cell_type"]
    span = spectrum_window_ms(paradigm["grey_ms"], paradigm["duration_ms"])
    trials = trials_by_contrast(contrast_layout(paradigm))
    progress = tqdm(total=sum(map(len, trials.values())), desc="spike files", mininterval=1)

    def spikes_of(name, trial):
        progress.update()
        return read_spikes(args.spikes_dir / f"{name}_trial{trial}" / "spikes.h5", len(nodes), paradigm["duration_ms"])

    tables = []
    for contrast, members in trials.items():
        spectra = spectra_by_type((spikes_of(*member) for member in members), cell_types, span, args.highest_hz)
        tables.append(spectra.assign(contrast=contrast))
    progress.close()
    table = pd.concat(tables)
    rank = table["cell_type"].map(display_order(cell_types).index)
    table = table.assign(rank=rank).sort_values(["rank", "contrast", "frequency_Hz"])
    table = table[["cell_type", "contrast", *(name for name in tables[0].columns[1:] if name != "contrast")]]
    with whole_file(args.output) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
