"""Power spectra of each cell type's population activity by contrast, with the theta, alpha and gamma bands shaded.

Power is of the activity per cell of the type, whether it fired or not, relative to that of as many independent Poisson
cells of the same mean rate, averaged over directions, trials and networks: 1 is asynchronous. Types with too few cells
or spikes are not drawn. Bands are 95 % intervals over trials of one network, or over networks, where there are at least
five. Contrast 0 are the blanks. Reads the spectra of calculate_contrast_spectra.py, one a network; writes
{output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis_shared.cells.grouping import display_order, readable
from analysis_shared.figures.contrast_panels import SPECTRUM_COLUMNS, basis, pooled_spectra, read_panel_table
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.style import PAGE_WIDTH_IN, publication_style, save_figure
from analysis_shared.metrics.contrasts import contrast_layout
from analysis_shared.metrics.spectra import RELATIVE_LABEL, draw_asynchronous, draw_relative_power, relative_limits
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import read_paradigm

SHOWN_HZ = (1, 100)
BANDS_HZ = {"θ": (4, 8), "α": (8, 12), "γ": (30, 80)}
BAND_COLOURS = ("0.88", "0.94", "0.88")
N_COLUMNS = 4
BLANK_COLOUR = "0.35"


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--network",
        required=True,
        nargs=2,
        action="append",
        metavar=("NAME", "SPECTRA"),
        help="network and its spectra; may be repeated",
    )
    parser.add_argument("--variant", required=True, help="what was simulated")
    parser.add_argument("--paradigm", required=True, type=Path, help="contrast paradigm (JSON)")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def style_of(contrasts):
    """Colour and line of each contrast: viridis from low to high, blanks dashed in grey."""
    shown = [contrast for contrast in contrasts if contrast > 0]
    scale = mpl.colormaps["viridis"]
    # The yellow end is hard to see on white.
    styles = {c: {"color": scale(0.93 * i / max(len(shown) - 1, 1)), "linestyle": "-"} for i, c in enumerate(shown)}
    return {0.0: {"color": BLANK_COLOUR, "linestyle": (0, (3, 1.5))}} | styles


def draw_type(axes, spectra, styles, several):
    """Spectra of one type over the shaded bands."""
    for (name, band), colour in zip(BANDS_HZ.items(), BAND_COLOURS, strict=True):
        axes.axvspan(*band, color=colour, linewidth=0, zorder=0)
        middle = (band[0] * band[1]) ** 0.5
        axes.text(middle, 0.98, name, transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=7)
    for contrast, curve in spectra.groupby("contrast"):
        n_samples = curve["n_networks"].max() if several else curve["n_trials"].max()
        draw_relative_power(axes, curve, n_samples, linewidth=0.9, **styles[contrast])
    draw_asynchronous(axes)
    axes.set(xscale="log", yscale="log", xlim=SHOWN_HZ)
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])
    if spectra["relative_power"].isna().all():
        lacking = "spikes" if "spikes" in set(spectra["too_few"]) else "cells"
        text = f"too few {lacking}" if (spectra["n_spikes"] > 0).any() else "no spikes"
        axes.text(0.5, 0.65, text, transform=axes.transAxes, ha="center", color="grey", fontsize=8)


def draw(spectra, title, several):
    """The whole figure: a panel a cell type."""
    types = display_order(spectra["cell_type"])
    styles = style_of(sorted(spectra["contrast"].unique()))
    n_rows = -(-len(types) // N_COLUMNS)
    figure = Figure(figsize=(PAGE_WIDTH_IN, 1.2 + 1.55 * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, N_COLUMNS, sharex=True, sharey=True, squeeze=False)
    for axes in grid.ravel()[len(types) :]:
        axes.set_visible(False)
    spectra = spectra[spectra["frequency_Hz"].between(*SHOWN_HZ)]
    grid[0, 0].set_ylim(*relative_limits(spectra["relative_power"]))
    for index, (axes, cell_type) in enumerate(zip(grid.ravel(), types, strict=False)):
        shown = spectra[spectra["cell_type"] == cell_type]
        draw_type(axes, shown, styles, several)
        axes.set_title(f"{readable(cell_type)} (n = {shown['n_cells'].max():,})", fontsize=8, pad=3)
        lowest = index + N_COLUMNS >= len(types)
        axes.tick_params(labelbottom=lowest)
        axes.set_xlabel("Frequency (Hz)" if lowest else "")
    figure.supylabel(RELATIVE_LABEL.replace("\n", " "), fontsize=9)
    lines = [Line2D([], [], **style) for style in styles.values()]
    labels = ["blank" if contrast == 0 else f"{contrast:g}" for contrast in styles]
    figure.legend(lines, labels, loc="outside lower center", ncols=len(lines), title="Contrast", title_fontsize=8)
    figure.suptitle(title, fontsize=9)
    return figure


def main(argv=None):
    args = parse(argv)
    layout = contrast_layout(read_paradigm(args.paradigm))
    spectra = pooled_spectra([read_panel_table(path, SPECTRUM_COLUMNS) for _, path in args.network])
    several = len(args.network) > 1
    pooled = basis([name for name, _ in args.network], "trials")
    title = (
        f"{variant_label(args.variant)}: gratings of {layout.temporal_frequency_hz:g} Hz, mean over "
        f"{len(layout.direction_deg)} directions and {pooled}; θ 4–8, α 8–12, γ 30–80 Hz\n"
        f"dotted: independent Poisson cells; bands: 95 % intervals over {'networks' if several else 'trials'}"
    )
    with mpl.rc_context(publication_style()):
        save_figure(draw(spectra, title, several), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        spectra.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
