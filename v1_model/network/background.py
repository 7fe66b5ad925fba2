"""Background units → V1: a few Poisson units for every cell, with tuned weights."""

import numpy as np
from numba import njit

from v1_files.random_streams import fork, uniform_at

UNITS = 100
UNITS_PER_CELL = 4
DELAY_MS = 1.0


@njit(nogil=True, cache=True)
def draw_units(key, first, last):
    """Units of the V1 cells ``first … last − 1``, drawn without replacement.

    Returns
    -------
    array of int32, shape ((last − first) · UNITS_PER_CELL,), sorted within each cell
    """
    out = np.empty((last - first, UNITS_PER_CELL), dtype=np.int32)
    pool = np.arange(UNITS, dtype=np.int32)
    for t in range(first, last):
        own = fork(key, t)
        pool[:] = np.arange(UNITS)
        for k in range(UNITS_PER_CELL):
            other = k + int(uniform_at(own, k) * (UNITS - k))
            pool[k], pool[other] = pool[other], pool[k]
        out[t - first] = np.sort(pool[:UNITS_PER_CELL])
    return out.ravel()


def weights_by_model(tables, types, source):
    """Background weight of each cell model, pA.

    Parameters
    ----------
    tables : seed_tables.SeedTables
    types : pandas.DataFrame
        ``V1Nodes.types``.
    source : {"fitted", "initial"}
        Tuned by cell model, or the population's value from before the tuning.

    Returns
    -------
    array of float32, shape (M,)
    """
    if source == "fitted":
        weights = tables.background_fitted["fitted_weight_pA"].loc[types.index]
    else:
        weights = tables.background["initial_weight_pA"].loc[types["population"]]
    return weights.to_numpy(np.float32)
