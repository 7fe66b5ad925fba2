"""Spike counts of every V1 cell in every trial of a contrast paradigm, on the axes direction, contrast, trial, cell.

Reads {spikes-dir}/{condition}_trial{trial}/spikes.h5 for every condition and trial of the paradigm and counts spikes in
its evoked window, in blanks too. A missing or foreign spike file is an error. Writes an npz archive, to be read without
pickle:

  blank_counts           (n_blanks, n_cells)                              published name: spont_spikes
  evoked_counts          (n_directions, n_contrasts, n_trials, n_cells)   published name: evoked_spikes
  direction_deg          (n_directions,), ascending
  contrast               (n_contrasts,), ascending, blanks not among them
  node_id                (n_cells,)
  window_ms              (start, stop]: a spike at the start is outside
  interval_length_ms     its length                                       published name: interval_length
  temporal_frequency_hz  of the gratings
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from analysis_shared.cells.nodes import count_nodes
from analysis_shared.metrics.contrasts import ContrastCounts, contrast_layout
from analysis_shared.metrics.spikes import count_spikes, read_spikes
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import read_paradigm, window


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paradigm", required=True, type=Path, help="contrast paradigm (JSON)")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5")
    parser.add_argument("--spikes-dir", required=True, type=Path, help="folder with a folder of spikes a trial")
    parser.add_argument("--output", required=True, type=Path, help="spike counts to write (npz)")
    return parser.parse_args(argv)


def count_all(paradigm, layout, spikes_dir, n_nodes):
    """Counts of all trials: (n_blanks, n_nodes) and (n_directions, n_contrasts, n_trials, n_nodes)."""
    blanks = [(name, trial) for name, n_trials in layout.blanks for trial in range(n_trials)]
    gratings = [(name, trial) for name in layout.grid.ravel() for trial in range(layout.n_trials)]
    counts = np.empty((len(blanks) + len(gratings), n_nodes), dtype=np.int32)
    for row, (name, trial) in enumerate(tqdm([*blanks, *gratings], desc="spike files", mininterval=1)):
        path = spikes_dir / f"{name}_trial{trial}" / "spikes.h5"
        node_ids, times_ms = read_spikes(path, n_nodes, paradigm["duration_ms"])
        counts[row] = count_spikes(node_ids, times_ms, window(paradigm, "evoked"), n_nodes)
    evoked = counts[len(blanks) :].reshape(*layout.grid.shape, layout.n_trials, n_nodes)
    return counts[: len(blanks)], evoked


def main(argv=None):
    args = parse(argv)
    paradigm = read_paradigm(args.paradigm)
    layout = contrast_layout(paradigm)
    start, stop = window(paradigm, "evoked", args.paradigm)
    n_nodes = count_nodes(args.network_dir / "v1_nodes.h5")
    blank_counts, evoked_counts = count_all(paradigm, layout, args.spikes_dir, n_nodes)
    counts = ContrastCounts(
        blank_counts=blank_counts,
        evoked_counts=evoked_counts,
        direction_deg=layout.direction_deg,
        contrast=layout.contrast,
        node_id=np.arange(n_nodes),
        window_ms=np.array([start, stop]),
        interval_length_ms=np.array(stop - start),
        temporal_frequency_hz=np.array(layout.temporal_frequency_hz),
    )
    with whole_file(args.output) as part:
        np.savez_compressed(part, **counts._asdict())


if __name__ == "__main__":
    command_line.run(main)
