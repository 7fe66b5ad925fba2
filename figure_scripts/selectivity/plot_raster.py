"""Raster of one trial's core cells, by layer and cell type from the pia down, and the power spectra of the cell types.

Spectra are of the population activity (spikes per cell in 1 ms bins, all core cells of a type counted) from 200 ms
after stimulus onset for 2 s or to the end of the recording, averaged over the trials of the condition, relative to as
many independent Poisson cells of the same mean rate: 1 is asynchronous. Types with too few cells or spikes are not
drawn. Bands are 95 % intervals over trials where there are at least five. Writes {output-stem}.png, .pdf and
_spectra.csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from analysis_shared.cells.grouping import display_order, layer_of, readable
from analysis_shared.cells.nodes import read_naming_scheme, read_network, type_colours
from analysis_shared.figures.rasters import LAYERS, dot_area, draw_raster, in_raster_order, legend_of_classes
from analysis_shared.figures.style import PAGE_WIDTH_IN, panel_letter, publication_style, save_figure
from analysis_shared.metrics.spectra import (
    LEAST_CELLS,
    LEAST_SAMPLES,
    RELATIVE_LABEL,
    draw_asynchronous,
    draw_relative_power,
    relative_limits,
    spectra_by_type,
    spectrum_window_ms,
    too_few,
)
from analysis_shared.metrics.spikes import read_spikes
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import condition_table, read_paradigm

SPECTRUM_HZ = (1, 100)
LEAST_COLUMNS = 3


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spikes", required=True, type=Path, help="spikes of the trial (SONATA)")
    parser.add_argument(
        "--trials",
        nargs="+",
        type=Path,
        help="spikes of the condition's trials, for the spectra (default: the trial's)",
    )
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--paradigm", required=True, type=Path, help="paradigm (JSON)")
    parser.add_argument("--condition", required=True, help="name of the trial's condition")
    parser.add_argument("--title", default="", help="title of the figure, for instance the network")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def spectrum_groups(cells):
    """Cell types in each layer's panel of spectra: layer 1 shares the panel of layer 2/3 if there is one."""
    groups = {}
    layers = set(cells["layer"])
    for cell_type in display_order(cells["cell_type"]):
        layer = layer_of(cell_type)
        groups.setdefault("2/3" if layer == "1" and "2/3" in layers else layer, []).append(cell_type)
    return dict(sorted(groups.items(), key=lambda entry: LAYERS.index(entry[0]) if entry[0] in LAYERS else len(LAYERS)))


def draw_spectra(axes, layer, types, spectra, colours):
    """Power spectra of a layer's cell types; layer 1, where it shares the panel, is dashed."""
    for cell_type in types:
        spectrum = spectra[(spectra["cell_type"] == cell_type) & spectra["frequency_Hz"].between(*SPECTRUM_HZ)]
        guest = layer_of(cell_type) != layer
        name = readable(cell_type) if guest else cell_type.partition("_")[2]
        sizes = spectrum.iloc[0]
        lacking = too_few(sizes["n_cells"], sizes["n_spikes"], sizes["n_trials"])
        label = f"{name} ({sizes['n_cells']:,}){f', too few {lacking}' if lacking else ''}"
        line = {"color": colours[cell_type], "linestyle": "--" if guest else "-", "label": label}
        draw_relative_power(axes, spectrum.iloc[:0] if lacking else spectrum, sizes["n_trials"], **line)
    draw_asynchronous(axes)
    axes.set(xscale="log", yscale="log", xlim=SPECTRUM_HZ, xlabel="Frequency (Hz)")
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])
    axes.set_title(f"L{layer}", pad=4)
    axes.legend(fontsize=7, handlelength=1.2, loc="upper center", bbox_to_anchor=(0.5, -0.32), labelspacing=0.2)


def draw(cells, colours, node_ids, times_ms, paradigm, condition, spectra, title):
    """The whole figure."""
    groups = spectrum_groups(cells)
    figure = Figure(figsize=(PAGE_WIDTH_IN, 8.6), layout="constrained")
    grid = figure.add_gridspec(2, max(len(groups), LEAST_COLUMNS), height_ratios=[3, 1])
    raster = figure.add_subplot(grid[0, :])
    draw_raster(raster, cells, node_ids, times_ms, paradigm, dot_area(cells, [(node_ids, times_ms)]))
    legend_of_classes(raster, cells, colours)
    shown = ", ".join(filter(None, [title, paradigm["name"], condition]))
    figure.suptitle(f"{shown}: {len(cells):,} core cells", fontsize=10)
    panel_letter(raster, "A", x=-0.1)
    first = None
    for index, (layer, types) in enumerate(groups.items()):
        axes = figure.add_subplot(grid[1, index], sharey=first)
        draw_spectra(axes, layer, types, spectra, colours)
        if first is None:
            first = axes
            axes.set_ylabel(RELATIVE_LABEL)
            panel_letter(axes, "B", x=-0.3)
        else:
            axes.tick_params(labelleft=False)
    drawn = spectra[spectra["frequency_Hz"].between(*SPECTRUM_HZ)]
    first.set_ylim(*relative_limits(drawn.loc[drawn["n_cells"] >= LEAST_CELLS, "relative_power"]))
    n_trials = spectra["n_trials"].max()
    of = "one trial" if n_trials == 1 else f"{n_trials} trials"
    bands = "; bands: 95 % intervals over trials" if n_trials >= LEAST_SAMPLES else ""
    figure.supxlabel(f"Spectra of {of}; dotted: independent Poisson cells{bands}", fontsize=8)
    return figure


def main(argv=None):
    args = parse(argv)
    paradigm = read_paradigm(args.paradigm)
    if args.condition not in set(condition_table(paradigm)["condition"]):
        raise ValueError(f"{args.paradigm}: no condition {args.condition!r}")
    naming = read_naming_scheme(args.naming_scheme)
    nodes, _ = read_network(args.network_dir, naming)
    cells = in_raster_order(nodes, args.network_dir)
    node_ids, times_ms = read_spikes(args.spikes, len(nodes), paradigm["duration_ms"])
    span = spectrum_window_ms(paradigm["grey_ms"], paradigm["duration_ms"])
    trials = (read_spikes(path, len(nodes), paradigm["duration_ms"]) for path in args.trials or [args.spikes])
    spectra = spectra_by_type(trials, cells.set_index("node_id")["cell_type"], span)
    with mpl.rc_context(publication_style()):
        figure = draw(cells, type_colours(naming), node_ids, times_ms, paradigm, args.condition, spectra, args.title)
        save_figure(figure, args.output_stem)
    with whole_file(f"{args.output_stem}_spectra.csv") as part:
        spectra.to_csv(part, sep=" ", index=False, float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
