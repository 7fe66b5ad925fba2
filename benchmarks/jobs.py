"""What the suite runs for a network: each entry is one process, of v1flow or of stock BMTK, on the same files."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import REPOSITORY

BASE_PROPS = REPOSITORY / "base_props"
NAMING = BASE_PROPS / "cell_type_naming_scheme.csv"
PERCENTILES = BASE_PROPS / "neuropixels_percentiles.csv"
V1FLOW, BMTK, UNMERGED = "v1flow", "bmtk", "bmtk_unmerged"
TRIALS, MANY_TRIALS = 2, 10
METRICS_TRIALS = (TRIALS, MANY_TRIALS)
# BMTK's NetworkBuilder keeps four bytes for each pair of cells and looks at each pair in Python.
MOST_PAIRS = 4e8
STAGES = ("build", "recurrent", "lgn", "background", "v1", "metrics", "figures")


@dataclass(frozen=True)
class Job:
    """One process to measure.

    Attributes
    ----------
    stage : str
        Name of the rule whose script it runs, or of a part of it.
    system : {"v1flow", "bmtk", "bmtk_unmerged"}
    command : list of str
    threads, copies : int
        Threads, and trials side by side.
    trials : int
        Trials that one process handles, of all conditions.
    marked : bool
        Whether the process itself writes the times of stages inside it.
    most : int
        Largest number of repeats that is worth the time.
    skip : str or None
        Why it is not run.
    links : dict of str to str
        Files to make before it as links to files that exist.
    """

    stage: str
    system: str
    command: list
    threads: int = 1
    copies: int = 1
    trials: int = 1
    marked: bool = False
    most: int = 1000
    skip: str | None = None
    links: dict = field(default_factory=dict)

    @property
    def key(self):
        """What tells its records from others'."""
        return {
            "stage": self.stage,
            "system": self.system,
            "threads": self.threads,
            "copies": self.copies,
            "trials": self.trials,
        }

    @property
    def name(self):
        """Short name for logs and progress."""
        return f"{self.stage}_{self.system}_{self.threads}threads_{self.copies}copies_{self.trials}trials"


@dataclass(frozen=True)
class Plan:
    """A network and how it is measured.

    Attributes
    ----------
    name : str
    network : dict
        Its section of the checked config.
    paradigms : dict of str to dict
        Definitions by name: ``bench`` with one condition, ``bench_{n}trials`` with all conditions.
    threads : list of int
        NEST threads to measure with; the first is also that of stock BMTK alone.
    build_threads : int
    stock : dict of str to str or None
        For each kind of stock job, why it is skipped.
    """

    name: str
    network: dict
    paradigms: dict
    threads: list
    build_threads: int
    stock: dict

    def spec(self):
        """Fields of ``NetworkSpec``, as JSON."""
        keys = ("radius_um", "core_radius_um", "seed", "lgn", "like_to_like", "background_weights", "unitary_psp")
        return json.dumps({"name": self.name, **{key: self.network[key] for key in keys}})

    @property
    def condition(self):
        """Name of the condition that is simulated."""
        return self.paradigms["bench"]["conditions"][0]["name"]

    @property
    def many(self):
        """Name of the paradigm with many trials."""
        return f"bench_{MANY_TRIALS}trials"

    @property
    def first_of_many(self):
        """Name of its first condition."""
        return self.paradigms[self.many]["conditions"][0]["name"]

    def config(self, paradigm, trial):
        """Config of a V1 trial."""
        return f"{self.name}/configs/{paradigm}/{self.condition}_trial{trial}.json"


def python(script, *arguments):
    """Command that runs a script of the repository."""
    return [sys.executable, str(REPOSITORY / script), *map(str, arguments)]


def module(name, *arguments):
    """Command that runs a module of the suite."""
    return [sys.executable, "-m", name, *map(str, arguments)]


def build_jobs(plan):
    """The whole build by its script."""
    spec, network = plan.network, plan.name
    flags = ["--like-to-like" if spec["like_to_like"] else "--no-like-to-like"]
    flags += ["--radius-um", spec["radius_um"], "--core-radius-um", spec["core_radius_um"], "--seed", spec["seed"]]
    flags += ["--lgn", spec["lgn"], "--background-weights", spec["background_weights"]]
    flags += ["--unitary-psp", spec["unitary_psp"]]
    flags += ["--name", network, "--base-props", BASE_PROPS, "--output", network, "--threads", plan.build_threads]
    return [Job("build_network", V1FLOW, python("scripts/build_network.py", *flags), threads=plan.build_threads)]


def recurrent_jobs(plan):
    """Cells and recurrent edges only, one thread, beside BMTK's NetworkBuilder."""
    jobs = []
    for system in (V1FLOW, BMTK):
        arguments = ["--system", system, "--spec", plan.spec(), "--base-props", BASE_PROPS]
        command = module("benchmarks.build_recurrent", *arguments, "--output", f"{plan.name}/recurrent_{system}")
        skip = plan.stock["recurrent"] if system == BMTK else None
        jobs.append(Job("build_recurrent", system, command, skip=skip))
    return jobs


def lgn_jobs(plan):
    """One grating condition with few and with many trials; then the spikes of an added trial alone."""
    config = f"{plan.name}/configs/{{}}/filternet_{plan.condition}.json"
    script = "scripts/run_filternet.py"
    stock = python(script, config.format("bench_bmtk"), "--engine", "bmtk")
    added = ["--output", f"{plan.name}/added_trial.h5", "--marks", "marks.json"]
    most = 1 if plan.network["lgn"] == "full" else 1000
    many = f"{plan.name}/configs/{plan.many}/filternet_{plan.first_of_many}.json"
    return [
        Job("run_filternet", V1FLOW, python(script, config.format("bench")), trials=TRIALS),
        Job("run_filternet", V1FLOW, python(script, many), trials=MANY_TRIALS),
        Job("run_filternet", BMTK, stock, trials=TRIALS, skip=plan.stock["lgn"], most=most),
        Job("lgn_trial", V1FLOW, module("benchmarks.draw_lgn_trial", config.format("bench"), *added), marked=True),
    ]


def background_jobs(plan):
    """Background spikes of the same trials."""
    jobs = []
    for paradigm, condition, trials in (
        ("bench", plan.condition, TRIALS),
        (plan.many, plan.first_of_many, MANY_TRIALS),
    ):
        arguments = ["--paradigm", f"paradigms/{paradigm}.json", "--condition", condition]
        arguments += ["--seed", plan.network["seed"], "--output-dir", f"{plan.name}/bkg_{paradigm}"]
        command = python("scripts/generate_background.py", *arguments)
        jobs.append(Job("generate_background", V1FLOW, command, trials=trials))
    return jobs


def v1_jobs(plan):
    """Load and simulate one trial with each number of threads, then forked trials, then stock with 10 ports a cell."""
    jobs, script = [], "benchmarks.simulate_v1"
    marks = ["--marks", "marks.json"]
    for threads in plan.threads:
        flags = ["--threads", threads, *marks]
        own = module(script, plan.config("bench_plain", 0), "--system", V1FLOW, *flags)
        stock = module(script, plan.config("bench_bmtk", 0), "--system", BMTK, *flags)
        jobs.append(Job("run_v1", V1FLOW, own, threads=threads, marked=True))
        jobs.append(Job("run_v1", BMTK, stock, threads=threads, marked=True, skip=plan.stock["v1"]))
    if 1 in plan.threads:
        configs = [plan.config("bench_forked", trial) for trial in range(TRIALS)]
        for copies in (1, TRIALS):
            forked = module(script, *configs, "--system", V1FLOW, "--copies", copies, *marks)
            jobs.append(Job("run_v1", V1FLOW, forked, copies=copies, trials=TRIALS, marked=True))
        jobs += unmerged_jobs(plan, marks)
    return jobs


def unmerged_jobs(plan, marks):
    """Stock BMTK on the same network with a port for each synaptic pair, once."""
    arguments = ["--spec", plan.spec(), "--base-props", BASE_PROPS, "--threads", plan.build_threads]
    folder = f"{plan.name}/unmerged"
    build = module("benchmarks.build_unmerged", *arguments, "--output", folder)
    config = f"{folder}/configs/bench_bmtk/{plan.condition}_trial0.json"
    names = [f"filternet_bench/{plan.condition}_trial0", f"bkg_bench/{plan.condition}_trial0"]
    links = {f"{folder}/{name}/spikes.h5": f"{plan.name}/{name}/spikes.h5" for name in names}
    links[config] = plan.config("bench_bmtk", 0)
    simulate = module("benchmarks.simulate_v1", config, "--system", BMTK, *marks)
    skip = plan.stock["v1"] or plan.stock["unmerged"]
    return [
        Job("build_unmerged", V1FLOW, build, threads=plan.build_threads, skip=skip, most=1),
        Job("run_v1", UNMERGED, simulate, marked=True, skip=skip, most=1, links=links),
    ]


def metrics_jobs(plan):
    """Selectivity from the spikes of all conditions; few and many trials; one simulated trial stands for all."""
    jobs, network = [], plan.name
    simulated = f"{network}/bench_plain/{plan.condition}_trial0/spikes.h5"
    for trials in METRICS_TRIALS:
        paradigm = f"bench_{trials}trials"
        names = [f"{c['name']}_trial{t}" for c in plan.paradigms[paradigm]["conditions"] for t in range(trials)]
        arguments = ["--paradigm", f"paradigms/{paradigm}.json", "--network-dir", f"{network}/network"]
        arguments += ["--spikes-dir", f"{network}/{paradigm}"]
        arguments += ["--rates", f"{network}/{paradigm}/rates.csv", "--selectivity", f"{network}/{paradigm}/odsi.csv"]
        links = {f"{network}/{paradigm}/{name}/spikes.h5": simulated for name in names}
        command = python("scripts/calculate_odsi.py", *arguments)
        jobs.append(Job("calculate_odsi", V1FLOW, command, trials=len(names), links=links))
    arguments = ["--network-dir", f"{network}/network", "--selectivity", f"{network}/bench_2trials/odsi.csv"]
    arguments += ["--naming-scheme", NAMING, "--percentiles", PERCENTILES, "--seed", plan.network["seed"]]
    command = python("scripts/calculate_similarity.py", *arguments, "--output", f"{network}/similarity.csv")
    return [*jobs, Job("calculate_similarity", V1FLOW, command)]


def figure_jobs(plan):
    """The figures, each from the tables made before."""
    network, folder = plan.name, f"{plan.name}/figures"
    naming, network_dir = ["--naming-scheme", NAMING], ["--network-dir", f"{plan.name}/network"]
    spikes = f"{network}/bench_plain/{plan.condition}_trial0/spikes.h5"
    odsi = ["--model", "plain", f"{network}/network", f"{network}/bench_2trials/odsi.csv", "--percentiles", PERCENTILES]
    raster = ["--spikes", spikes, "--paradigm", "paradigms/bench.json", "--condition", plan.condition]
    arguments = {
        "network/plot_network_summary": [*network_dir, *naming],
        "selectivity/plot_raster": [*raster, *network_dir, *naming],
        "selectivity/plot_odsi_boxplots": [*odsi, *naming],
        "selectivity/plot_similarity": ["--similarity", "plain", f"{network}/similarity.csv"],
    }
    return [
        Job(
            Path(path).name,
            V1FLOW,
            python(f"figure_scripts/{path}.py", *values, "--output-stem", f"{folder}/{Path(path).name}"),
        )
        for path, values in arguments.items()
    ]


MAKERS = dict(
    zip(
        STAGES,
        (build_jobs, recurrent_jobs, lgn_jobs, background_jobs, v1_jobs, metrics_jobs, figure_jobs),
        strict=True,
    )
)
