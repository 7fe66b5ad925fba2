"""Readers of text tables that the workflow writes or people place."""

from pathlib import Path

import pandas as pd

from analysis_shared.cells.cells import read_selectivity
from analysis_shared.cells.node_sets import read_cells
from analysis_shared.cells.nodes import read_network, read_nodes
from analysis_shared.figures.contrast_panels import CURVE_COLUMNS, FIT_COLUMNS, RESPONSE_COLUMNS, read_panel_table
from analysis_shared.metrics.suppression_summary import read_type_tables
from analysis_shared.metrics.weight_comparison import read_comparison
from analysis_shared.metrics.weight_distributions import read_weight_distributions
from analysis_shared.statistics.percentiles import read_percentiles
from analysis_shared.statistics.similarity import read_similarity
from fuzz import corpus
from fuzz.corpus import METRICS, NAMING, NETWORK, SEEDS
from fuzz.hdf5_targets import imported, lgn_units, node_types_of_v1
from fuzz.target import (
    NODE_TYPES,
    NODES,
    SELECTIVITY,
    WEIGHTS,
    Target,
    engine,
    naming,
    redirected,
    script,
)
from small_runs import (
    flags,
    load_script,
    similarity,
)
from v1_model.engines.modulation import Modulation, read_modulation
from v1_model.options.actuation import read_actuation
from v1_model.options.if_curves import read_if_curves

NAMING_FIELDS = {"pop_name": "text", "layer": "text", "ei": "text", "class": "text", "cell_type": "text", "hex": "text"}
SELECTIVITY_FIELDS = {
    "node_id": "id",
    "max_mean_rate(Hz)": "positive",
    "Ave_Rate(Hz)": "positive",
    "Spont_Rate(Hz)": "positive",
}
SELECTIVITY_FIELDS |= {"OSI": "fraction", "DSI": "fraction"}
MEASURE_FIELDS = {"node_id": "id", "outgoing_weight": "positive", "incoming_weight": "positive", "out_degree": "count"}


def panel(name, columns):
    return lambda: read_panel_table(f"{METRICS}/{name}.csv", columns)


def modulation():
    found = node_types_of_v1()[0]
    return Modulation("tiny/rules.txt", read_modulation("tiny/rules.txt"), {"v1": found}, [("v1", "v1")]).rules


def restored():
    from v1_model.options.background_tuning import write_fitted

    tuning = pd.DataFrame({"specimen_id": [475585413], "n_cells": [1], "fitted_weight_pA": [7.5]})
    write_fitted("out/fitted.csv", f"{SEEDS}/background_fitted.csv", tuning)
    return Path("out/fitted.csv").read_bytes()


def compared(name):
    values = {"tuning": "tiny/tuning.csv", "reference": f"{SEEDS}/background_fitted.csv", "output": "out/c.csv"}
    return script([name, *flags(values)], "out/c.csv")


def summary():
    return load_script("network/plot_network_summary").read_summary(f"{NETWORK}/connection_summary.csv")


def fractions():
    return load_script("weights/plot_target_fractions").read_fractions(
        [("plain", f"{METRICS}/target_fractions.csv")], "all"
    )


def stages():
    return load_script("summarise_run").stage_times(Path("benchmarks"), "tiny", 0).drop(columns="end")


def text(name, file, read, fields, **more):
    return Target(name, "table", file, read, fields, **more)


TABLES = [
    text(
        "naming scheme",
        NAMING,
        lambda: read_network(NETWORK, naming()),
        NAMING_FIELDS,
        key=True,
        rows="some",
        others=("v1_node_types.csv",),
    ),
    text(
        "percentiles",
        f"{SEEDS}/neuropixels_percentiles.csv",
        lambda: read_percentiles(f"{SEEDS}/neuropixels_percentiles.csv"),
        {"cell_type": "text", "metric": "text", "n_units": "count"} | {f"p{n}": "finite" for n in range(101)},
        key=True,
        rows="some",
    ),
    text(
        "node types",
        NODE_TYPES,
        lambda: read_nodes(NODES, NODE_TYPES, naming()),
        {"node_type_id": "id", "pop_name": "name"},
        key=True,
        rows="all",
    ),
    text(
        "node types of the engine",
        NODE_TYPES,
        engine,
        {"node_type_id": "id", "model_type": "text", "model_template": "text"},
        key=True,
        closed=True,
        rows="some",
    ),
    text(
        "edge types",
        f"{NETWORK}/v1_v1_edge_types.csv",
        engine,
        {"edge_type_id": "id", "model_template": "text"},
        key=True,
        closed=True,
        rows="some",
    ),
    text(
        "LGN node types",
        f"{NETWORK}/lgn_node_types.csv",
        lgn_units,
        {"node_type_id": "id", "model_template": "name"},
        key=True,
        rows="all",
    ),
    text(
        "edge types and charges",
        f"{NETWORK}/v1_v1_edge_types.csv",
        script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"),
        {"edge_type_id": "id", "dynamics_params": "name"},
        key=True,
        rows="some",
        others=("v1_v1_edges.h5",),
    ),
    text(
        "cell weights",
        WEIGHTS,
        lambda: read_cells(NETWORK, WEIGHTS, naming()),
        MEASURE_FIELDS,
        key=True,
        rows="all",
        closed=True,
    ),
    text("selectivity", SELECTIVITY, lambda: read_selectivity(SELECTIVITY), SELECTIVITY_FIELDS, key=True, closed=True),
    text(
        "similarity of cells",
        SELECTIVITY,
        script(redirected(similarity(), output="out/s.csv", resamples=2), "out/s.csv"),
        SELECTIVITY_FIELDS,
        key=True,
        rows="all",
        closed=True,
    ),
    text(
        "similarity",
        f"{METRICS}/similarity_plain.csv",
        lambda: read_similarity(f"{METRICS}/similarity_plain.csv"),
        {
            "cell_type": "text",
            "metric": "text",
            "n_cells": "count",
            "n_units": "count",
            "similarity": "fraction",
            "ci_low": "fraction",
            "ci_high": "fraction",
            "in_summary": "flag",
        },
        rows="some",
        closed=True,
        key=True,
    ),
    text(
        "weight distributions",
        f"{METRICS}/weight_distributions.csv",
        lambda: read_weight_distributions(f"{METRICS}/weight_distributions.csv"),
        {
            "source_type": "text",
            "target_type": "text",
            "n_edges": "count",
            "whislo": "positive",
            "q1": "positive",
            "med": "positive",
            "q3": "positive",
            "whishi": "positive",
        },
        rows="some",
        closed=True,
        key=True,
    ),
    text(
        "suppressed types",
        f"{METRICS}/suppressed_types.csv",
        lambda: read_type_tables([("p", f"{METRICS}/suppressed_types.csv")]),
        {
            "level": "text",
            "group": "text",
            "region": "text",
            "metric": "text",
            "n_region": "count",
            "n_targets": "count",
            "n_cells": "count",
            "baseline": "number",
            "perturbed": "number",
            "percent_change": "number",
        },
        closed=True,
        rows="some",
    ),
    text(
        "contrast curves",
        f"{METRICS}/curves.csv",
        panel("curves", CURVE_COLUMNS),
        {
            "cell_type": "text",
            "metric": "text",
            "contrast": "fraction",
            "n_cells": "count",
            "n_defined": "count",
            "mean": "number",
            "ci_low": "number",
            "ci_high": "number",
        },
        closed=True,
        rows="some",
    ),
    text(
        "contrast fits",
        f"{METRICS}/fits.csv",
        panel("fits", FIT_COLUMNS),
        {"cell_type": "text", "status": "text", "r_max": "number"},
        closed=True,
        rows="some",
    ),
    text(
        "responses",
        f"{METRICS}/responsiveness.csv",
        panel("responsiveness", RESPONSE_COLUMNS),
        {"cell_type": "text", "response": "text", "response_published": "text", "level": "number"},
        closed=True,
        rows="some",
    ),
    text(
        "f–I curves",
        "tiny/if_curves.csv",
        lambda: read_if_curves("tiny/if_curves.csv"),
        {"current_pA": "finite"},
        key=True,
        closed=True,
        rows="some",
    ),
    text(
        "actuation",
        "tiny/actuation.csv",
        lambda: read_actuation("tiny/actuation.csv"),
        {"source": "text", "mean_rate_Hz": "finite"},
        key=True,
        closed=True,
        rows="all",
    ),
    text(
        "LGN rates",
        "tiny/lgn_rates.csv",
        script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"),
        {"pop_name": "name", "n_cells": "count"},
        key=True,
        rows="all",
        closed=True,
    ),
    text(
        "LGN currents",
        "tiny/lgn_currents.csv",
        script(["calculate_adjustment", *corpus.adjustment("out/f.csv", "out/m.txt")], "out/f.csv", "out/m.txt"),
        rows="all",
        closed=True,
        fields={},
    ),
    text(
        "target currents",
        "tiny/target_currents.csv",
        script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"),
        {"cell_type": "name", "mean_rate_Hz": "finite"},
        key=True,
        rows="all",
    ),
    text(
        "target currents and factors",
        "tiny/target_currents.csv",
        script(["calculate_adjustment", *corpus.adjustment("out/f.csv", "out/m.txt")], "out/f.csv", "out/m.txt"),
        {"cell_type": "name", "target_current_pA": "finite"},
        key=True,
        rows="all",
    ),
    text(
        "node types and factors",
        NODE_TYPES,
        script(["calculate_adjustment", *corpus.adjustment("out/f.csv", "out/m.txt")], "out/f.csv", "out/m.txt"),
        {"pop_name": "name"},
        rows="some",
    ),
    text(
        "tuned weights",
        "tiny/tuning.csv",
        compared("compare_background_tuning"),
        {
            "specimen_id": "id",
            "population": "text",
            "n_cells": "count",
            "fitted_weight_pA": "positive",
            "converged": "flag",
        },
        key=True,
        rows="some",
        closed=True,
        others=("background_fitted.csv",),
    ),
    text(
        "weights to compare",
        f"{SEEDS}/background_fitted.csv",
        compared("compare_background_tuning"),
        {"specimen_id": "positive", "fitted_weight_pA": "positive"},
        key=True,
        rows="some",
    ),
    text(
        "seed weights",
        f"{SEEDS}/background_fitted.csv",
        restored,
        {"specimen_id": "text", "fitted_weight_pA": "text"},
        closed=True,
        rows="some",
    ),
    text(
        "comparison of weights",
        "tiny/comparison.csv",
        lambda: read_comparison("tiny/comparison.csv"),
        {"population": "text", "n_models": "count", "spearman": "number", "ratio_median": "number"},
        key=True,
        closed=True,
    ),
    text(
        "benchmark of a job",
        "benchmarks/build_network/tiny.tsv",
        stages,
        {"s": "number"},
        separator="\t",
        optional_file=True,
        optional=("max_rss",),
    ),
    text(
        "connection summary",
        f"{NETWORK}/connection_summary.csv",
        summary,
        {
            "pre": "text",
            "post": "text",
            "n_pre": "count",
            "n_post": "count",
            "n_edges": "count",
            "expected_edges": "positive",
        },
        closed=True,
    ),
    text(
        "target fractions",
        f"{METRICS}/target_fractions.csv",
        fractions,
        {"n_sources": "count"},
        closed=True,
        rows="some",
    ),
    text(
        "modulation",
        "tiny/rules.txt",
        modulation,
        {"src_property": "name", "trg_property": "name", "operation": "name", "value": "finite"},
        closed=True,
    ),
    text(
        "weights with spaces",
        "weights.txt",
        imported("weights.txt"),
        {"source_node_id": "id", "target_node_id": "id", "syn_weight": "finite"},
        key=True,
        rows="all",
    ),
    text(
        "weights with commas",
        "weights.csv",
        imported("weights.csv"),
        {"source_node_id": "id", "target_node_id": "id", "syn_weight": "finite"},
        key=True,
        rows="all",
        separator=",",
    ),
]
