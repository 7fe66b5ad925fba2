"""Which cell types' rates go up, and which down, when a class is silenced: ratio of perturbed to unperturbed mean rate.

Dots are mean rates of the cells that are not silenced; bars are 95 % intervals: over networks, or with one network over
trials paired by their LGN and background spikes. Red: up; blue: down; grey: the interval includes no change. Writes
{output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis_shared.cells.grouping import broad_class, display_order, readable
from analysis_shared.figures.style import PAGE_WIDTH_IN, publication_style, save_figure
from analysis_shared.metrics.suppression import LEAST_BASELINE
from analysis_shared.metrics.suppression_summary import (
    LOW_BASELINE,
    SILENCED,
    VALUE,
    interval_note,
    is_clear,
    perturbation_label,
    read_type_tables,
    summarise_changes,
    without_absent,
)
from v1_files import command_line
from v1_files.files import whole_file

METRIC = "mean_rate_Hz"
UP, DOWN, UNCLEAR = "#c73635", "#2b7bba", "#8c8c8c"
TICKS = (1, 1.2, 1.5, 2, 3, 5, 7)
MOST_TICKS = 6
LEAST_RATIO = 0.01
RATIOS = {"ratio": "percent_change", "ratio_low": "low", "ratio_high": "high"}
NOTES = {SILENCED: "silenced", LOW_BASELINE: "baseline ≈ 0"}


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--perturbation",
        required=True,
        nargs="+",
        action="append",
        metavar=("NAME", "TABLE"),
        help="perturbation and its table of cell types in each network; repeat for each",
    )
    parser.add_argument("--title", default="", help="title of the figure, for instance network and option")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def with_direction(summary):
    """Add ratio of perturbed to baseline with its limits, and ``direction``: up, down or unclear."""
    table = summary.assign(
        **{name: 1 + summary[column] / 100 for name, column in RATIOS.items()},
    )
    sign = np.where(table["ratio"] > 1, "up", "down")
    table["direction"] = np.where(is_clear(table), sign, "unclear")
    table.loc[table["state"] != VALUE, "direction"] = "none"
    return table


def ratio_limits(table):
    """Limits of the axis: the ratios and their intervals with some room, around 1."""
    shown = table.loc[table["state"] == VALUE, list(RATIOS)].to_numpy()
    shown = np.clip(shown[np.isfinite(shown)], LEAST_RATIO, None)
    low, high = (min(shown.min(), 0.8), max(shown.max(), 1.25)) if len(shown) else (0.5, 2)
    return low / 1.15, high * 1.15


def ratio_ticks(limits):
    """Round ratios within the limits, 1 among them, not too close to each other."""
    near = np.log(limits[1] / limits[0]) / MOST_TICKS
    candidates = [tick * 10.0**power for power in range(-2, 3) for tick in TICKS]
    chosen = [1.0]
    for tick in sorted(candidates, key=lambda tick: abs(np.log(tick))):
        if limits[0] <= tick <= limits[1] and all(abs(np.log(tick / other)) >= near for other in chosen):
            chosen.append(tick)
    return sorted(chosen)


def draw_column(axes, table, cell_types, limits):
    """The changes of all types under one perturbation."""
    rows = table.set_index("group").reindex(cell_types)
    for position, (_, row) in enumerate(rows.iterrows()):
        if row["state"] != VALUE:
            note = axes.text(1, position, NOTES.get(row["state"], "–"), ha="center", va="center", fontsize=6)
            note.set(color="#777777", bbox={"facecolor": "white", "linewidth": 0, "pad": 1})
            continue
        colour = {"up": UP, "down": DOWN}.get(row["direction"], UNCLEAR)
        low, high = (np.clip(row[name], limits[0], limits[1]) for name in ("ratio_low", "ratio_high"))
        axes.plot([low, high], [position, position], color=colour, linewidth=1.4, solid_capstyle="butt")
        axes.plot(np.clip(row["ratio"], *limits), position, "o", color=colour, markersize=4)
        axes.annotate(
            f"{row['percent_change']:+.0f}".replace("-", "−"),
            (1, position),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=6,
            color=colour,
            annotation_clip=False,
        )
    axes.axvline(1, color="black", linewidth=0.7, zorder=0)
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    ticks = ratio_ticks(limits)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.annotate("%", (1, 1), xycoords="axes fraction", xytext=(5, 2), textcoords="offset points", fontsize=6)


def label_types(axes, table, cell_types):
    """Type names with the number of cells compared, and lines between classes."""
    sizes = table.groupby("group")["n_cells"].agg(["min", "max"])
    labels = []
    for cell_type in cell_types:
        least, most = sizes.loc[cell_type]
        labels.append(
            f"{readable(cell_type)}  ({most:,})"
            if least in (0, most)
            else f"{readable(cell_type)}  ({least:,}–{most:,})"
        )
    axes.set_yticks(range(len(cell_types)), labels)
    axes.set_ylim(len(cell_types) - 0.5, -0.5)


def draw(table, names, title):
    """The whole figure: a column a perturbation."""
    cell_types = display_order(table["group"])
    figure = Figure(figsize=(PAGE_WIDTH_IN, 1.6 + 0.22 * len(cell_types)), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    limits = ratio_limits(table)
    classes = [broad_class(cell_type) for cell_type in cell_types]
    for axes, name in zip(panels, names, strict=True):
        draw_column(axes, table[table["perturbation"] == name], cell_types, limits)
        axes.set_title(perturbation_label(name), pad=10)
        axes.tick_params(axis="y", length=0)
        for position in range(1, len(classes)):
            if classes[position] != classes[position - 1]:
                axes.axhline(position - 0.5, color="#cccccc", linewidth=0.6, zorder=0)
    label_types(panels[0], table, cell_types)
    figure.supxlabel("Mean rate, perturbed / unperturbed", fontsize=9)
    marks = [Line2D([], [], marker="o", markersize=4, color=colour) for colour in (UP, DOWN, UNCLEAR)]
    figure.legend(
        marks,
        ["up", "down", "interval includes no change"],
        loc="outside upper center",
        ncols=3,
        title=f"{': '.join(filter(None, [title, interval_note(table)]))}\n(n): cells that are not silenced; "
        f"baseline ≈ 0: below {LEAST_BASELINE[METRIC]:g} Hz",
        title_fontsize=8,
    )
    return figure


def main(argv=None):
    args = parse(argv)
    tables = read_type_tables(args.perturbation)
    chosen = tables[(tables["metric"] == METRIC) & (tables["level"] == "cell_type")]
    table = with_direction(without_absent(summarise_changes(chosen)))
    with mpl.rc_context(publication_style()):
        figure = draw(table, [entry[0] for entry in args.perturbation], args.title)
        save_figure(figure, args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
