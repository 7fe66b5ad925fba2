"""Rasters: core cells by layer and type from the pia down, spikes as dots in the colour of the cell type."""

import matplotlib as mpl
import numpy as np
from matplotlib.lines import Line2D

from analysis_shared.cells.grouping import CLASS_LABELS, L5_SUBTYPES, broad_class, display_order, readable
from analysis_shared.cells.nodes import core_of
from analysis_shared.figures.style import spread
from v1_files.paradigms import window

LAYERS = ("1", "2/3", "4", "5", "6")


def in_raster_order(nodes, network):
    """Core cells by layer, then type in display order, then tuning angle; ``row`` counts from the pia down."""
    core = core_of(nodes, network).copy()
    types = display_order(core["cell_type"])
    core["layer_rank"] = [LAYERS.index(layer) if layer in LAYERS else len(LAYERS) for layer in core["layer"]]
    core["type_rank"] = core["cell_type"].map(types.index)
    core = core.sort_values(["layer_rank", "type_rank", "tuning_angle", "node_id"])
    return core.assign(row=np.arange(len(core)))


def dot_area(cells, runs):
    """Area of a spike's dot (points²) in rasters of several runs side by side: one for all, as more ink is more spikes.

    Parameters
    ----------
    cells : DataFrame
        From `in_raster_order`.
    runs : iterable of (node_ids, times_ms)
    """
    most = max(np.isin(node_ids, cells["node_id"]).sum() for node_ids, _ in runs)
    return float(np.clip(6e4 / max(most, 1), 0.2, 12))


def draw_raster(axes, cells, node_ids, times_ms, paradigm, area, compact=False):
    """Spikes as dots in the colour of the cell type, with layers divided and labelled; less text if compact."""
    order = cells.set_index("node_id")
    rows = order["row"].reindex(node_ids).to_numpy()
    shown = ~np.isnan(rows)
    colours = mpl.colors.to_rgba_array(order["hex"].loc[node_ids[shown]])
    axes.scatter(times_ms[shown], rows[shown], s=area, c=colours, marker=".", linewidths=0, rasterized=True)
    axes.axvline(paradigm["grey_ms"], color="black", linewidth=0.8, linestyle="--")
    axes.set_xlim(0, window(paradigm, "evoked")[1])
    axes.set_ylim(len(cells), 0)
    axes.set_xlabel("Time (ms)")
    if not compact:
        axes.annotate(
            "stimulus onset",
            (paradigm["grey_ms"], 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, 2),
            textcoords="offset points",
            fontsize=8,
        )
    label_layers(axes, cells, compact)


def label_layers(axes, cells, compact=False):
    """Lines between layers; each layer's name and number of cells on the left, kept apart where layers are thin."""
    layers = cells.groupby("layer_rank", sort=True).agg(layer=("layer", "first"), top=("row", "min"), n=("row", "size"))
    for top in layers["top"].iloc[1:]:
        axes.axhline(top, color="black", linewidth=0.6)
    middles = (layers["top"] + layers["n"] / 2).to_numpy()
    heights = spread(middles / len(cells), least=0.08 if compact else 0.055)
    axes.set_yticks([])
    for layer, n, middle, height in zip(layers["layer"], layers["n"], middles, heights, strict=True):
        axes.annotate(
            f"L{layer} ({n:,})" if compact else f"L{layer}\nn = {n:,}",
            (0, middle),
            xycoords=("axes fraction", "data"),
            xytext=(-0.012, 1 - height),
            textcoords="axes fraction",
            ha="right",
            va="center",
            fontsize=7 if compact else 8,
            linespacing=1.0,
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0},
        )


def legend_of_classes(axes, cells, colours, **place):
    """Legend of the classes, in the colours of the uppermost layer that has them; L5 subtypes get their own entry.

    It is above the axes on the right, unless `place` says otherwise; a figure will do for `axes` then.
    """
    handles = []
    for name, label in CLASS_LABELS:
        types = [t for t in display_order(cells["cell_type"]) if broad_class(t) == name and t not in L5_SUBTYPES]
        if types:
            handles.append((label, colours[types[0]]))
        if name == "Exc":
            handles += [(readable(t), colours[t]) for t in L5_SUBTYPES if t in set(cells["cell_type"])]
    marks = [Line2D([], [], marker="o", linestyle="", markersize=4, color=colour) for _, colour in handles]
    axes.legend(
        marks,
        [label for label, _ in handles],
        ncols=len(handles),
        handletextpad=0.1,
        columnspacing=0.9,
        **(place or {"loc": "lower right", "bbox_to_anchor": (1, 1.035), "borderaxespad": 0}),
    )
