"""What a change makes again, and what it leaves alone: seed tables, scripts and modules, the config."""

import multiprocessing
import os
import shutil
from collections import Counter
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from v1_model.seeds.schema import schema

NETWORK = "tiny"
# Four directions are the fewest; the weights of every origin that needs no file from outside.
CONFIG = {
    "seed_tables": "my_tables",
    "networks": {NETWORK: {"selectivity_paradigm": "two", "contrast_paradigm": "contrasts_demo"}},
    "paradigms": {
        "two": {
            "stimulus": "drifting_grating",
            "parameters": {
                "direction_deg": [0, 90, 180, 270],
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
BACKGROUND = {"generate_background_two", "generate_background_single", "generate_background_grey_10s"}
MEASURED = {"calculate_odsi", "calculate_similarity"}
PANELS = {"plot_raster", "plot_raster_single", "plot_odsi_boxplots", "plot_similarity"}
NODE_SETS = {"calculate_cell_weights", "make_node_set", "render_v1_configs_two"}
ADJUSTMENT = {"calculate_actuation", "calculate_adjustment", "make_adjusted_edges"}
LGN_RATES = {"calculate_lgn_rates", *ADJUSTMENT, "calculate_option_actuation", "plot_actuation_matrix"}
TUNING = {"tune_background", "compare_background_tuning", "plot_background_tuning"}
# Of the option adjusted alone.
ADJUSTED = {"run_v1_two", "record_provenance_two", *MEASURED, "plot_raster", "plot_odsi_boxplots", "plot_similarity"}
ACTUATION_PANEL = {"calculate_option_actuation", "plot_actuation_matrix"}
BUILT = {
    *{"build_network", "record_provenance_network", "plot_network_summary"},
    *(SIMULATED | LGN | MEASURED | PANELS | NODE_SETS | LGN_RATES | TUNING),
}
AFTER_TARGETS = {"calculate_target_currents", *ADJUSTMENT, *ADJUSTED, *ACTUATION_PANEL}
# No table decides on them.
NEVER = {
    *{"render_paradigm", "render_simulated_paradigm", *BACKGROUND},
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
    from snakemake.exceptions import WorkflowError
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
        try:
            return run(workflow, workflow.dag(settings))
        except WorkflowError as error:
            # Its own exceptions do not reach another process.
            raise RuntimeError(str(error)) from None


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
    pool = multiprocessing.get_context("spawn").Pool(1)
    yield lambda *arguments: pool.apply_async(_planned, arguments).get(timeout=300)
    # Told to end, not terminated: Snakemake takes SIGTERM for a wish to finish its jobs first.
    pool.close()
    pool.join()


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
        "v1_files",
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
def edited(path, more=b"\n"):
    """A file with something more, which Snakemake sees as changed, and put back after."""
    content, status = path.read_bytes(), path.stat()
    path.write_bytes(content + more)
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


def test_tables_of_initial_background_weights(finished, reruns):
    """Then the network is built from the initial weights, and the fitted ones serve the comparison alone."""
    repository, _ = finished
    initial = merged(CONFIG, {"networks": {NETWORK: {"background_weights": "initial"}}})
    assert set(reruns(initial)) == BUILT
    with edited(repository / "my_tables" / "background_fitted.csv"):
        assert set(reruns()) == BUILT


def test_computed_unitary_psps_need_no_published_ones(finished, planner, reruns):
    """A network with computed PSPs is not built again for another table of published ones."""
    repository, _ = finished
    computed = merged(CONFIG, {"networks": {NETWORK: {"unitary_psp": "computed"}}})
    assert set(reruns(computed)) == BUILT
    planner(repository, computed, touch)
    try:
        with edited(repository / "my_tables" / "unitary_psp.csv"):
            assert reruns(computed) == {}
    finally:
        planner(repository, CONFIG, touch)


# --- scripts and modules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("figure_scripts/selectivity/plot_similarity.py", {"plot_similarity"}),
        ("scripts/calculate_similarity.py", {"calculate_similarity", "plot_similarity"}),
        ("scripts/calculate_odsi.py", {*MEASURED, "plot_odsi_boxplots", "plot_similarity"}),
        ("scripts/run_pointnet.py", SIMULATED | MEASURED | PANELS),
        ("v1_model/inputs/lgn_kernels.py", LGN | SIMULATED | MEASURED | PANELS | LGN_RATES | TUNING),
        ("v1_model/options/lgn_rates.py", LGN_RATES | ADJUSTED),
        ("v1_model/inputs/background_spikes.py", BACKGROUND | SIMULATED | MEASURED | PANELS | TUNING),
        ("v1_model/options/adjustment.py", (ADJUSTMENT - {"calculate_actuation"}) | ADJUSTED | ACTUATION_PANEL),
        ("v1_model/network/weights.py", BUILT),
        ("workflow/report/raster.rst", set()),
        # Where results come from is said anew, and no result is made anew.
        ("scripts/record_provenance.py", {f"record_provenance_{page}" for page in ("network", "two", "single")}),
        ("v1_files/command_line.py", set()),
        ("v1_files/provenance.py", set()),
    ],
)
def test_changed_code(finished, reruns, path, expected):
    with edited(finished[0] / path, b"\nCHANGED = True\n"):
        found = set(reruns())
    assert found == expected, f"too many: {found - expected}, too few: {expected - found}"


@pytest.mark.parametrize("path", ["scripts/build_network.py", "v1_files/files.py", "v1_model/network/weights.py"])
def test_a_comment_makes_nothing_again(finished, reruns, path):
    with edited(finished[0] / path, b"\n# A remark.\n"):
        assert reruns() == {}


# --- config --------------------------------------------------------------------------------------------------------


def merged(config, change):
    """A config with some values changed."""
    pairs = {key: merged(config[key], value) for key, value in change.items() if isinstance(config.get(key), dict)}
    return config | {key: pairs.get(key, value) for key, value in change.items()}


@pytest.mark.parametrize(
    "change",
    [
        {"paradigms": {"8dir_10trials": {"trials": 3}}},
        {"networks": {"other": {"radius_um": 50, "core_radius_um": 20}}},
        {"networks": {NETWORK: {"contrast_paradigm": "contrasts"}}},
        {"perturbations": {"sst_silenced": {"current_pa": -500}}},
        {"options": {"mine": {"v1_edges": "placed", "background_edges": "placed"}}},
        {"make": {"networks": [NETWORK], "options": ["plain"]}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_the_config_that_does_not_matter(reruns, change):
    assert reruns(merged(CONFIG, change)) == {}


def test_a_changed_perturbation_makes_its_own_runs_again(reruns):
    found = reruns(merged(CONFIG, {"perturbations": {"pv_silenced": {"current_pa": -500}}}))
    once = ("render_v1_configs_two", "record_provenance_two", "calculate_odsi", "plot_odsi_boxplots")
    assert found == {"run_v1_two": 4, **dict.fromkeys(once, 1)}


def test_a_changed_stimulus_makes_its_own_runs_again(reruns):
    single = {"parameters": {"direction_deg": [45], "contrast": 0.4}}
    found = reruns(merged(CONFIG, {"paradigms": {"single": single}}))
    stages = ("render_lgn_configs", "run_filternet", "generate_background", "render_v1_configs", "run_v1")
    stages = (*stages, "record_provenance", "plot_raster")
    once = ("render_paradigm", "render_simulated_paradigm", *(f"{stage}_single" for stage in stages))
    assert found == dict.fromkeys(once, 1)


def test_changed_analysis_windows_simulate_nothing_again(reruns):
    found = reruns(merged(CONFIG, {"paradigms": {"two": {"windows_ms": {"evoked": [700, 2500]}}}}))
    assert set(found) == {"render_paradigm", *MEASURED, "plot_raster", "plot_odsi_boxplots", "plot_similarity"}


def test_a_changed_network_is_built_again(reruns):
    assert set(reruns(merged(CONFIG, {"networks": {NETWORK: {"like_to_like": False}}}))) == BUILT


def test_a_changed_background_rate(reruns):
    found = set(reruns(merged(CONFIG, {"background": {"rate_hz": 200}})))
    assert {*BACKGROUND, *SIMULATED, *MEASURED} <= found and found.isdisjoint(LGN | {"build_network"})
