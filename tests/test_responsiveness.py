"""Tests of responsiveness hold their level, find responders, and control false discoveries, in simulated cells."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from analysis_shared.metrics.contrasts import ContrastCounts
from analysis_shared.statistics.responsiveness import (
    adjusted,
    moderated_dispersion,
    pooled_dispersion,
    published_test,
    quasi_poisson_test,
    responsiveness_table,
)

LEVEL = 0.01
BLANKS, SHAPE = 30, (8, 6, 10)
DEMO_BLANKS, DEMO_SHAPE = 2, (2, 3, 2)


def poisson_cells(mean_blank, mean_evoked, n_blanks=BLANKS, shape=SHAPE, dispersion=1.0, seed=1):
    """Counts of cells with given means; over-dispersed ones are negative binomial, regular ones binomial."""
    rng = np.random.default_rng(seed)
    mean_blank, mean_evoked = np.broadcast_arrays(mean_blank, mean_evoked)

    dispersion = np.broadcast_to(dispersion, mean_blank.shape)
    over, under = dispersion > 1, dispersion < 1

    def draw(mean, n):
        counts = rng.poisson(mean, (*n, len(mean)))
        if over.any():
            shape = (mean / (dispersion - 1 + ~over))[over]
            counts[..., over] = rng.negative_binomial(shape, 1 / dispersion[over], (*n, over.sum()))
        if under.any():
            most = np.maximum(np.round(mean[under] / (1 - dispersion[under])), 1).astype(int)
            counts[..., under] = rng.binomial(most, mean[under] / most, (*n, under.sum()))
        return counts

    return draw(mean_evoked, shape), draw(mean_blank, (n_blanks,))


def at_most(share, n, level=LEVEL):
    """Whether a share of n is no larger than the level, but for four standard errors."""
    return share <= level + 4 * np.sqrt(level * (1 - level) / n)


@pytest.mark.parametrize(("n_blanks", "shape"), [(BLANKS, SHAPE), (DEMO_BLANKS, DEMO_SHAPE)], ids=["full", "demo"])
@pytest.mark.parametrize(
    ("mean", "dispersion"), [(0.05, 1), (0.5, 1), (5, 1), (30, 1), (5, 3), (30, 3), (5, 0.5), (20, (0.5, 4))]
)
def test_cells_without_response_pass_as_rarely_as_the_level_says(mean, dispersion, n_blanks, shape):
    dispersions = np.resize(np.array(dispersion, dtype=float), 4000)
    tested = quasi_poisson_test(*poisson_cells(np.full(4000, mean), mean, n_blanks, shape, dispersions)).dropna()
    for side in ("p_positive", "p_negative"):
        assert at_most((tested[side] < LEVEL).mean(), len(tested))


def test_the_level_is_used_up_where_there_are_many_spikes():
    tested = quasi_poisson_test(*poisson_cells(np.full(20000, 20.0), 20.0))
    for side in ("p_positive", "p_negative"):
        assert 0.5 * LEVEL < (tested[side] < LEVEL).mean() < 1.2 * LEVEL


def test_published_test_passes_cells_without_response_as_often_as_theory_says():
    # It refers the evoked total, SD sqrt(n m), to what the blanks predict, whose own error is sqrt(n / n_blanks) times
    # that: the z value has a variance of 1 + n / n_blanks. The estimated dispersion adds a little.
    n_evoked = np.prod(SHAPE)
    expected = norm.sf(norm.isf(LEVEL) / np.sqrt(1 + n_evoked / BLANKS))
    p, _ = published_test(*poisson_cells(np.full(5000, 20.0), 20.0))
    assert (p < LEVEL).mean() == pytest.approx(expected, abs=0.03)
    assert (1 - p < LEVEL).mean() == pytest.approx(expected, abs=0.03)
    # With the true mean known (as many blanks as it takes) the test is what it says.
    p, _ = published_test(*poisson_cells(np.full(300, 20.0), 20.0, n_blanks=50_000, shape=(40,)))
    assert (p < LEVEL).mean() <= 0.04


def test_published_test_by_hand():
    blank, evoked = np.array([[1, 0, 2], [3, 0, 2]]), np.array([[4, 1, 2], [5, 0, 2], [3, 0, 2]])
    p, dispersion = published_test(evoked, blank)
    # First cell: f0 = 2, phi = 1/2, so P(X > 12 / 0.5) at a mean of 2 * 3 / 0.5 = 12.
    terms = 12.0 ** np.arange(25) / np.cumprod([1.0, *range(1, 25)])
    assert p[0] == pytest.approx(1 - np.exp(-12) * terms.sum())
    # The second is silent in the blanks, the third has equal blanks.
    assert np.isnan(p[1:]).all()
    assert dispersion[[0, 2]].tolist() == [0.5, 0.0] and np.isnan(dispersion[1])


def test_poisson_cells_are_tested_by_the_exact_binomial_tail():
    # A single cell keeps its dispersion, which below 1 counts as 1; 10^5 degrees of freedom make t normal.
    evoked = np.tile([2, 3, 2, 3], 25_000).reshape(1, -1, 1)
    blank = np.tile([2, 3, 2, 3], 500).reshape(-1, 1)
    tested = quasi_poisson_test(evoked, blank).iloc[0]
    share = 100_000 / 102_000
    assert tested["p_positive"] == pytest.approx(binom.sf(249_999, 255_000, share), rel=1e-4)
    assert tested["p_negative"] == pytest.approx(binom.cdf(250_000, 255_000, share), rel=1e-4)


def test_driven_and_suppressed_cells_are_found():
    driven = quasi_poisson_test(*poisson_cells(np.full(500, 2.0), 4.0))
    assert (driven["p_positive"] < LEVEL).mean() > 0.99 and (driven["p_negative"] > 0.5).all()
    suppressed = quasi_poisson_test(*poisson_cells(np.full(500, 4.0), 2.0))
    assert (suppressed["p_negative"] < LEVEL).mean() > 0.99


def test_cells_silent_in_the_blanks_can_respond():
    evoked, blank = poisson_cells(np.zeros(200), 2.0)
    assert (quasi_poisson_test(evoked, blank)["p_positive"] < LEVEL).all()
    # One spike in 480 trials says nothing.
    lone = np.zeros((8, 6, 10, 1), dtype=int)
    lone[0, 0, 0] = 1
    assert quasi_poisson_test(lone, np.zeros((30, 1), dtype=int))["p_positive"].iloc[0] > 0.5


def test_silent_cells_and_equal_blanks_divide_by_nothing():
    with np.errstate(all="raise"):
        tested = quasi_poisson_test(np.zeros((2, 3, 2, 1)), np.zeros((2, 1)))
        assert tested[["dispersion", "p_positive", "p_negative"]].isna().to_numpy().all()
        regular = quasi_poisson_test(np.full((2, 3, 2, 1), 3), np.full((2, 1), 3)).iloc[0]
    assert regular["dispersion"] == 0 and regular["p_positive"] > 0.3 and regular["p_negative"] > 0.3


def test_strong_responses_beyond_the_tail_keep_their_order():
    evoked = np.stack([np.full((8, 6, 10), 40), np.full((8, 6, 10), 80)], axis=-1)
    evoked[..., ::2, :] += 8
    p = quasi_poisson_test(evoked, np.tile([[1], [3]], (15, 2)))["p_positive"]
    assert p.iloc[1] <= p.iloc[0] < 1e-100


@pytest.mark.parametrize("mean", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("expected", [1.0, 3.0])
def test_pooled_dispersion_is_that_of_the_counts_whatever_their_mean(mean, expected):
    evoked, blank = poisson_cells(np.full(4000, mean), mean, dispersion=expected)
    dispersion, freedom = pooled_dispersion([*evoked.reshape(-1, *evoked.shape[2:]), blank])
    assert np.nanmean(dispersion) == pytest.approx(expected, rel=0.05)
    assert (freedom <= 48 * 9 + 29 + 1e-9).all()


def test_dispersions_are_drawn_together_as_far_as_they_differ_by_chance():
    rng = np.random.default_rng(5)
    freedom = np.full(3000, 7.0)
    same = 2.0 * rng.chisquare(7, 3000) / 7
    moderated, total = moderated_dispersion(same, freedom)
    assert np.ptp(moderated) < 0.5 and moderated.mean() == pytest.approx(2, rel=0.03) and (total > 100).all()
    # Scaled inverse chi-square: true dispersions with 5 degrees of freedom around 2.
    true = 2.0 * 5 / rng.chisquare(5, 3000)
    own = true * rng.chisquare(7, 3000) / 7
    moderated, total = moderated_dispersion(own, freedom)
    assert total == pytest.approx(np.full(3000, 12), rel=0.15)
    expected = (5 * 2.0 + 7 * own) / 12
    np.testing.assert_allclose(moderated, expected, rtol=0.15)
    few, total = moderated_dispersion(own[:5], freedom[:5])
    np.testing.assert_array_equal(few, np.maximum(own[:5], 1))
    np.testing.assert_array_equal(total, freedom[:5])


def test_degrees_of_freedom_are_those_of_the_conditions_that_have_the_spikes():
    alone = [np.array([[5], [7], [6]]), np.zeros((3, 1)), np.zeros((3, 1))]
    assert pooled_dispersion(alone)[1].tolist() == pytest.approx([2])
    assert pooled_dispersion([alone[0]] * 3)[1].tolist() == pytest.approx([6])
    assert np.isnan(pooled_dispersion([np.ones((1, 1))])[0]).all()


def test_adjusted_p_values_are_benjamini_and_hochbergs():
    p = np.random.default_rng(4).uniform(size=50) ** 3
    # Step-up by definition: the smallest level at which each would be rejected.
    order = np.sort(p)
    expected = [min(order[k] * len(p) / (k + 1) for k in range(len(p)) if order[k] >= value) for value in p]
    np.testing.assert_allclose(adjusted(p), np.minimum(expected, 1))
    assert np.isnan(adjusted(np.array([np.nan, np.nan]))).all()


def table_of(evoked, blank, level):
    n_cells = blank.shape[1]
    axes = (np.arange(8) * 45.0, np.arange(1, 7) / 10, np.arange(n_cells))
    counts = ContrastCounts(blank, evoked, *axes, np.array([700.0, 2500]), np.array(1800.0), np.array(1.0))
    cells = pd.DataFrame({"node_id": np.arange(n_cells), "cell_type": "L4_Exc"})
    return responsiveness_table(cells, counts, level)


def test_false_discoveries_in_a_mixture_stay_at_the_level():
    level, shares = 0.05, []
    for seed in range(20):
        blank_mean = np.random.default_rng(seed).lognormal(0, 1, 1000)
        gain = np.repeat([1.0, 2.0], [800, 200])
        table = table_of(*poisson_cells(blank_mean, blank_mean * gain, seed=seed), level)
        found = table["response"] == "positive"
        shares.append(found[:800].sum() / max(found.sum(), 1))
        assert found[800:].mean() > 0.5
    # Four standard errors of the mean over the simulations.
    assert np.mean(shares) <= level + 4 * np.std(shares) / np.sqrt(len(shares))


def test_table_of_known_cells():
    means = np.array([[2.0, 6.0], [6.0, 2.0], [3.0, 3.0], [0.0, 0.0]])
    table = table_of(*poisson_cells(*means.T), LEVEL)
    assert table["response"].tolist() == ["positive", "negative", "none", "undefined"]
    assert table["response_published"].tolist()[:2] == ["positive", "negative"]
    assert table["response_published"].iloc[3] == "undefined"
    np.testing.assert_allclose(table["evoked_rate_Hz"], means[:, 1] / 1.8, rtol=0.1)
    assert (table["q_positive"].dropna() >= table["p_positive"].dropna()).all()
