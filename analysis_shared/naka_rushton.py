"""Contrast-response curves after Naka and Rushton, fitted to a cell type's mean rates.

R(c) = R0 + Rmax c^n / (c^n + C50^n) (Naka and Rushton 1966; Albrecht and Hamilton 1982).
"""

import numpy as np
import pandas as pd
from scipy.optimize import least_squares
from scipy.special import expit, xlogy

from analysis_shared.grouping import display_order

PARAMETERS = ("baseline_Hz", "r_max_Hz", "c50", "exponent")
C50_RANGE = (0.005, 1.0)
EXPONENT_RANGE = (0.3, 8.0)
FEW_CELLS = 2
LEVEL = 0.95
OK, EXACT, TOO_FEW, FLAT, FAILED = "ok", "exactly_determined", "too_few_contrasts", "flat", "not_converged"
_START_C50 = np.geomspace(*C50_RANGE, 25)
_START_EXPONENT = np.geomspace(0.5, 6, 10)


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
    return np.stack([np.ones_like(contrast), share, -slope * exponent / c50, log_ratio], axis=1)


def _starts():
    c50, exponent = (grid.ravel() for grid in np.meshgrid(_START_C50, _START_EXPONENT))
    return c50, exponent


def _start(contrast, rate):
    """Best point of a grid of shapes, the two linear parameters being fitted at each: there are local minima."""
    c50, exponent = _starts()
    shapes = _saturation(contrast[:, None], c50, exponent)
    centred = shapes - shapes.mean(axis=0)
    power = np.maximum(np.square(centred).sum(axis=0), np.finfo(float).tiny)
    gain = (rate - rate.mean()) @ centred / power
    best = np.argmax(np.square(gain) * power)
    return rate.mean() - gain[best] * shapes[:, best].mean(), gain[best], c50[best], exponent[best]


def _bounds(rate):
    # A gain of many times what was seen cannot be told from data below saturation.
    reach = 10 * np.ptp(rate)
    lower = (0.0, -reach, C50_RANGE[0], EXPONENT_RANGE[0])
    upper = (rate.max() + np.ptp(rate), reach, C50_RANGE[1], EXPONENT_RANGE[1])
    return np.array(lower), np.array(upper)


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
        ``too_few_contrasts``; ``flat`` for a rate that does not change; ``not_converged``. A baseline of 0 is a rate as
        good as any, so it does not count as a bound.
    """
    contrast, rate = np.asarray(contrast, dtype=float), np.asarray(rate, dtype=float)
    none = np.full(len(PARAMETERS), np.nan)
    if len(contrast) < len(PARAMETERS):
        return none, TOO_FEW
    if not np.isfinite(rate).all() or np.ptp(rate) == 0:
        return none, FLAT
    lower, upper = _bounds(rate)
    start = np.clip(_start(contrast, rate), lower + 1e-6 * (upper - lower), upper - 1e-6 * (upper - lower))
    fit = least_squares(
        lambda parameters: naka_rushton(contrast, *parameters) - rate,
        start,
        jac=lambda parameters: _jacobian(contrast, *parameters),
        bounds=(lower, upper),
        x_scale=upper - lower,
    )
    if not fit.success:
        return none, FAILED
    return fit.x, _status(fit.x, lower, upper, len(contrast))


def _status(found, lower, upper, n_points):
    span = upper - lower
    ends = (found - lower < 1e-4 * span) & (np.array(PARAMETERS) != "baseline_Hz") | (upper - found < 1e-4 * span)
    if ends.any():
        return "at_bound:" + "+".join(np.array(PARAMETERS)[ends])
    return EXACT if n_points == len(PARAMETERS) else OK


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
        NaN where a fit failed.
    """
    n_cells = rates.shape[1]
    drawn = rng.integers(n_cells, size=(n_resamples, n_cells))
    return np.array([fit_naka_rushton(contrast, rates[:, cells].mean(axis=1))[0] for cells in drawn])


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
