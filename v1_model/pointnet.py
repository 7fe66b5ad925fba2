"""Running V1 in NEST through BMTK PointNet: one load, any number of trials.

With one thread the network is loaded once and every trial is simulated in a fork of the loaded process, from the same
pristine state and sharing its memory; with more threads, which do not survive a fork, every trial has a process that
loads the network itself.
"""

import os
import sys
from functools import partial

from tqdm import tqdm

from v1_model.modulation import Modulation, read_modulation
from v1_model.nest_children import run_children
from v1_model.nest_configs import check_inputs, count_edges, projections, read_populations, read_trials
from v1_model.nest_edges import BLOCK_EDGES

# A log file gets a line now and then, a terminal a moving bar.
LOG_INTERVAL_S = 30.0


def run_pointnet(
    configs, threads=1, modulation_file=None, output_dir=None, copies=None, block_edges=BLOCK_EDGES, progress=False
):
    """Simulate the trials of some SONATA configs that share a network.

    Parameters
    ----------
    configs : sequence of path
        One SONATA simulation config a trial; they may differ in spike input files and outputs only.
    threads : int
        Threads of NEST in each simulation.
    modulation_file : path, optional
        Rules that change weights as they are loaded, see :mod:`v1_model.modulation`.
    output_dir : path, optional
        Where outputs go instead of each config's own folder.
    copies : int, optional
        Trials simulated side by side (one thread only); by default as many as there are processors and trials.
    block_edges : int
        Edges in memory at a time while loading.
    progress : bool
        Whether to show progress on stderr.

    Raises
    ------
    ValueError, OSError
        For configs, networks or inputs that cannot be used, before anything is simulated.
    ChildProcessError
        When some of several trials failed, naming them; the others have written their outputs.
    """
    trials = read_trials(configs, output_dir)
    config = trials[0].config
    tables = read_populations(config)
    for trial in trials:
        check_inputs(trial, tables)
    modulation = None
    if modulation_file is not None:
        types = {name: table.types for name, table in tables.items()}
        modulation = Modulation(modulation_file, read_modulation(modulation_file), types, projections(config))
    options = {"modulation": modulation, "threads": threads, "block_edges": block_edges}
    bar = partial(tqdm, disable=not progress, mininterval=0.5 if sys.stderr.isatty() else LOG_INTERVAL_S)
    failures = _run_trials(trials, tables, options, copies, bar)
    if failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise ChildProcessError(f"{len(failures)} of {len(trials)} trials failed: {reasons}")


def _run_trials(trials, tables, options, copies, bar):
    """Failures by trial, see :func:`run_children`; a single trial is simulated in this process and raises its own."""
    config = trials[0].config
    simulated = partial(bar, total=len(trials) * config.run["tstop"], unit="ms", desc="simulated")
    names = [os.path.relpath(trial.output_dir) for trial in trials]
    if options["threads"] > 1 and len(trials) > 1:
        # NEST must not be imported here: its threads, once started, are lost in a fork.
        tasks = [partial(_load_and_run, trial, tables, options) for trial in trials]
        with simulated() as progress:
            return run_children(dict(zip(names, tasks, strict=True)), 1, progress.update)
    with bar(total=count_edges(config), unit="edge", unit_scale=True, desc="connected") as progress:
        simulator = _import_load()(trials[0], tables, forked=len(trials) > 1, on_edges=progress.update, **options)
    with simulated() as progress:
        if len(trials) == 1:
            simulator.run_trial(trials[0], progress.update)
            return {}
        tasks = [partial(simulator.run_trial, trial) for trial in trials]
        copies = copies or len(os.sched_getaffinity(0))
        return run_children(dict(zip(names, tasks, strict=True)), copies, progress.update)


def _load_and_run(trial, tables, options, on_time):
    _import_load()(trial, tables, **options).run_trial(trial, on_time)


def _import_load():
    """The function that loads a network; importing it imports NEST, without its banner."""
    os.environ.setdefault("PYNEST_QUIET", "1")
    from v1_model.nest_simulator import load

    return load
