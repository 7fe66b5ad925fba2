"""Heatmaps of what silencing changes: cell types by perturbations, in percent of the unperturbed mean.

One heatmap each for mean rate, OSI, DSI and lifetime sparsity; cells that are silenced are left out in both runs. OSI
and DSI are roots of mean unbiased squares, as the published indices fall where rates rise, with no change of tuning;
sparsity is as published and does. Several networks are averaged. Values in bold have a 95 % interval that excludes no
change: over networks, or with one network over trials (rates) or cells. Writes {output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from analysis_shared.cells.grouping import display_order, readable
from analysis_shared.figures.style import PAGE_WIDTH_IN, panel_letter, publication_style, save_figure, text_colour
from analysis_shared.metrics.registry import LEAST_MEAN_RATE_HZ, RESPONSIVE_RATE_HZ
from analysis_shared.metrics.suppression import LEAST_BASELINE, suppression_metric
from analysis_shared.metrics.suppression_summary import (
    ABSENT,
    LOW_BASELINE,
    SILENCED,
    UNRESPONSIVE,
    VALUE,
    interval_note,
    is_clear,
    perturbation_label,
    read_type_tables,
    summarise_changes,
    without_absent,
)
from v1_files import command_line
from v1_files.files import whole_file

SHOWN = ("mean_rate_Hz", "OSI_unbiased", "DSI_unbiased", "lifetime_sparsity")
LARGEST_LIMIT = 80.0
MOST_LEVEL_LABELS = 4
MARKS = {SILENCED: "×", LOW_BASELINE: "≈0", UNRESPONSIVE: "–", ABSENT: ""}
BLANK = "#ececec"


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--perturbation",
        required=True,
        nargs="+",
        action="append",
        metavar=("NAME", "TABLE"),
        help="perturbation and its table of cell types in each network; repeat for each column",
    )
    parser.add_argument("--title", default="", help="title of the figure, for instance network and option")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def colour_limit(values):
    """Symmetric limit of the colours (percent): the largest absolute value, at most `LARGEST_LIMIT`."""
    finite = np.abs(values[np.isfinite(values)])
    return min(finite.max(), LARGEST_LIMIT) if len(finite) and finite.max() > 0 else LARGEST_LIMIT


def draw_heatmap(axes, table, cell_types, names):
    """One metric: a coloured square with its number for each type and perturbation."""
    grid = table.set_index(["group", "perturbation"]).reindex([(t, p) for t in cell_types for p in names])
    shape = (len(cell_types), len(names))
    values = grid["percent_change"].where(grid["state"] == VALUE).to_numpy(dtype=float).reshape(shape)
    limit = colour_limit(values)
    colours = mpl.colormaps["RdBu_r"].with_extremes(bad=BLANK)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=colours, vmin=-limit, vmax=limit, aspect="auto")
    clear = is_clear(grid).to_numpy().reshape(shape)
    states = grid["state"].fillna(ABSENT).to_numpy().reshape(shape)
    for row, column in np.ndindex(shape):
        value = values[row, column]
        found = np.isfinite(value)
        text = f"{value:.1f}".replace("-", "−") if found else MARKS[states[row, column]]
        axes.text(
            *(column, row, text),
            ha="center",
            va="center",
            fontsize=6,
            fontweight="bold" if clear[row, column] else "normal",
            color=text_colour(image.cmap(image.norm(value))) if found else "#666666",
        )
    return image


def write_sizes(axes, table, cell_types):
    """Number of cells behind each row, on its right: the range over the perturbations."""
    for row, cell_type in enumerate(cell_types):
        sizes = table.loc[table["group"] == cell_type, "n_cells"]
        text = f"{sizes.min():,}" if sizes.nunique() == 1 else f"{sizes.min():,}–{sizes.max():,}"
        axes.annotate(
            *(text, (1, row)),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=5.5,
            color="#555555",
            annotation_clip=False,
        )
    axes.annotate(
        *("n cells", (1, 1)),
        xycoords="axes fraction",
        xytext=(3, 3),
        textcoords="offset points",
        fontsize=5.5,
        color="#555555",
    )


def footnote(summary, region):
    """What the marks mean."""
    least = LEAST_BASELINE["mean_rate_Hz"]
    return (
        f"Cells of region {region} that are not silenced, in both runs. OSI, DSI: roots of mean unbiased squares, "
        f"cells with a mean rate\nof at least {LEAST_MEAN_RATE_HZ:g} Hz in both. Sparsity: cells with at least "
        f"{RESPONSIVE_RATE_HZ:g} Hz at the preferred direction in both; it falls where\nrates rise, with no change of "
        f"tuning. Bold: the interval excludes 0 ({interval_note(summary)}).\n× all cells silenced   ≈0 baseline below "
        f"{least:g} Hz (rate), 0, or not clearly above 0 (OSI, DSI)   – no cell to compare, or\ndirections that do not "
        "cover the circle   L5 Exc: ET, IT and NP pooled"
    )


def draw(summary, names, region, title):
    """The whole figure: a heatmap a metric."""
    table = summary[summary["level"] == "cell_type"]
    cell_types = display_order(table["group"])
    figure = Figure(figsize=(PAGE_WIDTH_IN, 2.4 + 0.34 * len(cell_types)), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey=True)
    for index, (axes, name) in enumerate(zip(panels.flat, SHOWN, strict=True)):
        shown = table[table["metric"] == name]
        image = draw_heatmap(axes, shown, cell_types, names)
        write_sizes(axes, shown, cell_types)
        axes.set_title(suppression_metric(name).short_label, pad=10)
        axes.set_yticks(range(len(cell_types)), [readable(cell_type) for cell_type in cell_types])
        upright = len(names) > MOST_LEVEL_LABELS
        labels = [
            perturbation_label(name) if upright else perturbation_label(name).replace(" ", "\n") for name in names
        ]
        axes.set_xticks(range(len(names)), labels, fontsize=7, rotation=90 if upright else 0)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(image, ax=axes, shrink=0.5, pad=0.14, aspect=18)
        bar.ax.tick_params(labelsize=6)
        bar.set_label("Change (%)", fontsize=7)
        panel_letter(axes, "ABCD"[index], x=-0.03, y=1.03)
    for axes in panels[1]:
        axes.set_xlabel("Silenced cells")
    networks = f"n = {summary['n_networks'].max()} networks" if summary["n_networks"].max() > 1 else "one network"
    figure.suptitle(", ".join(filter(None, [title, networks])), fontsize=10)
    figure.supxlabel(footnote(summary, region), fontsize=7)
    return figure


def main(argv=None):
    args = parse(argv)
    tables = read_type_tables(args.perturbation)
    summary = without_absent(summarise_changes(tables[tables["metric"].isin(SHOWN)]))
    names = [entry[0] for entry in args.perturbation]
    with mpl.rc_context(publication_style()):
        figure = draw(summary, names, tables["region"].iloc[0], args.title)
        save_figure(figure, args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        summary.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
