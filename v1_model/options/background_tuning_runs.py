"""The tuning of the background weights in NEST: the network loaded once, each iteration simulated in forks of it.

Without recurrence the cells do not matter to each other. So the cells of an iteration are shared out among forks that
run side by side, the cells of finished models stand still, and every iteration uses the same spikes. After each
iteration all iterations so far are on disk, under a key of everything that they depend on; a run that was ended goes on
from there.
"""

import hashlib
import json
import mmap
import os
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from v1_files.code import Code
from v1_files.files import remove_unfinished
from v1_files.reading import read_table
from v1_model.engines.children import run_children
from v1_model.engines.configs import (
    check_inputs,
    check_network,
    count_edges,
    enabled_edges,
    projections,
    read_populations,
    read_trials,
)
from v1_model.engines.finished_trials import fingerprint
from v1_model.engines.nest.pointnet import LOG_INTERVAL_S
from v1_model.network.synapses import read_receptor_port
from v1_model.options.background_tuning import (
    ITERATION_COLUMNS,
    Bisection,
    iteration_rows,
    median_rates_hz,
    replay,
    tuning_table,
    write_table,
)

BACKGROUND = "bkg"


class Iterations:
    """The iterations so far, in a hidden file beside the outputs that no rule declares.

    Parameters
    ----------
    folder : path
    key : str
        Of everything that the rates depend on; what is there under another key is removed.
    """

    def __init__(self, folder, key):
        self.path = Path(folder) / f".iterations.{key}.csv"
        for other in self.path.parent.glob(".iterations.*.csv"):
            if other != self.path:
                other.unlink()
        remove_unfinished(self.path)
        self.rows = pd.DataFrame(columns=list(ITERATION_COLUMNS))

    def restore(self, bisection, specimen_ids):
        """Take what is on disk into a new bisection; False where there is nothing, or nothing of use."""
        if not self.path.exists():
            return False
        try:
            exact = {"converters": dict.fromkeys(ITERATION_COLUMNS[2:], float)}
            rows = read_table(self.path, counts=ITERATION_COLUMNS[:2], numeric=ITERATION_COLUMNS[2:], **exact)
            replay(bisection, specimen_ids, rows[list(ITERATION_COLUMNS)])
        except (KeyError, ValueError) as error:
            print(f"{self.path} is not taken up: {error}", file=sys.stderr)
            self.remove()
            return False
        self.rows = rows
        return True

    def append(self, rows):
        """Add the rows of an iteration and write all."""
        self.rows = pd.concat([self.rows, rows], ignore_index=True) if len(self.rows) else rows
        write_table(self.path, self.rows)

    def remove(self):
        """Remove the file."""
        self.path.unlink(missing_ok=True)


def tune_background(config, tables, target_factor=1.0, copies=1, progress=False):
    """Fit the background weight of every cell model of a network.

    Parameters
    ----------
    config : path
        SONATA simulation config without recurrent edges; its output folder keeps the iterations of a run that was
        ended.
    tables : seed_tables.SeedTables
        With the targets, by population, and the weights of models without cells.
    target_factor : float
        The rates aimed at are the targets times this.
    copies : int
        Forks side by side; the result does not depend on it.
    progress : bool
        Whether to show progress on stderr.

    Returns
    -------
    tuning : pandas.DataFrame
        See :func:`v1_model.options.background_tuning.tuning_table`.
    iterations : pandas.DataFrame
        ``iteration specimen_id weight_pA median_rate_Hz``.
    kept : Iterations
        To be removed when the outputs are written.

    Raises
    ------
    ValueError, OSError
        For a config, network, table or input that cannot be used, before anything is simulated.
    ChildProcessError
        When a simulation failed; the iterations before it are kept.
    """
    (trial,) = read_trials([config])
    populations = read_populations(trial.config)
    cells = _cells(trial, populations)
    check_network(trial.config, populations)
    check_inputs(trial, populations)
    types = _types(cells, tables)
    n_cells = np.bincount(cells.type_rows, minlength=len(types))
    targets_hz = target_factor * tables.background["target_median_rate_Hz"].loc[types].to_numpy()
    kept = Iterations(trial.output_dir, tuning_key(trial, types, targets_hz))
    ids = types.index.to_numpy()
    bisection = Bisection(targets_hz, n_cells)
    if not kept.restore(bisection, ids):
        bisection = Bisection(targets_hz, n_cells)
    elif progress:
        print(f"{bisection.iteration} iterations are there already", file=sys.stderr)
    if bisection.unfinished.any():
        _iterate(trial, populations, cells, bisection, kept, ids, copies, progress)
    weights = tables.background_fitted["fitted_weight_pA"]
    return tuning_table(bisection, types, tables.background, weights, n_cells), kept.rows, kept


def _iterate(trial, populations, cells, bisection, kept, ids, copies, progress):
    """Simulate iteration after iteration until all models are done."""
    bar = partial(tqdm, disable=not progress, mininterval=0.5 if sys.stderr.isatty() else LOG_INTERVAL_S)
    with bar(total=count_edges(trial.config), unit="edge", unit_scale=True, desc="connected") as edges:
        simulator = _load(trial, populations, edges.update)
    t_stop_ms = trial.config.run["tstop"]
    while bisection.unfinished.any():
        weights = bisection.next_weights_pa()
        label = f"iteration {bisection.iteration + 1}, {bisection.unfinished.sum()} models"
        with bar(total=copies * t_stop_ms, unit="ms", desc=label) as simulated:
            counts = _count(simulator, trial, weights[cells.type_rows], copies, simulated.update)
        rates = median_rates_hz(counts, cells.type_rows, len(ids), t_stop_ms / 1000)
        rows = iteration_rows(bisection.iteration + 1, ids, weights, rates)
        bisection.update(rates)
        kept.append(rows)


def _count(simulator, trial, weights_pa, copies, on_time):
    """Spikes of each cell (int64), simulated in forks that share the cells; those of weight nan stand still."""
    wanted = np.flatnonzero(np.isfinite(weights_pa))
    counts = np.frombuffer(mmap.mmap(-1, 8 * len(weights_pa)), dtype=np.int64)

    def count(part, on_time):
        simulated = np.zeros(len(weights_pa), dtype=bool)
        simulated[part] = True
        found = simulator.count_spikes(trial, np.nan_to_num(weights_pa), simulated, on_time)
        counts[part] = found[part]

    tasks = {f"part {k + 1} of {copies}": partial(count, wanted[k::copies]) for k in range(copies)}
    failures = run_children(tasks, copies, on_time)
    if failures:
        raise ChildProcessError("; ".join(f"{name}: {reason}" for name, reason in failures.items()))
    return counts


def _load(trial, populations, on_edges):
    """The loaded network; importing what loads it imports NEST, without its banner."""
    os.environ.setdefault("PYNEST_QUIET", "1")
    from v1_model.engines.nest.simulator import load
    from v1_model.options.background_tuning_nest import TuningSimulator

    ports = _highest_port(trial.config)
    return load(trial, populations, forked=True, on_edges=on_edges, simulator_class=TuningSimulator, ports=ports)


def _highest_port(config):
    """The highest receptor port of the edge types; without recurrent edges the cells need no other."""
    folder, ports = Path(config.components["synaptic_models_dir"]), []
    for edges in enabled_edges(config):
        names = read_table(edges["edge_types_file"], text=["dynamics_params"])["dynamics_params"].unique()
        ports += [read_receptor_port(folder / name) for name in names]
    return max(ports)


def _cells(trial, populations):
    """The population of cells, which no other edges of the config may connect with itself."""
    (cells,) = [table for table in populations.values() if not table.is_virtual]
    pairs = projections(trial.config)
    if (cells.name, cells.name) in pairs:
        raise ValueError(f"{trial.path}: edges from {cells.name} to itself; background weights are tuned without them")
    if (BACKGROUND, cells.name) not in pairs:
        raise ValueError(f"{trial.path}: no edges from population '{BACKGROUND}', whose weights are to be tuned")
    return cells


def _types(cells, tables):
    """Population of each cell model (Series by specimen id), in the order of the node types."""
    types = cells.types["pop_name"]
    unknown = types.index.difference(tables.background_fitted.index)
    if len(unknown):
        raise ValueError(
            f"{tables.folder / 'background_fitted.csv'}: no row for cell model {unknown[0]} of {cells.path}"
        )
    unknown = sorted(set(types) - set(tables.background.index))
    if unknown:
        raise ValueError(f"{tables.folder / 'background.csv'}: no row for population {unknown[0]} of {cells.path}")
    return types


def tuning_key(trial, types, targets_hz):
    """Key of everything that the rates of the iterations depend on.

    Parameters
    ----------
    trial : v1_model.engines.configs.Trial
    types : pandas.Series
        Population by specimen id.
    targets_hz : array of float, shape (models,)

    Returns
    -------
    str
        Hexadecimal digest: see :func:`v1_model.engines.finished_trials.fingerprint`, and besides the models, their
        targets and the modules of the tuning.
    """
    modules = [Path(__file__).with_name(f"background_tuning{part}.py") for part in ("", "_nest", "_runs")]
    code = Code(Path(__file__).parent).digest(modules)
    parts = [fingerprint(trial), code, types.to_dict(), list(map(float, targets_hz))]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
