"""Shares of core cells that gratings drive (orange, right) and suppress (blue, left), by cell type.

Reads the responsiveness tables of calculate_contrast_responses.py, one a network. Intervals (95 %) are over networks
where there are several, else Wilson's over cells. Diamonds are the published criterion. Writes {output-stem}.png, .pdf
and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis_shared.cells.grouping import readable
from analysis_shared.figures.contrast_panels import RESPONSE_COLUMNS, basis, pooled_shares, read_panel_table
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.style import publication_style, save_figure
from analysis_shared.metrics.contrasts import contrast_layout
from analysis_shared.statistics.responsiveness import NEGATIVE, POSITIVE
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import read_paradigm

COLOURS = {POSITIVE: "#e08214", NEGATIVE: "#2b7bba"}
SIGNS = {POSITIVE: 1, NEGATIVE: -1}
ROW_HEIGHT_IN = 0.26


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--network",
        required=True,
        nargs=2,
        action="append",
        metavar=("NAME", "RESPONSIVENESS"),
        help="network and its table of responsiveness; may be repeated",
    )
    parser.add_argument("--variant", required=True, help="what was simulated")
    parser.add_argument("--paradigm", required=True, type=Path, help="contrast paradigm (JSON)")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def draw_shares(axes, shares, cell_types):
    """Bars back to back, with intervals and the published criterion."""
    for response, sign in SIGNS.items():
        shown = shares[shares["response"] == response].set_index("cell_type").loc[cell_types]
        rows = np.arange(len(cell_types))
        errors = np.abs(shown[["ci_low", "ci_high"]].to_numpy().T - shown["share"].to_numpy())
        if sign < 0:
            errors = errors[::-1]
        style = {"error_kw": {"linewidth": 0.8}, "capsize": 2, "height": 0.7}
        axes.barh(rows, sign * shown["share"], xerr=errors, color=COLOURS[response], **style)
        mark = {"markersize": 4, "markerfacecolor": "white", "markeredgecolor": "black", "markeredgewidth": 0.7}
        axes.plot(sign * shown["share_published"], rows, "D", **mark)
    axes.axvline(0, color="black", linewidth=0.8)


def finish_axes(axes, shares, cell_types):
    """Types and their numbers of cells at the sides, shares below."""
    sizes = shares.drop_duplicates("cell_type").set_index("cell_type")["n_cells"]
    axes.set_ylim(len(cell_types) - 0.4, -0.6)
    axes.set_yticks(range(len(cell_types)), list(map(readable, cell_types)))
    axes.set_xlim(-1.04, 1.04)
    axes.set_xticks(np.linspace(-1, 1, 9), [f"{abs(tick):g}" for tick in np.linspace(-1, 1, 9)])
    axes.set_xlabel("Fraction of cells (left: negative, right: positive)")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    for row, cell_type in enumerate(cell_types):
        axes.annotate(
            f"n = {sizes[cell_type]:,}", (1.0, row), (4, 0), ("axes fraction", "data"), "offset points", va="center"
        ).set_fontsize(7)


def draw(shares, networks, n_blanks, title, level):
    """The whole figure."""
    cell_types = list(dict.fromkeys(shares["cell_type"]))
    figure = Figure(figsize=(5.6, 1.9 + ROW_HEIGHT_IN * len(cell_types)), layout="constrained")
    axes = figure.subplots()
    draw_shares(axes, shares, cell_types)
    finish_axes(axes, shares, cell_types)
    handles = [
        Patch(color=COLOURS[NEGATIVE], label="negative"),
        Patch(color=COLOURS[POSITIVE], label="positive"),
        Line2D([], [], marker="D", linestyle="", markersize=4, color="black", markerfacecolor="white",
               label=f"published test, p < {level:g}, uncorrected"),
    ]  # fmt: skip
    figure.suptitle(title, fontsize=10)
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=3,
        title=f"bars: quasi-Poisson test against {n_blanks} blanks, false discovery rate {level:g} on each side\n"
        f"(Benjamini–Hochberg over a network's core cells), 95 % intervals {basis(networks)}",
        title_fontsize=7,
        fontsize=7,
    )
    return figure


def main(argv=None):
    args = parse(argv)
    layout = contrast_layout(read_paradigm(args.paradigm))
    tables = [read_panel_table(path, RESPONSE_COLUMNS) for _, path in args.network]
    levels = sorted(set().union(*(table["level"] for table in tables)))
    if len(levels) > 1:
        raise ValueError(f"the tables were made at different levels: {', '.join(map(str, levels))}")
    shares = pooled_shares(tables)
    n_blanks = sum(n_trials for _, n_trials in layout.blanks)
    title = f"{variant_label(args.variant)}: core cells that respond to gratings of {layout.temporal_frequency_hz:g} Hz"
    with mpl.rc_context(publication_style()):
        save_figure(draw(shares, [name for name, _ in args.network], n_blanks, title, levels[0]), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        shares.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
