"""Which cells gratings drive or suppress: quasi-Poisson tests of evoked spike counts against blanks.

Two tests. The published one takes the mean count of the blanks for the true mean. With 30 blanks against 480 evoked
trials, what the blanks predict has four times the error of the evoked total itself, so 29 % of cells without any
response pass p < 0.01 on either side. The other test counts the blanks' error in; false discoveries among the many
cells are held at a level by Benjamini and Hochberg's procedure, for each side on its own.
"""

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import digamma, polygamma, xlogy
from scipy.stats import binom, false_discovery_control, norm, poisson, t

LEVEL = 0.01
LEAST_FREEDOM, LEAST_CELLS = 3, 10
"""What cells' dispersions are learnt from: at least so many cells with so many degrees of freedom."""
NO_EXCESS = 1e-3
"""Variance of log dispersions among cells that is taken for none."""
POSITIVE, NEGATIVE, NEITHER, UNDEFINED = "positive", "negative", "none", "undefined"
RESPONSES = (POSITIVE, NEGATIVE, NEITHER, UNDEFINED)


def published_test(evoked_counts, blank_counts):
    """The published test: the evoked mean against a Poisson distribution scaled by the blanks' dispersion.

    With mean counts f over all n evoked trials and f0 over the blanks, and phi the blanks' variance (ddof 0) over their
    mean, p = 1 - PoissonCDF(f n / phi; f0 n / phi). Small p says that the cell is driven, small 1 - p that it is
    suppressed.

    Parameters
    ----------
    evoked_counts : ndarray, shape (..., n_cells)
        Trials on all axes but the last.
    blank_counts : ndarray, shape (n_blanks, n_cells)

    Returns
    -------
    p, dispersion : ndarray, shape (n_cells,)
        NaN where the blanks are silent; p also where they are all equal, which leaves phi at 0.
    """
    n_cells = blank_counts.shape[-1]
    evoked = evoked_counts.reshape(-1, n_cells)
    blank_mean = blank_counts.mean(axis=0)
    dispersion = blank_counts.var(axis=0) / np.where(blank_mean > 0, blank_mean, np.nan)
    scale = np.where(dispersion > 0, dispersion, np.nan)
    return poisson.sf(evoked.sum(axis=0) / scale, blank_mean * len(evoked) / scale), dispersion


def pooled_dispersion(groups):
    """Dispersion of counts around the mean of their own condition: their summed variances over their summed means.

    Parameters
    ----------
    groups : iterable of ndarray, shape (n_trials, n_cells)
        The trials of a condition each.

    Returns
    -------
    dispersion, degrees_of_freedom : ndarray, shape (n_cells,)
        1 on average for Poisson counts, whatever their means. The degrees of freedom are Satterthwaite's: few where few
        conditions have most of the spikes. Dispersion is NaN without any.

    Notes
    -----
    The ratio of sums, not the mean of ratios (Pearson's chi-square): that is too small for sparse bursts, since the
    conditions that they miss drop out.
    """
    groups = list(groups)
    squares, weights, freedom = np.zeros((3, groups[0].shape[1]))
    for counts in groups:
        mean, free = counts.mean(axis=0), len(counts) - 1
        squares = squares + np.square(counts - mean).sum(axis=0)
        weights = weights + free * mean
        freedom = freedom + free * np.square(mean)
    active = weights > 0
    return squares / np.where(active, weights, np.nan), np.square(weights) / np.where(active, freedom, 1)


def moderated_dispersion(dispersion, freedom):
    """Dispersions of cells, each drawn towards what the cells have in common, by empirical Bayes.

    The cells' dispersions are taken for scaled inverse chi-square, whose scale and degrees of freedom come from the
    mean and variance of the logarithms (Smyth 2004). If they differ no more than by chance, all cells get the same.

    Parameters
    ----------
    dispersion, freedom : ndarray, shape (n_cells,)
        As `pooled_dispersion` returns them.

    Returns
    -------
    dispersion, freedom : ndarray, shape (n_cells,)

    Notes
    -----
    With fewer than ten cells to learn from, each keeps its own, and one below 1 counts as 1: with few trials it may be
    0 by chance.
    """
    sure = (freedom >= LEAST_FREEDOM) & (np.nan_to_num(dispersion) > 0)
    if sure.sum() < LEAST_CELLS:
        return np.maximum(dispersion, 1.0), freedom
    half = freedom[sure] / 2
    logs = np.log(dispersion[sure]) - digamma(half) + np.log(half)
    excess = logs.var(ddof=1) - polygamma(1, half).mean()
    total = freedom.sum()
    if excess < NO_EXCESS:
        common = np.nansum(dispersion * freedom) / total
        return np.full(len(dispersion), common), np.full(len(dispersion), total)
    prior = 2 * brentq(lambda value: polygamma(1, value) - excess, 1e-4, 1 / NO_EXCESS + 1)
    scale = np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2))
    moderated = (prior * scale + freedom * np.nan_to_num(dispersion)) / (prior + freedom)
    return moderated, np.minimum(prior + freedom, total)


def quasi_poisson_test(evoked_counts, blank_counts):
    """Compare evoked and blank counts, both with their error, at the dispersion that the trials show.

    Given the sum of both totals, the evoked total of Poisson counts of one mean is binomial. The z value of the exact
    binomial test is divided by the root of the dispersion, pooled over conditions and blanks and moderated among cells,
    and referred to Student's t with the dispersion's degrees of freedom.

    Parameters
    ----------
    evoked_counts : ndarray, shape (..., n_trials, n_cells)
        Conditions on the leading axes.
    blank_counts : ndarray, shape (n_blanks, n_cells)

    Returns
    -------
    DataFrame
        Columns ``dispersion dispersion_moderated dispersion_df p_positive p_negative``; the first is the cell's own,
        the degrees of freedom are those of the second. p is NaN for cells silent throughout, and where no condition
        with spikes has two trials.

    Notes
    -----
    The test errs on the safe side for few spikes. Cells silent in the blanks need no rule of their own.
    """
    n_trials, n_cells = evoked_counts.shape[-2:]
    evoked = evoked_counts.reshape(-1, n_trials, n_cells)
    dispersion, own_freedom = pooled_dispersion([*evoked, blank_counts])
    moderated, freedom = moderated_dispersion(dispersion, own_freedom)
    above, below = evoked.sum(axis=(0, 1)), blank_counts.sum(axis=0)
    share = len(evoked) * n_trials / (len(evoked) * n_trials + len(blank_counts))
    total = above + below
    tails = {"p_positive": binom.sf(above - 1, total, share), "p_negative": binom.cdf(above, total, share)}
    table = {"dispersion": dispersion, "dispersion_moderated": moderated, "dispersion_df": freedom}
    defined = (total > 0) & (own_freedom > 0)
    for name, p in tails.items():
        # Beyond 38 SD the exact tail underflows; there the root of the deviance is as good.
        z = np.where(p > 0, norm.isf(np.maximum(p, np.finfo(float).tiny)), _root_deviance(above, below, share))
        table[name] = np.where(defined, t.sf(z / np.sqrt(moderated), np.where(defined, freedom, 1)), np.nan)
    return pd.DataFrame(table)


def _root_deviance(above, below, share):
    total = above + below
    expected = np.where(total > 0, total * share, 1.0), np.where(total > 0, total * (1 - share), 1.0)
    deviance = xlogy(above, above / expected[0]) + xlogy(below, below / expected[1])
    return np.sqrt(np.maximum(2 * deviance, 0))


def adjusted(p):
    """Benjamini and Hochberg's adjusted p values among those that are defined.

    Examples
    --------
    >>> adjusted(np.array([0.01, np.nan, 0.5])).tolist()
    [0.02, nan, 0.5]
    """
    result = np.full(len(p), np.nan)
    defined = ~np.isnan(p)
    if defined.any():
        result[defined] = false_discovery_control(p[defined], method="bh")
    return result


def _response(positive, negative, level):
    undefined = np.isnan(positive) | np.isnan(negative)
    return np.select([undefined, positive < level, negative < level], [UNDEFINED, POSITIVE, NEGATIVE], NEITHER)


def responsiveness_table(cells, counts, level=LEVEL):
    """Test every cell of a network.

    Parameters
    ----------
    cells : DataFrame
        The cells that false discoveries are controlled among: columns ``node_id cell_type``.
    counts : analysis_shared.metrics.contrasts.ContrastCounts
        Of these cells in this order.
    level : float
        The false discovery rate of each side, and the level of the published test.

    Returns
    -------
    DataFrame
        Columns ``node_id cell_type blank_rate_Hz evoked_rate_Hz dispersion dispersion_moderated dispersion_df
        p_positive p_negative q_positive q_negative response dispersion_published p_published response_published
        level``; q is p adjusted after Benjamini and Hochberg, a response one of `RESPONSES`.
    """
    seconds = float(counts.interval_length_ms) / 1000
    tested = quasi_poisson_test(counts.evoked_counts, counts.blank_counts)
    p_published, dispersion_published = published_test(counts.evoked_counts, counts.blank_counts)
    table = cells[["node_id", "cell_type"]].reset_index(drop=True)
    table["blank_rate_Hz"] = counts.blank_counts.mean(axis=0) / seconds
    table["evoked_rate_Hz"] = counts.evoked_counts.mean(axis=(0, 1, 2)) / seconds
    table = table.join(tested)
    for side in (POSITIVE, NEGATIVE):
        table[f"q_{side}"] = adjusted(tested[f"p_{side}"].to_numpy())
    table["response"] = _response(table["q_positive"].to_numpy(), table["q_negative"].to_numpy(), level)
    table["dispersion_published"], table["p_published"] = dispersion_published, p_published
    table["response_published"] = _response(p_published, 1 - p_published, level)
    return table.assign(level=level)
