"""The environment is stated once, in pyproject.toml; the lock file and environment.yml hold the same pins."""

import re
import tomllib

import pytest
import yaml

# Packages that go by another name on conda-forge.
PYPI_NAMES = {"matplotlib-base": "matplotlib"}
NOT_PINNED = {"python", "pip"}


@pytest.fixture(scope="module")
def project(repo_root):
    return tomllib.loads((repo_root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def pins(project):
    """Version of each direct dependency by name, extras included."""
    requirements = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    assert all("==" in requirement for requirement in requirements), "every direct dependency is pinned with =="
    return dict(requirement.split("==") for requirement in requirements)


@pytest.fixture(scope="module")
def lock(repo_root):
    return (repo_root / "requirements.lock").read_text()


def test_conda_environment_has_the_same_pins(repo_root, pins):
    environment = yaml.safe_load((repo_root / "environment.yml").read_text())
    [from_pip] = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    listed = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    pairs = [re.split("==|>=", entry) for entry in listed if entry not in NOT_PINNED] + [
        e.split("==") for e in from_pip
    ]
    found = {PYPI_NAMES.get(name, name): version for name, version in pairs if name not in NOT_PINNED}
    assert found == pins


def test_conda_environment_takes_conda_forge_alone(repo_root):
    environment = yaml.safe_load((repo_root / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_conda_environment_has_the_same_python(repo_root, project):
    environment = yaml.safe_load((repo_root / "environment.yml").read_text())
    assert f"python{project['requires-python']}" in environment["dependencies"]


def test_lock_holds_every_direct_dependency(lock, pins):
    locked = dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock, flags=re.MULTILINE))
    assert {name: locked.get(name) for name in pins} == pins


def test_lock_names_no_place(lock):
    assert not re.search(r"https?://|file:|--index-url|--find-links| @ ", lock)


def test_everything_locked_has_a_hash(lock):
    entries = re.split(r"\n(?=[a-z0-9])", lock)
    without = [entry.splitlines()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry]
    assert without == []


@pytest.mark.parametrize(
    ("library", "others"),
    [("v1_files", "v1_model|analysis_shared"), ("v1_model", "analysis_shared"), ("analysis_shared", "v1_model")],
)
def test_imports_run_one_way(repo_root, library, others):
    """Both libraries stand on v1_files and do not know each other; none knows a script, a figure or the workflow."""
    others = rf"{others}|scripts|figure_scripts|workflow|benchmarks"
    for path in (repo_root / library).rglob("*.py"):
        found = re.search(rf"^\s*(from|import) ({others})\b", path.read_text(), flags=re.MULTILINE)
        assert not found, f"{path}: {found[0]}"
