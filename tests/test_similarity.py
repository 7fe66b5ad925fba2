"""Similarity to percentiles: against scipy, at its limits, and the coverage of its interval."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis_shared.figures.boxes import box_of_percentiles, box_of_sample
from analysis_shared.metrics.registry import METRICS
from analysis_shared.statistics.percentiles import COLUMNS, cumulative, percentiles_of, quantile, read_percentiles
from analysis_shared.statistics.similarity import (
    interval_note,
    ks_distance,
    similarity,
    similarity_table,
    summary_medians,
)

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


def test_distances_of_many_samples_are_those_of_each():
    rng = np.random.default_rng(8)
    values, counts = np.array([0.0, 0.5, 2.0, 3.0]), rng.integers(1, 9, (6, 4))
    # Steps of the reference at a value, at its ends, and nowhere.
    references = np.sort(
        rng.choice([0.0, 0.5, 1.0, 2.0, 4.0], (6, 101)) + (np.arange(6) > 2)[:, None] * rng.random(101)
    )
    found = ks_distance(values, counts, references)
    for row, count, reference in zip(found, counts, references, strict=True):
        # By definition, on a grid that has points just beside every step of either side.
        steps = np.concatenate([values, reference])
        points = np.sort(np.concatenate([steps, np.nextafter(steps, -np.inf)]))
        of_sample = np.array([count[values <= point].sum() for point in points]) / count.sum()
        of_reference = [below_or_at(reference, point) for point in points]
        assert row == pytest.approx(np.abs(of_sample - of_reference).max(), abs=1e-9)


def below_or_at(percentiles, point):
    """Largest share whose quantile is at most the point, by bisection."""
    if point < percentiles[0]:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if quantile(percentiles, middle) <= point else (low, middle)
    return high


def test_interval_over_cells_covers_the_true_similarity_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    truth = 1 - (2 * stats.norm.cdf(0.5 / 2) - 1)
    covered = 0
    for _ in range(150):
        recorded = percentiles_of(rng.normal(size=100))
        _, low, high, over = similarity([rng.normal(0.5, 1, 300)], recorded, 100, 150, rng)
        covered += low <= truth <= high
    assert covered / 150 > 0.85 and over == "cells"


@pytest.mark.parametrize("n_networks", [5, 10])
def test_interval_over_networks_covers_the_true_similarity_as_often_as_it_says(n_networks):
    rng = np.random.default_rng(11)
    # Log rates over all networks are normal with variance 1 + spread², the recorded ones standard normal.
    spread, x = 0.25, np.linspace(-6, 6, 12_001)
    truth = 1 - np.abs(stats.norm.cdf((x - 0.5) / np.hypot(1, spread)) - stats.norm.cdf(x)).max()
    covered, n_repeats = 0, 150
    for _ in range(n_repeats):
        recorded = np.exp(percentiles_of(rng.normal(size=500)))
        samples = [np.exp(rng.normal(0.5 + spread * rng.normal(), 1, 100)) for _ in range(n_networks)]
        found = similarity(samples, recorded, 500, 150, rng)
        covered += found.ci_low <= truth <= found.ci_high
        assert found.interval_over == "networks"
    # Four standard errors of a proportion.
    assert covered / n_repeats == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / n_repeats))


def test_an_interval_over_networks_needs_three():
    rng = np.random.default_rng(12)
    apart = [rng.normal(shift, 1, 200) for shift in (-1, 0, 1)]
    reference = percentiles_of(rng.normal(size=1000))
    two = similarity(apart[::2], reference, 1000, 200, rng)
    three = similarity(apart, reference, 1000, 200, rng)
    assert (two.interval_over, three.interval_over) == ("cells", "networks")
    assert three.ci_high - three.ci_low > 2 * (two.ci_high - two.ci_low)


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


def made_up_cells(sizes, n_networks=1):
    rng = np.random.default_rng(2)
    n = sum(sizes.values())
    cells = pd.DataFrame({"cell_type": np.repeat(list(sizes), list(sizes.values()))})
    cells["network"] = np.arange(n) % n_networks
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


def test_rows_say_what_their_intervals_are_over(percentiles):
    cells = made_up_cells({"L4_Exc": 90, "L4_VIP": 30}, n_networks=3)
    lacking = (cells["cell_type"] == "L4_VIP") & (cells["network"] == 1)
    table = similarity_table(cells[~lacking], percentiles, seed=1, n_resamples=20).set_index(["cell_type", "metric"])
    assert table.loc[("L4_Exc", "OSI"), ["n_networks", "interval_over"]].tolist() == [3, "networks"]
    # Two of three networks have these cells.
    assert table.loc[("L4_VIP", "OSI"), ["n_networks", "interval_over"]].tolist() == [2, "cells"]
    note = "over networks and their cells; over cells where fewer than 3 networks have them"
    assert interval_note([table]) == note
    assert interval_note([table.loc[["L4_Exc"]]]) == "over 3 networks and their cells"


def test_types_that_nobody_recorded_are_one_message(percentiles):
    with pytest.raises(
        ValueError, match="no cell type in common: core cells are L4_Chandelier; recordings are of L4_Exc"
    ):
        similarity_table(made_up_cells({"L4_Chandelier": 20}), percentiles, seed=1, n_resamples=5)


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
