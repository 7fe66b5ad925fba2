"""Print the figures of a network and the time that each stage took, from the benchmarks Snakemake wrote."""

import argparse
import time
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from v1_files import command_line
from v1_files.reading import read_table


def stage_times(benchmarks, network, since):
    """Time and memory of each stage.

    Parameters
    ----------
    benchmarks : pathlib.Path
        Folder with a folder of Snakemake benchmark tables a rule.
    network : str
    since : float
        Jobs that ended before this time (s since the epoch) are left out.

    Returns
    -------
    pandas.DataFrame, index stage, in order of completion
        ``jobs``, ``seconds`` (of all jobs together), ``max_rss_mb`` (of the largest), ``end`` (s since the epoch).
    """
    rows = []
    for path in [*benchmarks.glob(f"*/{network}.tsv"), *benchmarks.glob(f"*/{network}/*.tsv")]:
        end = path.stat().st_mtime
        if end >= since:
            job = _only_row(path)
            stage = path.relative_to(benchmarks).parts[0]
            rows.append({"stage": stage, "seconds": job["s"], "max_rss_mb": job["max_rss"], "end": end})
    jobs = pd.DataFrame(rows, columns=["stage", "seconds", "max_rss_mb", "end"]).groupby("stage")
    table = jobs.agg(
        jobs=("seconds", "size"), seconds=("seconds", "sum"), max_rss_mb=("max_rss_mb", "max"), end=("end", "max")
    )
    return table.sort_values("end")


def _only_row(path):
    table = read_table(path, numeric=["s", "max_rss"], sep="\t", na_values="-")
    if table.empty:
        raise ValueError(f"{path}: no row, expected that of one job")
    return table.iloc[0]


def show(console, figures, stages, wall_s):
    """Print the stages, then the figures."""
    if len(stages):
        table = Table("stage", "jobs", "time of all jobs", "largest job", title="Stages")
        for column in table.columns[1:]:
            column.justify = "right"
        for stage, row in stages.iterrows():
            memory = "-" if pd.isna(row["max_rss_mb"]) else f"{row['max_rss_mb']:,.0f} MB"
            table.add_row(stage, f"{row['jobs']:.0f}", f"{row['seconds']:.1f} s", memory)
        console.print(table)
    else:
        console.print("Everything was there already: no job had to run.")
    if wall_s is not None:
        console.print(f"Wall time: {wall_s // 60:.0f} min {wall_s % 60:.0f} s")
    console.print("Figures:")
    for figure in figures:
        console.print(f"  {figure}", soft_wrap=True, highlight=False)


def parser():
    """Arguments of the script."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--results", required=True, type=Path, help="folder of the results")
    p.add_argument("--network", required=True, help="name of the network")
    p.add_argument("--since-s", type=float, help="begin of the run (seconds since the epoch); without it, all jobs")
    return p


def main(argv=None):
    """Parse, collect, print."""
    a = parser().parse_args(argv)
    figures = sorted((a.results / a.network / "figures").glob("*.png"))
    if not figures:
        raise ValueError(f"{a.results / a.network / 'figures'}: no figure found, expected at least one PNG file")
    stages = stage_times(a.results / "benchmarks", a.network, a.since_s or 0)
    show(Console(), figures, stages, None if a.since_s is None else time.time() - a.since_s)


if __name__ == "__main__":
    command_line.run(main)
