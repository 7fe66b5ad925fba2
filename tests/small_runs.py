"""A small network taken through all stages by the scripts themselves, laid out as the workflow lays out its results."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PARADIGM = "two"
CONDITIONS = ("angle0", "angle90")
TRIALS = 2
DEFINITION = {
    "stimulus": "drifting_grating",
    "parameters": {
        "direction_deg": [0, 90],
        "spatial_frequency_cpd": 0.04,
        "temporal_frequency_hz": 2,
        "contrast": 0.8,
        "phase_deg": 0,
    },
    "trials": TRIALS,
    "duration_ms": 300,
    "grey_ms": 100,
    "windows_ms": {"evoked": [100, 300], "spontaneous": [20, 100]},
}
SPIKES = [f"{condition}_trial{trial}/spikes.h5" for condition in CONDITIONS for trial in range(TRIALS)]


def script_path(script):
    """A script by its name, or a figure's by its path below figure_scripts/."""
    return REPOSITORY / (f"figure_scripts/{script}.py" if "/" in script else f"scripts/{script}.py")


def build(name="tiny", folder="tiny", **more):
    """Arguments of build_network.py."""
    options = {"radius-um": 40, "core-radius-um": 20, "lgn": "small", "base-props": REPOSITORY / "base_props"} | more
    return ["build_network", "--name", name, "--output", folder, *flags(options)]


def flags(options):
    """Options with their values as a flat list of text."""
    return [text for name, value in options.items() for text in (f"--{name}", str(value))]


def render_paradigm(name=PARADIGM, definition=DEFINITION):
    """Arguments of render_paradigm.py."""
    values = {"name": name, "definition": json.dumps(definition), "condition-names": '{"direction_deg": "angle"}'}
    return ["render_paradigm", *flags(values | {"output": f"paradigms/{name}.json"})]


def render_configs(engine, name=PARADIGM):
    """Arguments of render_configs.py for one of the engines."""
    schema = REPOSITORY / "workflow/schemas/sonata_config.schema.yaml"
    common = {"schema": schema, "paradigm": f"paradigms/{name}.json"}
    template = REPOSITORY / f"config_templates/{'filternet' if engine == 'lgn' else 'pointnet'}.json"
    if engine == "lgn":
        own = {"template": template, "seed": 153, "output-dir": f"tiny/configs/{name}"}
    else:
        own = {"template": template, "v1-edges": "v1_v1_edges.h5", "background-edges": "bkg_v1_edges.h5"}
        own |= {"run-folder": f"{name}_plain/{{condition}}_trial{{trial}}", "output-dir": f"tiny/configs/{name}_plain"}
    return ["render_configs", engine, *flags(common | own)]


def filternet(condition, name=PARADIGM):
    """Arguments of run_filternet.py."""
    return ["run_filternet", f"tiny/configs/{name}/filternet_{condition}.json"]


def background(condition, name=PARADIGM):
    """Arguments of generate_background.py."""
    values = {
        "paradigm": f"paradigms/{name}.json",
        "condition": condition,
        "seed": 153,
        "output-dir": f"tiny/bkg_{name}",
    }
    return ["generate_background", *flags(values)]


def pointnet(*conditions, name=PARADIGM, trials=TRIALS):
    """Arguments of run_pointnet.py, all trials of some conditions."""
    folder = f"tiny/configs/{name}_plain"
    return ["run_pointnet", *(f"{folder}/{c}_trial{t}.json" for c in conditions for t in range(trials))]


def odsi(name=PARADIGM):
    """Arguments of calculate_odsi.py."""
    values = {"paradigm": f"paradigms/{name}.json", "network-dir": "tiny/network", "spikes-dir": f"tiny/{name}_plain"}
    tables = {"rates": "tiny/metrics/Rates_DF_plain.csv", "selectivity": "tiny/metrics/OSI_DSI_DF_plain.csv"}
    return ["calculate_odsi", *flags(values | tables)]


def similarity():
    """Arguments of calculate_similarity.py."""
    tables = {"naming-scheme": REPOSITORY / "base_props/cell_type_naming_scheme.csv"}
    tables |= {"percentiles": REPOSITORY / "base_props/neuropixels_percentiles.csv"}
    values = {
        "network-dir": "tiny/network",
        "selectivity": "tiny/metrics/OSI_DSI_DF_plain.csv",
        "seed": 153,
        "resamples": 20,
    }
    return ["calculate_similarity", *flags(values | tables | {"output": "tiny/metrics/similarity_plain.csv"})]


def cell_weights():
    """Arguments of calculate_cell_weights.py."""
    values = {"edges": "tiny/network/v1_v1_edges.h5", "network-dir": "tiny/network"}
    return ["calculate_cell_weights", *flags(values | {"output": "tiny/metrics/cell_weights_plain.csv"})]


def node_set(name="exc_high_outgoing_weight_by_layer_all"):
    """Arguments of make_node_set.py."""
    values = {"node-set": name, "option": "plain", "network-dir": "tiny/network"}
    values |= {"cell-weights": "tiny/metrics/cell_weights_plain.csv"}
    values |= {"naming-scheme": REPOSITORY / "base_props/cell_type_naming_scheme.csv"}
    return ["make_node_set", *flags(values | {"output": f"tiny/node_sets/plain/{name}.json"})]


def contrast_counts():
    """Arguments of aggregate_contrast_spikes.py, which take a paradigm without blanks."""
    values = {"paradigm": f"paradigms/{PARADIGM}.json", "network-dir": "tiny/network"}
    return ["aggregate_contrast_spikes", *flags(values | {"spikes-dir": f"tiny/{PARADIGM}_plain", "output": "x.npz"})]


def raster():
    """Arguments of plot_raster.py."""
    values = {"spikes": f"tiny/{PARADIGM}_plain/{SPIKES[0]}", "network-dir": "tiny/network"}
    values |= {"naming-scheme": REPOSITORY / "base_props/cell_type_naming_scheme.csv"}
    values |= {"paradigm": f"paradigms/{PARADIGM}.json", "condition": CONDITIONS[0]}
    values |= {"output-stem": "tiny/figures/raster"}
    return ["selectivity/plot_raster", *flags(values)]


def summary_figure():
    """Arguments of plot_network_summary.py."""
    values = {"network-dir": "tiny/network", "output-stem": "tiny/figures/network_summary"}
    values |= {"naming-scheme": REPOSITORY / "base_props/cell_type_naming_scheme.csv"}
    return ["network/plot_network_summary", *flags(values)]


def steps():
    """All commands in order."""
    yield from (build(), render_paradigm(), render_configs("lgn"), render_configs("v1"))
    yield from (filternet(condition) for condition in CONDITIONS)
    yield from (background(condition) for condition in CONDITIONS)
    yield from (pointnet(*CONDITIONS), odsi(), similarity(), cell_weights(), node_set())


def load_script(script):
    """A script as a module of its own."""
    path = script_path(script)
    name = f"script_{path.stem}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def as_process(command):
    """A command as the workflow starts it."""
    return [sys.executable, str(script_path(command[0])), *map(str, command[1:])]


def run(command, folder, **options):
    """Run a command in its own process, in a folder of results; it must succeed."""
    done = subprocess.run(as_process(command), cwd=folder, capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """Folder of results in which every stage has run; not to be changed."""
    folder = tmp_path_factory.mktemp("small_run")
    for command in steps():
        run(command, folder)
    return folder


def linked_copy(folder, target):
    """A copy of a folder of results that shares its files with it, until one is replaced."""
    return Path(shutil.copytree(folder, target, copy_function=os.link))


def own(path):
    """A file of a linked copy, made its own, so that it can be changed in place."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    return path
