"""Intervals against scipy's own and against their coverage in simulated samples."""

import numpy as np
import pytest
from scipy import stats

from analysis_shared.statistics.intervals import mean_interval, proportion_interval


def test_interval_of_a_mean_is_that_of_the_t_test():
    sample = np.random.default_rng(1).normal(3, 2, 10)
    expected = stats.ttest_1samp(sample, 0).confidence_interval(0.9)
    found = mean_interval(sample, level=0.9)
    assert found.mean == pytest.approx(sample.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.n == 10


def test_interval_of_a_mean_covers_as_often_as_it_says():
    samples = np.random.default_rng(2).normal(0, 1, (2000, 4))
    covered = np.mean([low <= 0 <= high for _, low, high, _ in map(mean_interval, samples)])
    # Four standard errors of the estimated coverage.
    assert covered == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 2000))


def test_undefined_values_do_not_count():
    assert mean_interval([np.nan, 1.0, 3.0])[::3] == (2.0, 2)
    assert np.isnan(mean_interval([])[:3]).all() and mean_interval([]).n == 0
    assert np.isnan(mean_interval([5.0])[1:3]).all()


@pytest.mark.parametrize(("count", "n"), [(0, 7), (3, 7), (7, 7), (40, 1000)])
def test_interval_of_a_proportion_is_wilsons(count, n):
    expected = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    found = proportion_interval(count, n)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert found.mean == count / n


def test_a_count_beyond_the_sample_is_refused():
    with pytest.raises(ValueError, match="8 out of 7"):
        proportion_interval(8, 7)
