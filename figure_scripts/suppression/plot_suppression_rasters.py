"""One trial's spikes before and after cells are silenced, side by side: same LGN and background spikes.

Core cells by layer and type from the pia down. Bars at the right of each raster mark the cells that are silenced, a
line above the second one when. Writes {output-stem}.png, .pdf and _rates.csv (mean rate of each core cell type,
silenced cells apart, from onset to the end of the evoked window).
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis_shared.cells.grouping import display_order
from analysis_shared.cells.node_sets import read_node_set
from analysis_shared.cells.nodes import read_naming_scheme, read_network, type_colours
from analysis_shared.figures.rasters import dot_area, draw_raster, in_raster_order, legend_of_classes
from analysis_shared.figures.style import PAGE_WIDTH_IN, publication_style, save_figure
from analysis_shared.metrics.spikes import count_spikes, read_spikes
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import condition_table, read_paradigm, window

MARK = "#d4148c"
TITLES = ("Unperturbed", "Silenced")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline-spikes", required=True, type=Path, help="spikes of the trial unperturbed (SONATA)")
    parser.add_argument("--perturbed-spikes", required=True, type=Path, help="spikes of the same trial perturbed")
    parser.add_argument("--node-set", required=True, type=Path, help="cells that are silenced (JSON)")
    parser.add_argument("--window-ms", required=True, nargs=2, type=float, help="begin and end of the silencing")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--paradigm", required=True, type=Path, help="paradigm (JSON)")
    parser.add_argument("--condition", required=True, help="name of the trial's condition")
    parser.add_argument("--title", default="", help="title of the figure, for instance network and variant")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def rates_by_type(cells, runs, span_ms, n_nodes):
    """Mean rate (Hz) of each core cell type in both runs, silenced cells apart.

    Parameters
    ----------
    cells : DataFrame
        Core cells with ``node_id cell_type target``.
    runs : sequence of (node_ids, times_ms)
        Spikes unperturbed and perturbed.
    span_ms : tuple of float
    n_nodes : int
    """
    seconds = (span_ms[1] - span_ms[0]) / 1000
    columns = [count_spikes(*run, span_ms, n_nodes)[cells["node_id"]] / seconds for run in runs]
    table = cells.assign(baseline_hz=columns[0], perturbed_hz=columns[1])
    means = table.groupby(["cell_type", "target"]).agg(
        n_cells=("node_id", "size"), baseline_hz=("baseline_hz", "mean"), perturbed_hz=("perturbed_hz", "mean")
    )
    return means.reindex(display_order(cells["cell_type"]), level="cell_type").reset_index()


def mark_targets(axes, cells):
    """A bar at the right for each silenced cell."""
    rows = cells.loc[cells["target"], "row"].to_numpy()
    beside = axes.get_yaxis_transform()
    axes.hlines(rows + 0.5, 1.005, 1.03, color=MARK, linewidth=0.3, transform=beside, clip_on=False)


def mark_window(axes, window_ms):
    """A line above the raster while cells are silenced."""
    begin, end = np.clip(window_ms, *axes.get_xlim())
    above = axes.get_xaxis_transform()
    axes.plot([begin, end], [1.032, 1.032], color=MARK, linewidth=2, transform=above, clip_on=False)


def draw(cells, colours, runs, paradigm, window_ms, title):
    """The whole figure: both rasters."""
    figure = Figure(figsize=(PAGE_WIDTH_IN * 1.3, 7.0), layout="constrained")
    panels = figure.subplots(1, 2)
    area = dot_area(cells, runs)
    for axes, run, name in zip(panels, runs, TITLES, strict=True):
        draw_raster(axes, cells, *run, paradigm, area)
        mark_targets(axes, cells)
        axes.set_title(name, pad=20)
    # The second raster has the layers of the first.
    for text in [text for text in panels[1].texts if "n = " in text.get_text()]:
        text.remove()
    mark_window(panels[1], window_ms)
    n_targets = int(cells["target"].sum())
    legend_of_classes(panels[0], cells, colours)
    legend = panels[0].get_legend()
    marks, labels = legend.legend_handles, [text.get_text() for text in legend.get_texts()]
    legend.remove()
    bar = Line2D([], [], color=MARK, linewidth=2)
    heading = f"{title}: {n_targets:,} of {len(cells):,} core cells silenced"
    figure.legend(
        [*marks, bar],
        [*labels, "silenced"],
        loc="outside upper center",
        ncols=len(marks) + 1,
        title=heading,
        title_fontsize=10,
        columnspacing=0.9,
        handletextpad=0.3,
    )
    return figure


def with_targets(nodes, network_dir, node_set_path):
    """Core cells in raster order, with ``target``."""
    cells = in_raster_order(nodes, network_dir)
    return cells.assign(target=cells["node_id"].isin(read_node_set(node_set_path, len(nodes))))


def main(argv=None):
    args = parse(argv)
    paradigm = read_paradigm(args.paradigm)
    if args.condition not in set(condition_table(paradigm)["condition"]):
        raise ValueError(f"{args.paradigm}: no condition {args.condition!r}")
    naming = read_naming_scheme(args.naming_scheme)
    nodes, _ = read_network(args.network_dir, naming)
    cells = with_targets(nodes, args.network_dir, args.node_set)
    paths = (args.baseline_spikes, args.perturbed_spikes)
    runs = [read_spikes(path, len(nodes), paradigm["duration_ms"]) for path in paths]
    rates = rates_by_type(cells, runs, (paradigm["grey_ms"], window(paradigm, "evoked")[1]), len(nodes))
    with mpl.rc_context(publication_style()):
        figure = draw(cells, type_colours(naming), runs, paradigm, args.window_ms, args.title)
        save_figure(figure, args.output_stem)
    with whole_file(f"{args.output_stem}_rates.csv") as part:
        rates.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
