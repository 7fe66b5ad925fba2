"""Spectra of population activity: bins like all other counts, and power against what theory gives for Poisson cells."""

import numpy as np
import pandas as pd
import pytest
from scipy import signal, stats

from analysis_shared.figures.contrast_panels import pooled_spectra
from analysis_shared.metrics.spectra import population_activity, power_spectrum, spectra_by_type, too_few, white_level
from analysis_shared.metrics.spikes import count_spikes

WINDOW_MS = (700, 2700)


def poisson_trials(n_trials, n_cells, rate_hz, modulation=0.0, frequency_hz=20.0, seed=5):
    """Spikes of cells that share a modulated rate, of a recording of 3 s, by thinning."""
    rng = np.random.default_rng(seed)
    for _ in range(n_trials):
        ids = np.repeat(np.arange(n_cells), rng.poisson(rate_hz * (1 + modulation) * 3, n_cells))
        times = rng.uniform(0, 3000, len(ids))
        rate = 1 + modulation * np.cos(2 * np.pi * frequency_hz * times / 1000 + rng.uniform(0, 2 * np.pi))
        kept = rng.uniform(size=len(ids)) < rate / (1 + modulation)
        yield ids[kept], times[kept]


def relative_power(*arguments, **settings):
    types = pd.Series("a", index=range(arguments[1]))
    return spectra_by_type(poisson_trials(*arguments, **settings), types, WINDOW_MS).set_index("frequency_Hz")


@pytest.mark.parametrize(
    ("times", "window_ms", "expected"),
    [
        ([0, 3], (0, 3), [0, 0, 1]),
        ([1, 1.25, 2], (0, 3), [1, 2, 0]),
        ([99.75, 100, 100.25, 104.5], (100, 104.5), [1, 0, 0, 0]),
    ],
)
def test_bins_are_open_on_the_left_and_closed_on_the_right(times, window_ms, expected):
    times = np.array(times, dtype=float)
    assert population_activity(times, 1, window_ms).tolist() == expected
    one_by_one = [
        count_spikes(np.zeros(len(times), dtype=int), times, (window_ms[0] + k, window_ms[0] + k + 1), 1)[0]
        for k in range(len(expected))
    ]
    assert one_by_one == expected


def test_activity_counts_all_cells_also_silent_ones():
    node_ids, times = np.array([0, 0, 5]), np.array([700.5, 701.2, 700.5])
    types = pd.Series(["a"] * 4, index=range(4))
    activity = population_activity(times[:2], 4, WINDOW_MS)
    assert activity[:3].tolist() == [0.25, 0.25, 0]
    spectra = spectra_by_type([(node_ids, times)], types, WINDOW_MS)
    np.testing.assert_allclose(spectra["power"], power_spectrum(activity)[1])
    assert (spectra["n_cells"] == 4).all() and (spectra["n_spikes"] == 2).all()


@pytest.mark.parametrize(("n_bins", "size"), [(2000, 1000), (300, 300), (301, 301)])
def test_white_level_is_the_mean_periodogram_of_white_noise(n_bins, size):
    noise = np.random.default_rng(1).normal(size=(4000, n_bins))
    # Poisson counts of variance r / n a bin: here the variance is 1, so 1000 Hz of one cell.
    found = signal.welch(noise, fs=1000, nperseg=size)[1]
    expected = white_level(1000, 1, n_bins)
    error = found.std(axis=0) / np.sqrt(len(noise))
    assert (np.abs(found.mean(axis=0) - expected) < 5 * error).all()
    assert expected[5] == pytest.approx(2 / 1000)


@pytest.mark.parametrize(("n_cells", "rate_hz"), [(1, 10), (12, 3), (300, 10)])
def test_independent_poisson_cells_are_at_1_however_many(n_cells, rate_hz):
    spectrum = relative_power(60, n_cells, rate_hz)
    # 60 trials of 3 half overlapping segments: about 340 degrees of freedom at each of 501 frequencies.
    assert spectrum["relative_power"].mean() == pytest.approx(1, abs=0.02)
    assert spectrum.loc[1:100, "relative_power"].between(0.6, 1.5).all()
    level = 2 * spectrum["n_spikes"].iloc[0] / (60 * 2 * n_cells) / 1000 / (n_cells * 1000)
    assert spectrum.loc[50, "white_level"] == pytest.approx(level)


@pytest.mark.parametrize("n_cells", [50, 200])
def test_a_common_rhythm_stands_out_by_its_theoretical_power(n_cells):
    rate_hz, modulation = 10, 0.3
    spectrum = relative_power(40, n_cells, rate_hz, modulation=modulation)
    # A sine of amplitude m r has the power (m r)² / 2, spread by the Hann window over 1.5 Hz, beside 2 r / n.
    expected = 1 + modulation**2 * rate_hz * n_cells / 6
    assert spectrum.loc[20, "relative_power"] == pytest.approx(expected, rel=0.15)
    assert spectrum.loc[40, "relative_power"] < 1.6


def test_intervals_are_over_trials():
    types = pd.Series(["a", "b", "a", "b"], index=range(4))
    trials = list(poisson_trials(5, 4, 20))
    found = (
        spectra_by_type(iter(trials), types, WINDOW_MS, 100).query("cell_type == 'b' and frequency_Hz == 30").iloc[0]
    )
    singles = [
        spectra_by_type([trial], types, WINDOW_MS).query("cell_type == 'b' and frequency_Hz == 30") for trial in trials
    ]
    powers = np.concatenate([single["power"] for single in singles])
    assert all(single["ci_low"].isna().all() for single in singles)
    assert found["n_trials"] == 5 and found["power"] == pytest.approx(powers.mean())
    interval = stats.ttest_1samp(powers / found["white_level"], 0).confidence_interval(0.95)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((max(interval.low, 0), interval.high))
    with pytest.raises(ValueError, match="at least one trial"):
        spectra_by_type([], types, WINDOW_MS)


def test_silent_cells_have_no_relative_power():
    spectra = spectra_by_type([(np.array([0]), np.array([10.0]))], pd.Series(["a"], index=[0]), WINDOW_MS)
    assert (spectra["power"] == 0).all() and spectra["relative_power"].isna().all()


def test_networks_with_too_few_cells_or_spikes_do_not_count():
    def table(relative, n_cells=50, n_spikes=900):
        columns = {
            "cell_type": "L4_VIP",
            "contrast": 0.8,
            "frequency_Hz": [10.0, 20.0],
            "n_cells": n_cells,
            "n_trials": 4,
        }
        columns |= {"n_spikes": n_spikes, "power": relative, "white_level": 1.0, "relative_power": relative}
        return pd.DataFrame(columns | {"ci_low": 0.5, "ci_high": 2.0})

    several = pooled_spectra([table(1.0), table(2.0), table(3.0), table(100.0, n_cells=1)]).iloc[0]
    expected = stats.ttest_1samp([1.0, 2.0, 3.0], 0).confidence_interval(0.95)
    assert several[["n_networks", "n_cells", "relative_power", "ci_high"]].tolist() == pytest.approx(
        [3, 151, 2, expected.high]
    )
    alone = pooled_spectra([table(1.5)]).iloc[0]
    assert alone[["relative_power", "ci_low", "ci_high", "too_few"]].tolist() == [1.5, 0.5, 2.0, ""]
    for lacking, settings in (("cells", {"n_cells": 9}), ("spikes", {"n_spikes": 79})):
        none = pooled_spectra([table(100.0, **settings)]).iloc[0]
        assert np.isnan(none["relative_power"]) and none["too_few"] == lacking and none["power"] == 100
    assert (too_few(9, 900, 1), too_few(10, 79, 4), too_few(10, 80, 4)) == ("cells", "spikes", "")
