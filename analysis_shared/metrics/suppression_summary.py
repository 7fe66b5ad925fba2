"""Changes under several perturbations, averaged over networks, as the panels show them."""

import numpy as np
import pandas as pd

from analysis_shared.metrics.suppression import LEAST_BASELINE
from analysis_shared.statistics.intervals import LEVEL, mean_interval
from v1_files.reading import read_table

NAMES = ("level", "group", "region", "metric")
SPAN = ("begin_ms", "end_ms")
SIZES = ("n_region", "n_targets", "n_cells")
NUMBERS = (
    *("baseline", "perturbed", "percent_change"),
    *("cells_percent_low", "cells_percent_high", "trials_percent_low", "trials_percent_high"),
)
KEYS = ["perturbation", "level", "group", "metric"]
VALUE, SILENCED, LOW_BASELINE, UNRESPONSIVE, ABSENT = "value", "silenced", "low_baseline", "unresponsive", "absent"


def read_type_tables(perturbations):
    """Tables of cell types under several perturbations, one below the other.

    Parameters
    ----------
    perturbations : sequence of sequence
        Name of a perturbation, then the paths of its tables, one a network; the same networks for each.

    Returns
    -------
    DataFrame
        The rows of the tables after the columns ``perturbation`` and ``network`` (the place among the paths).

    Raises
    ------
    ValueError
        If a perturbation comes twice, has no table or fewer than another, a column is missing or no number, or regions
        differ.
    """
    names = [entry[0] for entry in perturbations]
    if len(set(names)) < len(names):
        raise ValueError(f"a perturbation is given twice: {', '.join(names)}")
    sizes = {name: len(paths) for name, *paths in perturbations}
    if len(set(sizes.values())) > 1 or 0 in sizes.values():
        raise ValueError(f"each perturbation needs one table a network, found {sizes}")
    parts = []
    for name, *paths in perturbations:
        for network, path in enumerate(paths):
            table = read_table(path, text=NAMES, finite=SPAN, counts=SIZES, numeric=NUMBERS)
            if table.empty:
                raise ValueError(f"{path}: no rows")
            parts.append(table.assign(perturbation=name, network=network))
    joined = pd.concat(parts, ignore_index=True)
    regions = set(joined["region"])
    if len(regions) > 1:
        files = ", ".join(str(path) for _, *paths in perturbations for path in paths)
        raise ValueError(f"the tables average over different regions, {', '.join(sorted(regions))}: {files}")
    return joined


def summarise_changes(tables):
    """Mean percent change of each group and metric under each perturbation, with a 95 % interval.

    Parameters
    ----------
    tables : DataFrame
        From `read_type_tables`.

    Returns
    -------
    DataFrame
        One row a perturbation, level, group and metric: ``state`` (value; silenced: all cells are targets;
        low_baseline: mean below `LEAST_BASELINE` or 0; unresponsive: no cell is compared; absent: no such cell),
        ``percent_change low high`` (mean over networks; the interval over networks, or with one network over trials
        where the metric has them, else over cells), ``interval_over``, ``baseline perturbed`` (means over networks),
        ``n_networks`` (behind the mean), ``n_cells`` (of those networks), ``begin_ms end_ms`` (what is measured in).
    """
    rows = [
        dict(zip(KEYS, key, strict=True)) | _summary_of(key[-1], rows) for key, rows in tables.groupby(KEYS, sort=False)
    ]
    return pd.DataFrame(rows)


def _summary_of(metric, rows):
    least = LEAST_BASELINE.get(metric, 0)
    usable = rows[np.isfinite(rows["percent_change"]) & (rows["baseline"] >= least) & (rows["n_cells"] > 0)]
    estimate = mean_interval(usable["percent_change"])
    low, high, over = estimate.low, estimate.high, "networks"
    if len(rows) == 1 and len(usable):
        row = usable.iloc[0]
        over = "trials" if np.isfinite(row["trials_percent_low"]) else "cells"
        low, high = row[f"{over}_percent_low"], row[f"{over}_percent_high"]
    shown = usable if len(usable) else rows[rows["n_cells"] > 0]
    return {
        "state": VALUE if len(usable) else _why_not(rows),
        "percent_change": estimate.mean,
        "low": low,
        "high": high,
        "interval_over": over,
        "level_of_interval": LEVEL,
        "baseline": shown["baseline"].mean(),
        "perturbed": shown["perturbed"].mean(),
        "n_networks": len(usable),
        "n_cells": int(shown["n_cells"].sum()),
        **{name: rows[name].iloc[0] for name in SPAN},
    }


def _why_not(rows):
    if rows["n_region"].sum() == 0:
        return ABSENT
    if (rows["n_targets"] == rows["n_region"]).all():
        return SILENCED
    return UNRESPONSIVE if rows["n_cells"].sum() == 0 else LOW_BASELINE


def without_absent(summary):
    """The rows of groups that have cells in at least one network.

    Raises
    ------
    ValueError
        If there are none.
    """
    present = summary[summary["state"] != ABSENT]
    if present.empty:
        raise ValueError("the tables are of a region without cells: nothing to show")
    return present


def is_clear(summary):
    """Whether each row's interval excludes no change (False where there is no interval)."""
    return (summary["low"] > 0) | (summary["high"] < 0)


def perturbation_label(name):
    """A perturbation's name as a figure prints it.

    Examples
    --------
    >>> perturbation_label("exc_high_outgoing"), perturbation_label("pv_silenced")
    ('Exc high outgoing', 'PV silenced')
    """
    first, *rest = name.split("_")
    first = first.upper() if first in ("pv", "sst", "vip") else first.capitalize()
    return " ".join([first, *rest])


def interval_note(summary):
    """What the intervals are over and in which time changes are measured, in words for a figure."""
    spans = summary[list(SPAN)].drop_duplicates().to_numpy()
    measured = f"{spans[0][0]:g} to {spans[0][1]:g} ms" if len(spans) == 1 else "each while its perturbation lasts"
    found = summary.loc[summary["state"] == VALUE, "interval_over"].drop_duplicates().tolist()
    n_networks = summary["n_networks"].max()
    if found == ["networks"]:
        return f"95 % intervals over {n_networks} networks; {measured}"
    return f"one network, 95 % intervals over {' (rates) and '.join(sorted(found, reverse=True))}; {measured}"
