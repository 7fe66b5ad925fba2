"""What of selectivity is noise: untuned cells have none left, planted tuning is recovered, p keeps its level."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from analysis_shared.metrics.registry import LEAST_MEAN_RATE_HZ, RESPONSIVE_RATE_HZ
from analysis_shared.metrics.selectivity import direction_tuning, lifetime_sparsity
from analysis_shared.metrics.tuning_summary import expected_untuned, is_counted, root_mean_square, tuning_of
from analysis_shared.metrics.untuned import unbiased_squares, untuned_table

EIGHT = np.arange(0, 360, 45.0)
ONE_STRATUM = np.zeros(8, dtype=int)
SECONDS = 2.0


def counts_of(rng, fano, mean, shape):
    """Counts of a mean and a Fano factor; of 0.3 for means that are multiples of 0.7."""
    if fano < 1:
        return rng.binomial(round(mean / (1 - fano)), 1 - fano, shape)
    return rng.poisson(mean, shape) if fano == 1 else rng.negative_binomial(mean / (fano - 1), 1 / fano, shape)


def assert_mean(values, expected):
    """The mean lies within three standard errors."""
    values = values[~np.isnan(values)]
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - expected) < 3 * error, (values.mean(), expected, error)


@pytest.mark.parametrize("n_trials", [2, 3, 10])
@pytest.mark.parametrize("fano", [0.3, 1, 2])
@pytest.mark.parametrize("rate_hz", [0.35, 0.7, 3.5, 20.3])
def test_squares_of_untuned_cells_are_0_on_average(rate_hz, fano, n_trials):
    counts = counts_of(np.random.default_rng(1), fano, rate_hz * SECONDS, (8, n_trials, 4000))
    for squares in unbiased_squares(counts, EIGHT):
        assert_mean(squares, 0)


@pytest.mark.parametrize("rate_hz", [0.5, 2, 20])
def test_squares_from_one_trial_are_0_on_average_for_poisson_counts(rate_hz):
    counts = np.random.default_rng(2).poisson(rate_hz * SECONDS, (8, 1, 4000))
    for squares in unbiased_squares(counts, EIGHT):
        assert_mean(squares, 0)


def tuned_rates(dsi, osi, mean_hz, preferred_deg=20):
    """Rates whose first and second harmonics are those of a DSI and an OSI."""
    offset = np.deg2rad(EIGHT - preferred_deg)
    return mean_hz * (1 + 2 * dsi * np.cos(offset) + 2 * osi * np.cos(2 * offset))


@pytest.mark.parametrize("n_trials", [1, 2, 10])
@pytest.mark.parametrize(("dsi", "osi"), [(0.05, 0.1), (0.2, 0.25), (0, 0.4)])
def test_planted_selectivity_is_recovered(dsi, osi, n_trials):
    tuning = direction_tuning(tuned_rates(dsi, osi, 3.0)[:, None], EIGHT).iloc[0]
    assert tuning[["DSI", "OSI"]].tolist() == pytest.approx([dsi, osi], abs=1e-12)
    rates = tuned_rates(dsi, osi, 3.0)[:, None, None] * SECONDS
    counts = np.random.default_rng(3).poisson(rates, (8, n_trials, 4000))
    for squares, planted in zip(unbiased_squares(counts, EIGHT), (dsi, osi), strict=True):
        assert_mean(squares, planted**2)


def test_conditions_of_one_direction_weigh_as_one():
    # Direction 0 has two conditions, with half the rate each: at equal mean rates the cell is untuned.
    directions = np.array([0, 0, 90, 180, 270.0])
    rates = np.array([2.0, 6, 4, 4, 4])[:, None, None]
    for n_trials in (1, 4):
        counts = np.random.default_rng(4).poisson(rates, (5, n_trials, 6000))
        for squares in unbiased_squares(counts, directions):
            assert_mean(squares, 0)


@pytest.mark.parametrize(("n_trials", "fano"), [(1, 1), (2, 0.3), (2, 2), (10, 1)])
def test_p_is_uniform_without_tuning(n_trials, fano):
    counts = counts_of(np.random.default_rng(5), fano, 42.0, (8, n_trials, 1000))
    table = untuned_table(counts, EIGHT, ONE_STRATUM, seed=7, n_draws=199)
    for name in ("DSI_p", "OSI_p"):
        assert kstest(table[name], "uniform").pvalue > 0.01
        assert table[name].min() >= 1 / 200


@pytest.mark.parametrize("n_trials", [1, 2, 5])
def test_few_spikes_do_not_raise_the_share_of_small_p(n_trials):
    counts = np.random.default_rng(6).poisson(0.5, (8, n_trials, 3000))
    table = untuned_table(counts, EIGHT, ONE_STRATUM, seed=7, n_draws=199)
    for name in ("DSI_p", "OSI_p"):
        p = table[name].dropna()
        assert (p <= 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p))


def test_tuned_cells_have_small_p():
    counts = np.random.default_rng(8).poisson(tuned_rates(0, 0.4, 3.0)[:, None, None] * SECONDS, (8, 3, 300))
    table = untuned_table(counts, EIGHT, ONE_STRATUM, seed=7)
    assert (table["OSI_p"] < 0.01).mean() > 0.95 and (table["DSI_p"] < 0.05).mean() < 0.15


def selected(counts, n_trials, **more):
    """Cells as a selectivity table has them."""
    rates = counts.mean(axis=1) / SECONDS
    least_count = RESPONSIVE_RATE_HZ * SECONDS * n_trials
    table = untuned_table(counts, EIGHT, ONE_STRATUM, seed=9, least_count=least_count, n_draws=200)
    sparsity = lifetime_sparsity(rates)
    found = {"max_mean_rate(Hz)": rates.max(axis=0), "Ave_Rate(Hz)": rates.mean(axis=0), "lifetime_sparsity": sparsity}
    return pd.concat([direction_tuning(rates, EIGHT), table], axis=1).assign(**found, network="a", **more)


@pytest.mark.parametrize(("n_trials", "fano"), [(1, 1), (2, 0.3), (2, 1), (2, 2)])
def test_expectation_without_tuning_is_the_mean_of_untuned_cells(n_trials, fano):
    cells = selected(counts_of(np.random.default_rng(10), fano, 4.2, (8, n_trials, 3000)), n_trials)
    for name in ("DSI", "OSI", "lifetime_sparsity"):
        assert_mean((cells[name] - cells[f"{name}_untuned"]).to_numpy(), 0)


def test_expectation_knows_that_responsive_cells_are_a_choice():
    # About three spikes a cell: two in one direction make it responsive, and selective.
    cells = selected(np.random.default_rng(11).poisson(0.2, (8, 2, 10_000)), 2)
    responsive = cells[cells["max_mean_rate(Hz)"] >= RESPONSIVE_RATE_HZ]
    assert 0.1 < len(responsive) / len(cells) < 0.9
    for name in ("DSI", "OSI", "lifetime_sparsity"):
        assert_mean((responsive[name] - expected_untuned(cells, name)).to_numpy(), 0)
    assert expected_untuned(cells, "OSI") > 1.05 * responsive["OSI_untuned"].mean()
    # Chosen by that rate, untuned cells would seem tuned; chosen by their mean rate they do not.
    squares = responsive["OSI_squared"].dropna()
    assert squares.mean() > 5 * squares.std() / np.sqrt(len(squares))
    assert (cells.loc[is_counted(cells), "Ave_Rate(Hz)"] >= LEAST_MEAN_RATE_HZ).all()
    assert_mean(cells.loc[is_counted(cells), "OSI_squared"].to_numpy(), 0)


def test_summary_of_untuned_cells_says_so():
    found = tuning_of(selected(np.random.default_rng(12).poisson(3.0, (8, 2, 2000)), 2), "OSI")
    assert found["n_cells"] == found["n_responsive"] == 2000 and found["interval_over"] == "cells"
    assert found["published_mean"] == pytest.approx(found["untuned_mean"], rel=0.05) and found["untuned_mean"] > 0.1
    assert found["unbiased_low"] < 0 < found["unbiased_high"]
    assert found["tuned_low"] < 0.06 and found["tuned_share"] < 0.07


def test_interval_of_several_networks_is_over_their_means():
    squares = np.array([0.04, 0.04, 0.09, 0.09, 0.01, 0.01])
    found = root_mean_square(squares, ["a", "a", "b", "b", "c", "c"])
    # Means 0.04, 0.09, 0.01: mean 0.14 / 3, SD 0.0404145; t(0.975, 2) = 4.302653.
    half = 4.302653 * 0.0404145 / np.sqrt(3)
    assert found[:3] == pytest.approx(
        ((0.14 / 3) ** 0.5, -((half - 0.14 / 3) ** 0.5), (0.14 / 3 + half) ** 0.5), rel=1e-4
    )
    assert found.n == 6


@pytest.mark.parametrize("n_trials", [1, 3])
def test_draws_depend_on_the_seed_and_the_place_of_the_cell_alone(n_trials):
    counts = np.random.default_rng(13).poisson(2.0, (8, n_trials, 20))
    tables = [untuned_table(counts[..., :n], EIGHT, ONE_STRATUM, 1, n_draws=50) for n in (20, 20, 7)]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    pd.testing.assert_frame_equal(tables[0][:7], tables[2])
    assert not untuned_table(counts, EIGHT, ONE_STRATUM, 2, n_draws=50)["OSI_untuned"].equals(tables[0]["OSI_untuned"])


@pytest.mark.parametrize("n_trials", [1, 4])
def test_conditions_that_differ_in_more_than_direction_are_not_mixed(n_trials):
    # Contrast doubles the rate, direction does nothing: with contrasts mixed, the draws would vary too much.
    strata = np.array([0, 1] * 8)
    rates = np.where(strata, 30.0, 3.0)[:, None, None]
    counts = np.random.default_rng(14).poisson(rates, (16, n_trials, 1500))
    table = untuned_table(counts, np.repeat(EIGHT, 2), strata, seed=3, n_draws=199)
    assert kstest(table["OSI_p"], "uniform").pvalue > 0.01 and kstest(table["DSI_p"], "uniform").pvalue > 0.01


def test_what_is_undefined_is_nan():
    counts = np.zeros((8, 2, 3), dtype=int)
    counts[0, 0, 1], counts[0, :, 2] = 3, 2
    silent, one_trial, both = (row for _, row in untuned_table(counts, EIGHT, ONE_STRATUM, 1).iterrows())
    assert silent.isna().all()
    # Spikes in one trial alone have a published index, but no products of trials.
    assert np.isnan(one_trial["OSI_squared"]) and one_trial["OSI_untuned"] == pytest.approx(1)
    assert both["OSI_squared"] == pytest.approx(1) and both["responsive_untuned"] == 1
    assert untuned_table(counts[:3], EIGHT[:3], ONE_STRATUM[:3], 1).isna().all(axis=None)
