"""The bisection of the background weights, the tuning in NEST, and the comparison with the seed table."""

import dataclasses
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pandas as pd
import pytest

import compare_background_tuning
import render_configs
from analysis_shared.metrics.weight_comparison import compare_weights
from built_networks import BASE_PROPS, tables  # noqa: F401
from v1_files.sonata.spikes import read_spikes, write_spikes
from v1_model.engines.configs import read_populations, read_trials
from v1_model.inputs.background_spikes import background_spikes
from v1_model.inputs.lgn_spikes import lgn_spikes
from v1_model.network.background import UNITS
from v1_model.network.builder import NetworkSpec, build_network
from v1_model.options.background_tuning import (
    BELOW_TARGET,
    NARROW_BRACKET,
    NO_CELLS,
    WITHIN_TOLERANCE,
    Bisection,
    iteration_rows,
    median_rates_hz,
    replay,
    write_fitted,
)
from v1_model.options.background_tuning_runs import Iterations, tuning_key
from v1_model.seeds.tables import load_seed_tables

T_STOP_MS = 1000.0
LGN_RATE_HZ = 4.0
TARGET_FACTOR = 0.8


def fitted(rate_of, targets_hz, n_cells=None, start=None):
    """Run a bisection on made-up rates; returns it with the weights of every iteration."""
    targets_hz = np.asarray(targets_hz, dtype=float)
    bisection = start or Bisection(targets_hz, np.ones(len(targets_hz)) if n_cells is None else n_cells)
    weights = []
    while bisection.unfinished.any():
        weights.append(bisection.next_weights_pa())
        bisection.update(rate_of(weights[-1]))
    return bisection, np.array(weights)


def test_weights_by_hand():
    bisection, weights = fitted(lambda weight: weight, [10.0])
    assert weights[:, 0].tolist() == [0, 64, 32, 16, 8, 12, 10]
    assert (bisection.weights_pa, bisection.rates_hz, bisection.iterations) == (10, 10, 7)
    assert bisection.reasons == [WITHIN_TOLERANCE]


@pytest.mark.parametrize(
    ("rate_of", "target", "reason", "weight", "target_used", "iterations"),
    [
        (lambda w: 0.1 * w, 10.0, BELOW_TARGET, 64.0, 10.0, 2),
        (lambda w: 20 + w, 10.0, WITHIN_TOLERANCE, 2.0, 22.0, 7),
        (lambda w: 10.05 + w, 10.0, WITHIN_TOLERANCE, 0.0, 10.0, 1),
        # 64 / 2^13 is the first bracket below 0.01; the step at 10 lies on an edge of it, the nearer rate below.
        (lambda w: np.where(w < 10, 5.0, 15.0), 7.0, NARROW_BRACKET, 10 - 64 / 2**13, 7.0, 15),
        (lambda w: np.where(w < 10, 5.0, 15.0), 14.0, NARROW_BRACKET, 10.0, 14.0, 15),
    ],
    ids=["too_weak", "above_without_background", "met_without_background", "step_below", "step_above"],
)
def test_outcomes(rate_of, target, reason, weight, target_used, iterations):
    bisection, _ = fitted(rate_of, [target])
    assert bisection.reasons == [reason]
    assert bisection.weights_pa == weight and bisection.targets_hz == pytest.approx(target_used)
    assert bisection.iterations == iterations


def test_models_do_not_matter_to_each_other():
    slopes, targets = np.array([1.0, 3.0, 0.01, 5.0]), np.array([10.0, 7.7, 3.0, 1.0])
    together, weights = fitted(lambda w: slopes * w, targets, n_cells=[2, 1, 1, 0])
    assert together.reasons[3] == NO_CELLS and np.isnan(weights[:, 3]).all() and np.isnan(together.weights_pa[3])
    for model in range(3):
        alone, _ = fitted(lambda w, model=model: slopes[model] * w, targets[[model]])
        assert alone.weights_pa == together.weights_pa[model] and alone.reasons == together.reasons[[model]]


def test_any_smooth_rising_rate_meets_its_target():
    rng = np.random.default_rng(5)
    threshold, gain = rng.uniform(0, 30, 200), rng.lognormal(0, 1, 200)
    inverse = rng.uniform(31, 63, 200)
    targets = gain * (inverse - threshold) ** 1.5
    bisection, _ = fitted(lambda w: gain * np.maximum(w - threshold, 0) ** 1.5, targets)
    assert set(bisection.reasons) <= {WITHIN_TOLERANCE, NARROW_BRACKET}
    assert np.abs(bisection.rates_hz / targets - 1).max() <= 0.01
    # dr / r = 1.5 dw / (w - threshold), so 1 % in the rate is at most 0.67 % in w - threshold.
    assert (np.abs(bisection.weights_pa - inverse) <= 0.0068 * (inverse - threshold)).all()


def test_replayed_iterations_lead_to_the_same_end():
    ids, slopes, targets = np.array([7, 3, 5]), np.array([1.0, 2.0, 0.37]), np.array([10.0, 3.3, 9.1])
    whole, weights = fitted(lambda w: slopes * w, targets)
    rows = pd.concat([iteration_rows(k + 1, ids, w, slopes * w) for k, w in enumerate(weights)], ignore_index=True)
    for done in range(1, len(weights) + 1):
        again = Bisection(targets, np.ones(3))
        replay(again, ids, rows[rows["iteration"] <= done])
        assert again.iteration == done
        fitted(lambda w: slopes * w, targets, start=again)
        assert np.array_equal(again.weights_pa, whole.weights_pa) and again.iteration == whole.iteration
    for wrong in (rows[rows["iteration"] != 2], rows.assign(weight_pA=rows["weight_pA"] + 1), rows.iloc[1:]):
        with pytest.raises(ValueError, match="iteration"):
            replay(Bisection(targets, np.ones(3)), ids, wrong)


def test_medians_come_in_half_spikes():
    counts, model = np.array([6, 7, 7, 6, 1]), np.array([0, 0, 1, 1, 1])
    assert median_rates_hz(counts, model, 2, 10.0).tolist() == [0.65, 0.6]


# --- in NEST --------------------------------------------------------------------------------------------------------


def make_inputs(folder):
    """LGN spikes at one rate, background spikes, and the config of the tuning, for a network in a folder."""
    lgn = json.loads((folder / "network/network.json").read_text())["cells"]["lgn"]
    rates = np.full((lgn, int(T_STOP_MS) + 1), LGN_RATE_HZ, dtype=np.float32)
    drawn = lgn_spikes(3, "grey_10s", "grey", 0, rates, np.arange(lgn))
    write_spikes(folder / "filternet_grey_10s/grey_trial0/spikes.h5", "lgn", *drawn)
    drawn = background_spikes(3, "grey_10s", "grey", 0, UNITS, 250.0, T_STOP_MS)
    write_spikes(folder / "bkg_grey_10s/grey_trial0/spikes.h5", "bkg", *drawn)
    condition = {"name": "grey", "trials": 1, "parameters": {}}
    paradigm = {"name": "grey_10s", "stimulus": "grey_screen", "duration_ms": T_STOP_MS, "grey_ms": 0}
    (folder / "grey_10s.json").write_text(json.dumps(paradigm | {"conditions": [condition]}))
    return render(folder, "background_tuning.json", "background_tuning")


def render(folder, template, run_folder):
    """A rendered V1 config of the grey screen."""
    root, output = BASE_PROPS.parent, folder / "configs" / run_folder
    arguments = ["--template", root / "config_templates" / template, "--output-dir", output, "--run-folder", run_folder]
    arguments += ["--schema", root / "workflow/schemas/sonata_config.schema.yaml"]
    arguments += ["--paradigm", folder / "grey_10s.json"]
    arguments += ["--v1-edges", "v1_v1_edges.h5", "--background-edges", "bkg_v1_edges.h5"]
    render_configs.main(["v1", *map(str, arguments)])
    return output / "grey_trial0.json"


def command(config, output_dir, copies=1):
    script = BASE_PROPS.parent / "scripts" / "tune_background.py"
    arguments = ["--config", config, "--base-props", BASE_PROPS, "--copies", copies, "--output-dir", output_dir]
    arguments += ["--target-factor", TARGET_FACTOR]
    return [sys.executable, *map(str, [script, *arguments])]


@pytest.fixture(scope="module")
def tuned(tables, tmp_path_factory):
    """A network, its config, and the folder of the tables of an undisturbed tuning."""
    folder = tmp_path_factory.mktemp("tuned")
    build_network(NetworkSpec("micro", 25, 15, lgn="small", fluctuating_counts=True), tables, folder)
    config = make_inputs(folder)
    done = subprocess.run(command(config, folder / "out"), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder, config, folder / "out"


def read(folder, name):
    return pd.read_csv(folder / name, sep=" ")


def test_rates_meet_the_targets_or_the_stop_rule(tuned):
    tuning, iterations = read(tuned[2], "tuning.csv"), read(tuned[2], "iterations.csv")
    assert len(tuning) == 201 and 80 < (tuning["n_cells"] > 0).sum() < 201
    for row in tuning.itertuples():
        tried = iterations[iterations["specimen_id"] == row.specimen_id].set_index("weight_pA")["median_rate_Hz"]
        assert len(tried) == row.iterations <= 20
        if row.reason == NO_CELLS:
            assert row.n_cells == 0 and not row.converged
            continue
        assert row.median_rate_Hz == tried[row.fitted_weight_pA]
        target = TARGET_FACTOR * row.target_Hz
        assert row.target_used_Hz == pytest.approx(target if tried[0] <= 1.01 * target else 1.1 * tried[0])
        error = (tried - row.target_used_Hz).abs()
        if row.reason == WITHIN_TOLERANCE:
            assert error[row.fitted_weight_pA] <= 0.01 * row.target_used_Hz
        elif row.reason == NARROW_BRACKET:
            low = tried.index[tried < row.target_used_Hz].max()
            high = tried.index[tried > row.target_used_Hz].min()
            assert 0 < high - low < 0.01 and row.fitted_weight_pA in (low, high)
            assert error[row.fitted_weight_pA] == error[[low, high]].min()
        else:
            assert row.reason == BELOW_TARGET and tried[64] < row.target_used_Hz and row.fitted_weight_pA == 64
    assert {WITHIN_TOLERANCE, NARROW_BRACKET, NO_CELLS} <= set(tuning["reason"])


def test_rates_rise_with_the_weight(tuned):
    falls = []
    for _, tried in read(tuned[2], "iterations.csv").sort_values("weight_pA").groupby("specimen_id"):
        falls.append(np.diff(tried["median_rate_Hz"]).min())
    # A cell may lose a spike where its others come earlier; the median then falls by one at most.
    assert min(falls) >= -1000 / T_STOP_MS
    assert np.mean(np.array(falls) < 0) < 0.1


COUNT = """
import sys
import numpy as np, pandas as pd
from v1_model.options import background_tuning_runs as runs
from v1_model.engines.configs import read_populations, read_trials
(trial,) = read_trials([sys.argv[1]])
populations = read_populations(trial.config)
cells = populations["v1"]
weights = pd.read_csv(sys.argv[2], sep=" ").set_index("specimen_id")["fitted_weight_pA"].loc[cells.types.index]
simulator = runs._load(trial, populations, None)
weights = weights.to_numpy()[cells.type_rows]
weights[::7] = np.nan
np.save(sys.argv[3], runs._count(simulator, trial, weights, 2, None))
"""


def test_weights_set_in_forks_are_those_of_a_network_built_with_them(tables, tuned, tmp_path):
    folder, config, out = tuned
    weights = read(out, "background_fitted.csv").set_index("specimen_id")
    other = dataclasses.replace(tables, background_fitted=weights.loc[tables.background_fitted.index])
    build_network(NetworkSpec("micro", 25, 15, lgn="small", fluctuating_counts=True), other, tmp_path)
    for name in ("filternet_grey_10s", "bkg_grey_10s", "grey_10s.json"):
        (tmp_path / name).symlink_to(folder / name)
    script = BASE_PROPS.parent / "scripts" / "run_pointnet.py"
    built = render(tmp_path, "background_tuning.json", "built")
    subprocess.run([sys.executable, script, built], check=True, capture_output=True, timeout=120)
    subprocess.run(
        [sys.executable, "-c", COUNT, config, out / "background_fitted.csv", tmp_path / "counts.npy"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    with h5py.File(tmp_path / "network/v1_nodes.h5") as h5:
        type_ids = h5["nodes/v1/node_type_id"][:]
    node_ids, _ = read_spikes(tmp_path / "built/spikes.h5", "v1")
    expected = np.bincount(node_ids.astype(int), minlength=len(type_ids))
    rates = pd.Series(expected).groupby(type_ids).median() / (T_STOP_MS / 1000)
    found = read(out, "tuning.csv").set_index("specimen_id").loc[rates.index, "median_rate_Hz"]
    assert np.array_equal(found, rates)
    counts = np.load(tmp_path / "counts.npy")
    simulated = np.arange(len(counts)) % 7 != 0
    assert np.array_equal(counts[simulated], expected[simulated]) and not counts[~simulated].any()
    assert expected.sum() > 1000


def tables_of(folder):
    """Content of the three tables."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kill_after(arguments, state, iterations):
    """Start a tuning and kill all its processes once so many iterations are on disk."""
    with subprocess.Popen(arguments, start_new_session=True, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            rows = [pd.read_csv(path, sep=" ")["iteration"].max() for path in state.glob(".iterations.*.csv")]
            if rows and max(rows) >= iterations:
                break
            time.sleep(0.01)
        assert process.poll() is None, process.stderr.read()
        os.killpg(process.pid, signal.SIGKILL)


def test_killed_and_resumed_is_the_same_to_the_last_byte(tuned, tmp_path):
    folder, config, out = tuned
    state = folder / "background_tuning"
    arguments = command(config, tmp_path / "out", copies=2)
    kill_after(arguments, state, 3)
    assert not (tmp_path / "out").exists()
    kill_after(arguments, state, 6)
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "6 iterations are there already" in done.stderr or "7 iterations are there already" in done.stderr
    assert tables_of(tmp_path / "out") == tables_of(out)
    assert list(state.iterdir()) == []


def damaged(text):
    """Iterations with a fault each, by what is wrong."""
    lines = text.splitlines(keepends=True)
    return {
        "half a line": text[:-9],
        "a gap": "".join(line for line in lines if not line.startswith("2 ")),
        "another weight": text.replace(" 64.0 ", " 60.0 "),
        "no rate": text.replace("median_rate_Hz", "rate"),
        "empty": "",
        "no number": text.replace(" 64.0 ", " x "),
    }


def test_damaged_or_stale_iterations_are_not_taken_up(tmp_path, capsys):
    ids, slopes, targets = np.array([7, 3]), np.array([1.0, 2.0]), np.array([10.0, 3.3])
    bisection, kept = Bisection(targets, np.ones(2)), Iterations(tmp_path, "key")
    for iteration in (1, 2, 3):
        weights = bisection.next_weights_pa()
        kept.append(iteration_rows(iteration, ids, weights, slopes * weights))
        bisection.update(slopes * weights)
    again, text = Bisection(targets, np.ones(2)), kept.path.read_text()
    assert Iterations(tmp_path, "key").restore(again, ids) and again.iteration == 3
    for fault, wrong in damaged(text).items():
        kept.path.write_text(wrong)
        assert not Iterations(tmp_path, "key").restore(Bisection(targets, np.ones(2)), ids), fault
        assert "is not taken up" in capsys.readouterr().err and not kept.path.exists()
    kept.path.write_text(text)
    assert not Iterations(tmp_path, "other").restore(Bisection(targets, np.ones(2)), ids)
    assert list(tmp_path.iterdir()) == []


def test_inputs_and_targets_belong_to_the_key(tuned):
    (trial,) = read_trials([tuned[1]])
    types = read_populations(trial.config)["v1"].types["pop_name"]
    targets = np.arange(len(types), dtype=float)

    def key(targets=targets):
        return tuning_key(trial, types, targets)

    before = key()
    assert key() == before != key(targets + 1)
    path = tuned[0] / "bkg_grey_10s/grey_trial0/spikes.h5"
    os.utime(path, (1, 1))
    assert key() != before


def test_recurrent_edges_are_refused(tuned):
    config = render(tuned[0], "pointnet.json", "recurrent")
    done = subprocess.run(command(config, tuned[0] / "no"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("edges from v1 to itself; background weights are tuned without them")


# --- tables and panel -----------------------------------------------------------------------------------------------


def test_fitted_weights_serve_as_seed_table(tuned, tmp_path):
    seeds = tmp_path / "base_props"
    shutil.copytree(BASE_PROPS, seeds)
    shutil.copy(tuned[2] / "background_fitted.csv", seeds)
    found, shipped = load_seed_tables(seeds).background_fitted, load_seed_tables(BASE_PROPS).background_fitted
    tuning = read(tuned[2], "tuning.csv").set_index("specimen_id")
    has_cells = tuning["n_cells"] > 0
    assert np.array_equal(found["fitted_weight_pA"], tuning["fitted_weight_pA"].loc[found.index])
    kept = found.index[~has_cells.loc[found.index]]
    assert len(kept) and np.array_equal(found.loc[kept], shipped.loc[kept])
    lines = [
        path.read_text().splitlines()
        for path in (seeds / "background_fitted.csv", BASE_PROPS / "background_fitted.csv")
    ]
    assert [line.split(" ")[0] for line in lines[0]] == [line.split(" ")[0] for line in lines[1]]


def test_rows_of_unknown_models_stay(tmp_path):
    (tmp_path / "seed.csv").write_text("specimen_id fitted_weight_pA\n5 1.250\n7 2\n9 3.0\n")
    tuning = pd.DataFrame({"specimen_id": [9, 7], "n_cells": [4, 0], "fitted_weight_pA": [25.8430175781, 2.0]})
    write_fitted(tmp_path / "out.csv", tmp_path / "seed.csv", tuning)
    assert (tmp_path / "out.csv").read_text() == "specimen_id fitted_weight_pA\n5 1.250\n7 2\n9 25.8430175781\n"


def test_comparison_by_hand():
    models = {"population": ["b", "b", "b", "b", "a"], "weight_pA": [1, 2, 3, 0, 8], "reference_pA": [2, 1, 6, 0, 2]}
    table = compare_weights(pd.DataFrame(models)).set_index("population")
    assert list(table.index) == ["b", "a", "all"] and table["n_models"].tolist() == [4, 1, 5]
    # Ranks 2 3 4 1 and 3 2 4 1: 1 - 6 · 2 / (4 · 15).
    assert table.at["b", "spearman"] == pytest.approx(0.8) and np.isnan(table.at["a", "spearman"])
    assert table["ratio_median"].tolist() == [0.5, 4.0, pytest.approx(1.25)]


def test_comparison_and_panel(tuned, tmp_path):
    shared = ["--tuning", tuned[2] / "tuning.csv", "--reference", BASE_PROPS / "background_fitted.csv"]
    comparison = ["--output", tmp_path / "comparison.csv"]
    compare_background_tuning.main(list(map(str, shared + comparison)))
    path = BASE_PROPS.parent / "figure_scripts/weights/plot_background_tuning.py"
    spec = importlib.util.spec_from_file_location("plot_background_tuning", path)
    panel = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(panel)
    more = ["--naming-scheme", BASE_PROPS / "cell_type_naming_scheme.csv", "--name", "micro"]
    more += ["--comparison", tmp_path / "comparison.csv", "--output-stem", tmp_path / "panel"]
    panel.main(list(map(str, shared + more)))
    assert (tmp_path / "panel.png").stat().st_size > 20_000
    assert (tmp_path / "panel.pdf").read_bytes().startswith(b"%PDF")
    tuning, models = read(tuned[2], "tuning.csv"), read(tmp_path, "panel_models.csv")
    assert len(models) == tuning["converged"].sum() == read(tmp_path, "comparison.csv")["n_models"].iloc[-1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("specimen_id weight\n1 2\n", "no column fitted_weight_pA"),
        ("specimen_id fitted_weight_pA\n1 2\n1 3\n", "column specimen_id: 1 is there twice"),
        ("specimen_id fitted_weight_pA\n1 x\n", "line 2, column fitted_weight_pA: found 'x', a number expected"),
        ("specimen_id fitted_weight_pA\n1 2\n", "no model that converged is in"),
    ],
)
def test_faults_of_the_reference_are_named(tuned, tmp_path, text, message):
    (tmp_path / "reference.csv").write_text(text)
    arguments = ["--tuning", tuned[2] / "tuning.csv", "--reference", tmp_path / "reference.csv"]
    with pytest.raises(ValueError, match=message):
        compare_background_tuning.main(list(map(str, [*arguments, "--output", tmp_path / "out.csv"])))


def test_rules_lead_to_the_panel(repo_root, tmp_path):
    arguments = [
        "--snakefile",
        repo_root / "Snakefile",
        "--directory",
        tmp_path,
        "-n",
        "--cores",
        "1",
        "--quiet",
        "rules",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *map(str, arguments), "--", "tiny/figures/background_tuning.png"],
        capture_output=True,
        text=True,
        cwd=repo_root,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for rule in (
        "run_filternet_grey_10s",
        "generate_background_grey_10s",
        "tune_background",
        "compare_background_tuning",
    ):
        assert rule in said
