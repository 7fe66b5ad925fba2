"""Fit the coefficients of workflow/resources.yaml to the results of the suite.

Each rule's numbers are the non-negative least squares of relative errors over its records; the quantities that a rule
has are those in the table already. With --jobs, the tables that Snakemake wrote for long jobs are fitted too: jobs of
networks that the results know, in which the order of magnitude of time is trusted (60 s or more).
"""

import argparse
import csv
import re
from pathlib import Path

import numpy as np
import yaml
from scipy.optimize import least_squares, nnls

from benchmarks import REPOSITORY
from benchmarks.results import RESULTS, median, read_results
from checked_config import checked, load_schema
from v1_files import command_line
from workflow.resource_model import TABLE, disc_fraction, load_table, quantities

KINDS = {"memory_mb": "peak_mb", "runtime_s": "wall_s"}
SHORTEST_JOB_S = 60.0
DIGITS = 3


def observations(results):
    """What each rule took: (rule, quantities, measured by kind) of v1flow's whole processes."""
    found = []
    for content in results:
        duration_s = content["duration_ms"] / 1000
        for record in content["records"]:
            if record["system"] == "v1flow" and record["status"] == "done":
                handled = {name: record[name] for name in ("trials", "copies", "threads")}
                amounts = quantities(content["size"], **handled, duration_s=duration_s)
                found.append((record["stage"], amounts, {kind: median(record, m) for kind, m in KINDS.items()}))
    return found


def job_observations(folder, results, paradigms):
    """The same from Snakemake's benchmark tables, ``{rule}/{network}/{paradigm}_….tsv``."""
    sizes, found = {content["network"]: content["size"] for content in results}, []
    for path in sorted(Path(folder).glob("*/*/*.tsv")):
        rule, network = path.parts[-3:-1]
        names = [name for name in paradigms if path.stem.startswith(f"{name}_")]
        with path.open() as stream:
            row = next(csv.DictReader(stream, delimiter="\t"))
        if network in sizes and names and row["max_pss"] != "-" and float(row["s"]) >= SHORTEST_JOB_S:
            paradigm = paradigms[max(names, key=len)]
            own = {entry["name"]: entry["trials"] for entry in paradigm["conditions"]}
            trials = next((own[name] for name in own if path.stem.endswith(f"_{name}")), sum(own.values()))
            handled = {"trials": trials, "copies": min(trials, 2), "duration_s": paradigm["duration_ms"] / 1000}
            taken = {"memory_mb": float(row["max_pss"]) * 1024**2 / 1e6, "runtime_s": float(row["s"])}
            found.append((rule, quantities(sizes[network], **handled), taken))
    return found


def fitted(names, rows):
    """Coefficients of quantities for (quantities, measured) rows, with the least relative errors."""
    measured = np.array([value for _, value in rows])
    amounts = np.array([[amounts[name] for name in names] for amounts, _ in rows])
    solution, _ = nnls(amounts / measured[:, None], np.ones(len(rows)))
    return {name: rounded(value) for name, value in zip(names, solution, strict=True)}


def rounded(value):
    """Three significant digits, whole numbers as such.

    >>> rounded(0.0123456), rounded(1234.56)
    (0.0123, 1230)
    """
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short.is_integer() else short


def network_size(law, results):
    """The law of network sizes, fitted to the networks measured."""
    radius = np.array([content["size"]["radius_um"] for content in results])
    cells = np.array([content["size"]["v1_cells"] for content in results])
    edges = {name: np.array([content["size"]["edges"][name] for content in results]) for name in ("v1_v1", "lgn_v1")}

    def errors(law):
        most, reach_um = law
        expected = [most * disc_fraction(r, reach_um) for r in radius]
        return expected / (edges["v1_v1"] / cells) - 1

    most, reach = least_squares(errors, (law["recurrent_edges_per_cell"], law["reach_um"])).x
    law = {**law, "recurrent_edges_per_cell": rounded(most), "reach_um": rounded(reach)}
    lgn = dict(law["lgn_edges_per_cell"])
    for kind in lgn:
        chosen = np.array([content["size"]["lgn"] == kind for content in results])
        if chosen.any():
            lgn[kind] = rounded((edges["lgn_v1"][chosen] / cells[chosen]).mean())
    return {**law, "lgn_edges_per_cell": lgn}


def with_values(text, table):
    """Text of the table with new numbers in its lines ``  rule: {…}``; comments stay."""
    section, lines = None, []
    for line in text.splitlines():
        top, entry = re.match(r"(\w+):", line), re.match(r"  (\w+):", line)
        section = top[1] if top else section
        if entry and section in table:
            value = yaml.safe_dump(table[section][entry[1]], default_flow_style=True, sort_keys=False, width=1000)
            line = f"  {entry[1]}: {value.removesuffix(chr(10)).removesuffix('...').strip()}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def main(argv=None):
    """Parse, fit, write; say how far each prediction is from its measurement."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--results", type=Path, default=RESULTS, help="folder of the suite's results")
    p.add_argument("--jobs", type=Path, help="folder of Snakemake's benchmark tables, results/benchmarks")
    p.add_argument("--table", type=Path, default=TABLE)
    a = p.parse_args(argv)
    results, table = read_results(a.results), load_table(a.table)
    if len(results) < 2:
        raise ValueError(f"{a.results}: results of two networks at least are needed; run make bench first")
    rows = observations(results)
    if a.jobs:
        config = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
        config = checked(config, load_schema(REPOSITORY / "workflow" / "schemas" / "config.schema.yaml"))
        rows += job_observations(a.jobs, results, config["paradigms"])
    table["network_size"] = network_size(table["network_size"], results)
    for kind in KINDS:
        for rule, coefficients in table[kind].items():
            own = [(amounts, taken[kind]) for name, amounts, taken in rows if name == rule]
            if own:
                table[kind][rule] = fitted(list(coefficients), own)
                predicted = [sum(table[kind][rule][name] * x[name] for name in coefficients) for x, _ in own]
                errors = [100 * (p / measured - 1) for p, (_, measured) in zip(predicted, own, strict=True)]
                print(f"{kind} {rule}: off by {', '.join(f'{error:+.0f} %' for error in errors)}")
    a.table.write_text(with_values(a.table.read_text(), table))


if __name__ == "__main__":
    command_line.run(main)
