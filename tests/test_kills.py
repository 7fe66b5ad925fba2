"""Killed at any moment, a stage leaves whole files or none, and a rerun gives what an undisturbed run gives."""

import base64
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from small_runs import (
    CONDITIONS,
    as_process,
    background,
    build,
    filternet,
    linked_copy,
    odsi,
    pointnet,
    run,
    small_run,  # noqa: F401 - a fixture
)
from test_finished_trials import SMALL

KILLS, KILLS_A_ROUND = 20, 5
SNAKEMAKE_KILLS = 4
SEED = 20261121
TIMED = re.compile(r"(^|/)log\.txt$|provenance")

# Stage: its command, and what it writes.
STAGES = {
    "build": (build(), ["tiny/network", "tiny/components"]),
    "lgn": (filternet("angle0"), ["tiny/filternet_two/angle0*"]),
    "background": (background("angle0"), ["tiny/bkg_two/angle0*"]),
    "v1": ([*pointnet(*CONDITIONS), "--copies", "1"], ["tiny/two_plain"]),
    "metrics": (odsi(), ["tiny/metrics/Rates*", "tiny/metrics/OSI*"]),
}


def outputs(folder, patterns):
    """Content of the outputs by path, without logs and records, which have the time of day in them."""
    roots = [root for pattern in patterns for root in folder.glob(pattern)]
    files = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()]
    named = {path.relative_to(folder): path for path in files}
    return {
        str(name): path.read_bytes()
        for name, path in named.items()
        if not TIMED.search(str(name)) and not is_hidden(name)
    }


def is_hidden(path):
    return any(part.startswith(".") for part in path.parts)


def killed_after(command, folder, seconds, **options):
    """Start a command and kill it and its children after some time; whether it was still running."""
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    process = subprocess.Popen(command, cwd=folder, **silent, **options)
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True


def kept_trials(folder):
    """Inode of the kept spikes of each finished trial, by name of the trial."""
    digests = folder.glob("tiny/two_plain/.*.finished/[!.]*/digests.json")
    return {path.parts[-3][1 : -len(".finished")]: (path.parent / "0").stat().st_ino for path in digests}


def assert_whole(folder, patterns, expected):
    """Every output that is there is as an undisturbed run makes it; their number."""
    found = outputs(folder, patterns)
    wrong = [path for path, content in found.items() if content != expected.get(path)]
    assert not wrong, f"not whole: {wrong}"
    return len(found)


def assert_rerun_completes(command, folder, patterns, expected):
    """A rerun gives what an undisturbed run gives, without what was finished, and leaves nothing else."""
    kept = kept_trials(folder)
    run(command, folder)
    assert outputs(folder, patterns) == expected
    again = {name: (folder / f"tiny/two_plain/{name}/spikes.h5").stat().st_ino for name in kept}
    assert again == kept, "a finished trial was simulated again"
    left = [path for path in folder.rglob(".*") if path.name != ".snakemake_timestamp"]
    assert not left, f"left behind: {left}"


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_stage(small_run, tmp_path, stage):
    command, patterns = STAGES[stage]
    expected, moments = outputs(small_run, patterns), random.Random(f"{SEED} {stage}")
    begin = time.monotonic()
    run(command, linked_copy(small_run, tmp_path / "timed"))
    duration_s, killed = time.monotonic() - begin, 0
    for number in range(KILLS // KILLS_A_ROUND):
        folder = linked_copy(small_run, tmp_path / f"round{number}")
        for path in outputs(folder, patterns):
            (folder / path).unlink()
        while killed < (number + 1) * KILLS_A_ROUND:
            moment_s, begin = moments.uniform(0, duration_s), time.monotonic()
            if killed_after(as_process(command), folder, moment_s):
                killed += 1
            else:
                # The machine was busier when the stage was timed.
                duration_s = time.monotonic() - begin
                continue
            whole = assert_whole(folder, patterns, expected)
            print(f"{stage}: kill {killed}, {moment_s:.3f} of {duration_s:.3f} s: {whole} of {len(expected)} files")
        assert_rerun_completes(command, folder, patterns, expected)


def snakemake(repo_root, results, *arguments):
    command = [sys.executable, "-m", "snakemake", "--snakefile", repo_root / "Snakefile", "--directory", results]
    return [*map(str, command), "--cores", "1", *arguments]


def finished_files(results):
    """Identity of the results of jobs that had ended, by path: those that Snakemake does not know as incomplete."""
    marks = [mark for mark in (results / ".snakemake/incomplete").rglob("*") if mark.is_file()]
    incomplete = {base64.b64decode(mark.name).decode() for mark in marks}
    files = {str(path.relative_to(results)): path.stat().st_ino for path in results.rglob("*") if path.is_file()}
    skipped = re.compile(r"(.*/)?\.|logs/|benchmarks/|.*/log\.txt$|.*provenance")
    outside = {path: node for path, node in files.items() if not skipped.match(path)}
    return {path: node for path, node in outside.items() if not incomplete & {path, *map(str, Path(path).parents)}}


@pytest.mark.slow
def test_snakemake(repo_root, tmp_path):
    target = ["--config", *SMALL, "--", "tiny/metrics/OSI_DSI_DF_plain.csv"]
    whole, results = tmp_path / "undisturbed", tmp_path / "results"
    begin = time.monotonic()
    subprocess.run(snakemake(repo_root, whole, *target), cwd=repo_root, check=True, capture_output=True)
    duration_s, moments, finished = time.monotonic() - begin, random.Random(SEED), {}
    for number in range(SNAKEMAKE_KILLS):
        moment_s = moments.uniform(0.1, 0.7) * duration_s
        killed_after(snakemake(repo_root, results, *target), repo_root, moment_s)
        before, finished = finished, finished_files(results)
        print(f"snakemake: kill {number} after {moment_s:.1f} of {duration_s:.1f} s, {len(finished)} files finished")
        assert before.items() <= finished.items(), "finished work was done again"
        unlock = snakemake(repo_root, results, "--unlock", *target)
        subprocess.run(unlock, cwd=repo_root, check=True, capture_output=True)
    subprocess.run(snakemake(repo_root, results, *target), cwd=repo_root, check=True, capture_output=True)
    assert finished.items() <= finished_files(results).items(), "finished work was done again"
    assert outputs(results, ["tiny", "paradigms"]) == outputs(whole, ["tiny", "paradigms"])
    shutil.rmtree(whole)
