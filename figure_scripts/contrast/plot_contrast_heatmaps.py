"""Responses of every core cell in every condition of a contrast paradigm: a heatmap a cell type, cells by tuning angle.

Columns are contrasts from left to right, and within each the directions from 0 up. `raw` shows trial-mean spike counts,
with the blanks as the first column, on a scale of each type's own. `normalised` shows (mean - blank) / (mean over all
gratings + blank) on one scale; dark grey is undefined. Types of more than 400 cells are shown as 400 rows, each the
mean of neighbours. Reads the counts of aggregate_contrast_spikes.py; writes {output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis_shared.cells.grouping import display_order, readable
from analysis_shared.cells.nodes import core_of, read_naming_scheme, read_network
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.style import PAGE_WIDTH_IN, publication_style, save_figure
from analysis_shared.metrics.contrasts import read_counts
from v1_files import command_line
from v1_files.files import whole_file

N_COLUMNS = 4
LIMIT = 3
UNDEFINED_COLOUR = "0.45"
TOP_PERCENTILE = 99
MOST_ROWS = 400


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", required=True, type=Path, help="spike counts (npz)")
    parser.add_argument("--scale", required=True, choices=("raw", "normalised"))
    parser.add_argument("--variant", required=True, help="what was simulated")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def values_by_condition(counts, scale):
    """Values (n_cells, n_conditions), contrast-major, and the (contrast, direction) of each column."""
    mean = counts.evoked_counts.mean(axis=2)
    blank = counts.blank_counts.mean(axis=0)
    columns = [(contrast, direction) for contrast in counts.contrast for direction in counts.direction_deg]
    if scale == "normalised":
        level = mean.mean(axis=(0, 1)) + blank
        mean = (mean - blank) / np.where(level > 0, level, np.nan)
    values = mean.transpose(2, 1, 0).reshape(len(blank), -1)
    if scale == "raw":
        return np.column_stack([blank, values]), [(0.0, np.nan), *columns]
    return values, columns


def shown_rows(values):
    """Values of the cells, or means of neighbours where there are more cells than rows that can be told apart."""
    if len(values) <= MOST_ROWS:
        return values
    starts = np.linspace(0, len(values), MOST_ROWS, endpoint=False).astype(int)
    defined = np.add.reduceat(~np.isnan(values), starts, axis=0, dtype=int)
    return np.add.reduceat(np.nan_to_num(values), starts, axis=0) / np.where(defined > 0, defined, np.nan)


def draw_type(axes, values, columns, scale):
    """One type's heatmap; lines between contrasts."""
    if scale == "raw":
        colours, limits = "viridis", (0, max(np.percentile(values, TOP_PERCENTILE), 1))
    else:
        colours, limits = "coolwarm", (-LIMIT, LIMIT)
    axes.set_facecolor(UNDEFINED_COLOUR)
    style = {"cmap": colours, "vmin": limits[0], "vmax": limits[1], "interpolation": "nearest"}
    image = axes.imshow(shown_rows(values), aspect="auto", **style)
    contrasts = np.array([contrast for contrast, _ in columns])
    distinct = np.unique(contrasts)
    for start in np.searchsorted(contrasts, distinct[1:]):
        axes.axvline(start - 0.5, color="white", linewidth=0.5)
    middles = [np.flatnonzero(contrasts == contrast).mean() for contrast in distinct]
    axes.set_xticks(middles, [f"{contrast:g}" for contrast in distinct], fontsize=6, rotation=90)
    axes.set_yticks([])
    axes.tick_params(length=0, pad=2)
    axes.spines[["left", "bottom"]].set_visible(False)
    return image


def colour_bar(figure, image, axes, label, fontsize, **place):
    """A colour bar without frame."""
    bar = figure.colorbar(image, ax=axes, **place)
    bar.set_label(label, fontsize=fontsize)
    bar.ax.tick_params(labelsize=fontsize - 1, length=2)
    bar.outline.set_visible(False)


def draw(cells, values, columns, scale, title):
    """The whole figure."""
    types = display_order(cells["cell_type"])
    n_rows = -(-len(types) // N_COLUMNS)
    figure = Figure(figsize=(PAGE_WIDTH_IN, 1.1 + 1.75 * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, N_COLUMNS, squeeze=False)
    for axes in grid.ravel()[len(types) :]:
        axes.set_visible(False)
    for axes, cell_type in zip(grid.ravel(), types, strict=False):
        member = (cells["cell_type"] == cell_type).to_numpy()
        image = draw_type(axes, values[member], columns, scale)
        axes.set_title(f"{readable(cell_type)} (n = {member.sum():,})", fontsize=8, pad=3)
        if scale == "raw":
            colour_bar(figure, image, axes, "", 7, fraction=0.06, pad=0.02)
    figure.supxlabel("Contrast (within each: directions)", fontsize=9)
    figure.supylabel("Cells by tuning angle", fontsize=9)
    if scale == "normalised":
        label = "(response − blank) / (mean response + blank); dark grey: undefined"
        colour_bar(figure, image, grid, label, 8, location="top", shrink=0.5, aspect=40, pad=0.02, extend="both")
    figure.suptitle(title, fontsize=9)
    return figure


def main(argv=None):
    args = parse(argv)
    nodes, network = read_network(args.network_dir, read_naming_scheme(args.naming_scheme))
    counts = read_counts(args.counts)
    if not np.array_equal(counts.node_id, nodes["node_id"]):
        raise ValueError(f"{args.counts}: {len(counts.node_id)} cells, {args.network_dir} has {len(nodes)}")
    core = core_of(nodes, args.network_dir)
    rank = core["cell_type"].map(display_order(core["cell_type"]).index)
    cells = core.assign(rank=rank).sort_values(["rank", "tuning_angle", "node_id"])
    counts = counts.of_cells(cells["node_id"].to_numpy())
    values, columns = values_by_condition(counts, args.scale)
    interval = "–".join(f"{edge:g}" for edge in counts.window_ms)
    what = f"mean spike count in {interval} ms" if args.scale == "raw" else "normalised responses"
    title = (
        f"{network['name']}, {variant_label(args.variant)}, gratings of {counts.temporal_frequency_hz:g} Hz: {what}, "
        f"{counts.evoked_counts.shape[2]} trials, {len(counts.blank_counts)} blanks; core cells"
    )
    with mpl.rc_context(publication_style()):
        save_figure(draw(cells, values, columns, args.scale, title), args.output_stem)
    names = ["blank" if np.isnan(angle) else f"contrast{contrast:g}_angle{angle:g}" for contrast, angle in columns]
    about = cells[["node_id", "cell_type", "tuning_angle"]].reset_index(drop=True)
    with whole_file(f"{args.output_stem}.csv") as part:
        table = pd.concat([about, pd.DataFrame(values, columns=names)], axis=1)
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.5g")


if __name__ == "__main__":
    command_line.run(main)
