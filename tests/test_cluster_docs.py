"""The SLURM profile without a cluster: its site file, what it submits, and the table of docs/cluster.md."""

import ast
import re
import subprocess
import sys

import pytest
import yaml

from benchmarks import cluster_needs
from resource_model import estimated_size, load_table, predict, quantities
from slurm_site import DEFAULTS, read_site, trial_rules


def submitted(repo_root):
    text = (repo_root / "workflow" / "rules" / "cluster.smk").read_text()
    return ast.literal_eval(re.search(r"SUBMITTED = (\(.*?\))", text, flags=re.DOTALL).group(1))


def test_the_tables_of_the_docs_are_the_commands(repo_root):
    page = (repo_root / "docs" / "cluster.md").read_text()
    assert cluster_needs.filled(page) == page and "`run_v1, blanks`" in page


def test_a_paradigm_of_510_trials_is_at_most_60_jobs():
    config = cluster_needs.load_config()
    conditions = config["paradigms"]["contrasts"]["conditions"]
    assert sum(condition["trials"] for condition in conditions) == 510 and len(conditions) == 49
    for network in ("core", "full"):
        needs = cluster_needs.steps(config, network, "contrasts", True, load_table(), DEFAULTS)
        assert sum(need["jobs"] for need in needs.values()) <= 60


def test_batches_are_counted_in_whole_jobs():
    table = load_table()
    table["memory_mb"]["run_filternet"], table["runtime_s"]["run_filternet"] = {"base": 1000}, {"base": 360}
    table["safety"] |= {"memory": 1.5, "runtime": 4, "submitted_mb": 300}
    size = estimated_size(table, 100, "small")
    need = cluster_needs.step(table, "run_filternet", 60, 10, size, 3.0, threads=2, batch=25)
    # Three jobs of 25, 25 and 10 runs in turn; each takes 6 min and Snakemake's start, and asks for 24 min.
    hours = (360 + cluster_needs.START_S) / 3600
    assert (need["jobs"], need["conditions each"], need["CPUs each"]) == (3, 25, 2)
    assert need["memory each, GB"] == pytest.approx(1.8)
    assert need["limit each, h"] == pytest.approx(25 * 0.4) and need["hours each"] == pytest.approx(25 * hours)
    assert need["CPU hours"] == pytest.approx(60 * hours * 2)


def test_what_is_heavy_is_submitted(repo_root):
    table, names = load_table(), submitted(repo_root)
    amounts = quantities(estimated_size(table, 700, "full"), trials=80)
    for rule in table["memory_mb"]:
        heavy = predict(table, "memory_mb", rule, amounts) > 4000 or predict(table, "runtime_s", rule, amounts) > 60
        assert not heavy or f"{rule}_".startswith(names), rule


def test_every_submitted_rule_exists(repo_root):
    rules = "".join(path.read_text() for path in (repo_root / "workflow" / "rules").glob("*.smk"))
    for name in submitted(repo_root):
        assert re.search(rf'(rule {name}\w*:|f"{name}{{)', rules), name


def test_the_shipped_site_file_is_the_default(repo_root):
    assert read_site(repo_root / cluster_needs.PROFILE / "site.yaml") == DEFAULTS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("partion: long", "unknown key 'partion', did you mean 'partition'?"),
        ("job_cpus: many", "job_cpus: found 'many', expected a positive whole number"),
        ("status_command: qstat", "status_command: found 'qstat', expected squeue or sacct"),
        ("account: [a, b]", "account: found ['a', 'b'], expected a name"),
        ("long", "found 'long', expected lines"),
        ("a: b: c", "mapping values are not allowed"),
    ],
)
def test_faults_of_the_site_file_are_named(tmp_path, text, said):
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(str(path))) as error:
        read_site(path)
    assert said in str(error.value)


def test_no_site_file(tmp_path):
    with pytest.raises(ValueError, match="in the repository's folder"):
        read_site(tmp_path / "site.yaml")


def test_values_reach_snakemake(repo_root, tmp_path):
    """Partition, account and QoS of the site file are options of the executor; an empty one is none."""
    import yte

    profile = (repo_root / "workflow" / "profiles" / "slurm" / "config.yaml").read_text()
    (tmp_path / "site.yaml").write_text("partition: cortex\naccount: lab7\nqos: long\njob_cpus: 16\n")
    edited = yte.process_yaml(profile.replace('workflow/profiles/slurm/site.yaml")', f'{tmp_path}/site.yaml")'))
    assert edited["default-resources"]["slurm_partition"] == "cortex"
    assert edited["default-resources"]["slurm_account"] == "lab7"
    assert (edited["slurm-qos"], edited["cores"]) == ("long", 16)
    plain = yte.process_yaml(profile.replace("workflow/profiles", f"{repo_root}/workflow/profiles"))
    assert "slurm-qos" not in plain and not {"slurm_partition", "slurm_account"} & set(plain["default-resources"])


def test_v1_of_every_paradigm_runs_as_arrays(repo_root):
    paradigms = yaml.safe_load((repo_root / "config" / "config.yaml").read_text())["paradigms"]
    names = trial_rules().split(",")
    assert {f"run_v1_{name}" for name in paradigms} <= set(names) and "run_v1_contrasts_blank" in names


def test_dry_run_through_the_profile(repo_root):
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "workflow/profiles/slurm", "--dry-run"]
    command += ["--forceall", "core_nll_0/metrics/OSI_DSI_DF_plain.csv"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Group job run_filternet_core_nll_0" in done.stdout + done.stderr
