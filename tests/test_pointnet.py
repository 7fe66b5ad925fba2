"""The NEST engine against stock BMTK PointNet, on a small network; every simulation has its own process."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from v1_model.engines.children import run_children
from v1_model.engines.clamps import current_steps
from v1_model.engines.configs import check_inputs, read_populations, read_trials
from v1_model.engines.modulation import Modulation, read_modulation
from v1_model.engines.nest.edges import EdgeBlocks, SynapseTypes
from v1_model.network.builder import NetworkSpec, build_network
from v1_model.seeds.tables import load_seed_tables

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPT = REPOSITORY / "scripts" / "run_pointnet.py"

T_STOP_MS = 300.0
CELLS, LGN_CELLS, BACKGROUND_UNITS = 240, 50, 20

# GLIF3 cell models: C_m, g, E_L, V_th, t_ref, after-spike amplitudes and decays.
CELL_MODELS = {
    322723785: ("e4Rorb", "e", (95.5974276, 6.18850821, -76.783577, -44.6443944, 3.85, (-3.72, -165.6), (0.003, 0.1))),
    479179020: ("e4Rorb", "e", (104.116684, 5.94489518, -71.41, -51.4126524, 3.4, (-9.33, -119.3), (0.003, 0.1))),
    478793814: ("i4Pvalb", "i", (80.3620589, 8.007938, -78.68977, -57.003627, 1.7, (-1.356, -34.72), (0.003, 0.1))),
    476753465: ("i4Sst", "i", (58.6094975, 2.19986407, -73.07328, -42.01362, 1.65, (-177.56, 447.08), (0.1, 0.3))),
}
# Receptor ports by target: source, tau_fast, tau_slow, amp_slow, latency. LGN and background use the first port.
RECEPTORS = {
    "e4Rorb": [
        ("exc", 1.875, 2.428, 0.527, 1.7),
        ("e4Rorb", 1.853, 2.446, 0.582, 1.48),
        ("i4Pvalb", 1.486, 4.543, 0.418, 0.96),
        ("i4Sst", 1.496, 4.411, 0.842, 1.03),
    ],
    "i4Pvalb": [
        ("exc", 0.905, 2.234, 0.228, 1.7),
        ("e4Rorb", 0.849, 2.203, 0.266, 1.13),
        ("i4Pvalb", 1.037, 3.547, 0.296, 1.01),
        ("i4Sst", 1.821, 3.399, 0.571, 1.2),
    ],
    "i4Sst": [
        ("exc", 1.276, 2.950, 0.337, 1.7),
        ("e4Rorb", 1.276, 2.950, 0.337, 1.1),
        ("i4Pvalb", 1.649, 2.461, 1.209, 1.06),
        ("i4Sst", 1.603, 3.560, 0.297, 1.41),
    ],
}
WEIGHT_PA = {"e": 40.0, "i": -70.0}
CLAMP = {"input_type": "current_clamp", "module": "IClamp", "node_set": "v1", "amp": 50, "delay": 60, "duration": 100}


def write_table(path, rows):
    pd.DataFrame(rows).to_csv(path, sep=" ", index=False, na_rep="NULL")


def write_nodes(folder, population, type_ids, types):
    """SONATA nodes of one population, ids 0..N−1."""
    with h5py.File(folder / f"{population}_nodes.h5", "w") as h5:
        h5.attrs["magic"], h5.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], dtype=np.uint32)
        group = h5.create_group(f"nodes/{population}")
        group["node_id"] = np.arange(len(type_ids), dtype=np.uint64)
        group["node_type_id"] = np.asarray(type_ids, dtype=np.int64)
        group["node_group_id"] = np.zeros(len(type_ids), dtype=np.int8)
        group["node_group_index"] = np.arange(len(type_ids), dtype=np.uint64)
        group["0/x"] = np.linspace(0.0, 100.0, len(type_ids))
    write_table(folder / f"{population}_node_types.csv", types)


def write_edges(path, source, target, sources, targets, type_ids, columns):
    """SONATA edges of one population, sorted by target."""
    order = np.lexsort((sources, targets))
    with h5py.File(path, "w") as h5:
        h5.attrs["magic"], h5.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], dtype=np.uint32)
        group = h5.create_group(f"edges/{source}_to_{target}")
        for side, population, ids in (("source", source, sources), ("target", target, targets)):
            group[f"{side}_node_id"] = ids[order].astype(np.uint64)
            group[f"{side}_node_id"].attrs["node_population"] = population
        group["edge_type_id"] = type_ids[order].astype(np.int64)
        group["edge_group_id"] = np.zeros(len(order), dtype=np.int8)
        group["edge_group_index"] = np.arange(len(order), dtype=np.uint64)
        group.create_group("0")
        for name, values in columns.items():
            group[f"0/{name}"] = values[order]


def write_components(folder):
    """NEST parameters of the cell models and the receptor port of each pair."""
    for name in ("cell_models", "synaptic_models"):
        (folder / name).mkdir(parents=True)
    for model, (population, _, (c_m, g, e_l, v_th, t_ref, amps, decays)) in CELL_MODELS.items():
        ports = RECEPTORS[population]
        parameters = {"C_m": c_m, "g": g, "E_L": e_l, "V_m": e_l, "V_th": v_th, "V_reset": e_l, "t_ref": t_ref}
        parameters |= {"asc_amps": amps, "asc_decay": decays, "asc_init": [0.0, 0.0], "after_spike_currents": True}
        parameters |= {"tau_syn_fast": [p[1] for p in ports], "tau_syn_slow": [p[2] for p in ports]}
        parameters |= {"amp_slow": [p[3] for p in ports]}
        (folder / f"cell_models/{model}.json").write_text(json.dumps(parameters))
    for target, ports in RECEPTORS.items():
        for port, (source, *_) in enumerate(ports):
            text = json.dumps({"receptor_type": port + 1})
            (folder / f"synaptic_models/{source}_{target}.json").write_text(text)


def edge_type(type_id, source, target, delay, **more):
    synapse = {"model_template": "static_synapse", "dynamics_params": f"{source}_{target}.json", "delay": delay}
    return {"edge_type_id": type_id, "target_query": f"pop_name=='{target}'", **synapse, **more}


def write_recurrent(folder, rng, populations, signs):
    """One edge type a pair of populations, weight by edge."""
    types, numbers = [], {}
    for target, ports in RECEPTORS.items():
        for source, *_, delay in ports[1:]:
            numbers[source, target] = 100 + len(types)
            types.append(edge_type(numbers[source, target], source, target, delay))
    sources, targets = np.nonzero(rng.random((CELLS, CELLS)) < 0.12)
    type_ids = np.array([numbers[populations[s], populations[t]] for s, t in zip(sources, targets, strict=True)])
    weights = np.array([WEIGHT_PA[sign] for sign in signs])[sources] * rng.lognormal(0.0, 0.5, len(sources))
    columns = {"syn_weight": weights.astype(np.float32)}
    write_edges(folder / "v1_v1_edges.h5", "v1", "v1", sources, targets, type_ids, columns)
    write_table(folder / "v1_v1_edge_types.csv", types)


def write_inputs(folder, rng, populations, type_ids):
    """LGN edges stand for several synapses; background weights are in the edge types."""
    types = [edge_type(200 + i, "exc", target, 1.7) for i, target in enumerate(RECEPTORS)]
    sources, targets = np.nonzero(rng.random((LGN_CELLS, CELLS)) < 0.3)
    numbers = np.array([200 + list(RECEPTORS).index(name) for name in populations])
    columns = {"syn_weight": rng.lognormal(2.6, 0.3, len(sources)), "nsyns": rng.integers(1, 4, len(sources))}
    write_edges(folder / "lgn_v1_edges.h5", "lgn", "v1", sources, targets, numbers[targets], columns)
    write_table(folder / "lgn_v1_edge_types.csv", types)
    types = [
        edge_type(300 + i, "exc", name, 1.0, syn_weight=20.0 + i) for i, (name, *_) in enumerate(CELL_MODELS.values())
    ]
    sources = np.array([rng.choice(BACKGROUND_UNITS, 4, replace=False) for _ in range(CELLS)]).ravel()
    targets = np.repeat(np.arange(CELLS), 4)
    numbers = np.array([300 + list(CELL_MODELS).index(model) for model in type_ids])[targets]
    columns = {"nsyns": np.ones(len(sources), dtype=np.int8)}
    write_edges(folder / "bkg_v1_edges.h5", "bkg", "v1", sources, targets, numbers, columns)
    write_table(folder / "bkg_v1_edge_types.csv", types)


def write_network(folder, seed=1):
    """A network of 240 cells of four models in mixed order, with LGN and background generators."""
    rng = np.random.default_rng(seed)
    network = folder / "network"
    network.mkdir(parents=True)
    write_components(folder / "components")
    type_ids = rng.choice(list(CELL_MODELS), CELLS, p=[0.4, 0.3, 0.2, 0.1])
    populations = [CELL_MODELS[model][0] for model in type_ids]
    template = {"model_type": "point_neuron", "model_template": "nest:glif_psc_double_alpha"}
    types = [
        {"node_type_id": model, "pop_name": name, "ei": ei, "location": "VisL4", **template}
        | {"dynamics_params": f"{model}.json"}
        for model, (name, ei, _) in CELL_MODELS.items()
    ]
    write_nodes(network, "v1", type_ids, types)
    lgn_types = [{"node_type_id": i, "pop_name": n, "model_type": "virtual"} for i, n in enumerate(("sON", "tOFF"))]
    write_nodes(network, "lgn", rng.choice(2, LGN_CELLS), lgn_types)
    write_nodes(network, "bkg", np.zeros(BACKGROUND_UNITS), [{"node_type_id": 0, "model_type": "virtual"}])
    write_recurrent(network, rng, populations, [CELL_MODELS[model][1] for model in type_ids])
    write_inputs(network, rng, populations, type_ids)


def write_spike_file(path, population, node_ids, timestamps):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as h5:
        group = h5.create_group(f"spikes/{population}")
        group["node_ids"], group["timestamps"] = np.asarray(node_ids, np.uint64), np.asarray(timestamps, float)
        group["timestamps"].attrs["units"] = "ms"


def poisson_spikes(seed, cells, rate_hz):
    """Unsorted spike trains, times on no grid, some beyond the end."""
    rng = np.random.default_rng(seed)
    count = rng.poisson(cells * rate_hz * 0.4)
    return rng.integers(0, cells, count), rng.uniform(0.1, 400.0, count)


def config_of(folder, trial, **changes):
    """Render the SONATA config of a trial with its spike inputs; returns its path."""
    write_spike_file(folder / f"lgn_{trial}.h5", "lgn", *poisson_spikes(10 + trial, LGN_CELLS, 40.0))
    write_spike_file(folder / f"bkg_{trial}.h5", "bkg", *poisson_spikes(90 + trial, BACKGROUND_UNITS, 250.0))
    network = "$BASE/network"
    nodes = [
        {"nodes_file": f"{network}/{name}_nodes.h5", "node_types_file": f"{network}/{name}_node_types.csv"}
        for name in ("v1", "lgn", "bkg")
    ]
    edges = [
        {"edges_file": f"{network}/{name}_v1_edges.h5", "edge_types_file": f"{network}/{name}_v1_edge_types.csv"}
        for name in ("v1", "lgn", "bkg")
    ]
    components = {"point_neuron_models_dir": "$BASE/components/cell_models"}
    components |= {"synaptic_models_dir": "$BASE/components/synaptic_models"}
    inputs = {
        name: {"input_type": "spikes", "module": "h5", "input_file": f"$BASE/{name}_{trial}.h5", "node_set": name}
        for name in ("lgn", "bkg")
    }
    config = {
        "manifest": {"$BASE": str(folder), "$OUTPUT": str(folder / f"trial{trial}")},
        "run": {"tstop": T_STOP_MS, "dt": 0.25},
        "target_simulator": "NEST",
        "networks": {"nodes": nodes, "edges": edges},
        "components": components,
        "inputs": inputs,
        "output": {"output_dir": "$OUTPUT", "log_file": "log.txt", "spikes_file": "spikes.h5"},
    }
    for keys, value in changes.items():
        *parents, key = keys.split("__")
        place = config
        for parent in parents:
            place = place.setdefault(parent, {})
        place[key] = value
    path = folder / f"config_{trial}.json"
    path.write_text(json.dumps(config))
    return path


STOCK = """
import sys
from bmtk.simulator import pointnet
config = pointnet.Config.from_json(sys.argv[1])
config.build_env()
network = pointnet.PointNetwork.from_config(config)
pointnet.PointSimulator.from_config(config, network, n_thread=int(sys.argv[2])).run()
"""
OURS = """
import sys
from v1_model.engines.nest import pointnet, simulator
simulator.SLICE_MS = float(sys.argv[3])
pointnet.run_pointnet([sys.argv[1]], output_dir=sys.argv[2], block_edges=int(sys.argv[4]))
"""


def python(*arguments):
    """Run a Python of its own, so that NEST kernels stay apart; its standard error is what it returns."""
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stderr


def run_script(*arguments):
    """Run the script; exit code and standard error."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stderr


def spikes_of(path):
    """Times and ids in order of both."""
    with h5py.File(path, "r") as h5:
        times, ids = h5["spikes/v1/timestamps"][:], h5["spikes/v1/node_ids"][:].astype(int)
    return np.stack([times, ids])[:, np.lexsort((ids, times))]


def report_of(path):
    with h5py.File(path, "r") as h5:
        group = h5["report/v1"]
        return {name: group[name][:] for name in ("data", "mapping/node_ids", "mapping/time", "mapping/index_pointer")}


def same_spikes(first, second):
    return np.array_equal(spikes_of(first), spikes_of(second))


def ids_of_type(folder, specimen):
    with h5py.File(folder / "network/v1_nodes.h5", "r") as h5:
        return np.flatnonzero(h5["nodes/v1/node_type_id"][:] == specimen).tolist()


def clamp_and_report(clamped, recorded):
    """Two current steps and a recording of the membrane potential."""
    clamp = {"input_type": "current_clamp", "module": "IClamp", "node_set": {"population": "v1", "node_id": clamped}}
    clamp |= {"amp": [150.0, -80.0], "delay": [60.0, 200.0], "duration": [100.0, 50.0]}
    report = {"module": "multimeter_report", "variable_name": "V_m", "file_name": "v_m.h5"}
    return {"inputs__clamp": clamp, "reports__v_m": report | {"cells": {"population": "v1", "node_id": recorded}}}


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A network with three trials, of which stock BMTK has run the first."""
    folder = tmp_path_factory.mktemp("plain")
    write_network(folder)
    configs = [config_of(folder, trial) for trial in range(3)]
    python("-c", STOCK, configs[0], 1)
    return folder, configs


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """The same network with a current clamp and a report, and outputs of one forked run of its three trials."""
    folder = tmp_path_factory.mktemp("probed")
    write_network(folder)
    # Cells of one type: BMTK hands NEST the ids of a node set unsorted, which NEST takes in ascending order only.
    pvalb = ids_of_type(folder, 478793814)
    configs = [config_of(folder, trial, **clamp_and_report(pvalb[:12], pvalb[8:15])) for trial in range(3)]
    code, error = run_script(*configs, "--copies", 2, "-o", folder / "forked")
    assert code == 0, error
    return folder, configs


def test_spikes_are_those_of_stock_bmtk(network, tmp_path):
    folder, configs = network
    stock = folder / "trial0/spikes.h5"
    assert spikes_of(stock).shape[1] > 1000
    code, error = run_script(configs[0], "-o", tmp_path)
    assert code == 0, error
    assert same_spikes(stock, tmp_path / "spikes.h5")
    assert "Network created" in (tmp_path / "log.txt").read_text()


def test_two_threads_give_the_spikes_of_one(network, tmp_path):
    folder, configs = network
    code, error = run_script(*configs[:2], "-n", 2, "--copies", 2, "-o", tmp_path)
    assert code == 0, error
    assert same_spikes(folder / "trial0/spikes.h5", tmp_path / "trial0/spikes.h5")
    assert spikes_of(tmp_path / "trial1/spikes.h5").shape[1] > 1000
    assert not same_spikes(tmp_path / "trial0/spikes.h5", tmp_path / "trial1/spikes.h5")


def test_block_and_slice_sizes_do_not_change_spikes(network, tmp_path):
    folder, configs = network
    python("-c", OURS, configs[0], tmp_path, 12.5, 777)
    assert same_spikes(folder / "trial0/spikes.h5", tmp_path / "spikes.h5")


def test_clamp_and_report_are_those_of_stock_bmtk(probed, tmp_path):
    folder, configs = probed
    python("-c", STOCK, configs[1], 1)
    assert same_spikes(folder / "trial1/spikes.h5", folder / "forked/trial1/spikes.h5")
    stock, ours = report_of(folder / "trial1/v_m.h5"), report_of(folder / "forked/trial1/v_m.h5")
    assert all(np.array_equal(stock[name], ours[name]) for name in ("mapping/node_ids", "mapping/index_pointer"))
    # NEST hands recordings over once in the shortest delay: 1 ms of the synapses, or one step of BMTK's clamp.
    assert stock["mapping/time"].tolist() == [0.25, T_STOP_MS - 0.25, 0.25]
    assert ours["mapping/time"].tolist() == [0.25, T_STOP_MS - 1.0, 0.25]
    # BMTK's report goes through a text file with three decimals.
    assert len(ours["data"]) == len(stock["data"]) - 3
    assert np.abs(stock["data"][:-3] - ours["data"]).max() < 0.00051


def test_forked_trials_equal_runs_of_their_own(probed, tmp_path):
    folder, configs = probed
    for trial, config in enumerate(configs):
        code, error = run_script(config, "-o", tmp_path / str(trial))
        assert code == 0, error
        alone, forked = tmp_path / str(trial), folder / f"forked/trial{trial}"
        assert same_spikes(alone / "spikes.h5", forked / "spikes.h5")
        first, second = report_of(alone / "v_m.h5"), report_of(forked / "v_m.h5")
        assert all(np.array_equal(first[name], second[name]) for name in first)


def test_currents_of_a_clamp_end_where_the_next_begins():
    assert current_steps([5, -3], [60, 110], [50, 20], 0.25) == ([240, 440, 520], [5.0, -3.0, 0.0])
    assert current_steps([5, -3], [60, 80], [50, 20], 0.25) == ([240, 320, 400], [5.0, -3.0, 0.0])


def test_clamp_on_cells_of_several_types(network, tmp_path):
    folder, _ = network
    probe = clamp_and_report([5, 0, 17, 3], [9, 1, 4])
    config = config_of(folder, 3, run__tstop=100.0, **probe)
    code, error = run_script(config, "-n", 2, "-o", tmp_path)
    assert code == 0, error
    report = report_of(tmp_path / "v_m.h5")
    assert sorted(report["mapping/node_ids"]) == [1, 4, 9]
    with h5py.File(tmp_path / "v_m.h5") as h5:
        assert [h5[f"report/v1/{name}"].attrs["units"] for name in ("data", "mapping/time")] == ["mV", "ms"]
    assert np.isfinite(report["data"]).all()


def test_a_failing_trial_leaves_the_others(network, tmp_path):
    folder, configs = network
    (tmp_path / "trial1").write_text("a file where a folder must go")
    code, error = run_script(*configs, "-o", tmp_path)
    assert code == 1
    assert "1 of 3 trials failed" in error and "trial1" in error.splitlines()[-1]
    assert same_spikes(folder / "trial0/spikes.h5", tmp_path / "trial0/spikes.h5")
    assert spikes_of(tmp_path / "trial2/spikes.h5").shape[1] > 1000


def test_children_that_fail_are_told_apart():
    def fail(report):
        raise ValueError("the reason")

    def die(report):
        report(1.5)
        os.kill(os.getpid(), signal.SIGKILL)

    progress = []
    tasks = {"good": lambda report: report(2.0), "bad": fail, "dead": die}
    failures = run_children(tasks, 2, progress.append)
    assert failures == {"bad": "the reason", "dead": "killed by SIGKILL"}
    assert sorted(progress) == [1.5, 2.0]


NO_FORK = """
import os, resource, signal
from v1_model.engines.children import run_children
before = signal.getsignal(signal.SIGINT), len(os.listdir("/proc/self/fd"))
if not os.getuid():
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
try:
    run_children({"one": lambda report: None}, 1)
except BlockingIOError:
    assert before == (signal.getsignal(signal.SIGINT), len(os.listdir("/proc/self/fd")))
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_where_no_process_can_be_started_signals_and_files_stay_as_they_were():
    done = subprocess.run([sys.executable, "-c", NO_FORK], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


def test_silence_is_an_empty_file(network, tmp_path):
    folder, _ = network
    config = config_of(folder, 4, output__spikes_file_csv="spikes.csv")
    for name in ("lgn", "bkg"):
        write_spike_file(folder / f"{name}_4.h5", name, [], [])
    code, error = run_script(config, "-o", tmp_path)
    assert code == 0, error
    assert spikes_of(tmp_path / "spikes.h5").shape == (2, 0)
    assert (tmp_path / "spikes.csv").read_text().split() == ["timestamps", "population", "node_ids"]


def test_modulation_equals_edited_weights(network, tmp_path):
    folder, configs = network
    rules = tmp_path / "rules.txt"
    header = "src_property src_substring trg_property trg_substring operation value\n"
    rules.write_text(header + "pop_name Pvalb pop_name e4 * 0.5\nei i location VisL4 - 3.0\nei e pop_name Sst + 1\n")
    code, error = run_script(configs[0], "-m", rules, "-o", tmp_path / "modulated")
    assert code == 0, error

    edited = tmp_path / "edited"
    shutil.copytree(folder, edited)
    with h5py.File(edited / "network/v1_v1_edges.h5", "r+") as h5, h5py.File(edited / "network/v1_nodes.h5") as nodes:
        group, models = h5["edges/v1_to_v1"], nodes["nodes/v1/node_type_id"][:]
        names = np.array([CELL_MODELS[model][0] for model in models])
        source, target = (names[group[f"{side}_node_id"][:].astype(int)] for side in ("source", "target"))
        weights = group["0/syn_weight"][:].astype(float)
        weights[(source == "i4Pvalb") & (target == "e4Rorb")] *= 0.5
        weights[np.char.startswith(source, "i")] -= 3.0
        weights[np.char.startswith(source, "e") & (target == "i4Sst")] += 1.0
        del group["0/syn_weight"]
        group["0/syn_weight"] = weights
    code, error = run_script(config_of(edited, 0), "-o", tmp_path / "edited_run")
    assert code == 0, error
    assert same_spikes(tmp_path / "modulated/spikes.h5", tmp_path / "edited_run/spikes.h5")
    assert not same_spikes(tmp_path / "modulated/spikes.h5", folder / "trial0/spikes.h5")


@pytest.mark.parametrize(
    ("dataset", "value", "message"),
    [
        ("source_node_id", CELLS, "source_node_id 240 is not a node of 'v1'"),
        ("target_node_id", CELLS + 7, "target_node_id 247 is not a node of 'v1'"),
        ("edge_type_id", 99, "edge_type_id 99 is not in the edge types"),
        ("0/syn_weight", np.nan, "syn_weight is nan, not a finite number"),
        ("0/syn_weight", "flipped", "its source is"),
    ],
)
def test_faulty_option_edges_are_refused(network, tmp_path, dataset, value, message):
    folder, _ = network
    path = tmp_path / "v1_v1_edges_trained.h5"
    shutil.copy(folder / "network/v1_v1_edges.h5", path)
    with h5py.File(path, "r+") as h5:
        data = h5[f"edges/v1_to_v1/{dataset}"]
        data[1000] = -data[1000] if value == "flipped" else value
    with pytest.raises(ValueError, match=f"v1_v1_edges_trained.h5, edge 1000: .*{re.escape(message)}"):
        list(blocks_of(folder, path))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("pop_name e4 pop_name e4 * -1", r"syn_weight after .*rules.txt is -[\d.]+ pA, but its source is excitatory"),
        ("ei i ei e + 10000", r"syn_weight after .*rules.txt is [\d.]+ pA, but its source is inhibitory"),
        ("ei i ei e * 1e308", r"syn_weight after .*rules.txt is -inf, not a finite number"),
    ],
)
def test_weights_are_checked_after_modulation_too(network, tmp_path, rule, message):
    folder, _ = network
    path, edges = tmp_path / "rules.txt", folder / "network/v1_v1_edges.h5"
    path.write_text(f"src_property src_substring trg_property trg_substring operation value\n{rule}\n")
    types = {"v1": read_populations(read_trials([folder / "config_0.json"])[0].config)["v1"].types}
    with pytest.raises(ValueError, match=message), np.errstate(over="ignore"):
        list(blocks_of(folder, edges, Modulation(path, read_modulation(path), types, [("v1", "v1")])))


def blocks_of(folder, path, modulation=None):
    """Blocks of an edge file of the network, read without NEST."""
    tables = read_populations(read_trials([folder / "config_0.json"])[0].config)
    types = pd.read_csv(folder / "network/v1_v1_edge_types.csv", sep=" ", index_col="edge_type_id")
    rows = {i: row | {"dynamics_params": {"receptor_type": 1}} for i, row in types.to_dict("index").items()}
    with h5py.File(path, "r") as h5:
        group = h5["edges/v1_to_v1"]
        data = {name: group[name] for name in ("source_node_id", "target_node_id", "edge_type_id")}
        data |= dict(group["0"])
        yield from EdgeBlocks(str(path), data, SynapseTypes(rows), tables["v1"], tables["v1"], modulation, 500)


def test_edges_without_weights_are_refused(network, tmp_path):
    folder, _ = network
    path = tmp_path / "edges.h5"
    shutil.copy(folder / "network/v1_v1_edges.h5", path)
    with h5py.File(path, "r+") as h5:
        del h5["edges/v1_to_v1/0/syn_weight"]
    with pytest.raises(ValueError, match=r"edges.h5: no weights: 0/syn_weight"):
        list(blocks_of(folder, path))


def test_missing_option_edges_say_what_is_wanted(network, tmp_path):
    folder, _ = network
    trained = folder / "network/v1_v1_edges_bio_trained.h5"
    config = json.loads((folder / "config_0.json").read_text())
    config["networks"]["edges"][0]["edges_file"] = str(trained)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"v1_v1_edges_bio_trained.h5 is missing .*0/syn_weight"):
        read_trials([path])
    trained.write_text("not HDF5")
    with pytest.raises(ValueError, match=r"v1_v1_edges_bio_trained.h5: not an HDF5 file"):
        read_trials([path])
    trained.unlink()


@pytest.mark.parametrize(
    ("population", "node_ids", "times", "message"),
    [
        ("lgn", [0, 50], [1.0, 2.0], "node id 50, but population 'lgn' has 50 nodes"),
        ("lgn", [0, 1], [0.0, 2.0], "spike times must be above 0 ms, found 0.0"),
        ("lgn", [0, 1], [1.0, np.inf], "not finite"),
        ("bkg", [0], [1.0], "no spikes of population 'lgn'"),
        (None, [], [], "no such spike file"),
    ],
)
def test_faulty_spike_inputs_are_refused(network, tmp_path, population, node_ids, times, message):
    _, configs = network
    spikes = tmp_path / "lgn.h5"
    if population:
        write_spike_file(spikes, population, node_ids, times)
    config = json.loads(configs[0].read_text())
    config["inputs"]["lgn"]["input_file"] = str(spikes)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    trials = read_trials([configs[1], path])
    tables = read_populations(trials[0].config)
    check_inputs(trials[0], tables)
    with pytest.raises(ValueError, match=message) as error:
        check_inputs(trials[1], tables)
    assert str(spikes) in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"run__tstop": 250.0}, r"differs from .*config_0.json in run.tstop \(250.0 instead of 300.0\)"),
        ({"components__synaptic_models_dir": "elsewhere"}, "in components.synaptic_models_dir"),
        ({"inputs__bkg__node_set": "lgn"}, "in inputs.bkg.node_set"),
        ({"run__dt": 0.7}, "run.tstop, 300.0 ms, is not a multiple of run.dt, 0.7 ms"),
        ({"output__output_dir": "$BASE/trial0"}, "more than one of the trials writes"),
        (
            {"inputs__clamp": {**CLAMP, "delay": 0}},
            "inputs.clamp: found steps at 0, 100 ms, expected ascending multiples",
        ),
        ({"inputs__clamp": {**CLAMP, "delay": 0.25}}, "from the second on"),
        ({"inputs__clamp": {**CLAMP, "delay": 60.1}}, "multiples of the time step, 0.25 ms"),
        ({"inputs__clamp": {**CLAMP, "duration": 0}}, "expected ascending"),
        ({"inputs__clamp": {**CLAMP, "amp": [1, 2]}}, "found 2 amp, 1 delay, 1 duration"),
        ({"inputs__clamp": {**CLAMP, "amp": None}}, "inputs.clamp.amp: found None, expected a number"),
    ],
)
def test_configs_that_do_not_belong_together_are_refused(network, changes, message):
    folder, configs = network
    with pytest.raises(ValueError, match=message):
        read_trials([configs[0], config_of(folder, 5, **changes)])


def test_an_error_is_one_line_before_anything_is_simulated(network, tmp_path):
    folder, configs = network
    lost = config_of(folder, 6)
    (folder / "bkg_6.h5").unlink()
    code, error = run_script(configs[0], lost, "-o", tmp_path)
    assert code == 1
    assert error.strip().count("\n") == 0 and "bkg_6.h5" in error
    assert not list(tmp_path.iterdir())


def built_config(folder, seed, t_stop_ms=500.0):
    """Config of a network from the builder, with Poisson LGN and background spikes."""
    with h5py.File(folder / "network/lgn_nodes.h5", "r") as h5:
        lgn_cells = len(h5["nodes/lgn/node_id"])
    config = json.loads(config_of(folder, 0, run__tstop=t_stop_ms).read_text())
    rng = np.random.default_rng(seed)
    for name, cells, rate_hz in (("lgn", lgn_cells, 12.0), ("bkg", 100, 250.0)):
        count = rng.poisson(cells * rate_hz * t_stop_ms / 1000.0)
        times = rng.uniform(0.1, t_stop_ms, count)
        write_spike_file(folder / f"{name}_0.h5", name, rng.integers(0, cells, count), times)
    path = folder / "config_0.json"
    path.write_text(json.dumps(config))
    return path


def test_merged_receptor_ports_give_the_spikes_of_unmerged(tmp_path):
    tables = load_seed_tables(REPOSITORY / "base_props")
    spec = NetworkSpec(name="patch", radius_um=40.0, core_radius_um=20.0, lgn="small")
    ports = {}
    for merge in (True, False):
        folder = tmp_path / f"merged_{merge}"
        build_network(spec, tables, folder, merge_ports=merge)
        models = (folder / "components/cell_models").glob("*.json")
        ports[merge] = sum(len(json.loads(path.read_text())["tau_syn_fast"]) for path in models)
        code, error = run_script(built_config(folder, seed=5), "-o", tmp_path / f"run_{merge}")
        assert code == 0, error
    assert ports[True] < ports[False]
    assert spikes_of(tmp_path / "run_True/spikes.h5").shape[1] > 100
    assert same_spikes(tmp_path / "run_True/spikes.h5", tmp_path / "run_False/spikes.h5")


def test_faulty_edges_end_the_script_in_one_line(network, tmp_path):
    folder, _ = network
    copy = tmp_path / "network"
    shutil.copytree(folder, copy)
    with h5py.File(copy / "network/v1_v1_edges.h5", "r+") as h5:
        h5["edges/v1_to_v1/0/syn_weight"][7] *= -1
    code, error = run_script(config_of(copy, 0), "-o", tmp_path / "out")
    assert code == 1
    assert "v1_v1_edges.h5, edge 7: syn_weight is" in error.splitlines()[-1]
    assert not (tmp_path / "out/spikes.h5").exists()


def test_node_sets_are_found_in_arrays(network):
    folder, configs = network
    table = read_populations(read_trials(configs[:1])[0].config)["v1"]
    pvalb = ids_of_type(folder, 478793814)
    assert table.select({"pop_name": "i4Pvalb"}).tolist() == pvalb
    assert table.select({"ei": ["i"], "node_id": [0, *pvalb[:3]]}).tolist() == pvalb[:3]
    assert table.select({"x": 0.0}).tolist() == [0]
    with pytest.raises(ValueError, match="ids that population 'v1' does not have"):
        table.select({"node_id": [CELLS]})
    with pytest.raises(ValueError, match="'layer', which no node or node type has"):
        table.select({"layer": 4})
