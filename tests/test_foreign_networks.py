"""Network files that users put in the place of built ones are not replaced: plan and build refuse them."""

import os
import shutil
import subprocess
import sys

import h5py
import pytest

from built_networks import tables  # noqa: F401
from v1_model.network.builder import NetworkSpec, build_network
from v1_model.network.built_files import BUILT, UNFINISHED, foreign_files

SPEC = NetworkSpec("tiny", 40, 20, lgn="small")


@pytest.fixture(scope="module")
def built(tables, tmp_path_factory):
    """Folder of a built network."""
    folder = tmp_path_factory.mktemp("built")
    build_network(SPEC, tables, folder)
    return folder


@pytest.fixture
def folder(built, tmp_path):
    return shutil.copytree(built, tmp_path / "results" / "tiny")


def remove_description(folder):
    """What a network of another program looks like."""
    (folder / "network" / "network.json").unlink()


def replace_edges(folder):
    """Other weights in a file of the same size, with the old time of change."""
    path = folder / "network" / "v1_v1_edges.h5"
    before = path.stat()
    with h5py.File(path, "r+") as h5:
        h5["edges/v1_to_v1/0/syn_weight"][:] *= 2
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def only(*kept):
    """Remove all but some files and folders of a network."""

    def edit(folder):
        for path in [*(folder / "network").iterdir(), folder / "components"]:
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    return edit


FOREIGN = {
    "all": (remove_description, {*(f"network/{name}" for name in BUILT), "components/"}),
    "one file": (only("v1_nodes.h5"), {"network/v1_nodes.h5"}),
    "nodes and cell models": (only("v1_nodes.h5", "components"), {"network/v1_nodes.h5", "components/"}),
    "other weights": (replace_edges, {"network/v1_v1_edges.h5"}),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_build_refuses_files_of_others(tables, folder, case):
    edit, expected = FOREIGN[case]
    edit(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=r"did not write .* Move them elsewhere .* v1_v1_edges_{option}\.h5") as caught:
        build_network(SPEC, tables, folder)
    assert all(name in str(caught.value) for name in expected)
    assert set(foreign_files(folder)) == expected
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def own_network(folder):
    """As built."""


def placed_edges(folder):
    """Weights of an option, placed by the user."""
    shutil.copy(folder / "network" / "v1_v1_edges.h5", folder / "network" / "v1_v1_edges_naive.h5")


def killed_build(folder):
    remove_description(folder)
    (folder / "network" / UNFINISHED).touch()


def lacks_a_file(folder):
    (folder / "network" / "unitary_psp.csv").unlink()


@pytest.mark.parametrize(
    "edit",
    [own_network, placed_edges, killed_build, lacks_a_file, only(), only("components"), only("v1_v1_edges_a.h5")],
)
def test_files_of_this_project_are_built_again(folder, edit):
    edit(folder)
    assert foreign_files(folder) == []


def test_a_killed_build_is_done_again_and_option_edges_stay(tables, folder, built):
    killed_build(folder)
    placed_edges(folder)
    build_network(SPEC, tables, folder)
    names = {path.name for path in (folder / "network").iterdir()}
    assert names == {path.name for path in (built / "network").iterdir()} | {"v1_v1_edges_naive.h5"}
    assert foreign_files(folder) == []


def test_a_failed_build_leaves_nothing_that_passes_for_somebody_elses(tables, tmp_path):
    def stop(line):
        if line.startswith("recurrent"):
            raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        build_network(SPEC, tables, tmp_path, report=stop)
    assert foreign_files(tmp_path) == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_plan_refuses_files_of_others(repo_root, folder):
    """Before Snakemake deletes them to build; a dry run says so, too."""
    remove_description(folder)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(repo_root / "Snakefile"), "--directory"]
    command += [str(folder.parent), "--cores", "1", "--dry-run", "--", "tiny/network/network.json"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "tiny: found network/v1_nodes.h5" in said and "Move them elsewhere" in said
    assert (folder / "network" / "v1_nodes.h5").exists()
