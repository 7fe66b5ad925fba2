"""Box plots of rate at the preferred direction, OSI and DSI by cell type: recordings beside the model's core cells.

Boxes span the quartiles with a line at the median; whiskers reach from the 5th to the 95th percentile, which the
experimental percentiles give exactly. OSI and DSI are of cells responding at 0.5 Hz or more on either side. Layer 5
subtypes are shown after the pooled L5 Exc, the one group the recordings have. Groups of fewer than ten are hatched.

Few spikes give an index above 0 to cells without tuning, in the model as in the recordings. Red ticks are the mean
index of the same cells if none were tuned. Diamonds, to compare variants by, are the root of the mean unbiased square
over the cells with a mean rate of at least 0.25 Hz, with 95 % intervals over networks where there are several, else
over cells. Give --model once for each network and option; networks of one option are pooled. Writes {output-stem}.png,
.pdf, _boxes.csv and _tuning.csv (OSI and DSI by cell type: published, expected without tuning, unbiased, share of tuned
cells).
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis_shared.cells.cells import core_cells
from analysis_shared.cells.grouping import broad_class, display_order, readable, with_pooled_l5
from analysis_shared.cells.nodes import read_naming_scheme, type_colours
from analysis_shared.figures.boxes import (
    WHISKERS,
    box_of_percentiles,
    box_of_sample,
    lower_limit,
    mark_noise,
    noise_handles,
)
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.style import (
    NEUROPIXELS,
    PAGE_WIDTH_IN,
    dataset_colour,
    panel_letter,
    publication_style,
    save_figure,
)
from analysis_shared.metrics.registry import LEAST_MEAN_RATE_HZ, RESPONSIVE_RATE_HZ, mask_unresponsive, metric
from analysis_shared.metrics.tuning_summary import (
    WHY_UNDEFINED,
    check_unbiased_columns,
    is_uncovered,
    trials_note,
    tuning_table,
)
from analysis_shared.statistics.percentiles import COLUMNS, read_percentiles
from analysis_shared.statistics.similarity import MINIMUM_SIZE
from v1_files import command_line
from v1_files.files import whole_file

PANELS = ("preferred_direction_rate_Hz", "OSI", "DSI")
RATE_TICKS_HZ = (0, 1, 3, 10, 30, 100)
NOISE = ("untuned_mean", "unbiased", "unbiased_low", "unbiased_high")
GROUP_WIDTH = 0.8
EDGE_WIDTH = 0.6


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model",
        required=True,
        nargs=3,
        action="append",
        metavar=("OPTION", "NETWORK_DIR", "SELECTIVITY"),
        help="network option, folder with v1_nodes.h5, selectivity table; may be repeated",
    )
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--percentiles", required=True, type=Path, help="experimental percentiles")
    parser.add_argument("--title", default="", help="title of the figure, for instance the network")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def read_models(models, naming):
    """Core cells by label of the option, pooled over networks and with the pooled layer 5 type."""
    sources = {}
    for option, network_dir, selectivity in models:
        check_unbiased_columns(selectivity)
        cells = core_cells(network_dir, selectivity, naming).assign(network=str(network_dir))
        sources.setdefault(variant_label(option), []).append(cells)
    return {label: with_pooled_l5(pd.concat(entries, ignore_index=True)) for label, entries in sources.items()}


def tuning_by_dataset(models):
    """Tuning of each cell type of each variant, with a column ``dataset`` first."""
    tables = [tuning_table(cells).assign(dataset=label) for label, cells in models.items()]
    joined = pd.concat(tables, ignore_index=True)
    return joined[["dataset", *joined.columns.drop("dataset")]]


def boxes(models, percentiles, cell_types, tuning):
    """Box statistics of every data set, metric and cell type: one row each, with what of the model's is noise."""
    rows = []
    masked = {label: mask_unresponsive(cells) for label, cells in models.items()}
    for name in PANELS:
        for cell_type in cell_types:
            if (cell_type, name) in percentiles.index:
                recorded = percentiles.loc[(cell_type, name)]
                box = box_of_percentiles(recorded[list(COLUMNS)], recorded["n_units"])
                rows.append({"dataset": NEUROPIXELS, "metric": name, "cell_type": cell_type, **box})
            for label, cells in masked.items():
                sample = cells.loc[cells["cell_type"] == cell_type, metric(name).column].dropna()
                rows.append({"dataset": label, "metric": name, "cell_type": cell_type, **box_of_sample(sample)})
    keys = ["dataset", "metric", "cell_type"]
    table = pd.DataFrame(rows).drop(columns=["label", "fliers"])
    return table.merge(tuning[[*keys, *NOISE]], on=keys, how="left", validate="one_to_one")


def draw_boxes(axes, table, cell_types, datasets):
    """Boxes of one metric side by side within each cell type."""
    width = GROUP_WIDTH / len(datasets)
    for index, dataset in enumerate(datasets):
        shown = table[(table["dataset"] == dataset) & (table["n"] > 0)]
        positions = shown["cell_type"].map(cell_types.index) + (index + 0.5) * width - GROUP_WIDTH / 2
        stats = [{**row, "fliers": []} for row in shown.to_dict("records")]
        line = {"color": "black", "linewidth": EDGE_WIDTH}
        artists = axes.bxp(
            stats,
            positions=positions.to_numpy(),
            widths=width * 0.85,
            showfliers=False,
            patch_artist=True,
            capwidths=width * 0.4,
            boxprops={"facecolor": dataset_colour(dataset), "edgecolor": "black", "linewidth": EDGE_WIDTH},
            whiskerprops=line,
            capprops=line,
            medianprops={"color": "black", "linewidth": 1.0},
            manage_ticks=False,
        )
        for patch, n in zip(artists["boxes"], shown["n"], strict=True):
            if n < MINIMUM_SIZE:
                patch.set_hatch("//////")
        for at, row in zip(positions, stats, strict=True):
            mark_noise(axes, at, width, row)


def shade_classes(axes, cell_types, colours):
    """A faint band behind each run of types of one class, in the mean of their colours."""
    classes = [broad_class(cell_type) for cell_type in cell_types]
    for name in dict.fromkeys(classes):
        members = [index for index, found in enumerate(classes) if found == name]
        known = [colours[cell_types[index]] for index in members if cell_types[index] in colours]
        colour = np.mean([mpl.colors.to_rgb(entry) for entry in known], axis=0)
        axes.axvspan(members[0] - 0.5, members[-1] + 0.5, color=colour, alpha=0.12, linewidth=0)


def write_sizes(axes, table, cell_types, datasets):
    """Number of units or cells behind each box, a row a data set below the axes; groups too small are in italics."""
    place = {
        "xycoords": ("data", "axes fraction"),
        "textcoords": "offset points",
        "va": "top",
        "annotation_clip": False,
    }
    for line, dataset in enumerate(datasets):
        below = -4 - 8.5 * line
        colour = tuple(0.65 * channel for channel in mpl.colors.to_rgb(dataset_colour(dataset)))
        style = {"fontsize": 6, "color": colour}
        axes.annotate(f"n {dataset}", (-0.5, 0), xytext=(-4, below), ha="right", **style, **place)
        sizes = table[table["dataset"] == dataset].set_index("cell_type")["n"]
        for index, cell_type in enumerate(cell_types):
            n = sizes.get(cell_type)
            text, slant = ("–", "normal") if pd.isna(n) else (f"{n:,}", "italic" if n < MINIMUM_SIZE else "normal")
            axes.annotate(text, (index, 0), xytext=(0, below), ha="center", fontstyle=slant, **style, **place)


def finish_axes(axes, name, cell_types, n_datasets, last, bottom):
    """Limits, labels, and cell types below the last panel."""
    axes.set_xlim(-0.5, len(cell_types) - 0.5)
    axes.set_ylabel(metric(name).label)
    if metric(name).needs_response:
        axes.set_ylim(bottom, 1.03)
    else:
        # Linear up to 1 Hz, logarithmic above: excitatory and PV rates differ tenfold, and some rates are 0.
        axes.set_yscale("symlog", linthresh=1, linscale=0.4)
        axes.set_yticks(RATE_TICKS_HZ, [str(tick) for tick in RATE_TICKS_HZ])
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", length=0, pad=5 + 8.5 * n_datasets)
    labels = [readable(cell_type) for cell_type in cell_types] if last else [""] * len(cell_types)
    axes.set_xticks(range(len(cell_types)), labels, rotation=90)


def draw(table, cell_types, datasets, colours, title, undefined):
    """The whole figure: a panel a metric; `undefined` are the data sets whose directions define no index."""
    width = min(3 + 0.45 * len(cell_types), PAGE_WIDTH_IN)
    figure = Figure(figsize=(width, 7.4), layout="constrained")
    panels = figure.subplots(len(PANELS), 1)
    for index, (axes, name) in enumerate(zip(panels, PANELS, strict=True)):
        shown = table[table["metric"] == name]
        shade_classes(axes, cell_types, colours)
        draw_boxes(axes, shown, cell_types, datasets)
        write_sizes(axes, shown, cell_types, datasets)
        finish_axes(axes, name, cell_types, len(datasets), index == len(PANELS) - 1, lower_limit(shown))
        if undefined and metric(name).needs_response:
            why = f"{', '.join(undefined)} {WHY_UNDEFINED}"
            axes.text(0.5, 0.9, why, transform=axes.transAxes, ha="center", color="#c73635", fontsize=8)
        panel_letter(axes, "ABC"[index], x=-0.09)
    edge = {"edgecolor": "black", "linewidth": 0.6}
    patches = [Patch(facecolor=dataset_colour(label), label=label, **edge) for label in datasets]
    small = Patch(facecolor="white", hatch="//////", label=f"n < {MINIMUM_SIZE}", **edge)
    figure.legend(
        handles=[*patches, small, *noise_handles()],
        loc="outside upper center",
        ncols=min(len(datasets) + 3, 6),
        title=f"{title}\nwhiskers: {WHISKERS[0]}th to {WHISKERS[1]}th percentile; OSI, DSI: cells with at least "
        f"{RESPONSIVE_RATE_HZ:g} Hz at the preferred direction.\nFew spikes raise them, the recordings' too. Red: mean "
        "of these cells if none were tuned.\nDiamonds: root of the mean unbiased square, cells with a mean rate of at "
        f"least {LEAST_MEAN_RATE_HZ:g} Hz".lstrip(),
        title_fontsize=8,
    )
    return figure


def main(argv=None):
    args = parse(argv)
    naming = read_naming_scheme(args.naming_scheme)
    models = read_models(args.model, naming)
    cell_types = display_order(set().union(*(cells["cell_type"] for cells in models.values())))
    tuning = tuning_by_dataset(models)
    table = boxes(models, read_percentiles(args.percentiles), cell_types, tuning)
    undefined = [label for label, cells in models.items() if is_uncovered(cells)]
    trials = trials_note(pd.concat(models.values()))
    title = ", ".join(filter(None, [args.title, f"model: {trials} trials a direction"]))
    with mpl.rc_context({**publication_style(), "hatch.linewidth": 0.4}):
        figure = draw(table, cell_types, [NEUROPIXELS, *models], type_colours(naming), title, undefined)
        save_figure(figure, args.output_stem)
    for name, content in (("boxes", table), ("tuning", tuning)):
        with whole_file(f"{args.output_stem}_{name}.csv") as part:
            content.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
