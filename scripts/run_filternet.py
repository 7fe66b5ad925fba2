"""Evaluate the LGN for one condition: its firing rates, and the spikes of its trials.

Reads a SONATA config that BMTK's FilterNet reads; its section v1flow names the seed, the trials and the files to write.
Where it gives each trial a phase, each trial has a movie and rates of its own, and the rates are not kept.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from v1_files import command_line
from v1_files.sonata.spikes import write_spikes
from v1_model.inputs.filternet import firing_rates, stock_rates, write_rates
from v1_model.inputs.filternet_configs import read_filternet_config
from v1_model.inputs.lgn_kernels import make_units, read_lgn_cells
from v1_model.inputs.lgn_spikes import PURPOSE, lgn_spikes
from v1_model.stimuli import make_movie

POPULATION = "lgn"


def main(argv=None):
    """Run the command line."""
    arguments = parse(argv)
    run = read_filternet_config(arguments.config)
    cells = read_lgn_cells(run.nodes_file, run.node_types_file, POPULATION)
    if run.phases_deg is None:
        show_condition(arguments, run, cells)
    elif arguments.engine == "bmtk":
        raise ValueError(f"{arguments.config}: v1flow/phases_deg: engine bmtk shows the same phase in all trials")
    else:
        show_trials(arguments, run, cells)


def show_condition(arguments, run, cells):
    """One movie for all trials."""
    movie = make_movie(run.stimulus, run.parameters, run.duration_ms)
    if arguments.engine == "bmtk":
        rates = stock_rates(arguments.config, POPULATION)
    else:
        rates = batched_rates(run, cells, movie, arguments.threads)
    shown = {**origin(run, arguments.engine), "stimulus": run.stimulus, **run.parameters}
    write_rates(run.rates_file, rates, movie.time_ms, cells.index, shown)
    for trial, path in zip(run.trials, tqdm(run.spikes_files, desc="trials"), strict=True):
        write_trial(path, run, trial, rates, movie, cells, origin(run, arguments.engine))


def show_trials(arguments, run, cells):
    """A movie for each trial, with its phase."""
    for trial, phase_deg, path in zip(run.trials, run.phases_deg, tqdm(run.spikes_files, desc="trials"), strict=True):
        movie = make_movie(run.stimulus, {**run.parameters, "phase_deg": phase_deg}, run.duration_ms)
        rates = batched_rates(run, cells, movie, arguments.threads, progress=False)
        attributes = {**origin(run, arguments.engine), "phase_deg": phase_deg}
        write_trial(path, run, trial, rates, movie, cells, attributes)


def origin(run, engine):
    """Attributes of all files of a condition."""
    return {"seed": run.seed, "paradigm": run.paradigm, "condition": run.condition, "engine": engine}


def write_trial(path, run, trial, rates, movie, cells, attributes):
    """Draw a trial's spikes from the rates and write them."""
    step_ms = 1000.0 / movie.frame_rate_hz
    drawn = lgn_spikes(run.seed, run.paradigm, run.condition, trial, rates, cells.index, step_ms)
    size = {"duration_ms": run.duration_ms, "nodes": len(cells)}
    write_spikes(path, POPULATION, *drawn, {**attributes, **size, "trial": trial, "purpose": PURPOSE})


def batched_rates(run, cells, movie, threads, progress=True):
    """Rates of all cells (cells × frames), with progress on stderr."""
    shown = (lambda tiles, total: tqdm(tiles, "tiles", total)) if progress else None
    try:
        return firing_rates(make_units(cells), movie, threads, shown)
    except ValueError as error:
        raise ValueError(f"{run.nodes_file} with {Path(run.node_types_file).name}: {error}") from error


def parse(argv):
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="SONATA config of the condition (JSON)")
    parser.add_argument("--engine", choices=("batched", "bmtk"), default="batched", help="bmtk: its own, cell by cell")
    parser.add_argument("--threads", type=int, default=1, help="threads; changes the time, not the result (default: 1)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    command_line.run(main)
