"""Jobs, hours and memory that simulations need on a cluster, from the resource model and the SLURM profile.

    python -m benchmarks.cluster_needs core_nll_{0..9} --paradigm 8dir_10trials contrasts

prints a table for each paradigm: what a job asks for on its first attempt (memory, limit of time), and the hours that
it is expected to take on the machine of docs/benchmarks.md. Builds of networks are counted with the first paradigm.
Without networks, the example in docs/cluster.md is written again.
"""

import argparse
import math
import re
from pathlib import Path

import yaml

from benchmarks import REPOSITORY
from checked_config import BLANK, checked, load_schema
from resource_model import estimated_size, load_table, memory_request_mb, predict, quantities, runtime_request_min
from slurm_site import DEFAULTS, read_site
from v1_files import command_line

PROFILE = REPOSITORY / "workflow" / "profiles" / "slurm"
HEADER = ["step", "jobs", "conditions each", "CPUs each", "memory each, GB", "limit each, h", "hours each", "CPU hours"]
BUILD_THREADS = 8
# Of Snakemake in each run on a cluster, twice.
START_S = 5
PAGE = REPOSITORY / "docs" / "cluster.md"
EXAMPLE = {"networks": [f"core_nll_{number}" for number in range(10)], "paradigms": ["8dir_10trials", "contrasts"]}


def load_config(paths=()):
    """The checked config of the repository, with files of changes."""
    config = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    for path in paths:
        _update(config, yaml.safe_load(Path(path).read_text()))
    return checked(config, load_schema(REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"))


def _update(section, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(section.get(key), dict):
            _update(section[key], value)
        else:
            section[key] = value


def batch_sizes():
    """Conditions of a job, by rule: the profile's group components."""
    profile = yaml.safe_load((PROFILE / "config.yaml").read_text())
    return {name.removesuffix("_{network}"): size for name, size in profile["group-components"].items()}


def step(table, rule, conditions, trials, network, duration_s, threads, batch):
    """What the jobs of a rule need for one network: a dict of the columns of ``HEADER``, and ``longest_h``.

    Parameters
    ----------
    table : dict
        Resource model.
    rule : str
    conditions, trials : int
        Runs of the rule, and trials of each.
    network : dict
        Size of it.
    duration_s : float
        Of a trial.
    threads : int
        Of a run.
    batch : int
        Runs of one job at most; they follow each other.
    """
    amounts = quantities(network, trials, min(trials, threads), threads, duration_s)
    per_job = min(batch, conditions)
    hours = (predict(table, "runtime_s", rule, amounts) + START_S) / 3600
    return {
        "jobs": math.ceil(conditions / batch),
        "conditions each": per_job,
        "CPUs each": threads,
        "memory each, GB": memory_request_mb(table, rule, amounts, submitted=True) / 1000,
        "limit each, h": per_job * runtime_request_min(table, rule, amounts) / 60,
        "hours each": per_job * hours,
        "CPU hours": conditions * hours * threads,
    }


def steps(config, network, paradigm, build, table, site):
    """The steps of one network and paradigm: dict of name to what :func:`step` gives."""
    section, batches = config["networks"][network], batch_sizes()
    size = estimated_size(table, section["radius_um"], section["lgn"])
    conditions = config["paradigms"][paradigm]["conditions"]
    counts = [condition["trials"] for condition in conditions if condition["name"] != BLANK]
    blanks = [condition["trials"] for condition in conditions if condition["name"] == BLANK]
    duration_s = config["paradigms"][paradigm]["duration_ms"] / 1000

    def of(rule, conditions, trials, threads, batch=1):
        threads = min(threads, site["job_cpus"])
        return step(table, rule, conditions, trials, size, duration_s, threads, batch)

    found = {"build_network": of("build_network", 1, 1, BUILD_THREADS)} if build else {}
    lgn_threads = 2 if section["lgn"] == "full" else 1
    # A batch takes conditions with stimuli and blanks alike; it is counted with the larger number of trials.
    number, most = len(counts) + len(blanks), max(counts + blanks)
    for rule, threads in (("run_filternet", lgn_threads), ("generate_background", 1)):
        found[rule] = of(rule, number, most, threads, batches[rule])
    found["run_v1"] = of("run_v1", len(counts), counts[0], section["nest_threads"])
    if blanks:
        found["run_v1, blanks"] = of("run_v1", 1, blanks[0], section["nest_threads"])
    return found


def markdown(config, networks, paradigm, build, site):
    """The table of one paradigm for several networks, as lines of Markdown."""
    table = load_table()
    needs = [steps(config, network, paradigm, build, table, site) for network in networks]
    rows = [HEADER, ["---", *["---:"] * (len(HEADER) - 1)]]
    for name in needs[0]:
        parts = [need[name] for need in needs]
        largest = {key: max(part[key] for part in parts) for key in HEADER[1:]}
        cells = [sum(part["jobs"] for part in parts), largest["conditions each"], largest["CPUs each"]]
        cells += [f"{largest[key]:.{places}f}" for key, places in zip(HEADER[4:7], (1, 1, 2), strict=True)]
        rows.append([f"`{name}`", *cells, f"{sum(part['CPU hours'] for part in parts):.1f}"])
    jobs = sum(part["jobs"] for need in needs for part in need.values())
    hours = sum(part["CPU hours"] for need in needs for part in need.values())
    rows.append(["together", jobs, "", "", "", "", "", f"{hours:.1f}"])
    return ["| " + " | ".join(map(str, row)) + " |" for row in rows]


def report(networks, paradigms, configfiles=(), site=None):
    """The tables of several paradigms, as Markdown; for the cluster of the site file, or for other settings."""
    config, site = load_config(configfiles), site or read_site(PROFILE / "site.yaml")
    for kind, names in (("networks", networks), ("paradigms", paradigms)):
        unknown = [name for name in names if name not in config[kind]]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: not among the config's {kind}: {', '.join(config[kind])}")
    parts = []
    for number, paradigm in enumerate(paradigms):
        lines = markdown(config, networks, paradigm, number == 0, site)
        parts.append(f"`{paradigm}`, {len(networks)} networks:\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


def filled(page):
    """The text of docs/cluster.md with the tables of its example."""
    tables = report(**EXAMPLE, site=DEFAULTS)
    return re.sub(r"(<!-- example -->\n).*(<!-- end -->)", lambda m: f"{m[1]}\n{tables}\n{m[2]}", page, flags=re.DOTALL)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", nargs="*", help="names of networks in the config")
    parser.add_argument("--paradigm", nargs="+", default=("8dir_10trials",), help="names of paradigms in the config")
    parser.add_argument("--configfile", nargs="+", default=(), help="files of changes to the config")
    args = parser.parse_args(argv)
    if not args.network:
        PAGE.write_text(filled(PAGE.read_text()))
        return
    print(report(args.network, args.paradigm, args.configfile), end="")


if __name__ == "__main__":
    command_line.run(main)
