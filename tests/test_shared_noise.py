"""Selectivity of cell types where cells share the noise of their trials."""

import numpy as np
import pytest

from analysis_shared.metrics.shared_noise import shuffled_places, tuning_of_types

EIGHT = np.arange(0, 360, 45.0)
ONE_STRATUM = np.zeros(8, dtype=int)
N_CELLS = 60


def counts_with_waves(rng, n_trials, rates=4.0):
    """Counts of untuned cells that a wave in some trials raises all together."""
    wave = rng.gamma(2.0, 0.5, (8, n_trials, 1))
    return rng.poisson(rates * wave, (8, n_trials, N_CELLS))


def osi_row(counts, seed=1, n_shuffles=200):
    table = tuning_of_types(counts, EIGHT, ONE_STRATUM, ["L4 Exc"] * counts.shape[2], seed, n_shuffles)
    return table[table["metric"] == "OSI"].iloc[0]


def test_waves_are_in_the_band_and_not_in_the_interval_over_cells():
    """Over untuned networks the p of a type keeps its level, while the interval over cells mostly leaves out 0."""
    rng = np.random.default_rng(1)
    rows = [osi_row(counts_with_waves(rng, 2)) for _ in range(80)]
    # Binomial(80, 0.05): above 10 in 4 of 1000 repeats.
    assert sum(row["p"] <= 0.05 for row in rows) <= 10
    assert sum(row["shuffled_low"] <= row["unbiased"] <= row["shuffled_high"] for row in rows) >= 70
    assert sum(row["unbiased_low"] <= 0 <= row["unbiased_high"] for row in rows) < 40


def test_planted_tuning_stands_out_of_the_band():
    rng = np.random.default_rng(2)
    tuned = 4 * (1 + 0.8 * np.cos(2 * np.deg2rad(EIGHT)))[:, None, None]
    row = osi_row(counts_with_waves(rng, 4, tuned))
    # The resultant of 1 + 0.8 cos is 0.4 of the sum.
    assert row["unbiased"] == pytest.approx(0.4, abs=0.1)
    assert row["unbiased"] > row["shuffled_high"] and row["p"] < 0.02


def test_shuffles_stay_within_strata():
    rng = np.random.default_rng(3)
    places, others = (shuffled_places(np.array([0, 1, 0, 1]), 3, rng) for _ in range(2))
    stratum = np.repeat([0, 1, 0, 1], 3)
    assert sorted(places) == list(range(12)) and (stratum[places] == stratum).all()
    assert not np.array_equal(places, others)


@pytest.mark.parametrize(("n_trials", "directions"), [(1, EIGHT), (2, np.arange(8.0))], ids=["one_trial", "uncovered"])
def test_no_band_where_shuffles_say_nothing(n_trials, directions):
    counts = np.full((8, n_trials, 3), 5)
    table = tuning_of_types(counts, directions, ONE_STRATUM, ["L4 Exc"] * 3, 1)
    assert table[["shuffled_low", "shuffled_high", "p"]].isna().all(axis=None)
