"""Draw time and memory against network size, v1flow and stock BMTK, from the results of the suite."""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from analysis_shared.figures.style import DOTS_PER_INCH, PAGE_WIDTH_IN, publication_style
from benchmarks import REPOSITORY
from benchmarks.results import RESULTS, find, median, read_results
from v1_files import command_line
from v1_files.files import whole_file

PICTURE = REPOSITORY / "docs" / "images" / "benchmarks.png"
# Title, stage, properties of the record.
PANELS = (
    ("Cells and recurrent edges", "build_recurrent", {}),
    ("Build, all files", "build_network", {}),
    ("LGN, one condition", "run_filternet", {"trials": 2}),
    ("V1, load", "v1_load", {"trials": 1}),
    ("V1, simulate 3 s", "v1_simulate", {}),
)
CELLS = (3e3, 3e5)
ROWS = (("wall_s", "Time (s)", 1.0), ("peak_mb", "Peak memory (GB)", 1 / 1000))
SYSTEMS = {"v1flow": ("v1flow", "#1b6ca8", "o"), "bmtk": ("stock BMTK", "#c8553d", "s")}


def series(results, stage, system, threads, more, measure):
    """Cells of the networks, medians of a measure and its lowest and highest values."""
    wanted = {**more, "threads": threads}
    records = [(content["size"]["v1_cells"], find(content, stage, system, **wanted)) for content in results]
    done = [(cells, record) for cells, record in records if record and record["status"] == "done"]
    return [(cells, median(record, measure), min(record[measure]), max(record[measure])) for cells, record in done]


def draw_panel(axes, results, stage, more, measure, factor):
    """One measure of one stage, a line for each system and number of threads."""
    threads = sorted({r["threads"] for content in results for r in content["records"] if r["stage"] == stage})
    for system, (label, colour, marker) in SYSTEMS.items():
        for n in threads:
            points = series(results, stage, system, n, more, measure)
            if not points:
                continue
            cells, middle, low, high = zip(*points, strict=True)
            middle, low, high = factor * np.array([middle, low, high])
            spans = np.abs(np.subtract([low, high], middle))
            style = {"color": colour, "marker": marker, "markersize": 4.5, "linestyle": "-" if n == 1 else ":"}
            style["markerfacecolor"] = colour if n == 1 else "white"
            name = f"{label}, {n} thread{'s' * (n > 1)}"
            axes.errorbar(cells, middle, yerr=spans, capsize=2, label=name, **style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(CELLS)
    axes.grid(color="0.92", linewidth=0.6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(mpl.ticker.NullFormatter())


def draw(results):
    """The figure: stages across, time above memory."""
    figure = Figure(figsize=(1.45 * PAGE_WIDTH_IN, 4.6), layout="constrained")
    axes = figure.subplots(len(ROWS), len(PANELS), sharex=True, sharey="row", squeeze=False)
    labels = {}
    for column, (title, stage, more) in enumerate(PANELS):
        for row, (measure, label, factor) in enumerate(ROWS):
            draw_panel(axes[row, column], results, stage, more, measure, factor)
            axes[row, column].set_ylabel(label if column == 0 else "")
        axes[0, column].set_title(title)
        axes[-1, column].set_xlabel("V1 cells")
        handles, names = axes[0, column].get_legend_handles_labels()
        labels |= dict(zip(names, handles, strict=True))
    figure.legend(labels.values(), labels.keys(), loc="outside lower center", ncols=len(labels))
    return figure


def main(argv=None):
    """Parse, draw, save."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--results", type=Path, default=RESULTS, help="folder of the suite's results")
    p.add_argument("--output", type=Path, default=PICTURE)
    a = p.parse_args(argv)
    with mpl.rc_context(publication_style()), whole_file(a.output) as path:
        draw(read_results(a.results)).savefig(path, dpi=DOTS_PER_INCH // 2, metadata={"Software": None})


if __name__ == "__main__":
    command_line.run(main)
