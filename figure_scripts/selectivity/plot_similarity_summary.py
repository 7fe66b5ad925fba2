"""Box plots of the similarity to the recordings over cell types, by metric, options side by side.

Each point is a cell type that counts in summaries: at least ten cells and ten units, layer 5 subtypes as the pooled
L5 Exc. Boxes span the quartiles with a line at the median; whiskers reach to the 5th and 95th percentile. Reads the
tables of calculate_similarity.py; writes {output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis_shared.figures.boxes import box_of_sample
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.style import dataset_colour, publication_style, save_figure
from analysis_shared.metrics.registry import METRICS
from analysis_shared.statistics.similarity import MINIMUM_SIZE, read_similarity
from v1_files import command_line
from v1_files.files import whole_file

GROUP_WIDTH = 0.8
EDGE = {"color": "black", "linewidth": 0.6}


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


def counted(tables):
    """Rows that count in summaries, with the label of their option."""
    parts = [table[table["in_summary"]].assign(dataset=label) for label, table in tables.items()]
    return pd.concat(parts, ignore_index=True)


def draw_metric(axes, position, shown, datasets):
    """Boxes and points of one metric."""
    width = GROUP_WIDTH / len(datasets)
    for index, dataset in enumerate(datasets):
        values = shown.loc[shown["dataset"] == dataset, "similarity"].to_numpy()
        centre = position + (index + 0.5) * width - GROUP_WIDTH / 2
        colour = dataset_colour(dataset)
        if len(values):
            axes.bxp(
                [{**box_of_sample(values), "fliers": []}],
                positions=[centre],
                widths=width * 0.8,
                showfliers=False,
                patch_artist=True,
                manage_ticks=False,
                boxprops={"facecolor": colour, "edgecolor": "black", "linewidth": 0.6, "alpha": 0.6},
                whiskerprops=EDGE,
                capprops=EDGE,
                medianprops={"color": "black", "linewidth": 1.2},
            )
            # Spread by rank, so that equal values stay apart and the same data give the same picture.
            offsets = np.linspace(-0.25, 0.25, len(values)) * width if len(values) > 1 else np.zeros(1)
            axes.scatter(centre + offsets, values, s=7, color=colour, edgecolor="black", linewidth=0.3, zorder=3)
        axes.text(centre, -0.02, f"{len(values)}", ha="center", va="top", fontsize=6, color="0.3")


def draw(table, datasets, title):
    """The whole figure."""
    figure = Figure(figsize=(5.6, 2.8), layout="constrained")
    axes = figure.subplots()
    for position, entry in enumerate(METRICS):
        draw_metric(axes, position, table[table["metric"] == entry.name], datasets)
    axes.set_xticks(range(len(METRICS)), [entry.short_label.replace(" ", "\n") for entry in METRICS])
    axes.tick_params(axis="x", length=0, pad=9)
    axes.set_ylim(0, 1)
    axes.set_ylabel("Similarity to Neuropixels\n(1 − KS distance)")
    figure.legend(
        [Patch(facecolor=dataset_colour(label), edgecolor="black", linewidth=0.6) for label in datasets],
        datasets,
        loc="outside upper center",
        ncols=len(datasets),
        title=f"{title}\na point a cell type with at least {MINIMUM_SIZE} cells and units; their number below".lstrip(),
        title_fontsize=7,
    )
    return figure


def main(argv=None):
    args = parse(argv)
    tables = {variant_label(option): read_similarity(path) for option, path in args.similarity}
    table = counted(tables)
    if table.empty:
        raise ValueError(
            f"no cell type has {MINIMUM_SIZE} cells and units in {', '.join(p for _, p in args.similarity)}"
        )
    with mpl.rc_context(publication_style()):
        save_figure(draw(table, list(tables), args.title), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        table.drop(columns="in_summary").to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
