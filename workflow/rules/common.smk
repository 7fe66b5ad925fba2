"""What the rules share: the checked config, wildcards, paths, targets."""

import atexit
import json
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

REPOSITORY = Path(workflow.basedir)
sys.path[:0] = [str(REPOSITORY / folder) for folder in ("", "workflow", "scripts")]

from analysis_shared.figures.labels import variant_label
from checked_config import BLANK, check_text, checked, load_schema
from config_paradigms import NAMED
from panels import chosen_panels, figure_names, load_panels
from resource_model import (
    load_table,
    machine_memory_mb,
    memory_request_mb,
    quantities,
    runtime_request_min,
    size_of,
)
from v1_files.code import Code
from v1_model.seeds.schema import schema
from v1_model.stimulus_parameters import relative_pixels

# The steps run in Snakemake's own environment, activated or not, with the libraries of this repository.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]),
    PYTHONPATH=os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
    V1FLOW_JOB="1",
)

try:
    check_text(map(os.path.relpath, workflow.configfiles))
    CONFIG = checked(config, load_schema(REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"))
except ValueError as error:
    raise WorkflowError(str(error)) from None

NETWORKS, OPTIONS, PARADIGMS = CONFIG["networks"], CONFIG["options"], CONFIG["paradigms"]
PERTURBATIONS, PERTURBATION_GROUPS = CONFIG["perturbations"], CONFIG["perturbation_groups"]
# Networks that a figure shows together: one, or the replicates of one, {name}_all.
POOLS = CONFIG["pools"]
# Keys of a paradigm that are not in its definition, and those that do not decide on its simulations.
NOT_DEFINED = ("conditions", "raster")
NOT_SIMULATED = (*NOT_DEFINED, "windows_ms")
# Number of trials of each condition, by paradigm.
CONDITIONS = {name: {c["name"]: c["trials"] for c in paradigm["conditions"]} for name, paradigm in PARADIGMS.items()}
ENVIRONMENT = "../../environment.yml"
RESOURCES = load_table()
PANELS = load_panels()

# Jobs that run here share this machine's memory, unless --resources says how much. (A number of nodes is known where
# jobs are submitted; the executor is not, while rules are read.)
if workflow.nodes is None and "mem_mb" not in workflow.global_resources:
    workflow.global_resources["mem_mb"] = machine_memory_mb()


def one_of(names):
    """Regular expression of a wildcard that takes these names only."""
    return "|".join(map(re.escape, names)) or "(?!)"


# What is simulated: an option, or an option under a perturbation.
VARIANT = rf"(?:{one_of(OPTIONS)})(?:__(?:{one_of(PERTURBATIONS)}))?"


# Variants, or options, that a figure shows side by side.
VARIANTS = rf"{VARIANT}(?:_vs_{VARIANT})*"
OPTIONS_SHOWN = rf"(?:{one_of(OPTIONS)})(?:_vs_(?:{one_of(OPTIONS)}))*"


wildcard_constraints:
    network=one_of(NETWORKS),
    pool=one_of(POOLS),
    option=one_of(OPTIONS),
    options=OPTIONS_SHOWN,
    variant=VARIANT,
    variants=VARIANTS,
    perturbation=one_of(PERTURBATIONS),
    group=one_of(PERTURBATION_GROUPS),
    paradigm=one_of(PARADIGMS),
    condition=one_of(dict.fromkeys(name for names in CONDITIONS.values() for name in names)),


# --- files of the repository ---------------------------------------------------------------------------------------


def repo(path):
    """A file of the repository, relative to the working directory."""
    return os.path.relpath(REPOSITORY / path)


def script(path):
    """A script of the repository; not its time but the digest of what it does, :func:`code`, decides what is made again."""
    return ancient(repo(path))


# They say how a script ends and where its results come from; no result depends on them.
BESIDE_RESULTS = {REPOSITORY / "v1_files" / "command_line.py", REPOSITORY / "v1_files" / "provenance.py"}


SOURCES = Code(REPOSITORY, memory=Path(".snakemake", "v1flow_code.json").absolute())
atexit.register(SOURCES.remember)


def code(script):
    """Params function: digest of what a script and the modules that it imports do."""
    path = REPOSITORY / script

    def of_job(wildcards):
        return SOURCES.digest([path, *(file for file in SOURCES.imported_files(path) if file not in BESIDE_RESULTS)])

    return of_job


def seed_table(name=""):
    """The folder of the seed tables, or one of them, relative to the working directory."""
    return repo(Path(CONFIG["seed_tables"], name))


def seed_tables(*names):
    """Seed tables by their names in workflow/schemas/seed_tables.yaml; without names, all that the model is built from.

    A table that is missing is left out: the steps that read the tables say so, with all other faults.
    """
    names = names or [name for name, rule in schema().items() if rule.get("built_from", True)]
    paths = [seed_table(schema()[name]["file"]) for name in names]
    return [path for path in dict.fromkeys(paths) if Path(path).exists()]


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


def members(pool):
    """Names of the networks of a pool."""
    return POOLS[pool]


def for_each(wildcards, *patterns):
    """Patterns filled in for each variant (or its option) and network; of the pool as a whole if no network is asked."""
    variants = wildcards.get("variants", wildcards.get("variant", "")).split("_vs_")
    networks = members(wildcards.pool) if any("{network}" in pattern for pattern in patterns) else [""]
    return [
        [
            pattern.replace("{variant}", variant)
            .replace("{option}", option_of(variant))
            .replace("{network}", network)
            .replace("{pool}", wildcards.pool)
            for pattern in patterns
        ]
        for variant in variants
        for network in networks
    ]


def network_and_variant(wildcards):
    """Params function: title of a figure of one network and variant."""
    return f"{wildcards.network}, {variant_label(wildcards.variant)}"


def of_members(pattern):
    """Input function: a path for each network of the pool in the wildcards, and for each of the variants."""
    return lambda wildcards: list(dict.fromkeys(path for (path,) in for_each(wildcards, pattern)))


def repeated(flag, *patterns):
    """Params function: a flag with its values, for each network of the pool and each of the variants."""
    return lambda wildcards: [part for values in for_each(wildcards, *patterns) for part in (flag, *values)]


def option_of(variant):
    """The option of a variant."""
    return variant.partition("__")[0]


def perturbation_of(variant):
    """Name of the perturbation of a variant, or None."""
    return variant.partition("__")[2] or None


def amounts(rule, wildcards, threads, paradigm=None):
    """What a job's memory and time depend on: the size of its networks, trials, threads."""
    networks = members(wildcards.pool) if hasattr(wildcards, "pool") else [getattr(wildcards, "network", None)]
    network = networks[0]
    size = size_of(RESOURCES, NETWORKS[network], network) if network else None
    if len(networks) > 1:
        size = {**size, "v1_cells": size["v1_cells"] * len(networks)}
    paradigm = paradigm or (network and NETWORKS[network]["selectivity_paradigm"])
    if paradigm is None:
        return quantities(size)
    # A job of one condition, or of a paradigm's every trial.
    trials = CONDITIONS[paradigm].get(getattr(wildcards, "condition", None), sum(CONDITIONS[paradigm].values()))
    duration_s = PARADIGMS[paradigm]["duration_ms"] / 1000
    pixels = relative_pixels(PARADIGMS[paradigm]["parameters"])
    return quantities(size, trials, min(trials, threads), threads, duration_s, pixels)


def mem_mb(rule, paradigm=None):
    """Input function: memory of a job, from workflow/resources.yaml."""
    return lambda wildcards, threads, attempt: memory_request_mb(
        RESOURCES, rule, amounts(rule, wildcards, threads, paradigm), attempt, submitted=not workflow.local_exec
    )


def runtime_min(rule, paradigm=None):
    """Input function: run time of a job, from workflow/resources.yaml."""
    return lambda wildcards, threads, attempt: runtime_request_min(
        RESOURCES, rule, amounts(rule, wildcards, threads, paradigm), attempt
    )


# --- conditions and trials -----------------------------------------------------------------------------------------


class Block(NamedTuple):
    """Conditions of a paradigm with the same number of trials: those with stimuli, or the blanks."""

    name: str
    paradigm: str
    conditions: list
    trials: int


def paradigm_blocks():
    """The paradigms, and apart from them the blanks of those that have any."""
    found = []
    for paradigm, conditions in CONDITIONS.items():
        shown = [name for name in conditions if name != BLANK]
        found.append(Block(paradigm, paradigm, shown, conditions[shown[0]]))
        if BLANK in conditions:
            found.append(Block(f"{paradigm}_blank", paradigm, [BLANK], conditions[BLANK]))
    return found


BLOCKS = paradigm_blocks()


def within(paradigm, pattern):
    """A path pattern with the paradigm filled in; one that has one condition gets that one too."""
    pattern = pattern.replace("{paradigm}", paradigm)
    return pattern.replace("{condition}", *CONDITIONS[paradigm]) if len(CONDITIONS[paradigm]) == 1 else pattern


def trials(block, pattern):
    """A path pattern for each trial of a block's conditions."""
    return [within(block.paradigm, pattern).replace("{trial}", str(trial)) for trial in range(block.trials)]


def all_trials(paradigm, pattern):
    """A path pattern for each condition and trial of a paradigm."""
    blocks = [block for block in BLOCKS if block.paradigm == paradigm]
    paths = [
        path.replace("{condition}", name)
        for block in blocks
        for name in block.conditions
        for path in trials(block, pattern)
    ]
    return list(dict.fromkeys(paths))


def all_conditions(paradigm, pattern):
    """A path pattern for each condition of a paradigm."""
    return [within(paradigm, pattern).replace("{condition}", name) for name in CONDITIONS[paradigm]]


def random_phase(paradigm):
    """Whether each trial of a paradigm has a phase of its own."""
    return PARADIGMS[paradigm]["parameters"].get("phase_deg") == "random"


def rates_file(block):
    """LGN rates of a condition, where its trials share them."""
    if random_phase(block.paradigm) and block.conditions != [BLANK]:
        return []
    return within(block.paradigm, "{network}/filternet_{paradigm}/{condition}/rates.h5")


def run_folder(paradigm):
    """Folder of one V1 trial inside the network's folder."""
    return "output_{variant}" if paradigm == "single" else f"{paradigm}_{{variant}}/{{condition}}_trial{{trial}}"


def parallel_trials(block):
    """Input function: how a V1 job uses its processors: one NEST thread for each of several trials, or all for one."""
    if block.trials > 1:
        return lambda wildcards, threads: f"-n 1 --copies {threads}"
    return lambda wildcards: f"-n {NETWORKS[wildcards.network]['nest_threads']}"


# --- targets -------------------------------------------------------------------------------------------------------


def figures(network, variant):
    """The gratings' figures of one network with one variant."""
    names = ["network_summary", *(f"{panel}_{variant}" for panel in ("raster", "OSI_DSI", "similarity"))]
    return [f"{network}/figures/{name}.png" for name in names]


def figures_to_make():
    """The gratings' figures of the networks and options under `make` in the config."""
    make = CONFIG["make"]
    networks = dict.fromkeys(network for pool in make["networks"] for network in members(pool))
    paths = [path for network in networks for option in make["options"] for path in figures(network, option)]
    return list(dict.fromkeys(paths))


def lacking(network, option):
    """What an option needs in a network and does not have, or an empty text."""
    missing = missing_edges(network, option)
    return f"needs {' and '.join(missing)}, which you place there" if missing else ""


def panels(names):
    """Panels of figures that can be made; the others are named in the log with what they need."""
    paths, skipped = chosen_panels(PANELS, names, CONFIG["make"], POOLS, PERTURBATION_GROUPS, lacking)
    for name, part in NAMED.items():
        without = [path for path in paths if part in path and name not in PARADIGMS]
        skipped += [f"{path}: needs the paradigm {name}" for path in without]
        paths = [path for path in paths if path not in without]
    for line in skipped:
        logger.info(f"Left out: {line}.")
    return paths


def figures_made():
    """All figures that exist, and the pages about networks and runs."""
    found = [path for pool in POOLS for path in Path(pool, "figures").glob("*.png")]
    found += [path for network in NETWORKS for path in Path(network).glob("output_*/raster.png")]
    found += [path for network in NETWORKS for path in Path(network).glob("*/provenance.html")]
    return sorted(map(str, found))


def selectivity_spikes(wildcards):
    """Input function: V1 spikes of every condition and trial behind the network's selectivity tables."""
    paradigm = NETWORKS[wildcards.network]["selectivity_paradigm"]
    return all_trials(paradigm, f"{{network}}/{run_folder(paradigm)}/spikes.h5")


def raster_trials(wildcards):
    """Input function: V1 spikes of all trials of the condition that the raster shows."""
    paradigm, condition = NETWORKS[wildcards.network]["selectivity_paradigm"], raster_condition(wildcards)
    path = f"{{network}}/{run_folder(paradigm)}/spikes.h5".replace("{condition}", condition)
    return [path.replace("{trial}", str(trial)) for trial in range(CONDITIONS[paradigm][condition])]


def raster_trial(wildcards):
    """Input function: V1 spikes of the trial that the raster shows."""
    paradigm = NETWORKS[wildcards.network]["selectivity_paradigm"]
    return raster_trials(wildcards)[PARADIGMS[paradigm]["raster"]["trial"]]


def raster_condition(wildcards):
    """Input function: name of the condition that the raster shows."""
    return PARADIGMS[NETWORKS[wildcards.network]["selectivity_paradigm"]]["raster"]["condition"]


def selectivity_paradigm(wildcards):
    """Input function: definition of the paradigm behind the network's selectivity tables."""
    return f"paradigms/{NETWORKS[wildcards.network]['selectivity_paradigm']}.json"
