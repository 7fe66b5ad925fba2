"""Rasters of a contrast paradigm, a panel a trial: core cells by layer and cell type from the pia down.

Writes {output-stem}.png, .pdf and .csv; the latter has the numbers of cells and spikes of each type in each panel.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from analysis_shared.cells.grouping import display_order
from analysis_shared.cells.nodes import read_naming_scheme, read_network, type_colours
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.rasters import dot_area, draw_raster, in_raster_order, legend_of_classes
from analysis_shared.figures.style import PAGE_WIDTH_IN, publication_style, save_figure
from analysis_shared.metrics.spikes import read_spikes
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import condition_table, read_paradigm, window

N_COLUMNS = 2


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--trial",
        required=True,
        nargs=2,
        action="append",
        metavar=("CONDITION", "SPIKES"),
        help="condition and spikes of a trial (SONATA); repeated for each panel",
    )
    parser.add_argument("--variant", required=True, help="what was simulated")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--paradigm", required=True, type=Path, help="contrast paradigm (JSON)")
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
        return "Blank"
    parts = f"Contrast {shown['contrast']:g}, {shown['direction_deg']:g}°"
    return f"{parts}, {shown['temporal_frequency_hz']:g} Hz"


def spike_numbers(cells, node_ids, times_ms, stop_ms):
    """Cells, spikes and rate of each type in a raster that begins at 0."""
    types = cells.set_index("node_id")["cell_type"].reindex(node_ids[times_ms <= stop_ms]).dropna()
    sizes, spikes = cells["cell_type"].value_counts(), types.value_counts()
    order = display_order(sizes.index)
    n_cells, n_spikes = sizes[order].to_numpy(), spikes.reindex(order, fill_value=0).to_numpy()
    rate_hz = n_spikes / n_cells / (stop_ms / 1000)
    return pd.DataFrame({"cell_type": order, "n_cells": n_cells, "n_spikes": n_spikes, "rate_Hz": rate_hz})


def draw(cells, colours, trials, paradigm, title):
    """The whole figure; `trials` are (what was shown, node ids, times)."""
    n_rows = -(-len(trials) // N_COLUMNS)
    figure = Figure(figsize=(PAGE_WIDTH_IN, 1.0 + 2.3 * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, N_COLUMNS, squeeze=False)
    for axes in grid.ravel()[len(trials) :]:
        axes.set_visible(False)
    area = dot_area(cells, [run for _, *run in trials])
    for index, (axes, (stimulus, node_ids, times_ms)) in enumerate(zip(grid.ravel(), trials, strict=False)):
        draw_raster(axes, cells, node_ids, times_ms, paradigm, area, compact=True)
        axes.set_title(stimulus, fontsize=8, pad=3)
        if index + N_COLUMNS < len(trials):
            axes.set_xlabel("")
    legend_of_classes(figure, cells, colours, loc="outside lower center")
    figure.suptitle(title, fontsize=10)
    return figure


def main(argv=None):
    args = parse(argv)
    paradigm = read_paradigm(args.paradigm)
    naming = read_naming_scheme(args.naming_scheme)
    nodes, network = read_network(args.network_dir, naming)
    cells = in_raster_order(nodes, args.network_dir)
    stop_ms = window(paradigm, "evoked", args.paradigm)[1]
    trials, numbers = [], []
    for condition, path in args.trial:
        stimulus = describe(paradigm, condition, args.paradigm)
        node_ids, times_ms = read_spikes(path, len(nodes), paradigm["duration_ms"])
        trials.append((stimulus, node_ids, times_ms))
        numbers.append(spike_numbers(cells, node_ids, times_ms, stop_ms).assign(condition=condition))
    shown = f"{network['name']}, {variant_label(args.variant)}"
    title = f"{shown}: {len(cells):,} core cells, stimulus from {paradigm['grey_ms']:g} ms on"
    with mpl.rc_context(publication_style()):
        save_figure(draw(cells, type_colours(naming), trials, paradigm, title), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        pd.concat(numbers).to_csv(part, sep=" ", index=False, float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
