"""Trials that a failed or killed run had finished are not simulated again, and never taken for another simulation's."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from test_pointnet import SCRIPT, clamp_and_report, config_of, poisson_spikes, write_network, write_spike_file
from v1_files.files import _temporary
from v1_model.engines import finished_trials
from v1_model.engines.configs import read_trials
from v1_model.engines.finished_trials import FinishedTrial, engine_modules, fingerprint

# Imported by every Python that is started: counts forks of the simulation, and ends the one that it is told to end.
FAULT = """
import os, signal, sys
folder, plan, turn = os.environ["FAULT_FOLDER"], os.environ["FAULT_PLAN"], int(os.environ["FAULT_TURN"])
forks = 0

def count():
    global forks
    forks += 1

def in_child():
    with open(os.path.join(folder, "forks"), "a") as file:
        file.write("fork\\n")
    if forks != turn or plan == "none":
        return
    if plan == "child":
        os.kill(os.getpid(), signal.SIGKILL)
    if plan == "job":
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(1)
    os.killpg(0, signal.SIGINT if plan == "interrupt" else signal.SIGKILL)
    signal.pause()

if any(argument.endswith("run_pointnet.py") for argument in sys.orig_argv[1:3]):
    os.register_at_fork(before=count, after_in_child=in_child)
"""


@pytest.fixture
def faulty(tmp_path):
    """Run a command with a fault in the simulation of its turn; exit code, what it said and trials simulated."""
    folder = tmp_path / "fault"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(FAULT)

    def run(command, plan="none", turn=2, cwd=None):
        (folder / "forks").write_text("")
        more = {"FAULT_FOLDER": folder, "FAULT_PLAN": plan, "FAULT_TURN": turn, "PYTHONPATH": folder}
        environment = os.environ | {key: str(value) for key, value in more.items()}
        options = {"capture_output": True, "text": True, "timeout": 120, "start_new_session": True}
        done = subprocess.run([sys.executable, *map(str, command)], env=environment, cwd=cwd, **options)
        return done.returncode, done.stdout + done.stderr, (folder / "forks").read_text().count("fork")

    return run


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A network with a report, its three trials, and outputs of a run of them without a fault."""
    folder = tmp_path_factory.mktemp("finished")
    write_network(folder)
    configs = [config_of(folder, trial, **clamp_and_report([3], [1, 4])) for trial in range(3)]
    command = [sys.executable, str(SCRIPT), *map(str, configs), "-o", str(folder / "out")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder, configs


@pytest.fixture
def trials(undisturbed, tmp_path):
    """Two trials with outputs in a folder of their own."""
    folder, configs = undisturbed
    shutil.copytree(folder / "out", tmp_path / "out")
    return read_trials(configs[:2], tmp_path / "out")


def unfinished_name(stem, suffix):
    """Name of what a process that is no more was writing."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return _temporary(Path(stem + suffix), process=gone.pid).name


def outputs_of(folder):
    """Content of the outputs of all trials, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("trial*/*.h5")}


def kept(folder):
    """Inodes of the spikes that are kept in a folder, the last output, by the name of the trial."""
    digests = folder.glob(".trial*.finished/[!.]*/digests.json")
    last = [max(path.parent.glob("[0-9]")) for path in digests]
    return {path.parts[-3][1:7]: path.stat().st_ino for path in last}


@pytest.mark.parametrize(
    ("plan", "code", "options"),
    [
        ("child", 1, ["--copies", 1]),
        ("child", 1, ["--threads", 2]),
        ("job", -signal.SIGKILL, ["--copies", 1]),
        ("interrupt", None, ["--copies", 1]),
    ],
)
def test_only_what_is_missing_is_simulated(undisturbed, faulty, tmp_path, plan, code, options):
    folder, configs = undisturbed
    out = tmp_path / "out"
    command = [SCRIPT, *configs, "-o", out, *options]
    found, said, _ = faulty(command, plan)
    assert found == code if code is not None else found != 0, said
    finished = kept(out)
    if plan == "child":
        assert "1 of 3 trials failed" in said and "trial1: killed by SIGKILL" in said
        assert set(finished) == {"trial0", "trial2"}
    else:
        assert set(finished) == {"trial0"}
    for path in out.glob("trial*/*.h5"):
        path.unlink()
    (out / "trial1").mkdir(exist_ok=True)
    (out / "trial1" / unfinished_name("v_m", ".h5")).write_text("left by a killed process")
    found, said, simulated = faulty(command)
    assert found == 0, said
    assert simulated == 3 - len(finished) and f"{len(finished)} of 3 trials are finished already" in said
    assert {name: (out / name / "spikes.h5").stat().st_ino for name in finished} == finished
    assert outputs_of(out) == outputs_of(folder / "out")
    assert sorted(path.name for path in out.iterdir()) == ["trial0", "trial1", "trial2"]


def test_a_run_with_nothing_left_to_do(undisturbed, faulty, trials, tmp_path):
    folder, configs = undisturbed
    for trial in trials:
        FinishedTrial(trial).keep()
        shutil.rmtree(trial.output_dir)
    found, said, simulated = faulty([SCRIPT, *configs[:2], "-o", tmp_path / "out"])
    assert (found, simulated) == (0, 0), said
    assert outputs_of(tmp_path / "out") == outputs_of(folder / "out")
    assert not kept(tmp_path / "out")


def test_a_single_trial_keeps_nothing(undisturbed, faulty, tmp_path):
    _, configs = undisturbed
    found, said, simulated = faulty([SCRIPT, configs[0], "-o", tmp_path / "out/trial0"])
    assert (found, simulated) == (0, 0), said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["trial0"]


def test_restored_whole_or_not_at_all(trials):
    trial = trials[0]
    FinishedTrial(trial).keep()
    shutil.rmtree(trial.output_dir)
    assert FinishedTrial(trial).restore()
    assert {path.name for path in trial.output_dir.iterdir()} == {"spikes.h5", "v_m.h5"}
    FinishedTrial(trial).remove()
    assert not FinishedTrial(trial).restore()


def truncate(folder):
    path = folder / "1"
    path.write_bytes(path.read_bytes()[:-100])


def edit(folder):
    with h5py.File(folder / "1", "r+") as h5:
        h5["spikes/v1/timestamps"][0] += 0.25


@pytest.mark.parametrize(
    "damage",
    [
        truncate,
        edit,
        lambda folder: (folder / "0").unlink(),
        lambda folder: (folder / "digests.json").unlink(),
        lambda folder: (folder / "digests.json").write_text('["'),
        lambda folder: (shutil.rmtree(folder), folder.write_text("a file")),
        lambda folder: folder.rename(folder.with_name(f".{folder.name[:12]}")),
    ],
    ids=["truncated", "edited", "incomplete", "no_digests", "half_digests", "file", "unfinished"],
)
def test_damaged_is_not_taken(trials, damage):
    place = FinishedTrial(trials[0])
    place.keep()
    shutil.rmtree(trials[0].output_dir)
    (folder,) = place.folder.iterdir()
    damage(folder)
    assert not place.restore()
    assert not place.folder.exists() and not trials[0].output_dir.exists()


def test_another_trial_is_not_taken(trials):
    first, second = (FinishedTrial(trial) for trial in trials)
    first.keep()
    first.folder.rename(second.folder)
    assert not second.restore()


def test_copies_where_there_are_no_links(trials, monkeypatch):
    def refuse(source, target):
        raise PermissionError("no links here")

    monkeypatch.setattr(finished_trials.os, "link", refuse)
    before = trials[0].spikes_file.read_bytes()
    FinishedTrial(trials[0]).keep()
    shutil.rmtree(trials[0].output_dir)
    assert FinishedTrial(trials[0]).restore()
    assert trials[0].spikes_file.read_bytes() == before


def change_config(folder, rules):
    path = folder / "config_0.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"run": {"tstop": 200.0, "dt": 0.25}}))


@pytest.mark.parametrize(
    "change",
    [
        change_config,
        lambda folder, rules: write_spike_file(folder / "lgn_0.h5", "lgn", *poisson_spikes(7, 50, 40.0)),
        lambda folder, rules: (folder / "network/v1_v1_edges.h5").touch(),
        lambda folder, rules: (folder / "network/v1_node_types.csv").touch(),
        lambda folder, rules: (folder / "components/cell_models/322723785.json").touch(),
        lambda folder, rules: rules.write_text("other rules"),
    ],
    ids=["config", "spikes", "edges", "types", "component", "modulation"],
)
def test_a_changed_input_is_another_key(undisturbed, tmp_path, change):
    folder = tmp_path / "copy"
    shutil.copytree(undisturbed[0], folder, ignore=shutil.ignore_patterns("out"))
    config, rules = config_of(folder, 0), tmp_path / "rules.txt"
    rules.write_text("some rules")

    def key():
        return fingerprint(read_trials([config])[0], rules)

    before = key()
    assert key() == before
    change(folder, rules)
    assert key() != before


def test_threads_and_rules_belong_to_the_key(trials, tmp_path):
    rules = tmp_path / "rules.txt"
    rules.write_text("rules")
    keys = [fingerprint(trials[0], **more) for more in ({}, {"threads": 2}, {"modulation_file": rules})]
    assert len({*keys, fingerprint(trials[1])}) == 4


def test_modules_that_make_the_spikes_belong_to_the_key(repo_root):
    names = {os.path.relpath(path, repo_root) for path in engine_modules()}
    engine = ("checks", "clamps", "configs", "modulation", "nest/edges", "nest/modules", "nest/pointnet")
    assert {f"v1_model/engines/{name}.py" for name in engine} <= names
    # These put files in their places.
    assert names.isdisjoint({"v1_files/files.py", "v1_files/code.py", "v1_model/engines/finished_trials.py"})


def test_stale_trials_are_simulated_again_and_removed(undisturbed, faulty, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(undisturbed[0], folder, ignore=shutil.ignore_patterns("out"))
    configs = [config_of(folder, trial) for trial in range(3)]
    command = [SCRIPT, *configs, "--copies", 1]
    faulty(command, "child", turn=3)
    assert len(kept(folder)) == 2
    (folder / "lgn_0.h5").touch()
    found, said, simulated = faulty(command)
    assert (found, simulated) == (0, 2), said
    assert not list(folder.glob(".*finished"))


SMALL = [
    "networks={tiny: {radius_um: 40, core_radius_um: 20}}",
    "paradigms={8dir_2trials: {parameters: {direction_deg: [0, 90, 180, 270]}, trials: 3, duration_ms: 700, "
    "grey_ms: 300, windows_ms: {evoked: [300, 700], spontaneous: [100, 300]}}}",
]


@pytest.mark.slow
def test_snakemake_runs_what_is_missing(repo_root, faulty, tmp_path):
    results = tmp_path / "results"
    command = ["-m", "snakemake", "--snakefile", repo_root / "Snakefile", "--directory", results, "--nolock"]
    targets = [f"tiny/8dir_2trials_plain/{condition}_trial0/spikes.h5" for condition in ("angle0", "angle90")]

    def snakemake(plan="none", targets=targets):
        return faulty([*command, "--cores", 1, "--config", *SMALL, "--", *targets], plan, cwd=repo_root)

    def spikes():
        return {path.parent.name: path.read_bytes() for path in results.glob("tiny/8dir*/*/spikes.h5")}

    def finished():
        return sorted(path.name for path in results.glob("tiny/8dir*/.*finished"))

    code, said, simulated = snakemake("child", targets[:1])
    assert code != 0 and "angle0_trial1: killed by SIGKILL" in said
    # Snakemake removed the outputs of the failed job; two trials of three are kept all the same.
    assert (simulated, spikes(), finished()) == (3, {}, [f".angle0_trial{trial}.finished" for trial in (0, 2)])
    code, said, simulated = snakemake("everything", targets[1:])
    assert (code, simulated) == (-signal.SIGKILL, 2)
    assert len(finished()) == 3
    code, said, simulated = snakemake()
    assert (code, simulated, finished()) == (0, 3, []), said
    folder = results / "tiny/configs/8dir_2trials_plain"
    configs = sorted(path for name in ("angle0", "angle90") for path in folder.glob(f"{name}_*.json"))
    code, said, simulated = faulty([SCRIPT, *configs, "-o", tmp_path / "undisturbed"])
    assert (code, simulated) == (0, 6), said
    undisturbed = {path.parent.name: path.read_bytes() for path in (tmp_path / "undisturbed").glob("*/spikes.h5")}
    assert spikes() == undisturbed and len(undisturbed) == 6
