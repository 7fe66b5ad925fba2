"""Recurrent connections: which V1 cell connects to which.

The probability of a connection from source cell s to target cell t is p_max · K(Δ) · O(δ) · size(t): a lateral
Gaussian, an orientation rule between excitatory cells and the target's relative synapse number (``docs/model.md``).

Sources of a cell type lie in a square grid. A target walks the grid squares with an exponential clock under a bound
of the probability in each square, so it visits about as many sources as it connects to, wherever they are; the sources
visited are then accepted with their true probability over the bound (thinning, Lewis & Shedler 1979,
doi:10.1002/nav.3800260304).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.stats import qmc

from v1_files.random_streams import fork, stream_key, uniform_at

GRID_UM = 40.0
ANISOTROPY = 1.5
SHIFT_UM = 50.0
SHIFT_RADIUS_FACTOR = 1.5
# Above this bound a square's sources are tried one by one: the clock would stop at most of them.
DENSE = 0.3
CLOCK_MARGIN = -np.log1p(-DENSE) / DENSE


@dataclass(frozen=True)
class ConnectionRule:
    """Parameters of the connection probability, by cell type (K of them, in ``cell_types`` order).

    Attributes
    ----------
    cell_types : list of str
    excitatory : array of bool, shape (K,)
    p_max : array of float, shape (K, K), source × target
    sigma_um : array of float, shape (2, 2), source × target, index 1 = excitatory
    b1, b2 : array of float, shape (K, K)
        Orientation factor at 0° and 90°; 1 where orientation does not matter.
    oriented : array of bool, shape (K, K)
        Pairs whose probability depends on orientation.
    shift_radius_um : float
        Targets further out have unshifted kernels.
    """

    cell_types: list
    excitatory: np.ndarray
    p_max: np.ndarray
    sigma_um: np.ndarray
    b1: np.ndarray
    b2: np.ndarray
    oriented: np.ndarray
    shift_radius_um: float


def orientation_factors(ratio, p_max):
    """Factors B1 (0°) and B2 (90°) of the orientation rule for a 90°/0° ratio, kept from pushing p above 1.

    >>> orientation_factors(0.5, 0.1)
    (1.3333333333333333, 0.6666666666666666)
    >>> orientation_factors(0.5, 0.9375)  # 1/p_max = 1.0667
    (1.0666666666666667, 0.9333333333333332)
    """
    b1 = 2.0 / (1.0 + ratio)
    b2 = ratio * b1
    excess = max(b1, b2) - (1.0 / p_max if p_max > 0 else np.inf)
    if excess <= 0:
        return b1, b2
    return (b1 - excess, b2 + excess) if b1 >= b2 else (b1 + excess, b2 - excess)


def connection_rule(tables, core_radius_um):
    """Connection rule of the seed tables.

    Parameters
    ----------
    tables : seed_tables.SeedTables
    core_radius_um : float

    Returns
    -------
    ConnectionRule
    """
    names = tables.cell_types.drop_duplicates("cell_type").set_index("cell_type")
    types = list(names.index)
    excitatory = (names["ei"] == "e").to_numpy()
    p_max = (
        tables.connection_probability.pivot(index="pre", columns="post", values="p_max").loc[types, types].to_numpy()
    )
    ei = ["i", "e"]
    sigma = tables.connection_sigma.pivot(index="pre", columns="post", values="sigma_um").loc[ei, ei].to_numpy()
    ratios = tables.orientation_ratio.set_index(["pre", "post"])["orientation_ratio_90_to_0"]
    ratio = float(ratios[("e", "e")])
    oriented = np.outer(excitatory, excitatory) & (ratio > 0)
    factors = np.array([[orientation_factors(ratio, p) for p in row] for row in p_max])
    b1, b2 = (np.where(oriented, factors[..., i], 1.0) for i in (0, 1))
    return ConnectionRule(
        types,
        excitatory,
        p_max.astype(float),
        sigma.astype(float),
        b1,
        b2,
        oriented,
        SHIFT_RADIUS_FACTOR * core_radius_um,
    )


@njit(inline="always")
def lateral_kernel(dx, dz, cos, sin, shift, sigma, excitatory):
    """Lateral Gaussian K of peak 1 at offset (dx, dz) = source − target, µm."""
    along = dx * cos + dz * sin
    across = dz * cos - dx * sin
    if excitatory:
        along = (along + shift) * ANISOTROPY / sigma
        across = across / (ANISOTROPY * sigma)
    else:
        along = (along - shift) / sigma
        across = across / sigma
    return np.exp(-0.5 * (along * along + across * across))


@njit(inline="always")
def orientation_difference(a, b):
    """Difference of two directions as orientations, 0..90 degrees."""
    return abs(abs(abs(180.0 - abs(a - b)) - 90.0) - 90.0)


@njit(inline="always")
def kernel_bound(along, across, half_diagonal, shift, sigma, excitatory):
    """Upper bound of K in a square whose centre lies at (along, across) in the target's frame."""
    if excitatory:
        a = (along + shift) * ANISOTROPY / sigma
        c = across / (ANISOTROPY * sigma)
        reach = half_diagonal * ANISOTROPY / sigma
    else:
        a = (along - shift) / sigma
        c = across / sigma
        reach = half_diagonal / sigma
    nearest = max(0.0, np.sqrt(a * a + c * c) - reach)
    return np.exp(-0.5 * nearest * nearest)


@dataclass(frozen=True)
class SourceGrid:
    """Sources by cell type and grid square.

    Attributes
    ----------
    order : array of int32, shape (N,)
        Node ids sorted by cell type, then square.
    start : array of int64, shape (K, S + 1)
        Where each square's sources begin in ``order``.
    centre : array of float, shape (S, 2), µm
    """

    order: np.ndarray
    start: np.ndarray
    centre: np.ndarray


def source_grid(x, z, cell_type, n_types):
    """Sort cells into the grid; only squares that hold a cell are kept."""
    column = np.floor(x / GRID_UM).astype(np.int64)
    row = np.floor(z / GRID_UM).astype(np.int64)
    squares, square = np.unique(np.stack([column, row], axis=1), axis=0, return_inverse=True)
    square = square.ravel()
    order = np.lexsort((np.arange(len(x)), square, cell_type)).astype(np.int32)
    slot = cell_type[order] * len(squares) + square[order]
    edges = np.searchsorted(slot, np.arange(n_types)[:, None] * len(squares) + np.arange(len(squares) + 1)[None, :])
    return SourceGrid(order, edges.astype(np.int64), (squares + 0.5) * GRID_UM)


@njit(nogil=True, cache=True)
def _grown(array):
    bigger = np.empty(2 * len(array), dtype=array.dtype)
    bigger[: len(array)] = array
    return bigger


@njit(nogil=True, cache=True)
def _bounds_of_target(t, x, z, cos, sin, shift, sigma, centre, bound):
    half_diagonal = GRID_UM * np.sqrt(0.5)
    for s in range(len(centre)):
        dx, dz = centre[s, 0] - x[t], centre[s, 1] - z[t]
        along, across = dx * cos + dz * sin, dz * cos - dx * sin
        bound[0, s] = kernel_bound(along, across, half_diagonal, shift, sigma[0], False)
        bound[1, s] = kernel_bound(along, across, half_diagonal, shift, sigma[1], True)


@njit(nogil=True, cache=True)
def sample_sources(
    key,
    first,
    last,
    x,
    z,
    angle,
    size,
    cell_type,
    excitatory,
    p_max,
    sigma,
    b1,
    b2,
    oriented,
    shift_radius,
    order,
    start,
    centre,
):
    """Draw the sources of the targets ``first … last − 1``.

    Returns
    -------
    sources : array of int32, shape (E,)
        Sorted within each target.
    counts : array of int64, shape (last − first,)
        Sources of each target.
    """
    n_types, n_squares = len(excitatory), len(centre)
    sources = np.empty(1 << 16, dtype=np.int32)
    counts = np.zeros(last - first, dtype=np.int64)
    bound = np.empty((2, n_squares))
    n = 0
    for t in range(first, last):
        target_type = cell_type[t]
        target_excitatory = 1 if excitatory[target_type] else 0
        cos, sin = np.cos(np.deg2rad(angle[t])), np.sin(np.deg2rad(angle[t]))
        shift = SHIFT_UM if x[t] * x[t] + z[t] * z[t] <= shift_radius * shift_radius else 0.0
        target_sigma = sigma[:, target_excitatory]
        _bounds_of_target(t, x, z, cos, sin, shift, target_sigma, centre, bound)
        target_key = fork(key, t)
        begin = n
        for g in range(n_types):
            peak = p_max[g, target_type] * size[t]
            if peak <= 0.0:
                continue
            exc = excitatory[g]
            sig = target_sigma[1] if exc else target_sigma[0]
            low, high = b1[g, target_type], b2[g, target_type]
            use_angle = oriented[g, target_type]
            ceiling = peak * max(low, high)
            row = bound[1] if exc else bound[0]
            stream = fork(target_key, g)
            draws = 0
            clock = -np.log(uniform_at(stream, draws))
            for s in range(n_squares):
                i, stop = start[g, s], start[g, s + 1]
                if i == stop:
                    continue
                limit = ceiling * row[s]
                dense = limit > DENSE
                hazard = limit * CLOCK_MARGIN
                while True:
                    if not dense:
                        left = hazard * (stop - i)
                        if clock > left:
                            clock -= left
                            break
                        i = min(i + np.int64(clock / hazard), stop - 1)
                    elif i == stop:
                        break
                    source = order[i]
                    p = peak * lateral_kernel(x[source] - x[t], z[source] - z[t], cos, sin, shift, sig, exc)
                    if use_angle:
                        p *= low + (high - low) * orientation_difference(angle[source], angle[t]) / 90.0
                    draws += 1
                    u = uniform_at(stream, draws)
                    if not dense:
                        u *= -np.expm1(-hazard)
                        draws += 1
                        clock = -np.log(uniform_at(stream, draws))
                    if u < p and source != t:
                        if n == len(sources):
                            sources = _grown(sources)
                        sources[n] = source
                        n += 1
                    i += 1
        counts[t - first] = n - begin
        sources[begin:n].sort()
    return sources[:n].copy(), counts


@dataclass(frozen=True)
class RecurrentSampler:
    """Draws the recurrent sources of any range of targets of a network."""

    nodes: object
    rule: ConnectionRule
    cell_type: np.ndarray
    size: np.ndarray
    grid: SourceGrid
    key: np.uint64

    @classmethod
    def of_network(cls, nodes, rule, seed):
        """Sampler of the cells of a network (``V1Nodes``) under a ``ConnectionRule``."""
        code = {name: i for i, name in enumerate(rule.cell_types)}
        cell_type = nodes.types["cell_type"].map(code).to_numpy()[nodes.model]
        size = nodes.target_sizes / nodes.types["nsyn_size_mean"].to_numpy()[nodes.model]
        grid = source_grid(nodes.x, nodes.z, cell_type, len(rule.cell_types))
        return cls(nodes, rule, cell_type, size, grid, stream_key(seed, "recurrent"))

    def draw(self, first, last):
        """Sources and their counts for the targets ``first … last − 1`` (see :func:`sample_sources`)."""
        n, r, g = self.nodes, self.rule, self.grid
        return sample_sources(
            self.key, first, last, n.x, n.z, n.tuning_angle, self.size, self.cell_type, r.excitatory, r.p_max,
            r.sigma_um, r.b1, r.b2, r.oriented, r.shift_radius_um, g.order, g.start, g.centre,
        )  # fmt: skip


SOBOL_POINTS_LOG2 = 15


def expected_edges(nodes, rule, sampler, radius_um):
    """Expected number of recurrent edges of each pair of cell types, over all positions, sizes and tuning angles.

    A quasi-random (Sobol) integral of the connection probability for cells spread evenly over the disc; it shares the
    formula of the probability with the sampler but none of its draws.

    Returns
    -------
    array of float, shape (K, K), source × target
    """
    q = qmc.Sobol(7, seed=0).random_base2(SOBOL_POINTS_LOG2)
    (xs, zs), (xt, zt) = (_disc(q[:, i], q[:, i + 1], radius_um) for i in (0, 2))
    angle_t, angle_s = 360.0 * q[:, 4], 360.0 * q[:, 5]
    cells = np.bincount(sampler.cell_type, minlength=len(rule.cell_types))
    sizes = [np.sort(sampler.size[sampler.cell_type == t]) for t in range(len(cells))]
    expected = np.zeros((len(cells), len(cells)))
    delta = orientation_difference.py_func(angle_s, angle_t) / 90.0
    shift = np.where(np.hypot(xt, zt) <= rule.shift_radius_um, SHIFT_UM, 0.0)
    cos, sin = np.cos(np.deg2rad(angle_t)), np.sin(np.deg2rad(angle_t))
    kernels = {
        (exc, t_exc): lateral_kernel.py_func(
            xs - xt, zs - zt, cos, sin, shift, rule.sigma_um[int(exc), int(t_exc)], exc
        )
        for exc in (False, True)
        for t_exc in (False, True)
    }
    for t in range(len(cells)):
        if not len(sizes[t]):
            continue
        size = sizes[t][(q[:, 6] * len(sizes[t])).astype(int)]
        for s in range(len(cells)):
            orientation = rule.b1[s, t] + (rule.b2[s, t] - rule.b1[s, t]) * delta
            p = rule.p_max[s, t] * kernels[bool(rule.excitatory[s]), bool(rule.excitatory[t])] * size * orientation
            expected[s, t] = np.minimum(p, 1.0).mean() * cells[s] * (cells[t] - (s == t))
    return expected


def _disc(u, v, radius_um):
    r = radius_um * np.sqrt(u)
    return r * np.cos(2 * np.pi * v), r * np.sin(2 * np.pi * v)
