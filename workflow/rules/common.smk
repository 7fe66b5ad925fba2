"""What the rules share: the checked config, wildcards, paths, targets."""

import json
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

REPOSITORY = Path(workflow.basedir)
sys.path[:0] = [str(REPOSITORY / folder) for folder in ("workflow", "scripts")]

from checked_config import checked, load_schema
from local_imports import imported_files
from resource_model import (
    load_table,
    machine_memory_mb,
    memory_request_mb,
    quantities,
    runtime_request_min,
    size_of,
)

# The steps run in Snakemake's own environment, activated or not, with the libraries of this repository.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]),
    PYTHONPATH=os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
)

try:
    CONFIG = checked(config, load_schema(REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"))
except ValueError as error:
    raise WorkflowError(str(error)) from None

NETWORKS, OPTIONS, PARADIGMS = CONFIG["networks"], CONFIG["options"], CONFIG["paradigms"]
CONDITIONS = {name: [c["name"] for c in paradigm["conditions"]] for name, paradigm in PARADIGMS.items()}
ENVIRONMENT = "../../environment.yml"
RESOURCES = load_table()

# Jobs that run here share this machine's memory, unless --resources says how much.
if workflow.local_exec and "mem_mb" not in workflow.global_resources:
    workflow.global_resources["mem_mb"] = machine_memory_mb()


def one_of(names):
    """Regular expression of a wildcard that takes these names only."""
    return "|".join(map(re.escape, names))


wildcard_constraints:
    network=one_of(NETWORKS),
    option=one_of(OPTIONS),
    paradigm=one_of(PARADIGMS),
    condition=one_of(dict.fromkeys(name for names in CONDITIONS.values() for name in names)),


# --- files of the repository ---------------------------------------------------------------------------------------


def repo(path):
    """A file of the repository, relative to the working directory."""
    return os.path.relpath(REPOSITORY / path)


def library(script):
    """The library modules that a script imports, relative to the working directory."""
    return [os.path.relpath(path) for path in imported_files(REPOSITORY / script, (REPOSITORY, REPOSITORY / "scripts"))]


def seed_table(name=""):
    """The folder of the seed tables, or one of them, relative to the working directory."""
    return repo(Path(CONFIG["seed_tables"], name))


def seed_tables():
    """All seed tables."""
    folder = REPOSITORY / CONFIG["seed_tables"]
    return [os.path.relpath(path) for path in sorted(folder.iterdir()) if path.suffix in (".csv", ".xlsx")]


# --- values of the config ------------------------------------------------------------------------------------------


def of_network(key):
    """Input function: a value of the network in the wildcards."""
    return lambda wildcards: NETWORKS[wildcards.network][key]


def network_flag(key, flag, otherwise=""):
    """Input function: a flag where a value of the network is true."""
    return lambda wildcards: flag if NETWORKS[wildcards.network][key] else otherwise


def as_json(value, without=()):
    """A config section as JSON on one line, for a script's argument."""
    return json.dumps({key: part for key, part in value.items() if key not in without}, separators=(",", ":"))


def amounts(rule, wildcards, threads, paradigm=None):
    """What a job's memory and time depend on: the size of its network, trials, threads."""
    network = getattr(wildcards, "network", None)
    size = size_of(RESOURCES, NETWORKS[network], network) if network else None
    paradigm = paradigm or (network and NETWORKS[network]["selectivity_paradigm"])
    if paradigm is None:
        return quantities(size)
    conditions = len(CONDITIONS[paradigm]) if rule == "calculate_odsi" else 1
    trials, duration_s = PARADIGMS[paradigm]["trials"] * conditions, PARADIGMS[paradigm]["duration_ms"] / 1000
    return quantities(size, trials, min(trials, threads), threads, duration_s)


def mem_mb(rule, paradigm=None):
    """Input function: memory of a job, from workflow/resources.yaml."""
    return lambda wildcards, threads, attempt: memory_request_mb(
        RESOURCES, rule, amounts(rule, wildcards, threads, paradigm), attempt
    )


def runtime_min(rule, paradigm=None):
    """Input function: run time of a job, from workflow/resources.yaml."""
    return lambda wildcards, threads, attempt: runtime_request_min(
        RESOURCES, rule, amounts(rule, wildcards, threads, paradigm), attempt
    )


# --- conditions and trials -----------------------------------------------------------------------------------------


def within(paradigm, pattern):
    """A path pattern with the paradigm filled in; `single`, which has one condition, gets that one too."""
    pattern = pattern.replace("{paradigm}", paradigm)
    return pattern.replace("{condition}", CONDITIONS[paradigm][0]) if paradigm == "single" else pattern


def trials(paradigm, pattern):
    """A path pattern for each trial of a paradigm's condition."""
    return [within(paradigm, pattern).replace("{trial}", str(trial)) for trial in range(PARADIGMS[paradigm]["trials"])]


def all_trials(paradigm, pattern):
    """A path pattern for each condition and trial of a paradigm."""
    paths = [path.replace("{condition}", name) for name in CONDITIONS[paradigm] for path in trials(paradigm, pattern)]
    return list(dict.fromkeys(paths))


def run_folder(paradigm):
    """Folder of one V1 trial inside the network's folder."""
    return "output_{option}" if paradigm == "single" else f"{paradigm}_{{option}}/{{condition}}_trial{{trial}}"


def parallel_trials(paradigm):
    """Input function: how a V1 job uses its processors: one NEST thread for each of several trials, or all for one."""
    if PARADIGMS[paradigm]["trials"] > 1:
        return lambda wildcards, threads: f"-n 1 --copies {threads}"
    return lambda wildcards: f"-n {NETWORKS[wildcards.network]['nest_threads']}"


# --- edges that the user places ------------------------------------------------------------------------------------


def edge_name(kind, option):
    """File name of an option's edges; kind is `v1` (recurrent) or `bkg` (background)."""
    key = {"v1": "v1_edges", "bkg": "background_edges"}[kind]
    return f"{kind}_v1_edges_{option}.h5" if OPTIONS[option][key] == "placed" else f"{kind}_v1_edges.h5"


def placed_edges(wildcards):
    """Input function: the option's own edge files; where one is missing, a file that no rule can make but explains."""
    names = [edge_name(kind, wildcards.option) for kind in ("v1", "bkg")]
    paths = [Path(wildcards.network, "network", name) for name in names if name.endswith(f"_{wildcards.option}.h5")]
    return [str(path if path.exists() else path.parent / "missing" / path.name) for path in paths]


# --- targets -------------------------------------------------------------------------------------------------------


def figures(network, option):
    """The figures of one network with one option."""
    names = ["network_summary", *(f"{panel}_{option}" for panel in ("raster", "OSI_DSI", "similarity"))]
    return [f"{network}/figures/{name}.png" for name in names]


def figures_to_make():
    """The figures of the networks and options under `make` in the config."""
    make = CONFIG["make"]
    paths = [path for network in make["networks"] for option in make["options"] for path in figures(network, option)]
    return list(dict.fromkeys(paths))


def figures_made():
    """The figures of any network and option that exist."""
    single = [f"{network}/output_{option}/raster.png" for network in NETWORKS for option in OPTIONS]
    paths = [path for network in NETWORKS for option in OPTIONS for path in figures(network, option)]
    return [path for path in dict.fromkeys(paths + single) if Path(path).exists()]


def selectivity_spikes(wildcards):
    """Input function: V1 spikes of every condition and trial behind the network's selectivity tables."""
    paradigm = NETWORKS[wildcards.network]["selectivity_paradigm"]
    return all_trials(paradigm, f"{{network}}/{run_folder(paradigm)}/spikes.h5")


def raster_trial(wildcards):
    """Input function: V1 spikes of the trial that the raster shows."""
    paradigm = NETWORKS[wildcards.network]["selectivity_paradigm"]
    path = f"{{network}}/{run_folder(paradigm)}/spikes.h5".replace("{condition}", raster_condition(wildcards))
    return path.replace("{trial}", str(PARADIGMS[paradigm]["raster"]["trial"]))


def raster_condition(wildcards):
    """Input function: name of the condition that the raster shows."""
    return PARADIGMS[NETWORKS[wildcards.network]["selectivity_paradigm"]]["raster"]["condition"]


def selectivity_paradigm(wildcards):
    """Input function: definition of the paradigm behind the network's selectivity tables."""
    return f"paradigms/{NETWORKS[wildcards.network]['selectivity_paradigm']}.json"
