"""Unitary PSPs: the peak depolarisation that a 1 pA double-alpha synapse causes in a GLIF cell at rest."""

import numpy as np
import pandas as pd

GRID_STEP_MS = 0.1
GRID_END_MS = 250.0
GRID_GROWTH = 1.002
LARGEST_DIFFERENCE = 0.1
"""Between a published and a computed PSP of an excitatory synapse; the shipped ones differ by 9 % at most."""


def alpha_response(t, tau_synapse, tau_membrane):
    """Response of a leaky membrane to the alpha current (t/τ)·exp(1 − t/τ) of peak 1, times C_m.

    Parameters
    ----------
    t : array of float, ms
    tau_synapse, tau_membrane : array of float, ms
        Broadcast against ``t``.

    Returns
    -------
    array of float, ms (multiply by pA/pF for mV)
    """
    # Equal time constants are a removable singularity; a part in 1e5 to the side costs as much in the result.
    tau_synapse = np.where(np.abs(tau_synapse / tau_membrane - 1) < 1e-5, tau_membrane * (1 + 1e-5), tau_synapse)
    a = 1.0 / tau_synapse - 1.0 / tau_membrane
    decay = np.exp(-t / tau_membrane) - np.exp(-t / tau_synapse) * (1.0 + a * t)
    return np.e / tau_synapse * decay / np.square(a)


def psp(t, tau_fast, tau_slow, amp_slow, c_m, g):
    """Depolarisation (mV) at time ``t`` (ms) after a 1 pA double-alpha synapse acts at rest, below threshold.

    The current is the one of NEST's ``glif_psc_double_alpha``: a fast alpha function of peak 1 pA plus a slow one of
    peak ``amp_slow``. ``c_m`` in pF, ``g`` in nS; all parameters broadcast.
    """
    tau_membrane = c_m / g
    fast = alpha_response(t, tau_fast, tau_membrane)
    slow = alpha_response(t, tau_slow, tau_membrane)
    return (fast + amp_slow * slow) / c_m


def unitary_psp(tau_fast, tau_slow, amp_slow, c_m, g):
    """Peak of :func:`psp`, mV per pA.

    The peak is bracketed on a grid and refined by golden-section steps to well under 1e-9 of its height.

    Parameters
    ----------
    tau_fast, tau_slow, amp_slow, c_m, g : array of float, shape (n,)

    Returns
    -------
    array of float, shape (n,)
    """
    columns = [np.asarray(v, dtype=float)[:, None] for v in (tau_fast, tau_slow, amp_slow, c_m, g)]
    tau_fast, tau_slow, _, c_m, g = columns
    t, spacing = _peak_grid(max(np.max(tau) for tau in (tau_fast, tau_slow, c_m / g)))
    best = np.argmax(psp(t[None, :], *columns), axis=1)
    low, high = (t - spacing)[best][:, None], (t + spacing)[best][:, None]
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        falls = psp(left, *columns) > psp(right, *columns)
        low, high = np.where(falls, low, left), np.where(falls, right, high)
    return psp((low + high) / 2, *columns)[:, 0]


def _peak_grid(largest_tau):
    """Times (ms) among which a PSP's peak is sought, and the spacing around each, by the largest time constant.

    An alpha current's PSP peaks before twice the largest time constant (there where all are equal), and the sum of two
    before the later of their peaks. Past 250 ms the steps grow with the time.
    """
    t = np.arange(1, int(GRID_END_MS / GRID_STEP_MS)) * GRID_STEP_MS
    spacing = np.full(len(t), GRID_STEP_MS)
    steps = int(np.ceil(np.log(max(2 * largest_tau / t[-1], 1.0)) / np.log(GRID_GROWTH)))
    if steps:
        later = t[-1] * GRID_GROWTH ** np.arange(steps + 2)
        t, spacing = np.append(t[:-1], later), np.append(spacing[:-1], later * (GRID_GROWTH - 1))
    return t, spacing


def unitary_psp_table(cell_models, synaptic_type, kinetics):
    """PSP1 of every synaptic input type and cell model.

    Parameters
    ----------
    cell_models : pandas.DataFrame, index specimen_id
        Columns ``C_m_pF`` and ``g_nS``.
    synaptic_type : sequence of str
        Synaptic type of each row of ``cell_models``.
    kinetics : pandas.DataFrame, index (pre, post)
        Columns ``tau_fast_ms``, ``tau_slow_ms``, ``amp_slow``.

    Returns
    -------
    pandas.DataFrame, index specimen_id, one column a presynaptic type, mV per pA
    """
    table = {}
    for pre in kinetics.index.get_level_values("pre").unique():
        rows = kinetics.loc[[(pre, post) for post in synaptic_type]]
        table[pre] = unitary_psp(
            rows["tau_fast_ms"], rows["tau_slow_ms"], rows["amp_slow"], cell_models["C_m_pF"], cell_models["g_nS"]
        )
    return pd.DataFrame(table, index=cell_models.index)


def with_published(computed, published, excitatory):
    """Published unitary PSPs, and computed ones where none is published.

    Parameters
    ----------
    computed : pandas.DataFrame, index specimen_id, one column a presynaptic type, mV per pA
        As from :func:`unitary_psp_table`.
    published : pandas.DataFrame, index specimen_id, one column a presynaptic type, mV per pA
        Of any models and types; NaN where none is published.
    excitatory : sequence of str
        The excitatory presynaptic types. Published inhibitory PSPs were made with other kinetics and differ anyway.

    Returns
    -------
    psp : pandas.DataFrame
        Like ``computed``.
    record : dict
        For ``network.json``: ``unitary_psp_computed``, the types by specimen that are computed; empty without any.

    Raises
    ------
    ValueError
        Where a published excitatory PSP is more than a tenth off the computed one: the cell model or the kinetics have
        been changed since, and weights by the published PSP would be off by as much.
    """
    known = published.reindex(index=computed.index, columns=computed.columns)
    checked = [column for column in computed.columns if column in excitatory]
    stale = ((known / computed)[checked] - 1).abs() > LARGEST_DIFFERENCE
    if stale.any(axis=None):
        specimen = stale.any(axis=1).idxmax()
        pre = stale.loc[specimen].idxmax()
        n = int(stale.any(axis=1).sum())
        raise ValueError(
            f"unitary_psp.csv, specimen_id {specimen}, column {pre}: found {known.at[specimen, pre]:g} mV/pA, but "
            f"cell_models.csv and synapse_kinetics.csv give {computed.at[specimen, pre]:.3g}"
            f"{f' ({n} cell models are so)' if n > 1 else ''}; expected the PSPs of these cell models and kinetics: "
            "delete the line (its PSPs are then computed), or give the network unitary_psp: computed"
        )
    gaps = {str(specimen): list(row.index[row]) for specimen, row in known.isna().iterrows() if row.any()}
    return known.fillna(computed), {"unitary_psp_computed": gaps} if gaps else {}
