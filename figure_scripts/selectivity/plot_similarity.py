"""Heatmap of the similarity to the recordings, by cell type and metric, one column of panels an option.

Each entry gives the similarity (1 - Kolmogorov-Smirnov distance) and the numbers of model cells and recorded units.
Entries that no summary counts (fewer than ten cells or units, layer 5 subtypes) are hatched. The last row is the
median over the types that count. Intervals are over networks where at least three have the type, else over cells.
Reads the tables of calculate_similarity.py; writes {output-stem}.png and .pdf.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from analysis_shared.cells.grouping import display_order, readable
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.style import PAGE_WIDTH_IN, publication_style, save_figure, text_colour
from analysis_shared.metrics.registry import METRICS
from analysis_shared.statistics.similarity import MINIMUM_SIZE, interval_note, read_similarity, summary_medians
from v1_files import command_line

COLOURS = "viridis"
ROW_HEIGHT_IN = 0.31


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--similarity",
        required=True,
        nargs=2,
        action="append",
        metavar=("OPTION", "TABLE"),
        help="network option and its similarity table; may be repeated",
    )
    parser.add_argument("--title", default="", help="title of the figure, for instance the network")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def draw_entry(axes, column, row, entry, colours):
    """One coloured cell: value, sample sizes, interval, and a hatch if no summary counts it."""
    if np.isnan(entry.similarity):
        axes.text(column, row, "–", ha="center", va="center", color="grey")
        return
    face = colours(entry.similarity)
    hatch = None if entry.in_summary else "////"
    edge = (*mpl.colors.to_rgb(text_colour(face)), 0.35)
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=face, edgecolor=edge, hatch=hatch, linewidth=0))
    label = {"ha": "center", "color": text_colour(face)}
    if hatch:
        label["bbox"] = {"facecolor": face, "edgecolor": "none", "pad": 0.6}
    interval = f"{entry.similarity:.2f} ({entry.ci_low:.2f}–{entry.ci_high:.2f})"
    sizes = f"{entry.n_cells:,} / {entry.n_units:,}"
    axes.text(column, row - 0.21, interval, va="center", fontsize=6.5, **label)
    axes.text(column, row + 0.24, sizes, va="center", fontsize=5.5, **label)


def draw_medians(axes, row, table, metrics, colours):
    """The row of medians, set off from the types."""
    medians = summary_medians(table)
    for column, entry in enumerate(metrics):
        if entry.name not in medians.index:
            axes.text(column, row, "–", ha="center", va="center", color="grey")
            continue
        value, n_types = medians.loc[entry.name, ["median", "n_types"]]
        face = colours(value)
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=face, linewidth=0))
        style = {"ha": "center", "va": "center", "color": text_colour(face)}
        axes.text(column, row - 0.2, f"{value:.2f}", fontsize=8, fontweight="bold", **style)
        axes.text(column, row + 0.25, f"{n_types:.0f} types", fontsize=5.5, **style)


def draw_option(axes, label, table, cell_types, colours):
    """One option's heatmap: types down, metrics across, medians last."""
    median_row = len(cell_types) + 0.3
    for entry in table.itertuples():
        column = [candidate.name for candidate in METRICS].index(entry.metric)
        draw_entry(axes, column, cell_types.index(entry.cell_type), entry, colours)
    draw_medians(axes, median_row, table, METRICS, colours)
    axes.set_xlim(-0.5, len(METRICS) - 0.5)
    axes.set_ylim(median_row + 0.5, -0.5)
    axes.set_xticks(range(len(METRICS)), [entry.short_label.replace(" ", "\n") for entry in METRICS])
    axes.set_yticks([*range(len(cell_types)), median_row], [*map(readable, cell_types), "Median"])
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(label)


def draw(tables, title):
    """The whole figure: a heatmap an option, beside each other."""
    cell_types = display_order(set().union(*(table["cell_type"] for table in tables.values())))
    width = PAGE_WIDTH_IN if len(tables) == 1 else 1.6 + 4.4 * len(tables)
    figure = Figure(figsize=(width, 1.7 + ROW_HEIGHT_IN * (len(cell_types) + 1.3)), layout="constrained")
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    colours = mpl.colormaps[COLOURS]
    for axes, (label, table) in zip(panels, tables.items(), strict=True):
        draw_option(axes, label, table, cell_types, colours)
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, 1), colours)
    bar = figure.colorbar(scale, ax=list(panels), fraction=0.03, pad=0.02, aspect=30)
    bar.set_label("Similarity to Neuropixels (1 − KS distance)")
    bar.outline.set_visible(False)
    excluded = Patch(facecolor="white", edgecolor="grey", hatch="////", linewidth=0.5)
    figure.legend(
        [excluded],
        [f"not in the median: fewer than {MINIMUM_SIZE} cells or units, or a subtype of L5 Exc"],
        loc="outside lower left",
        title=f"value (95 % bootstrap interval {interval_note(tables.values())};\n"
        "freed of the bias of small samples, and so at times beside the value),\n"
        "below it n model cells / n recorded units",
        title_fontsize=7,
        fontsize=7,
        alignment="left",
    )
    figure.suptitle(title, fontsize=10)
    return figure


def main(argv=None):
    args = parse(argv)
    tables = {variant_label(option): read_similarity(path) for option, path in args.similarity}
    with mpl.rc_context({**publication_style(), "hatch.linewidth": 0.5}):
        save_figure(draw(tables, args.title), args.output_stem)


if __name__ == "__main__":
    command_line.run(main)
