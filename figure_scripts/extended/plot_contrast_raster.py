"""Raster of one trial of a contrast paradigm: core cells by layer and cell type from the pia down.

Writes {output-stem}.png, .pdf and .csv; the latter has the numbers of cells and spikes of each type shown.
"""

import argparse
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis_shared.grouping import display_order
from analysis_shared.nodes import read_naming_scheme, read_network, type_colours
from analysis_shared.paradigms import condition_table, read_paradigm, window
from analysis_shared.rasters import draw_raster, in_raster_order, legend_of_classes
from analysis_shared.spikes import read_spikes
from analysis_shared.style import PAGE_WIDTH_IN, publication_style, save_figure, variant_label
from v1_model.files import whole_file


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spikes", required=True, type=Path, help="spikes of the trial (SONATA)")
    parser.add_argument("--variant", required=True, help="what was simulated")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--paradigm", required=True, type=Path, help="contrast paradigm (JSON)")
    parser.add_argument("--condition", required=True, help="name of the trial's condition")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def describe(paradigm, condition, path):
    """What was shown, in words.

    Raises
    ------
    ValueError
        If the paradigm has no such condition.
    """
    table = condition_table(paradigm).set_index("condition")
    if condition not in table.index:
        raise ValueError(f"{path}: no condition {condition!r}, expected one of {', '.join(table.index)}")
    shown = table.loc[condition]
    if shown["contrast"] == 0:
        return "blank"
    parts = f"contrast {shown['contrast']:g}, direction {shown['direction_deg']:g}°"
    return f"{parts}, {shown['temporal_frequency_hz']:g} Hz"


def spike_numbers(cells, node_ids, times_ms, shown_ms):
    """Cells and spikes of each type in the raster."""
    types = cells.set_index("node_id")["cell_type"].reindex(node_ids[times_ms <= shown_ms[1]]).dropna()
    sizes, spikes = cells["cell_type"].value_counts(), types.value_counts()
    order = display_order(sizes.index)
    numbers = spikes.reindex(order, fill_value=0).to_numpy()
    rate = numbers / sizes[order].to_numpy() / (shown_ms[1] / 1000)
    return pd.DataFrame({"cell_type": order, "n_cells": sizes[order].to_numpy(), "n_spikes": numbers, "rate_Hz": rate})


def draw(cells, colours, node_ids, times_ms, paradigm, title):
    """The whole figure."""
    figure = Figure(figsize=(PAGE_WIDTH_IN, 5.4), layout="constrained")
    axes = figure.subplots()
    draw_raster(axes, cells, node_ids, times_ms, paradigm)
    legend_of_classes(axes, cells, colours)
    figure.suptitle(title, fontsize=10)
    return figure


def main(argv=None):
    args = parse(argv)
    paradigm = read_paradigm(args.paradigm)
    stimulus = describe(paradigm, args.condition, args.paradigm)
    naming = read_naming_scheme(args.naming_scheme)
    nodes, _ = read_network(args.network_dir, naming)
    cells = in_raster_order(nodes)
    node_ids, times_ms = read_spikes(args.spikes, len(nodes), paradigm["duration_ms"])
    title = f"{variant_label(args.variant)}: {stimulus}; {len(cells):,} core cells"
    with mpl.rc_context(publication_style()):
        figure = draw(cells, type_colours(naming), np.asarray(node_ids), times_ms, paradigm, title)
        save_figure(figure, args.output_stem, whole_file)
    with whole_file(f"{args.output_stem}.csv") as part:
        numbers = spike_numbers(cells, node_ids, times_ms, (0, window(paradigm, "evoked")[1]))
        numbers.to_csv(part, sep=" ", index=False, float_format="%.6g")


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
    import command_line

    command_line.run(main)
