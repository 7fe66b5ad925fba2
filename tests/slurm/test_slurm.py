"""The workflow on a real SLURM cluster of one node: arrays, batches, requests, failures, and what is made again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml

from resource_model import load_table, memory_request_mb, quantities, size_of
from slurm.cluster import Cluster, end_with_parent

pytestmark = pytest.mark.slurm

PROFILE = "workflow/profiles/slurm"
SITE = {"partition": "cortex", "job_cpus": 4, "log_folder": "results/logs/slurm"}
# Conditions of three short trials, two of which are asked for: enough to fail in.
SMALL = {
    "networks": {"tiny": {"radius_um": 40, "core_radius_um": 20}},
    "paradigms": {
        "8dir_2trials": {
            "parameters": {"direction_deg": [0, 90, 180, 270]},
            "trials": 3,
            "duration_ms": 700,
            "grey_ms": 300,
            "windows_ms": {"evoked": [300, 700], "spontaneous": [100, 300]},
        }
    },
}
CONDITIONS, TRIALS = ("angle0", "angle90"), 3
# The last trials: what a cancelled job has of the others stays.
TARGETS = [f"tiny/8dir_2trials_plain/{condition}_trial{TRIALS - 1}/spikes.h5" for condition in CONDITIONS]

# Imported by every Python that a job starts: writes down what V1 is called with and each trial that it begins, and does
# what FAULT says.
FAULT = """
import json, mmap, os, signal, sys, time
folder, fault = os.environ["FAULT_FOLDER"], json.loads(os.environ["FAULT"])
forks = 0

def note(name, content):
    with open(os.path.join(folder, name), "a") as file:
        file.write(json.dumps(content) + "\\n")

def count():
    global forks
    forks += 1

def in_child():
    note("trials", condition)
    if forks != fault.get("trial", 2) or condition not in fault.get("conditions", ()):
        return
    if "once" in fault:
        try:
            os.close(os.open(os.path.join(folder, "done"), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        while not os.path.exists(fault.get("after", folder)):
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    while "wait" in fault and not os.path.exists(os.path.join(folder, "go")):
        time.sleep(0.1)
    if "fill_mb" in fault:
        ballast = mmap.mmap(-1, fault["fill_mb"] * 1000000)
        for page in range(0, len(ballast), mmap.PAGESIZE):
            ballast[page] = 1
        time.sleep(4)

if any(argument.endswith("run_pointnet.py") for argument in sys.orig_argv[1:3]):
    config = next(argument for argument in sys.orig_argv if argument.endswith(".json"))
    condition = os.path.basename(config).partition("_trial")[0]
    note("calls", {"job": os.environ.get("SLURM_JOB_ID"), "argv": sys.orig_argv})
    os.register_at_fork(before=count, after_in_child=in_child)
"""


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """A cluster for the tests of a worker; nothing of it is left afterwards."""
    with Cluster(tmp_path_factory.mktemp("slurm"), cpus=6, memory_mb=8000) as started:
        yield started


def copy_of_repository(repository, folder):
    """The repository, with its compiled kernels and without results: jobs write below the repository's own folder."""
    made = shutil.ignore_patterns(".*", "results", "tests", "docs", "benchmarks", "*.egg-info")
    shutil.copytree(repository, folder, ignore=made, dirs_exist_ok=True)


def listen():
    """In a new process: end with the parent, and hear SIGINT, which is ignored below a shell's background job."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Run:
    """Snakemake calls through the profile, in a copy of the repository that has been edited for the cluster."""

    def __init__(self, cluster, folder, config):
        self.cluster, self.folder = cluster, folder
        self.results = folder / "results"
        (folder / PROFILE / "site.yaml").write_text(yaml.safe_dump(SITE))
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        (folder / "fault").mkdir()
        (folder / "fault" / "sitecustomize.py").write_text(FAULT)
        self.known, self.process = set(), None

    def start(self, *targets, fault=None, options=()):
        """Start Snakemake; what it says goes to `said`."""
        self.known = {job["JobId"] for job in self.cluster.jobs()}
        for name in ("trials", "calls", "done", "go"):
            (self.folder / "fault" / name).unlink(missing_ok=True)
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", PROFILE]
        command += ["--configfile", "config.yaml"]
        # Questions a site would mind: the first after 3 s, and one a second.
        command += ["--slurm-init-seconds-before-status-checks", "3", "--max-status-checks-per-second", "1"]
        more = {
            "PYTHONPATH": self.folder / "fault",
            "FAULT_FOLDER": self.folder / "fault",
            "FAULT": json.dumps(fault or {}),
        }
        environment = os.environ | self.cluster.environment | {key: str(value) for key, value in more.items()}
        with (self.folder / "said").open("w") as said:
            self.process = subprocess.Popen(
                list(map(str, [*command, *options, "--", *targets])),
                cwd=self.folder,
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=listen,
            )

    def wait(self, timeout=600):
        """Exit code of Snakemake."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.said) from None

    def stop(self):
        """End Snakemake and the jobs that it left."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        left = [job["JobId"] for job in self.jobs if job["JobState"] in ("PENDING", "RUNNING", "COMPLETING")]
        if left:
            self.cluster.ask("scancel", *left)

    def __call__(self, *targets, **more):
        self.start(*targets, **more)
        return self.wait()

    @property
    def said(self):
        return (self.folder / "said").read_text()

    @property
    def jobs(self):
        """The cluster's jobs of the last call, in the order of their start."""
        jobs = [job for job in self.cluster.jobs() if job["JobId"] not in self.known and self.folder.name in str(job)]
        return sorted(jobs, key=lambda job: int(job["JobId"]))

    def noted(self, name):
        """What the jobs of the last call wrote down: `trials` or `calls`."""
        path = self.folder / "fault" / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def until(self, condition, seconds=180):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end and self.process.poll() is None, self.said
            time.sleep(0.1)

    def spikes(self):
        return {path.parent.name for path in self.results.glob("tiny/8dir_2trials_plain/*/spikes.h5")}


def of_rule(jobs, start):
    return [job for job in jobs if job["Comment"].startswith(f"rule_{start}")]


def memory_mb(job):
    unit = {"M": 1, "G": 1024}[job["MinMemoryNode"][-1]]
    return float(job["MinMemoryNode"][:-1]) * unit


def minutes(job):
    hours, part, _ = job["TimeLimit"].split(":")
    return 60 * int(hours) + int(part)


@pytest.fixture(scope="session")
def small_inputs(repo_root, tmp_path_factory):
    """A copy of the repository with all that the V1 runs of SMALL need, made on this machine."""
    folder = tmp_path_factory.mktemp("inputs")
    copy_of_repository(repo_root, folder)
    (folder / "config.yaml").write_text(yaml.safe_dump(SMALL))
    command = [sys.executable, "-m", "snakemake", "--configfile", "config.yaml", "--cores", "2"]
    command += ["--omit-from", "run_v1_8dir_2trials", "--", *TARGETS]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def run(cluster, tmp_path, small_inputs):
    """A run of SMALL with its inputs in place."""
    shutil.copytree(small_inputs, tmp_path, dirs_exist_ok=True)
    started = Run(cluster, tmp_path, SMALL)
    yield started
    started.stop()


@pytest.fixture
def whole_run(cluster, repo_root, tmp_path):
    """A run of `tiny` with four directions and two processors for V1, from nothing."""
    config = {
        "networks": {"tiny": {"nest_threads": 2, "radius_um": 60, "core_radius_um": 30}},
        "paradigms": {"8dir_2trials": {"parameters": {"direction_deg": [0, 90, 180, 270]}}},
    }
    copy_of_repository(repo_root, tmp_path)
    started = Run(cluster, tmp_path, config)
    yield started
    started.stop()


def test_a_whole_run(whole_run):
    """Build, LGN, background, V1 and the table; V1 with two NEST threads, too."""
    run = whole_run
    code = run("tiny/metrics/OSI_DSI_DF_plain.csv", "tiny/output_plain/spikes.h5")
    assert code == 0, run.said
    assert len(run.spikes()) == 8 and (run.results / "tiny/metrics/OSI_DSI_DF_plain.csv").exists()
    jobs = run.jobs
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}, jobs
    assert {job["Partition"] for job in jobs} == {"cortex"}
    # Conditions of all paradigms in one batch each, V1 in an array, and nothing that is light.
    assert len(of_rule(jobs, "build_network")) == len(of_rule(jobs, "run_filternet")) == 1
    assert len(of_rule(jobs, "generate_background")) == 1
    # What is in a batch runs in turn: the processors of one run, and the time of the five.
    (batch,) = of_rule(jobs, "run_filternet")
    assert int(batch["NumCPUs"]) == 1 and minutes(batch) == 5 * load_table()["safety"]["least_batched_min"]
    assert len({job["ArrayJobId"] for job in of_rule(jobs, "run_v1_8dir_2trials")}) == 1
    assert len(of_rule(jobs, "run_v1_8dir_2trials")) == 4 and len(of_rule(jobs, "run_v1_single")) == 1
    assert len(jobs) == 8
    assert all(int(job["NumCPUs"]) <= SITE["job_cpus"] for job in jobs)
    # V1 uses the processors that SLURM gives: NEST threads for a single trial, else trials side by side.
    cpus = {job["JobId"]: int(job["NumCPUs"]) for job in jobs}
    used = {}
    for call in run.noted("calls"):
        words = call["argv"]
        used[call["job"]] = int(words[words.index("--copies" if "--copies" in words else "-n") + 1])
    assert len(used) == 5 and used == {job: cpus[job] for job in used} and set(used.values()) == {2}


def test_an_array_task_that_fails_is_retried_alone(run):
    # It fails when the other task has ended, whose results it must leave alone.
    other = str(run.results / "tiny/8dir_2trials_plain/provenance/angle0.json")
    code = run(*TARGETS, fault={"once": True, "conditions": ["angle90"], "after": other})
    assert code == 0, run.said
    assert "Missing files" not in run.said
    assert len(run.spikes()) == len(CONDITIONS) * TRIALS
    array = [job for job in run.jobs if "ArrayJobId" in job]
    (again,) = [job for job in run.jobs if "ArrayJobId" not in job]
    assert sorted(job["JobState"] for job in array) == ["COMPLETED", "FAILED"]
    assert again["Comment"].endswith("angle90") and again["JobState"] == "COMPLETED"
    # The trials that the failed task had finished are not simulated again.
    assert run.noted("trials").count("angle0") == TRIALS
    assert run.noted("trials").count("angle90") == TRIALS + 1


def test_a_job_killed_for_memory_comes_back_with_more(run):
    table = load_table()
    amounts = quantities(size_of(table, SMALL["networks"]["tiny"], run.results / "tiny"), TRIALS, duration_s=0.7)
    asked = memory_request_mb(table, "run_v1", amounts, submitted=True)
    # With the 400 MB that the job takes otherwise, more than the first attempt asks for, and less than the second.
    code = run(*TARGETS[1:], fault={"fill_mb": int(1.25 * asked) - 400, "conditions": ["angle90"]})
    assert code == 0, run.said
    first, last = run.jobs
    assert memory_mb(first) == asked
    logs = "".join(path.read_text() for path in run.results.glob("logs/slurm/**/*.log"))
    assert "exceeded memory limit" in logs, run.said + logs
    assert first["JobState"] != "COMPLETED" and last["JobState"] == "COMPLETED"
    assert memory_mb(last) == pytest.approx(1.5 * asked, abs=1)


def test_a_job_out_of_time_comes_back_with_more(run):
    run.start(*TARGETS[1:], fault={"wait": True, "conditions": ["angle90"]})
    run.until(lambda: len(run.noted("trials")) >= 2)
    (job,) = run.jobs
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + 2))
    run.cluster.ask("scontrol", "update", f"JobId={job['JobId']}", f"EndTime={soon}")
    run.until(lambda: run.jobs[0]["JobState"] == "TIMEOUT")
    (run.folder / "fault" / "go").touch()
    assert run.wait() == 0, run.said
    first, last = run.jobs
    assert (first["JobState"], last["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert minutes(last) == 2 * minutes(job)


def test_after_scancel_only_what_is_missing_is_made(run):
    run.start(*TARGETS, fault={"wait": True, "conditions": CONDITIONS}, options=["--retries", 0])
    run.until(lambda: sorted(run.noted("trials")) == sorted(2 * CONDITIONS))
    run.cluster.ask("scancel", *{job["ArrayJobId"] for job in run.jobs})
    assert run.wait() != 0
    assert {job["JobState"] for job in run.jobs} == {"CANCELLED"}
    assert set(run.spikes()) == {f"{condition}_trial0" for condition in CONDITIONS}
    assert run(*TARGETS) == 0, run.said
    assert len(run.spikes()) == len(CONDITIONS) * TRIALS
    # The inputs and the first trial of each condition are there.
    assert {job["Comment"].partition("_wildcards")[0] for job in run.jobs} == {"rule_run_v1_8dir_2trials"}
    assert sorted(run.noted("trials")) == sorted((TRIALS - 1) * CONDITIONS)


def test_interrupting_snakemake_cancels_its_jobs(run):
    run.start(*TARGETS, fault={"wait": True, "conditions": CONDITIONS})
    run.until(lambda: len(run.noted("trials")) == 4)
    run.process.send_signal(signal.SIGINT)
    assert run.wait(90) != 0
    run.cluster.wait_for(lambda: {job["JobState"] for job in run.jobs} == {"CANCELLED"}, "jobs to end")


def test_the_controller_restarts(run):
    run.start(*TARGETS, fault={"wait": True, "conditions": CONDITIONS})
    run.until(lambda: len(run.noted("trials")) == 4)
    run.cluster.stop_controller()
    (run.folder / "fault" / "go").touch()
    time.sleep(15)
    run.cluster.start_controller()
    assert run.wait() == 0, run.said
    assert {job["JobState"] for job in run.jobs} == {"COMPLETED"} and len(run.jobs) == len(CONDITIONS)
    assert sorted(run.noted("trials")) == sorted(TRIALS * CONDITIONS)


def test_nothing_is_left_running(repo_root, tmp_path):
    """Jobs and daemons end with the cluster, also where what used it failed."""
    with pytest.raises(ZeroDivisionError), Cluster(tmp_path / "cluster", cpus=1, memory_mb=500) as cluster:
        cluster.ask("sbatch", "--wrap", "sleep 1000", "--output", tmp_path / "out")
        cluster.wait_for(lambda: cluster.ask("squeue", "-h", "-o", "%T") == "RUNNING", "the job")
        processes = [daemon.pid for daemon in cluster.daemons.values()]
        raise ZeroDivisionError
    ended = subprocess.run(["ps", "-o", "pid=", "-p", ",".join(map(str, processes))], capture_output=True, text=True)
    assert ended.stdout.split() == []
    listed = subprocess.run(["ps", "-ww", "-e", "-o", "args="], capture_output=True, text=True).stdout
    assert str(tmp_path) not in listed and "sleep 1000" not in listed
