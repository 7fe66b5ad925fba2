"""Readers of the seed tables, the workbook, npz, JSON and YAML files."""

from pathlib import Path

import yaml

from analysis_shared.cells.node_sets import read_node_set
from analysis_shared.cells.nodes import read_network
from checked_config import check_text, checked, load_schema
from fuzz import corpus
from fuzz.corpus import NAMING, NETWORK, SEEDS
from fuzz.target import (
    BOOK,
    N_NODES,
    PARADIGM_FILE,
    POINTNET,
    SCHEMA,
    Target,
    engine,
    naming,
    redirected,
    script,
)
from resource_model import size_of
from slurm_site import read_site
from small_runs import (
    PARADIGM,
    flags,
    odsi,
    render_configs,
)
from v1_files.paradigms import read_paradigm
from v1_model.inputs.filternet_configs import read_filternet_config
from v1_model.seeds.schema import schema
from v1_model.seeds.tables import load_seed_tables

_KINDS = {"integer": "count", "number": "finite"}


def _kind(rule):
    """What a column of the seed tables holds, in the words of the fuzzer."""
    if rule["type"] != "text":
        return {"minimum": "positive"}.get(next((k for k in rule if "inimum" in k), ""), _KINDS[rule["type"]])
    return "name" if {"enum", "refers_to"} & set(rule) else "text"


def seeds():
    return vars(load_seed_tables(SEEDS))


def seed_table(name):
    rule = schema()[name]
    fields = {column: _kind(found) for column, found in rule["columns"].items() if found.get("required", True)}
    return Target(
        f"seed table {name}",
        "table",
        f"{SEEDS}/{rule['file']}",
        seeds,
        fields,
        key=True,
        closed=True,
        others=(".csv", ".xlsx"),
    )


BOOK_SHEETS = [name for name, rule in schema().items() if "sheet" in rule]
SEED_TABLES = [
    seed_table(name)
    for name, rule in schema().items()
    if rule.get("built_from", True) and "sheet" not in rule and name != "exclude_list"
]
BOOK_FIELDS = {
    f"{schema()[name]['sheet']}/{column}": _kind(rule)
    for name in BOOK_SHEETS
    for column, rule in schema()[name]["columns"].items()
    if rule.get("required", True)
}
WORKBOOKS = [Target("workbook", "workbook", BOOK, seeds, BOOK_FIELDS)]

COUNT_FIELDS = {
    "blank_counts": "count",
    "evoked_counts": "count",
    "direction_deg": "ascending",
    "contrast": "ascending",
}
COUNT_FIELDS |= {
    "node_id": "ascending",
    "window_ms": "ascending",
    "interval_length_ms": "finite",
    "temporal_frequency_hz": "finite",
}
RESPONSES = {"counts": "spike_counts.npz", "network-dir": NETWORK, "naming-scheme": NAMING, "seed": 1, "resamples": 1}
RESPONSES |= {name: f"out/{name}.csv" for name in ("responsiveness", "curves", "fits")}
NPZ = [
    Target(
        "spike counts",
        "npz",
        "spike_counts.npz",
        script(
            ["calculate_contrast_responses", *flags(RESPONSES)],
            "out/responsiveness.csv",
            "out/curves.csv",
            "out/fits.csv",
        ),
        COUNT_FIELDS,
    ),
]

PARADIGM_FIELDS = {
    "name": "name",
    "duration_ms": "positive",
    "grey_ms": "positive",
    "windows_ms": "section",
    "windows_ms.*": "list",
    "windows_ms.*.*": "positive",
}
PARADIGM_FIELDS |= {
    "conditions": "list",
    "conditions.*": "section",
    "conditions.*.name": "name",
    "conditions.*.trials": "count",
    "conditions.*.parameters": "section",
}
FILTERNET = f"tiny/configs/{PARADIGM}/filternet_angle0.json"
SYNAPSE, CELL = (
    "tiny/components/synaptic_models/e23_to_e4.json",
    "tiny/components/cell_models/475585413_glif_lif_asc_config.json",
)


def rendered(engine, **options):
    command = redirected(render_configs(engine), output_dir="out/configs", **options)

    def read():
        corpus.run_script(*command)
        return {path.name: path.read_bytes() for path in Path("out/configs").iterdir()}

    return read


def perturbed():
    more = ["--perturbation", '{"current_pa": 50, "window_ms": [100, 200]}', "--node-set", "node_set.json"]
    corpus.run_script(*redirected(render_configs("v1"), output_dir="out/configs"), *more)
    return {path.name: path.read_bytes() for path in Path("out/configs").iterdir()}


def suppressed():
    return script(["calculate_suppression", *corpus.suppression("node_set.json", "out")], "out/suppressed_types.csv")()


def provenance_page():
    values = {"title": "x", "records": "record.json", "output": "out/page.html"}
    return script(["record_provenance", *flags(values)], "out/page.html")()


def description():
    network = read_network(NETWORK, naming())
    return network, size_of({}, {}, "tiny")


def config():
    """The checked config; that its file is YAML is what Snakemake checks, which names it."""
    try:
        found = yaml.safe_load(Path("config.yaml").read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"config.yaml: {error}") from error
    check_text(["config.yaml"])
    return checked(found, load_schema(SCHEMA))


JSON_FILES = [
    Target(
        "paradigm",
        "json",
        PARADIGM_FILE,
        lambda: read_paradigm(PARADIGM_FILE),
        {key: kind for key, kind in PARADIGM_FIELDS.items() if key != "windows_ms.*"},
    ),
    Target(
        "paradigm of selectivity",
        "json",
        PARADIGM_FILE,
        script(redirected(odsi(), rates="out/r.csv", selectivity="out/s.csv"), "out/r.csv", "out/s.csv"),
        PARADIGM_FIELDS,
        others=("spikes.h5",),
    ),
    Target(
        "paradigm of the LGN",
        "json",
        PARADIGM_FILE,
        rendered("lgn"),
        {k: v for k, v in PARADIGM_FIELDS.items() if "windows" not in k},
        others=("filternet_",),
    ),
    Target(
        "paradigm of V1",
        "json",
        PARADIGM_FILE,
        rendered("v1"),
        {k: v for k, v in PARADIGM_FIELDS.items() if "windows" not in k},
        others=("_trial",),
    ),
    Target(
        "node set",
        "json",
        "node_set.json",
        lambda: read_node_set("node_set.json", N_NODES),
        {"population": "text", "node_id": "list", "node_id.*": "count"},
    ),
    Target(
        "node set suppressed",
        "json",
        "node_set.json",
        suppressed,
        {"population": "text", "node_id": "list", "node_id.*": "count"},
    ),
    Target(
        "node set perturbed",
        "json",
        "node_set.json",
        perturbed,
        {"population": "text", "node_id": "list", "node_id.*": "count"},
    ),
    Target(
        "network",
        "json",
        f"{NETWORK}/network.json",
        description,
        {
            "core_radius_um": "positive",
            "cells": "section",
            "cells.v1": "count",
            "cells.lgn": "count",
            "edges": "section",
            "edges.v1_v1": "count?",
        },
    ),
    Target(
        "LGN config",
        "json",
        FILTERNET,
        lambda: read_filternet_config(FILTERNET),
        {
            "run": "section",
            "run.tstop": "positive",
            "networks": "section",
            "networks.nodes": "list",
            "inputs": "section",
            "v1flow": "section",
            "v1flow.seed": "whole",
            "v1flow.trials": "list",
            "v1flow.spikes_files": "list",
        },
    ),
    Target(
        "V1 config",
        "json",
        POINTNET,
        engine,
        {
            "run": "section",
            "run.tstop": "positive",
            "run.dt": "positive",
            "output": "section",
            "networks": "section",
            "networks.nodes": "list",
            "networks.edges": "list",
        },
        others=("_v1_edges.h5",),
    ),
    Target("synapse of the engine", "json", SYNAPSE, engine, {"receptor_type": "count?"}),
    Target("cell model of the engine", "json", CELL, engine, dict.fromkeys(("C_m", "g", "t_ref"), "positive?")),
    Target(
        "provenance",
        "json",
        "record.json",
        provenance_page,
        {
            "subject": "section",
            "config": "section",
            "code": "section",
            "versions": "section",
            "machine": "section",
            "command": "list",
        },
    ),
    Target(
        "synapse",
        "json",
        SYNAPSE,
        script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"),
        {"receptor_type": "count"},
    ),
    Target(
        "cell model",
        "json",
        CELL,
        script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"),
        {"tau_syn_fast": "list", "tau_syn_slow": "list", "amp_slow": "list", "tau_syn_fast.*": "positive"},
    ),
    Target(
        "template of the LGN",
        "json",
        "templates/filternet.json",
        rendered("lgn", template="templates/filternet.json"),
        {"run": "section", "v1flow": "section"},
        others=("filternet_",),
    ),
    Target(
        "template of V1",
        "json",
        "templates/pointnet.json",
        rendered("v1", template="templates/pointnet.json"),
        {"run": "section", "inputs": "section"},
        others=("_trial",),
    ),
]

YAML_FILES = [
    Target("config", "yaml", "config.yaml", config, others=("The config",)),
    Target("site", "yaml", "site.yaml", lambda: read_site("site.yaml"), optional_file=True),
]
