"""Contrast responses from hand-made counts with known answers, and Naka–Rushton fits to curves that are known."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.stats import pearsonr

from analysis_shared.metrics.contrasts import (
    METRICS,
    ContrastCounts,
    contrast_layout,
    contrast_responses,
    curves_table,
    read_counts,
    split_half_reliability,
)
from analysis_shared.statistics.naka_rushton import (
    PARAMETERS,
    _bounds,
    _jacobian,
    fit_many,
    fit_naka_rushton,
    fit_type,
    fits_table,
    naka_rushton,
)

CONTRASTS = np.array([0.05, 0.1, 0.2, 0.4, 0.6, 0.8])
WITH_BLANKS = np.concatenate([[0.0], CONTRASTS])
EIGHT = np.arange(0, 360, 45.0)
TRUE = (1.0, 8.0, 0.22, 2.5)


def paradigm_of(directions=(0, 90), contrasts=(0.1, 0.4), n_trials=3, n_blanks=4, **changes):
    """A contrast paradigm; changes are parameters of its gratings."""
    fixed = {"temporal_frequency_hz": 1, "spatial_frequency_cpd": 0.04, "phase_deg": "random", **changes}
    conditions = [{"name": "blank", "trials": n_blanks, "parameters": {"contrast": 0, **fixed}}] if n_blanks else []
    for direction in directions:
        for contrast in contrasts:
            parameters = {"direction_deg": direction, "contrast": contrast, **fixed}
            name = f"angle{direction}_contrast{contrast}"
            conditions.append({"name": name, "trials": n_trials, "parameters": parameters})
    windows = {"evoked": [700, 2500], "spontaneous": [100, 500]}
    about = {"name": "contrasts", "duration_ms": 3000, "grey_ms": 500, "windows_ms": windows}
    return about | {"conditions": conditions}


def counts_of(evoked, blank, directions, contrasts):
    n_cells = blank.shape[1]
    axes = (np.asarray(directions, dtype=float), np.asarray(contrasts, dtype=float), np.arange(n_cells))
    return ContrastCounts(blank, evoked, *axes, np.array([700.0, 2500]), np.array(1800.0), np.array(1.0))


# --- layout --------------------------------------------------------------------------------------------------------


def test_conditions_are_arranged_by_direction_and_contrast_in_ascending_order():
    layout = contrast_layout(paradigm_of(directions=(90, 0), contrasts=(0.4, 0.1)))
    assert layout.direction_deg.tolist() == [0, 90] and layout.contrast.tolist() == [0.1, 0.4]
    assert layout.grid.tolist() == [
        ["angle0_contrast0.1", "angle0_contrast0.4"],
        ["angle90_contrast0.1", "angle90_contrast0.4"],
    ]
    assert layout.blanks == (("blank", 4),)
    assert (layout.n_trials, layout.temporal_frequency_hz) == (3, 1)


def broken(change):
    paradigm = paradigm_of()
    change(paradigm["conditions"])
    return paradigm


@pytest.mark.parametrize(
    ("paradigm", "message"),
    [
        (paradigm_of(n_blanks=0), "no blanks"),
        (paradigm_of(contrasts=()), "no gratings"),
        (broken(lambda c: c.pop()), "no condition of direction 90 deg and contrast 0.4"),
        (broken(lambda c: c.append(c[-1] | {"name": "again"})), "again repeats"),
        (broken(lambda c: c[-1].update(trials=7)), r"differ in trials \(3, 7\)"),
        (broken(lambda c: c[-1]["parameters"].update(temporal_frequency_hz=2)), r"temporal_frequency_hz \(1, 2\)"),
        (broken(lambda c: c[-1]["parameters"].pop("contrast")), "angle90_contrast0.4 has no contrast"),
        (broken(lambda c: c[-1]["parameters"].pop("temporal_frequency_hz")), "has no temporal_frequency_hz"),
    ],
)
def test_a_paradigm_that_is_no_grid_says_why(paradigm, message):
    with pytest.raises(ValueError, match=f"paradigm contrasts: .*{message}"):
        contrast_layout(paradigm)


# --- metrics -------------------------------------------------------------------------------------------------------


def test_reliability_is_pearsons_correlation_of_the_halves():
    counts = np.random.default_rng(1).poisson(3, (8, 10, 5))
    expected = [pearsonr(counts[:, :5, i].mean(axis=1), counts[:, 5:, i].mean(axis=1))[0] for i in range(5)]
    np.testing.assert_allclose(split_half_reliability(counts), expected)


def test_reliability_is_undefined_for_a_constant_half_few_directions_and_one_trial():
    counts = np.random.default_rng(1).poisson(3, (8, 6, 2))
    counts[:, 3:, 0] = 4
    assert np.isnan(split_half_reliability(counts)).tolist() == [True, False]
    assert np.isnan(split_half_reliability(counts[:2])).all()
    assert np.isnan(split_half_reliability(counts[:, :1])).all()


def test_the_middle_of_an_odd_number_of_trials_is_in_neither_half():
    counts = np.random.default_rng(2).poisson(3, (8, 5, 3))
    without = np.delete(counts, 2, axis=1)
    np.testing.assert_array_equal(split_half_reliability(counts), split_half_reliability(without))


def test_responses_of_known_cells():
    evoked = np.zeros((8, 2, 4, 3))
    evoked[:, :, :, 0] = 9  # answers all directions alike
    evoked[2, 1, :, 1] = 18  # answers one direction, at the higher contrast
    blank = np.tile([[3.6, 1.8, 0.0]], (5, 1))
    contrast, found = contrast_responses(counts_of(evoked, blank, EIGHT, [0.1, 0.4]))
    assert contrast.tolist() == [0, 0.1, 0.4]
    np.testing.assert_allclose(found["rate_Hz"], [[2, 1, 0], [5, 0, 0], [5, 1.25, 0]])
    for name in ("OSI", "lifetime_sparsity"):
        assert np.isnan(found[name][0]).all()
        np.testing.assert_allclose(found[name][1:], [[0, np.nan, np.nan], [0, 1, np.nan]], atol=1e-12)
    np.testing.assert_allclose(found["reliability"][1:], [[np.nan] * 3, [np.nan, 1, np.nan]])


def test_curves_have_means_and_intervals_over_the_cells_that_are_defined():
    evoked, blank = np.zeros((8, 1, 2, 4)), np.zeros((2, 4))
    evoked[0, 0, :, 0], evoked[:, 0, :, 1] = 8 * 1.8, 1.8
    types = np.array(["L4_Exc", "L4_Exc", "L4_Exc", "L1_Inh"])
    table = curves_table(*contrast_responses(counts_of(evoked, blank, EIGHT, [0.5])), types)
    assert table["metric"].unique().tolist() == list(METRICS)
    rows = table[table["contrast"] == 0.5].set_index(["cell_type", "metric"])
    rate = rows.loc[("L4_Exc", "rate_Hz")]
    # Rates 1, 1, 0 Hz: SD 1/sqrt 3, SEM 1/3, t(0.975, 2) = 4.3027.
    assert rate[["n_cells", "n_defined"]].tolist() == [3, 3]
    expected = [2 / 3, 3**-0.5, 1 / 3, 2 / 3 - 4.302653 / 3, 2 / 3 + 4.302653 / 3]
    assert rate[["mean", "sd", "sem", "ci_low", "ci_high"]].tolist() == pytest.approx(expected, rel=1e-6)
    assert rows.loc[("L4_Exc", "OSI"), ["n_cells", "n_defined", "mean"]].tolist() == [3, 2, 0.5]
    lone = rows.loc[("L1_Inh", "rate_Hz")]
    assert lone["mean"] == 0 and lone[["sd", "sem", "ci_low", "ci_high"]].isna().all()


def test_counts_are_read_without_pickle_and_checked(tmp_path):
    counts = counts_of(np.zeros((2, 3, 2, 5), dtype=int), np.zeros((4, 5), dtype=int), [0, 90], [0.1, 0.2, 0.4])
    path = tmp_path / "spike_counts.npz"
    np.savez_compressed(path, **counts._asdict())
    for found, expected in zip(read_counts(path), counts, strict=True):
        np.testing.assert_array_equal(found, expected)
    np.savez_compressed(path, **(counts._asdict() | {"contrast": np.array([0.1, 0.2])}))
    with pytest.raises(ValueError, match=r"spike_counts\.npz: evoked_counts \(2, 3, 2, 5\).* do not fit the axes"):
        read_counts(path)
    np.savez_compressed(path, blank_counts=counts.blank_counts)
    with pytest.raises(ValueError, match="no array evoked_counts"):
        read_counts(path)
    path.write_text("no archive")
    with pytest.raises(ValueError, match=r"spike_counts\.npz"):
        read_counts(path)


# --- Naka–Rushton --------------------------------------------------------------------------------------------------


def test_curve_at_its_landmarks():
    assert naka_rushton([0, 0.22], *TRUE).tolist() == pytest.approx([1, 5])
    assert naka_rushton(1e9, *TRUE) == pytest.approx(9)


def test_derivatives_are_those_of_the_curve():
    step = 1e-6
    for index, row in enumerate(_jacobian(WITH_BLANKS, *TRUE).T):
        ahead, behind = (np.array(TRUE) + sign * step * (np.arange(4) == index) for sign in (1, -1))
        slope = (naka_rushton(WITH_BLANKS, *ahead) - naka_rushton(WITH_BLANKS, *behind)) / (2 * step)
        np.testing.assert_allclose(row, slope, atol=1e-6)


@pytest.mark.parametrize(
    "true", [TRUE, (0.0, 3.0, 0.1, 1.0), (5.0, -4.0, 0.3, 2.0), (20.0, 2.0, 0.5, 4.0), (0.5, 30.0, 0.08, 1.5)]
)
def test_parameters_of_a_curve_without_noise_are_found(true):
    found, status = fit_naka_rushton(WITH_BLANKS, naka_rushton(WITH_BLANKS, *true))
    assert status == "ok"
    assert found == pytest.approx(true, rel=1e-3, abs=1e-3)


def test_parameters_are_recovered_from_noisy_curves():
    rng = np.random.default_rng(1)
    curve, noise = naka_rushton(WITH_BLANKS, *TRUE), 0.15
    fits = [fit_naka_rushton(WITH_BLANKS, curve + rng.normal(0, noise, 7))[0] for _ in range(200)]
    # The spread to expect, from the derivatives at the truth.
    jacobian = _jacobian(WITH_BLANKS, *TRUE)
    expected = noise * np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))
    assert np.abs(np.mean(fits, axis=0) - TRUE) == pytest.approx(np.zeros(4), abs=0.3 * expected.max())
    np.testing.assert_allclose(np.std(fits, axis=0), expected, rtol=0.2)


def test_what_the_data_cannot_tell_is_said():
    assert fit_naka_rushton(WITH_BLANKS, np.full(7, 3.0))[1] == "flat"
    assert fit_naka_rushton([0, 0.1, 0.4], [1, 2, 3])[1] == "too_few_contrasts"
    demo = np.array([0, 0.1, 0.4, 0.8])
    found, status = fit_naka_rushton(demo, naka_rushton(demo, *TRUE))
    assert status == "exactly_determined" and naka_rushton(demo, *found) == pytest.approx(naka_rushton(demo, *TRUE))
    # A straight line does not saturate.
    assert "at_bound:" in fit_naka_rushton(WITH_BLANKS, 10 * WITH_BLANKS**1.5)[1]


def cells_of(true, n_cells, rng, spread=0.4, seconds=36.0):
    """Rates of Poisson cells with the same curve times a gain each, which is 1 on average."""
    gain = rng.lognormal(-(spread**2) / 2, spread, n_cells)
    return rng.poisson(naka_rushton(WITH_BLANKS, *true)[:, None] * gain * seconds) / seconds


def test_intervals_over_cells_cover_the_truth():
    rng = np.random.default_rng(3)
    n_simulations, covered = 100, []
    for _ in range(n_simulations):
        row = fit_type(WITH_BLANKS, cells_of(TRUE, 60, rng), 100, rng)
        covered.append([row[f"{k}_ci_low"] <= v <= row[f"{k}_ci_high"] for k, v in zip(PARAMETERS, TRUE, strict=True)])
    # Percentile intervals of skewed samples are narrow, by some points of coverage; and three standard errors.
    assert (np.mean(covered, axis=0) > 0.90 - 3 * np.sqrt(0.9 * 0.1 / n_simulations)).all()


@pytest.mark.parametrize("contrasts", [WITH_BLANKS, np.array([0, 0.1, 0.4, 0.8])], ids=["full", "demo"])
@pytest.mark.parametrize(("true", "noise"), [(TRUE, 0.15), ((1.0, 8.0, 0.8, 2.5), 0.4), ((3.0, -2.0, 0.3, 3.0), 0.6)])
def test_fits_are_no_worse_than_scipys(contrasts, true, noise):
    rng = np.random.default_rng(7)
    rates = np.maximum(naka_rushton(contrasts, *true) + rng.normal(0, noise, (40, len(contrasts))), 0)
    fits = fit_many(contrasts, rates)
    for found, rate in zip(fits, rates, strict=True):
        (lower,), (upper,) = _bounds(rate[None])
        assert (found >= lower).all() and (found <= upper).all()
        cost = np.square(naka_rushton(contrasts, *found) - rate).sum()
        for start in (true, found):
            inside = np.clip(start, lower + 1e-6, upper - 1e-6)
            other = least_squares(
                lambda p, rate=rate: naka_rushton(contrasts, *p) - rate, inside, bounds=(lower, upper)
            )
            # What is left is far below the noise.
            assert cost <= 2 * other.cost + len(contrasts) * (0.05 * noise) ** 2


def test_fits_of_all_types_do_not_depend_on_each_other():
    rng = np.random.default_rng(4)
    rates = np.concatenate([cells_of(TRUE, 20, rng), cells_of((3.0, 20.0, 0.3, 2.0), 10, rng), np.ones((7, 1))], axis=1)
    types = np.repeat(["L4_Exc", "L4_PV", "L1_Inh"], [20, 10, 1])
    table = fits_table(WITH_BLANKS, rates, types, 40, seed=5)
    assert table["cell_type"].tolist() == ["L4_Exc", "L1_Inh", "L4_PV"]
    assert table["status"].tolist() == ["ok", "flat", "ok"] and table["n_cells"].tolist() == [20, 1, 10]
    row = table.iloc[0]
    assert row["c50_ci_low"] < row["c50"] < row["c50_ci_high"] and row["r_squared"] > 0.98
    alone = fits_table(WITH_BLANKS, rates[:, :20], types[:20], 40, seed=5).iloc[0]
    assert alone["c50_ci_low"] == row["c50_ci_low"]
