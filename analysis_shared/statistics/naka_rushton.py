"""Contrast-response curves after Naka and Rushton, fitted to a cell type's mean rates.

R(c) = R0 + Rmax c^n / (c^n + C50^n) (Naka and Rushton 1966; Albrecht and Hamilton 1982).
"""

import numpy as np
import pandas as pd
from scipy.special import expit, xlogy

from analysis_shared.cells.grouping import display_order

PARAMETERS = ("baseline_Hz", "r_max_Hz", "c50", "exponent")
C50_RANGE = (0.005, 1.0)
EXPONENT_RANGE = (0.3, 8.0)
FEW_CELLS = 2
LEVEL = 0.95
OK, EXACT, TOO_FEW, FLAT = "ok", "exactly_determined", "too_few_contrasts", "flat"
GAIN_REACH = 10
"""A gain of more than this many times the range of the rates cannot be told from data below saturation."""
_START_C50 = np.geomspace(*C50_RANGE, 25)
_START_EXPONENT = np.geomspace(*EXPONENT_RANGE, 14)
_STEPS = 60


def naka_rushton(contrast, baseline, r_max, c50, exponent):
    """Rate at a contrast.

    Parameters
    ----------
    contrast : array_like
        0 to 1.
    baseline, r_max : float, Hz
        `r_max` is the gain over the baseline at saturation, negative for a type that gratings suppress.
    c50 : float
        Contrast of half the gain.
    exponent : float

    Examples
    --------
    >>> naka_rushton([0, 0.25], 2.0, 8.0, 0.25, 3.0).tolist()
    [2.0, 6.0]
    """
    return baseline + r_max * _saturation(np.asarray(contrast, dtype=float), c50, exponent)


def _saturation(contrast, c50, exponent):
    with np.errstate(divide="ignore"):
        return expit(exponent * (np.log(contrast) - np.log(c50)))


def _jacobian(contrast, baseline, r_max, c50, exponent):
    share = _saturation(contrast, c50, exponent)
    slope = r_max * share * (1 - share)
    # share (1 - share) log(c) tends to 0 with c, and xlogy gives 0 at 0.
    log_ratio = xlogy(slope, contrast) - slope * np.log(c50)
    return np.stack([np.ones_like(share), share, -slope * exponent / c50, log_ratio], axis=-1)


def _starts(contrast, rates):
    """Best point of a grid of shapes for each curve, baseline and gain being solved for: there are local minima.

    `rates` has shape (n_curves, n_points), the result (n_curves, 4).
    """
    c50, exponent = (grid.ravel() for grid in np.meshgrid(_START_C50, _START_EXPONENT))
    shapes = _saturation(contrast[:, None], c50, exponent)
    middle, mean = shapes.mean(axis=0), rates.mean(axis=1)
    power = np.maximum(np.square(shapes - middle).sum(axis=0), np.finfo(float).tiny)
    gain = rates @ (shapes - middle) / power
    best, curve = (np.square(gain) * power).argmax(axis=1), np.arange(len(rates))
    gain = gain[curve, best]
    return np.stack([mean - gain * middle[best], gain, c50[best], exponent[best]], axis=1)


def _bounds(rates):
    """Lower and upper bounds of the parameters of each curve, each of shape (n_curves, 4)."""
    span, highest = np.ptp(rates, axis=1), rates.max(axis=1)
    reach, one = GAIN_REACH * span, np.ones(len(rates))
    lower = np.stack([0 * one, -reach, C50_RANGE[0] * one, EXPONENT_RANGE[0] * one], axis=1)
    upper = np.stack([highest + span, reach, C50_RANGE[1] * one, EXPONENT_RANGE[1] * one], axis=1)
    return lower, upper


def fit_naka_rushton(contrast, rate):
    """Least-squares fit to one curve.

    Parameters
    ----------
    contrast, rate : ndarray, shape (n_points,)
        Blanks are the point at contrast 0.

    Returns
    -------
    parameters : ndarray, shape (4,)
        In the order of `PARAMETERS`; NaN where there is no fit.
    status : str
        ``ok``; ``exactly_determined`` for as many points as parameters; ``at_bound:c50`` (or another parameter, several
        joined by ``+``) where a parameter stopped at the end of its range, as C50 does if the rate does not saturate;
        ``too_few_contrasts``; ``flat`` for a rate that does not change. A baseline of 0 is a rate as good as any, so it
        does not count as a bound.
    """
    contrast, rate = np.asarray(contrast, dtype=float), np.asarray(rate, dtype=float)
    none = np.full(len(PARAMETERS), np.nan)
    if len(contrast) < len(PARAMETERS):
        return none, TOO_FEW
    if not np.isfinite(rate).all() or np.ptp(rate) == 0:
        return none, FLAT
    (lower,), (upper,) = _bounds(rate[None])
    (found,) = fit_many(contrast, rate[None])
    return found, _status(found, lower, upper, len(contrast))


def _status(found, lower, upper, n_points):
    span = upper - lower
    ends = (found - lower < 1e-4 * span) & (np.array(PARAMETERS) != "baseline_Hz") | (upper - found < 1e-4 * span)
    if ends.any():
        return "at_bound:" + "+".join(np.array(PARAMETERS)[ends])
    return EXACT if n_points == len(PARAMETERS) else OK


def fit_many(contrast, rates):
    """Least-squares fits to many curves at once, by Levenberg and Marquardt's method.

    Parameters
    ----------
    contrast : ndarray, shape (n_points,)
    rates : ndarray, shape (n_curves, n_points)

    Returns
    -------
    ndarray, shape (n_curves, 4)
        In the order of `PARAMETERS`; NaN for rates that do not change with contrast. C50 and exponent are kept within
        `C50_RANGE` and `EXPONENT_RANGE`, the gain within `GAIN_REACH`, the baseline at 0 and above.

    Notes
    -----
    A bootstrap fits thousands of curves, which scipy's ``curve_fit`` takes 20 times as long for. By test, the sums of
    squares are those of scipy's fits.
    """
    lower, upper = _bounds(rates)
    found = np.clip(_starts(contrast, rates), lower, upper)
    cost, damping = _squares(contrast, rates, found), np.full(len(rates), 1e-3)
    for _ in range(_STEPS):
        tried = np.clip(found + _step(contrast, rates, found, damping, lower, upper), lower, upper)
        tried_cost = _squares(contrast, rates, tried)
        better = tried_cost < cost
        found, cost = np.where(better[:, None], tried, found), np.where(better, tried_cost, cost)
        damping = np.clip(np.where(better, damping / 5, damping * 4), 1e-12, 1e12)
    return np.where(np.ptp(rates, axis=1)[:, None] > 0, found, np.nan)


def _columns(parameters):
    return parameters.T[:, :, None]


def _squares(contrast, rates, parameters):
    return np.square(naka_rushton(contrast, *_columns(parameters)) - rates).sum(axis=1)


def _step(contrast, rates, found, damping, lower, upper):
    """A damped step of each curve; a parameter at a bound that the fit pushes against stays, and frees the others."""
    jacobian = _jacobian(contrast, *_columns(found))
    gradient = np.einsum("cpk,cp->ck", jacobian, naka_rushton(contrast, *_columns(found)) - rates)
    held = (found <= lower) & (gradient > 0) | (found >= upper) & (gradient < 0)
    free = np.where(held, 0.0, 1.0)
    curvature = np.einsum("cpk,cpl->ckl", jacobian, jacobian) * free[:, :, None] * free[:, None, :]
    diagonal = np.einsum("ckk->ck", curvature)
    # Parameters without effect, and those that are held, get a one to divide by.
    scale = np.where(diagonal > 0, diagonal, 1.0)
    added = damping[:, None] * scale + np.where(diagonal > 0, 0.0, 1.0)
    curvature = curvature + added[:, :, None] * np.eye(len(PARAMETERS))
    return -np.linalg.solve(curvature, (gradient * free)[:, :, None])[:, :, 0]


def bootstrap_fits(contrast, rates, n_resamples, rng):
    """Fits to the mean curves of cells drawn with replacement, each cell with its whole curve.

    Parameters
    ----------
    contrast : ndarray, shape (n_points,)
    rates : ndarray, shape (n_points, n_cells)
    n_resamples : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (n_resamples, 4)
        NaN where the drawn cells' mean does not change with contrast.
    """
    n_cells = rates.shape[1]
    weights = rng.multinomial(n_cells, np.full(n_cells, 1 / n_cells), size=n_resamples) / n_cells
    return fit_many(contrast, weights @ rates.T)


def fit_type(contrast, rates, n_resamples, rng):
    """Fit a cell type's mean curve, with percentile intervals from a bootstrap over its cells.

    Parameters
    ----------
    contrast : ndarray, shape (n_points,)
    rates : ndarray, shape (n_points, n_cells)
    n_resamples : int
    rng : numpy.random.Generator

    Returns
    -------
    dict
        ``n_cells n_contrasts`` (0 among them), each parameter with ``_ci_low`` and ``_ci_high``, ``r_squared``,
        ``status``.
    """
    mean = rates.mean(axis=1)
    found, status = fit_naka_rushton(contrast, mean)
    limits = np.full((2, len(PARAMETERS)), np.nan)
    if np.isfinite(found).all() and rates.shape[1] >= FEW_CELLS:
        fits = bootstrap_fits(contrast, rates, n_resamples, rng)
        fits = fits[np.isfinite(fits).all(axis=1)]
        if len(fits):
            limits = np.percentile(fits, [50 * (1 - LEVEL), 50 * (1 + LEVEL)], axis=0)
    row = {"n_cells": rates.shape[1], "n_contrasts": len(contrast)}
    for name, value, low, high in zip(PARAMETERS, found, *limits, strict=True):
        row |= {name: value, f"{name}_ci_low": low, f"{name}_ci_high": high}
    row["r_squared"] = 1 - np.square(mean - naka_rushton(contrast, *found)).sum() / max(
        np.square(mean - mean.mean()).sum(), np.finfo(float).tiny
    )
    return row | {"status": status}


def fits_table(contrast, rates, cell_types, n_resamples, seed, progress=iter):
    """Fits of all cell types.

    Parameters
    ----------
    contrast : ndarray, shape (n_points,)
    rates : ndarray, shape (n_points, n_cells), Hz
    cell_types : ndarray, shape (n_cells,)
    n_resamples : int
    seed : int
        Each type has a stream of its own, named by it, so the other types do not matter.
    progress : callable
        Wraps the iteration over the types.

    Returns
    -------
    DataFrame
        ``cell_type`` and the entries of `fit_type`, one row a type in display order.
    """
    rows = []
    for cell_type in progress(display_order(cell_types)):
        rng = np.random.default_rng([seed, *cell_type.encode()])
        rows.append({"cell_type": cell_type, **fit_type(contrast, rates[:, cell_types == cell_type], n_resamples, rng)})
    return pd.DataFrame(rows)
