"""Distribution of a cell type's outgoing weight (or incoming weight, or out-degree) over its cells, by third.

Thirds are the cohorts of make_node_set.py, ranked within each network. A hundred logarithmic bins, fewer for small
degrees; dashed lines where one third ends and the next begins (with several networks, the mean of their limits). Give
--network once for each. Writes {output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis_shared.cells.cohorts import node_set_cells
from analysis_shared.cells.grouping import readable
from analysis_shared.cells.node_set_names import CLASSES, GROUPS, MEASURES, REGIONS, THIRDS, NodeSet
from analysis_shared.cells.node_sets import read_cells
from analysis_shared.cells.nodes import read_naming_scheme
from analysis_shared.figures.style import publication_style, save_figure
from v1_files import command_line
from v1_files.files import whole_file

N_BINS = 100
NARROW = 8
THIRD_COLOURS = {"low": "#2b7bba", "mid": "#888888", "high": "#c73635"}
LABELS = {
    "outgoing_weight": "Outgoing weight, Σ|w| (pA)",
    "incoming_weight": "Incoming weight, Σ|w| (pA)",
    "out_degree": "Out-degree (connections)",
}


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--network",
        required=True,
        nargs=2,
        action="append",
        metavar=("NETWORK_DIR", "CELL_WEIGHTS"),
        help="folder with v1_nodes.h5, weights and degrees by cell; may be repeated",
    )
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--cell-type", default="L2/3_Exc", help="cells to show (default: %(default)s)")
    parser.add_argument("--class", dest="cell_class", default="exc", choices=CLASSES, help="ranked in this class")
    parser.add_argument("--measure", default="outgoing_weight", choices=MEASURES, help="default: %(default)s")
    parser.add_argument("--group", default="layer", choices=GROUPS, help="ranked within (default: %(default)s)")
    parser.add_argument("--region", default="core", choices=REGIONS, help="default: %(default)s")
    parser.add_argument("--title", default="", help="title of the figure, for instance network and option")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def ranked_cells(networks, naming, node_set, cell_type):
    """Cells of a type with their third, of all networks; ``network`` counts these."""
    parts = []
    for index, (network_dir, cell_weights) in enumerate(networks):
        nodes, _ = read_cells(network_dir, cell_weights, naming)
        cells = node_set_cells(nodes, node_set)
        chosen = cells[cells["cell_type"] == cell_type]
        if chosen.empty:
            raise ValueError(f"{network_dir}: no {cell_type} cells of class {node_set.cell_class} in {node_set.region}")
        parts.append(chosen[["node_id", "third", node_set.measure]].assign(network=index))
    return pd.concat(parts, ignore_index=True)


def thresholds(cells, measure):
    """Where low ends and where high begins: the largest low and the least high value, means over networks."""
    low = cells[cells["third"] == "low"].groupby("network")[measure].max().mean()
    high = cells[cells["third"] == "high"].groupby("network")[measure].min().mean()
    return {"low": low, "high": high}


def bin_edges(values, whole):
    """Limits of the logarithmic bins: a hundred, or fewer where whole numbers would leave bins between them."""
    least, most = values.min() * (1 - 1e-9), values.max() * (1 + 1e-9)
    n_bins = N_BINS
    if whole:
        n_bins = int(np.clip(np.log(most / least) / np.log1p(1 / least), 1, N_BINS))
    return np.geomspace(least, most, n_bins + 1)


def histogram(cells, measure):
    """Number of cells of each third in logarithmic bins; cells without edges have no place on the axis."""
    shown = cells[cells[measure] > 0]
    if shown.empty:
        raise ValueError(f"every cell has a {measure} of 0")
    edges = bin_edges(shown[measure], whole=measure == "out_degree")
    table = pd.DataFrame({"bin_low": edges[:-1], "bin_high": edges[1:]})
    for third in THIRDS:
        table[third] = np.histogram(shown.loc[shown["third"] == third, measure], edges)[0]
    return table


def label_axis(axes, low, high):
    """Logarithmic axis with ticks that suit its span."""
    axes.set_xscale("log")
    narrow = high < NARROW * low
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(6) if narrow else mpl.ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_locator(mpl.ticker.NullLocator())


def draw(table, cells, limits, args):
    """The whole figure."""
    figure = Figure(figsize=(4.6, 3.2), layout="constrained")
    axes = figure.subplots()
    base = np.zeros(len(table))
    sizes = cells["third"].value_counts()
    for third in reversed(THIRDS):
        axes.bar(
            table["bin_low"],
            table[third],
            width=table["bin_high"] - table["bin_low"],
            bottom=base,
            align="edge",
            color=THIRD_COLOURS[third],
            label=f"{third} (n = {sizes.get(third, 0):,})",
        )
        base += table[third].to_numpy()
    for third, value in limits.items():
        if np.isfinite(value):
            axes.axvline(value, color=THIRD_COLOURS[third], linestyle="--", linewidth=1)
            axes.annotate(
                *(f"{value:,.0f}", (value, 1)),
                xycoords=("data", "axes fraction"),
                xytext=(-2 if third == "low" else 2, 1),
                textcoords="offset points",
                ha="right" if third == "low" else "left",
                fontsize=7,
                color=THIRD_COLOURS[third],
            )
    label_axis(axes, table["bin_low"].min(), table["bin_high"].max())
    axes.set_ylim(0, 1.08 * base.max())
    axes.set(xlabel=LABELS[args.measure], ylabel=f"{readable(args.cell_type)} cells")
    axes.legend(title=f"third within {args.group.replace('_', ' ')}", title_fontsize=8)
    n_networks = cells["network"].nunique()
    where = f"region {args.region}" + (f", {n_networks} networks" if n_networks > 1 else "")
    axes.set_title(", ".join(filter(None, [args.title, where])), pad=14, fontsize=9)
    return figure


def main(argv=None):
    args = parse(argv)
    node_set = NodeSet(args.cell_class, THIRDS[0], args.measure, args.group, args.region)
    cells = ranked_cells(args.network, read_naming_scheme(args.naming_scheme), node_set, args.cell_type)
    table = histogram(cells, args.measure)
    with mpl.rc_context(publication_style()):
        save_figure(draw(table, cells, thresholds(cells, args.measure), args), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        table.to_csv(part, sep=" ", index=False, float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
