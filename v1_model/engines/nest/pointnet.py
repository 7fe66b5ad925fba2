"""Running V1 in NEST through BMTK PointNet: one load, any number of trials.

With one thread the network is loaded once and every trial is simulated in a fork of the loaded process, from the same
pristine state and sharing its memory; with more threads, which do not survive a fork, every trial has a process that
loads the network itself. When one of several trials fails, or the whole run is ended, the next run takes up the trials
that were finished, see :mod:`v1_model.engines.finished_trials`.
"""

import contextlib
import os
import sys
from functools import partial

from tqdm import tqdm

from v1_files.files import only_writer, remove_unfinished
from v1_model.engines.children import run_children
from v1_model.engines.configs import (
    check_inputs,
    check_network,
    count_edges,
    projections,
    read_populations,
    read_trials,
)
from v1_model.engines.finished_trials import FinishedTrial, outputs
from v1_model.engines.modulation import Modulation, read_modulation
from v1_model.engines.nest.edges import BLOCK_EDGES

# A log file gets a line now and then, a terminal a moving bar.
LOG_INTERVAL_S = 30.0


def run_pointnet(
    configs, threads=1, modulation_file=None, output_dir=None, copies=None, block_edges=BLOCK_EDGES, progress=False
):
    """Simulate the trials of some SONATA configs that share a network, those of several that are not finished yet.

    Parameters
    ----------
    configs : sequence of path
        One SONATA simulation config a trial; they may differ in spike input files and outputs only.
    threads : int
        Threads of NEST in each simulation.
    modulation_file : path, optional
        Rules that change weights as they are loaded, see :mod:`v1_model.engines.modulation`.
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
        When some of several trials failed, naming them; the others have written their outputs, and are not simulated
        again by the next call.
    """
    trials = read_trials(configs, output_dir)
    config = trials[0].config
    tables = read_populations(config)
    check_network(config, tables)
    for trial in trials:
        check_inputs(trial, tables)
    modulation = None
    if modulation_file is not None:
        types = {name: table.types for name, table in tables.items()}
        modulation = Modulation(modulation_file, read_modulation(modulation_file), types, projections(config))
    options = {"modulation": modulation, "threads": threads, "block_edges": block_edges}
    bar = partial(tqdm, disable=not progress, mininterval=0.5 if sys.stderr.isatty() else LOG_INTERVAL_S)
    with contextlib.ExitStack() as folders:
        for trial in trials:
            # A folder that cannot be made is a fault of its own trial.
            with contextlib.suppress(OSError):
                folders.enter_context(only_writer(trial.output_dir))
        _run_trials(trials, tables, options, copies, bar, modulation_file)


def _run_trials(trials, tables, options, copies, bar, modulation_file):
    """Simulate the trials that are not finished yet."""
    threads, progress = options["threads"], not bar.keywords["disable"]
    for trial in trials:
        for path in outputs(trial):
            remove_unfinished(path)
    if len(trials) == 1:
        _run_alone(trials[0], tables, options, bar)
        return
    finished = [FinishedTrial(trial, modulation_file, threads) for trial in trials]
    waiting = [pair for pair in zip(trials, finished, strict=True) if not pair[1].restore()]
    if progress and len(waiting) < len(trials):
        print(f"{len(trials) - len(waiting)} of {len(trials)} trials are finished already", file=sys.stderr)
    failures = _run_children(waiting, tables, options, copies, bar) if waiting else {}
    if failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in failures.items())
        raise ChildProcessError(f"{len(failures)} of {len(trials)} trials failed: {reasons}")
    for place in finished:
        place.remove()


def _run_alone(trial, tables, options, bar):
    """Simulate a trial in this process."""
    with _connected(trial.config, bar) as progress:
        simulator = _import_load()(trial, tables, on_edges=progress.update, **options)
    with _simulated([trial], bar) as progress:
        simulator.run_trial(trial, progress.update)


def _run_children(waiting, tables, options, copies, bar):
    """Simulate pairs of a trial and the place that keeps it, each in its process; failures by trial."""
    trials = [trial for trial, _ in waiting]
    if options["threads"] > 1:
        # NEST must not be imported here: its threads, once started, are lost in a fork.
        copies, load_trial = 1, partial(_import_and_load, tables=tables, options=options)
    else:
        with _connected(trials[0].config, bar) as progress:
            simulator = _import_load()(trials[0], tables, forked=True, on_edges=progress.update, **options)
        copies, load_trial = copies or len(os.sched_getaffinity(0)), lambda trial: simulator
    names = [os.path.relpath(trial.output_dir) for trial in trials]
    tasks = [partial(_run_and_keep, load_trial, trial, place) for trial, place in waiting]
    with _simulated(trials, bar) as progress:
        return run_children(dict(zip(names, tasks, strict=True)), copies, progress.update)


def _run_and_keep(load_trial, trial, place, on_time):
    load_trial(trial).run_trial(trial, on_time)
    place.keep()


def _connected(config, bar):
    return bar(total=count_edges(config), unit="edge", unit_scale=True, desc="connected")


def _simulated(trials, bar):
    return bar(total=len(trials) * trials[0].config.run["tstop"], unit="ms", desc="simulated")


def _import_and_load(trial, tables, options):
    return _import_load()(trial, tables, **options)


def _import_load():
    """The function that loads a network; importing it imports NEST, without its banner."""
    os.environ.setdefault("PYNEST_QUIET", "1")
    from v1_model.engines.nest.simulator import load

    return load
