"""Weights of the recurrent connections: lognormal PSPs, ranked by tuning similarity in like-to-like networks."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.special import ndtri

from v1_files.random_streams import fork, stream_key, uniform_at

MINIMUM_SHAPE = 0.001
QUANTILE_RANGE = (0.001, 0.999)
NOISE_INHIBITORY_DEG = 10.0
NOISE_DEG = 5.0


def psp_lognormals(tables, types):
    """Lognormal of the connection strength for each pair of populations, its spread freed of the synapse-number spread.

    Parameters
    ----------
    tables : seed_tables.SeedTables
    types : pandas.DataFrame
        ``V1Nodes.types``.

    Returns
    -------
    shape, scale_mv : array of float, shape (P, P), source × target population
    """
    names = list(tables.populations.index)
    classes = tables.psp_class.set_index(["pre", "post"])["connection_class"]
    pairs = [classes[(pre, post)] for pre in names for post in names]
    psp = tables.psp_statistics.loc[pairs]
    psp_shape = psp["lognormal_shape_90th_percentile"].to_numpy(float).reshape(len(names), -1)
    psp_scale = psp["lognormal_scale_mV_90th_percentile"].to_numpy(float).reshape(len(names), -1)
    target = types.drop_duplicates("population").set_index("population").loc[names]
    n_shape, n_scale = target["nsyn_size_shape"].to_numpy(), target["nsyn_size_scale"].to_numpy()
    n_mean = target["nsyn_size_mean"].to_numpy()
    variance = np.square(psp_shape) - np.square(n_shape)[None, :]
    shape = np.where(variance >= 0, np.sqrt(np.maximum(variance, 0)), MINIMUM_SHAPE)
    return shape, np.exp(np.log(psp_scale) + (np.log(n_scale) - np.log(n_mean))[None, :])


@njit(nogil=True, cache=True)
def pair_uniforms(key, sources, targets):
    """One uniform number for each (source, target)."""
    out = np.empty(len(sources))
    for i in range(len(sources)):
        out[i] = uniform_at(fork(key, targets[i]), sources[i])
    return out


def tuning_cdf(delta, b1, b2):
    """CDF over 0..180° of the density that runs linearly from b1 at 0° to b2 at 90° and back.

    >>> tuning_cdf(np.array([0.0, 90.0, 180.0]), 4 / 3, 2 / 3)
    array([0. , 0.5, 1. ])
    """
    near = np.minimum(delta, 180.0 - delta)
    half = (b1 * near + (b2 - b1) * near**2 / 180.0) / 180.0
    return np.where(delta <= 90.0, half, 1.0 - half)


def direction_difference(a, b):
    """Difference of two directions, folded to 0..180°."""
    return np.abs((a - b + 180.0) % 360.0 - 180.0)


@dataclass(frozen=True)
class RecurrentWeights:
    """Weights of any block of recurrent edges of a network.

    Attributes
    ----------
    unitary_psp : array of float, shape (P, M)
        PSP1 by source population and target cell model, mV per pA.
    """

    nodes: object
    rule: object
    like_to_like: bool
    shape: np.ndarray
    scale_mv: np.ndarray
    unitary_psp: np.ndarray
    type_of_population: np.ndarray
    key: np.uint64

    @classmethod
    def of_network(cls, nodes, rule, tables, unitary_psp, like_to_like, seed):
        """Weights of ``V1Nodes`` under a ``ConnectionRule``; ``unitary_psp`` as from ``psp.unitary_psp_table``."""
        shape, scale = psp_lognormals(tables, nodes.types)
        of_population = tables.cell_types.loc[nodes.population_names]
        psp1 = unitary_psp[list(of_population["cell_type_synaptic"])].to_numpy().T
        code = {name: i for i, name in enumerate(rule.cell_types)}
        return cls(
            nodes, rule, like_to_like, shape, scale, np.ascontiguousarray(psp1),
            of_population["cell_type"].map(code).to_numpy(), stream_key(seed, "recurrent_weight"),
        )  # fmt: skip

    def quantile(self, sources, targets):
        """Rank of each edge's PSP in its lognormal, within ``QUANTILE_RANGE``."""
        u = pair_uniforms(self.key, sources, targets)
        if self.like_to_like:
            u = self._tuned_quantile(u, sources, targets)
        return np.clip(u, *QUANTILE_RANGE)

    def _tuned_quantile(self, u, sources, targets):
        s = self.type_of_population[self.nodes.population[sources]]
        t = self.type_of_population[self.nodes.population[targets]]
        oriented = self.rule.oriented[s, t]
        both_inhibitory = ~self.rule.excitatory[s] & ~self.rule.excitatory[t]
        noise = np.where(oriented, 0.0, np.where(both_inhibitory, NOISE_INHIBITORY_DEG, NOISE_DEG) * ndtri(u))
        angle = self.nodes.tuning_angle
        delta = direction_difference(angle[targets] + noise, angle[sources])
        by_density = 1.0 - tuning_cdf(delta, self.rule.b1[s, t], self.rule.b2[s, t])
        return np.where(oriented, by_density, 1.0 - delta / 180.0)

    def of_edges(self, sources, targets):
        """Weights in pA, negative for inhibitory sources.

        Parameters
        ----------
        sources, targets : array of int, shape (E,)

        Returns
        -------
        array of float32, shape (E,)
        """
        s, t = self.nodes.population[sources], self.nodes.population[targets]
        model = self.nodes.model[targets]
        z = ndtri(self.quantile(sources, targets))
        strength_mv = self.scale_mv[s, t] * np.exp(self.shape[s, t] * z)
        mean = self.nodes.types["nsyn_size_mean"].to_numpy()[model]
        sign = np.where(self.rule.excitatory[self.type_of_population[s]], 1.0, -1.0)
        weight = sign * strength_mv * mean / (self.unitary_psp[s, model] * self.nodes.target_sizes[targets])
        return weight.astype(np.float32)
