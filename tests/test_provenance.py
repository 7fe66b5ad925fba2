"""What jobs record of themselves, the page that shows it, and its place in Snakemake's report."""

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import record_provenance
from v1_files import provenance

MICRO = "networks={micro: {radius_um: 30, core_radius_um: 10, lgn: small, selectivity_paradigm: 8dir_2trials}}"
PARADIGM = (
    '{"stimulus": "grey_screen", "parameters": {}, "trials": 1, "grey_ms": 0, "duration_ms": 100, "windows_ms": {}}'
)


# --- the code ------------------------------------------------------------------------------------------------------


def git(folder, *arguments):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path, repo_root):
    """A git repository with one commit."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    shutil.copy(repo_root / "pyproject.toml", folder)
    git(folder, "init", "--quiet")
    git(folder, "add", "pyproject.toml")
    git(folder, "commit", "--quiet", "--message", "all")
    return folder


def test_commit_of_a_checkout(checkout):
    found = provenance.code(checkout)
    assert found == {"v1flow": found["v1flow"], "commit": git(checkout, "rev-parse", "HEAD"), "modified": False}
    (checkout / "untracked.csv").touch()
    assert provenance.code(checkout)["modified"] is False
    (checkout / "pyproject.toml").open("a").write("\n")
    assert provenance.code(checkout)["modified"] is True


def test_a_tag_does_not_stand_for_the_commit(checkout):
    git(checkout, "tag", "--annotate", "v1-0", "--message", "v1-0")
    assert provenance.code(checkout)["commit"] == git(checkout, "rev-parse", "HEAD")


def test_an_export_has_no_commit_even_inside_a_repository(checkout):
    export = checkout / "export"
    export.mkdir()
    shutil.copy(checkout / "pyproject.toml", export)
    assert provenance.code(export) == {**provenance.code(checkout), "commit": None, "modified": None}


def test_without_git_there_is_no_commit(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.code(checkout)["commit"] is None


def test_a_git_hook_around_does_not_mislead(checkout, monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert provenance.code(checkout)["commit"] is not None


def test_versions_are_those_that_run(repo_root):
    found = provenance.versions()
    assert found["numpy"] == np.__version__ and found["h5py"] == h5py.__version__
    assert found["python"] == "{}.{}.{}".format(*sys.version_info)
    assert {"bmtk", "nest-simulator", "snakemake"} <= set(found) and None not in found.values()
    assert provenance.code()["v1flow"] == importlib.metadata.version("v1flow")


# --- a job ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def render(repo_root, tmp_path):
    """Run render_paradigm.py; returns the exit code and stderr."""

    def run(*more, definition=PARADIGM, as_job=True):
        command = [sys.executable, str(repo_root / "scripts" / "render_paradigm.py"), "--name", "grey", *more]
        command += ["--definition", definition, "--condition-names", "{}", "--output", "grey.json"]
        environment = {key: value for key, value in os.environ.items() if key != "V1FLOW_JOB"}
        environment |= {"PYTHONPATH": str(repo_root)} | ({"V1FLOW_JOB": "1"} if as_job else {})
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
        return done.returncode, done.stderr

    return run


def test_a_job_says_what_it_is_and_records_it(render, tmp_path, repo_root):
    assert render(as_job=False) == (0, "")
    content = (tmp_path / "grey.json").read_bytes()
    subject = {"subject": {"paradigm": "grey"}, "config": {"a": [1]}, "seed": 5, "inputs": ["grey.json"]}
    code, said = render("--provenance", "folder/provenance.json", "--provenance-of", json.dumps(subject))
    assert code == 0
    assert re.fullmatch(
        r"v1flow [\d.]+, (commit \w{12}( \(modified\))?|no git commit), host \S+, python [\d.]+, .*\n", said
    )
    assert (tmp_path / "grey.json").read_bytes() == content
    record = json.loads((tmp_path / "folder" / "provenance.json").read_text())
    assert {key: record[key] for key in ("subject", "config", "seed")} == {
        key: subject[key] for key in ("subject", "config", "seed")
    }
    assert record["inputs"]["grey.json"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert record["command"][:3] == ["render_paradigm.py", "--name", "grey"]
    assert not any("provenance" in word for word in record["command"])
    assert record["machine"]["host"] == os.uname().nodename
    assert 0 <= record["run_time_s"] < 120 and record["largest_process_mb"] > 5


def test_a_failed_job_records_nothing_and_stays_brief(render, tmp_path):
    parameters = PARADIGM.replace('"parameters": {}', '"parameters": {"contrast": 1}')
    code, said = render("--provenance", "provenance.json", "--provenance-of", "{}", definition=parameters)
    assert code == 1 and len(said.splitlines()) == 2 and "none is a list" in said
    assert not (tmp_path / "provenance.json").exists()


def test_every_stream_of_random_numbers_is_named(repo_root):
    code = "".join(
        path.read_text() for folder in ("v1_model", "scripts") for path in (repo_root / folder).rglob("*.py")
    )
    code = re.sub(r">>> .*", "", code)
    purposes = re.findall(r'(?:stream_key|generator)\([\w.]*seed, "(\w+)"', code)
    purposes += re.findall(r'^\w*PURPOSE = "(\w+)"', code, flags=re.MULTILINE)
    rules = "".join(path.read_text() for path in (repo_root / "workflow" / "rules").glob("*.smk"))
    assert len(purposes) >= 10
    assert [purpose for purpose in purposes if f'"{purpose}": ' not in rules] == []


# --- the page ------------------------------------------------------------------------------------------------------


def job(commit, condition, version="2.0"):
    """A record as jobs write it."""
    return {
        "subject": {"network": "tiny", "condition": condition},
        "config": {"network": {"name": "tiny", "radius_um": 100}},
        "seed": 153,
        "random_streams": {"lgn_spikes": ["paradigm", "condition", "trial"]},
        "inputs": {"a<b>.csv": {"size_bytes": 3, "modified": "2026-01-01", "sha256": "c0ffee"}},
        "code": {"v1flow": "0.1.0", "commit": commit * 40, "modified": False},
        "versions": {"python": "3.11.2", "numpy": version},
        "machine": {"host": f"node{commit}", "processors": 2, "system": "Linux"},
        "command": ["run_filternet.py"],
        "started": "2026-01-01 12:00:00+00:00",
        "run_time_s": 1.5,
        "largest_process_mb": 1234.0,
    }


def test_page_shows_where_jobs_differ(tmp_path):
    files = []
    for name, record in {"a": job("a", "angle0"), "b": job("a", "angle90"), "c": job("b", "angle180", "2.1")}.items():
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(record))
    output = tmp_path / "page.html"
    record_provenance.main(["--title", "Network tiny", "--records", *map(str, files), "--output", str(output)])
    text = output.read_text()
    for words in ("commit aaaaaaaaaaaa (2 jobs)", "commit bbbbbbbbbbbb (1 job)", "2.0 (2 jobs)", "2.1 (1 job)"):
        assert words in text
    assert ">3.11.2<" in text and "a&lt;b&gt;.csv" in text and "c0ffee" in text and ">1,234<" in text
    assert "stream (seed, purpose, paradigm, condition, trial)" in text and ">153<" in text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "not JSON"),
        ("[]", "a JSON object expected"),
        ('{"subject": {}}', "expected the record of a job's provenance"),
    ],
)
def test_a_file_that_is_no_record_is_named(tmp_path, content, expected):
    path = tmp_path / "provenance.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"provenance\.json: .*{expected}"):
        record_provenance.main(["--title", "a", "--records", str(path), "--output", str(tmp_path / "page.html")])


# --- the workflow --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_results_asked_for_alone_carry_it_and_the_report_shows_it(repo_root, base_props, tmp_path):
    targets = ["micro/bkg_single/angle45_trial0/spikes.h5", "micro/network/provenance.html"]

    def snakemake(*arguments):
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(repo_root / "Snakefile"), "--cores", "2"]
        command += ["--directory", str(tmp_path), "--config", MICRO, *arguments, "--", *targets]
        done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    snakemake()
    record = json.loads((tmp_path / "micro" / "bkg_single" / "provenance" / "angle45.json").read_text())
    assert record["subject"] == {"network": "micro", "paradigm": "single", "condition": "angle45"}
    assert record["seed"] == 153 and record["config"]["background"] == {"rate_hz": 250}
    assert record["config"]["paradigm"]["parameters"]["direction_deg"] == [45]
    built = json.loads((tmp_path / "micro" / "network" / "provenance.json").read_text())
    assert built["config"]["network"]["radius_um"] == 30
    digests = {Path(path).name: found["sha256"] for path, found in built["inputs"].items()}
    for path in [*base_props.glob("*.csv"), *base_props.glob("*.xlsx")]:
        if path.name != "neuropixels_percentiles.csv":
            assert digests[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (tmp_path / "logs" / "build_network" / "micro.log").read_text().startswith("v1flow ")
    snakemake("--report", "report.html")
    report = (tmp_path / "report.html").read_text()
    assert "Provenance" in report and "provenance.html" in report
