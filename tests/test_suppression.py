"""Suppression: paired intervals that cover, planted changes recovered, targets left out, silenced cells silent."""

import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from scipy.stats import ttest_rel

import calculate_odsi
import calculate_suppression
import small_runs
from analysis_shared.metrics.selectivity import selectivity_table
from analysis_shared.metrics.suppression import (
    SUPPRESSION_METRICS,
    cell_groups,
    compare_cells,
    compare_groups,
    with_windows,
)
from analysis_shared.metrics.suppression_summary import (
    LOW_BASELINE,
    SILENCED,
    UNRESPONSIVE,
    VALUE,
    interval_note,
    read_type_tables,
    summarise_changes,
)
from analysis_shared.metrics.untuned import untuned_table
from analysis_shared.statistics.intervals import mean_interval
from analysis_shared.statistics.paired import paired_change
from small_runs import small_run  # noqa: F401
from test_figures import NAMING_SCHEME, draw, make_network, make_paradigm, write_spikes
from test_workflow_graph import dry_run, snakemake  # noqa: F401

CHANGE = 1.5
"""Factor by which the planted type's rate goes up."""
PANEL_OF_TARGETS = "target_fractions_core"


# --- paired intervals ----------------------------------------------------------------------------------------------


def test_interval_of_the_change_is_that_of_the_paired_t_test():
    rng = np.random.default_rng(1)
    before = rng.gamma(4, 1, 30)
    after = before * 0.8 + rng.normal(0, 0.3, 30)
    found = paired_change(before, after)
    expected = ttest_rel(after, before).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    over_values = mean_interval(after - before)
    assert (found.change, found.low, found.high) == pytest.approx(over_values[:3])
    assert found.percent == pytest.approx(100 * (after.mean() / before.mean() - 1)) and found.n == 30


def test_strata_of_their_own_level_widen_nothing():
    rng = np.random.default_rng(2)
    before, difference = rng.normal(10, 1, (8, 5)), rng.normal(1, 0.2, (8, 5))
    found = paired_change(before, before + difference)
    shifted = paired_change(before, before + difference + 50 * np.arange(8)[:, None])
    assert shifted.high - shifted.low == pytest.approx(found.high - found.low)
    # By hand: pooled variance with 8 * 4 degrees of freedom; t(0.975, 32) = 2.036933.
    pooled = difference.var(axis=1, ddof=1).mean()
    assert found.high - found.change == pytest.approx(2.036933 * np.sqrt(pooled / 40), rel=1e-6)


def test_intervals_cover_the_true_change_95_times_in_100():
    rng = np.random.default_rng(3)
    level = np.array([4.0, 8.0, 6.0])[:, None]
    hits, n_repeats = np.zeros(2), 2000
    for _ in range(n_repeats):
        common = rng.gamma(20, 1 / 20, (3, 6))
        before = level * common
        after = 0.7 * level * common + rng.normal(0, 0.3, (3, 6))
        found = paired_change(before, after)
        hits += [found.low < -0.3 * level.mean() < found.high, found.percent_low < -30 < found.percent_high]
    # Five standard errors of a proportion of 0.95; the level of the strata makes the spread unequal between them.
    assert np.all(np.abs(hits / n_repeats - 0.95) < 5 * np.sqrt(0.95 * 0.05 / n_repeats)), hits / n_repeats


def test_what_is_undefined_is_nan():
    assert np.isnan(paired_change([], [])[:8]).all() and paired_change([], []).n == 0
    one = paired_change([2.0], [1.0])
    assert one.change == -1 and one.percent == -50 and np.isnan([one.low, one.percent_high]).all()
    silent = paired_change([0.0, 0.0], [1.0, 2.0])
    assert silent.change == 1.5 and np.isnan([silent.percent, silent.percent_low]).all()
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_change([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="NaN"):
        paired_change([1.0, np.nan], [1.0, 2.0])


# --- hand-made cells -----------------------------------------------------------------------------------------------


def selectivity(rates, **columns):
    table = {"node_id": range(len(rates)), "max_mean_rate(Hz)": rates, "Ave_Rate(Hz)": rates, "Spont_Rate(Hz)": rates}
    table |= {"OSI": 0.5, "DSI": 0.5, "lifetime_sparsity": 0.5, "OSI_squared": 0.25, "DSI_squared": 0.25} | columns
    return pd.DataFrame(table)


@pytest.fixture
def nodes():
    """Four PV cells, two of them in the core, and four excitatory core cells."""
    return pd.DataFrame(
        {
            "node_id": range(8),
            "cell_type": ["L4_PV"] * 4 + ["L5_ET", "L5_ET", "L5_IT", "L5_IT"],
            "ei": ["i"] * 4 + ["e"] * 4,
            "class": ["PV"] * 4 + ["ET", "ET", "IT", "IT"],
            "core": [True, True, False, False] + [True] * 4,
        }
    )


def compare(nodes, targets, baseline, perturbed, region="core"):
    cells = compare_cells(nodes, targets, baseline, perturbed)
    types = compare_groups(cells, cell_groups(nodes, targets, region), {}, region)
    types = with_windows(types, {"evoked": (500, 2500), "spontaneous": (100, 500)})
    return cells, types.set_index(["level", "group", "metric"])


def test_targets_are_left_out_of_both_runs(nodes):
    baseline = selectivity([10.0, 2, 3, 4, 100, 6, 8, 8])
    perturbed = selectivity([0.0, 3, 6, 8, 0, 9, 4, 4])
    cells, types = compare(nodes, [0, 4], baseline, perturbed)
    assert cells["target"].tolist() == [True, False, False, False, True, False, False, False]
    assert cells["mean_rate_Hz_change"].tolist() == [-10, 1, 3, 4, -100, 3, -4, -4]
    pv = types.loc[("cell_type", "L4_PV", "mean_rate_Hz")]
    assert pv[["n_region", "n_targets", "n_cells", "baseline", "perturbed"]].tolist() == [2, 1, 1, 2, 3]
    et = types.loc[("cell_type", "L5_ET", "mean_rate_Hz")]
    assert (et["baseline"], et["percent_change"]) == (6, 50)
    pooled = types.loc[("cell_type", "L5_Exc", "mean_rate_Hz")]
    assert pooled["n_cells"] == 3 and pooled["change"] == pytest.approx(-5 / 3)
    assert types.loc[("class", "exc", "mean_rate_Hz"), "n_cells"] == 3
    _, everywhere = compare(nodes, [0, 4], baseline, perturbed, "all")
    assert everywhere.loc[("cell_type", "L4_PV", "mean_rate_Hz"), "baseline"] == 3


def test_indices_are_compared_over_cells_that_respond_in_both_runs(nodes):
    baseline = selectivity([1.0] * 4 + [2, 2, 0.4, 2], OSI=[0.1] * 4 + [0.2, 0.3, 0.9, 0.5])
    perturbed = selectivity([1.0] * 4 + [2, 0.49, 2, 0.5], OSI=[0.1] * 4 + [0.4, 0.9, 0.9, np.nan])
    cells, types = compare(nodes, [], baseline, perturbed)
    assert cells["responsive_baseline"].tolist() == [True] * 6 + [False, True]
    assert cells["responsive_perturbed"].tolist() == [True] * 5 + [False, True, True]
    exc = types.loc[("class", "exc", "OSI")]
    # Of four cells one responds in both runs and has an index in both.
    assert exc[["n_cells", "baseline", "perturbed"]].tolist() == [1, 0.2, 0.4]
    assert types.loc[("class", "exc", "DSI"), "n_cells"] == 2
    assert types.loc[("class", "exc", "mean_rate_Hz"), "n_cells"] == 4


def test_states_of_types_without_a_percent_change(nodes, tmp_path):
    baseline = selectivity([5.0] * 4 + [0.05, 0.05, 8, 8])
    _, types = compare(nodes, [0, 1, 2, 3], baseline, selectivity([0.0] * 4 + [1, 1, 4, 4]))
    types.reset_index().to_csv(tmp_path / "types.csv", sep=" ", index=False, na_rep="nan")
    summary = summarise_changes(read_type_tables([["pv_silenced", tmp_path / "types.csv"]]))
    states = summary[summary["level"] == "cell_type"].set_index(["group", "metric"])["state"]
    assert states["L4_PV", "mean_rate_Hz"] == SILENCED and states["L4_PV", "OSI"] == SILENCED
    assert states["L5_ET", "mean_rate_Hz"] == LOW_BASELINE and states["L5_ET", "OSI"] == UNRESPONSIVE
    assert states["L5_IT", "mean_rate_Hz"] == VALUE


def test_several_networks_are_averaged_with_the_interval_over_them(nodes, tmp_path):
    paths = []
    for index, factor in enumerate((0.5, 0.6, 1.0)):
        _, types = compare(nodes, [0], selectivity([4.0] * 8), selectivity([4.0 * factor] * 8))
        paths.append(tmp_path / f"{index}.csv")
        types.reset_index().to_csv(paths[-1], sep=" ", index=False, na_rep="nan")
    summary = summarise_changes(read_type_tables([["inh", *paths]])).set_index(["group", "metric"])
    row = summary.loc[("L5_IT", "mean_rate_Hz")]
    expected = mean_interval([-50.0, -40.0, 0.0])
    assert (row["percent_change"], row["low"], row["high"]) == pytest.approx(expected[:3])
    assert (row["n_networks"], row["n_cells"], row["interval_over"]) == (3, 6, "networks")
    rates = summary.loc[[("L5_IT", "mean_rate_Hz"), ("L5_ET", "mean_rate_Hz")]]
    assert interval_note(rates) == "95 % intervals over 3 networks; 500 to 2500 ms"


def test_tables_that_do_not_belong_together_are_refused(nodes, tmp_path):
    _, types = compare(nodes, [0], selectivity([4.0] * 8), selectivity([2.0] * 8))
    core, everywhere = tmp_path / "core.csv", tmp_path / "all.csv"
    types.reset_index().to_csv(core, sep=" ", index=False, na_rep="nan")
    types.reset_index().assign(region="all").to_csv(everywhere, sep=" ", index=False, na_rep="nan")
    with pytest.raises(ValueError, match="different regions, all, core"):
        read_type_tables([["a", core], ["b", everywhere]])
    with pytest.raises(ValueError, match="one table a network"):
        read_type_tables([["a", core], ["b", core, core]])
    with pytest.raises(ValueError, match="given twice"):
        read_type_tables([["a", core], ["a", core]])
    types.reset_index().drop(columns="n_targets").to_csv(core, sep=" ", index=False)
    with pytest.raises(ValueError, match=r"core\.csv: no column n_targets"):
        read_type_tables([["a", core]])


def responses_of(rng, rates_hz):
    """A selectivity table of Poisson cells from their rates by direction (8, n_cells), two trials of 2 s."""
    counts = rng.poisson(2 * np.asarray(rates_hz)[:, None], (8, 2, rates_hz.shape[1]))
    directions = np.arange(0, 360, 45.0)
    squares = untuned_table(counts, directions, np.zeros(8, dtype=int), seed=1, least_count=2, n_draws=5)
    table = selectivity_table(counts / 2, counts / 2, directions)
    return table.join(squares)


def test_rates_that_rise_lower_the_published_index_of_untuned_cells_but_not_the_unbiased_one():
    rng, n_cells = np.random.default_rng(4), 1500
    nodes = pd.DataFrame({"node_id": range(n_cells), "cell_type": "L4_Exc", "ei": "e", "class": "Exc", "core": True})
    runs = [responses_of(rng, np.full((8, n_cells), rate)) for rate in (1.0, 4.0)]
    _, types = compare(nodes, [], *runs)
    published, unbiased = (types.loc[("cell_type", "L4_Exc", name)] for name in ("OSI", "OSI_unbiased"))
    assert published["cells_high"] < 0 and published["percent_change"] < -40
    assert unbiased["cells_low"] < 0 < unbiased["cells_high"]
    assert unbiased["baseline_low"] < 0 < unbiased["baseline_high"] and np.isnan(unbiased["percent_change"])
    # An index that is not clearly above 0 has no percentage, and the figures say why.
    table = types.reset_index().assign(perturbation="up", network=0)
    states = summarise_changes(table[table["level"] == "cell_type"]).set_index("metric")["state"]
    assert states["OSI_unbiased"] == LOW_BASELINE and states["OSI"] == VALUE


def test_unbiased_changes_find_what_was_planted():
    rng, n_cells = np.random.default_rng(5), 1500
    nodes = pd.DataFrame({"node_id": range(n_cells), "cell_type": "L4_Exc", "ei": "e", "class": "Exc", "core": True})
    # An OSI of 0.3 at 1 Hz, of 0.2 at 4 Hz.
    wave = np.cos(2 * np.deg2rad(np.arange(0, 360, 45.0)))[:, None] * np.ones(n_cells)
    runs = [responses_of(rng, rate * (1 + 2 * osi * wave)) for rate, osi in ((1.0, 0.3), (4.0, 0.2))]
    _, types = compare(nodes, [], *runs)
    row = types.loc[("cell_type", "L4_Exc", "OSI_unbiased")]
    assert row[["baseline", "perturbed"]].tolist() == pytest.approx([0.3, 0.2], abs=0.02)
    assert row["baseline_low"] < 0.3 < row["baseline_high"] and row["perturbed_low"] < 0.2 < row["perturbed_high"]
    assert row["cells_low"] < -0.1 < row["cells_high"] < 0 and row["percent_change"] == pytest.approx(-100 / 3, abs=8)
    assert row["cells_percent_low"] < row["percent_change"] < row["cells_percent_high"] < 0


# --- planted changes through the scripts ---------------------------------------------------------------------------


def make_runs(root, trials=4, seed=5):
    """A network, and its spikes with and without silencing: every other PV cell falls silent, L4_Exc goes up by half.

    The unperturbed spikes of the other types are the same in both runs.
    """
    rng = np.random.default_rng(seed)
    nodes = make_network(root / "network", 1500, seed=seed)
    paradigm = make_paradigm(root / "paradigm.json", trials=trials)
    targets = np.flatnonzero(nodes["class"] == "PV")[::2]
    rate_hz = np.where(nodes["ei"] == "e", 3.0, 8.0) * rng.lognormal(-0.1, 0.5, len(nodes))
    raised = (nodes["cell_type"] == "L4_Exc").to_numpy()
    for condition in paradigm["conditions"]:
        for trial in range(trials):
            # Each trial has a drive of its own that both runs share, as they share their inputs.
            driven_hz = rate_hz * rng.gamma(20, 1 / 20)
            spikes = poisson(rng, driven_hz)
            more = poisson(rng, np.where(raised, driven_hz * (CHANGE - 1), 0))
            kept = ~np.isin(spikes[0], targets)
            perturbed = [np.concatenate([part[kept], extra]) for part, extra in zip(spikes, more, strict=True)]
            name = f"{condition['name']}_trial{trial}"
            write_spikes(root / "plain" / name / "spikes.h5", *spikes)
            write_spikes(root / "silenced" / name / "spikes.h5", *perturbed)
    (root / "targets.json").write_text(json.dumps({"population": "v1", "node_id": targets.tolist()}))
    return nodes, targets


def poisson(rng, rate_hz):
    counts = rng.poisson(rate_hz * 3)
    node_ids = np.repeat(np.arange(len(rate_hz)), counts)
    return node_ids, rng.uniform(0, 3000, len(node_ids))


def measure(root, window_ms=(1, 3000)):
    """Selectivity of both runs and what the perturbation changes, by the scripts."""
    shared = ["--paradigm", root / "paradigm.json", "--network-dir", root / "network"]
    for run in ("plain", "silenced"):
        tables = ["--rates", root / f"rates_{run}.csv", "--selectivity", root / f"selectivity_{run}.csv"]
        part = ["--perturbation", "pv", *window_ms]
        calculate_odsi.main([*map(str, [*shared, "--spikes-dir", root / run, *tables, *part])])
    arguments = [*shared, "--naming-scheme", NAMING_SCHEME, "--node-set", root / "targets.json"]
    arguments += ["--perturbation", "pv", *window_ms]
    for name, run in (("baseline", "plain"), ("perturbed", "silenced")):
        arguments += [f"--{name}-dir", root / run, f"--{name}-selectivity", root / f"selectivity_{run}.csv"]
    arguments += ["--cells", root / "cells.csv", "--types", root / "types.csv"]
    calculate_suppression.main([*map(str, arguments)])


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Folder, nodes and targets of the planted changes."""
    root = tmp_path_factory.mktemp("planted")
    nodes, targets = make_runs(root)
    measure(root)
    return root, nodes, targets


def test_planted_changes_are_recovered(planted):
    root, nodes, targets = planted
    types = pd.read_csv(root / "types.csv", sep=" ").set_index(["level", "group", "metric"])
    row = types.loc[("cell_type", "L4_Exc", "mean_rate_Hz")]
    core = np.hypot(nodes["x"], nodes["z"]) <= 200
    assert row["n_cells"] == ((nodes["cell_type"] == "L4_Exc") & core).sum() and row["n_trials"] == 32
    for over in ("cells", "trials"):
        width = row[f"{over}_percent_high"] - row[f"{over}_percent_low"]
        # Within twice the interval, about four standard errors, so that the seed does not matter.
        assert abs(row["percent_change"] - 50) < width < 15
        assert row[f"{over}_low"] < row["change"] < row[f"{over}_high"]
    for group in ("L2/3_Exc", "L5_Exc", "L4_PV", "L6_SST", "L1_Inh"):
        untouched = types.sort_index().loc[("cell_type", group)]
        assert (untouched["change"] == 0).all() and (untouched["trials_low"].dropna() == 0).all()
    pv = types.loc[("class", "pv", "mean_rate_Hz")]
    assert pv["n_targets"] == core[targets].sum() and pv["n_cells"] == pv["n_region"] - pv["n_targets"]


def test_cells_and_trials_have_the_same_means(planted):
    root, nodes, targets = planted
    cells = pd.read_csv(root / "cells.csv", sep=" ")
    assert cells["node_id"].tolist() == list(range(len(nodes)))
    assert np.flatnonzero(cells["target"]).tolist() == targets.tolist()
    assert (cells.loc[cells["target"], "mean_rate_Hz_perturbed"] == 0).all()
    assert cells.loc[cells["target"], "OSI_change"].isna().all()
    types = pd.read_csv(root / "types.csv", sep=" ")
    for metric in ("mean_rate_Hz", "spontaneous_rate_Hz"):
        rows = types[(types["metric"] == metric) & (types["n_cells"] > 0)]
        middle = (rows["trials_low"] + rows["trials_high"]) / 2
        np.testing.assert_allclose(middle, rows["change"], atol=1e-5)
    by_hand = cells[cells["core"] & ~cells["target"] & (cells["cell_type"] == "L6_Exc")]
    found = types[(types["group"] == "L6_Exc") & (types["metric"] == "preferred_direction_rate_Hz")].iloc[0]
    assert found["baseline"] == pytest.approx(by_hand["preferred_direction_rate_Hz_baseline"].mean(), rel=1e-5)
    assert set(types["metric"]) == {metric.name for metric in SUPPRESSION_METRICS}


def test_blanks_are_left_out(planted, tmp_path):
    """As many blanks as trials, in which the silenced run differs: the changes are those of the gratings."""
    root = tmp_path / "copy"
    shutil.copytree(planted[0], root)
    paradigm = json.loads((root / "paradigm.json").read_text())
    blank = {"name": "blank", "trials": 4, "parameters": {"contrast": 0, "direction_deg": 0}}
    paradigm["conditions"].insert(0, blank)
    (root / "paradigm.json").write_text(json.dumps(paradigm))
    for trial in range(4):
        for run, at in (("plain", 1000.0), ("silenced", 200.0)):
            write_spikes(root / run / f"blank_trial{trial}" / "spikes.h5", np.arange(100), np.full(100, at))
    measure(root)
    for name in ("cells.csv", "types.csv"):
        assert (root / name).read_text() == (planted[0] / name).read_text()


def test_a_missing_trial_is_an_error(planted, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(planted[0], root)
    missing = root / "silenced" / "angle90_trial1" / "spikes.h5"
    missing.unlink()
    with pytest.raises(ValueError, match=r"silenced.angle90_trial1.spikes\.h5"):
        measure(root)


def test_a_selectivity_table_of_another_network_is_refused(planted, tmp_path):
    root = tmp_path / "copy"
    shutil.copytree(planted[0], root)
    path = root / "selectivity_plain.csv"
    pd.read_csv(path, sep=" ").iloc[:-5].to_csv(path, sep=" ", index=False)
    arguments = ["--paradigm", root / "paradigm.json", "--network-dir", root / "network", "--naming-scheme"]
    arguments += [NAMING_SCHEME, "--node-set", root / "targets.json", "--baseline-dir", root / "plain"]
    arguments += ["--perturbation", "pv", 1, 3000]
    arguments += ["--perturbed-dir", root / "silenced", "--baseline-selectivity", path, "--perturbed-selectivity"]
    arguments += [root / "selectivity_silenced.csv", "--cells", root / "c.csv", "--types", root / "t.csv"]
    with pytest.raises(ValueError, match="1495 rows do not match the 1500 cells"):
        calculate_suppression.main([*map(str, arguments)])
    assert not (root / "t.csv").exists()


def test_only_spikes_while_the_perturbation_lasts_count(tmp_path):
    nodes = make_network(tmp_path / "network", 60, layers=("4",))
    paradigm = make_paradigm(tmp_path / "paradigm.json", trials=2)
    (tmp_path / "targets.json").write_text(json.dumps({"population": "v1", "node_id": [0]}))
    every = np.arange(len(nodes))
    # In (1000, 1500] five spikes a cell fall to two; elsewhere the perturbed run differs widely, and must not count.
    plain = [200, 700, 1000, 1001, 1100, 1200, 1300, 1500, 1501]
    silenced = [200, 201, 202, 700, 701, 702, 1000, 1100, 1500, *range(1501, 1600)]
    for condition in paradigm["conditions"]:
        for trial in range(2):
            for run, times in (("plain", plain), ("silenced", silenced)):
                spikes = np.repeat(every, len(times)), np.tile(times, len(every))
                write_spikes(tmp_path / run / f"{condition['name']}_trial{trial}" / "spikes.h5", *spikes)
    measure(tmp_path, (1000, 1500))
    types = pd.read_csv(tmp_path / "types.csv", sep=" ")
    assert set(types["begin_ms"]) == {1000} and set(types["end_ms"]) == {1500}
    rates = types[types["metric"].isin(["mean_rate_Hz", "preferred_direction_rate_Hz"]) & (types["n_cells"] > 0)]
    assert len(rates) and (rates["baseline"] == 10).all() and (rates["perturbed"] == 4).all()
    assert (rates.loc[rates["metric"] == "mean_rate_Hz", "trials_percent_low"] == -60).all()
    # The perturbation does not touch the spontaneous window.
    assert "spontaneous_rate_Hz" not in set(types["metric"])
    measure(tmp_path, (201, 1500))
    types = pd.read_csv(tmp_path / "types.csv", sep=" ").set_index("metric")
    assert set(map(tuple, types.loc["spontaneous_rate_Hz", ["begin_ms", "end_ms"]].to_numpy())) == {(201, 500)}
    assert set(map(tuple, types.loc["OSI", ["begin_ms", "end_ms"]].to_numpy())) == {(500, 1500)}


@pytest.mark.parametrize("window_ms", [(1, 500), (2500, 2700)])
def test_a_perturbation_outside_the_evoked_window_is_refused_by_name(tmp_path, window_ms):
    make_paradigm(tmp_path / "paradigm.json")
    begin, end = window_ms
    with pytest.raises(
        ValueError, match=rf"perturbation pv: window_ms \[{begin}, {end}\] .* \[500, 2500\] of .*paradigm"
    ):
        measure(tmp_path, window_ms)


# --- a real run ----------------------------------------------------------------------------------------------------

WINDOW_MS = (150, 300)


@pytest.fixture(scope="module")
def silenced(small_run, tmp_path_factory):
    """Results of a small network in which PV cells are silenced from the middle of each trial on."""
    folder = tmp_path_factory.mktemp("silenced") / "results"
    shutil.copytree(small_run, folder)
    network = {"network-dir": "tiny/network", "naming-scheme": NAMING_SCHEME}
    weights = {"edges": "tiny/network/v1_v1_edges.h5", "network-dir": "tiny/network", "output": "tiny/weights.csv"}
    cells = {"node-set": "pv_all", "option": "plain", "cell-weights": "tiny/weights.csv", "output": "tiny/pv.json"}
    rendered = small_runs.render_configs("v1")
    rendered = [text.replace("two_plain", "two_plain__pv") for text in rendered]
    clamp = json.dumps({"current_pa": -1000, "window_ms": WINDOW_MS})
    measured = {"paradigm": "paradigms/two.json", "network-dir": "tiny/network"}
    part = ["--perturbation", "pv", *map(str, WINDOW_MS)]
    compared = {"paradigm": "paradigms/two.json", "node-set": "tiny/pv.json", "baseline-dir": "tiny/two_plain"}
    compared |= {"perturbed-dir": "tiny/two_plain__pv", "perturbed-selectivity": "tiny/two_plain__pv.csv"}
    compared |= {"baseline-selectivity": "tiny/two_plain.csv", "region": "all"}
    for command in (
        ["calculate_cell_weights", *small_runs.flags(weights)],
        ["make_node_set", *small_runs.flags(network | cells)],
        [*rendered, "--perturbation", clamp, "--node-set", "tiny/pv.json"],
        [text.replace("two_plain", "two_plain__pv") for text in small_runs.pointnet(*small_runs.CONDITIONS)],
        *(
            ["calculate_odsi", *small_runs.flags(measured | tables_of(run)), *part]
            for run in ("two_plain", "two_plain__pv")
        ),
        ["calculate_suppression", *small_runs.flags(network | compared | {"cells": "c.csv", "types": "t.csv"}), *part],
    ):
        small_runs.run(command, folder)
    return folder


def tables_of(run):
    return {"spikes-dir": f"tiny/{run}", "rates": "tiny/rates.csv", "selectivity": f"tiny/{run}.csv"}


@pytest.mark.slow
def test_silenced_cells_are_silent_and_nothing_else_differs_before(silenced):
    targets = json.loads((silenced / "tiny/pv.json").read_text())["node_id"]
    fired = np.zeros(2)
    for trial in small_runs.SPIKES:
        before, after = (spikes_of(silenced / "tiny" / run / trial) for run in ("two_plain", "two_plain__pv"))
        early = [run[run["time_ms"] < WINDOW_MS[0]].reset_index(drop=True) for run in (before, after)]
        pd.testing.assert_frame_equal(*early)
        # A current of -1 nA stops these cells within a few milliseconds.
        late = [run[run["time_ms"] > WINDOW_MS[0] + 10] for run in (before, after)]
        fired += [run["node_id"].isin(targets).sum() for run in late]
        assert not late[0].equals(late[1]) and (~late[1]["node_id"].isin(targets)).sum() > 20
    assert fired[0] > 20 and fired[1] == 0


def spikes_of(path):
    with h5py.File(path) as stream:
        spikes = {"time_ms": stream["spikes/v1/timestamps"][:], "node_id": stream["spikes/v1/node_ids"][:]}
    return pd.DataFrame(spikes).sort_values(["time_ms", "node_id"], ignore_index=True)


@pytest.mark.slow
def test_both_runs_have_the_same_inputs(silenced):
    for condition in small_runs.CONDITIONS:
        for trial in range(small_runs.TRIALS):
            plain, perturbed = (
                json.loads((silenced / f"tiny/configs/two_plain{name}/{condition}_trial{trial}.json").read_text())
                for name in ("", "__pv")
            )
            assert perturbed["inputs"].pop("perturbation")["amp"] == -1000
            assert plain["inputs"] == perturbed["inputs"] and plain["networks"] == perturbed["networks"]
            assert plain["run"] == perturbed["run"]


@pytest.mark.slow
def test_rates_of_types_of_a_real_run_by_hand(silenced):
    types = pd.read_csv(silenced / "t.csv", sep=" ").set_index(["level", "group", "metric"])
    pv = types.loc[("class", "pv", "mean_rate_Hz")]
    assert pv["n_cells"] == 0 and pv["n_targets"] == pv["n_region"] > 0 and np.isnan(pv["change"])
    nodes = pd.read_csv(silenced / "c.csv", sep=" ")
    exc = nodes.loc[nodes["cell_type"] == "L2/3_Exc", "node_id"]
    rates = []
    for run in ("two_plain", "two_plain__pv"):
        trials = [spikes_of(silenced / "tiny" / run / trial) for trial in small_runs.SPIKES]
        inside = [run["node_id"][(run["time_ms"] > 150) & (run["time_ms"] <= 300)] for run in trials]
        rates.append(np.mean([found.isin(exc).sum() / len(exc) / 0.15 for found in inside]))
    row = types.loc[("cell_type", "L2/3_Exc", "mean_rate_Hz")]
    assert (row["baseline"], row["perturbed"]) == pytest.approx(rates, rel=1e-5)
    assert row["n_trials"] == 4 and row["trials_low"] <= row["change"] <= row["trials_high"]


# --- rules ---------------------------------------------------------------------------------------------------------


def test_panels_of_a_group_need_each_perturbation_and_one_baseline(dry_run):
    names = ("silencing_heatmap_cohorts", "suppression_cascade_classes", PANEL_OF_TARGETS)
    jobs = dry_run(*(f"tiny/figures/{name}_plain.png" for name in names))
    assert jobs["calculate_suppression"] == jobs["make_node_set"] == 4 + 3
    assert jobs["calculate_odsi"] == 8 and jobs["run_v1_8dir_2trials"] == 8 * 8
    # The baseline and all perturbations have the same inputs.
    assert jobs["run_filternet_8dir_2trials"] == jobs["generate_background_8dir_2trials"] == 8
    assert jobs["calculate_cell_weights"] == jobs["calculate_target_fractions"] == 1


def test_a_perturbation_in_part_of_the_trial_has_tables_of_that_part(dry_run):
    jobs = dry_run("tiny/metrics/suppression_types_plain__pv_silenced.csv")
    assert "calculate_odsi_while_perturbed" not in jobs and jobs["calculate_odsi"] == 2
    part = "perturbations={pv_silenced: {node_set: pv_all, window_ms: [1000, 1500]}}"
    jobs = dry_run("tiny/metrics/suppression_types_plain__pv_silenced.csv", options=["--config", part])
    assert "calculate_odsi" not in jobs and jobs["calculate_odsi_while_perturbed"] == 2


def test_panels_of_a_pool_need_every_network(dry_run):
    jobs = dry_run(
        *(f"core_nll_all/figures/{name}_plain.png" for name in ("out_degree_distribution", PANEL_OF_TARGETS))
    )
    assert jobs["calculate_target_fractions"] == jobs["calculate_cell_weights"] == jobs["build_network"] == 10


def test_cohorts_of_placed_edges_ask_for_the_recurrent_ones(snakemake):
    code, said = snakemake("--dry-run", "tiny/node_sets/bio_trained/exc_mid_out_degree_by_cell_type_periphery.json")
    assert code != 0
    assert "tiny/network/v1_v1_edges_bio_trained.h5: missing" in said and "bkg_v1_edges_bio_trained" not in said


def test_cohorts_and_rasters_of_perturbed_runs(dry_run):
    jobs = dry_run(
        "tiny/figures/cohort_boxplots_incoming_weight_by_layer_all_plain_vs_plain__sst_silenced.png",
        "tiny/figures/suppression_raster_plain__vip_silenced.pdf",
    )
    assert jobs["plot_cohort_boxplots"] == jobs["plot_suppression_rasters"] == 1


def test_an_unknown_node_set_has_no_rule(snakemake):
    code, said = snakemake("--dry-run", "tiny/node_sets/plain/l1_all.json")
    assert code != 0 and "MissingRuleException" in said


# --- panels --------------------------------------------------------------------------------------------------------


def assert_drawn(stem, *tables):
    image = imread(f"{stem}.png")
    assert image.std() > 0.01 and min(image.shape[:2]) > 300
    assert stem.with_suffix(".pdf").stat().st_size > 1000
    for name in tables:
        assert len(pd.read_csv(f"{stem}{name}", sep=" ")) > 0


@pytest.mark.parametrize("n_networks", [1, 3])
@pytest.mark.parametrize("panel", ["plot_silencing_heatmap", "plot_suppression_cascade"])
def test_panels_of_changes(planted, tmp_path, panel, n_networks):
    tables = [planted[0] / "types.csv"] * n_networks
    perturbations = ["--perturbation", "pv_high_outgoing", *tables, "--perturbation", "pv_silenced", *tables]
    draw(f"suppression/{panel}.py", *perturbations, "--title", "tiny", "--output-stem", tmp_path / "panel")
    assert_drawn(tmp_path / "panel", ".csv")
    table = pd.read_csv(tmp_path / "panel.csv", sep=" ")
    assert set(table["perturbation"]) == {"pv_high_outgoing", "pv_silenced"}
    row = table[(table["group"] == "L4_Exc") & (table["metric"] == "mean_rate_Hz")].iloc[0]
    assert row["interval_over"] == ("trials" if n_networks == 1 else "networks")
    assert abs(row["percent_change"] - 50) < 10


def test_rasters_of_both_runs(planted, tmp_path):
    root = planted[0]
    trial = "angle45_trial1/spikes.h5"
    arguments = ["--baseline-spikes", root / "plain" / trial, "--perturbed-spikes", root / "silenced" / trial]
    arguments += ["--node-set", root / "targets.json", "--window-ms", 1, 3000, "--network-dir", root / "network"]
    arguments += ["--naming-scheme", NAMING_SCHEME, "--paradigm", root / "paradigm.json", "--condition", "angle45"]
    draw("suppression/plot_suppression_rasters.py", *arguments, "--title", "tiny", "--output-stem", tmp_path / "raster")
    assert_drawn(tmp_path / "raster", "_rates.csv")
    rates = pd.read_csv(tmp_path / "raster_rates.csv", sep=" ")
    assert (rates.loc[rates["target"], "perturbed_hz"] == 0).all()
    assert (rates.loc[~rates["target"] & (rates["cell_type"] == "L6_Exc"), "perturbed_hz"] > 0).all()
