"""Evaluate the LGN for one condition: its firing rates, and the spikes of its trials.

Reads a SONATA config that BMTK's FilterNet reads; its section v1flow names the seed, the trials and the files to write.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

import command_line
from v1_model.filternet import firing_rates, stock_rates, write_rates
from v1_model.filternet_configs import read_filternet_config
from v1_model.lgn_kernels import make_units, read_lgn_cells
from v1_model.lgn_spikes import PURPOSE, lgn_spikes
from v1_model.spikes import write_spikes
from v1_model.stimuli import make_movie

POPULATION = "lgn"


def main(argv=None):
    """Run the command line."""
    arguments = parse(argv)
    run = read_filternet_config(arguments.config)
    cells = read_lgn_cells(run.nodes_file, run.node_types_file, POPULATION)
    movie = make_movie(run.stimulus, run.parameters, run.duration_ms)
    if arguments.engine == "bmtk":
        rates = stock_rates(arguments.config, POPULATION)
    else:
        rates = batched_rates(run, cells, movie, arguments.threads)
    origin = {"seed": run.seed, "paradigm": run.paradigm, "condition": run.condition, "engine": arguments.engine}
    write_rates(
        run.rates_file, rates, movie.time_ms, cells.index, {**origin, "stimulus": run.stimulus, **run.parameters}
    )
    step_ms = 1000.0 / movie.frame_rate_hz
    for trial, path in zip(run.trials, tqdm(run.spikes_files, desc="trials"), strict=True):
        drawn = lgn_spikes(run.seed, run.paradigm, run.condition, trial, rates, cells.index, step_ms)
        write_spikes(path, POPULATION, *drawn, {**origin, "trial": trial, "purpose": PURPOSE})


def batched_rates(run, cells, movie, threads):
    """Rates of all cells (cells × frames), with progress on stderr."""
    try:
        return firing_rates(make_units(cells), movie, threads, lambda tiles, total: tqdm(tiles, "tiles", total))
    except ValueError as error:
        raise ValueError(f"{run.nodes_file}: {error}") from error


def parse(argv):
    """Arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="SONATA config of the condition (JSON)")
    parser.add_argument("--engine", choices=("batched", "bmtk"), default="batched", help="bmtk: its own, cell by cell")
    parser.add_argument("--threads", type=int, default=1, help="threads; changes the time, not the result (default: 1)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    command_line.run(main)
