"""What SECURITY.md promises: nothing that a file or a name holds is run, and none of it reaches a shell unquoted."""

import ast
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml

from analysis_shared.metrics.contrasts import read_counts
from checked_config import checked, load_schema
from v1_files.reading import read_json

FOLDERS = ("v1_model", "analysis_shared", "scripts", "figure_scripts", "workflow", "benchmarks")
# Calls that run what they are given, or read a format that does.
FORBIDDEN = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads", "pd.read_pickle",
    "yaml.load", "yaml.unsafe_load", "yaml.full_load", "joblib.load", "marshal.loads", "subprocess.getoutput",
}  # fmt: skip
MODULES = {"pickle", "cPickle", "dill", "shelve", "marshal", "joblib", "cloudpickle"}
# Numbers and words that the schema allows only as such, and paths and flags that the rules make of names.
UNQUOTED = {
    "threads", "log", "output", "params.seed", "params.radius_um", "params.core_radius_um", "params.lgn",
    "params.like_to_like", "params.fluctuating_counts", "params.background_weights", "params.background_rate_hz",
    "params.condition", "params.v1_edges", "params.background_edges", "params.parallel", "params.rate_hz",
    "params.more", "params.networks", "params.source", "params.target_factor", "params.window_ms",
    "params.unitary_psp",
}  # fmt: skip
HOSTILE = [
    "my net",
    "a;touch owned",
    "$(touch owned)",
    "`touch owned`",
    "a'b",
    'a"b',
    "../up",
    "a/b",
    "-rf",
    "a\nb",
    "ä",
    "",
]
SECTIONS = {
    "networks": {"radius_um": 50, "core_radius_um": 20},
    "options": {"v1_edges": "built", "background_edges": "built"},
    "perturbations": {"node_set": "pv_core"},
}


def sources(repo_root):
    return [path for folder in FOLDERS for path in (repo_root / folder).rglob("*.py")]


def test_nothing_that_is_read_is_run(repo_root):
    found = []
    for path in sources(repo_root):
        for node in ast.walk(ast.parse(path.read_text())):
            where = f"{path.relative_to(repo_root)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                words = {word.arg: ast.unparse(word.value) for word in node.keywords}
                is_bad = (
                    name in FORBIDDEN or words.get("shell") == "True" or words.get("allow_pickle", "False") != "False"
                )
                found += [f"{where}: {name}"] * is_bad
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            found += [f"{where}: {name}" for name in modules if name.partition(".")[0] in MODULES]
    assert not found


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_pickled_counts_are_refused(tmp_path):
    np.savez(tmp_path / "counts.npz", evoked_counts=np.array([Bomb(tmp_path / "owned")], dtype=object))
    with pytest.raises(ValueError, match=r"counts\.npz"):
        read_counts(tmp_path / "counts.npz")
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['touch owned']", "!!python/name:os.system"])
def test_yaml_makes_no_objects(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema.yaml").write_text(f"a: {text}")
    with pytest.raises(yaml.YAMLError):
        load_schema(tmp_path / "schema.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["schema.yaml"]


def test_json_is_plain(tmp_path):
    (tmp_path / "a.json").write_text('{"a": Infinity}')
    with pytest.raises(ValueError, match=r"a\.json: not JSON: Infinity"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("section", [*SECTIONS, "paradigms"])
def test_names_are_names(repo_root, section, name):
    config = yaml.safe_load((repo_root / "config/config.yaml").read_text())
    entry = SECTIONS.get(section, config["paradigms"]["single"])
    config[section][name] = entry
    with pytest.raises(ValueError, match=re.escape(section)):
        checked(config, load_schema(repo_root / "workflow/schemas/config.schema.yaml"))


def test_shell_commands_quote_what_they_are_given(repo_root):
    unquoted = set()
    for path in (repo_root / "workflow/rules").glob("*.smk"):
        for command in re.findall(r"shell:\n((?:\s+\"(?:[^\"\\]|\\.)*\"\n)+)", path.read_text()):
            unquoted |= set(re.findall(r"\{([a-z_.0-9]+)\}", command))
    assert {name for name in unquoted if not name.startswith("wildcards.")} <= UNQUOTED


@pytest.mark.slow
def test_folders_with_any_name(repo_root, tmp_path):
    """Seed tables and results in folders whose names a shell would take apart."""
    seeds, results = tmp_path / "seed 'tables'; touch owned $(touch owned)", tmp_path / "my \"results\" & 'more'"
    shutil.copytree(repo_root / "base_props", seeds)
    overrides = tmp_path / "mine.yaml"
    network = {"tiny": {"radius_um": 40, "core_radius_um": 20}}
    overrides.write_text(yaml.safe_dump({"seed_tables": str(seeds), "networks": network}))
    command = [sys.executable, "-m", "snakemake", "--snakefile", repo_root / "Snakefile", "--directory", results]
    command += ["--cores", "1", "--configfile", overrides, "--", "tiny/metrics/Rates_DF_plain.csv"]
    # A dry run of everything, and a real build.
    for arguments in (["--dry-run"], ["--until", "build_network"]):
        done = subprocess.run(
            [*map(str, command[:-2]), *arguments, "--", str(command[-1])], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (results / "tiny/network/network.json").is_file()
    assert not list(tmp_path.rglob("owned"))
