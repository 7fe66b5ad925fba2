"""Configs of V1, tables of types and parameters are understood whole or refused by name, before NEST is started."""

import json
import shutil

import h5py
import numpy as np
import pytest

from test_pointnet import CLAMP, config_of, run_script, write_network
from v1_model.engines.configs import check_inputs, check_network, read_populations, read_trials

REPORT = {"module": "membrane_report", "variable_name": "V_m", "cells": "v1", "file_name": "v_m.h5"}


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("config")
    write_network(folder)
    return folder


@pytest.fixture
def own(network, tmp_path):
    """A copy of the network to be damaged."""
    return shutil.copytree(network, tmp_path / "own")


def check(path):
    """All that a run checks before it imports NEST."""
    (trial,) = read_trials([path])
    tables = read_populations(trial.config)
    check_network(trial.config, tables)
    check_inputs(trial, tables)


def test_all_that_is_understood_is_accepted(network):
    changes = {
        "inputs__clamp": {**CLAMP, "node_set": "some", "enabled": False},
        "reports__v_m": {**REPORT, "tstart": 10, "tstop": 50.0, "interval": 0.5, "sections": "soma"},
        "reports__i": {
            **REPORT,
            "variable_name": ["I_syn"],
            "cells": {"population": "v1", "ei": "e"},
            "file_name": "i",
        },
        "node_sets": {"some": {"population": "v1", "node_id": [1, 2], "location": ["VisL4"]}},
        "run__precise_times": False,
        "output__spikes_sort_order": "by_time",
        "components__templates_dir": "$BASE",
    }
    check(config_of(network, 0, **changes))


REFUSED = [
    # sections and keys
    ({"input": {}}, "the key input is not known, did you mean 'inputs'?"),
    ({"simulation": "other.json"}, "the key simulation is not known: a config in one file expected"),
    ({"run__tstopp": 3}, "the key run.tstopp is not known, did you mean 'tstop'?"),
    ({"run__duration": 3}, "the key run.duration is not known: the length of a simulation is run.tstop"),
    ({"run__n_thread": 3}, "the key run.n_thread is not known: the number of threads is an option of the script"),
    ({"run__n_runs": 3}, "the key run.n_runs is not known: one config a trial expected"),
    ({"conditions": {"v_init": -80}}, "the key conditions.v_init is not known: cells begin at V_m of their model"),
    ({"networks__gap_juncs": []}, "the key networks.gap_juncs is not known"),
    ({"components__synaptic_model_dir": "x"}, "did you mean 'synaptic_models_dir'?"),
    ({"output__spike_file": "x"}, "the key output.spike_file is not known, did you mean 'spikes_file'?"),
    ({"output__spikes_file_nwb": "x"}, "the key output.spikes_file_nwb is not known"),
    ({"inputs__lgn__nodeset": "lgn"}, "the key inputs.lgn.nodeset is not known, did you mean 'node_set'?"),
    ({"inputs__clamp": {**CLAMP, "durations": 3}}, "the key inputs.clamp.durations is not known"),
    ({"reports__v_m": {**REPORT, "start_time": 3}}, "the key reports.v_m.start_time is not known"),
    # words
    ({"target_simulator": "NEURON"}, "target_simulator: found 'NEURON', expected one of NEST"),
    ({"inputs__lgn__enabled": "false"}, "inputs.lgn.enabled: found 'false', expected true or false"),
    (
        {"inputs__lgn__input_type": "spike"},
        "inputs.lgn.input_type: found 'spike', expected one of spikes, current_clamp",
    ),
    ({"inputs__lgn__module": "csv"}, "inputs.lgn.module is 'csv', expected one of h5"),
    ({"inputs__lgn__use_parrot_neurons": True}, "inputs.lgn.use_parrot_neurons is not supported"),
    ({"inputs__clamp": {**CLAMP, "module": "iclamp"}}, "inputs.clamp.module is 'iclamp', expected one of IClamp"),
    ({"reports__v_m": {**REPORT, "module": "extracellular"}}, "reports.v_m.module is 'extracellular'"),
    ({"output__spikes_sort_order": "by_id"}, "output.spikes_sort_order: found 'by_id'"),
    ({"output__overwrite_output_dir": 1}, "output.overwrite_output_dir: found '1', expected true or false"),
    # keys that contradict each other, and values
    ({"run__tstart": 100}, "run.tstart: found 100, expected 0"),
    ({"run__precise_times": True, "run__allow_offgrid_spikes": True}, "are both true, expected one at most"),
    ({"node_sets": {}, "node_sets_file": "x.json"}, "node_sets and node_sets_file are both there"),
    ({"run__dt": 0.0003, "run__tstop": 0.3}, "run.dt: found 0.0003, expected a multiple of 0.001 ms"),
    ({"reports__a": REPORT, "reports__b": REPORT}, "reports.b.file_name: found 'v_m.h5', expected another file"),
    ({"reports__v_m": {**REPORT, "interval": 0.3}}, "reports.v_m.interval: found 0.3, expected a multiple of run.dt"),
    ({"reports__v_m": {**REPORT, "tstart": 20, "tstop": 10}}, "reports.v_m.tstop: found 10, expected a time after"),
    # references
    ({"output__log_file": "$LOGS/log.txt"}, "output.log_file: no variable $LOGS in manifest"),
    ({"manifest__$A": "$B/x", "manifest__$B": "$A"}, "manifest: $A, $B lead in a circle"),
    ({"inputs__lgn__node_set": "lng"}, "no node set or population is called 'lng', did you mean 'lgn'?"),
    ({"inputs__lgn__node_set": {"population": "lgn", "node_id": [1]}}, "expected a population of virtual nodes, whole"),
    ({"inputs__clamp": {**CLAMP, "node_set": "all"}}, "no node set or population is called 'all'"),
    ({"inputs__clamp": {**CLAMP, "node_set": [1, 2]}}, "inputs.clamp.node_set: found [1, 2], expected a name, or"),
    ({"inputs__clamp": {**CLAMP, "node_set": "lgn"}}, "inputs.clamp.node_set: 'lgn' is virtual, expected cells"),
    ({"inputs__clamp": {**CLAMP, "node_set": {"population": "V1"}}}, "population 'V1' is not one of v1, lgn, bkg, did"),
    ({"inputs__clamp": {**CLAMP, "node_set": {"population": "v1", "node_id": [0.5]}}}, "node_id: found [0.5]"),
    ({"inputs__clamp": {**CLAMP, "node_set": {"population": "v1", "layer": 4}}}, "names the property 'layer'"),
    ({"inputs__clamp": {**CLAMP, "node_set": {"population": "v1", "ei": "x"}}}, "no node of 'v1' meets {'ei': 'x'}"),
    ({"node_sets": {"some": {"population": "v1", "node_id": [999]}}}, "node_sets.some: "),
    ({"reports__v_m": {**REPORT, "variable_name": "v_m"}}, "variable_name is 'v_m', did you mean 'V_m'?"),
    ({"reports__v_m": {**REPORT, "variable_name": ["V_m", "I"]}}, "expected one variable a report"),
    ({"reports__v_m": {k: v for k, v in REPORT.items() if k != "cells"}}, "the key reports.v_m.cells is missing"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[message[:50] for _, message in REFUSED])
def test_a_config_that_is_not_understood_is_refused(network, changes, message):
    path = config_of(network, 1, **changes)
    with pytest.raises(ValueError) as error:
        check(path)
    assert message in str(error.value)
    assert all(line.startswith(str(path)) for line in str(error.value).splitlines())


def test_all_unknown_keys_are_named_at_once(network):
    with pytest.raises(ValueError) as error:
        check(config_of(network, 1, run__a=1, outputs={}, inputs__lgn__b=2))
    assert [line.split(": ")[1].split()[2] for line in str(error.value).splitlines()] == [
        "outputs",
        "run.a",
        "inputs.lgn.b",
    ]


# --- tables of types and parameter files -----------------------------------------------------------------------------


def cell(row, column, value):
    """A field of a space-separated table; row 0 is the header."""

    def change(path):
        lines = [line.split(" ") for line in path.read_text().splitlines()]
        lines[row][lines[0].index(column)] = value
        path.write_text("".join(" ".join(line) + "\n" for line in lines))

    return change


def keys(**values):
    """Keys of a JSON file; None removes one."""

    def change(path):
        content = json.loads(path.read_text()) | values
        path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))

    return change


def delays(value):
    """A delay for every edge, in the middle another one."""

    def change(path):
        with h5py.File(path, "r+") as h5:
            (group,) = h5["edges"].values()
            group["0/delay"] = np.full(len(group["edge_type_id"]), 1.5)
            group["0/delay"][100] = value

    return change


EDGES, EDGE_TYPES, NODE_TYPES = "network/v1_v1_edges.h5", "network/v1_v1_edge_types.csv", "network/v1_node_types.csv"
MODEL, SYNAPSE = "components/cell_models/478793814.json", "components/synaptic_models/exc_i4Sst.json"
WRONG = [
    *(
        (EDGE_TYPES, cell(2, "delay", v), f"line 3, column delay: found '{float(v)}'")
        for v in ("0", "-1", "0.1", "1e9")
    ),
    (EDGE_TYPES, cell(2, "delay", "NULL"), "line 3, column delay: found 'no value', expected a number"),
    (EDGE_TYPES, cell(2, "delay", "nan"), "line 3, column delay: found 'no value', expected a number"),
    *((EDGES, delays(v), f"edge 100: delay is {float(v)}") for v in (0, -1, 0.1, np.nan, np.inf)),
    (EDGE_TYPES, cell(2, "model_template", "NULL"), "column model_template"),
    (EDGE_TYPES, cell(2, "dynamics_params", "7"), "no such file"),
    (NODE_TYPES, cell(1, "model_template", "glif_psc_double_alpha"), "line 2, column model_template: found"),
    (NODE_TYPES, cell(1, "model_type", "point_nueron"), "line 2, column model_type: found 'point_nueron'"),
    (MODEL, keys(C_m=0), "key C_m: found 0, expected a number above 0"),
    (MODEL, keys(c_m=80, C_m=None), "key c_m: glif_psc_double_alpha has no such parameter, did you mean 'C_m'?"),
    (MODEL, keys(g="8"), "key g: found 8, expected a number above 0"),
    (MODEL, keys(V_m=True), "key V_m: found True, expected a number"),
    (MODEL, keys(t_ref=-1), "key t_ref: found -1"),
    (MODEL, keys(V_th=-90), "key V_reset: found -78.68977 mV and V_th -90 mV, expected V_reset below V_th"),
    (
        MODEL,
        keys(tau_syn_fast=[1, 0, 1, 1]),
        "key tau_syn_fast: found [1, 0, 1, 1], expected a list of numbers above 0",
    ),
    (MODEL, keys(amp_slow=[1.0]), "keys tau_syn_slow and amp_slow differ in length"),
    (MODEL, keys(asc_amps=[1.0]), "keys asc_amps and asc_init differ in length: asc_amps 1, asc_init 2"),
    (MODEL, keys(asc_decay=0.003), "key asc_decay: found 0.003, expected a list"),
    (MODEL, keys(after_spike_currents=1), "key after_spike_currents: found 1, expected true or false"),
    (SYNAPSE, keys(receptor_type=1.5), "key receptor_type: found 1.5, expected a whole number"),
    (SYNAPSE, keys(receptor_type=-1), "key receptor_type: found -1"),
    (SYNAPSE, keys(receptor_type="1"), "key receptor_type: found '1'"),
    (SYNAPSE, keys(receptor=1), "key receptor: static_synapse has no such parameter, did you mean 'receptor_type'?"),
    (SYNAPSE, keys(weight=1.0), "key weight: static_synapse has no such parameter"),
    (SYNAPSE, keys(synapse_model="stdp_synapse"), "but the edge types say static_synapse"),
]


@pytest.mark.parametrize(("file", "change", "message"), WRONG, ids=[f"{f[-20:]} {m[:50]}" for f, _, m in WRONG])
def test_what_nest_would_refuse_is_found_where_it_is_read(own, file, change, message):
    change(own / file)
    with pytest.raises(ValueError) as error:
        check(config_of(own, 0))
    assert message in str(error.value)
    assert file.rpartition("/")[2] in str(error.value) or "no such file" in message


def test_a_delay_in_two_places_is_refused(own):
    keys(delay=2.0)(own / "components/synaptic_models/e4Rorb_e4Rorb.json")
    with pytest.raises(ValueError, match=r"expected it here or in .*e4Rorb_e4Rorb\.json, which says 2\.0"):
        check(config_of(own, 0))


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        (SYNAPSE, keys(receptor_type=9), ["lgn_v1_edges.h5: NEST: ", "Receptor type 9"]),
        (NODE_TYPES, cell(1, "model_template", "nest:glif_psc"), ["cells of node type 322723785: NEST: ", "amp_slow"]),
    ],
)
def test_what_is_left_shows_the_words_of_nest(own, tmp_path, file, change, words):
    change(own / file)
    code, said = run_script(config_of(own, 0), "-o", tmp_path / "out")
    assert code == 1 and "Traceback" not in said
    assert all(word in said.splitlines()[-1] for word in words), said
