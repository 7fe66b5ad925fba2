"""Ctrl-C and the like end all that was started and leave nothing in the way; two runs at once do no harm."""

import os
import signal
import subprocess
import sys
import time

import h5py
import psutil
import pytest

from small_runs import (
    CONDITIONS,
    as_process,
    background,
    build,
    linked_copy,
    own,
    pointnet,
    run,
    small_run,  # noqa: F401 - a fixture
)
from test_disk_full import content
from test_finished_trials import SMALL

LONG_MS = 1e6
PATIENCE_S = 60


def wait_until(condition):
    """Wait for what must come, and return it."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


def of_session(session):
    """Processes of a session that are not dead yet."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def start(command, folder):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    return subprocess.Popen(list(map(str, command)), cwd=folder, start_new_session=True, **pipes)


def ended(process):
    """What a process said, once all of its session have ended."""
    said, _ = process.communicate(timeout=PATIENCE_S)
    wait_until(lambda: not of_session(process.pid))
    return said


@pytest.fixture
def long_run(small_run, tmp_path):
    """A command that simulates four trials, two at once, for as long as nobody ends it, and its folder."""
    folder = linked_copy(small_run, tmp_path / "results")
    for path in folder.glob("tiny/configs/two_plain/*.json"):
        own(path).write_text(path.read_text().replace('"tstop": 300.0', f'"tstop": {LONG_MS}'))
    for path in (*folder.glob("tiny/filternet_two/*/spikes.h5"), *folder.glob("tiny/bkg_two/*/spikes.h5")):
        with h5py.File(own(path), "r+") as h5:
            del h5.attrs["duration_ms"]
    return [*as_process(pointnet(*CONDITIONS)), "--copies", "2", "-o", "out"], folder


@pytest.mark.parametrize("whom", ["all", "parent"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_children_end_with_their_parent(long_run, whom, number):
    command, folder = long_run
    process = start(command, folder)
    wait_until(lambda: len(of_session(process.pid)) == 3)
    (os.killpg if whom == "all" else os.kill)(process.pid, number)
    said = ended(process)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert "Traceback" not in said
    if number == signal.SIGINT:
        assert said.splitlines()[-1] == "run_pointnet.py: interrupted"
    assert not list(folder.glob("out/**/*.h5"))


def test_interrupted_build_leaves_nothing_unfinished(small_run, tmp_path):
    process = start(as_process(build(folder="net", **{"radius-um": 100, "core-radius-um": 50})), tmp_path)
    wait_until(lambda: list(tmp_path.glob("net/network/.v1_v1_edges.*")))
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert process.returncode == 130 and said.splitlines()[-1] == "build_network.py: interrupted"
    assert not list(tmp_path.rglob("net/**/.*")) and not (tmp_path / "net/network/v1_v1_edges.h5").exists()


def snakemake(repo_root, results, *arguments):
    command = [sys.executable, "-m", "snakemake", "--snakefile", repo_root / "Snakefile", "--directory", results]
    return [*command, "--cores", "1", *arguments, "--config", *SMALL, "--", "tiny/output_plain/spikes.h5"]


@pytest.mark.slow
def test_interrupted_workflow_runs_on(repo_root, tmp_path):
    results = tmp_path / "results"
    process = start(snakemake(repo_root, results), repo_root)
    wait_until(lambda: list(results.glob("tiny/network/.v1_v1_edges.*")))
    os.killpg(process.pid, signal.SIGINT)
    said = ended(process)
    assert process.returncode != 0, said
    assert not list(results.glob(".snakemake/locks/*")) and not list(results.glob("tiny/network/*edges.h5"))
    again = start(snakemake(repo_root, results), repo_root)
    said, _ = again.communicate(timeout=600)
    assert again.returncode == 0, said


@pytest.mark.slow
def test_second_workflow_is_refused(repo_root, tmp_path):
    results = tmp_path / "results"
    first = start(snakemake(repo_root, results), repo_root)
    wait_until(lambda: list(results.glob(".snakemake/locks/*")))
    second = start(snakemake(repo_root, results), repo_root)
    said = ended(second)
    assert second.returncode != 0 and "Directory cannot be locked" in said
    said, _ = first.communicate(timeout=600)
    assert first.returncode == 0, said


@pytest.mark.parametrize(
    ("command", "folders"),
    [(build(), ["tiny/network", "tiny/components"]), (background("angle0"), ["tiny/bkg_two"])],
    ids=["build", "background"],
)
def test_two_scripts_that_write_the_same(small_run, tmp_path, command, folders):
    results = linked_copy(small_run, tmp_path / "results")
    both = [start(as_process(command), results) for _ in range(2)]
    for process in both:
        said = ended(process)
        assert process.returncode == 0, said
    for folder in folders:
        assert content(results / folder) == content(small_run / folder)


def test_second_simulation_of_a_trial_is_refused(long_run):
    command, folder = long_run
    first = start(command, folder)
    wait_until(lambda: len(of_session(first.pid)) == 3)
    second = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
    os.killpg(first.pid, signal.SIGINT)
    ended(first)
    assert second.returncode == 1 and "another process is writing here" in second.stderr
    run(["generate_background", *background("angle0")[1:]], folder)
