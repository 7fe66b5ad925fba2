"""What a perturbation changes: each cell against itself unperturbed, and each cell type over cells and over trials."""

import numpy as np
import pandas as pd

from analysis_shared.cells.cells import read_selectivity
from analysis_shared.cells.cohorts import in_class, in_region
from analysis_shared.cells.grouping import L5_POOLED, L5_SUBTYPES, display_order
from analysis_shared.cells.node_set_names import CLASSES
from analysis_shared.metrics.registry import METRICS, RESPONSIVE_RATE_HZ, Metric
from analysis_shared.metrics.tuning_summary import check_unbiased_columns, is_counted, signed_root
from analysis_shared.statistics.intervals import mean_interval
from analysis_shared.statistics.paired import paired_change

SPARSITY = Metric(
    "lifetime_sparsity", "lifetime_sparsity", "Lifetime sparsity\nover directions", "Sparsity", needs_response=True
)
UNBIASED = tuple(
    Metric(f"{name}_unbiased", f"{name}_squared", f"{name}, unbiased", f"{name}, unbiased", False, squared=True)
    for name in ("OSI", "DSI")
)
SUPPRESSION_METRICS = (*METRICS, SPARSITY, *UNBIASED)
"""Published OSI, DSI and sparsity are compared over cells that respond in both runs, rates over all.

The three fall where rates rise, with no change of tuning. What tells whether tuning changes are the unbiased ones:
roots of mean unbiased squares over cells that count for them in both runs (`analysis_shared.metrics.tuning_summary`).
"""
TRIAL_METRICS = {"evoked": "mean_rate_Hz", "spontaneous": "spontaneous_rate_Hz"}
"""Metrics that a single trial has, by the window they are measured in."""
LEAST_BASELINE = {"mean_rate_Hz": 0.1, "preferred_direction_rate_Hz": 0.1, "spontaneous_rate_Hz": 0.1}
"""Mean baseline (Hz) below which a percent change says nothing; metrics without an entry have no such limit."""
RUNS = ("baseline", "perturbed")


def suppression_metric(name):
    """The metric called `name`, of `SUPPRESSION_METRICS`.

    Raises
    ------
    ValueError
        If there is none.
    """
    for candidate in SUPPRESSION_METRICS:
        if candidate.name == name:
            return candidate
    raise ValueError(f"no metric {name!r}; there are {', '.join(entry.name for entry in SUPPRESSION_METRICS)}")


def read_responses(path, nodes):
    """Selectivity table of a run, with lifetime sparsity and a row for each cell.

    Parameters
    ----------
    path : path-like
    nodes : DataFrame
        Of the network.

    Raises
    ------
    ValueError
        As `read_selectivity` does, and if the sparsity is missing or the rows are not those of the network.
    """
    table = read_selectivity(path)
    check_unbiased_columns(path)
    if SPARSITY.column not in table or table[SPARSITY.column].dtype.kind not in "iuf":
        raise ValueError(f"{path}: no column {SPARSITY.column} of numbers")
    if not np.array_equal(np.sort(table["node_id"]), nodes["node_id"]):
        raise ValueError(f"{path}: {len(table)} rows do not match the {len(nodes)} cells of the network")
    return table


def compare_cells(nodes, targets, baseline, perturbed):
    """Each cell's metrics in both runs and their difference.

    Parameters
    ----------
    nodes : DataFrame
        Columns ``node_id cell_type core``, ascending by id.
    targets : array_like of int
        Ids of the cells that are perturbed.
    baseline, perturbed : DataFrame
        Selectivity tables of the two runs, a row for each node.

    Returns
    -------
    DataFrame
        ``node_id cell_type core target responsive_baseline responsive_perturbed`` (responsive: a rate of at least
        `RESPONSIVE_RATE_HZ` at the preferred direction), ``counted_baseline counted_perturbed`` (counts for unbiased
        metrics) and, for each metric, ``{metric}_baseline {metric}_perturbed {metric}_change``; of unbiased metrics the
        squares, ``OSI_squared_baseline`` and so on. Indices of cells that hardly respond are there as measured; NaN
        where undefined (silent).
    """
    table = nodes[["node_id", "cell_type", "core"]].reset_index(drop=True)
    table["target"] = table["node_id"].isin(np.asarray(targets))
    runs = {
        name: run.set_index("node_id").loc[table["node_id"]]
        for name, run in zip(RUNS, (baseline, perturbed), strict=True)
    }
    for name, run in runs.items():
        table[f"responsive_{name}"] = (run["max_mean_rate(Hz)"] >= RESPONSIVE_RATE_HZ).to_numpy()
    for name, run in runs.items():
        table[f"counted_{name}"] = is_counted(run).to_numpy()
    columns = {}
    for metric in SUPPRESSION_METRICS:
        values = {name: run[metric.column].to_numpy(dtype=float) for name, run in runs.items()}
        columns |= {f"{metric.of_cells}_{name}": values[name] for name in RUNS}
        columns[f"{metric.of_cells}_change"] = values["perturbed"] - values["baseline"]
    return pd.concat([table, pd.DataFrame(columns)], axis=1)


def cell_groups(nodes, targets, region):
    """Positions of the cells that each type and class is measured by: those of the region that are not targets.

    Parameters
    ----------
    nodes : DataFrame
        Columns ``node_id cell_type core ei class``.
    targets : array_like of int
    region : str
        As `analysis_shared.cells.cohorts.in_region` takes it.

    Returns
    -------
    list of dict
        ``level`` (cell_type or class), ``group``, ``n_region`` (cells in the region), ``n_targets`` (targets among
        them), ``positions`` (ndarray of int into `nodes`). Types in display order with the pooled layer 5, then
        classes.
    """
    inside = in_region(nodes, region)
    target = nodes["node_id"].isin(np.asarray(targets)).to_numpy()
    types = nodes["cell_type"].to_numpy()
    pooled = [L5_POOLED] if set(types) & set(L5_SUBTYPES) else []
    members = {
        ("cell_type", name): np.isin(types, L5_SUBTYPES if name == L5_POOLED else name)
        for name in display_order([*types, *pooled])
    }
    members |= {("class", name): in_class(nodes, name) for name in CLASSES}
    return [
        {
            "level": level,
            "group": name,
            "n_region": int((mask & inside).sum()),
            "n_targets": int((mask & inside & target).sum()),
            "positions": np.flatnonzero(mask & inside & ~target),
        }
        for (level, name), mask in members.items()
    ]


def group_rates(counts, groups, window_ms):
    """Mean rate of each group in one trial.

    Parameters
    ----------
    counts : ndarray of int, shape (n_cells,)
        Spikes of the trial in the window.
    groups : list of dict
        From `cell_groups`.
    window_ms : tuple of float

    Returns
    -------
    ndarray, shape (n_groups,), Hz
        NaN for groups without cells.
    """
    seconds = (window_ms[1] - window_ms[0]) / 1000
    return np.array(
        [counts[entry["positions"]].mean() / seconds if len(entry["positions"]) else np.nan for entry in groups]
    )


def compare_groups(cells, groups, trial_rates, region):
    """Each group's mean metrics in both runs, their change, and intervals over cells and over trials.

    Parameters
    ----------
    cells : DataFrame
        From `compare_cells`.
    groups : list of dict
        From `cell_groups`.
    trial_rates : dict
        Metric to ndarray of shape (2, n_conditions, n_trials, n_groups), Hz: `group_rates` of the baseline, then of the
        perturbed run; conditions are strata.
    region : str
        Written to the table.

    Returns
    -------
    DataFrame
        One row a group and metric: ``level group region metric n_region n_targets n_cells baseline perturbed change
        percent_change``, the limits ``cells_low cells_high cells_percent_low cells_percent_high`` and the same for
        ``trials_`` (NaN for metrics that a trial does not have), ``n_trials`` (pairs of trials), ``baseline_low
        baseline_high perturbed_low perturbed_high`` (over cells). Of unbiased metrics all these are roots.
    """
    responsive, counted = (
        (cells[f"{name}_baseline"] & cells[f"{name}_perturbed"]).to_numpy() for name in ("responsive", "counted")
    )
    rows = []
    for index, entry in enumerate(groups):
        head = {"level": entry["level"], "group": entry["group"], "region": region}
        for metric in SUPPRESSION_METRICS:
            used = entry["positions"]
            if metric.needs_response or metric.squared:
                used = used[(counted if metric.squared else responsive)[used]]
            pairs = cells.iloc[used][[f"{metric.of_cells}_{run}" for run in RUNS]].dropna().to_numpy().T
            sizes = {"n_region": entry["n_region"], "n_targets": entry["n_targets"], "n_cells": pairs.shape[1]}
            trials = trial_rates[metric.name][..., index] if metric.name in trial_rates else np.empty((2, 0))
            if np.isnan(trials).any():
                trials = np.empty((2, 0))
            changes = _changes(pairs, trials)
            rows.append(head | {"metric": metric.name} | sizes | (_rooted(changes) if metric.squared else changes))
    return pd.DataFrame(rows)


def with_windows(types, windows):
    """The rows of metrics whose window the perturbation touches, and what part of the window they are measured in.

    Parameters
    ----------
    types : DataFrame
        From `compare_groups`.
    windows : dict
        From `v1_files.paradigms.windows_while_perturbed`.

    Returns
    -------
    DataFrame
        With ``begin_ms end_ms`` after the metric: spikes count in (begin_ms, end_ms].
    """
    spontaneous = types["metric"] == TRIAL_METRICS["spontaneous"]
    if "spontaneous" not in windows:
        types, spontaneous = types[~spontaneous], spontaneous[~spontaneous]
    place = types.columns.get_loc("metric") + 1
    for offset, name in enumerate(("begin_ms", "end_ms")):
        measured = np.where(spontaneous, windows.get("spontaneous", (0.0, 0.0))[offset], windows["evoked"][offset])
        types.insert(place + offset, name, measured)
    return types


def _changes(pairs, trials):
    over_cells, over_trials = paired_change(*pairs), paired_change(*trials)
    found = {"baseline": over_cells.baseline, "perturbed": over_cells.perturbed}
    found |= {"change": over_cells.change, "percent_change": over_cells.percent}
    for name, result in (("cells", over_cells), ("trials", over_trials)):
        found |= {f"{name}_low": result.low, f"{name}_high": result.high}
        found |= {f"{name}_percent_low": result.percent_low, f"{name}_percent_high": result.percent_high}
    found["n_trials"] = over_trials.n
    for name, sample in zip(RUNS, pairs, strict=True):
        found |= dict(zip((f"{name}_low", f"{name}_high"), mean_interval(sample)[1:3], strict=True))
    return found


def _rooted(changes):
    """Changes of mean squares as changes of their roots.

    The limits of the change are those of the perturbed mean square against the root of the baseline's, so an interval
    excludes no change where that of the squares does. In percent only of a baseline that is clearly above 0.
    """
    squares = {name: changes[name] for name in ("baseline", "perturbed")}
    before = float(signed_root(squares["baseline"]))
    rooted = {f"{name}_{end}": float(signed_root(changes[f"{name}_{end}"])) for name in RUNS for end in ("low", "high")}
    rooted |= {name: float(signed_root(square)) for name, square in squares.items()}
    for name in ("change", "cells_low", "cells_high"):
        rooted[name] = float(signed_root(squares["baseline"] + changes[name])) - before
    whole = 100 / before if changes["baseline_low"] > 0 else np.nan
    for name, percent in (
        ("change", "percent_change"),
        *((f"cells_{e}", f"cells_percent_{e}") for e in ("low", "high")),
    ):
        rooted[percent] = whole * rooted[name]
    return changes | rooted
