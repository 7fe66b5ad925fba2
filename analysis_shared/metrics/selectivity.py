"""Firing rates, selectivity for orientation and direction, and lifetime sparsity."""

import numpy as np
import pandas as pd

from analysis_shared.metrics.directions import covers_circle

STATUS = "selectivity_status"
OK, SILENT, UNCOVERED = "ok", "silent", "directions_do_not_cover_circle"
UNTUNED = 1e-12
"""A resultant shorter than this, relative to the summed rate, is rounding error and has no angle."""


def firing_rates(counts, window_ms):
    """Rates in Hz from spike counts in a window given in ms.

    Examples
    --------
    >>> firing_rates(np.array([4]), (500, 2500)).tolist()
    [2.0]
    """
    return np.asarray(counts) / ((window_ms[1] - window_ms[0]) / 1000)


def mean_by_direction(rates, directions_deg):
    """Average conditions that share a direction.

    Parameters
    ----------
    rates : ndarray, shape (n_conditions, n_cells)
    directions_deg : ndarray, shape (n_conditions,)

    Returns
    -------
    directions_deg : ndarray, shape (n_directions,)
        Ascending.
    rates : ndarray, shape (n_directions, n_cells)
    """
    directions, member = np.unique(directions_deg, return_inverse=True)
    return directions, np.stack([rates[member == index].mean(axis=0) for index in range(len(directions))])


def direction_tuning(rates, directions_deg):
    """Selectivity indices and preferred angles from the rates at each direction.

    With z_k the sum of r exp(i k theta) and R the sum of r, DSI = |z1|/R and OSI = |z2|/R, one minus the circular
    variance in direction and in orientation space (Mazurek et al. 2014). The preferred orientation is arg(z2)/2; the
    preferred direction is whichever of its two senses z1 points along.

    Parameters
    ----------
    rates : ndarray, shape (n_directions, n_cells), Hz
    directions_deg : ndarray, shape (n_directions,), deg

    Returns
    -------
    DataFrame
        One row a cell: ``DSI OSI preferred_angle pref_dir_deg pref_ori_deg``; ``preferred_angle`` is the direction of
        the highest rate (the first, if several share it), ``pref_dir_deg`` in [0, 360), ``pref_ori_deg`` in [0, 180).
        NaN where undefined: everything for silent cells, the last two also where z2 is zero, and all but
        ``preferred_angle`` if the directions do not cover the circle, where an untuned cell has indices above 0.

    Notes
    -----
    Noise adds to both indices; `analysis_shared.metrics.untuned` says how much, and estimates their squares without it.

    Examples
    --------
    >>> tuning = direction_tuning(np.array([[1.0, 0], [0, 0], [0, 0], [0, 0]]), np.array([0, 90, 180, 270]))
    >>> tuning["DSI"].tolist()
    [1.0, nan]
    """
    theta = np.deg2rad(directions_deg)
    total = rates.sum(axis=0)
    active = total > 0
    share = rates / np.where(active, total, np.nan)
    z1, z2 = np.exp(1j * theta) @ share, np.exp(2j * theta) @ share
    if not covers_circle(directions_deg):
        z1, z2 = np.full((2, rates.shape[1]), np.nan)
    orientation = np.where(np.abs(z2) > UNTUNED, np.angle(z2) / 2, np.nan)
    opposite = np.real(z1 * np.exp(-1j * orientation)) < 0
    return pd.DataFrame(
        {
            "DSI": np.abs(z1),
            "OSI": np.abs(z2),
            "preferred_angle": np.where(active, np.asarray(directions_deg, dtype=float)[rates.argmax(axis=0)], np.nan),
            "pref_dir_deg": _wrapped(np.rad2deg(orientation) + 180 * opposite, 360),
            "pref_ori_deg": _wrapped(np.rad2deg(orientation), 180),
        }
    )


def _wrapped(angle_deg, period_deg):
    # The second remainder catches tiny negative angles, whose first remainder rounds to the period itself.
    return np.mod(np.mod(angle_deg, period_deg), period_deg)


def lifetime_sparsity(rates):
    """Lifetime sparsity over stimuli: 0 for equal responses to all, 1 for a response to one alone.

    S = (1 - <r>^2 / <r^2>) / (1 - 1/n) (Rolls and Tovee 1995; Vinje and Gallant 2000).

    Parameters
    ----------
    rates : ndarray, shape (n_stimuli, n_cells)
        Trial-mean responses.

    Returns
    -------
    ndarray, shape (n_cells,)
        NaN for silent cells.

    Raises
    ------
    ValueError
        For fewer than two stimuli.

    Examples
    --------
    >>> lifetime_sparsity(np.array([[2.0, 3.0, 0.0], [2.0, 0.0, 0.0]])).tolist()
    [0.0, 1.0, nan]
    """
    n_stimuli = len(rates)
    if n_stimuli < 2:
        raise ValueError(f"lifetime sparsity needs at least 2 stimuli, found {n_stimuli}")
    power = np.square(rates).mean(axis=0)
    evenness = np.square(rates.mean(axis=0)) / np.where(power > 0, power, np.nan)
    return (1 - evenness) / (1 - 1 / n_stimuli)


def rates_table(evoked, spontaneous, directions_deg, conditions):
    """Rates of every cell in every condition.

    Parameters
    ----------
    evoked, spontaneous : sequence of ndarray, shape (n_trials, n_cells), Hz
        One a condition; conditions may differ in their trials.
    directions_deg : ndarray, shape (n_conditions,)
        NaN for blanks and other conditions without a direction.
    conditions : sequence of str
        Names of the conditions.

    Returns
    -------
    DataFrame
        Columns ``DG_angle node_id Ave_Rate(Hz) SD_rate(Hz) Spont_rate(Hz) n_trials condition``: n_conditions * n_cells
        rows by direction, those without one last, then by condition as given, then by node. The SD over trials has
        ddof 0.
    """
    order = np.argsort(directions_deg, kind="stable")
    n_cells = evoked[0].shape[1]
    return pd.DataFrame(
        {
            "DG_angle": np.repeat(_whole_if_possible(directions_deg[order]), n_cells),
            "node_id": np.tile(np.arange(n_cells), len(order)),
            "Ave_Rate(Hz)": np.concatenate([evoked[index].mean(axis=0) for index in order]),
            "SD_rate(Hz)": np.concatenate([evoked[index].std(axis=0) for index in order]),
            "Spont_rate(Hz)": np.concatenate([spontaneous[index].mean(axis=0) for index in order]),
            "n_trials": np.repeat([len(evoked[index]) for index in order], n_cells),
            "condition": np.repeat(np.asarray(conditions, dtype=object)[order], n_cells),
        }
    )


def _whole_if_possible(values):
    return values.astype(int) if np.all(values == np.round(values)) else values


def selectivity_table(evoked, spontaneous, directions_deg):
    """Selectivity of every cell, from its trial-mean rates.

    Parameters
    ----------
    evoked, spontaneous : ndarray, shape (n_conditions, n_trials, n_cells), Hz
    directions_deg : ndarray, shape (n_conditions,)

    Returns
    -------
    DataFrame
        Columns ``node_id DSI OSI preferred_angle pref_dir_deg pref_ori_deg max_mean_rate(Hz) Ave_Rate(Hz)
        Spont_Rate(Hz) n_trials lifetime_sparsity selectivity_status``. Conditions that share a direction are averaged,
        except for the lifetime sparsity, which is over conditions. ``n_trials`` is the number of trials of each
        condition. ``selectivity_status`` is ``ok``, ``silent``, or ``directions_do_not_cover_circle``, which says why
        the indices and the sparsity of every cell are NaN.
    """
    by_condition = evoked.mean(axis=1)
    directions, by_direction = mean_by_direction(by_condition, directions_deg)
    table = direction_tuning(by_direction, directions)
    table.insert(0, "node_id", np.arange(len(table)))
    _, spontaneous_by_direction = mean_by_direction(spontaneous.mean(axis=1), directions_deg)
    table["max_mean_rate(Hz)"] = by_direction.max(axis=0)
    table["Ave_Rate(Hz)"] = by_direction.mean(axis=0)
    table["Spont_Rate(Hz)"] = spontaneous_by_direction.mean(axis=0)
    table["n_trials"] = evoked.shape[1]
    covered = covers_circle(directions_deg)
    table["lifetime_sparsity"] = lifetime_sparsity(by_condition) if covered else np.nan
    table[STATUS] = np.where(by_condition.any(axis=0), OK, SILENT) if covered else UNCOVERED
    return table
