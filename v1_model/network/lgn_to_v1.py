"""LGN → V1 connections: which LGN cells project to a V1 cell, with how many synapses."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from v1_files.random_streams import fork, stream_key, uniform_at
from v1_model.network.lgn_field import DEG_PER_UM, SIGMA_DEG
from v1_model.network.lgn_nodes import TWO_SUBFIELDS
from v1_model.network.v1_nodes import lognormal_mean

SEARCH_DEG = 40.0
SHIFT_DEG = 2.5
STRETCH = np.sqrt(1.5)
ORIENTATION_TOLERANCE_DEG = 15.0
SYNAPSE_FRACTION = 0.2
REDRAWN_MEAN = 0.1
DELAY_MS = 1.7
# Mean synapse number of L4 excitatory cells, for networks whose workbook has no such population.
PUBLISHED_MEAN_E4_SYNAPSES = 2188.765 * np.exp(0.345**2 / 2)
S_ON, S_OFF, T_OFF, TWO = 0, 1, 2, 3
FAMILIES = {"sON": S_ON, "sOFF": S_OFF, "tOFF": T_OFF}
# Streams of a target cell: its ON/OFF draw, preferred frequency, candidates, synapse numbers, their places.
_ON, _FREQUENCY, _CANDIDATE, _SYNAPSES, _PLACE = range(5)


def family_of(model):
    """Family and preferred temporal frequency (Hz) of an LGN class.

    >>> family_of("sOFF_TF15")
    (1, 15.0)
    """
    if model in TWO_SUBFIELDS:
        return TWO, np.nan
    name, _, frequency = model.partition("_TF")
    if name not in FAMILIES or not frequency.isdigit():
        known = f"sON_TF*, sOFF_TF*, tOFF_TF*, {', '.join(TWO_SUBFIELDS)}"
        raise ValueError(f"lgn_models.csv: class {model!r} belongs to no family of LGN cells; expected one of {known}")
    return FAMILIES[name], float(frequency)


@njit(inline="always")
def _poisson_above_zero(key, mean):
    """Poisson number above zero: by multiplication of uniforms, redrawn while zero (Knuth), or else by inversion.

    Small means are nearly always zero, and would be redrawn a million times for one in a million.
    """
    if mean < REDRAWN_MEAN:
        left, number, part = -np.expm1(-mean) * uniform_at(key, 0), 1, mean * np.exp(-mean)
        while left > part and part > 0.0:
            left -= part
            number += 1
            part *= mean / number
        return number
    limit = np.exp(-mean)
    counter = 0
    while True:
        product, number = 1.0, -1
        while product > limit:
            product *= uniform_at(key, counter)
            counter += 1
            number += 1
        if number > 0:
            return number


@njit(nogil=True, cache=True)
def frequency_preference(family, frequency, preferred, on_cell):
    """Factor q of each LGN class for a target's preferred frequency; −1 marks classes chosen by orientation instead.

    Parameters
    ----------
    family : array of int, shape (M,)
    frequency : array of float, shape (M,), Hz
    preferred : int, Hz
    on_cell : bool
        ON cells ignore sOFF classes, the others sON classes.

    Returns
    -------
    array of float, shape (M,)
    """
    q = np.zeros(len(family))
    ignored = S_OFF if on_cell else S_ON
    for f in range(3):
        total, n = 0.0, 0
        for m in range(len(family)):
            if family[m] == f:
                total += abs(preferred - frequency[m])
                n += 1
        for m in range(len(family)):
            if family[m] == f and f != ignored:
                q[m] = 1.0 if n == 1 else (1.0 - abs(preferred - frequency[m]) / total) / (n - 1)
    for m in range(len(family)):
        if family[m] == TWO:
            q[m] = -1.0
    return q


@njit(inline="always")
def yule_simon(u1, u2, rho):
    """Yule–Simon number from two uniforms: geometric with success probability exp(−W), W exponential of rate rho."""
    log_failure = np.log1p(-(u2 ** (1.0 / rho)))
    return max(1.0, np.ceil(np.log(u1) / log_failure))


@njit(nogil=True, cache=True)
def _candidates(key, angle, sign, cx, cz, lgn_x, lgn_y, lgn_angle, model, family, q, index, rank, distance):
    """Candidate LGN cells of one target with their race times (log) and squared distances; returns their number."""
    vx, vy = sign * np.cos(np.deg2rad(angle)), sign * np.sin(np.deg2rad(angle))
    n = 0
    for c in range(len(lgn_x)):
        weight = q[model[c]]
        if weight == 0.0:
            continue
        dx, dy = lgn_x[c] - cx, lgn_y[c] - cz
        if dx * dx + dy * dy > SEARCH_DEG * SEARCH_DEG:
            continue
        f = family[model[c]]
        if f == TWO:
            difference = (lgn_angle[c] - angle) % 180.0
            if min(difference, 180.0 - difference) > ORIENTATION_TOLERANCE_DEG:
                continue
            weight = 1.0
        along = dx * vx + dy * vy
        across = dy * vx - dx * vy
        if f == T_OFF:
            along += SHIFT_DEG
        elif f != TWO:
            along -= SHIFT_DEG
        along, across = along * STRETCH, across / STRETCH
        r2 = along * along + across * across
        index[n] = c
        distance[n] = r2
        # The smallest exponential times are a draw without replacement by weight (Efraimidis & Spirakis 2006).
        rank[n] = np.log(-np.log(uniform_at(key, c))) + r2 / (2.0 * SIGMA_DEG * SIGMA_DEG) - np.log(weight)
        n += 1
    return n


@njit(nogil=True, cache=True)
def _synapse_numbers(key, place_key, rho, r2):
    """Synapses of each connection of one target: Yule–Simon numbers, the large ones placed by distance."""
    n = len(r2)
    drawn = np.empty(n)
    for i in range(n):
        drawn[i] = yule_simon(uniform_at(key, 2 * i), uniform_at(key, 2 * i + 1), rho)
    drawn = np.sort(drawn)[::-1]
    numbers = np.ones(n, dtype=np.uint32)
    free = np.arange(n)
    counter, i = 0, 0
    while i < n and drawn[i] > 1.0:
        k, m = drawn[i], 0
        while i + m < n and drawn[i + m] == k:
            m += 1
        rank = np.empty(len(free))
        for j in range(len(free)):
            rank[j] = np.log(-np.log(uniform_at(place_key, counter))) + r2[free[j]] * k / (2.0 * SIGMA_DEG * SIGMA_DEG)
            counter += 1
        last = np.partition(rank, m - 1)[m - 1]
        numbers[free[rank <= last]] = np.uint32(min(k, 4294967295.0))
        free = free[rank > last]
        i += m
    return numbers


@njit(nogil=True, cache=True)
def connect_targets(
    key, first, last, centre_x, centre_y, angle, wanted_synapses, on_fraction, mean_frequency, rho,
    lgn_x, lgn_y, lgn_angle, model, family, frequency,
):  # fmt: skip
    """Draw the LGN sources of the V1 cells ``first … last − 1``.

    Returns
    -------
    sources : array of int32, shape (E,), sorted within each target
    synapses : array of uint32, shape (E,)
    counts : array of int64, shape (last − first,)
    """
    index, rank, distance = np.empty(len(lgn_x), np.int32), np.empty(len(lgn_x)), np.empty(len(lgn_x))
    counts = np.zeros(last - first, dtype=np.int64)
    ceiling = 0
    for t in range(first, last):
        ceiling += min(len(lgn_x), int(wanted_synapses[t]) + 1)
    sources, synapses = np.empty(ceiling, np.int32), np.empty(ceiling, np.uint32)
    n = 0
    for t in range(first, last):
        own = fork(key, t)
        on_cell = uniform_at(fork(own, _ON), 0) < on_fraction[t]
        preferred = _poisson_above_zero(fork(own, _FREQUENCY), mean_frequency[t])
        q = frequency_preference(family, frequency, preferred, on_cell)
        found = _candidates(
            fork(own, _CANDIDATE), angle[t], 1.0 if on_cell else -1.0, centre_x[t], centre_y[t], lgn_x, lgn_y,
            lgn_angle, model, family, q, index, rank, distance,
        )  # fmt: skip
        wanted = min(found, int(np.rint(wanted_synapses[t] * (rho[t] - 1.0) / rho[t])))
        if wanted == 0:
            continue
        limit = np.partition(rank[:found], wanted - 1)[wanted - 1]
        chosen = np.flatnonzero(rank[:found] <= limit)
        sources[n : n + wanted] = index[chosen]
        synapses[n : n + wanted] = _synapse_numbers(fork(own, _SYNAPSES), fork(own, _PLACE), rho[t], distance[chosen])
        counts[t - first] = wanted
        n += wanted
    return sources[:n].copy(), synapses[:n].copy(), counts


@dataclass(frozen=True)
class LgnProjection:
    """Draws the LGN sources of any range of V1 cells; arrays of shape (N,) are by V1 cell.

    Attributes
    ----------
    weight_pa : array of float32, shape (N,)
        Weight of one synapse onto each V1 cell.
    """

    arguments: tuple
    key: np.uint64
    weight_pa: np.ndarray

    @classmethod
    def of_network(cls, v1, lgn, tables, unitary_psp, seed):
        """Projection of ``LgnNodes`` onto ``V1Nodes``; ``unitary_psp`` as from ``psp.unitary_psp_table``."""
        rules = tables.lgn_to_v1.loc[v1.population_names]

        def by_cell(column):
            return rules[column].to_numpy(float)[v1.population]

        family, frequency = (np.array(c) for c in zip(*(family_of(m) for m in lgn.models), strict=True))
        wanted = v1.target_sizes * SYNAPSE_FRACTION * by_cell("lgn_synapses_relative_to_e4")
        centre_x = lgn.centre[0] + DEG_PER_UM[0] * v1.x
        centre_y = lgn.centre[1] + DEG_PER_UM[1] * v1.z
        columns = (lgn.attributes[c].to_numpy() for c in ("x", "y", "tuning_angle"))
        arguments = (
            centre_x, centre_y, v1.tuning_angle, wanted, by_cell("sustained_on_fraction"),
            by_cell("preferred_tf_poisson_mean"), by_cell("synapses_per_connection_yule_rho"), *columns, lgn.model,
            family, frequency,
        )  # fmt: skip
        return cls(arguments, stream_key(seed, "lgn_to_v1"), synapse_weights(v1, tables, unitary_psp))

    def draw(self, first, last):
        """Sources, synapse numbers and counts of the targets ``first … last − 1`` (see :func:`connect_targets`)."""
        return connect_targets(self.key, first, last, *self.arguments)


def mean_e4_synapses(tables):
    """Mean synapse number of the L4 excitatory cells, the unit of the projection's weights."""
    rows = tables.cell_types.index[tables.cell_types["cell_type_synaptic"] == "e4"]
    if not len(rows):
        return PUBLISHED_MEAN_E4_SYNAPSES
    row = tables.populations.loc[rows[0]]
    return float(lognormal_mean(row["n_synapses_lognormal_shape"], row["n_synapses_lognormal_scale"]))


def synapse_weights(v1, tables, unitary_psp):
    """Weight of one LGN synapse onto each V1 cell, pA.

    Returns
    -------
    array of float32, shape (N,)
    """
    factor = tables.lgn_weight_exceptions["lgn_weight_factor"].reindex(v1.types.index).fillna(1.0).to_numpy(float)
    psp_mv = tables.lgn_to_v1["unitary_psp_mV"].loc[v1.types["population"]].to_numpy(float)
    by_model = psp_mv / unitary_psp["exc"].to_numpy() * factor * mean_e4_synapses(tables)
    return (by_model[v1.model] / v1.target_sizes).astype(np.float32)
