"""Background weights that bring every cell model to its population's target rate: the bisection and its tables.

The weight of a model is fitted without recurrence, with the LGN's spikes for a grey screen and the background's, so
that the median rate of the model's cells meets ``target_median_rate_Hz`` of its population (``background.csv``). There
is no NEST in here: the rates come from :mod:`v1_model.options.background_tuning_runs`, for all models at once.
"""

import numpy as np
import pandas as pd

from v1_files.files import whole_file
from v1_files.reading import read_table

LARGEST_WEIGHT_PA = 64.0
TOLERANCE = 0.01
SMALLEST_BRACKET_PA = 0.01
MOST_ITERATIONS = 20
# Where a model fires more than its target without any background, it is to fire this much more with it.
FACTOR_ABOVE_NO_BACKGROUND = 1.1

WITHIN_TOLERANCE = "within_tolerance"
NARROW_BRACKET = "narrow_bracket"
BELOW_TARGET = "below_target_at_largest_weight"
MOST_ITERATIONS_DONE = "most_iterations_done"
NO_CELLS = "no_cells"
ITERATION_COLUMNS = ("iteration", "specimen_id", "weight_pA", "median_rate_Hz")


class Bisection:
    """A bisection for every cell model, all at the same iteration.

    The first two iterations evaluate weight 0 and the largest weight, the others the middle of the bracket. A model is
    done when its rate is within the tolerance, or its bracket is narrow: medians of spike counts come in steps, and a
    target between two of them is met no better. It then keeps the evaluated weight whose rate is nearest to its target.

    Parameters
    ----------
    targets_hz : array of float, shape (models,)
    n_cells : array of int, shape (models,)
        Cells of each model; one without any is left out.

    Attributes
    ----------
    iteration : int
        Number of iterations that were evaluated.
    targets_hz, weights_pa, rates_hz : array of float, shape (models,)
        Target in use, best weight so far and the rate at it; nan before the first iteration, and without cells.
    iterations : array of int, shape (models,)
        Iterations in which the model was evaluated.
    reasons : array of str, shape (models,)
        Why each model is done, empty where it is not.
    """

    def __init__(self, targets_hz, n_cells):
        self.targets_hz = np.array(targets_hz, dtype=float)
        models = len(self.targets_hz)
        self.iteration = 0
        self._low_pa, self._high_pa = np.zeros(models), np.full(models, LARGEST_WEIGHT_PA)
        self.weights_pa, self.rates_hz = np.full(models, np.nan), np.full(models, np.nan)
        self.iterations = np.zeros(models, dtype=int)
        self.reasons = np.where(np.asarray(n_cells) > 0, "", NO_CELLS).astype(object)

    @property
    def unfinished(self):
        """Which models are not done (bool, shape (models,))."""
        return self.reasons == ""

    def next_weights_pa(self):
        """Weight to evaluate next for each model (nan for those that are done)."""
        middle = (self._low_pa + self._high_pa) / 2
        chosen = {0: self._low_pa, 1: self._high_pa}.get(self.iteration, middle)
        return np.where(self.unfinished, chosen, np.nan)

    def update(self, rates_hz):
        """Take in the rates at the weights of :meth:`next_weights_pa`; those of finished models are not looked at."""
        weights, open_models = self.next_weights_pa(), self.unfinished
        rates_hz = np.where(open_models, rates_hz, np.nan)
        if np.isnan(rates_hz[open_models]).any():
            raise ValueError("a model that is not done has no rate")
        if self.iteration == 0:
            raised = rates_hz > self.targets_hz * (1 + TOLERANCE)
            self.targets_hz[raised] = FACTOR_ABOVE_NO_BACKGROUND * rates_hz[raised]
        self.iteration += 1
        self.iterations[open_models] = self.iteration
        self._keep_nearest(weights, rates_hz, open_models)
        below = rates_hz < self.targets_hz
        self._low_pa = np.where(open_models & below, weights, self._low_pa)
        self._high_pa = np.where(open_models & ~below, weights, self._high_pa)
        self._finish(WITHIN_TOLERANCE, np.abs(rates_hz - self.targets_hz) <= TOLERANCE * self.targets_hz)
        if self.iteration == 2:
            self._finish(BELOW_TARGET, below)
        self._finish(NARROW_BRACKET, self._high_pa - self._low_pa < SMALLEST_BRACKET_PA)
        self._finish(MOST_ITERATIONS_DONE, np.full(len(below), self.iteration >= MOST_ITERATIONS))

    def _keep_nearest(self, weights, rates_hz, open_models):
        """Keep the weight with the rate nearest to the target, of two equally near ones the later."""
        farther = np.abs(rates_hz - self.targets_hz) > np.abs(self.rates_hz - self.targets_hz)
        chosen = open_models & ~farther
        self.weights_pa = np.where(chosen, weights, self.weights_pa)
        self.rates_hz = np.where(chosen, rates_hz, self.rates_hz)

    def _finish(self, reason, which):
        self.reasons[self.unfinished & which] = reason


def median_rates_hz(counts, model_rows, models, duration_s):
    """Median rate of the cells of each model.

    Parameters
    ----------
    counts : array of int, shape (cells,)
        Spikes of each cell.
    model_rows : array of int, shape (cells,)
        Row of each cell's model.
    models : int
    duration_s : float

    Returns
    -------
    array of float, shape (models,)
        In steps of half a spike over the duration; nan for a model without cells.

    Examples
    --------
    >>> median_rates_hz(np.array([4, 1, 2, 8]), np.array([0, 0, 0, 2]), 3, 2.0)
    array([ 1., nan,  4.])
    """
    medians = pd.Series(counts).groupby(np.asarray(model_rows)).median()
    return medians.reindex(range(models)).to_numpy() / duration_s


def iteration_rows(iteration, specimen_ids, weights_pa, rates_hz):
    """Rows of an iteration, one an evaluated model (DataFrame of ``ITERATION_COLUMNS``)."""
    evaluated = np.isfinite(weights_pa)
    columns = (iteration, specimen_ids[evaluated], weights_pa[evaluated], rates_hz[evaluated])
    return pd.DataFrame(dict(zip(ITERATION_COLUMNS, columns, strict=True)))


def replay(bisection, specimen_ids, rows):
    """Take iterations that were evaluated before into a new bisection.

    Parameters
    ----------
    bisection : Bisection
    specimen_ids : array of int, shape (models,)
    rows : pandas.DataFrame
        As from :func:`iteration_rows`, of one or more iterations.

    Raises
    ------
    ValueError
        Where the rows are not those of such a bisection.
    """
    for iteration, part in rows.groupby("iteration"):
        rates = part.set_index("specimen_id")["median_rate_Hz"].reindex(specimen_ids).to_numpy()
        expected = iteration_rows(bisection.iteration + 1, specimen_ids, bisection.next_weights_pa(), rates)
        if iteration != bisection.iteration + 1 or not np.array_equal(expected.to_numpy(), part.to_numpy()):
            raise ValueError(f"iteration {iteration} is not what follows iteration {bisection.iteration}")
        bisection.update(rates)


def tuning_table(bisection, types, background, seed_weights_pa, n_cells):
    """What came out for each model.

    Parameters
    ----------
    bisection : Bisection
        When all models are done.
    types : pandas.Series
        Population by specimen id.
    background : pandas.DataFrame
        ``SeedTables.background``.
    seed_weights_pa : pandas.Series
        Weight in the seed table by specimen id; a model without cells keeps it.
    n_cells : array of int, shape (models,)

    Returns
    -------
    pandas.DataFrame
        ``specimen_id population n_cells target_Hz target_used_Hz fitted_weight_pA median_rate_Hz iterations converged
        reason``, one row a model.
    """
    kept = seed_weights_pa.loc[types.index].to_numpy()
    return pd.DataFrame(
        {
            "specimen_id": types.index,
            "population": types.to_numpy(),
            "n_cells": n_cells,
            "target_Hz": background["target_median_rate_Hz"].loc[types].to_numpy(),
            "target_used_Hz": bisection.targets_hz,
            "fitted_weight_pA": np.where(np.isnan(bisection.weights_pa), kept, bisection.weights_pa),
            "median_rate_Hz": bisection.rates_hz,
            "iterations": bisection.iterations,
            "converged": np.isin(bisection.reasons.astype(str), [WITHIN_TOLERANCE, NARROW_BRACKET]),
            "reason": bisection.reasons,
        }
    )


def write_table(path, table):
    """Write a table, space separated, with every number in full."""
    with whole_file(path) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan")


def write_fitted(path, seed_table, tuning):
    """Write ``background_fitted.csv``: the seed table's rows in their order, with the fitted weights.

    Parameters
    ----------
    path : path
    seed_table : path
        The seed table of that name; rows of models that the network does not know stay as they are.
    tuning : pandas.DataFrame
        From :func:`tuning_table`.
    """
    as_written = {"dtype": str, "keep_default_na": False, "whole_lines": False}
    rows = read_table(seed_table, text=["specimen_id", "fitted_weight_pA"], key="specimen_id", **as_written)
    if rows.empty:
        raise ValueError(f"{seed_table}: no rows")
    tuned = tuning[tuning["n_cells"] > 0]
    fitted = dict(zip(tuned["specimen_id"].astype(str), tuned["fitted_weight_pA"].map("{:.12g}".format), strict=True))
    rows["fitted_weight_pA"] = rows["specimen_id"].map(fitted).fillna(rows["fitted_weight_pA"])
    write_table(path, rows[["specimen_id", "fitted_weight_pA"]])
