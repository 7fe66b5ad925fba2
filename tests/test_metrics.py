"""Rates, selectivity and sparsity from hand-made spikes and tuning curves with known answers."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.special import iv

import calculate_odsi
from analysis_shared.metrics import untuned
from analysis_shared.metrics.registry import mask_unresponsive
from analysis_shared.metrics.selectivity import direction_tuning, lifetime_sparsity, rates_table, selectivity_table
from v1_files.paradigms import directions_deg, read_paradigm

RATES_COLUMNS = ["DG_angle", "node_id", "Ave_Rate(Hz)", "SD_rate(Hz)", "Spont_rate(Hz)", "n_trials", "condition"]
SELECTIVITY_COLUMNS = [
    *["node_id", "DSI", "OSI", "preferred_angle", "pref_dir_deg", "pref_ori_deg"],
    *["max_mean_rate(Hz)", "Ave_Rate(Hz)", "Spont_Rate(Hz)", "n_trials", "lifetime_sparsity"],
]
ADDED_COLUMNS = [*untuned.COLUMNS, "selectivity_status"]
EIGHT = np.arange(0, 360, 45.0)
SIXTEEN = np.arange(0, 360, 22.5)


def von_mises(directions, preferred, kappa, harmonic=1):
    return np.exp(kappa * np.cos(harmonic * np.deg2rad(directions - preferred)))[:, None]


@pytest.mark.parametrize("preferred", [0.0, 10.0, 135.0, 200.0, 350.0])
def test_direction_tuned_cell_has_the_indices_of_the_von_mises_distribution(preferred):
    # Sampling at 16 directions folds in harmonics of order 14 and up, below 1e-9 at this concentration.
    tuning = direction_tuning(von_mises(SIXTEEN, preferred, 1.5), SIXTEEN).iloc[0]
    assert tuning["DSI"] == pytest.approx(iv(1, 1.5) / iv(0, 1.5), abs=1e-8)
    assert tuning["OSI"] == pytest.approx(iv(2, 1.5) / iv(0, 1.5), abs=1e-8)
    assert circular_difference(tuning["pref_dir_deg"], preferred, 360) < 1e-6
    assert circular_difference(tuning["pref_ori_deg"], preferred, 180) < 1e-6
    nearest = SIXTEEN[np.argmin([circular_difference(angle, preferred, 360) for angle in SIXTEEN])]
    assert tuning["preferred_angle"] == nearest


def circular_difference(a, b, period):
    return abs((a - b + period / 2) % period - period / 2)


def test_orientation_tuned_cell_has_no_direction_selectivity():
    tuning = direction_tuning(von_mises(SIXTEEN, 30, 2.0, harmonic=2), SIXTEEN).iloc[0]
    assert tuning["DSI"] == pytest.approx(0, abs=1e-12)
    # Folded harmonics are of order 7 here.
    assert tuning["OSI"] == pytest.approx(iv(1, 2.0) / iv(0, 2.0), abs=1e-4)


def test_response_to_one_direction_alone_is_fully_selective():
    rates = np.zeros((8, 1))
    rates[5] = 3.0
    tuning = direction_tuning(rates, EIGHT).iloc[0]
    assert tuning[["DSI", "OSI"]].to_numpy(dtype=float) == pytest.approx([1, 1])
    assert tuning[["preferred_angle", "pref_dir_deg", "pref_ori_deg"]].tolist() == pytest.approx([225, 225, 45])


def test_silent_cells_have_no_selectivity_and_untuned_cells_no_preferred_angle():
    tuning = direction_tuning(np.stack([np.zeros(8), np.ones(8)], axis=1), EIGHT)
    assert tuning.iloc[0].isna().all()
    assert tuning.loc[1, ["DSI", "OSI"]].to_numpy(dtype=float) == pytest.approx([0, 0], abs=1e-12)
    assert tuning.loc[1, ["pref_dir_deg", "pref_ori_deg"]].isna().all()


def test_preferred_angles_stay_inside_their_ranges():
    tuning = direction_tuning(np.random.default_rng(0).poisson(1.0, (8, 5000)).astype(float), EIGHT).dropna()
    assert tuning["pref_dir_deg"].between(0, 360, inclusive="left").all()
    assert tuning["pref_ori_deg"].between(0, 180, inclusive="left").all()
    assert tuning[["OSI", "DSI"]].to_numpy().max() <= 1 + 1e-12


def test_lifetime_sparsity_at_its_limits_and_between():
    rates = np.array([[2.0, 5, 0, 3], [2, 0, 0, 1], [2, 0, 0, 0], [2, 0, 0, 0]])
    # Last cell by hand: mean 1, mean square 10/4, so (1 - 1/2.5) / (1 - 1/4) = 0.8.
    np.testing.assert_allclose(lifetime_sparsity(rates), [0, 1, np.nan, 0.8], atol=1e-12)


def test_lifetime_sparsity_needs_two_stimuli():
    with pytest.raises(ValueError, match="at least 2 stimuli"):
        lifetime_sparsity(np.ones((1, 3)))


def test_rates_table_has_the_published_columns_by_angle():
    evoked = np.array([[[1.0], [3.0]], [[5.0], [5.0]]])
    blank = np.array([[4.0], [4.0], [7.0]])
    found = rates_table(
        [blank, *evoked], [blank, *evoked / 2], np.array([np.nan, 90.0, 0.0]), ["blank", "second", "first"]
    )
    table, last = found.iloc[:2], found.iloc[2]
    # A blank has rates, but no direction.
    assert np.isnan(last["DG_angle"]) and last[["Ave_Rate(Hz)", "n_trials", "condition"]].tolist() == [5, 3, "blank"]
    assert list(table.columns) == RATES_COLUMNS
    assert table["DG_angle"].tolist() == [0, 90] and table["n_trials"].tolist() == [2, 2]
    assert table["condition"].tolist() == ["first", "second"]
    assert table["Ave_Rate(Hz)"].tolist() == [5, 2]
    assert table["SD_rate(Hz)"].tolist() == [0, 1]
    assert table["Spont_rate(Hz)"].tolist() == [2.5, 1]


def test_conditions_of_one_direction_are_averaged_before_the_indices():
    evoked = np.array([4.0, 0, 2, 2, 2, 2, 2, 2])[:, None, None]
    table = selectivity_table(evoked, np.zeros_like(evoked), np.repeat([0.0, 90, 180, 270], 2))
    assert list(table.columns) == [*SELECTIVITY_COLUMNS, "selectivity_status"]
    assert table.loc[0, "DSI"] == pytest.approx(0)
    assert table.loc[0, "max_mean_rate(Hz)"] == 2
    assert table.loc[0, "lifetime_sparsity"] == pytest.approx((1 - 4 / 5) / (1 - 1 / 8))


@pytest.mark.parametrize("directions", [[0, 45, 90], [0, 90], [0, 120, 240], [0, 10, 20, 30]])
def test_directions_that_do_not_cover_the_circle_define_no_selectivity(directions):
    evoked = np.full((len(directions), 2, 1), 3.0)
    row = selectivity_table(evoked, evoked, np.array(directions, dtype=float)).iloc[0]
    assert row[["DSI", "OSI", "pref_dir_deg", "pref_ori_deg", "lifetime_sparsity"]].isna().all()
    assert row[["max_mean_rate(Hz)", "Ave_Rate(Hz)", "Spont_Rate(Hz)"]].tolist() == [3, 3, 3]
    assert row["selectivity_status"] == "directions_do_not_cover_circle"


def test_unresponsive_cells_lose_their_selectivity_only_in_the_copy():
    cells = pd.DataFrame({"max_mean_rate(Hz)": [0.49, 0.5], "OSI": [0.9, 0.2], "DSI": [0.8, 0.1]})
    masked = mask_unresponsive(cells)
    assert masked["OSI"].isna().tolist() == [True, False]
    assert masked["DSI"].isna().tolist() == [True, False]
    assert masked["max_mean_rate(Hz)"].tolist() == [0.49, 0.5]
    assert cells["OSI"].tolist() == [0.9, 0.2]


@pytest.fixture
def experiment(tmp_path):
    """Three cells, four directions, two trials: cell 0 answers 90 deg alone, cell 1 always, cell 2 never."""
    conditions = [{"name": f"angle{a}", "trials": 2, "parameters": {"direction_deg": a}} for a in (0, 90, 180, 270)]
    windows = {"evoked": [500, 2500], "spontaneous": [100, 500]}
    write_paradigm(tmp_path, conditions, windows)
    (tmp_path / "network").mkdir()
    with h5py.File(tmp_path / "network" / "v1_nodes.h5", "w") as stream:
        stream["nodes/v1/node_type_id"] = np.zeros(3, dtype=int)
    for condition in conditions:
        for trial in range(2):
            spikes = [(1, 100.0), (1, 100.1), (1, 500.0), (1, 500.1), (1, 2500.0), (1, 2500.1)]
            if condition["name"] == "angle90":
                spikes += [(0, 1000.0 + i) for i in range(4 + 4 * trial)]
            write_spikes(tmp_path / "spikes" / f"{condition['name']}_trial{trial}" / "spikes.h5", spikes)
    return tmp_path


def write_paradigm(folder, conditions, windows):
    paradigm = {"name": "four", "duration_ms": 3000, "grey_ms": 500, "windows_ms": windows}
    (folder / "paradigm.json").write_text(json.dumps(paradigm | {"conditions": conditions}))


def write_spikes(path, spikes):
    path.parent.mkdir(parents=True, exist_ok=True)
    node_ids, times = zip(*spikes, strict=True)
    with h5py.File(path, "w") as stream:
        stream["spikes/v1/node_ids"] = np.array(node_ids, dtype=np.uint64)
        stream["spikes/v1/timestamps"] = np.array(times)


def calculate(folder):
    calculate_odsi.main(
        [
            *["--paradigm", str(folder / "paradigm.json"), "--network-dir", str(folder / "network")],
            *["--spikes-dir", str(folder / "spikes"), "--rates", str(folder / "rates.csv")],
            *["--selectivity", str(folder / "selectivity.csv")],
        ]
    )
    return pd.read_csv(folder / "rates.csv", sep=" "), pd.read_csv(folder / "selectivity.csv", sep=" ")


def test_tables_from_spikes_with_known_answers(experiment):
    rates, selectivity = calculate(experiment)
    assert list(rates.columns) == RATES_COLUMNS
    assert list(selectivity.columns) == [*SELECTIVITY_COLUMNS, *ADDED_COLUMNS]
    assert selectivity["selectivity_status"].tolist() == ["ok", "ok", "silent"]
    assert len(rates) == 12
    at_90 = rates[rates["DG_angle"] == 90].set_index("node_id")
    # 4 and 8 spikes in 2 s; windows are open on the left: of the six spikes of cell 1, two are in each window.
    assert at_90.loc[0, ["Ave_Rate(Hz)", "SD_rate(Hz)", "Spont_rate(Hz)"]].tolist() == [3, 1, 0]
    assert at_90.loc[1, ["Ave_Rate(Hz)", "SD_rate(Hz)", "Spont_rate(Hz)"]].tolist() == [1, 0, 5]
    tuned, constant, silent = (selectivity.loc[node] for node in range(3))
    assert tuned[["DSI", "OSI", "pref_dir_deg", "max_mean_rate(Hz)", "Ave_Rate(Hz)"]].tolist() == [1, 1, 90, 3, 0.75]
    assert tuned["lifetime_sparsity"] == 1
    assert constant[["Ave_Rate(Hz)", "Spont_Rate(Hz)", "lifetime_sparsity"]].tolist() == [1, 5, 0]
    assert silent[["DSI", "OSI", "preferred_angle", "pref_dir_deg", "pref_ori_deg", "lifetime_sparsity"]].isna().all()
    assert (selectivity["n_trials"] == 2).all()


@pytest.mark.parametrize("n_blanks", [2, 3])
def test_blanks_have_no_part_in_selectivity(experiment, n_blanks):
    """Gratings of two contrasts with blanks: cell 0 has 10 Hz in every grating, cell 1 at 90 deg alone."""
    shown = [(angle, contrast) for contrast in (0.4, 0.8) for angle in (0, 90, 180, 270)]
    conditions = [{"name": "blank", "trials": n_blanks, "parameters": {"contrast": 0, "direction_deg": 0}}]
    conditions += [{"name": "grey", "trials": 2, "parameters": {}}]
    conditions += [
        {"name": f"a{angle}c{c}", "trials": 2, "parameters": {"direction_deg": angle, "contrast": c}}
        for angle, c in shown
    ]
    write_paradigm(experiment, conditions, {"evoked": [500, 2500], "spontaneous": [100, 500]})
    for condition in conditions:
        for trial in range(condition["trials"]):
            spikes = [(2, 1.0)]
            if condition["parameters"].get("contrast"):
                spikes += [(0, 600.0 + 90 * index) for index in range(20)]
            if condition["parameters"].get("direction_deg") == 90:
                spikes += [(1, 600.0 + index) for index in range(8)]
            write_spikes(experiment / "spikes" / f"{condition['name']}_trial{trial}" / "spikes.h5", spikes)
    rates, selectivity = calculate(experiment)
    untuned_cell, tuned = selectivity.loc[0], selectivity.loc[1]
    assert untuned_cell[["DSI", "OSI", "lifetime_sparsity"]].tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    assert untuned_cell[["DSI_squared", "OSI_squared"]].tolist() == pytest.approx([0, 0], abs=1e-6)
    assert untuned_cell[["Ave_Rate(Hz)", "max_mean_rate(Hz)", "n_trials"]].tolist() == [10, 10, 2]
    assert tuned[["DSI", "OSI", "DSI_squared", "OSI_squared", "Ave_Rate(Hz)"]].tolist() == pytest.approx(
        [1, 1, 1, 1, 1]
    )
    without = rates[rates["condition"].isin(["blank", "grey"])]
    assert without["DG_angle"].isna().all() and rates["DG_angle"].notna().sum() == 3 * len(shown)
    assert set(without.loc[without["condition"] == "blank", "n_trials"]) == {n_blanks}


def test_a_missing_trial_stops_the_step_and_leaves_no_table(experiment):
    missing = experiment / "spikes" / "angle180_trial1" / "spikes.h5"
    missing.unlink()
    with pytest.raises(ValueError, match=r"angle180_trial1/spikes\.h5"):
        calculate(experiment)
    assert not (experiment / "rates.csv").exists()


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ([{"name": "a", "trials": 2, "parameters": {"direction_deg": 45}}], "at least 2 directions"),
        ([{"name": f"a{d}", "trials": 2, "parameters": {"direction_deg": d}} for d in (0, 360)], "at least 2 direct"),
        ([{"name": "flash", "trials": 2, "parameters": {"contrast": 1}}], "the conditions have none"),
    ],
)
def test_paradigms_without_directions_are_refused(tmp_path, conditions, message):
    write_paradigm(tmp_path, conditions, {"evoked": [500, 2500], "spontaneous": [100, 500]})
    with pytest.raises(ValueError, match=message):
        directions_deg(read_paradigm(tmp_path / "paradigm.json"))


def test_windows_outside_the_recording_are_refused(tmp_path):
    conditions = [{"name": "a", "trials": 2, "parameters": {"direction_deg": 45}}]
    write_paradigm(tmp_path, conditions, {"evoked": [500, 3500]})
    with pytest.raises(ValueError, match=r"paradigm\.json: windows_ms 'evoked' is 500\.\.3500 ms"):
        read_paradigm(tmp_path / "paradigm.json")
