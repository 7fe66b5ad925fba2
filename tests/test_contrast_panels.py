"""From spike files to the contrast tables and panels, with a made-up column whose responses are known."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

import aggregate_contrast_spikes
import calculate_contrast_responses
import calculate_contrast_spectra
from analysis_shared.cells.nodes import read_naming_scheme, read_network
from analysis_shared.figures.contrast_panels import pooled_curves, pooled_fit, pooled_shares, types_by_layer, with_roots
from analysis_shared.statistics.intervals import mean_interval
from analysis_shared.statistics.naka_rushton import naka_rushton
from test_contrasts import paradigm_of
from test_figures import NAMING_SCHEME, assert_figure, core_size, draw, make_network
from v1_files.sonata.spikes import write_spikes

CONTRASTS = (0.05, 0.1, 0.2, 0.4, 0.8)
DIRECTIONS = (0, 90, 180, 270)
BASELINE_HZ, GAIN_HZ, C50, EXPONENT = 4.0, 16.0, 0.2, 2.5
SUPPRESSED = "VIP"


def rates_hz(nodes, contrast, direction):
    """Tuned cells with one contrast-response curve; VIP cells fall from the baseline instead."""
    offset = np.deg2rad(2 * (direction - nodes["tuning_angle"].to_numpy()))
    gain = np.where(nodes["class"] == SUPPRESSED, -3.5, GAIN_HZ * (1 + np.cos(offset)) / 2)
    return BASELINE_HZ + gain * naka_rushton(contrast, 0, 1, C50, EXPONENT)


def make_spikes(folder, nodes, paradigm, seed=1):
    """Poisson spikes of every trial; the grey screen before the stimulus has the baseline."""
    rng = np.random.default_rng(seed)
    for condition in paradigm["conditions"]:
        parameters = condition["parameters"]
        shown = rates_hz(nodes, parameters["contrast"], parameters.get("direction_deg", 0))
        for trial in range(condition["trials"]):
            spikes = []
            for rate, start_s, stop_s in ((np.full(len(nodes), BASELINE_HZ), 0, 0.5), (shown, 0.5, 3)):
                ids = np.repeat(np.arange(len(nodes)), rng.poisson(rate * (stop_s - start_s)))
                spikes.append((ids, 1000 * rng.uniform(start_s, stop_s, len(ids))))
            ids, times = map(np.concatenate, zip(*spikes, strict=True))
            write_spikes(folder / f"{condition['name']}_trial{trial}" / "spikes.h5", "v1", ids, times)


def measure(root):
    """Tables from spikes, as the rules make them."""
    network = ["--network-dir", str(root / "network")]
    spikes = ["--paradigm", str(root / "paradigm.json"), "--spikes-dir", str(root / "spikes")]
    naming = ["--naming-scheme", str(NAMING_SCHEME)]
    counts = root / "spike_counts.npz"
    aggregate_contrast_spikes.main([*network, *spikes, "--output", str(counts)])
    tables = [f"--{name}={root / name}.csv" for name in ("responsiveness", "curves", "fits")]
    settings = ["--counts", str(counts), "--seed", "3", "--resamples", "20"]
    calculate_contrast_responses.main([*network, *naming, *settings, *tables])
    calculate_contrast_spectra.main([*network, *naming, *spikes, "--output", str(root / "spectra.csv")])
    return root


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    """Two layers of 600 cells, their spikes and tables."""
    root = tmp_path_factory.mktemp("made_up")
    nodes = make_network(root / "network", 600, layers=("2/3", "5"))
    paradigm = paradigm_of(DIRECTIONS, CONTRASTS, n_trials=4, n_blanks=8)
    (root / "paradigm.json").write_text(json.dumps(paradigm))
    make_spikes(root / "spikes", nodes, paradigm)
    return measure(root)


def read(path):
    return pd.read_csv(path, sep=" ", keep_default_na=False, na_values=["nan"])


# --- tables --------------------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_files_in_the_window(made_up):
    with np.load(made_up / "spike_counts.npz", allow_pickle=False) as counts:
        assert counts["blank_counts"].shape == (8, 600)
        assert counts["evoked_counts"].shape == (4, 5, 4, 600)
        assert counts["direction_deg"].tolist() == list(DIRECTIONS) and counts["contrast"].tolist() == list(CONTRASTS)
        assert counts["window_ms"].tolist() == [700, 2500] and counts["interval_length_ms"] == 1800
        assert counts["temporal_frequency_hz"] == 1
        found = counts["evoked_counts"][1, 3, 1]
    with h5py.File(made_up / "spikes" / "angle90_contrast0.4_trial1" / "spikes.h5") as stream:
        ids, times = stream["spikes/v1/node_ids"][:], stream["spikes/v1/timestamps"][:]
    expected = [np.sum((ids == node) & (times > 700) & (times <= 2500)) for node in range(600)]
    assert found.tolist() == expected


def test_a_missing_trial_stops_the_count(made_up, tmp_path):
    spikes = tmp_path / "spikes"
    spikes.symlink_to(made_up / "spikes")
    missing = made_up / "spikes" / "angle90_contrast0.4_trial1" / "spikes.h5"
    kept = missing.read_bytes()
    missing.unlink()
    try:
        with pytest.raises(ValueError, match=r"angle90_contrast0\.4_trial1/spikes\.h5"):
            aggregate_contrast_spikes.main(
                [
                    *["--network-dir", str(made_up / "network"), "--paradigm", str(made_up / "paradigm.json")],
                    *["--spikes-dir", str(spikes), "--output", str(tmp_path / "counts.npz")],
                ]
            )
    finally:
        missing.write_bytes(kept)
    assert not (tmp_path / "counts.npz").exists()


def test_damaged_nodes_are_one_message_that_names_the_file(made_up, tmp_path):
    with h5py.File(tmp_path / "v1_nodes.h5", "w") as stream:
        stream["nodes/lgn/node_type_id"] = np.zeros(3, dtype=int)
    with pytest.raises(ValueError, match=r"v1_nodes\.h5: no population nodes/v1, found lgn"):
        aggregate_contrast_spikes.main(
            [
                *["--network-dir", str(tmp_path), "--paradigm", str(made_up / "paradigm.json")],
                *["--spikes-dir", str(made_up / "spikes"), "--output", str(tmp_path / "counts.npz")],
            ]
        )


def test_counts_of_another_network_are_refused(made_up, tmp_path):
    make_network(tmp_path / "network", 50)
    tables = [f"--{name}={tmp_path / name}.csv" for name in ("responsiveness", "curves", "fits")]
    network = ["--network-dir", str(tmp_path / "network"), "--naming-scheme", str(NAMING_SCHEME)]
    with pytest.raises(ValueError, match=r"spike_counts\.npz: 600 cells are not the 50 nodes"):
        calculate_contrast_responses.main(
            [*network, *tables, "--counts", str(made_up / "spike_counts.npz"), "--seed", "1"]
        )


def test_driven_and_suppressed_types_are_told_apart(made_up):
    table = read(made_up / "responsiveness.csv")
    assert len(table) == core_size(made_up)
    vip = table["cell_type"].str.endswith(SUPPRESSED)
    assert (table.loc[~vip, "response"] == "positive").mean() > 0.95
    assert (table.loc[vip, "response"] == "negative").mean() > 0.5
    assert (table.loc[vip, "response"] != "positive").all()


def test_curves_follow_the_rates_and_start_at_the_blanks(made_up):
    curves = read(made_up / "curves.csv")
    exc = curves[(curves["cell_type"] == "L2/3_Exc") & (curves["metric"] == "rate_Hz")].set_index("contrast")
    assert exc.index.tolist() == [0, *CONTRASTS]
    # Averaged over directions 90 deg apart, the tuning of every cell is one half.
    expected = naka_rushton(exc.index, BASELINE_HZ, GAIN_HZ / 2, C50, EXPONENT)
    # The cells' only differences are Poisson's, so the interval over cells is that of the spikes counted.
    error = np.sqrt(expected / 1.8 / np.where(exc.index == 0, 8, 16) / exc["n_cells"])
    assert (np.abs(exc["mean"] - expected) < 4 * error).all()
    np.testing.assert_allclose(exc["sem"], error, rtol=0.35)
    blanks = curves[(curves["contrast"] == 0) & (curves["metric"] != "rate_Hz")]
    assert (blanks["n_defined"] == 0).all() and blanks["mean"].isna().all()


def test_unbiased_selectivity_by_contrast_is_that_of_the_cells(made_up):
    curves = with_roots(pooled_curves([read(made_up / "curves.csv")]))
    nodes, _ = read_network(made_up / "network", read_naming_scheme(NAMING_SCHEME))
    angle = nodes.loc[nodes["core"] & (nodes["cell_type"] == "L2/3_Exc"), "tuning_angle"].to_numpy()
    exc = curves[(curves["cell_type"] == "L2/3_Exc") & (curves["metric"] == "OSI_unbiased")].set_index("contrast")
    for contrast in CONTRASTS:
        shown = naka_rushton(contrast, 0, 1, C50, EXPONENT)
        # Four directions see half the tuning of a cell, 2 theta being 0 or 180 deg.
        modulated = GAIN_HZ / 2 * shown * np.cos(2 * np.deg2rad(angle))
        expected = np.mean(np.square(modulated / (BASELINE_HZ + GAIN_HZ / 2 * shown)))
        row = exc.loc[contrast]
        width = row["ci_high"] * abs(row["ci_high"]) - row["ci_low"] * abs(row["ci_low"])
        assert abs(row["mean"] * abs(row["mean"]) - expected) < width
    assert exc.loc[0.8, "ci_low"] > 0.2 and exc.loc[0.05, "ci_high"] < 0.2


def test_directions_that_do_not_cover_the_circle_leave_the_panels_empty(made_up, tmp_path):
    paradigm = json.loads((made_up / "paradigm.json").read_text())
    for condition in paradigm["conditions"]:
        if "direction_deg" in condition["parameters"]:
            condition["parameters"]["direction_deg"] //= 2
    (tmp_path / "paradigm.json").write_text(json.dumps(paradigm))
    (tmp_path / "spikes").symlink_to(made_up / "spikes")
    (tmp_path / "network").symlink_to(made_up / "network")
    curves = read(measure(tmp_path) / "curves.csv").set_index("metric")
    undefined = ["OSI", "OSI_untuned", "OSI_squared", "lifetime_sparsity", "lifetime_sparsity_untuned"]
    assert curves.loc[undefined, "mean"].isna().all() and curves.loc["reliability", "mean"].notna().any()
    arguments = [*tables_of(tmp_path, "curves", "fits"), "--variant", "plain", "--naming-scheme", NAMING_SCHEME]
    draw(
        "contrast/plot_contrast_curves.py",
        *arguments,
        "--paradigm",
        tmp_path / "paradigm.json",
        "--output-stem",
        tmp_path / "c",
    )
    assert_figure(tmp_path / "c")


def test_fits_find_the_curve(made_up):
    fits = read(made_up / "fits.csv").set_index("cell_type")
    exc = fits.loc["L2/3_Exc"]
    assert exc["status"] == "ok"
    for name, true, tolerance in (("c50", C50, 0.03), ("baseline_Hz", BASELINE_HZ, 0.5), ("r_max_Hz", GAIN_HZ / 2, 1)):
        assert exc[name] == pytest.approx(true, abs=tolerance)
    assert fits.loc["L2/3_VIP", "r_max_Hz"] < 0


def test_spectra_of_poisson_cells_are_flat_at_the_rate_over_the_number_of_all_cells(made_up):
    spectra = read(made_up / "spectra.csv")
    assert spectra["frequency_Hz"].max() == 100
    assert sorted(spectra["contrast"].unique()) == [0, *CONTRASTS]
    exc = spectra[(spectra["cell_type"] == "L2/3_Exc") & spectra["frequency_Hz"].between(5, 100)]
    trials = exc.groupby("contrast")["n_trials"].first()
    assert trials.loc[0] == 8 and (trials.iloc[1:] == 16).all()
    n_cells = exc["n_cells"].iloc[0]
    for contrast, power in exc.groupby("contrast")["power"].mean().items():
        # One-sided density of a Poisson process of r spikes a ms and cell, sampled at 1 kHz: 2 r / (1000 n).
        rate_per_ms = naka_rushton(contrast, BASELINE_HZ, GAIN_HZ / 2, C50, EXPONENT) / 1000
        assert power == pytest.approx(2 * rate_per_ms / (1000 * n_cells), rel=0.1)


# --- pools ---------------------------------------------------------------------------------------------------------


def test_pooled_curves_have_intervals_over_networks(made_up):
    one = read(made_up / "curves.csv")
    two, three = (one.assign(mean=one["mean"] + shift) for shift in (1.0, 3.0))
    pooled = pooled_curves([one, two, three])
    assert len(pooled) == len(one)
    row = pooled.iloc[0]
    expected = mean_interval(one["mean"].iloc[0] + np.array([0, 1.0, 3.0]))
    assert tuple(row[["mean", "ci_low", "ci_high"]]) == pytest.approx(expected[:3])
    assert row["n_networks"] == 3 and row["n_cells"] == 3 * one["n_cells"].iloc[0]
    alone = pooled_curves([one])
    pd.testing.assert_series_equal(alone["ci_low"], one["ci_low"])


def test_pooled_shares_are_over_networks_with_wilson_limits_for_one():
    def table(n_positive, n):
        response = ["positive"] * n_positive + ["none"] * (n - n_positive)
        return pd.DataFrame({"cell_type": "L4_Exc", "response": response, "response_published": "none"})

    alone = pooled_shares([table(3, 10)]).set_index("response").loc["positive"]
    # Wilson's limits of 3 out of 10, from his formula.
    assert alone[["share", "ci_low", "ci_high"]].tolist() == pytest.approx([0.3, 0.1078, 0.6032], abs=1e-4)
    several = pooled_shares([table(3, 10), table(10, 20)]).set_index("response").loc["positive"]
    # t(0.975, 1) = 12.7: the interval is cut at 0 and 1.
    assert several[["n_cells", "n_networks", "share", "ci_low", "ci_high"]].tolist() == [30, 2, 0.4, 0, 1]


def test_pooled_fits_are_averaged_and_sound_only_if_all_are(made_up):
    fits, contrast = read(made_up / "fits.csv"), np.array([0.0, 0.5])
    rate, sound = pooled_fit([fits, fits], "L2/3_Exc", contrast)
    alone, _ = pooled_fit([fits], "L2/3_Exc", contrast)
    assert sound and rate == pytest.approx(alone)
    rate, sound = pooled_fit([fits, fits.assign(status="at_bound:c50")], "L2/3_Exc", contrast)
    assert not sound and rate is not None
    assert pooled_fit([fits], "L9_Exc", contrast) == (None, False)


def test_types_are_grouped_by_layer():
    assert types_by_layer(["L6_PV", "L2/3_Exc", "L1_Inh"]) == {"L1, L2/3": ["L2/3_Exc", "L1_Inh"], "L6": ["L6_PV"]}


# --- panels --------------------------------------------------------------------------------------------------------


def tables_of(root, *names, times=1):
    return [
        part
        for number in range(times)
        for part in ("--network", f"net{number}", *(root / f"{name}.csv" for name in names))
    ]


@pytest.mark.parametrize(
    ("script", "tables", "n_networks"),
    [
        ("contrast/plot_responsive_cells.py", ["responsiveness"], 1),
        ("contrast/plot_responsive_cells.py", ["responsiveness"], 3),
        ("contrast/plot_contrast_curves.py", ["curves", "fits"], 3),
        ("contrast/plot_contrast_spectra.py", ["spectra"], 2),
    ],
)
def test_panels_of_one_and_several_networks(made_up, tmp_path, script, tables, n_networks):
    arguments = [*tables_of(made_up, *tables, times=n_networks), "--variant", "plain"]
    if "curves" in tables:
        arguments += ["--naming-scheme", NAMING_SCHEME]
    draw(script, *arguments, "--paradigm", made_up / "paradigm.json", "--output-stem", tmp_path / "panel")
    assert_figure(tmp_path / "panel")
    shown = read(tmp_path / "panel.csv")
    assert (shown["n_networks"] == n_networks).any()
    assert shown.drop_duplicates("cell_type")["n_cells"].sum() == n_networks * core_size(made_up)


def test_layer_5_of_two_variants(made_up, tmp_path):
    curves = [
        part for variant in ("bio_trained", "naive") for part in ("--curves", variant, "net", made_up / "curves.csv")
    ]
    paradigm = ["--paradigm", made_up / "paradigm.json"]
    draw("contrast/plot_l5_contrast_responses.py", *curves, *paradigm, "--output-stem", tmp_path / "l5")
    assert_figure(tmp_path / "l5")
    shown = read(tmp_path / "l5.csv")
    assert set(shown["cell_type"]) == {"L5_ET", "L5_IT", "L5_NP"} and set(shown["metric"]) == {
        "rate_Hz",
        "OSI_unbiased",
    }


@pytest.mark.parametrize("scale", ["raw", "normalised"])
def test_heatmaps(made_up, tmp_path, scale):
    inputs = ["--counts", made_up / "spike_counts.npz", "--network-dir", made_up / "network"]
    settings = ["--naming-scheme", NAMING_SCHEME, "--variant", "plain", "--scale", scale]
    draw("contrast/plot_contrast_heatmaps.py", *inputs, *settings, "--output-stem", tmp_path / "heatmap")
    assert_figure(tmp_path / "heatmap")
    shown = read(tmp_path / "heatmap.csv")
    assert len(shown) == core_size(made_up)
    for _, cells in shown.groupby("cell_type"):
        assert cells["tuning_angle"].is_monotonic_increasing
    with np.load(made_up / "spike_counts.npz") as counts:
        cell = shown.iloc[7]
        evoked = counts["evoked_counts"][..., int(cell["node_id"])].mean(axis=2)
        blank = counts["blank_counts"][:, int(cell["node_id"])].mean()
    expected = evoked[1, 2] if scale == "raw" else (evoked[1, 2] - blank) / (evoked.mean() + blank)
    assert cell["contrast0.2_angle90"] == pytest.approx(expected, rel=1e-4)


def test_rasters(made_up, tmp_path):
    conditions = ["blank", *(f"angle90_contrast{contrast}" for contrast in CONTRASTS[-2:])]
    trials = [
        part for name in conditions for part in ("--trial", name, made_up / "spikes" / f"{name}_trial0" / "spikes.h5")
    ]
    network = ["--network-dir", made_up / "network", "--naming-scheme", NAMING_SCHEME]
    settings = ["--variant", "plain", "--paradigm", made_up / "paradigm.json"]
    draw("contrast/plot_contrast_rasters.py", *trials, *network, *settings, "--output-stem", tmp_path / "raster")
    assert_figure(tmp_path / "raster")
    numbers = read(tmp_path / "raster.csv")
    assert numbers.groupby("condition")["n_cells"].sum().tolist() == [core_size(made_up)] * 3
    trials[1] = "angle46_contrast0.4"
    with pytest.raises(ValueError, match=r"paradigm\.json: no condition 'angle46_contrast0\.4'"):
        draw("contrast/plot_contrast_rasters.py", *trials, *network, *settings, "--output-stem", tmp_path / "raster")


def test_a_table_without_a_column_is_one_clear_error(made_up, tmp_path):
    read(made_up / "curves.csv").drop(columns="ci_low").to_csv(tmp_path / "curves.csv", sep=" ", index=False)
    arguments = ["--curves", "plain", "net", tmp_path / "curves.csv", "--paradigm", made_up / "paradigm.json"]
    with pytest.raises(ValueError, match=r"curves\.csv: no column ci_low"):
        draw("contrast/plot_l5_contrast_responses.py", *arguments, "--output-stem", tmp_path / "l5")
