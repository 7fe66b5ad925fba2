"""What a perturbation changes, against the same option unperturbed in the same network and paradigm.

Both runs have the same LGN and background spikes trial by trial, so cells and trials are paired. Writes two tables:
each cell's rates, OSI, DSI and lifetime sparsity in both runs; and the means of each cell type and class over the
cells of a region that are not targets (in both runs), with 95 % intervals of the change over cells and, for rates, over
trials within conditions. OSI, DSI and sparsity are compared over cells that respond in both runs. Metrics are measured
in the part of the paradigm's window in which the perturbation lasts, which the table of types names (begin_ms, end_ms);
the selectivity tables have to be of the same part (calculate_odsi.py --perturbation). Of a window that the perturbation
does not touch the table of types has no rows; the evoked one must be touched.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from analysis_shared.cells.node_set_names import REGIONS
from analysis_shared.cells.node_sets import read_node_set
from analysis_shared.cells.nodes import core_of, read_naming_scheme, read_network
from analysis_shared.metrics.spikes import count_spikes, read_spikes
from analysis_shared.metrics.suppression import (
    TRIAL_METRICS,
    cell_groups,
    compare_cells,
    compare_groups,
    group_rates,
    read_responses,
    with_windows,
)
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import called, read_paradigm, window, windows_while_perturbed, with_direction


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paradigm", required=True, type=Path, help="paradigm of both runs (JSON)")
    parser.add_argument("--network-dir", required=True, type=Path, help="folder with v1_nodes.h5 and network.json")
    parser.add_argument("--naming-scheme", required=True, type=Path, help="cell-type naming scheme")
    parser.add_argument(
        "--perturbation",
        required=True,
        nargs=3,
        metavar=("NAME", "BEGIN_MS", "END_MS"),
        help="name and time of the perturbation",
    )
    parser.add_argument("--node-set", required=True, type=Path, help="cells that are perturbed (JSON)")
    parser.add_argument("--baseline-dir", required=True, type=Path, help="spikes unperturbed, a folder a trial")
    parser.add_argument("--perturbed-dir", required=True, type=Path, help="spikes perturbed, a folder a trial")
    parser.add_argument("--baseline-selectivity", required=True, type=Path, help="selectivity table unperturbed")
    parser.add_argument("--perturbed-selectivity", required=True, type=Path, help="selectivity table perturbed")
    parser.add_argument("--region", default="core", choices=REGIONS, help="whose means to take (default: %(default)s)")
    parser.add_argument("--cells", required=True, type=Path, help="table of cells to write")
    parser.add_argument("--types", required=True, type=Path, help="table of cell types and classes to write")
    return parser.parse_args(argv)


def rates_by_trial(paradigm, folder, groups, n_nodes):
    """Mean rate of each group in each trial: by metric, shape (n_conditions, n_trials, n_groups), Hz."""
    trials = {condition["trials"] for condition in paradigm["conditions"]}
    if len(trials) > 1:
        raise ValueError(f"{called(paradigm)}: conditions differ in their trials, {sorted(trials)}")
    shape = (len(paradigm["conditions"]), *trials, len(groups))
    measured = {span: metric for span, metric in TRIAL_METRICS.items() if span in paradigm["windows_ms"]}
    rates = {metric: np.empty(shape) for metric in measured.values()}
    for index in tqdm(np.ndindex(shape[:2]), total=shape[0] * shape[1], desc=str(folder), unit="trial"):
        name = paradigm["conditions"][index[0]]["name"]
        spikes = read_spikes(folder / f"{name}_trial{index[1]}" / "spikes.h5", n_nodes, paradigm["duration_ms"])
        for span, metric in measured.items():
            limits = window(paradigm, span)
            rates[metric][index] = group_rates(count_spikes(*spikes, limits, n_nodes), groups, limits)
    return rates


def report_targets(cells):
    """Say on stderr what the perturbation did to its targets."""
    targets = cells[cells["target"]]
    before, after = (targets[f"mean_rate_Hz_{run}"].mean() for run in ("baseline", "perturbed"))
    print(f"{len(targets)} targets: mean rate {before:.4g} Hz before, {after:.4g} Hz perturbed", file=sys.stderr)


def write_table(table, path):
    with whole_file(path) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.7g")


def main(argv=None):
    args = parse(argv)
    paradigm = with_direction(read_paradigm(args.paradigm))
    paradigm["windows_ms"] = windows_while_perturbed(paradigm, args.perturbation, args.paradigm)
    nodes, _ = read_network(args.network_dir, read_naming_scheme(args.naming_scheme))
    if args.region == "core":
        core_of(nodes, args.network_dir)
    targets = read_node_set(args.node_set, len(nodes))
    cells = compare_cells(
        nodes,
        targets,
        *(read_responses(path, nodes) for path in (args.baseline_selectivity, args.perturbed_selectivity)),
    )
    report_targets(cells)
    groups = cell_groups(nodes, targets, args.region)
    runs = [rates_by_trial(paradigm, folder, groups, len(nodes)) for folder in (args.baseline_dir, args.perturbed_dir)]
    trial_rates = {metric: np.stack([run[metric] for run in runs]) for metric in runs[0]}
    types = with_windows(compare_groups(cells, groups, trial_rates, args.region), paradigm["windows_ms"])
    write_table(cells, args.cells)
    write_table(types, args.types)


if __name__ == "__main__":
    command_line.run(main)
