"""Box plots of mean rate, OSI, DSI and lifetime sparsity by cohort: low, mid and high thirds of each class.

Cohorts are those of make_node_set.py, by the weights of the variant that is shown. Boxes span the quartiles with a line
at the median; whiskers reach from the 5th to the 95th percentile. OSI, DSI and sparsity are of cells responding at 0.5
Hz or more. Few spikes raise all three: red ticks are the mean of the same cells if none were tuned; diamonds, to
compare by, are the root of the mean unbiased square of OSI and DSI over the cells with a mean rate of at least 0.25 Hz,
with 95 % intervals over networks where there are several, else over cells. Give --cells once for each variant and
network; the networks of a variant are pooled. Writes {output-stem}.png, .pdf and _boxes.csv.
"""

import argparse
import textwrap
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis_shared.cells.cohorts import in_region, node_set_cells
from analysis_shared.cells.node_set_names import CLASSES, GROUPS, MEASURES, REGIONS, THIRDS, NodeSet
from analysis_shared.cells.node_sets import read_cells
from analysis_shared.cells.nodes import read_naming_scheme
from analysis_shared.figures.boxes import WHISKERS, box_of_sample, lower_limit, mark_noise, noise_handles
from analysis_shared.figures.labels import variant_label
from analysis_shared.figures.style import PAGE_WIDTH_IN, panel_letter, publication_style, save_figure
from analysis_shared.metrics.registry import LEAST_MEAN_RATE_HZ, RESPONSIVE_RATE_HZ
from analysis_shared.metrics.suppression import read_responses, suppression_metric
from analysis_shared.metrics.tuning_summary import (
    WHY_UNDEFINED,
    expected_untuned,
    is_counted,
    is_uncovered,
    root_mean_square,
    trials_note,
)
from analysis_shared.metrics.untuned import INDICES
from v1_files import command_line
from v1_files.files import whole_file

SHOWN = ("mean_rate_Hz", "OSI", "DSI", "lifetime_sparsity")
THIRD_COLOURS = {"low": "#2b7bba", "mid": "#888888", "high": "#c73635"}
LABELS = {"exc": "Exc", "inh": "Inh", "pv": "PV", "sst": "SST", "vip": "VIP"}
RATE_TICKS_HZ = (0, 1, 3, 10, 30, 100)
SPACE = 0.6
LABEL_WIDTH = 10


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cells",
        required=True,
        nargs=4,
        action="append",
        metavar=("VARIANT", "NETWORK_DIR", "CELL_WEIGHTS", "SELECTIVITY"),
        help="variant, folder with v1_nodes.h5, weights and degrees by cell, selectivity table; may be repeated",
    )
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--measure", default="outgoing_weight", choices=MEASURES, help="default: %(default)s")
    parser.add_argument("--group", default="layer", choices=GROUPS, help="ranked within (default: %(default)s)")
    parser.add_argument("--region", default="core", choices=REGIONS, help="default: %(default)s")
    parser.add_argument("--title", default="", help="title of the figure, for instance the network")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def cohort_cells(sources, naming, rule):
    """Cells of all cohorts with their selectivity: ``variant class third`` and the columns of the selectivity table."""
    parts = []
    for variant, network_dir, cell_weights, selectivity in sources:
        nodes, _ = read_cells(network_dir, cell_weights, naming)
        if not in_region(nodes, rule["region"]).any():
            raise ValueError(f"{network_dir}: no cells in region {rule['region']}, so no cohorts to show")
        table = read_responses(selectivity, nodes)
        for cell_class in CLASSES:
            cells = node_set_cells(nodes, NodeSet(cell_class, THIRDS[0], **rule))
            cells = cells.merge(table, on="node_id", validate="one_to_one")
            parts.append(cells.assign(**{"variant": variant, "class": cell_class, "network": str(network_dir)}))
    return pd.concat(parts, ignore_index=True)


def noise_of(group, metric):
    """What of a metric is noise in a group of cells: its mean without tuning, and the unbiased estimate."""
    found = {"untuned_mean": expected_untuned(group, metric.column) if metric.needs_response else float("nan")}
    if metric.name in INDICES:
        counted = group[is_counted(group)]
        root = root_mean_square(counted[f"{metric.name}_squared"], counted["network"])
        found |= {"unbiased": root.mean, "unbiased_low": root.low, "unbiased_high": root.high}
    return found


def boxes(cells):
    """Box statistics of every variant, class, third and metric: one row each."""
    rows = []
    for (variant, cell_class, third), group in cells.groupby(["variant", "class", "third"], sort=False):
        responsive = group["max_mean_rate(Hz)"] >= RESPONSIVE_RATE_HZ
        for name in SHOWN:
            metric = suppression_metric(name)
            sample = group.loc[responsive, metric.column] if metric.needs_response else group[metric.column]
            head = {"variant": variant, "class": cell_class, "third": third, "metric": name}
            head |= {"n_networks": group["network"].nunique()}
            rows.append(head | box_of_sample(sample.dropna().to_numpy()) | noise_of(group, metric))
    return pd.DataFrame(rows).drop(columns=["label", "fliers"])


def places(variants):
    """Place of each box on the x axis: by class, then variant, then third from low to high."""
    found, place = {}, 0.0
    for cell_class in CLASSES:
        for variant in variants:
            for third in reversed(THIRDS):
                found[(cell_class, variant, third)] = place
                place += 1
            place += SPACE
        place += SPACE
    return found


def draw_metric(axes, table, place):
    """Boxes of one metric, the number of cells below each."""
    line = {"color": "black", "linewidth": 0.6}
    for row in table.to_dict("records"):
        at = place[(row["class"], row["variant"], row["third"])]
        axes.annotate(
            *(f"{row['n']:,}", (at, 0)),
            xycoords=("data", "axes fraction"),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            rotation=90,
            fontsize=5.5,
            color="#555555",
            annotation_clip=False,
        )
        if row["n"] == 0:
            continue
        axes.bxp(
            [{**row, "fliers": []}],
            positions=[at],
            widths=0.8,
            showfliers=False,
            patch_artist=True,
            capwidths=0.4,
            boxprops={"facecolor": THIRD_COLOURS[row["third"]], "edgecolor": "black", "linewidth": 0.6},
            whiskerprops=line,
            capprops=line,
            medianprops={"color": "black", "linewidth": 1.0},
            manage_ticks=False,
        )
        mark_noise(axes, at, 0.9, row)


def finish_axes(axes, name, place, variants, last, bottom):
    """Limits and labels; variants and classes below the last panel."""
    metric = suppression_metric(name)
    axes.set_ylabel(metric.label)
    axes.set_xlim(-1, max(place.values()) + 1)
    if metric.needs_response:
        axes.set_ylim(bottom, 1.03)
    else:
        axes.set_yscale("symlog", linthresh=1, linscale=0.4)
        axes.set_yticks(RATE_TICKS_HZ, [str(tick) for tick in RATE_TICKS_HZ])
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", length=0, pad=24, labelsize=8 if len(variants) == 1 else 6.5)
    centres = {(c, v): place[(c, v, "mid")] for c, v, _ in place}
    if not last:
        axes.set_xticks(list(centres.values()), [""] * len(centres))
        return
    texts = {variant: wrapped(variant_label(variant)) for variant in variants}
    single = len(variants) == 1
    axes.set_xticks(list(centres.values()), [LABELS[c] if single else texts[variant] for c, variant in centres])
    if not single:
        lines = max(text.count("\n") + 1 for text in texts.values())
        label_classes(axes, centres, variants, below_points=30 + 9 * lines)


def wrapped(label):
    """A variant's label on lines short enough to stand side by side."""
    return textwrap.fill(label.replace("_", " "), LABEL_WIDTH)


def label_classes(axes, centres, variants, below_points):
    """Class names below the names of the variants."""
    for cell_class in CLASSES:
        middle = sum(centres[(cell_class, variant)] for variant in variants) / len(variants)
        axes.annotate(
            *(LABELS[cell_class], (middle, 0)),
            xycoords=("data", "axes fraction"),
            xytext=(0, -below_points),
            textcoords="offset points",
            ha="center",
            va="top",
            fontweight="bold",
            annotation_clip=False,
        )


def draw(table, variants, rule, title, undefined):
    """The whole figure: a panel a metric; `undefined` if the directions of all cells define no index."""
    place = places(variants)
    figure = Figure(figsize=(PAGE_WIDTH_IN, 7.6), layout="constrained")
    panels = figure.subplots(len(SHOWN), 1)
    for index, (axes, name) in enumerate(zip(panels, SHOWN, strict=True)):
        shown = table[table["metric"] == name]
        draw_metric(axes, shown, place)
        finish_axes(axes, name, place, variants, index == len(SHOWN) - 1, lower_limit(shown))
        if undefined and suppression_metric(name).needs_response:
            axes.text(0.5, 0.8, WHY_UNDEFINED, transform=axes.transAxes, ha="center", color="#c73635", fontsize=8)
        panel_letter(axes, "ABCD"[index], x=-0.08)
    n_networks = table["n_networks"].max()
    networks = f"{n_networks} networks pooled" if n_networks > 1 else "one network"
    alone = variant_label(variants[0]) if len(variants) == 1 else ""
    ranked = f"{rule['measure'].replace('_', ' ')} within {rule['group'].replace('_', ' ')}, region {rule['region']}"
    edge = {"edgecolor": "black", "linewidth": 0.6}
    patches = [Patch(facecolor=THIRD_COLOURS[third], label=third, **edge) for third in reversed(THIRDS)]
    figure.legend(
        handles=[*patches, *noise_handles()],
        loc="outside upper center",
        ncols=len(THIRDS) + 2,
        title=f"{', '.join(filter(None, [title, alone, networks]))}: thirds by {ranked}\nsmall: n cells; whiskers: "
        f"{WHISKERS[0]}th to {WHISKERS[1]}th percentile; OSI, DSI, sparsity: cells with at least "
        f"{RESPONSIVE_RATE_HZ:g} Hz.\nFew spikes raise these. Red: mean of these cells if none were tuned. Diamonds: "
        f"root of the mean unbiased\nsquare, cells with a mean rate of at least {LEAST_MEAN_RATE_HZ:g} Hz",
        title_fontsize=8,
    )
    return figure


def main(argv=None):
    args = parse(argv)
    rule = {"measure": args.measure, "group": args.group, "region": args.region}
    cells = cohort_cells(args.cells, read_naming_scheme(args.naming_scheme), rule)
    table = boxes(cells)
    with mpl.rc_context(publication_style()):
        title = ", ".join(filter(None, [args.title, f"{trials_note(cells)} trials a direction"]))
        figure = draw(table, list(dict.fromkeys(cells["variant"])), rule, title, is_uncovered(cells))
        save_figure(figure, args.output_stem)
    with whole_file(f"{args.output_stem}_boxes.csv") as part:
        table.assign(**rule).to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
