"""Measure v1flow beside stock BMTK on one or more networks of the config.

For each network, every job of every stage runs as a process of its own, v1flow's and BMTK's in turn, as often as asked;
files and logs lie in --work-dir. What was measured is written to {output-dir}/{network}.json after each job and stands
beside earlier results for the same machine, versions and network; a job that is measured again replaces its records.
"""

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import yaml

import benchmarks.jobs as suite
from benchmarks import REPOSITORY
from benchmarks.jobs import Job, Plan
from benchmarks.measure import measure
from benchmarks.results import machine, merge, predicted_stock_gb, read_results, validate, versions, write_results
from checked_config import checked, load_schema
from render_paradigm import definition
from v1_files import command_line
from workflow.resource_model import estimated_size, load_table

STOCK = ("recurrent", "lgn", "v1", "unmerged")


def parse(argv):
    """Arguments of the command line."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("networks", nargs="+", help="names of networks in config/config.yaml")
    p.add_argument("--stages", nargs="+", choices=suite.STAGES, default=suite.STAGES, help="default: all")
    p.add_argument("--stock", nargs="*", choices=STOCK, default=STOCK, help="jobs of stock BMTK (default: all)")
    p.add_argument("--threads", nargs="+", type=int, default=[1], help="NEST threads to measure with (default: 1)")
    p.add_argument("--build-threads", type=int, default=min(8, len(os.sched_getaffinity(0))))
    p.add_argument("--repeats", type=int, default=3, help="times that each job runs (default: 3)")
    p.add_argument("--duration-ms", type=float, default=3000.0, help="simulated time of a trial (default: 3000)")
    p.add_argument("--timeout-s", type=float, default=3600.0, help="a job that takes longer is stopped (default: 3600)")
    p.add_argument("--work-dir", type=Path, default=REPOSITORY / "results" / "bench")
    p.add_argument("--output-dir", type=Path, default=REPOSITORY / "benchmarks" / "results")
    return p.parse_args(argv)


def say(text):
    print(text, file=sys.stderr, flush=True)


def make_plan(name, config, arguments, results):
    """What is measured for a network."""
    if name not in config["networks"]:
        raise ValueError(f"networks: found {name!r}, expected one of {', '.join(config['networks'])}")
    network = config["networks"][name]
    short_names, base = config["condition_names"], config["paradigms"]["single"]
    base = {**base, "trials": suite.TRIALS, "duration_ms": arguments.duration_ms}
    paradigms = {paradigm: definition(paradigm, base, short_names) for paradigm in ("bench", "bench_bmtk")}
    many = config["paradigms"][network["selectivity_paradigm"]]
    for trials in suite.METRICS_TRIALS:
        entry = {**many, "trials": trials, "duration_ms": arguments.duration_ms}
        paradigms[f"bench_{trials}trials"] = definition(f"bench_{trials}trials", entry, short_names)
    stock = reasons(estimated_size(load_table(), network["radius_um"], network["lgn"]), results)
    return Plan(name, network, paradigms, arguments.threads, arguments.build_threads, stock)


def reasons(size, results):
    """Why a kind of stock job cannot finish on this machine, by kind; None where nothing speaks against it."""
    found = dict.fromkeys(STOCK)
    if size["v1_cells"] ** 2 > suite.MOST_PAIRS:
        pairs, gigabytes = size["v1_cells"] ** 2 / 1e9, 4 * size["v1_cells"] ** 2 / 1e9
        found["recurrent"] = f"not tried: its table of {pairs:.1f} thousand million pairs takes {gigabytes:.0f} GB"
    needed_gb = predicted_stock_gb(results, sum(size["edges"].values()))
    if needed_gb > machine()["memory_gb"]:
        found["v1"] = f"not tried: {needed_gb:.0f} GB by the memory per edge of the largest network measured"
    return found


def render(plan, work_dir):
    """Write the paradigms and the SONATA configs."""
    for name, content in plan.paradigms.items():
        path = work_dir / "paradigms" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    common = ["--schema", REPOSITORY / "workflow/schemas/sonata_config.schema.yaml", "--paradigm"]
    calls = []
    for paradigm in ("bench", "bench_bmtk", plan.many):
        template = ["lgn", "--template", REPOSITORY / "config_templates/filternet.json", *common]
        folder = ["--output-dir", f"{plan.name}/configs/{paradigm}", "--seed", plan.network["seed"]]
        calls.append([*template, f"paradigms/{paradigm}.json", *folder])
    for paradigm in ("bench_plain", "bench_bmtk", "bench_forked"):
        template = ["v1", "--template", REPOSITORY / "config_templates/pointnet.json", *common, "paradigms/bench.json"]
        edges = ["--v1-edges", "v1_v1_edges.h5", "--background-edges", "bkg_v1_edges.h5"]
        folder = ["--output-dir", f"{plan.name}/configs/{paradigm}"]
        calls.append([*template, *edges, "--run-folder", paradigm + "/{condition}_trial{trial}", *folder])
    for arguments in calls:
        subprocess.run(suite.python("scripts/render_configs.py", *arguments), cwd=work_dir, check=True)


def run_job(job: Job, plan, work_dir, timeout_s):
    """Records of one run of a job: of the whole process, and of the stages that it marked."""
    if job.skip:
        return [{**job.key, "status": "skipped", "reason": job.skip}]
    for link, file in job.links.items():
        (work_dir / link).parent.mkdir(parents=True, exist_ok=True)
        (work_dir / link).unlink(missing_ok=True)
        os.link(work_dir / file, work_dir / link)
    marks = work_dir / "marks.json"
    marks.unlink(missing_ok=True)
    taken = measure(job.command, work_dir / "logs" / plan.name / f"{job.name}.log", work_dir, timeout_s)
    if taken.reason:
        return [{**job.key, "status": "failed", "reason": taken.reason}]
    whole = {"wall_s": taken.wall_s, "cpu_s": taken.cpu_s, "peak_mb": taken.peak_mb}
    records = [{**job.key, "status": "done", **whole}]
    if job.marked:
        stages = json.loads(marks.read_text())
        if job.trials > 1:
            # Of forks, only the whole family's memory is known.
            stages = [stage | ({"peak_mb": taken.peak_mb} if stage["stage"] != "v1_load" else {}) for stage in stages]
        records += [{**job.key, "status": "done", **stage} for stage in stages]
    return records


def size_of(plan, work_dir):
    """Size of the built network: cells, edges, bytes of its files."""
    folder = work_dir / plan.name / "network"
    content = json.loads((folder / "network.json").read_text())
    files_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    cells = content["cells"]
    return {
        "radius_um": content["radius_um"],
        "lgn": content["lgn"],
        "v1_cells": cells["v1"],
        "lgn_cells": cells["lgn"],
        "edges": content["edges"],
        "files_mb": round(files_mb, 1),
    }


def warm_up(work_dir):
    """Build a patch, so that Numba's compiled code is in its cache and is not measured."""
    say("warm-up: a network of 40 µm")
    flags = ["--name", "patch", "--base-props", suite.BASE_PROPS, "--output", "patch", "--lgn", "small"]
    command = suite.python("scripts/build_network.py", *flags, "--radius-um", 40, "--core-radius-um", 20)
    subprocess.run(command, cwd=work_dir, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure_network(plan, arguments):
    """Run all jobs of a network, repeat by repeat, and write their records as they come."""
    work_dir, path = arguments.work_dir, arguments.output_dir / f"{plan.name}.json"
    render(plan, work_dir)
    wanted = [job for stage in arguments.stages for job in suite.MAKERS[stage](plan)]
    wanted = [job for job in wanted if asked_for(job, arguments.stock)]
    measured = {}
    for repeat in range(arguments.repeats):
        for number, job in enumerate(wanted, 1):
            if repeat >= job.most or (repeat and measured.get(job.name) != "done"):
                continue
            records = run_job(job, plan, work_dir, arguments.timeout_s)
            measured[job.name] = records[0]["status"]
            told = records[0].get("reason") or f"{records[0]['wall_s']:.1f} s, {records[0]['peak_mb']:.0f} MB"
            say(f"{plan.name}, repeat {repeat + 1}, job {number} of {len(wanted)}: {job.name}: {told}")
            head = {"network": plan.name, "duration_ms": arguments.duration_ms, "machine": machine()}
            head |= {"versions": versions(), "size": size_of(plan, work_dir)}
            today = datetime.now(UTC).date().isoformat()
            write_results(path, merge(path, head, records, today, first=repeat == 0))


def asked_for(job, stock):
    """Whether a job belongs to v1flow or to the kinds of stock jobs that are wanted."""
    if job.stage == "build_unmerged" or job.system == suite.UNMERGED:
        return "unmerged" in stock
    kinds = {"build_recurrent": "recurrent", "run_filternet": "lgn", "run_v1": "v1"}
    return job.system == suite.V1FLOW or kinds[job.stage] in stock


def main(argv=None):
    """Parse, measure each network, check what was written."""
    arguments = parse(argv)
    arguments.work_dir = arguments.work_dir.resolve()
    arguments.work_dir.mkdir(parents=True, exist_ok=True)
    content = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    config = checked(content, load_schema(REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"))
    warm_up(arguments.work_dir)
    for name in arguments.networks:
        plan = make_plan(name, config, arguments, read_results(arguments.output_dir))
        measure_network(plan, arguments)
        validate(json.loads((arguments.output_dir / f"{name}.json").read_text()))


if __name__ == "__main__":
    command_line.run(main)
