"""Fitted background weights beside those of the seed table: model by model, and their ratio by population.

Left, the models whose tuning converged, coloured by cell type, with the identity line; right, median and quartiles of
fitted over reference weight. Reads the tables of tune_background.py and compare_background_tuning.py; writes
{output-stem}.png and .pdf, and the models shown as {output-stem}_models.csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from analysis_shared.cells.grouping import display_order, readable
from analysis_shared.cells.nodes import read_naming_scheme, type_colours
from analysis_shared.figures.style import PAGE_WIDTH_IN, panel_letter, publication_style, save_figure
from analysis_shared.metrics.weight_comparison import ALL, join_weights, read_comparison, read_weights
from v1_files import command_line
from v1_files.files import whole_file

TUNING_COLUMNS = ("specimen_id", "population", "n_cells", "fitted_weight_pA", "converged")
REFERENCE_COLUMNS = ("specimen_id", "fitted_weight_pA")
MARKERS = (("Exc", "o"), ("Inh", "P"), ("PV", "s"), ("SST", "^"), ("VIP", "D"))
TICKS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, help="name of the network, for the title")
    parser.add_argument("--tuning", required=True, type=Path, help="tuning.csv of tune_background.py")
    parser.add_argument("--comparison", required=True, type=Path, help="table of compare_background_tuning.py")
    parser.add_argument("--reference", required=True, type=Path, help="background_fitted.csv that it compares with")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def scale_log(axis, low, high):
    """Ticks of a logarithmic axis at 1 and 3 times powers of ten, in plain numbers."""
    axis.set_major_locator(FixedLocator([tick for tick in TICKS if low <= tick <= high]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def draw_models(axes, models, colours, overall):
    """Fitted against reference weight of every model; returns a handle of each cell type."""
    shown = models[(models["weight_pA"] > 0) & (models["reference_pA"] > 0)]
    values = shown[["weight_pA", "reference_pA"]].to_numpy()
    low, high = 0.7 * values.min(), 1.4 * values.max()
    axes.plot([low, high], [low, high], color="grey", linewidth=0.8, zorder=1)
    markers = dict(MARKERS)
    for cell_type in display_order(shown["cell_type"]):
        part = shown[shown["cell_type"] == cell_type]
        marker = markers.get(part["class"].iloc[0], "o")
        style = {"s": 16, "linewidths": 0.3, "edgecolors": "white", "zorder": 2, "label": readable(cell_type)}
        axes.scatter(part["reference_pA"], part["weight_pA"], color=colours[cell_type], marker=marker, **style)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.set(xlabel="Weight in the seed table (pA)", ylabel="Fitted weight (pA)")
    scale_log(axes.xaxis, low, high)
    scale_log(axes.yaxis, low, high)
    note = f"n = {overall.n_models:.0f} models\nrank correlation {overall.spearman:.2f}"
    axes.text(0.97, 0.04, note, transform=axes.transAxes, ha="right", va="bottom", fontsize=8)


def draw_ratios(axes, comparison, colour_of):
    """Median and quartiles of the ratio by population, all models last."""
    heights = np.arange(len(comparison), dtype=float)
    heights[-1] += 0.4
    for height, row in zip(heights, comparison.itertuples(), strict=True):
        colour = colour_of.get(row.population, "black")
        axes.plot([row.ratio_q25, row.ratio_q75], [height, height], color=colour, linewidth=2, alpha=0.6)
        axes.plot(row.ratio_median, height, "o", color=colour, markersize=4.5)
        rank = "–" if np.isnan(row.spearman) else f"{row.spearman:.2f}"
        axes.text(1.02, height, rank, transform=axes.get_yaxis_transform(), va="center", fontsize=7)
    axes.text(1.02, -1.1, "rank\ncorr.", transform=axes.get_yaxis_transform(), va="bottom", fontsize=7)
    axes.axvline(1, color="grey", linewidth=0.8, zorder=0)
    labels = [f"{row.population} ({row.n_models})" for row in comparison.itertuples()]
    axes.set_yticks(heights, labels, fontsize=7)
    axes.set(xscale="log", ylim=(heights[-1] + 0.7, -0.7), xlabel="Fitted weight / weight in the seed table")
    low, high = axes.get_xlim()
    low, high = min(low, 0.8), max(high, 1.25)
    axes.set_xlim(low, high)
    ticks = [tick for tick in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100) if low <= tick <= high]
    axes.xaxis.set_major_locator(FixedLocator(ticks if len(ticks) < 8 else ticks[::2]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def draw(models, comparison, naming, name):
    """The whole figure."""
    colours = type_colours(naming)
    figure = Figure(figsize=(PAGE_WIDTH_IN, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
    draw_models(left, models, colours, comparison[comparison["population"] == ALL].iloc[0])
    by_population = naming.set_index("pop_name")["hex"].to_dict()
    draw_ratios(right, comparison, by_population)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=7, fontsize=7, columnspacing=1)
    right.set_ylabel("Population (n models)")
    panel_letter(left, "A", x=-0.1)
    panel_letter(right, "B", x=-0.3)
    figure.suptitle(f"Background weights tuned in {name}", fontsize=10)
    return figure


def main(argv=None):
    args = parse(argv)
    naming = read_naming_scheme(args.naming_scheme)
    reference = read_weights(args.reference, REFERENCE_COLUMNS)
    models = join_weights(read_weights(args.tuning, TUNING_COLUMNS), reference)
    models = models.merge(naming, left_on="population", right_on="pop_name", how="left", validate="many_to_one")
    if models["cell_type"].isna().any():
        unknown = models.loc[models["cell_type"].isna(), "population"].iloc[0]
        raise ValueError(f"{args.naming_scheme}: no row for population {unknown} of {args.tuning}")
    comparison = read_comparison(args.comparison)
    columns = ["specimen_id", "population", "cell_type", "n_cells", "weight_pA", "reference_pA"]
    with whole_file(f"{args.output_stem}_models.csv") as part:
        models[columns].to_csv(part, sep=" ", index=False)
    with mpl.rc_context(publication_style()):
        save_figure(draw(models, comparison, naming, args.name), args.output_stem)


if __name__ == "__main__":
    command_line.run(main)
