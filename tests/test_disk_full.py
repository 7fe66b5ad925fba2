"""A full disk: a clear error, no half file, and a rerun that succeeds once there is space."""

import errno
import os
import resource
import shutil
import subprocess

import h5py
import numpy as np
import pytest

from small_runs import (
    CONDITIONS,
    as_process,
    background,
    build,
    filternet,
    linked_copy,
    pointnet,
    run,
    small_run,  # noqa: F401 - a fixture
)
from v1_files.files import whole_file, whole_folder
from v1_files.sonata.edges import copy_with_weights, open_edges

NO_SPACE = "No space left on device, so it was not written"


@pytest.fixture
def small_disk(tmp_path):
    """Make a disk of some size in a folder, and change its size."""
    mounted = []

    def mount(size_kb, folder=None):
        options = f"size={size_kb}k"
        if folder is None:
            folder = tmp_path / "disk"
            folder.mkdir()
            command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        else:
            command = ["mount", "-o", f"remount,{options}", folder]
        if os.geteuid() or shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("a small disk needs root and the right to mount a tmpfs")
        mounted.append(folder)
        return folder

    yield mount
    for folder in set(mounted):
        subprocess.run(["umount", folder], check=True)


def content(folder):
    """Files of a folder by path; the log of a simulation has the time of day in it."""
    files = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file() and path.name != "log.txt"}
    return {str(name): path.read_bytes() for name, path in sorted(files.items())}


def refused(command, folder):
    """Run a command that must end with one clear error; what it said."""
    done = subprocess.run(as_process(command), cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stderr
    assert NO_SPACE in done.stderr and "Traceback" not in done.stderr and "Logging error" not in done.stderr, (
        done.stderr
    )
    return done.stderr


@pytest.mark.parametrize("size_kb", [80, 500, 6000, 14000])
def test_building(small_run, small_disk, size_kb):
    disk, expected = small_disk(size_kb), content(small_run / "tiny/network") | content(small_run / "tiny/components")
    refused(build(folder="net"), disk)
    found = content(disk / "net")
    assert all(expected[path.partition("/")[2]] == data for path, data in found.items()), "half a file"
    assert "network/network.json" not in found
    small_disk(64_000, disk)
    run(build(folder="net"), disk)
    assert content(disk / "net/network") | content(disk / "net/components") == expected


@pytest.mark.parametrize("copies", [1, 2])
def test_simulating(small_run, small_disk, tmp_path, copies):
    results, disk = linked_copy(small_run, tmp_path / "results"), small_disk(60)
    command = [*pointnet(*CONDITIONS), "--copies", copies, "-o", disk / "out"]
    said = refused(command, results)
    assert "of 4 trials failed" in said
    expected = content(small_run / "tiny/two_plain")
    whole = {path: data for path, data in content(disk / "out").items() if not path.startswith(".")}
    assert whole.items() <= expected.items() and len(whole) < len(expected)
    small_disk(1000, disk)
    run(command, results)
    assert content(disk / "out") == expected


@pytest.mark.parametrize(
    ("command", "output"),
    [(background("angle0"), "tiny/bkg_two"), (filternet("angle0"), "tiny/filternet_two")],
    ids=["background", "lgn"],
)
def test_inputs_of_v1(small_run, small_disk, command, output):
    disk = small_disk(1500)
    (disk / "tiny/network").mkdir(parents=True)
    for name in ("network/lgn_nodes.h5", "network/lgn_node_types.csv"):
        shutil.copy(small_run / "tiny" / name, disk / "tiny" / name)
    for name in ("paradigms", "tiny/configs"):
        shutil.copytree(small_run / name, disk / name)
    used_kb = sum(-(-len(data) // 4096) * 4 for data in content(disk).values())
    small_disk(used_kb + 150, disk)
    refused(command, disk)
    expected = content(small_run / output)
    assert content(disk / output).items() <= expected.items() if (disk / output).exists() else True
    small_disk(used_kb + 4000, disk)
    run(command, disk)
    assert content(disk / output).items() <= expected.items() and content(disk / output)


def test_edges_with_other_weights(tmp_path):
    """The file that is written is blamed, not the one that is open for reading; the error keeps its number."""
    source, target = tmp_path / "built.h5", tmp_path / "out" / "adjusted.h5"
    with h5py.File(source, "w") as h5:
        group = h5.create_group("edges/v1_to_v1")
        for name in ("source_node_id", "target_node_id", "edge_type_id"):
            group[name] = np.zeros(20_000, dtype=np.uint64)
        group["0/syn_weight"] = np.zeros(20_000, dtype=np.float32)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"File too large, so it was not written: .*adjusted\.h5'") as caught:
            with open_edges(source) as edges:
                copy_with_weights(source, target, edges.population, [np.ones(20_000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
    assert list(target.parent.iterdir()) == []


def test_a_file_and_a_folder(small_disk):
    disk = small_disk(8)
    with pytest.raises(OSError, match=f"{NO_SPACE}: .*table.csv"), whole_file(disk / "table.csv") as part:
        part.write_bytes(bytes(20_000))
    with pytest.raises(OSError, match=f"{NO_SPACE}: .*models"), whole_folder(disk / "models") as part:
        (part / "one").write_bytes(bytes(20_000))
    assert list(disk.iterdir()) == []
