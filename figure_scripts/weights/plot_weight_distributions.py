"""Box plots of the recurrent weights onto each cell type, a panel a source type, options side by side.

Boxes span the quartiles of the absolute weight with a line at the median; whiskers reach to the 5th and 95th
percentile. With several options, each panel gives Spearman's rank correlation between the first option's medians over
targets and every other's. Reads the tables of calculate_weight_distributions.py; writes {output-stem}.png, .pdf, .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis_shared.cells.grouping import abbreviation, display_order, readable
from analysis_shared.figures.labels import option_label
from analysis_shared.figures.style import dataset_colour, publication_style, save_figure
from analysis_shared.metrics.weight_distributions import rank_correlation, read_weight_distributions
from v1_files import command_line
from v1_files.files import whole_file

COLUMNS = 5
GROUP_WIDTH = 0.8
EDGE = {"color": "black", "linewidth": 0.4}


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--weights",
        required=True,
        nargs=2,
        action="append",
        metavar=("OPTION", "TABLE"),
        help="network option and its table; may be repeated",
    )
    parser.add_argument("--network", required=True, help="name of the network, for the title")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def draw_source(axes, source, tables, targets):
    """One source type's weights onto each target type."""
    width = GROUP_WIDTH / len(tables)
    medians = []
    for index, (label, table) in enumerate(tables.items()):
        shown = table[table["source_type"] == source]
        medians.append(shown.set_index("target_type")["med"])
        positions = shown["target_type"].map(targets.index) + (index + 0.5) * width - GROUP_WIDTH / 2
        axes.bxp(
            [{**row, "fliers": []} for row in shown.to_dict("records")],
            positions=positions.to_numpy(),
            widths=width * 0.9,
            showfliers=False,
            showcaps=False,
            patch_artist=True,
            manage_ticks=False,
            boxprops={"facecolor": dataset_colour(label), "edgecolor": "black", "linewidth": 0.4},
            whiskerprops=EDGE,
            medianprops={"color": "black", "linewidth": 0.8},
        )
    edges = sum(table.loc[table["source_type"] == source, "n_edges"].sum() for table in tables.values()) // len(tables)
    axes.set_title(f"from {readable(source)}, {edges:,} edges", fontsize=8)
    others = zip(list(tables)[1:], medians[1:], strict=True)
    text = "\n".join(f"ρ {label} {rank_correlation(medians[0], other):.2f}" for label, other in others)
    axes.text(0.98, 0.97, text, transform=axes.transAxes, ha="right", va="top", fontsize=6)


def draw(tables, network):
    """The whole figure: a panel a source type."""
    sources = display_order(set().union(*(table["source_type"] for table in tables.values())))
    targets = display_order(set().union(*(table["target_type"] for table in tables.values())))
    rows = -(-len(sources) // COLUMNS)
    figure = Figure(figsize=(13, 1.2 + 1.9 * rows), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for axes, source in zip(grid.flat, sources, strict=False):
        draw_source(axes, source, tables, targets)
    for axes in list(grid.flat)[len(sources) :]:
        axes.set_visible(False)
    grid[0, 0].set_yscale("log")
    grid[0, 0].set_xlim(-0.6, len(targets) - 0.4)
    for number, axes in enumerate(grid.flat):
        axes.set_xticks(range(len(targets)), [abbreviation(target) for target in targets], rotation=90, fontsize=6)
        axes.tick_params(axis="x", length=0, labelbottom=number + COLUMNS >= len(sources))
        if number % COLUMNS == 0:
            axes.set_ylabel("|weight| (pA)")
    figure.legend(
        [Patch(facecolor=dataset_colour(label), edgecolor="black", linewidth=0.6) for label in tables],
        list(tables),
        loc="outside upper center",
        ncols=len(tables),
        title=f"{network}: weights of all recurrent edges by target type; whiskers 5th to 95th percentile",
        title_fontsize=9,
    )
    return figure


def main(argv=None):
    args = parse(argv)
    tables = {option_label(option): read_weight_distributions(path) for option, path in args.weights}
    with mpl.rc_context(publication_style()):
        save_figure(draw(tables, args.network), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        merged = pd.concat([table.assign(option=label) for label, table in tables.items()])
        merged.to_csv(part, sep=" ", index=False, float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
