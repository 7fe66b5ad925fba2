"""Rate, OSI, lifetime sparsity and reliability by contrast: a column a layer, a line a cell type.

Reads the curves and fits of calculate_contrast_responses.py, one of each a network. Shades and bars are 95 % intervals,
over networks where there are several, else over cells; lines through the rates are Naka-Rushton fits, averaged over
networks, dashed where the data do not determine all parameters. OSI is the root of the mean unbiased square over cells
that fired, which few spikes do not raise; the dotted lines beside sparsity are what few spikes make of it without
tuning. Both need directions that cover the circle. Contrast 0 are the blanks. Writes {output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from analysis_shared.cells.nodes import read_naming_scheme, type_colours
from analysis_shared.figures.contrast_panels import (
    CURVE_COLUMNS,
    FIT_COLUMNS,
    METRIC_LABELS,
    ROWS,
    basis,
    pooled_curves,
    pooled_fit,
    read_panel_table,
    types_by_layer,
    with_roots,
)
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.style import PAGE_WIDTH_IN, panel_letter, publication_style, save_figure
from analysis_shared.metrics.contrasts import LEAST_DIRECTIONS, contrast_layout
from analysis_shared.metrics.directions import covers_circle
from analysis_shared.metrics.tuning_summary import WHY_UNDEFINED
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import read_paradigm

LEAST_COLUMNS = 3


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--network",
        required=True,
        nargs=3,
        action="append",
        metavar=("NAME", "CURVES", "FITS"),
        help="network, its curves and its fits; may be repeated",
    )
    parser.add_argument("--variant", required=True, help="what was simulated")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--paradigm", required=True, type=Path, help="contrast paradigm (JSON)")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def draw_rate(axes, curve, colour, fit, sound):
    """Rates as dots with intervals, and the fit through them."""
    errors = np.abs(curve[["ci_low", "ci_high"]].to_numpy().T - curve["mean"].to_numpy())
    axes.errorbar(
        curve["contrast"], curve["mean"], yerr=errors, fmt="o", color=colour, markersize=2.5, linewidth=0.8, capsize=1.5
    )
    if fit is not None:
        axes.plot(*fit, color=colour, linestyle="-" if sound else (0, (4, 2)))


def draw_metric(axes, curve, colour):
    """A line with a shade of its interval; undefined points are left out."""
    curve = curve.dropna(subset="mean")
    axes.plot(curve["contrast"], curve["mean"], marker="o", markersize=2.5, color=colour)
    axes.fill_between(curve["contrast"], curve["ci_low"], curve["ci_high"], color=colour, alpha=0.2, linewidth=0)


def draw_layer(column, types, curves, fits, colours):
    """All metrics of a layer's cell types."""
    fine = np.linspace(0, curves["contrast"].max(), 200)
    for cell_type in types:
        of_type = curves[curves["cell_type"] == cell_type]
        for axes, name in zip(column, ROWS, strict=True):
            curve = of_type[of_type["metric"] == name]
            if name == "rate_Hz":
                rate, sound = pooled_fit(fits, cell_type, fine)
                draw_rate(axes, curve, colours[cell_type], None if rate is None else (fine, rate), sound)
            else:
                draw_metric(axes, curve, colours[cell_type])
                untuned = of_type[of_type["metric"] == f"{name}_untuned"].dropna(subset="mean")
                axes.plot(untuned["contrast"], untuned["mean"], color=colours[cell_type], linestyle=":", linewidth=0.9)


def legend_of_types(axes, types, curves, colours):
    """Legend of a layer's types below its last panel, with their numbers of cells."""
    sizes = curves.drop_duplicates("cell_type").set_index("cell_type")["n_cells"]
    several_layers = len({cell_type.partition("_")[0] for cell_type in types}) > 1
    for cell_type in types:
        name = cell_type.replace("_", " ") if several_layers else cell_type.partition("_")[2]
        axes.plot([], [], color=colours[cell_type], label=f"{name} (n = {sizes[cell_type]:,})")
    axes.legend(fontsize=7, handlelength=1.2, loc="upper center", bbox_to_anchor=(0.5, -0.36), labelspacing=0.2)


def limits_of(name, curves):
    """Limits of a row's axis."""
    lowest = curves.loc[curves["metric"] == name, "ci_low"].min()
    if name == "lifetime_sparsity":
        return 0, 1.03
    if name == "reliability":
        return (-1.05 if lowest < -0.3 else -0.3), 1.05
    if name == "OSI_unbiased":
        return (lowest - 0.03 if lowest < 0 else 0), None
    return 0, None


def finish_axes(grid, titles, curves, why):
    """Labels, limits shared along a row, titles on top; ``why`` says by metric why there may be no curve."""
    for row, name in zip(grid, ROWS, strict=True):
        row[0].set_ylabel(METRIC_LABELS[name])
        row[0].set_ylim(*limits_of(name, curves))
        for axes in row:
            if not any(len(line.get_xdata()) for line in axes.lines):
                style = {"ha": "center", "va": "center", "color": "grey", "fontsize": 7}
                axes.text(0.5, 0.5, why.get(name, "undefined"), transform=axes.transAxes, **style)
            if name == "OSI_unbiased":
                axes.axhline(0, color="grey", linewidth=0.5)
    grid[0][0].set_xlim(-0.04 * curves["contrast"].max(), 1.04 * curves["contrast"].max())
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, pad=4)
    for axes in grid[-1]:
        axes.set_xlabel("Contrast (0: blanks)")


def draw(curves, fits, colours, title, why):
    """The whole figure."""
    groups = types_by_layer(curves["cell_type"])
    figure = Figure(figsize=(PAGE_WIDTH_IN, 8.2), layout="constrained")
    grid = figure.subplots(len(ROWS), max(len(groups), LEAST_COLUMNS), sharex=True, sharey="row")
    for unused in grid[:, len(groups) :].ravel():
        unused.set_visible(False)
    grid = grid[:, : len(groups)]
    for column, types in zip(grid.T, groups.values(), strict=True):
        draw_layer(column, types, curves, fits, colours)
    finish_axes(grid, groups, curves, why)
    for axes, types in zip(grid[-1], groups.values(), strict=True):
        legend_of_types(axes, types, curves, colours)
    for letter, row in zip("ABCD", grid, strict=True):
        panel_letter(row[0], letter, x=-0.25)
    figure.suptitle(title, fontsize=9)
    return figure


def main(argv=None):
    args = parse(argv)
    layout = contrast_layout(read_paradigm(args.paradigm))
    curves = with_roots(pooled_curves([read_panel_table(path, CURVE_COLUMNS) for _, path, _ in args.network]))
    fits = [read_panel_table(path, FIT_COLUMNS) for _, _, path in args.network]
    title = (
        f"{variant_label(args.variant)}: gratings of {layout.temporal_frequency_hz:g} Hz, mean over "
        f"{len(layout.direction_deg)} directions; 95 % intervals {basis([name for name, *_ in args.network])}\n"
        "lines in A: Naka–Rushton fits (dashed: not all parameters are determined); dotted in C: without tuning"
    )
    why = {}
    if len(layout.direction_deg) < LEAST_DIRECTIONS:
        why["reliability"] = f"needs {LEAST_DIRECTIONS} directions"
    if not covers_circle(layout.direction_deg):
        why |= dict.fromkeys(
            ("OSI_unbiased", "lifetime_sparsity"), WHY_UNDEFINED.replace(": ", ":\n").replace("do ", "do\n")
        )
    colours = type_colours(read_naming_scheme(args.naming_scheme))
    with mpl.rc_context(publication_style()):
        save_figure(draw(curves, fits, colours, title, why), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        curves.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
