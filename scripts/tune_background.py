"""Fit the background weight of every cell model to the target rate of its population.

By bisection on 0 to 64 pA, all models at once in each simulation: without recurrence, with the LGN's spikes for a grey
screen, until the median rate of a model's cells is within 1 % of target_median_rate_Hz (background.csv) times the
factor, or the bracket is narrower than 0.01 pA. A run that was ended goes on where it was. Writes into {output-dir}

  background_fitted.csv  the seed table of that name with the fitted weights; a model without cells keeps its weight
  tuning.csv             cells, target, weight, rate, iterations and outcome of each model
  iterations.csv         weight and rate of each model in each iteration
"""

import argparse
from pathlib import Path

from v1_files import command_line
from v1_model.options.background_tuning import write_fitted, write_table
from v1_model.options.background_tuning_runs import tune_background
from v1_model.seeds.tables import load_seed_tables


def positive(text):
    """A positive whole number."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def factor(text):
    """A positive number."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def main(argv=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, type=Path, help="SONATA simulation config without recurrent edges")
    parser.add_argument("--base-props", required=True, type=Path, help="folder of the seed tables")
    parser.add_argument("--target-factor", type=factor, default=1.0, help="aim at the targets times this (default 1)")
    parser.add_argument("--copies", type=positive, default=1, help="forks side by side; the result is the same")
    parser.add_argument("--output-dir", required=True, type=Path, help="folder of the three tables")
    arguments = parser.parse_args(argv)
    tables = load_seed_tables(arguments.base_props)
    options = {"target_factor": arguments.target_factor, "copies": arguments.copies, "progress": True}
    tuning, iterations, kept = tune_background(arguments.config, tables, **options)
    folder = arguments.output_dir
    write_table(folder / "iterations.csv", iterations)
    write_table(folder / "tuning.csv", tuning)
    write_fitted(folder / "background_fitted.csv", arguments.base_props / "background_fitted.csv", tuning)
    kept.remove()


if __name__ == "__main__":
    command_line.run(main)
