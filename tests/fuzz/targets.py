"""Who reads which kind of input: a reader or script, the file that is mutated, and what the reader needs of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import yaml

from analysis_shared.cells import read_selectivity
from analysis_shared.contrast_panels import CURVE_COLUMNS, FIT_COLUMNS, RESPONSE_COLUMNS, read_panel_table
from analysis_shared.node_sets import read_cells, read_node_set
from analysis_shared.nodes import count_nodes, read_naming_scheme, read_network, read_nodes
from analysis_shared.paradigms import read_paradigm
from analysis_shared.percentiles import read_percentiles
from analysis_shared.similarity import read_similarity
from analysis_shared.spikes import read_spikes as read_trial
from analysis_shared.suppression_summary import read_type_tables
from analysis_shared.weight_comparison import read_comparison
from analysis_shared.weight_distributions import read_weight_distributions
from checked_config import checked, load_schema
from fuzz import corpus
from fuzz.corpus import DURATION_MS, METRICS, NAMING, NETWORK, RUN, SEEDS
from resource_model import size_of
from slurm_site import read_site
from small_runs import PARADIGM, REPOSITORY, cell_weights, flags, load_script, node_set, odsi, render_configs, similarity
from v1_model.actuation import read_actuation
from v1_model.edge_files import read_node_types
from v1_model.filternet_configs import read_filternet_config
from v1_model.if_curves import read_if_curves
from v1_model.lgn_kernels import make_units, read_lgn_cells
from v1_model.modulation import Modulation, read_modulation
from v1_model.nest_checks import check_config, check_edge_file, read_types
from v1_model.seed_schema import schema
from v1_model.seed_tables import load_seed_tables
from v1_model.spikes import read_spikes, read_spikes_duration

NODES, NODE_TYPES, EDGES = f"{NETWORK}/v1_nodes.h5", f"{NETWORK}/v1_node_types.csv", f"{NETWORK}/v1_v1_edges.h5"
TRIAL, LGN_TRIAL = f"{RUN}/angle0_trial1/spikes.h5", f"tiny/filternet_{PARADIGM}/angle0_trial1/spikes.h5"
WEIGHTS, SELECTIVITY = f"{METRICS}/cell_weights_plain.csv", f"{METRICS}/OSI_DSI_DF_plain.csv"
PARADIGM_FILE, BOOK = f"paradigms/{PARADIGM}.json", f"{SEEDS}/V1model_seed_file.xlsx"
SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
OUT = Path("out")


@dataclass(frozen=True)
class Target:
    """A reader and its input.

    Attributes
    ----------
    name, kind : str
    file : str
        The input that is mutated, below the folder of inputs.
    read : callable
        Reads it; what it returns is compared with what it returns for the sound file.
    fields : dict of str to str
        Columns, datasets, arrays or keys that it needs, and what they hold (``effects.FAULTY_TEXT``).
    optional : tuple of str
        Such that it uses where they are there.
    rows : str
        ``all`` where no row may be missing, ``some`` where one is needed.
    key : bool
        Whether a row may not be there twice.
    closed : bool
        Whether other columns have a meaning, too, or are refused.
    separator : str
    others : tuple of str
        Names in a message that will do instead of the file's: what it was found not to agree with.
    """

    name: str
    kind: str
    file: str
    read: Callable
    fields: dict = field(default_factory=dict)
    optional: tuple = ()
    rows: str = ""
    key: bool = False
    closed: bool = False
    separator: str = " "
    others: tuple = ()


def script(command, *outputs):
    """Reader that runs a script and returns what it wrote below ``out``."""
    name, *arguments = map(str, command)

    def read():
        corpus.run_script(name, *arguments)
        return {path: Path(path).read_bytes() for path in outputs}

    return read


def redirected(command, **options):
    """A command with other values of some options."""
    command = list(map(str, command))
    for name, value in options.items():
        command[command.index(f"--{name.replace('_', '-')}") + 1] = str(value)
    return command


def naming():
    return read_naming_scheme(NAMING)


# --- HDF5 ------------------------------------------------------------------------------------------------------------


def spike_fields(population):
    return {f"spikes/{population}/node_ids": "id" if population == "v1" else "natural", f"spikes/{population}/timestamps": "time"}


NODE_FIELDS = {"nodes/v1/node_type_id": "id"} | {f"nodes/v1/0/{name}": "finite" for name in ("x", "y", "z", "tuning_angle")}
EDGE_FIELDS = {f"edges/v1_to_v1/{name}": "id" for name in ("source_node_id", "target_node_id")}
EDGE_FIELDS |= {"edges/v1_to_v1/0/syn_weight": "finite"}
LGN_FIELDS = {f"nodes/lgn/{name}": "natural" for name in ("node_id", "node_type_id", "node_group_index")}
LGN_FIELDS |= {f"nodes/lgn/0/{name}": "finite" for name in ("x", "y", "spatial_size")}
IMPORT = {"network-dir": NETWORK, "source": "v1", "weights": "weights.h5", "output": "out/imported.h5"}
N_NODES = 380


def lgn_units():
    """The LGN's units, with the names of both files before what is wrong with them together, as in run_filternet.py."""
    cells = read_lgn_cells(f"{NETWORK}/lgn_nodes.h5", f"{NETWORK}/lgn_node_types.csv")
    try:
        return make_units(cells)
    except ValueError as error:
        raise ValueError(f"{NETWORK}/lgn_nodes.h5 with lgn_node_types.csv: {error}") from error


def imported(weights):
    """Reader of a file of weights: those of the edges that are written, in their order."""
    write = script(["import_weights", *flags(IMPORT | {"weights": weights})])

    def read():
        write()
        with h5py.File("out/imported.h5") as h5:
            return {name: h5[name][()] for name in EDGE_FIELDS}

    return read


def node_types_of_v1():
    found = read_node_types(NODES, NODE_TYPES, "v1")
    return found.table, found.rows, found.sign


HDF5 = [
    Target("LGN spikes", "hdf5", LGN_TRIAL, lambda: read_spikes(LGN_TRIAL, "lgn"), spike_fields("lgn")),
    Target("length of LGN spikes", "hdf5", LGN_TRIAL, lambda: read_spikes_duration(LGN_TRIAL)),
    Target("V1 spikes", "hdf5", TRIAL, lambda: read_trial(TRIAL, N_NODES, DURATION_MS), spike_fields("v1")),
    Target("selectivity", "hdf5", TRIAL, script(redirected(odsi(), rates="out/r.csv", selectivity="out/s.csv"), "out/r.csv", "out/s.csv"), spike_fields("v1")),
    Target("nodes", "hdf5", NODES, lambda: read_nodes(NODES, NODE_TYPES, naming()), NODE_FIELDS, ("nodes/v1/node_id", "nodes/v1/node_group_index")),
    Target("number of nodes", "hdf5", NODES, lambda: count_nodes(NODES), {"nodes/v1/node_type_id": "any"}, ("nodes/v1/node_id",)),
    Target("types of nodes", "hdf5", NODES, node_types_of_v1, {"nodes/v1/node_type_id": "id", "nodes/v1/node_id": "id"}),
    Target("LGN cells", "hdf5", f"{NETWORK}/lgn_nodes.h5", lgn_units, LGN_FIELDS, closed=True),
    Target("cell weights", "hdf5", EDGES, script(redirected(cell_weights(), output="out/w.csv"), "out/w.csv"), EDGE_FIELDS),
    Target("target fractions", "hdf5", EDGES, script(["calculate_target_fractions", *corpus.target_fractions("out/f.csv")], "out/f.csv"), EDGE_FIELDS),
    Target("weight distributions", "hdf5", EDGES, script(["calculate_weight_distributions", *corpus.weight_distributions("out/d.csv")], "out/d.csv"), EDGE_FIELDS),
    Target("import into", "hdf5", EDGES, imported("weights.txt"), EDGE_FIELDS, others=("weights.txt",)),
    Target("imported edges", "hdf5", "weights.h5", imported("weights.h5"), EDGE_FIELDS, ("edges/v1_to_v1/edge_group_index", "edges/v1_to_v1/edge_group_id", "edges/v1_to_v1/edge_type_id")),
    Target("edge file", "hdf5", EDGES, lambda: check_edge_file(EDGES, "config.json")),
    Target("actuation", "hdf5", EDGES, script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"), EDGE_FIELDS | {"edges/v1_to_v1/edge_type_id": "id"}),
]  # fmt: skip

# --- text tables -----------------------------------------------------------------------------------------------------

NAMING_FIELDS = {"pop_name": "text", "layer": "text", "ei": "text", "class": "text", "cell_type": "text", "hex": "text"}
SELECTIVITY_FIELDS = {"node_id": "id", "max_mean_rate(Hz)": "positive", "Ave_Rate(Hz)": "positive", "Spont_Rate(Hz)": "positive"}
SELECTIVITY_FIELDS |= {"OSI": "fraction", "DSI": "fraction"}
MEASURE_FIELDS = {"node_id": "id", "outgoing_weight": "positive", "incoming_weight": "positive", "out_degree": "count"}


def panel(name, columns):
    return lambda: read_panel_table(f"{METRICS}/{name}.csv", columns)


def modulation():
    found = node_types_of_v1()[0]
    return Modulation("tiny/rules.txt", read_modulation("tiny/rules.txt"), {"v1": found}, [("v1", "v1")]).rules


def restored():
    from v1_model.background_tuning import write_fitted

    tuning = pd.DataFrame({"specimen_id": [475585413], "n_cells": [1], "fitted_weight_pA": [7.5]})
    write_fitted("out/fitted.csv", f"{SEEDS}/background_fitted.csv", tuning)
    return Path("out/fitted.csv").read_bytes()


def compared(name):
    values = {"tuning": "tiny/tuning.csv", "reference": f"{SEEDS}/background_fitted.csv", "output": "out/c.csv"}
    return script([name, *flags(values)], "out/c.csv")


def summary():
    return load_script("network/plot_network_summary").read_summary(f"{NETWORK}/connection_summary.csv")


def fractions():
    return load_script("figure5/plot_target_fractions").read_fractions([("plain", f"{METRICS}/target_fractions.csv")], "all")


def stages():
    return load_script("summarise_run").stage_times(Path("benchmarks"), "tiny", 0).drop(columns="end")


def text(name, file, read, fields, **more):
    return Target(name, "table", file, read, fields, **more)


TABLES = [
    text("naming scheme", NAMING, lambda: read_network(NETWORK, naming()), NAMING_FIELDS, key=True, rows="some", others=("v1_node_types.csv",)),
    text("percentiles", f"{SEEDS}/neuropixels_percentiles.csv", lambda: read_percentiles(f"{SEEDS}/neuropixels_percentiles.csv"),
         {"cell_type": "text", "metric": "text", "n_units": "count"} | {f"p{n}": "finite" for n in range(101)}, key=True, rows="some"),
    text("node types", NODE_TYPES, lambda: read_nodes(NODES, NODE_TYPES, naming()), {"node_type_id": "id", "pop_name": "name"}, key=True, rows="all"),
    text("node types of the engine", NODE_TYPES, lambda: read_types(NODE_TYPES, "node_type_id", ["model_type", "model_template"]),
         {"node_type_id": "id", "model_type": "text", "model_template": "text"}, key=True, closed=True, rows="some"),
    text("edge types", f"{NETWORK}/v1_v1_edge_types.csv", lambda: read_types(f"{NETWORK}/v1_v1_edge_types.csv", "edge_type_id", ["model_template"], ["delay"]),
         {"edge_type_id": "id", "model_template": "text", "delay": "finite"}, key=True, closed=True, rows="some"),
    text("LGN node types", f"{NETWORK}/lgn_node_types.csv", lgn_units, {"node_type_id": "id", "model_template": "name"}, key=True, rows="all"),
    text("edge types and charges", f"{NETWORK}/v1_v1_edge_types.csv", script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"),
         {"edge_type_id": "id", "dynamics_params": "name"}, key=True, rows="all"),
    text("cell weights", WEIGHTS, lambda: read_cells(NETWORK, WEIGHTS, naming()), MEASURE_FIELDS, key=True, rows="all", closed=True),
    text("selectivity", SELECTIVITY, lambda: read_selectivity(SELECTIVITY), SELECTIVITY_FIELDS, key=True, closed=True),
    text("similarity of cells", SELECTIVITY, script(redirected(similarity(), output="out/s.csv", resamples=2), "out/s.csv"), SELECTIVITY_FIELDS, key=True, rows="all", closed=True),
    text("similarity", f"{METRICS}/similarity_plain.csv", lambda: read_similarity(f"{METRICS}/similarity_plain.csv"),
         {"cell_type": "text", "metric": "text", "n_cells": "count", "n_units": "count", "similarity": "fraction", "ci_low": "fraction", "ci_high": "fraction", "in_summary": "flag"},
         rows="some", closed=True, key=True),
    text("weight distributions", f"{METRICS}/weight_distributions.csv", lambda: read_weight_distributions(f"{METRICS}/weight_distributions.csv"),
         {"source_type": "text", "target_type": "text", "n_edges": "count", "whislo": "positive", "q1": "positive", "med": "positive", "q3": "positive", "whishi": "positive"},
         rows="some", closed=True, key=True),
    text("suppressed types", f"{METRICS}/suppressed_types.csv", lambda: read_type_tables([("p", f"{METRICS}/suppressed_types.csv")]),
         {"level": "text", "group": "text", "region": "text", "metric": "text", "n_region": "count", "n_targets": "count", "n_cells": "count", "baseline": "number", "perturbed": "number", "percent_change": "number"},
         closed=True, rows="some"),
    text("contrast curves", f"{METRICS}/curves.csv", panel("curves", CURVE_COLUMNS),
         {"cell_type": "text", "metric": "text", "contrast": "fraction", "n_cells": "count", "n_defined": "count", "mean": "number", "ci_low": "number", "ci_high": "number"}, closed=True, rows="some"),
    text("contrast fits", f"{METRICS}/fits.csv", panel("fits", FIT_COLUMNS), {"cell_type": "text", "status": "text", "r_max": "number"}, closed=True, rows="some"),
    text("responses", f"{METRICS}/responsiveness.csv", panel("responsiveness", RESPONSE_COLUMNS), {"cell_type": "text", "response": "text", "response_published": "text", "level": "finite"}, closed=True, rows="some"),
    text("f–I curves", "tiny/if_curves.csv", lambda: read_if_curves("tiny/if_curves.csv"), {"current_pA": "finite"}, key=True, closed=True, rows="some"),
    text("actuation", "tiny/actuation.csv", lambda: read_actuation("tiny/actuation.csv"), {"source": "text", "mean_rate_Hz": "finite"}, key=True, closed=True, rows="all"),
    text("target currents", "tiny/target_currents.csv", script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"), {"cell_type": "name", "mean_rate_Hz": "finite"}, key=True, rows="all"),
    text("target currents and factors", "tiny/target_currents.csv", script(["calculate_adjustment", *corpus.adjustment("out/f.csv", "out/m.txt")], "out/f.csv", "out/m.txt"),
         {"cell_type": "name", "target_current_pA": "finite"}, key=True, rows="all"),
    text("node types and factors", NODE_TYPES, script(["calculate_adjustment", *corpus.adjustment("out/f.csv", "out/m.txt")], "out/f.csv", "out/m.txt"), {"pop_name": "name"}, rows="some"),
    text("tuned weights", "tiny/tuning.csv", compared("compare_background_tuning"),
         {"specimen_id": "id", "population": "text", "n_cells": "count", "fitted_weight_pA": "positive", "converged": "flag"}, key=True, rows="some", closed=True, others=("background_fitted.csv",)),
    text("weights to compare", f"{SEEDS}/background_fitted.csv", compared("compare_background_tuning"), {"specimen_id": "id", "fitted_weight_pA": "positive"}, key=True, rows="some"),
    text("seed weights", f"{SEEDS}/background_fitted.csv", restored, {"specimen_id": "text", "fitted_weight_pA": "text"}, closed=True, rows="some"),
    text("comparison of weights", "tiny/comparison.csv", lambda: read_comparison("tiny/comparison.csv"),
         {"population": "text", "n_models": "count", "spearman": "number", "ratio_median": "number"}, key=True, closed=True),
    text("benchmark of a job", "benchmarks/build_network/tiny.tsv", stages, {"s": "number"}, separator="\t", optional=("max_rss",)),
    text("connection summary", f"{NETWORK}/connection_summary.csv", summary,
         {"pre": "text", "post": "text", "n_pre": "count", "n_post": "count", "n_edges": "count", "expected_edges": "positive"}, closed=True),
    text("target fractions", f"{METRICS}/target_fractions.csv", fractions, {"n_sources": "count"}, closed=True, rows="some"),
    text("modulation", "tiny/rules.txt", modulation, {"src_property": "name", "trg_property": "name", "operation": "name", "value": "finite"}, closed=True),
    text("weights with spaces", "weights.txt", imported("weights.txt"), {"source_node_id": "id", "target_node_id": "id", "syn_weight": "finite"}, key=True, rows="all"),
    text("weights with commas", "weights.csv", imported("weights.csv"), {"source_node_id": "id", "target_node_id": "id", "syn_weight": "finite"}, key=True, rows="all", separator=","),
]  # fmt: skip

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
    return Target(f"seed table {name}", "table", f"{SEEDS}/{rule['file']}", seeds, fields, key=True, closed=True)


BOOK_SHEETS = [name for name, rule in schema().items() if "sheet" in rule]
SEED_TABLES = [seed_table(name) for name, rule in schema().items() if rule.get("built_from", True) and "sheet" not in rule and name != "exclude_list"]
BOOK_FIELDS = {
    f"{schema()[name]['sheet']}/{column}": _kind(rule)
    for name in BOOK_SHEETS
    for column, rule in schema()[name]["columns"].items()
    if rule.get("required", True)
}
WORKBOOKS = [Target("workbook", "workbook", BOOK, seeds, BOOK_FIELDS)]

# --- npz, JSON, YAML -------------------------------------------------------------------------------------------------

COUNT_FIELDS = {"blank_counts": "count", "evoked_counts": "count", "direction_deg": "ascending", "contrast": "ascending"}
COUNT_FIELDS |= {"node_id": "ascending", "window_ms": "ascending", "interval_length_ms": "finite", "temporal_frequency_hz": "finite"}
RESPONSES = {"counts": "spike_counts.npz", "network-dir": NETWORK, "naming-scheme": NAMING, "seed": 1, "resamples": 1}
RESPONSES |= {name: f"out/{name}.csv" for name in ("responsiveness", "curves", "fits")}
NPZ = [
    Target("spike counts", "npz", "spike_counts.npz",
           script(["calculate_contrast_responses", *flags(RESPONSES)], "out/responsiveness.csv", "out/curves.csv", "out/fits.csv"), COUNT_FIELDS),
]  # fmt: skip

PARADIGM_FIELDS = {"name": "name", "duration_ms": "positive", "grey_ms": "positive", "windows_ms": "section", "windows_ms.*": "list", "windows_ms.*.*": "positive"}
PARADIGM_FIELDS |= {"conditions": "list", "conditions.*": "section", "conditions.*.name": "name", "conditions.*.trials": "count", "conditions.*.parameters": "section"}
FILTERNET, POINTNET = f"tiny/configs/{PARADIGM}/filternet_angle0.json", f"tiny/configs/{PARADIGM}_plain/angle0_trial0.json"
SYNAPSE, CELL = "tiny/components/synaptic_models/e23_to_e4.json", "tiny/components/cell_models/475585413_glif_lif_asc_config.json"


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
    size = size_of({}, {}, "tiny")
    return read_network(NETWORK, naming()), json.loads(json.dumps(size))


def config():
    """The checked config; that its file is YAML is what Snakemake checks, which names it."""
    try:
        found = yaml.safe_load(Path("config.yaml").read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"config.yaml: {error}") from error
    return checked(found, load_schema(SCHEMA))


JSON_FILES = [
    Target("paradigm", "json", PARADIGM_FILE, lambda: read_paradigm(PARADIGM_FILE), PARADIGM_FIELDS),
    Target("paradigm of selectivity", "json", PARADIGM_FILE, script(redirected(odsi(), rates="out/r.csv", selectivity="out/s.csv"), "out/r.csv", "out/s.csv"), PARADIGM_FIELDS, others=("spikes.h5",)),
    Target("paradigm of the LGN", "json", PARADIGM_FILE, rendered("lgn"), {k: v for k, v in PARADIGM_FIELDS.items() if "windows" not in k}, others=("filternet_",)),
    Target("paradigm of V1", "json", PARADIGM_FILE, rendered("v1"), {k: v for k, v in PARADIGM_FIELDS.items() if "windows" not in k}, others=("_trial",)),
    Target("node set", "json", "node_set.json", lambda: read_node_set("node_set.json", N_NODES), {"population": "text", "node_id": "list", "node_id.*": "count"}),
    Target("node set suppressed", "json", "node_set.json", suppressed, {"population": "text", "node_id": "list", "node_id.*": "count"}),
    Target("node set perturbed", "json", "node_set.json", perturbed, {"population": "text", "node_id": "list", "node_id.*": "count"}),
    Target("network", "json", f"{NETWORK}/network.json", description, {"core_radius_um": "positive", "cells": "section", "cells.v1": "count", "cells.lgn": "count", "edges": "section", "edges.v1_v1": "count"}),
    Target("LGN config", "json", FILTERNET, lambda: read_filternet_config(FILTERNET),
           {"run": "section", "run.tstop": "positive", "networks": "section", "networks.nodes": "list", "inputs": "section", "v1flow": "section", "v1flow.seed": "whole", "v1flow.trials": "list", "v1flow.spikes_files": "list"}),
    Target("V1 config", "json", POINTNET, lambda: check_config(POINTNET),
           {"run": "section", "run.tstop": "positive", "run.dt": "positive", "output": "section", "networks": "section", "networks.nodes": "list", "networks.edges": "list"}),
    Target("provenance", "json", "record.json", provenance_page,
           {"subject": "section", "config": "section", "code": "section", "versions": "section", "machine": "section", "command": "list", "run_time_s": "finite"}),
    Target("synapse", "json", SYNAPSE, script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"), {"receptor_type": "count"}),
    Target("cell model", "json", CELL, script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"),
           {"tau_syn_fast": "list", "tau_syn_slow": "list", "amp_slow": "list", "tau_syn_fast.*": "positive"}),
    Target("template of the LGN", "json", "templates/filternet.json", rendered("lgn", template="templates/filternet.json"), {"run": "section", "v1flow": "section"}, others=("filternet_",)),
    Target("template of V1", "json", "templates/pointnet.json", rendered("v1", template="templates/pointnet.json"), {"run": "section", "inputs": "section"}, others=("_trial",)),
]  # fmt: skip

YAML_FILES = [
    Target("config", "yaml", "config.yaml", config, others=("The config",)),
    Target("site", "yaml", "site.yaml", lambda: read_site("site.yaml")),
]

TARGETS = [*HDF5, *TABLES, *SEED_TABLES, *WORKBOOKS, *NPZ, *JSON_FILES, *YAML_FILES]
KINDS = tuple(dict.fromkeys(target.kind for target in TARGETS))


def plain(value):
    """A result as nested tuples of plain values, so that two can be compared."""
    if isinstance(value, pd.DataFrame):
        return ("table", list(map(str, value.columns)), [plain(value[c].to_numpy()) for c in value], plain(value.index.to_numpy()))
    if isinstance(value, np.ndarray):
        return (value.shape, str(value.tolist()) if value.dtype.kind in "OUST" else value.astype(float).tobytes())
    if isinstance(value, dict):
        return [(str(key), plain(part)) for key, part in value.items()]
    if isinstance(value, list | tuple | set):
        return [plain(part) for part in value]
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return [(key, plain(part)) for key, part in vars(value).items()]
    return value if isinstance(value, bytes) else repr(value)
