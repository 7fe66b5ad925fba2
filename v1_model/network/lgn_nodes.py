"""LGN cells: tiles of the visual field, receptive field sizes, temporal filters."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from v1_files.random_streams import stream_key, uniforms
from v1_model.network.lgn_field import FIELD_TILES, TILE_DEG, TILES

JITTER = 0.025
# Dominant and non-dominant temporal filter and the distance of the subfields (deg) of the two-subfield classes.
TWO_SUBFIELDS = {"sONsOFF_001": ("sOFF_TF4", "sON_TF4", 6.0), "sONtOFF_001": ("tOFF_TF8", "sON_TF4", 4.0)}
FILTER_COLUMNS = {
    "weight_{}_0": "weight_1",
    "weight_{}_1": "weight_2",
    "kpeaks_{}_0": "kpeak_1",
    "kpeaks_{}_1": "kpeak_2",
    "delay_{}_0": "delay_1_ms",
    "delay_{}_1": "delay_2_ms",
}


@dataclass(frozen=True)
class LgnNodes:
    """The LGN cells, ids 0..N-1.

    Attributes
    ----------
    models : list of str
        Classes, in table order.
    model : array of int, shape (N,)
    attributes : pandas.DataFrame, shape (N, …)
        Node attributes as BMTK FilterNet names them; positions, sizes and angles in degrees, delays and peaks in ms.
    centre : tuple of float
        Middle of the tiles, degrees (azimuth, elevation).
    """

    models: list
    model: np.ndarray
    attributes: pd.DataFrame
    centre: tuple


def tile_corners(size):
    """Lower left corners of the tiles, degrees; the small LGN lies in the middle of the visual field.

    Returns
    -------
    array of float, shape (tiles, 2)
    """
    columns, rows = TILES[size]
    first = [(field - own) * TILE_DEG / 2 for field, own in zip(FIELD_TILES, (columns, rows), strict=True)]
    x, y = np.meshgrid(first[0] + np.arange(columns) * TILE_DEG, first[1] + np.arange(rows) * TILE_DEG, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


def triangular_quantile(u, low, mode, high):
    """Inverse CDF of the triangular distribution."""
    split = (mode - low) / (high - low)
    return np.where(
        u < split,
        low + np.sqrt(u * (high - low) * (mode - low)),
        high - np.sqrt((1 - u) * (high - low) * (high - mode)),
    )


def receptive_field_size(u, low, high):
    """Receptive field size (deg): constant where the range is empty, else triangular, mode one above the low end."""
    wide = np.where(high > low, high, low + 2.0)
    mode = np.minimum(low + 1.0, wide)
    return np.where(high > low, triangular_quantile(u, low, mode, wide), low)


def jitter(u):
    """Factor uniform on 1 ± 2.5 %."""
    return 1 - JITTER + 2 * JITTER * u


def temporal_parameters(tables, models, model, u):
    """Filter parameters of the dominant and the non-dominant subfield, jittered cell by cell.

    Parameters
    ----------
    models : list of str
    model : array of int, shape (N,)
    u : array of float, shape (N, 12)

    Returns
    -------
    dict of array of float, shape (N,), NaN where there is no second subfield
    """
    filters = tables.lgn_temporal_filters
    columns = {}
    for subfield, part in enumerate(("dom", "non_dom")):
        names = [TWO_SUBFIELDS[m][subfield] if m in TWO_SUBFIELDS else (m if part == "dom" else None) for m in models]
        for j, (ours, theirs) in enumerate(FILTER_COLUMNS.items()):
            values = np.array([np.nan if name is None else float(filters.at[name, theirs]) for name in names])
            columns[ours.format(part)] = values[model] * jitter(u[:, subfield * len(FILTER_COLUMNS) + j])
    return columns


def place_cells(tables, size, seed):
    """Draw every LGN cell.

    Parameters
    ----------
    tables : seed_tables.SeedTables
    size : {"full", "small"}
    seed : int

    Returns
    -------
    LgnNodes
    """
    corners = tile_corners(size)
    models = list(tables.lgn_models.index)
    per_tile = np.repeat(np.arange(len(models)), tables.lgn_models["cells_per_8deg_tile"].to_numpy(int))
    model = np.tile(per_tile, len(corners))
    corner = np.repeat(corners, len(per_tile), axis=0)
    u = uniforms(stream_key(seed, "lgn_cell"), np.arange(len(model)), 17)
    low = tables.lgn_models["min_size_deg"].to_numpy(float)[model]
    high = tables.lgn_models["max_size_deg"].to_numpy(float)[model]
    two = np.array([m in TWO_SUBFIELDS for m in models])[model]
    separation = np.array([TWO_SUBFIELDS.get(m, (None, None, np.nan))[2] for m in models])
    attributes = {
        "x": corner[:, 0] + TILE_DEG * u[:, 0],
        "y": corner[:, 1] + TILE_DEG * u[:, 1],
        "spatial_size": receptive_field_size(u[:, 2], low, high),
        "tuning_angle": np.where(two, 360.0 * u[:, 3], np.nan),
        "sf_sep": separation[model] * jitter(u[:, 4]),
        **temporal_parameters(tables, models, model, u[:, 5:]),
    }
    centre = tuple(corners.min(axis=0) / 2 + (corners.max(axis=0) + TILE_DEG) / 2)
    return LgnNodes(models, model, pd.DataFrame(attributes), centre)
