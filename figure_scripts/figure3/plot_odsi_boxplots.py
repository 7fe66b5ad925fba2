"""Box plots of rate at the preferred direction, OSI and DSI by cell type: recordings beside the model's core cells.

Boxes span the quartiles with a line at the median; whiskers reach from the 5th to the 95th percentile, which the
experimental percentiles give exactly. OSI and DSI are of cells responding at 0.5 Hz or more on either side. Layer 5
subtypes are shown after the pooled L5 Exc, the one group the recordings have. Groups of fewer than ten are hatched.
Give --model once for each network and option; networks of one option are pooled. Writes {output-stem}.png, .pdf and
_boxes.csv.
"""

import argparse
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis_shared.boxes import WHISKERS, box_of_percentiles, box_of_sample
from analysis_shared.cells import pooled_core_cells
from analysis_shared.grouping import broad_class, display_order, readable, with_pooled_l5
from analysis_shared.metrics import RESPONSIVE_RATE_HZ, mask_unresponsive, metric
from analysis_shared.nodes import read_naming_scheme, type_colours
from analysis_shared.percentiles import COLUMNS, read_percentiles
from analysis_shared.similarity import MINIMUM_SIZE
from analysis_shared.style import (
    NEUROPIXELS,
    PAGE_WIDTH_IN,
    dataset_colour,
    panel_letter,
    publication_style,
    save_figure,
    variant_label,
)
from v1_model.files import whole_file

PANELS = ("preferred_direction_rate_Hz", "OSI", "DSI")
RATE_TICKS_HZ = (0, 1, 3, 10, 30, 100)
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
    """Core cells by label of the option, pooled over networks, masked and with the pooled layer 5 type."""
    sources = {}
    for option, network_dir, selectivity in models:
        sources.setdefault(variant_label(option), []).append((network_dir, selectivity))
    return {
        label: with_pooled_l5(mask_unresponsive(pooled_core_cells(entries, naming)))
        for label, entries in sources.items()
    }


def boxes(models, percentiles, cell_types):
    """Box statistics of every data set, metric and cell type: one row each."""
    rows = []
    for name in PANELS:
        for cell_type in cell_types:
            if (cell_type, name) in percentiles.index:
                recorded = percentiles.loc[(cell_type, name)]
                box = box_of_percentiles(recorded[list(COLUMNS)], recorded["n_units"])
                rows.append({"dataset": NEUROPIXELS, "metric": name, "cell_type": cell_type, **box})
            for label, cells in models.items():
                sample = cells.loc[cells["cell_type"] == cell_type, metric(name).column].dropna()
                rows.append({"dataset": label, "metric": name, "cell_type": cell_type, **box_of_sample(sample)})
    return pd.DataFrame(rows).drop(columns=["label", "fliers"])


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


def finish_axes(axes, name, cell_types, n_datasets, last):
    """Limits, labels, and cell types below the last panel."""
    axes.set_xlim(-0.5, len(cell_types) - 0.5)
    axes.set_ylabel(metric(name).label)
    if metric(name).needs_response:
        axes.set_ylim(0, 1.03)
    else:
        # Linear up to 1 Hz, logarithmic above: excitatory and PV rates differ tenfold, and some rates are 0.
        axes.set_yscale("symlog", linthresh=1, linscale=0.4)
        axes.set_yticks(RATE_TICKS_HZ, [str(tick) for tick in RATE_TICKS_HZ])
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", length=0, pad=5 + 8.5 * n_datasets)
    labels = [readable(cell_type) for cell_type in cell_types] if last else [""] * len(cell_types)
    axes.set_xticks(range(len(cell_types)), labels, rotation=90)


def draw(table, cell_types, datasets, colours, title):
    """The whole figure: a panel a metric."""
    width = min(3 + 0.45 * len(cell_types), PAGE_WIDTH_IN)
    figure = Figure(figsize=(width, 7.4), layout="constrained")
    panels = figure.subplots(len(PANELS), 1)
    for index, (axes, name) in enumerate(zip(panels, PANELS, strict=True)):
        shown = table[table["metric"] == name]
        shade_classes(axes, cell_types, colours)
        draw_boxes(axes, shown, cell_types, datasets)
        write_sizes(axes, shown, cell_types, datasets)
        finish_axes(axes, name, cell_types, len(datasets), last=index == len(PANELS) - 1)
        panel_letter(axes, "ABC"[index], x=-0.09)
    patches = [Patch(facecolor=dataset_colour(label), edgecolor="black", linewidth=0.6) for label in datasets]
    small = Patch(facecolor="white", edgecolor="black", linewidth=0.6, hatch="//////")
    figure.legend(
        [*patches, small],
        [*datasets, f"n < {MINIMUM_SIZE}"],
        loc="outside upper center",
        ncols=len(datasets) + 1,
        title=f"{title}\nwhiskers: {WHISKERS[0]}th to {WHISKERS[1]}th percentile; OSI, DSI: cells with\n"
        f"at least {RESPONSIVE_RATE_HZ:g} Hz at the preferred direction".lstrip(),
        title_fontsize=8,
    )
    return figure


def main(argv=None):
    args = parse(argv)
    naming = read_naming_scheme(args.naming_scheme)
    models = read_models(args.model, naming)
    cell_types = display_order(set().union(*(cells["cell_type"] for cells in models.values())))
    table = boxes(models, read_percentiles(args.percentiles), cell_types)
    with mpl.rc_context({**publication_style(), "hatch.linewidth": 0.4}):
        figure = draw(table, cell_types, [NEUROPIXELS, *models], type_colours(naming), args.title)
        save_figure(figure, args.output_stem, whole_file)
    with whole_file(f"{args.output_stem}_boxes.csv") as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
    import command_line

    command_line.run(main)
