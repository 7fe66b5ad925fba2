"""f–I curves of the GLIF3 cell models, and the currents at which cell types fire at given rates.

The neuron is NEST's ``glif_psc_double_alpha`` with after-spike currents, without synapses: the same exact steps on the
same time grid, so a spike falls where NEST puts it. With two after-spike currents the steady rate has no closed form.
"""

import numpy as np
import pandas as pd
from numba import njit

from v1_files.reading import read_table

DURATION_MS = 2000.0
STEP_MS = 0.25
CURRENTS_PA = np.arange(0.0, 501.0, 2.0)
CURRENTS_PA.flags.writeable = False
PARAMETERS = (
    "C_m_pF", "g_nS", "E_L_mV", "V_th_mV", "V_reset_mV", "t_ref_ms",
    "asc_amp_1_pA", "asc_amp_2_pA", "asc_decay_1_per_ms", "asc_decay_2_per_ms",
)  # fmt: skip


@njit(nogil=True, cache=True)
def count_spikes(parameters, currents, steps, step_ms):
    """Spikes of cell models under constant currents, from rest.

    Parameters
    ----------
    parameters : array of float, shape (M, 10)
        A row a cell model, columns as in ``PARAMETERS``.
    currents : array of float, shape (K,), pA
    steps : int
    step_ms : float

    Returns
    -------
    array of int64, shape (M, K)
    """
    counts = np.zeros((len(parameters), len(currents)), dtype=np.int64)
    for m in range(len(parameters)):
        c_m, g, e_l, v_th, v_reset, t_ref, amp_1, amp_2, k_1, k_2 = parameters[m]
        keep = np.exp(-step_ms * g / c_m)
        gain = (1.0 - keep) / g
        fade_1, fade_2 = np.exp(-k_1 * step_ms), np.exp(-k_2 * step_ms)
        # Mean of a decaying current over a step, and what the refractory time leaves of it.
        mean_1, mean_2 = (1.0 - fade_1) / (k_1 * step_ms), (1.0 - fade_2) / (k_2 * step_ms)
        left_1, left_2 = np.exp(-k_1 * t_ref), np.exp(-k_2 * t_ref)
        threshold, reset = v_th - e_l, v_reset - e_l
        # NEST rounds the refractory time up to whole steps; its clock has a thousand tics a millisecond.
        refractory = int(np.ceil(round(t_ref * 1000.0) / (step_ms * 1000.0)))
        for k in range(len(currents)):
            if currents[k] / g <= threshold:
                continue
            v, asc_1, asc_2, waiting, spikes = 0.0, 0.0, 0.0, 0, 0
            for _ in range(steps):
                if waiting > 0:
                    waiting -= 1
                    continue
                total = currents[k] + mean_1 * asc_1 + mean_2 * asc_2
                asc_1 *= fade_1
                asc_2 *= fade_2
                v = v * keep + total * gain
                if v > threshold:
                    v, waiting, spikes = reset, refractory, spikes + 1
                    asc_1, asc_2 = amp_1 + asc_1 * left_1, amp_2 + asc_2 * left_2
            counts[m, k] = spikes
    return counts


def if_curves(cell_models, currents=CURRENTS_PA, duration_ms=DURATION_MS, step_ms=STEP_MS):
    """Mean rate of each cell model under constant currents, from their onset on.

    Parameters
    ----------
    cell_models : pandas.DataFrame, index specimen_id
        Columns ``PARAMETERS``.
    currents : array of float, shape (K,), pA
    duration_ms, step_ms : float

    Returns
    -------
    pandas.DataFrame, Hz, index ``current_pA`` (K), one column a specimen id
    """
    steps = round(duration_ms / step_ms)
    counts = count_spikes(cell_models[list(PARAMETERS)].to_numpy(float), np.asarray(currents, float), steps, step_ms)
    index = pd.Index(currents, name="current_pA")
    return pd.DataFrame(counts.T / (duration_ms / 1000.0), index=index, columns=cell_models.index)


def read_if_curves(path):
    """Read f–I curves as :func:`if_curves` gives them, checked to be in order of current."""
    table = read_table(path, finite=["current_pA"], key="current_pA")
    names = [name for name in table.columns if name != "current_pA"]
    if len(table) < 2 or not table["current_pA"].is_monotonic_increasing or not all(name.isdigit() for name in names):
        raise ValueError(f"{path}: currents in ascending order and a column for each specimen id expected")
    return read_table(path, positive=names).set_index("current_pA").rename(columns=int)


def mean_curves(curves, cell_type, cells):
    """Mean f–I curve of each cell type over its cells.

    Parameters
    ----------
    curves : pandas.DataFrame
        As from :func:`if_curves`.
    cell_type : pandas.Series of str, index specimen_id
    cells : pandas.Series of float, index specimen_id
        Number of cells that have the model, its weight in the mean.

    Returns
    -------
    pandas.DataFrame, Hz, index ``current_pA``, one column a cell type

    Raises
    ------
    ValueError
        If a model has no curve.
    """
    missing = cell_type.index.difference(curves.columns)
    if len(missing):
        raise ValueError(f"no f–I curve of cell model {missing[0]}")
    weighted = curves[cell_type.index] * cells
    return weighted.T.groupby(cell_type).sum().T / cells.groupby(cell_type).sum()


def current_at_rate(curve, rate_hz):
    """The least current at which an f–I curve reaches a rate, linear between its points.

    Parameters
    ----------
    curve : pandas.Series, Hz, index current in pA
    rate_hz : float
        Above 0.

    Returns
    -------
    float, pA

    Raises
    ------
    ValueError
        If the curve begins above the rate or does not reach it.

    Examples
    --------
    >>> current_at_rate(pd.Series([0.0, 0.0, 4.0, 8.0], index=[0.0, 100.0, 200.0, 300.0]), 5.0)
    225.0
    """
    rates, currents = curve.to_numpy(), curve.index.to_numpy(float)
    if not rate_hz > rates[0]:
        raise ValueError(f"a rate above {rates[0]:g} Hz, that at {currents[0]:g} pA, is needed, found {rate_hz:g} Hz")
    if rate_hz > rates.max():
        raise ValueError(
            f"{rate_hz:g} Hz is more than the {rates.max():g} Hz that the f–I curve reaches up to {currents[-1]:g} pA"
        )
    upper = int(np.argmax(rates >= rate_hz))
    fraction = (rate_hz - rates[upper - 1]) / (rates[upper] - rates[upper - 1])
    return float(currents[upper - 1] + fraction * (currents[upper] - currents[upper - 1]))
