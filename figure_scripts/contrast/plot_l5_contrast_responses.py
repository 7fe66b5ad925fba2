"""Rate and OSI of the layer 5 excitatory types by contrast, several variants side by side on one scale.

OSI is the root of the mean unbiased square over cells that fired, as the published index falls where rates rise, with
no change of tuning; it needs directions that cover the circle. Reads the curves of calculate_contrast_responses.py, one
a variant and network. Shades are 95 % intervals, over networks where a variant has several, else over cells. Contrast 0
are the blanks. Writes {output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from analysis_shared.cells.grouping import L5_SUBTYPES, readable
from analysis_shared.figures.contrast_panels import (
    CURVE_COLUMNS,
    METRIC_LABELS,
    basis,
    pooled_curves,
    read_panel_table,
    with_roots,
)
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.style import panel_letter, publication_style, save_figure
from analysis_shared.metrics.contrasts import contrast_layout
from analysis_shared.metrics.tuning_summary import WHY_UNDEFINED
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import read_paradigm

SHOWN = ("rate_Hz", "OSI_unbiased")
# The scheme's colours of the three are nearly equal.
COLOURS = {"L5_ET": "#8c564b", "L5_IT": "#d62728", "L5_NP": "#9467bd"}


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--curves",
        required=True,
        nargs=3,
        action="append",
        metavar=("VARIANT", "NETWORK", "TABLE"),
        help="variant, network, and its curves; may be repeated",
    )
    parser.add_argument("--paradigm", required=True, type=Path, help="contrast paradigm (JSON)")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def read_variants(entries):
    """Pooled curves of the layer 5 types by variant, and the networks of each."""
    members, tables = {}, []
    for variant, network, path in entries:
        members.setdefault(variant, {})[network] = path
    for variant, paths in members.items():
        curves = with_roots(pooled_curves([read_panel_table(path, CURVE_COLUMNS) for path in paths.values()]))
        kept = curves[curves["cell_type"].isin(L5_SUBTYPES) & curves["metric"].isin(SHOWN)]
        if kept.empty:
            raise ValueError(
                f"{next(iter(paths.values()))}: no layer 5 excitatory cells, expected {', '.join(L5_SUBTYPES)}"
            )
        tables.append(kept.assign(variant=variant))
    return pd.concat(tables, ignore_index=True), {variant: list(paths) for variant, paths in members.items()}


def draw_curves(axes, curves, with_sizes):
    """Curves of the types with shaded intervals."""
    for cell_type in L5_SUBTYPES:
        curve = curves[curves["cell_type"] == cell_type]
        if curve.empty:
            continue
        label = f"{readable(cell_type)} (n = {curve['n_cells'].max():,})" if with_sizes else None
        curve = curve.dropna(subset="mean")
        style = {"color": COLOURS[cell_type], "marker": "o", "markersize": 2.5}
        axes.plot(curve["contrast"], curve["mean"], label=label, **style)
        least = 0 if (curve["metric"] == "rate_Hz").all() else -1
        limits = curve["ci_low"].clip(lower=least), curve["ci_high"]
        axes.fill_between(curve["contrast"], *limits, color=COLOURS[cell_type], alpha=0.2, linewidth=0)


def draw(curves, networks, title):
    """The whole figure: a row a metric, a column a variant."""
    variants = list(dict.fromkeys(curves["variant"]))
    figure = Figure(figsize=(1.2 + 2.5 * len(variants), 4.6), layout="constrained")
    grid = figure.subplots(len(SHOWN), len(variants), sharex=True, sharey="row", squeeze=False)
    for row, name in zip(grid, SHOWN, strict=True):
        for axes, variant in zip(row, variants, strict=True):
            draw_curves(axes, curves[(curves["variant"] == variant) & (curves["metric"] == name)], name == SHOWN[-1])
        row[0].set_ylabel(METRIC_LABELS[name])
        lowest = curves.loc[curves["metric"] == name, "ci_low"].min()
        row[0].set_ylim(lowest - 0.03 if name == "OSI_unbiased" and lowest < 0 else 0)
        if curves.loc[curves["metric"] == name, "mean"].isna().all():
            for axes in row:
                style = {"ha": "center", "va": "center", "color": "grey", "fontsize": 7}
                axes.text(0.5, 0.5, WHY_UNDEFINED.replace(": ", ":\n"), transform=axes.transAxes, **style)
    for axes, top, variant in zip(grid[-1], grid[0], variants, strict=True):
        top.set_title(f"{variant_label(variant)}\n95 % intervals {basis(networks[variant])}", fontsize=8)
        axes.set_xlabel("Contrast (0: blanks)")
        axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.28), labelspacing=0.2)
    for letter, row in zip("AB", grid, strict=True):
        panel_letter(row[0], letter, x=-0.2)
    figure.suptitle(title, fontsize=10)
    return figure


def main(argv=None):
    args = parse(argv)
    layout = contrast_layout(read_paradigm(args.paradigm))
    curves, networks = read_variants(args.curves)
    title = f"Layer 5 excitatory cells, gratings of {layout.temporal_frequency_hz:g} Hz"
    with mpl.rc_context(publication_style()):
        save_figure(draw(curves, networks, title), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        curves.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
