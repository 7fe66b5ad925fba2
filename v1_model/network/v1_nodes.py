"""V1 cells: how many of each model, where they lie, what they prefer, how many synapses they receive."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from v1_files.random_streams import generator, stream_key, uniforms

REFERENCE_RADIUS_UM = 700.0
INNER_RADIUS_UM = 1.0


@dataclass(frozen=True)
class V1Nodes:
    """The V1 cells, ids 0..N-1, ordered by population and cell model.

    Attributes
    ----------
    types : pandas.DataFrame, index specimen_id, shape (M, …)
        ``population``, ``ei``, ``location``, ``cell_type``, ``synaptic_type``, ``count``, ``nsyn_size_mean``,
        ``nsyn_size_shape``, ``nsyn_size_scale`` of each cell model.
    model, population : array of int, shape (N,)
        Row of ``types`` and position of the population in ``population_names``.
    x, y, z : array of float, shape (N,), µm
    tuning_angle : array of float, shape (N,), degrees in [0, 360)
    target_sizes : array of float, shape (N,)
        Synapses that the cell receives.
    """

    types: pd.DataFrame
    population_names: list
    model: np.ndarray
    population: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    tuning_angle: np.ndarray
    target_sizes: np.ndarray

    def __len__(self):
        return len(self.model)


def share_count(total, models):
    """Share a population's cells evenly over its models, the remainder one each to the first.

    >>> share_count(7, 3)
    array([3, 2, 2])
    """
    return total // models + (np.arange(models) < total % models)


def model_counts(tables, radius_um, seed, fluctuating):
    """Number of cells of each model inside a radius.

    Returns
    -------
    array of int, in the order of ``tables.cell_models``
    """
    population = tables.cell_models["population"]
    counts = np.zeros(len(population), dtype=np.int64)
    for name, total in tables.populations["count_r700um"].items():
        rows = np.flatnonzero(population == name)
        counts[rows] = share_count(int(total), len(rows))
    scaled = np.ceil(counts * (radius_um / REFERENCE_RADIUS_UM) ** 2).astype(np.int64)
    if not fluctuating:
        return scaled
    return np.array(
        [generator(seed, "cell_count", s).poisson(n) for s, n in zip(population.index, scaled, strict=True)]
    )


def node_types(tables, counts):
    """Table of the cell models with the attributes of their population, one row a model."""
    models = tables.cell_models[["population"]].copy()
    populations = tables.populations.loc[models["population"]]
    names = tables.cell_types.loc[models["population"]]
    shape = populations["n_synapses_lognormal_shape"].to_numpy(float)
    scale = populations["n_synapses_lognormal_scale"].to_numpy(float)
    models["ei"] = populations["ei"].to_numpy()
    models["location"] = populations["location"].to_numpy()
    models["cell_type"] = names["cell_type"].to_numpy()
    models["synaptic_type"] = names["cell_type_synaptic"].to_numpy()
    models["count"] = counts
    models["nsyn_size_mean"] = np.floor(lognormal_mean(shape, scale)).astype(np.int64)
    models["nsyn_size_shape"] = shape
    models["nsyn_size_scale"] = scale
    return models


def lognormal_mean(shape, scale):
    """Mean of a lognormal given by the SD of its logarithm and its median."""
    return scale * np.exp(np.square(shape) / 2)


def place_cells(tables, radius_um, seed, fluctuating=False):
    """Draw every V1 cell of a network.

    Parameters
    ----------
    tables : seed_tables.SeedTables
    radius_um : float
    seed : int
    fluctuating : bool
        Poisson numbers of cells instead of fixed ones.

    Returns
    -------
    V1Nodes
    """
    types = node_types(tables, model_counts(tables, radius_um, seed, fluctuating))
    counts = types["count"].to_numpy()
    model = np.repeat(np.arange(len(types)), counts)
    if not len(model):
        raise ValueError(f"a network of radius {radius_um} µm has no cells with these tables")
    population_names = list(tables.populations.index)
    population = pd.Categorical(types["population"], categories=population_names).codes.astype(np.int64)[model]
    u = uniforms(stream_key(seed, "v1_cell"), np.arange(len(model)), 4)
    r = np.sqrt(u[:, 0] * (radius_um**2 - INNER_RADIUS_UM**2) + INNER_RADIUS_UM**2)
    azimuth = 2 * np.pi * u[:, 1]
    top = tables.populations["depth_top_um"].to_numpy(float)[population]
    bottom = tables.populations["depth_bottom_um"].to_numpy(float)[population]
    shape = types["nsyn_size_shape"].to_numpy()[model]
    scale = types["nsyn_size_scale"].to_numpy()[model]
    return V1Nodes(
        types=types,
        population_names=population_names,
        model=model,
        population=population,
        x=r * np.cos(azimuth),
        y=-(top + (bottom - top) * u[:, 2]),
        z=r * np.sin(azimuth),
        tuning_angle=np.concatenate([np.arange(n) * (360.0 / n) for n in counts if n]),
        # A cell without synapses would divide its weights by zero.
        target_sizes=np.maximum(np.rint(scale * np.exp(shape * ndtri(u[:, 3]))), 1.0),
    )
