"""Every target family resolves, what cannot be made says why, and rules and scripts are in shape."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import summarise_run
from v1_files.code import Code

GRATINGS = [f"angle{angle}" for angle in range(0, 360, 45)]


@pytest.fixture
def snakemake(repo_root, tmp_path):
    """Run Snakemake with a temporary folder in place of results/; returns the exit code and all that it said."""

    def run(*arguments):
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(repo_root / "Snakefile")]
        command += ["--directory", str(tmp_path / "results"), "--cores", "2", *arguments]
        done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def dry_run(snakemake):
    """Number of jobs of each rule that targets need."""

    def run(*targets, options=()):
        code, said = snakemake("--dry-run", *options, "--", *targets)
        assert code == 0, said
        table = said.split("Job stats:")[1].split("total")[0]
        return {rule: int(jobs) for rule, jobs in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE)}

    return run


def tool(name):
    return str(Path(sys.executable).parent / name)


# --- every target family resolves ----------------------------------------------------------------------------------


def test_demo(dry_run):
    jobs = dry_run("demo")
    assert jobs["build_network"] == 1
    for rule in ("generate_background", "run_filternet"):
        assert jobs[f"{rule}_8dir_2trials"] == len(GRATINGS)
    # Unperturbed, and with SST cells silenced.
    assert jobs["run_v1_8dir_2trials"] == 2 * len(GRATINGS)
    panels = ("plot_network_summary", "plot_raster", "plot_odsi_boxplots", "plot_similarity")
    for rule in (*panels, "plot_contrast_curves", "plot_suppression_cascade"):
        assert jobs[rule] == 1


def test_all_makes_what_the_config_says(dry_run):
    jobs = dry_run(options=["--config", "make={networks: [tiny, small], options: [plain]}"])
    assert jobs["build_network"] == 2 and jobs["plot_odsi_boxplots"] == 2


@pytest.mark.parametrize(
    ("target", "rules"),
    [
        ("tiny/network/v1_v1_edges.h5", ["build_network"]),
        ("paradigms/8dir_10trials.json", ["render_paradigm"]),
        ("small/filternet_8dir_2trials/angle90/rates.h5", ["run_filternet_8dir_2trials"]),
        ("small/filternet_8dir_10trials/angle90_trial9/spikes.h5", ["run_filternet_8dir_10trials"]),
        ("full/bkg_single/angle45_trial0/spikes.h5", ["generate_background_single"]),
        ("core_7/8dir_10trials_plain/angle315_trial9/spikes.h5", ["run_v1_8dir_10trials"]),
        ("tiny/output_plain/spikes.h5", ["run_v1_single", "run_filternet_single", "generate_background_single"]),
        ("tiny/output_plain/raster.png", ["plot_raster_single", "run_v1_single"]),
        ("small/metrics/OSI_DSI_DF_plain.csv", ["calculate_odsi", "run_v1_8dir_2trials"]),
        ("small/metrics/similarity_plain.csv", ["calculate_similarity"]),
        ("core_nll_3/figures/raster_plain.pdf", ["plot_raster", "run_v1_8dir_10trials"]),
        ("core_nll_3/figures/OSI_DSI_adjusted.png", ["plot_odsi_boxplots", "run_v1_8dir_10trials"]),
        ("full_nll/figures/similarity_adjusted.png", ["plot_similarity"]),
        ("profile/figures/network_summary.png", ["plot_network_summary"]),
        ("tiny/contrasts_demo_plain/spike_counts.npz", ["run_v1_contrasts_demo", "run_v1_contrasts_demo_blank"]),
        ("small/figures/contrast_L5_plain_vs_adjusted.png", ["plot_l5_contrast_responses"]),
        ("tiny/figures/OSI_DSI_plain_vs_adjusted.png", ["plot_odsi_boxplots", "make_adjusted_edges"]),
        ("tiny/figures/similarity_summary_plain__pv_silenced.png", ["plot_similarity_summary", "make_node_set"]),
        ("tiny/figures/weight_distributions_plain_vs_adjusted.png", ["plot_weight_distributions"]),
        ("tiny/background_tuning/background_fitted.csv", ["tune_background", "run_filternet_grey_10s"]),
    ],
)
def test_target(dry_run, target, rules):
    jobs = dry_run(target)
    assert set(rules) <= set(jobs)


def test_the_contrast_paradigm_has_every_condition(dry_run):
    jobs = dry_run("core/metrics/contrast_curves_plain.csv")
    assert (jobs["run_v1_contrasts"], jobs["run_v1_contrasts_blank"]) == (48, 1)


def test_a_perturbed_run_has_the_inputs_of_the_unperturbed(dry_run):
    jobs = dry_run("tiny/metrics/suppression_types_plain__sst_silenced.csv")
    assert jobs["run_v1_8dir_2trials"] == 2 * len(GRATINGS) and jobs["make_node_set"] == 1
    assert jobs["run_filternet_8dir_2trials"] == jobs["generate_background_8dir_2trials"] == len(GRATINGS)


def test_figures_make_what_the_config_allows_and_name_the_rest(snakemake):
    make = "make={networks: [tiny], options: [plain, naive], perturbation_groups: [classes]}"
    code, said = snakemake("--dry-run", "--config", make, "--", "figures")
    assert code == 0, said
    assert "Left out: tiny, all panels of option naive: needs tiny/network/v1_v1_edges_naive.h5" in said
    assert "contrast_L5_{pair}: needs two options" in said and "figure4: natural images" in said
    for rule in ("plot_silencing_heatmap", "plot_contrast_curves", "plot_actuation_matrix", "plot_background_tuning"):
        assert re.search(rf"^{rule} +1$", said, flags=re.MULTILINE), rule


def test_tables_need_every_condition_and_trial(dry_run):
    jobs = dry_run("core_nll_3/metrics/Rates_DF_plain.csv")
    assert jobs["run_v1_8dir_10trials"] == len(GRATINGS)


def test_a_missing_trial_is_made_again(snakemake, tmp_path):
    folder = tmp_path / "results" / "tiny" / "8dir_2trials_plain"
    for condition in GRATINGS:
        for trial in (0, 1):
            (folder / f"{condition}_trial{trial}").mkdir(parents=True)
            (folder / f"{condition}_trial{trial}" / "spikes.h5").touch()
    (folder / "angle90_trial1" / "spikes.h5").unlink()
    code, said = snakemake("--dry-run", "tiny/metrics/OSI_DSI_DF_plain.csv")
    assert code == 0, said
    # Beside it may stand other missing outputs of that job, in any order.
    assert re.search(r"Missing output files: .*tiny/8dir_2trials_plain/angle90_trial1/spikes\.h5", said)


# --- a config edit is enough ---------------------------------------------------------------------------------------


def config_file(tmp_path, content):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content))
    return ["--configfile", str(path)]


def test_network_of_another_radius(dry_run, tmp_path):
    mine = config_file(tmp_path, {"networks": {"micro": {"radius_um": 60, "core_radius_um": 30, "lgn": "small"}}})
    assert dry_run("micro/metrics/OSI_DSI_DF_plain.csv", options=mine)["build_network"] == 1


def test_another_spatial_frequency(dry_run, tmp_path):
    parameters = {"direction_deg": [0, 90, 180, 270], "spatial_frequency_cpd": [0.02, 0.04]}
    edited = {"parameters": parameters, "raster": {"condition": "angle180_sf0.02", "trial": 1}}
    mine = config_file(tmp_path, {"paradigms": {"8dir_2trials": edited}})
    assert dry_run("tiny/metrics/OSI_DSI_DF_plain.csv", options=mine)["run_v1_8dir_2trials"] == 8
    assert dry_run("tiny/8dir_2trials_plain/angle180_sf0.02_trial1/spikes.h5", options=mine)["run_v1_8dir_2trials"] == 1


def test_an_edited_paradigm_leaves_the_others_alone(dry_run, tmp_path):
    mine = config_file(tmp_path, {"paradigms": {"8dir_2trials": {"parameters": {"direction_deg": [0, 90, 180, 270]}}}})
    assert dry_run("tiny/metrics/OSI_DSI_DF_plain.csv", options=mine)["run_v1_8dir_2trials"] == 4
    assert dry_run("core/metrics/OSI_DSI_DF_plain.csv", options=mine)["run_v1_8dir_10trials"] == 8


def test_value_on_the_command_line(snakemake):
    code, said = snakemake(
        "--dry-run", "--printshellcmds", "--config", "networks={tiny: {seed: 7}}", "--", "tiny/network/network.json"
    )
    assert code == 0, said
    assert "--name tiny" in said and "--seed 7 " in said


# --- what cannot be made says why ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("small/output_plan/spikes.h5", "Did you mean small/output_plain/spikes.h5?"),
        (
            "results/tiny/figures/OSI_DSI_plain_vs_ajusted.png",
            "Did you mean tiny/figures/OSI_DSI_plain_vs_adjusted.png?",
        ),
        ("dmeo", "Did you mean the rule demo?"),
    ],
)
def test_what_a_misspelt_target_may_have_meant(snakemake, target, meant):
    code, said = snakemake("--dry-run", target)
    assert code != 0
    assert "No rule to produce" in said and target in said and meant in said and "Traceback" not in said


def test_names_that_collide_are_one_clear_error(snakemake):
    grey = "{stimulus: grey_screen, parameters: {}, trials: 1, grey_ms: 0, duration_ms: 1000, "
    grey += "windows_ms: {evoked: [500, 1000], spontaneous: [100, 500]}}"
    built, size = "{v1_edges: built, background_edges: built}", "{radius_um: 50, core_radius_um: 20}"
    config = [f"options={{trained: {built}, summary_plain: {built}}}", f"paradigms={{contrasts_bio: {grey}}}"]
    config += [f"networks={{logs: {size}, metrics: {size}}}"]
    code, said = snakemake("--dry-run", "--config", *config, "--", "demo")
    assert code != 0
    for line in (
        "contrasts_bio_trained/provenance.html would be two results",
        "similarity_summary_plain.png would be two results",
        "networks.logs: the results have a folder of that name",
        "networks.metrics: the results have a folder of that name",
    ):
        assert said.count(line) == 1, said
    assert "AmbiguousRuleException" not in said and "Traceback" not in said


def test_missing_paradigms_stop_only_what_needs_them(snakemake, repo_root, tmp_path):
    content = yaml.safe_load((repo_root / "config/config.yaml").read_text())
    del content["paradigms"]["single"], content["paradigms"]["grey_10s"]
    content["make"] = {"networks": ["tiny"], "options": ["plain"]}
    mine = ["--replace-workflow-config", *config_file(tmp_path, content)]
    code, said = snakemake("--dry-run", *mine, "--", "tiny/background_tuning/background_fitted.csv")
    assert code != 0 and "It needs the paradigm grey_10s, which is missing under paradigms in the config" in said
    code, said = snakemake("--dry-run", *mine, "--", "extended")
    assert code == 0 and "background_tuning.png: needs the paradigm grey_10s" in said, said


def test_config_text_is_checked_as_it_is_written(snakemake, tmp_path):
    (tmp_path / "mine.yaml").write_text("options:\n  off: {v1_edges: built, background_edges: built}\n")
    code, said = snakemake("--dry-run", "--configfile", str(tmp_path / "mine.yaml"), "--", "demo")
    assert code != 0
    assert "mine.yaml, line 2: YAML reads the name off as a truth value" in said and "Traceback" not in said


def test_a_window_that_outlasts_the_trial_is_refused_before_anything_is_planned(snakemake, repo_root, tmp_path):
    content = yaml.safe_load((repo_root / "config/config.yaml").read_text())
    short = {"duration_ms": 900, "windows_ms": {"evoked": [500, 900], "spontaneous": [100, 500]}}
    content["paradigms"]["short"] = {**content["paradigms"]["8dir_2trials"], **short}
    content["perturbations"]["late"] = {"node_set": "pv_all", "window_ms": [1000, 2000]}
    mine = config_file(tmp_path, content)
    code, said = snakemake("--dry-run", *mine, "--", "tiny/short_plain__late/angle0_trial0/spikes.h5")
    assert code != 0
    assert "perturbations.late.window_ms: found [1000, 2000], which ends after the 900 ms of paradigm short" in said
    code, said = snakemake("--dry-run", "-p", *mine, "--", "tiny/short_plain__pv_silenced/angle0_trial0/spikes.h5")
    assert code == 0 and '"window_ms":[1,900]' in said, said


def test_misspelt_config_key_is_one_clear_error(snakemake, tmp_path):
    mine = config_file(tmp_path, {"paradigms": {"single": {"parameters": {"temroral_frequency_hz": 1}}}})
    code, said = snakemake("--dry-run", *mine, "--", "demo")
    assert code != 0
    line = "paradigms.single.parameters: unknown key 'temroral_frequency_hz', did you mean 'temporal_frequency_hz'?"
    assert line in said and "Traceback" not in said


def test_missing_option_edges_are_asked_for_when_jobs_are_planned(snakemake):
    code, said = snakemake("--dry-run", "tiny/8dir_2trials_bio_trained/angle0_trial0/spikes.h5")
    assert code != 0
    for word in ("tiny/network/v1_v1_edges_bio_trained.h5", "source_node_id", "edge_type_id", "0/syn_weight", "pA"):
        assert word in said
    assert "snakemake tiny/network/network.json" in said and "Traceback" not in said


def test_placed_edges_are_used_and_belong_to_no_rule(snakemake, dry_run, tmp_path):
    network = tmp_path / "results" / "tiny" / "network"
    network.mkdir(parents=True)
    for name in ("v1_v1_edges_naive.h5", "bkg_v1_edges_naive.h5"):
        (network / name).write_text("the user's")
    target = "tiny/8dir_2trials_naive/angle0_trial0/spikes.h5"
    assert dry_run(target) and dry_run(target, options=["--forceall"])
    (network / "stray.h5").touch()
    _, said = snakemake("--list-untracked", target)
    assert "stray.h5" in said and "edges_naive" not in said
    _, said = snakemake("--delete-all-output", "--dry-run", target)
    assert "edges_naive" not in said


# --- in shape ------------------------------------------------------------------------------------------------------


def test_snakemake_lint(snakemake):
    code, said = snakemake("--lint")
    assert code == 0, said


@pytest.mark.parametrize(
    "command",
    [["snakefmt", "--check", "Snakefile", "workflow"], ["ruff", "check", "."]],
    ids=["snakefmt", "ruff"],
)
def test_style(repo_root, command):
    done = subprocess.run([tool(command[0]), *command[1:]], cwd=repo_root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_default_profile_is_the_local_one(repo_root):
    default = repo_root / "profiles" / "default" / "config.yaml"
    assert default.samefile(repo_root / "workflow" / "profiles" / "local" / "config.yaml")
    assert yaml.safe_load(default.read_text())["cores"] == "all"


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_help_names_the_commands(repo_root):
    done = subprocess.run(["make", "help"], cwd=repo_root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("demo", "test", "report", "lint", "env", "clean"):
        assert f"make {command}" in done.stdout


def test_rules_list_the_modules_that_scripts_import(repo_root):
    found = Code(repo_root).imported_files(repo_root / "scripts" / "build_network.py")
    names = {os.path.relpath(path, repo_root) for path in found}
    assert {"v1_files/command_line.py", "v1_model/network/builder.py", "v1_files/files.py"} <= names
    assert not any(name.startswith("analysis_shared") for name in names)


def test_every_script_has_a_rule(repo_root):
    rules = "".join(path.read_text() for path in (repo_root / "workflow" / "rules").glob("*.smk"))
    scripts = [*(repo_root / "scripts").glob("*.py"), *(repo_root / "figure_scripts").rglob("*.py")]
    outside_rules = {"summarise_run.py"}
    missing = [p.name for p in scripts if p.name not in outside_rules and str(p.relative_to(repo_root)) not in rules]
    assert missing == []


def test_summary_names_figures_and_stage_times(tmp_path, capsys):
    figures, stage = tmp_path / "tiny" / "figures", tmp_path / "benchmarks" / "run_v1"
    figures.mkdir(parents=True)
    (figures / "raster_plain.png").touch()
    for network, seconds in (("tiny", (1.5, 2.0)), ("tiny_nll", (90.0,))):
        (stage / network).mkdir(parents=True)
        for number, value in enumerate(seconds):
            (stage / network / f"{number}.tsv").write_text(f"s\tmax_rss\n{value}\t{100 + number}\n")
    summarise_run.main(["--results", str(tmp_path), "--network", "tiny"])
    said = capsys.readouterr().out
    assert "raster_plain.png" in said and "run_v1" in said
    assert "3.5 s" in said and "101 MB" in said and "90" not in said


def test_summary_without_figures_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no figure found"):
        summarise_run.main(["--results", str(tmp_path), "--network", "tiny"])
