"""The results of the suite: one JSON file a network, checked against ``results.schema.yaml``."""

import json
import os
import platform
import statistics
from importlib import metadata
from pathlib import Path

import jsonschema
import psutil
import yaml

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
SCHEMA = HERE / "results.schema.yaml"
PACKAGES = ("v1flow", "bmtk", "nest-simulator", "numpy", "numba", "h5py", "snakemake")
KEY = ("stage", "system", "threads", "copies", "trials")
MEASURED = ("wall_s", "cpu_s", "peak_mb")


def machine():
    """What the timings depend on: processor, cores that may be used, memory."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    memory_gb = psutil.virtual_memory().total / 1e9
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory_gb, 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


def versions():
    """Versions of Python and of the packages that do the work."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def validate(content):
    """Raise ValueError unless the content of a results file is as the schema says."""
    validator = jsonschema.Draft202012Validator(yaml.safe_load(SCHEMA.read_text()))
    for error in validator.iter_errors(content):
        raise ValueError(f"results of {content.get('network')}: {error.json_path}: {error.message}")


def merge(path, head, records, date, first):
    """Results with new records beside those of the file.

    Parameters
    ----------
    path : pathlib.Path
        File of earlier results; need not exist.
    head : dict
        Network, duration, machine, versions, size.
    records : list of dict
        Of one run of a job.
    date : str
    first : bool
        Whether these are a job's first: earlier records of it go.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        When the file's results are of another machine, of other versions, of another duration or network size.
    """
    earlier = json.loads(path.read_text()) if path.exists() else {**head, "records": []}
    for key, value in head.items():
        if earlier[key] != value:
            raise ValueError(f"{path}: {key} is {earlier[key]}, now {value}; move the file away to begin anew")
    kept = {key_of(record): record for record in earlier["records"]}
    for record in records:
        key = key_of(record)
        if first or key not in kept:
            kept[key] = {name: record[name] for name in (*KEY, "status")} | {"date": date}
            if record["status"] != "done":
                kept[key]["reason"] = record["reason"]
        if kept[key]["status"] == "done" == record["status"]:
            for name in MEASURED:
                kept[key].setdefault(name, []).append(round(record[name], 3))
            kept[key] |= {name: record[name] for name in ("spikes", "checksum") if name in record}
    return {**head, "records": sorted(kept.values(), key=key_of)}


def key_of(record):
    """What a record is about."""
    return tuple(record[name] for name in KEY)


def write_results(path, content):
    """Write a results file whole, one record a line."""
    records = ",\n".join("  " + json.dumps(record) for record in content["records"])
    head = json.dumps({key: value for key, value in content.items() if key != "records"}, indent=1)
    part = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(f'{head[:-2]},\n "records": [\n{records}\n ]\n}}\n')
    part.replace(path)


def read_results(folder=RESULTS):
    """Contents of all results files of a folder, checked, by number of V1 cells."""
    contents = [json.loads(path.read_text()) for path in sorted(Path(folder).glob("*.json"))]
    for content in contents:
        validate(content)
    return sorted(contents, key=lambda content: content["size"]["v1_cells"])


def find(content, stage, system="v1flow", **more):
    """The first record of a stage and system with these further properties, or None."""
    for record in content["records"]:
        if record["stage"] == stage and record["system"] == system and all(record[k] == v for k, v in more.items()):
            return record
    return None


def median(record, measure):
    """Median over the repeats of ``wall_s``, ``cpu_s`` or ``peak_mb``; None for a record without it."""
    return statistics.median(record[measure]) if record and record["status"] == "done" else None


def predicted_stock_gb(results, edges):
    """Memory (GB) of stock BMTK with so many edges, by the memory per edge of the largest network measured, or 0."""
    for content in reversed(results):
        peak_mb = median(find(content, "run_v1", "bmtk"), "peak_mb")
        if peak_mb:
            return peak_mb / 1000 * edges / sum(content["size"]["edges"].values())
    return 0.0
