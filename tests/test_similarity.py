"""Similarity to percentiles: against scipy, at its limits, and the coverage of its interval."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis_shared.boxes import box_of_percentiles, box_of_sample
from analysis_shared.metrics import METRICS
from analysis_shared.percentiles import COLUMNS, cumulative, percentiles_of, quantile, read_percentiles
from analysis_shared.similarity import ks_distance, similarity, similarity_table, summary_medians

UNIFORM = np.linspace(0, 1, 101)


def distance(sample, percentiles):
    return ks_distance(*np.unique(sample, return_counts=True), percentiles)


@pytest.mark.parametrize("power", [0.5, 1.0, 1.7])
def test_distance_to_a_uniform_distribution_is_scipys_one_sample_statistic(power):
    sample = np.random.default_rng(3).uniform(size=237) ** power
    assert distance(sample, UNIFORM) == pytest.approx(stats.kstest(sample, "uniform").statistic, abs=1e-12)


@pytest.mark.parametrize(("n_units", "shift"), [(101, 0.0), (101, 0.8), (640, 0.3), (2001, 1.5)])
def test_distance_to_percentiles_of_a_sample_is_scipys_two_sample_statistic(n_units, shift):
    rng = np.random.default_rng(n_units)
    sample, recorded = rng.normal(shift, 1, 400), rng.normal(size=n_units)
    expected = stats.ks_2samp(sample, recorded).statistic
    # Interpolation moves the reference by less than one percentile and one unit.
    assert abs(distance(sample, percentiles_of(recorded)) - expected) <= 0.01 + 1 / n_units


def test_distance_with_ties_on_both_sides():
    sample, recorded = np.repeat([0.0, 1.0], [30, 70]), np.repeat([0.0, 1.0], [60, 41])
    # The reference is 0 up to the 59th percentile; half-way to the next it climbs to 1.
    assert distance(sample, percentiles_of(recorded)) == pytest.approx(0.59 - 0.3 + 0.01)


def test_distance_is_zero_for_equal_point_masses_and_one_for_separate_ones():
    assert distance(np.full(20, 3.0), np.full(101, 3.0)) == 0
    assert distance(np.full(20, 4.0), np.full(101, 3.0)) == 1


def test_cumulative_inverts_the_quantile_function():
    percentiles = percentiles_of(np.random.default_rng(0).lognormal(size=500))
    probability = np.linspace(0.003, 0.997, 50)
    np.testing.assert_allclose(cumulative(percentiles, quantile(percentiles, probability)), probability, atol=1e-12)
    beyond = np.array([percentiles[0] - 1, percentiles[-1] + 1])
    assert cumulative(percentiles, beyond).tolist() == [0, 1]


def test_percentiles_of_a_sample_are_numpys():
    sample = np.random.default_rng(0).normal(size=57)
    np.testing.assert_allclose(percentiles_of(sample), np.percentile(sample, np.arange(101)))


def test_boxes_from_cells_and_from_percentiles_agree():
    sample = np.random.default_rng(0).normal(size=300)
    from_sample, from_percentiles = box_of_sample(sample), box_of_percentiles(percentiles_of(sample), 300)
    for name in ("whislo", "q1", "med", "q3", "whishi", "n"):
        assert from_sample[name] == pytest.approx(from_percentiles[name])


def test_interval_covers_the_true_similarity_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    truth = 1 - (2 * stats.norm.cdf(0.5 / 2) - 1)
    covered = 0
    for _ in range(150):
        recorded = percentiles_of(rng.normal(size=100))
        _, low, high = similarity(rng.normal(0.5, 1, 300), recorded, 100, 150, rng)
        covered += low <= truth <= high
    assert covered / 150 > 0.85


@pytest.fixture
def percentiles(tmp_path):
    """Recordings of three types: many units, many units, and three."""
    rows = []
    for cell_type, n_units in (("L4_Exc", 200), ("L5_Exc", 200), ("L4_VIP", 3)):
        for metric in METRICS:
            rows.append([cell_type, metric.name, n_units, *(UNIFORM if metric.needs_response else 20 * UNIFORM)])
    table = pd.DataFrame(rows, columns=["cell_type", "metric", "n_units", *COLUMNS])
    table.to_csv(tmp_path / "percentiles.csv", sep=" ", index=False)
    return read_percentiles(tmp_path / "percentiles.csv")


def made_up_cells(sizes):
    rng = np.random.default_rng(2)
    n = sum(sizes.values())
    cells = pd.DataFrame({"cell_type": np.repeat(list(sizes), list(sizes.values()))})
    for metric in METRICS:
        cells[metric.column] = rng.uniform(size=n) if metric.needs_response else rng.uniform(1, 20, n)
    return cells


SIZES = {"L4_Exc": 60, "L4_VIP": 30, "L5_ET": 20, "L5_IT": 40, "L5_NP": 5, "L6_Exc": 50}


def test_small_groups_and_subtypes_are_shown_but_not_counted(percentiles):
    table = similarity_table(made_up_cells(SIZES), percentiles, seed=1, n_resamples=20)
    osi = table[table["metric"] == "OSI"].set_index("cell_type")
    assert list(osi.index) == ["L4_Exc", "L5_Exc", "L5_ET", "L5_IT", "L5_NP", "L4_VIP"]
    assert osi["in_summary"].to_dict() == {name: name in ("L4_Exc", "L5_Exc") for name in osi.index}
    assert osi.loc["L5_Exc", "n_cells"] == 65
    assert osi.loc[["L5_ET", "L5_IT", "L5_NP"], "n_units"].tolist() == [200, 200, 200]
    assert summary_medians(table).loc["OSI", "n_types"] == 2
    assert summary_medians(table).loc["OSI", "median"] == osi.loc[["L4_Exc", "L5_Exc"], "similarity"].mean()


def test_unresponsive_cells_count_for_rates_only(percentiles):
    cells = made_up_cells({"L4_Exc": 60})
    cells.loc[:19, "max_mean_rate(Hz)"] = 0.49
    table = similarity_table(cells, percentiles, seed=1, n_resamples=5).set_index("metric")
    assert table.loc["OSI", "n_cells"] == table.loc["DSI", "n_cells"] == 40
    assert table.loc["preferred_direction_rate_Hz", "n_cells"] == 60


def test_a_type_without_any_response_has_no_selectivity_to_compare(percentiles):
    cells = made_up_cells({"L4_Exc": 60})
    cells["max_mean_rate(Hz)"] = 0.0
    row = similarity_table(cells, percentiles, seed=1, n_resamples=5).set_index("metric").loc["OSI"]
    assert row["n_cells"] == 0
    assert np.isnan(row["similarity"])
    assert not row["in_summary"]


def test_rows_depend_on_the_seed_but_not_on_other_types(percentiles):
    everything = similarity_table(made_up_cells(SIZES), percentiles, seed=1, n_resamples=20)
    alone = made_up_cells(SIZES).query("cell_type == 'L4_Exc'")
    expected = everything[everything["cell_type"] == "L4_Exc"].reset_index(drop=True)
    pd.testing.assert_frame_equal(similarity_table(alone, percentiles, seed=1, n_resamples=20), expected)
    other = similarity_table(alone, percentiles, seed=2, n_resamples=20)
    assert (other["similarity"] == expected["similarity"]).all()
    assert (other["ci_low"] != expected["ci_low"]).any()


def test_percentiles_that_fall_are_refused(tmp_path):
    path = tmp_path / "percentiles.csv"
    pd.DataFrame([["L4_Exc", "OSI", 5, *UNIFORM[::-1]]], columns=["cell_type", "metric", "n_units", *COLUMNS]).to_csv(
        path, sep=" ", index=False
    )
    with pytest.raises(ValueError, match="L4_Exc OSI has percentiles that fall"):
        read_percentiles(path)
