"""Where the outgoing weight of each cohort goes: stacked shares of excitatory, PV, SST, VIP and layer 1 targets.

Bars add to 1. Give --fractions once for each option and network; the networks of an option are averaged, and with
several the excitatory share has its 95 % interval over them. Writes {output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis_shared.cells.node_set_names import CLASSES, THIRDS
from analysis_shared.figures.labels import option_label
from analysis_shared.figures.style import PAGE_WIDTH_IN, publication_style, save_figure
from analysis_shared.metrics.target_fractions import TARGET_CLASSES, TARGET_REGIONS
from analysis_shared.statistics.intervals import mean_interval
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.reading import read_table

COLOURS = {"exc": "#D42A2A", "pv": "#4C7F19", "sst": "#197F7F", "vip": "#9932FF", "htr3a": "#787878"}
LABELS = {"exc": "Exc", "inh": "Inh", "pv": "PV", "sst": "SST", "vip": "VIP", "htr3a": "Htr3a (L1)"}
NAMES = ("class", "third", "measure", "by", "region", "target_region", "level", "target")
SHARE = "weight_fraction"


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--fractions",
        required=True,
        nargs=2,
        action="append",
        metavar=("OPTION", "TABLE"),
        help="option and table of target fractions; may be repeated",
    )
    parser.add_argument("--target-region", default="all", choices=TARGET_REGIONS, help="default: %(default)s")
    parser.add_argument("--title", default="", help="title of the figure, for instance the network")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def read_fractions(sources, target_region):
    """Shares onto target classes, of all options and networks."""
    parts = []
    for index, (option, path) in enumerate(sources):
        table = read_table(path, text=NAMES, counts=["n_sources"], numeric=[SHARE])
        chosen = table[(table["level"] == "class") & (table["target_region"] == target_region)]
        parts.append(chosen.assign(option=option, source=index))
        if chosen.empty:
            raise ValueError(f"{path}: no rows of classes and target region {target_region}")
    joined = pd.concat(parts, ignore_index=True)
    rules = joined[["measure", "by", "region"]].drop_duplicates()
    if len(rules) > 1:
        files = ", ".join(str(path) for _, path in sources)
        raise ValueError(f"the tables have different cohorts, {rules.to_dict('records')}: {files}")
    return joined


def mean_fractions(table):
    """Mean share over networks with its interval: one row an option, class, third and target."""
    rows = []
    for key, group in table.groupby(["option", "class", "third", "target"], sort=False):
        estimate = mean_interval(group[SHARE])
        names = dict(zip(("option", "class", "third", "target"), key, strict=True))
        limits = {"fraction": estimate.mean, "low": estimate.low, "high": estimate.high}
        rows.append(names | limits | {"n_networks": estimate.n, "n_sources": int(group["n_sources"].sum())})
    return pd.DataFrame(rows)


def draw_option(axes, table):
    """Stacked bars of one option: low, mid and high of each class side by side."""
    places, labels, sizes = [], [], []
    for number, cell_class in enumerate(CLASSES):
        for offset, third in enumerate(reversed(THIRDS)):
            bars = table[(table["class"] == cell_class) & (table["third"] == third)].set_index("target")
            place = 3.6 * number + offset
            base = 0.0
            for target in TARGET_CLASSES:
                share = bars["fraction"].get(target, np.nan)
                if not np.isfinite(share):
                    continue
                axes.bar(place, share, bottom=base, width=0.9, color=COLOURS[target], edgecolor="white", linewidth=0.3)
                base += share
            if bars["n_networks"].max() > 1:
                span = bars.loc[TARGET_CLASSES[0], ["low", "high"]].to_numpy(dtype=float)
                axes.plot([place, place], span, color="black", linewidth=0.8)
            places.append(place)
            labels.append(third)
            sizes.append(int(bars["n_sources"].max()))
        axes.text(3.6 * number + 1, 1.07, LABELS[cell_class], ha="center", va="bottom", fontweight="bold")
    for place, size in zip(places, sizes, strict=True):
        axes.text(place, 1.01, f"{size:,}", ha="center", va="bottom", fontsize=5.5, color="#555555")
    axes.set_xticks(places, labels, rotation=90)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 1)
    axes.set_xlim(-0.8, places[-1] + 0.8)


def draw(table, target_region, rule, title):
    """The whole figure: a row an option."""
    options = list(dict.fromkeys(table["option"]))
    figure = Figure(figsize=(PAGE_WIDTH_IN, 1.2 + 2.3 * len(options)), layout="constrained")
    panels = figure.subplots(len(options), 1, sharex=True, squeeze=False)[:, 0]
    for axes, option in zip(panels, options, strict=True):
        draw_option(axes, table[table["option"] == option])
        axes.set_ylabel(f"{option_label(option)}\nshare of outgoing weight")
    panels[-1].set_xlabel(f"Source cells: thirds by {rule['measure'].replace('_', ' ')} within "
                          f"{rule['by'].replace('_', ' ')}, region {rule['region']} (small: n cells)")  # fmt: skip
    n_networks = int(table["n_networks"].max())
    networks = f"mean of {n_networks} networks, bars: 95 % interval of Exc" if n_networks > 1 else "one network"
    onto = "targets anywhere" if target_region == "all" else "targets in the core"
    figure.legend(
        [Patch(facecolor=COLOURS[target]) for target in TARGET_CLASSES],
        [LABELS[target] for target in TARGET_CLASSES],
        loc="outside upper center",
        ncols=len(TARGET_CLASSES),
        title=", ".join(filter(None, [title, onto, networks])),
        title_fontsize=9,
    )
    return figure


def main(argv=None):
    args = parse(argv)
    table = read_fractions(args.fractions, args.target_region)
    rule = table.iloc[0][["measure", "by", "region"]].to_dict()
    means = mean_fractions(table)
    with mpl.rc_context(publication_style()):
        save_figure(draw(means, args.target_region, rule, args.title), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        means.assign(**rule, target_region=args.target_region).to_csv(
            part, sep=" ", index=False, na_rep="nan", float_format="%.6g"
        )


if __name__ == "__main__":
    command_line.run(main)
