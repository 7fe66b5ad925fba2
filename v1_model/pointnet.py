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
from v1_model.nest_configs import check_inputs, projections, read_populations, read_trials
from v1_model.nest_edges import BLOCK_EDGES


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
    duration_ms = len(trials) * config.run["tstop"]
    # A log file gets a line now and then, a terminal a moving bar.
    interval_s = 0.5 if sys.stderr.isatty() else 30.0
    with tqdm(total=duration_ms, unit="ms", desc="simulated", mininterval=interval_s, disable=not progress) as bar:
        if len(trials) == 1:
            _load_and_run(trials[0], tables, options, bar.update)
            return
        failures = _run_trials(trials, tables, options, copies, bar.update)
    if failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise ChildProcessError(f"{len(failures)} of {len(trials)} trials failed: {reasons}")


def _import_load():
    """The function that loads a network; importing it imports NEST, without its banner."""
    os.environ.setdefault("PYNEST_QUIET", "1")
    from v1_model.nest_simulator import load

    return load


def _load_and_run(trial, tables, options, on_time):
    _import_load()(trial, tables, **options).run_trial(trial, on_time)


def _run_trials(trials, tables, options, copies, on_time):
    """Failures by trial, see :func:`run_children`."""
    names = [os.path.relpath(trial.output_dir) for trial in trials]
    if options["threads"] > 1:
        # NEST must not be imported here: its threads, once started, are lost in a fork.
        tasks = [partial(_load_and_run, trial, tables, options) for trial in trials]
        return run_children(dict(zip(names, tasks, strict=True)), 1, on_time)
    simulator = _import_load()(trials[0], tables, forked=True, **options)
    tasks = [partial(simulator.run_trial, trial) for trial in trials]
    processors = len(os.sched_getaffinity(0))
    return run_children(dict(zip(names, tasks, strict=True)), copies or processors, on_time)
