"""Write the tables of docs/benchmarks.md from the results of the suite, each between its markers."""

import argparse
import re
from pathlib import Path

from benchmarks import REPOSITORY
from benchmarks.results import RESULTS, find, median, read_results
from v1_files import command_line

PAGE = REPOSITORY / "docs" / "benchmarks.md"
NOT_MEASURED = "–"
SYSTEMS = {"v1flow": "v1flow", "bmtk": "stock BMTK", "bmtk_unmerged": "stock BMTK, ports not merged"}
# Title, stage, properties of the record.
BESIDE_STOCK = (
    ("cells and recurrent edges, 1 thread", "build_recurrent", {}),
    ("LGN, one condition, 2 trials", "run_filternet", {"trials": 2}),
    ("V1, load, 1 thread", "v1_load", {"threads": 1, "copies": 1, "trials": 1}),
    ("V1, simulate, 1 thread", "v1_simulate", {"threads": 1}),
    ("V1, load, 2 threads", "v1_load", {"threads": 2}),
    ("V1, simulate, 2 threads", "v1_simulate", {"threads": 2}),
)
STAGES = (
    ("build, all files", "build_network", {}),
    ("LGN, one condition, 2 trials", "run_filternet", {"trials": 2}),
    ("LGN, one condition, 10 trials", "run_filternet", {"trials": 10}),
    ("LGN, spikes of an added trial", "lgn_added_trial", {}),
    ("background spikes of 2 trials", "generate_background", {"trials": 2}),
    ("background spikes of 10 trials", "generate_background", {"trials": 10}),
    ("V1, load, 1 thread", "v1_load", {"threads": 1, "copies": 1, "trials": 1}),
    ("V1, simulate, 1 thread", "v1_simulate", {"threads": 1}),
    ("V1, load, 2 threads", "v1_load", {"threads": 2}),
    ("V1, simulate, 2 threads", "v1_simulate", {"threads": 2}),
    ("V1, an added trial, forked", "v1_added_trial", {}),
    ("V1, two trials side by side", "v1_side_by_side", {}),
    ("rates and selectivity, 8 conditions × 2 trials", "calculate_odsi", {"trials": 16}),
    ("rates and selectivity, 8 conditions × 10 trials", "calculate_odsi", {"trials": 80}),
    ("similarity to the recordings", "calculate_similarity", {}),
    ("figure: network summary", "plot_network_summary", {}),
    ("figure: raster", "plot_raster", {}),
    ("figure: selectivity", "plot_odsi_boxplots", {}),
    ("figure: similarity", "plot_similarity", {}),
)


def seconds(value):
    """A time for reading.

    >>> seconds(0.0312), seconds(3.14), seconds(31.4), seconds(None)
    ('0.03 s', '3.1 s', '31 s', '–')
    """
    if value is None:
        return NOT_MEASURED
    digits = 0 if value >= 10 else 1 if value >= 0.1 else 2
    return f"{value:,.{digits}f} s"


def memory(value_mb):
    """A size in memory for reading.

    >>> memory(312.4), memory(2012.0), memory(None)
    ('312 MB', '2.0 GB', '–')
    """
    if value_mb is None:
        return NOT_MEASURED
    return f"{value_mb:.0f} MB" if value_mb < 1000 else f"{value_mb / 1000:.1f} GB"


def table(header, rows):
    """Lines of a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(row) + " |" for row in lines]


def machine_table(results):
    """Where and with what each network was measured."""
    rows = []
    for content in results:
        machine, versions = content["machine"], content["versions"]
        dates = sorted({record["date"] for record in content["records"]})
        date = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
        cores = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:.1f} GB, {machine['system']}"
        with_what = f"Python {versions['python']}, NEST {versions['nest-simulator']}, BMTK {versions['bmtk']}"
        rows.append([content["network"], date, cores, with_what])
    return table(["network", "measured", "machine", "versions"], rows)


def size_table(results):
    """Sizes of the networks."""
    rows = []
    for content in results:
        size = content["size"]
        edges = [f"{count:,}" for count in size["edges"].values()]
        cells = [f"{size['v1_cells']:,}", f"{size['lgn_cells']:,}"]
        rows.append([content["network"], f"{size['radius_um']:.0f} µm", *cells, *edges, memory(size["files_mb"])])
    header = ["network", "radius", "V1 cells", "LGN cells", "recurrent", "LGN → V1", "background → V1", "files"]
    return table(header, rows)


def stage_table(results):
    """Time and memory of each stage of v1flow, by network."""
    rows = []
    for title, stage, more in STAGES:
        records = [find(content, stage, "v1flow", **more) for content in results]
        if any(records):
            rows.append([title, *(taken(record) for record in records)])
    return table(["stage", *(content["network"] for content in results)], rows)


def taken(record):
    """Time and memory of a record, or why there is none."""
    if record is None:
        return NOT_MEASURED
    if record["status"] != "done":
        return record["reason"]
    return f"{seconds(median(record, 'wall_s'))}, {memory(median(record, 'peak_mb'))}"


def stock_table(results):
    """v1flow beside stock BMTK: time and memory of each and their ratios."""
    rows = []
    for title, stage, more in BESIDE_STOCK:
        for content in results:
            own = find(content, stage, "v1flow", **more)
            for system in ("bmtk", "bmtk_unmerged"):
                # A process that did not end has no marks of the stages inside it.
                other = find(content, stage, system, **more) or without_marks(content, stage, system, more)
                if own and other:
                    rows.append([title, content["network"], SYSTEMS[system], taken(own), taken(other)])
                    rows[-1] += [ratio(own, other, measure) for measure in ("wall_s", "peak_mb")]
    header = ["stage", "network", "beside", "v1flow", "the other", "time ratio", "memory ratio"]
    return table(header, rows)


def without_marks(content, stage, system, more):
    """The record of a V1 process that was skipped or failed, in place of one of its stages."""
    if stage not in ("v1_load", "v1_simulate"):
        return None
    record = find(content, "run_v1", system, **{name: value for name, value in more.items() if name == "threads"})
    return record if record and record["status"] != "done" else None


def ratio(own, other, measure):
    """How many times more the other took."""
    a, b = median(own, measure), median(other, measure)
    return f"{b / a:.1f}" if a and b else NOT_MEASURED


def spikes_table(results):
    """Whether both systems gave the same spikes."""
    rows = []
    for content in results:
        records = [r for r in content["records"] if r["stage"] == "v1_simulate" and "checksum" in r]
        if records:
            same = "yes" if len({record["checksum"] for record in records}) == 1 else "no"
            runs = [f"{SYSTEMS[r['system']]} ({r['threads']} thread{'s' * (r['threads'] > 1)})" for r in records]
            rows.append([content["network"], f"{records[0]['spikes']:,}", ", ".join(runs), same])
    return table(["network", "spikes in 3 s", "runs", "identical"], rows)


TABLES = {
    "machine": machine_table,
    "sizes": size_table,
    "stages": stage_table,
    "stock": stock_table,
    "spikes": spikes_table,
}


def filled(page, results):
    """The page with each table between its markers."""
    for name, make in TABLES.items():
        block = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        lines = "\n".join(make(results))
        page, found = block.subn(lambda match, lines=lines: f"{match[1]}{lines}\n{match[2]}", page)
        if found != 1:
            raise ValueError(f"expected the markers <!-- {name} --> and <!-- /{name} --> once, found {found}")
    return page


def main(argv=None):
    """Parse, fill, write."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--results", type=Path, default=RESULTS, help="folder of the suite's results")
    p.add_argument("--page", type=Path, default=PAGE)
    a = p.parse_args(argv)
    a.page.write_text(filled(a.page.read_text(), read_results(a.results)))


if __name__ == "__main__":
    command_line.run(main)
