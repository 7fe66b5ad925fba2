"""Matrix of the mean current that each source sends into each V1 cell type, beside what the type needs to fire.

Rows: the mean rheobase of the type's cell models, the current at its recorded rate, then the LGN, the background and
the V1 cell types at their mean rates (tables of calculate_actuation.py), and the sum of the sources. Several networks
are averaged. Writes {output-stem}.png, .pdf and .csv.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis_shared.cells.grouping import abbreviation, display_order
from analysis_shared.cells.nodes import read_naming_scheme, read_network
from analysis_shared.figures.labels import option_label
from analysis_shared.figures.style import PAGE_WIDTH_IN, publication_style, save_figure, text_colour
from analysis_shared.statistics.intervals import mean_interval
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.reading import read_table
from v1_model.options.actuation import BACKGROUND, LGN, read_actuation

LIMIT_PA = 100.0
GAP = 0.35
NEEDS = (("rheobase_pA", "Rheobase"), ("target_current_pA", "Needed at recorded rate"))
SUM = "Sum of sources"
LABELS = {LGN: "LGN", BACKGROUND: "Background"}


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--network",
        required=True,
        nargs=3,
        action="append",
        metavar=("NAME", "NETWORK_DIR", "TABLE"),
        help="network, its folder of nodes and its actuation matrix; may be repeated",
    )
    parser.add_argument("--option", required=True, help="the option whose weights the matrices are of")
    parser.add_argument("--target-currents", required=True, type=Path, help="table of calculate_target_currents.py")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def read_matrices(networks, naming):
    """Currents of each network with their sum, and the number of core cells of each type in all of them.

    Returns
    -------
    dict of str to DataFrame
        Source × target, pA.
    Series
        Cells by type.
    """
    matrices, cells = {}, pd.Series(dtype=int)
    for name, folder, path in networks:
        nodes, _ = read_network(folder, naming)
        cells = cells.add(nodes.loc[nodes["core"], "cell_type"].value_counts(), fill_value=0)
        table = read_actuation(path)
        absent = set(table.columns[1:]).symmetric_difference(nodes["cell_type"])
        if absent:
            raise ValueError(
                f"{path}: cell type {sorted(absent)[0]} is not in both this table and the nodes of {folder}"
            )
        table = table.drop(columns="mean_rate_Hz")
        matrices[name] = pd.concat([table, table.sum(min_count=1).rename(SUM).to_frame().T])
    return matrices, cells


def matrix_table(matrices, needs, cells):
    """What the figure shows as a table: mean over networks and its interval, one row a source and target.

    Parameters
    ----------
    matrices : dict of str to DataFrame
    needs : DataFrame, index cell type
        Columns of ``NEEDS``.
    cells : Series
        Target cells by type.
    """
    targets = display_order(set().union(*(matrix.columns for matrix in matrices.values())))
    rows = []
    for column, label in NEEDS:
        rows += [(label, target, needs.at[target, column], np.nan, np.nan, 0, 0) for target in targets]
    for source in [LGN, BACKGROUND, *targets, SUM]:
        for target in targets:
            found = [m.at[source, target] for m in matrices.values() if source in m.index and target in m.columns]
            rows.append((source, target, *mean_interval(found), int(cells.get(target, 0))))
    names = ["source", "target", "current_pA", "ci_low_pA", "ci_high_pA", "n_networks", "n_target_cells"]
    return pd.DataFrame(rows, columns=names)


def row_positions(sources):
    """Height of each row, with a gap after what a type needs, after the inputs and before the sum."""
    needs, inputs = len(NEEDS), 2
    gaps = [(k >= needs) + (k >= needs + inputs) + (source == SUM) for k, source in enumerate(sources)]
    return np.arange(len(sources)) + GAP * np.array(gaps)


def draw_matrix(axes, table, colours):
    """Coloured cells with their values."""
    sources, targets = list(table["source"].unique()), list(table["target"].unique())
    heights = row_positions(sources)
    for entry in table.itertuples():
        column, height = targets.index(entry.target), heights[sources.index(entry.source)]
        if np.isnan(entry.current_pA):
            axes.text(column, height, "–", ha="center", va="center", color="grey")
            continue
        face = colours.to_rgba(entry.current_pA)
        axes.add_patch(mpl.patches.Rectangle((column - 0.5, height - 0.5), 1, 1, facecolor=face, linewidth=0))
        value = abs(entry.current_pA)
        text = f"{entry.current_pA:.0f}" if value >= 9.95 else f"{entry.current_pA:.1f}" if value >= 0.05 else "0"
        axes.text(
            column, height, text.replace("-", "−"), ha="center", va="center", fontsize=5.5, color=text_colour(face)
        )
    axes.set(xlim=(-0.5, len(targets) - 0.5), ylim=(heights[-1] + 0.5, -0.5))
    labels = [source if source in (*dict(NEEDS).values(), SUM) else LABELS.get(source) for source in sources]
    axes.set_yticks(heights, [label or abbreviation(source) for label, source in zip(labels, sources, strict=True)])
    cells = table.drop_duplicates("target", keep="last")["n_target_cells"]
    names = [f"{abbreviation(target)} ({n:,})" for target, n in zip(targets, cells, strict=True)]
    axes.set_xticks(range(len(targets)), names, rotation=90)
    axes.tick_params(length=0)
    axes.spines[["left", "bottom"]].set_visible(False)


def draw(table, title):
    """The whole figure."""
    colours = mpl.cm.ScalarMappable(mpl.colors.Normalize(-LIMIT_PA, LIMIT_PA), "coolwarm")
    height = 1.9 + 0.24 * (table["source"].nunique() + 3 * GAP)
    figure = Figure(figsize=(PAGE_WIDTH_IN, height), layout="constrained")
    axes = figure.subplots()
    draw_matrix(axes, table, colours)
    axes.set(xlabel="Target (n core cells)", ylabel="Source")
    axes.set_title(title)
    bar = figure.colorbar(colours, ax=axes, fraction=0.03, pad=0.02, aspect=40, extend="both")
    bar.set_label("Mean current into a target cell (pA)")
    bar.outline.set_visible(False)
    return figure


def main(argv=None):
    args = parse(argv)
    matrices, cells = read_matrices(args.network, read_naming_scheme(args.naming_scheme))
    needs = read_table(args.target_currents, key="cell_type", numeric=dict(NEEDS)).set_index("cell_type")
    table = matrix_table(matrices, needs, cells)
    names = next(iter(matrices)) if len(matrices) == 1 else f"mean over n = {len(matrices)} networks"
    with mpl.rc_context(publication_style()):
        save_figure(draw(table, f"{option_label(args.option)} weights, {names}"), args.output_stem)
    with whole_file(f"{args.output_stem}.csv") as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
