"""What a change makes again, and what it leaves alone: seed tables, scripts and modules, the config."""

import multiprocessing
import os
import shutil
from collections import Counter
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from v1_model.seed_schema import schema

NETWORK = "tiny"
# Two directions are enough; the weights of every origin that needs no file from outside.
CONFIG = {
    "seed_tables": "my_tables",
    "networks": {NETWORK: {"selectivity_paradigm": "two", "contrast_paradigm": "two"}},
    "paradigms": {
        "two": {
            "stimulus": "drifting_grating",
            "parameters": {
                "direction_deg": [0, 90],
                "spatial_frequency_cpd": 0.04,
                "temporal_frequency_hz": 2,
                "contrast": 0.8,
                "phase_deg": 0,
            },
            "trials": 1,
            "grey_ms": 500,
            "duration_ms": 3000,
            "windows_ms": {"evoked": [500, 2500], "spontaneous": [100, 500]},
        }
    },
}
TARGETS = [
    f"{NETWORK}/figures/{panel}.png"
    for panel in (
        "network_summary",
        *(f"{panel}_{variant}" for panel in ("raster", "OSI_DSI", "similarity") for variant in ("plain", "adjusted")),
        "OSI_DSI_plain__pv_silenced",
        "actuation_matrix_adjusted",
        "background_tuning",
    )
]
TARGETS.append(f"{NETWORK}/output_plain/raster.png")

# --- what runs again -----------------------------------------------------------------------------------------------

SIMULATED = {"run_v1_two", "run_v1_single", "record_provenance_two", "record_provenance_single"}
LGN = {"run_filternet_two", "run_filternet_single", "run_filternet_grey_10s"}
MEASURED = {"calculate_odsi", "calculate_similarity"}
PANELS = {"plot_raster", "plot_raster_single", "plot_odsi_boxplots", "plot_similarity"}
NODE_SETS = {"calculate_cell_weights", "make_node_set", "render_v1_configs_two"}
ADJUSTMENT = {"calculate_actuation", "calculate_adjustment", "make_adjusted_edges"}
TUNING = {"tune_background", "compare_background_tuning", "plot_background_tuning"}
# Of the option adjusted alone.
ADJUSTED = {"run_v1_two", "record_provenance_two", *MEASURED, "plot_raster", "plot_odsi_boxplots", "plot_similarity"}
ACTUATION_PANEL = {"calculate_option_actuation", "plot_actuation_matrix"}
BUILT = {
    *{"build_network", "record_provenance_network", "plot_network_summary"},
    *(SIMULATED | LGN | MEASURED | PANELS | NODE_SETS | ADJUSTMENT | ACTUATION_PANEL | TUNING),
}
AFTER_TARGETS = {"calculate_target_currents", *ADJUSTMENT, *ADJUSTED, *ACTUATION_PANEL}
# No table decides on them.
NEVER = {
    *{"render_paradigm", "generate_background_two", "generate_background_single", "generate_background_grey_10s"},
    *{"render_lgn_configs_two", "render_lgn_configs_single", "render_lgn_configs_grey_10s"},
    *{"render_v1_configs_single", "render_background_tuning_config"},
}

BY_TABLE = {
    "populations": BUILT | {"calculate_if_curves", "calculate_target_currents"},
    "layers": BUILT | {"calculate_if_curves", "calculate_target_currents"},
    "cell_models": BUILT | {"calculate_if_curves", "calculate_target_currents"},
    "exclude_list": BUILT | {"calculate_if_curves", "calculate_target_currents"},
    "cell_type_naming_scheme": BUILT | {"calculate_target_currents"},
    "background_fitted": BUILT,
    "background": TUNING,
    "neuropixels_percentiles": AFTER_TARGETS | {"calculate_similarity", "plot_odsi_boxplots", "plot_similarity"},
}
# Of the other tables, BUILT: one rule builds nodes and edges, so a change of either builds both.


# --- a finished workflow, without its content ----------------------------------------------------------------------


def _planned(repository, config, run):
    """Call a function with Snakemake's plan for the targets."""
    from snakemake import api
    from snakemake.settings import types

    output = types.OutputSettings(dryrun=run is not touch, quiet={types.Quietness.ALL})
    # Not its own messages about what has no metadata, either.
    with (
        Path(os.devnull).open("w") as null,
        redirect_stdout(null),
        redirect_stderr(null),
        api.SnakemakeApi(output) as snakemake,
    ):
        workflow = snakemake.workflow(
            types.ResourceSettings(cores=2),
            config_settings=types.ConfigSettings(config=config),
            snakefile=repository / "Snakefile",
            workdir=repository / "results",
        )
        settings = types.DAGSettings(targets=set(TARGETS), forceall=run is touch)
        return run(workflow, workflow.dag(settings))


def plan(workflow, dag):
    """Jobs that would run by rule, and all outputs of theirs with whether they are folders."""
    dag.execute_workflow(executor="dryrun")
    jobs = list(workflow._workflow.dag.needrun_jobs(exclude_finished=False))
    outputs = [(str(path), path.is_directory) for job in jobs for path in job.output]
    return Counter(job.rule.name for job in jobs), outputs


def touch(workflow, dag):
    """What ``snakemake --touch`` does: times and metadata of outputs as if their jobs had run just now."""
    dag.execute_workflow(executor="touch")


@pytest.fixture(scope="module")
def planner():
    """Process that Snakemake changes the folder, the environment and the import path of; one, as it starts slowly."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        yield lambda *arguments: pool.apply(_planned, arguments)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, repo_root, planner):
    """A copy of the repository with results that Snakemake holds for complete, and what made them: jobs by rule."""
    repository = tmp_path_factory.mktemp("reruns") / "v1flow"
    shutil.copytree(repo_root / "base_props", repository / "my_tables")
    shutil.copy(repo_root / "Snakefile", repository)
    for folder in (
        "workflow",
        "config",
        "config_templates",
        "scripts",
        "figure_scripts",
        "v1_model",
        "analysis_shared",
    ):
        shutil.copytree(repo_root / folder, repository / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repo_root / "environment.yml", repository)
    every, outputs = planner(repository, CONFIG, plan)
    for path, is_folder in outputs:
        path = repository / "results" / path
        (path if is_folder else path.parent).mkdir(parents=True, exist_ok=True)
        if not is_folder:
            path.write_text('{"cells": {"v1": 1, "lgn": 1}, "edges": {}}' if path.name == "network.json" else "")
    planner(repository, CONFIG, touch)
    assert planner(repository, CONFIG, plan)[0] == {}
    return repository, every


@pytest.fixture
def reruns(finished, planner):
    """Number of jobs that would run, by rule."""
    return lambda config=CONFIG: planner(finished[0], config, plan)[0]


@contextmanager
def edited(path):
    """A file with a line more, which Snakemake sees as changed, and put back after."""
    content, status = path.read_bytes(), path.stat()
    path.write_bytes(content + b"\n")
    try:
        yield
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


# --- seed tables ---------------------------------------------------------------------------------------------------


def test_all_rules_are_told_apart(finished):
    _, every = finished
    known = set().union(*BY_TABLE.values()) | NEVER
    assert set(every) == known, set(every) ^ known


@pytest.mark.parametrize("table", schema())
def test_a_changed_seed_table(finished, reruns, table):
    repository, _ = finished
    with edited(repository / "my_tables" / schema()[table]["file"]):
        found = set(reruns())
    expected = BY_TABLE.get(table, BUILT)
    assert found == expected, f"too many: {found - expected}, too few: {expected - found}"
