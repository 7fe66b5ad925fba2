"""Unitary PSPs: the peak depolarisation that a 1 pA double-alpha synapse causes in a GLIF cell at rest."""

import numpy as np
import pandas as pd

GRID_STEP_MS = 0.1
GRID_END_MS = 250.0


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

    The peak is bracketed on a 0.1 ms grid and refined by golden-section steps to well under 1e-9 of its height.

    Parameters
    ----------
    tau_fast, tau_slow, amp_slow, c_m, g : array of float, shape (n,)

    Returns
    -------
    array of float, shape (n,)
    """
    columns = [np.asarray(v, dtype=float)[:, None] for v in (tau_fast, tau_slow, amp_slow, c_m, g)]
    t = np.arange(1, int(GRID_END_MS / GRID_STEP_MS)) * GRID_STEP_MS
    best = t[np.argmax(psp(t[None, :], *columns), axis=1)]
    low, high = (best - GRID_STEP_MS)[:, None], (best + GRID_STEP_MS)[:, None]
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        falls = psp(left, *columns) > psp(right, *columns)
        low, high = np.where(falls, low, left), np.where(falls, right, high)
    return psp((low + high) / 2, *columns)[:, 0]


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
