"""What was built: the column in depth and in plan, connection probabilities against expectation, weights, in-degrees.

Reads the network's nodes, its recurrent edges (streamed) and its connection_summary.csv. Writes {output-stem}.png,
.pdf, _weights.csv (histograms of the weights by source class) and _in_degrees.csv (box statistics by cell type).
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle

from analysis_shared.cells.grouping import CLASS_LABELS, CLASS_ORDER, abbreviation, broad_class, display_order, readable
from analysis_shared.cells.nodes import read_naming_scheme, read_network, type_colours
from analysis_shared.figures.boxes import WHISKERS, box_of_sample
from analysis_shared.figures.style import panel_letter, publication_style, save_figure
from analysis_shared.metrics.edge_sums import checked_block
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.reading import read_table
from v1_files.sonata.edges import open_edges

SUMMARY_COLUMNS = ("pre", "post", "n_pre", "n_post", "n_edges", "expected_edges")
EDGES = "v1_to_v1"
EDGES_AT_ONCE = 1 << 23
WEIGHT_BINS_PA = np.geomspace(1e-3, 1e4, 141)
WEIGHT_BINS_PA.flags.writeable = False
SHOWN_CELLS = 6000
DRAWN_DENSITY = 1e-3
SIZE_IN = (8.6, 11.0)


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with nodes, edges and summary")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument("--output-stem", required=True, type=Path, help="path of the figure without suffix")
    return parser.parse_args(argv)


def read_summary(path):
    """Read the connection summary and add ``realised`` and ``expected`` probability.

    Raises
    ------
    ValueError
        If a column is missing or holds other values than it should.
    """
    pre, post, *counts, expected = SUMMARY_COLUMNS
    table = read_table(path, text=[pre, post], counts=counts, positive=[expected], na_values="NULL")
    pairs = (table["n_pre"] * table["n_post"]).replace(0, np.nan)
    return table.assign(realised=table["n_edges"] / pairs, expected=table["expected_edges"] / pairs)


def read_edges(path, source_class, n_nodes):
    """Stream the edges once: weight histograms by class of the source, and each node's in-degree.

    Parameters
    ----------
    path : path-like
        SONATA edges with ``syn_weight`` (pA).
    source_class : ndarray of int, shape (n_nodes,)
        Index into the classes.
    n_nodes : int

    Returns
    -------
    histograms : ndarray of int, shape (n_classes, n_bins + 2)
        Of the absolute weight; first and last bin are what lies beyond the bins.
    in_degree : ndarray of int, shape (n_nodes,)
    """
    width = len(WEIGHT_BINS_PA) + 1
    histograms = np.zeros(len(CLASS_ORDER) * width, dtype=np.int64)
    in_degree = np.zeros(n_nodes, dtype=np.int64)
    log_low, log_step = np.log(WEIGHT_BINS_PA[0]), np.log(WEIGHT_BINS_PA[1] / WEIGHT_BINS_PA[0])
    with open_edges(path, EDGES) as edges:
        for block in edges.blocks(EDGES_AT_ONCE):
            sources, targets, weights = _checked(path, block, n_nodes)
            with np.errstate(divide="ignore"):
                position = np.floor((np.log(weights) - log_low) / log_step) + 1
            position = np.clip(position, 0, width - 1).astype(np.int64)
            histograms += np.bincount(source_class[sources] * width + position, minlength=len(histograms))
            in_degree += np.bincount(targets, minlength=n_nodes)
    return histograms.reshape(len(CLASS_ORDER), width), in_degree


def _checked(path, block, n_nodes):
    try:
        return checked_block(block, n_nodes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def draw_cells(depth, plan, nodes, description):
    """Cells by type, in depth and from above with the core; at most a few thousand of them, evenly picked."""
    step = -(-len(nodes) // SHOWN_CELLS)
    shown = nodes.iloc[np.random.default_rng(0).permutation(len(nodes))[::step]]
    dots = {"c": mpl.colors.to_rgba_array(shown["hex"]), "s": 2.0, "linewidths": 0, "rasterized": True}
    depth.scatter(shown["x"], -shown["y"], **dots)
    depth.invert_yaxis()
    depth.set(xlabel="x (µm)", ylabel="Depth below the pia (µm)")
    for layer, group in nodes.groupby("layer"):
        depth.annotate(
            f"L{layer}",
            (1.02, -group["y"].median()),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
            annotation_clip=False,
        )
    plan.scatter(shown["x"], shown["z"], **dots)
    radius = description["core_radius_um"]
    plan.add_patch(Circle((0, 0), radius, fill=False, color="black", linewidth=1.0))
    plan.set(xlabel="x (µm)", ylabel="z (µm)", aspect="equal")
    plan.set_title(f"core ≤ {radius:g} µm: {nodes['core'].sum():,} of {len(nodes):,} cells", fontsize=9)
    depth.set_title(f"n = {len(nodes):,} cells" + (f", {len(shown):,} shown" if step > 1 else ""), fontsize=9)


def as_matrix(summary, column, cell_types):
    """A column of the summary as a matrix: rows source, columns target."""
    pairs = pd.MultiIndex.from_product([cell_types, cell_types])
    values = summary.set_index(["pre", "post"])[column].reindex(pairs).to_numpy(dtype=float)
    return pd.DataFrame(values.reshape(len(cell_types), -1), index=cell_types, columns=cell_types)


def draw_matrix(figure, axes, matrix, cell_types, label, extend="neither", **colours):
    """Heatmap of source by target with a colour bar; white where nothing is expected."""
    image = axes.imshow(np.ma.masked_invalid(matrix.to_numpy()), interpolation="nearest", **colours)
    names = [abbreviation(cell_type) for cell_type in cell_types]
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel="Target", ylabel="Source")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.03, extend=extend)
    bar.set_label(label)
    bar.outline.set_visible(False)


def draw_probabilities(figure, realised, ratio, summary, cell_types):
    """Realised probability, and how far it is off expectation, for each pair of types."""
    matrix = as_matrix(summary, "realised", cell_types)
    positive = matrix.where(matrix > 0)
    norm = mpl.colors.LogNorm(positive.min(axis=None), max(positive.max(axis=None), positive.min(axis=None) * 1.01))
    draw_matrix(
        figure,
        realised,
        positive,
        cell_types,
        "Realised connection probability (white: none)",
        cmap="viridis",
        norm=norm,
    )
    off = 100 * (matrix / as_matrix(summary, "expected", cell_types).replace(0, np.nan) - 1)
    most = max(1.0, float(np.nanpercentile(np.abs(off.to_numpy()), 95)))
    colours = {"cmap": "RdBu_r", "vmin": -most, "vmax": most, "extend": "both"}
    draw_matrix(figure, ratio, off, cell_types, "Realised over expected − 1 (%)", **colours)


def draw_agreement(axes, summary, colours):
    """Realised against expected probability, a dot a pair, with the sampling error of two standard deviations."""
    shown = summary[(summary["expected"] > 0) & (summary["realised"] > 0)]
    # Counts of rare independent connections are close to Poisson.
    error = 2 * np.sqrt(shown["expected_edges"]) / (shown["n_pre"] * shown["n_post"])
    axes.errorbar(
        shown["expected"],
        shown["realised"],
        yerr=np.minimum(error, shown["realised"] * 0.999),
        fmt="none",
        ecolor="0.8",
        elinewidth=0.4,
        zorder=1,
    )
    axes.scatter(shown["expected"], shown["realised"], s=9, c=[colours[pre] for pre in shown["pre"]], zorder=2)
    low, high = shown["expected"].min() / 1.5, shown["expected"].max() * 1.5
    axes.plot([low, high], [low, high], color="black", linewidth=0.8, zorder=0)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    axes.set(xlabel="Expected connection probability", ylabel="Realised", aspect="equal")
    axes.set_title(f"{len(shown)} pairs, ± 2 SD (Poisson)", fontsize=9)


def weights_table(histograms):
    """Weight histograms as a table with the density per decade."""
    low, high = WEIGHT_BINS_PA[:-1], WEIGHT_BINS_PA[1:]
    rows = []
    for name, counts in zip(CLASS_ORDER, histograms, strict=True):
        if counts.sum():
            density = counts[1:-1] / counts.sum() / np.log10(high / low)
            columns = {"source_class": name, "low_pA": low, "high_pA": high, "n_edges": counts[1:-1]}
            rows.append(pd.DataFrame({**columns, "density_per_decade": density}))
    if not rows:
        raise ValueError("the network has no recurrent edges")
    return pd.concat(rows, ignore_index=True)


def draw_weights(axes, table, colours):
    """Distribution of the absolute weight by class of the source."""
    for name, label in CLASS_LABELS:
        group = table[table["source_class"] == name]
        if len(group):
            centre = np.sqrt(group["low_pA"] * group["high_pA"])
            n = group["n_edges"].sum()
            axes.plot(centre, group["density_per_decade"], color=colours[name], label=f"{label} (n = {n:,})")
    drawn = table[table["density_per_decade"] > DRAWN_DENSITY * table["density_per_decade"].max()]
    axes.set(xscale="log", xlim=(drawn["low_pA"].min(), drawn["high_pA"].max()))
    axes.set_ylim(0, table["density_per_decade"].max() * 1.9)
    axes.set(xlabel="Absolute weight (pA)", ylabel="Density (decade⁻¹)")
    axes.legend(fontsize=7, loc="upper left", title="source", title_fontsize=7, alignment="left", handlelength=1.2)


def in_degree_table(nodes, in_degree):
    """Box statistics of the in-degree of core cells by cell type, where connections are not cut off by the edge."""
    core = nodes["core"].to_numpy()
    rows = []
    for cell_type in display_order(nodes["cell_type"]):
        box = box_of_sample(in_degree[core & (nodes["cell_type"] == cell_type).to_numpy()])
        rows.append({"cell_type": cell_type, **{key: box[key] for key in ("whislo", "q1", "med", "q3", "whishi", "n")}})
    return pd.DataFrame(rows)


def draw_in_degrees(axes, table, colours):
    """Horizontal boxes of the in-degree by cell type."""
    shown = table[table["n"] > 0].reset_index(drop=True)
    if shown.empty:
        axes.text(0.5, 0.5, "no core cells", transform=axes.transAxes, ha="center", color="grey")
    line = {"color": "black", "linewidth": 0.6}
    artists = axes.bxp(
        [{**row, "fliers": []} for row in shown.to_dict("records")],
        positions=range(len(shown)),
        widths=0.65,
        orientation="horizontal",
        showfliers=False,
        patch_artist=True,
        whiskerprops=line,
        capprops=line,
        boxprops={"edgecolor": "black", "linewidth": 0.6},
        medianprops={"color": "black", "linewidth": 1.0},
        manage_ticks=False,
    )
    for patch, cell_type in zip(artists["boxes"], shown["cell_type"], strict=True):
        patch.set_facecolor(colours[cell_type])
    labels = [f"{readable(row.cell_type)} ({row.n:,})" for row in shown.itertuples()]
    axes.set_yticks(range(len(shown)), labels, fontsize=7)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("In-degree (from V1, core cells)")
    axes.set_title(f"whiskers: {WHISKERS[0]}th to {WHISKERS[1]}th percentile", fontsize=9)


def class_colours(nodes):
    """Colour of each class: that of its uppermost cell type in the network."""
    uppermost = nodes.sort_values("y", ascending=False).drop_duplicates("class")
    found = {}
    for row in uppermost.itertuples():
        found.setdefault(broad_class(row.cell_type), row.hex)
    return found


def legend_of_types(figure, cell_types, colours, nodes):
    """Legend of all cell types with their numbers, above the panels."""
    sizes = nodes["cell_type"].value_counts()
    marks = [Line2D([], [], marker="o", linestyle="", markersize=4, color=colours[name]) for name in cell_types]
    labels = [f"{readable(name)} ({sizes[name]:,})" for name in cell_types]
    figure.legend(marks, labels, loc="outside upper center", ncols=min(7, len(labels)), fontsize=7.5, handletextpad=0.1)


def draw(nodes, description, summary, weights, in_degrees, colours):
    """The whole figure."""
    cell_types = display_order(nodes["cell_type"])
    summary = summary[summary["pre"].isin(cell_types) & summary["post"].isin(cell_types)]
    figure = Figure(figsize=SIZE_IN, layout="constrained")
    figure.get_layout_engine().set(h_pad=0.08, w_pad=0.08)
    legend_of_types(figure, cell_types, colours, nodes)
    panels = figure.subplots(3, 2)
    draw_cells(panels[0, 0], panels[0, 1], nodes, description)
    draw_probabilities(figure, panels[1, 0], panels[1, 1], summary, cell_types)
    grid = panels[2, 0].get_subplotspec().get_gridspec()
    for axes in panels[2]:
        axes.remove()
    last = grid[2, :].subgridspec(1, 3)
    agreement, weight, degree = (figure.add_subplot(last[0, index]) for index in range(3))
    draw_agreement(agreement, summary, colours)
    draw_weights(weight, weights, class_colours(nodes))
    draw_in_degrees(degree, in_degrees, colours)
    for letter, axes in zip("ABCDEFG", [*panels[0], *panels[1], agreement, weight, degree], strict=True):
        panel_letter(axes, letter, x=-0.35 if axes is degree else -0.12)
    return figure


def main(argv=None):
    args = parse(argv)
    naming = read_naming_scheme(args.naming_scheme)
    nodes, description = read_network(args.network_dir, naming)
    summary = read_summary(args.network_dir / "connection_summary.csv")
    source_class = nodes["cell_type"].map(lambda name: CLASS_ORDER.index(broad_class(name))).to_numpy()
    histograms, in_degree = read_edges(args.network_dir / "v1_v1_edges.h5", source_class, len(nodes))
    weights, in_degrees = weights_table(histograms), in_degree_table(nodes, in_degree)
    with mpl.rc_context(publication_style()):
        figure = draw(nodes, description, summary, weights, in_degrees, type_colours(naming))
        save_figure(figure, args.output_stem)
    for name, table in (("weights", weights), ("in_degrees", in_degrees)):
        with whole_file(f"{args.output_stem}_{name}.csv") as part:
            table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.6g")


if __name__ == "__main__":
    command_line.run(main)
