"""What is wrong with an input is said in a few lines that name the file, and nothing is written.

Each case damages one input of a small run that went well and runs one command on it.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
from typing import NamedTuple

import h5py
import numpy as np
import pytest
import yaml

from checked_config import checked, load_schema
from small_runs import (
    DEFINITION,
    REPOSITORY,
    as_process,
    background,
    build,
    cell_weights,
    contrast_counts,
    filternet,
    linked_copy,
    load_script,
    node_set,
    odsi,
    own,
    pointnet,
    raster,
    render_configs,
    render_paradigm,
    script_path,
    similarity,
    small_run,  # noqa: F401 - a fixture
    summary_figure,
)
from v1_files import command_line

MOST_LINES = 6
LONGEST_LINE = 600
PARADIGM_FILE = "paradigms/two.json"
LGN_CONFIG, V1_CONFIG = "tiny/configs/two/filternet_angle0.json", "tiny/configs/two_plain/angle0_trial0.json"
LGN_SPIKES, V1_SPIKES = "tiny/filternet_two/angle0_trial1/spikes.h5", "tiny/two_plain/angle90_trial1/spikes.h5"
V1_NODES, LGN_NODES = "tiny/network/v1_nodes.h5", "tiny/network/lgn_nodes.h5"
V1_EDGES, BKG_EDGES = "tiny/network/v1_v1_edges.h5", "tiny/network/bkg_v1_edges.h5"
RASTER_SPIKES = "tiny/two_plain/angle0_trial0/spikes.h5"
LGN_TYPES = "tiny/network/lgn_node_types.csv"
V1_TYPES, EDGE_TYPES = "tiny/network/v1_node_types.csv", "tiny/network/v1_v1_edge_types.csv"
TABLE, DESCRIPTION = "tiny/metrics/OSI_DSI_DF_plain.csv", "tiny/network/network.json"
SEEDS = REPOSITORY / "base_props"


# --- ways to damage a file -------------------------------------------------------------------------------------------


def missing(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def last_bytes_lost(path):
    path.write_bytes(path.read_bytes()[:-3])


def rubbish(path):
    path.write_bytes(np.random.default_rng(1).bytes(4000))


def not_utf8(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + b"\xff" + content[len(content) // 2 :])


def a_folder(path):
    path.unlink()
    path.mkdir()


def foreign(other):
    """Another file of the run in its place."""

    def damage(path):
        results = next(folder for folder in path.parents if (folder / other).exists())
        path.write_bytes((results / other).read_bytes())

    return damage


def text(old, new, count=1):
    """Some text replaced."""

    def damage(path):
        content = path.read_text()
        assert old in content
        path.write_text(content.replace(old, new, count))

    return damage


def value(*keys, to):
    """A value of a JSON file replaced, or removed."""

    def damage(path):
        content = part = json.loads(path.read_text())
        for key in keys[:-1]:
            part = part[key]
        if to is REMOVED:
            del part[keys[-1]]
        else:
            part[keys[-1]] = to
        path.write_text(json.dumps(content))

    return damage


REMOVED = object()


def dataset(name, change):
    """A dataset of an HDF5 file replaced by what a function makes of it, or removed."""

    def damage(path):
        with h5py.File(path, "r+") as h5:
            values, attributes = h5[name][()], dict(h5[name].attrs)
            del h5[name]
            if change is not REMOVED:
                h5[name] = change(values)
                h5[name].attrs.update(attributes)

    return damage


def one(new, kind=None):
    """A function that sets the middle element of an array."""

    def change(values):
        values = values.astype(kind or values.dtype)
        values[len(values) // 2] = new
        return values

    return change


def cell(row, column, new):
    """A field of a space-separated table replaced; row 0 is the header."""

    def damage(path):
        lines = [line.split(" ") for line in path.read_text().splitlines()]
        lines[row][lines[0].index(column)] = new
        path.write_text("".join(" ".join(line) + "\n" for line in lines))

    return damage


def column_lost(column):
    def damage(path):
        lines = [line.split(" ") for line in path.read_text().splitlines()]
        place = lines[0].index(column)
        path.write_text("".join(" ".join(line[:place] + line[place + 1 :]) + "\n" for line in lines))

    return damage


def lines(change):
    """Lines of a text file replaced by what a function makes of them."""

    def damage(path):
        path.write_text("".join(change(path.read_text().splitlines(keepends=True))))

    return damage


def written(content):
    def damage(path):
        path.write_text(content)

    return damage


# --- the cases -------------------------------------------------------------------------------------------------------


class Case(NamedTuple):
    """A command, the file that is damaged, how, and what the message has to say besides the file's name."""

    name: str
    command: list
    file: str
    damage: object
    words: str = ""


def general(command, file):
    """Damages that any file can have."""
    stem = file.rsplit("/", 1)[-1]
    kinds = [missing, empty, half, rubbish, a_folder] + ([] if file.endswith(".h5") else [last_bytes_lost, not_utf8])
    return [Case(f"{command[0]}: {stem} {kind.__name__}", command, file, kind) for kind in kinds]


V1 = pointnet("angle0")
SIMILARITY = similarity()
ALONE = pointnet("angle0", trials=1)

ANALYSIS = [
    *general(odsi(), V1_SPIKES),
    *general(odsi(), PARADIGM_FILE),
    *general(odsi(), V1_NODES),
    Case("id unknown", odsi(), V1_SPIKES, dataset("spikes/v1/node_ids", one(10**6)), "expected 0.."),
    Case("negative id", odsi(), V1_SPIKES, dataset("spikes/v1/node_ids", one(-1, np.int64)), "expected 0.."),
    Case("ids are fractions", odsi(), V1_SPIKES, dataset("spikes/v1/node_ids", one(0.5, float)), "whole numbers"),
    Case("ids are words", odsi(), V1_SPIKES, dataset("spikes/v1/node_ids", lambda v: np.full(len(v), b"x")), "whole"),
    Case("time NaN", odsi(), V1_SPIKES, dataset("spikes/v1/timestamps", one(np.nan)), "expected 0.."),
    Case("time after the end", odsi(), V1_SPIKES, dataset("spikes/v1/timestamps", one(300.25)), "expected 0..300 ms"),
    Case("one time less", odsi(), V1_SPIKES, dataset("spikes/v1/timestamps", lambda v: v[1:]), "timestamps"),
    Case("no ids", odsi(), V1_SPIKES, dataset("spikes/v1/node_ids", REMOVED), "node_ids is missing"),
    Case("spikes of the LGN", odsi(), V1_SPIKES, foreign(LGN_SPIKES), "spikes/v1, found lgn"),
    Case("trial missing", odsi(), "tiny/two_plain/angle0_trial1/spikes.h5", missing, "no such spike file"),
    Case(
        "spikes of 600 ms", odsi(), V1_SPIKES, lambda p: noted(p, duration_ms=600.0), "duration_ms is 600, expected 300"
    ),
    Case("spikes of 99 cells", odsi(), V1_SPIKES, lambda p: noted(p, nodes=99), "nodes is 99"),
    Case("paradigm: misspelt key", odsi(), PARADIGM_FILE, text('"windows_ms"', '"window_ms"'), "windows_ms"),
    Case("paradigm: no trials", odsi(), PARADIGM_FILE, value("conditions", 0, "trials", to=0), "conditions[0].trials"),
    Case("paradigm: trials true", odsi(), PARADIGM_FILE, value("conditions", 0, "trials", to=True), "True"),
    Case("paradigm: name with a path", odsi(), PARADIGM_FILE, value("conditions", 0, "name", to="../x"), "a name"),
    Case("paradigm: name twice", odsi(), PARADIGM_FILE, value("conditions", 0, "name", to="angle90"), "angle90"),
    Case("paradigm: NaN", odsi(), PARADIGM_FILE, value("duration_ms", to=float("nan")), "NaN"),
    Case("paradigm: window outside", odsi(), PARADIGM_FILE, value("windows_ms", "evoked", to=[100, 400]), "evoked"),
    Case("paradigm: a list", odsi(), PARADIGM_FILE, written("[1, 2]"), "found list"),
    Case("paradigm: deep", odsi(), PARADIGM_FILE, written("[" * 100_000), "JSON"),
    *general(SIMILARITY, TABLE),
    *general(SIMILARITY, DESCRIPTION),
    Case("OSI of 2", SIMILARITY, TABLE, cell(3, "OSI", "2"), "line 4, column OSI"),
    Case("negative rate", SIMILARITY, TABLE, cell(3, "Ave_Rate(Hz)", "-1"), "0 or more expected"),
    Case("rate NaN", SIMILARITY, TABLE, cell(3, "Spont_Rate(Hz)", "nan"), "line 4"),
    Case("rate a word", SIMILARITY, TABLE, cell(3, "Ave_Rate(Hz)", "high"), "'high'"),
    Case("rate infinite", SIMILARITY, TABLE, cell(3, "Ave_Rate(Hz)", "inf"), "a number expected"),
    Case("no OSI", SIMILARITY, TABLE, column_lost("OSI"), "no column OSI"),
    Case("a cell twice", SIMILARITY, TABLE, lines(lambda found: [*found, found[-1]]), "there twice"),
    Case("a cell less", SIMILARITY, TABLE, lines(lambda found: found[:-1]), "do not match"),
    Case("a short line", SIMILARITY, TABLE, lines(lambda found: [*found[:-1], "770 0.5\n"])),
    Case("a long line", SIMILARITY, TABLE, lines(lambda found: [found[0], *(f"1 {line}" for line in found[1:])])),
    Case("commas", SIMILARITY, TABLE, text(" ", ",", -1), "no column"),
    Case("no core radius", SIMILARITY, DESCRIPTION, value("core_radius_um", to=REMOVED), "core_radius_um"),
    Case("type unknown", SIMILARITY, V1_TYPES, lines(lambda found: found[:-1]), "no node type"),
    Case("population unknown", SIMILARITY, V1_TYPES, cell(1, "pop_name", "e9Xyz"), "e9Xyz"),
    Case("position NaN", SIMILARITY, V1_NODES, dataset("nodes/v1/0/x", one(np.nan)), "x of v1 is not finite"),
    Case("no tuning angle", SIMILARITY, V1_NODES, dataset("nodes/v1/0/tuning_angle", REMOVED), "tuning_angle"),
    Case("ids in disorder", SIMILARITY, V1_NODES, dataset("nodes/v1/node_id", lambda v: v[::-1]), "in order"),
    Case("nodes of the LGN", SIMILARITY, V1_NODES, foreign(LGN_NODES), "no population nodes/v1"),
]

INPUTS = [
    *general(background("angle0"), PARADIGM_FILE),
    *general(render_configs("lgn"), PARADIGM_FILE),
    *general(render_configs("v1"), PARADIGM_FILE),
    Case(
        "stimulus unknown",
        render_configs("lgn"),
        PARADIGM_FILE,
        value("stimulus", to="drifting_gratings"),
        "no stimulus",
    ),
    Case(
        "contrast of 3",
        render_configs("lgn"),
        PARADIGM_FILE,
        value("conditions", 0, "parameters", "contrast", to=3),
        "contrast must lie in",
    ),
    Case("condition unknown", background("angle45"), PARADIGM_FILE, lambda path: None, "no condition 'angle45'"),
    *general(filternet("angle0"), LGN_CONFIG),
    *general(filternet("angle0"), LGN_NODES),
    *general(filternet("angle0"), LGN_TYPES),
    Case("misspelt section", filternet("angle0"), LGN_CONFIG, text('"v1flow"', '"v1flw"'), "v1flow must hold"),
    Case("trials are words", filternet("angle0"), LGN_CONFIG, value("v1flow", "trials", to=["a", "b"]), "whole number"),
    Case("duration 0", filternet("angle0"), LGN_CONFIG, value("run", "tstop", to=0), "run/tstop"),
    Case("two stimuli", filternet("angle0"), LGN_CONFIG, value("inputs", "more", to={}), "found 2"),
    Case("model unknown", filternet("angle0"), LGN_TYPES, text("lgnmodel:sON_TF1", "lgnmodel:sON_XX"), "sON_XX"),
    Case("field size NaN", filternet("angle0"), LGN_NODES, dataset("nodes/lgn/0/spatial_size", one(np.nan)), "spatial"),
    Case("a field away", filternet("angle0"), LGN_NODES, dataset("nodes/lgn/0/x", one(1e6)), "outside"),
]

WEIGHTS, SUMMARY = "tiny/metrics/cell_weights_plain.csv", "tiny/network/connection_summary.csv"
NODE_SET, COUNTS, RASTER, FIGURE = node_set(), contrast_counts(), raster(), summary_figure()
COLUMN = "edges/v1_to_v1/{}"

TABLES = [
    *general(cell_weights(), V1_EDGES),
    *general(NODE_SET, WEIGHTS),
    *general(RASTER, RASTER_SPIKES),
    *general(FIGURE, SUMMARY),
    Case("weights: source", cell_weights(), V1_EDGES, dataset(COLUMN.format("source_node_id"), one(10**6)), "0.."),
    Case("weights: NaN", cell_weights(), V1_EDGES, dataset(COLUMN.format("0/syn_weight"), one(np.nan)), "not finite"),
    Case("weights: none", cell_weights(), V1_EDGES, dataset(COLUMN.format("0/syn_weight"), REMOVED), "syn_weight"),
    Case("node set: NaN", NODE_SET, WEIGHTS, cell(3, "outgoing_weight", "nan"), "line 4"),
    Case("node set: a cell less", NODE_SET, WEIGHTS, lines(lambda found: found[:-1]), "do not match"),
    Case("node set: no column", NODE_SET, WEIGHTS, column_lost("out_degree"), "out_degree"),
    Case("counts: no blanks", COUNTS, PARADIGM_FILE, lambda path: None, "blanks"),
    Case("raster: spikes of another network", RASTER, RASTER_SPIKES, dataset("spikes/v1/node_ids", one(10**6)), "0.."),
    Case("raster: NaN", RASTER, RASTER_SPIKES, dataset("spikes/v1/timestamps", one(np.nan)), "0..300 ms"),
    Case("figure: target unknown", FIGURE, V1_EDGES, dataset(COLUMN.format("target_node_id"), one(10**6)), "0.."),
    Case("figure: a word", FIGURE, SUMMARY, cell(2, "n_edges", "many"), "'many'"),
]

SIMULATION = [
    *general(V1, V1_CONFIG),
    *general(V1, LGN_SPIKES),
    *general(V1, V1_EDGES),
    *general(V1, V1_NODES),
    *general(V1, V1_TYPES),
    *general(V1, EDGE_TYPES),
    Case("no duration", V1, V1_CONFIG, value("run", "tstop", to=REMOVED), "run.tstop is missing"),
    Case("duration a word", V1, V1_CONFIG, value("run", "tstop", to="3 s"), "run.tstop"),
    Case("duration NaN", V1, V1_CONFIG, value("run", "tstop", to=float("nan")), "NaN"),
    Case("negative step", V1, V1_CONFIG, value("run", "dt", to=-0.25), "above 0"),
    Case("step does not fit", V1, V1_CONFIG, value("run", "dt", to=0.7), "multiple of run.dt"),
    Case("trials differ", V1, V1_CONFIG, value("run", "tstop", to=200.0), "differs from"),
    Case("manifest a list", V1, V1_CONFIG, value("manifest", to=["x"]), "manifest"),
    Case("nodes a word", V1, V1_CONFIG, value("networks", "nodes", to="v1"), "networks.nodes"),
    Case(
        "no types of nodes", V1, V1_CONFIG, value("networks", "nodes", 0, "node_types_file", to=REMOVED), "node_types"
    ),
    Case("kind of input", ALONE, V1_CONFIG, value("inputs", "lgn_spikes", "module", to="csv"), "module is 'csv'"),
    Case("input of no population", V1, V1_CONFIG, value("inputs", "lgn_spikes", "node_set", to="lng"), "node_set"),
    Case("no output folder", V1, V1_CONFIG, value("output", "output_dir", to=REMOVED), "output.output_dir"),
    Case("id unknown", V1, LGN_SPIKES, dataset("spikes/lgn/node_ids", one(10**6)), "node id 1000000"),
    Case("time NaN", V1, LGN_SPIKES, dataset("spikes/lgn/timestamps", one(np.nan)), "not finite"),
    Case("time 0", V1, LGN_SPIKES, dataset("spikes/lgn/timestamps", lambda v: np.r_[0.0, v[1:]]), "above 0"),
    Case("spikes of V1", V1, LGN_SPIKES, foreign(V1_SPIKES), "no spikes of population 'lgn'"),
    Case("spikes of 100 ms", V1, LGN_SPIKES, lambda path: noted(path, duration_ms=100.0), "spikes of 100 ms"),
    Case("an edge less", V1, V1_EDGES, lambda path: cut_edges(path, 1), "was built with"),
    Case("a column cut", V1, V1_EDGES, dataset("edges/v1_to_v1/target_node_id", lambda v: v[1:]), "differ in length"),
    Case("edges of the LGN", V1, V1_EDGES, foreign("tiny/network/lgn_nodes.h5"), "group edges missing"),
    Case(
        "weights are words",
        V1,
        V1_EDGES,
        dataset("edges/v1_to_v1/0/syn_weight", lambda v: np.full(len(v), b"x")),
        "numb",
    ),
    Case("no weights", V1, V1_EDGES, dataset("edges/v1_to_v1/0/syn_weight", REMOVED), "no weights"),
    Case("no targets", V1, V1_EDGES, dataset("edges/v1_to_v1/target_node_id", REMOVED), "target_node_id missing"),
    Case("target unknown", V1, BKG_EDGES, dataset("edges/bkg_to_v1/target_node_id", one(10**6)), "are not those"),
    Case("edge type unknown", V1, V1_EDGES, dataset("edges/v1_to_v1/edge_type_id", one(9)), "are not those"),
    Case("a node twice", V1, V1_NODES, dataset("nodes/v1/node_id", one(0)), "different"),
    Case("a node far off", V1, V1_NODES, dataset("nodes/v1/node_id", one(10**12)), "node ids 0..1000000000000"),
    Case("node type unknown", V1, V1_TYPES, lines(lambda found: found[:-1]), "no node type"),
    Case("no model type", V1, V1_TYPES, column_lost("model_type"), "no column model_type"),
    Case("negative delay", V1, EDGE_TYPES, cell(1, "delay", "-1"), "column delay"),
    Case("delay a word", V1, EDGE_TYPES, cell(1, "delay", "soon"), "'soon'"),
    Case("edge type twice", V1, EDGE_TYPES, lines(lambda found: [*found, found[-1]]), "there twice"),
    Case("component missing", V1, "tiny/components/synaptic_models/e23_to_e4.json", missing, "no such file"),
    Case("component cut", V1, "tiny/components/synaptic_models/e23_to_e4.json", half, "JSON"),
]

# What is looked at edge by edge is found while edges are loaded, so these have a process of their own.
LOADING = [
    Case("weight NaN", V1, V1_EDGES, dataset("edges/v1_to_v1/0/syn_weight", one(np.nan)), "not a finite number"),
    Case(
        "weight of the wrong sign", V1, V1_EDGES, dataset("edges/v1_to_v1/0/syn_weight", lambda v: -v), "its source is"
    ),
]

SEED_TABLES = [
    *(
        Case(f"seeds: {kind.__name__}", [], "cell_models.csv", kind)
        for kind in (missing, empty, half, rubbish, not_utf8)
    ),
    *(
        Case(f"seeds: workbook {kind.__name__}", [], "V1model_seed_file.xlsx", kind)
        for kind in (missing, half, rubbish)
    ),
    Case("seeds: misspelt column", [], "cell_models.csv", text("C_m_pF", "C_m_pf"), "C_m_pF"),
    Case(
        "seeds: a word for a number", [], "background.csv", lambda path: cell(1, second(path), "much")(path), "line 2"
    ),
    Case("seeds: a row twice", [], "background.csv", lines(lambda found: [*found, found[-1]]), "again"),
    Case("seeds: commas", [], "background.csv", text(" ", ",", -1), "commas"),
]

COMMAND_LINES = [
    (build(**{"radius-um": "wide"}), "invalid float value: 'wide'"),
    (build(**{"radius-um": "nan"}), "radius_um: found nan"),
    (build(**{"radius-um": -40}), "radius_um: found -40"),
    (build(**{"radius-um": 1e9}), "radius_um: found 1e+09"),
    (build(**{"core-radius-um": 90}), "core_radius_um: found 90"),
    (build(seed=-1), "seed: found -1"),
    (build(threads=0), "threads: found 0"),
    (build(lgn="large"), "invalid choice: 'large'"),
    (build(**{"base-props": "nowhere"}), "nowhere: no such folder"),
    (render_paradigm(definition=DEFINITION | {"parameters": {"contrast": 1}}), "none is a list"),
    ([*render_paradigm()[:-4], "--condition-names", "{", "--output", "x.json"], "invalid loads value"),
    ([*background("angle0"), "--rate-hz", "nan"], "background rate"),
    ([*background("angle0"), "--units", "0"], "at least one unit"),
    ([*background("angle0"), "--trial", "7"], "trial 7 is not among"),
    ([*filternet("angle0"), "--engine", "neuron"], "invalid choice: 'neuron'"),
    (["run_pointnet", "nowhere.json"], "nowhere.json: no such file"),
    ([*V1, "--threads", "0"], "0 is not a positive number"),
    ([*V1, "--modulation", "nowhere.txt"], "nowhere.txt"),
    ([*V1, V1[1]], "more than one of the trials writes"),
    (odsi()[:-2], "required: --selectivity"),
    ([*SIMILARITY, "--network-dir", "tiny/network", "tiny/network"], "2 network folders but 1 selectivity tables"),
]

MODULATIONS = [
    ("empty", b"", "line 1"),
    ("rubbish", np.random.default_rng(1).bytes(500), "not a space-separated text file"),
    ("zeros", b"src_property\0src_substring", "line 1"),
    ("misspelt", b"src_property src_substrng trg_property trg_substring operation value\n", "src_substrng"),
    ("operation", b"pop_name e4 pop_name i4 ^ 2\n", "column operation"),
    ("NaN", b"pop_name e4 pop_name i4 * nan\n", "not a finite number"),
    ("short", b"pop_name e4 pop_name\n", "3 values for 6 columns"),
    ("property", b"colour e4 pop_name i4 * 2\n", "no node type of"),
]
MODULATION_HEADER = b"src_property src_substring trg_property trg_substring operation value\n"


def noted(path, **attributes):
    """Attributes of an HDF5 file replaced."""
    with h5py.File(path, "r+") as h5:
        h5.attrs.update(attributes)


def cut_edges(path, n):
    """All columns of the edges without the last n."""
    with h5py.File(path, "r+") as h5:
        group = h5["edges/v1_to_v1"]
        for name in (
            "source_node_id",
            "target_node_id",
            "edge_type_id",
            "edge_group_id",
            "edge_group_index",
            "0/syn_weight",
        ):
            values, attributes = group[name][:-n], dict(group[name].attrs)
            del group[name]
            group[name] = values
            group[name].attrs.update(attributes)


def second(path):
    """Name of a table's second column."""
    return path.read_text().split(maxsplit=2)[1]


# --- the tests -------------------------------------------------------------------------------------------------------


@pytest.fixture
def results(small_run, tmp_path, monkeypatch):
    """A copy of the small run, which is the working directory."""
    folder = linked_copy(small_run, tmp_path / "results")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def attempt(monkeypatch, capfd):
    """Run a command in this process, as its script would; exit code and what it said on stderr."""

    def run(command):
        module = load_script(command[0])
        monkeypatch.setattr(sys, "argv", [str(script_path(command[0])), *map(str, command[1:])])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.run(module.main)
        return ended.value.code, capfd.readouterr().err

    return run


def assert_clear(code, said, *words):
    """An error of a few lines, without a traceback, that says what it should."""
    assert code not in (0, None), "accepted"
    assert "Traceback" not in said
    message = said[said.rindex("error: ") :] if "error: " in said else said
    assert 0 < len(message.splitlines()) <= MOST_LINES, message
    assert max(map(len, message.splitlines())) <= LONGEST_LINE, message
    assert message.isprintable() or all(line.isprintable() for line in message.splitlines()), message
    for word in words:
        assert word in message, message


def state(folder):
    """Identity of every file; the log of a simulation says what happened to it."""
    return {path: path.stat().st_ino for path in folder.rglob("*") if path.is_file() and path.name != "log.txt"}


def ids(cases):
    return [case.name.replace(" ", "_") for case in cases]


def check(case, folder, attempt):
    """Damage the file, run the command, look at its message and at what it wrote; what it said."""
    path = folder / case.file
    case.damage(own(path))
    before = state(folder)
    code, said = attempt(case.command)
    assert_clear(code, said, path.name, case.words)
    assert state(folder) == before
    return said


@pytest.mark.parametrize("case", ANALYSIS, ids=ids(ANALYSIS))
def test_metrics(results, attempt, case):
    check(case, results, attempt)


@pytest.mark.parametrize("case", INPUTS, ids=ids(INPUTS))
def test_inputs_of_v1(results, attempt, case):
    check(case, results, attempt)


@pytest.mark.parametrize("case", TABLES, ids=ids(TABLES))
def test_tables_and_figures(results, attempt, case):
    check(case, results, attempt)


@pytest.mark.parametrize("case", SIMULATION, ids=ids(SIMULATION))
def test_simulation(results, attempt, case):
    said = check(case, results, attempt)
    assert "connected:" not in said, "found too late, while edges are loaded"


@pytest.mark.parametrize("case", LOADING, ids=ids(LOADING))
def test_edges(results, case):
    def attempt(command):
        done = run_process(command, results)
        return done.returncode, done.stderr

    check(case, results, attempt)


@pytest.mark.parametrize("case", SEED_TABLES, ids=ids(SEED_TABLES))
def test_seed_tables(tmp_path, attempt, case):
    folder = shutil.copytree(SEEDS, tmp_path / "base_props")
    case.damage(folder / case.file)
    code, said = attempt(build(folder=tmp_path / "net", **{"base-props": folder}))
    assert_clear(code, said, case.file, case.words)
    assert not (tmp_path / "net").exists()


@pytest.mark.parametrize(("command", "words"), COMMAND_LINES, ids=[words for _, words in COMMAND_LINES])
def test_command_line(results, attempt, command, words):
    before = state(results)
    code, said = attempt(command)
    assert_clear(code, said, words)
    assert state(results) == before


@pytest.mark.parametrize(("name", "content", "words"), MODULATIONS, ids=[name for name, _, _ in MODULATIONS])
def test_modulation(results, attempt, name, content, words):
    header = b"" if name in ("empty", "rubbish", "zeros", "misspelt") else MODULATION_HEADER
    (results / "rules.txt").write_bytes(header + content)
    code, said = attempt([*V1, "--modulation", "rules.txt"])
    assert_clear(code, said, "rules.txt", words)


# --- the config ------------------------------------------------------------------------------------------------------

CONFIGS = [
    ("networks", "tiny", "radius_mm", 0.1, "unknown key 'radius_mm'"),
    ("networks", "tiny", "radius_um", "wide", "networks.tiny.radius_um"),
    ("networks", "tiny", "radius_um", -5, "networks.tiny.radius_um"),
    ("networks", "tiny", "core_radius_um", 500, "at most radius_um"),
    ("networks", "tiny", "seed", 1.5, "networks.tiny.seed"),
    ("networks", "tiny", "lgn", "large", "networks.tiny.lgn"),
    ("networks", "tiny", "selectivity_paradigm", "8dir", "8dir_2trials"),
    ("networks", "tiny", "like_to_like", "perhaps", "networks.tiny.like_to_like"),
    ("networks", None, "my net; rm -rf", {"radius_um": 50, "core_radius_um": 20}, "my net"),
    ("networks", None, "../up", {"radius_um": 50, "core_radius_um": 20}, "../up"),
    ("options", "plain", "v1_edges", "trained", "options.plain.v1_edges"),
    ("options", None, "a'b", {"v1_edges": "built", "background_edges": "built"}, "a'b"),
    ("paradigms", "8dir_2trials", "trials", 0, "paradigms.8dir_2trials.trials"),
    ("paradigms", "8dir_2trials", "stimulus", "movie", "drifting_grating"),
    ("paradigms", "8dir_2trials", "windows_ms", {"evoked": [500], "spontaneous": [100, 500]}, "windows_ms"),
    ("paradigms", "8dir_2trials", "grey_ms", 3000, "less than duration_ms"),
    ("make", None, "networks", ["tinny"], "tiny"),
    ("background", None, "rate_hz", None, "background.rate_hz"),
]


@pytest.mark.parametrize(("section", "name", "key", "new", "words"), CONFIGS, ids=[f"{c[1]}-{c[2]}" for c in CONFIGS])
def test_config(section, name, key, new, words):
    config = copy.deepcopy(yaml.safe_load((REPOSITORY / "config/config.yaml").read_text()))
    (config[section][name] if name else config[section])[key] = new
    with pytest.raises(ValueError) as error:
        checked(config, load_schema(REPOSITORY / "workflow/schemas/config.schema.yaml"))
    assert words in str(error.value) and len(str(error.value).splitlines()) <= MOST_LINES


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"networks: [", "not valid JSON or YAML"),
        (b"networks: {tiny: {radius_um: !!python/object/apply:os.system ['touch owned']}}", "not valid JSON or YAML"),
        (b"nteworks: {}", "did you mean 'networks'"),
    ],
    ids=["half", "python_object", "misspelt"],
)
def test_config_file(tmp_path, content, words):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--directory", tmp_path]
    done = run_process(None, tmp_path, [*command, "-n", "--configfile", path, "--", "demo"])
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "Traceback" not in said and words in said, said
    assert not (tmp_path / "owned").exists()


def run_process(command, folder, arguments=None):
    arguments = list(map(str, arguments or as_process(command)))
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    options = {"capture_output": True, "text": True, "timeout": 300, "errors": "replace"}
    return subprocess.run(arguments, cwd=folder, env=environment, **options)


def test_how_many():
    """At least forty, of every kind."""
    tables = (ANALYSIS, INPUTS, TABLES, SIMULATION, LOADING, SEED_TABLES, COMMAND_LINES, MODULATIONS, CONFIGS)
    assert sum(map(len, tables)) >= 40 and min(map(len, tables)) >= 2
