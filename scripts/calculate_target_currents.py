"""Current at which each cell type fires at its recorded mean rate, from the mean f–I curve over its cells.

The mean rate is that of all recorded units. The layer 5 subtypes take that of all excitatory cells of layer 5. Types
with few units are used like the others; n_units says how many there were.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from analysis_shared.cells.grouping import display_order, reference_type
from analysis_shared.statistics.percentiles import COLUMNS, mean, read_percentiles
from v1_files import command_line
from v1_files.files import whole_file
from v1_model.options.if_curves import current_at_rate, mean_curves, read_if_curves
from v1_model.seeds.tables import load_seed_tables

METRIC = "mean_rate_Hz"


def models_of(tables):
    """Cell type, number of cells within 700 µm and rheobase of each cell model (DataFrame, index specimen_id)."""
    models = tables.cell_models
    population = models["population"]
    # A population's cells are shared evenly over its models.
    cells = tables.populations["count_r700um"].loc[population].to_numpy() / population.map(population.value_counts())
    cell_type = tables.cell_types["cell_type"].loc[population].to_numpy()
    return pd.DataFrame({"cell_type": cell_type, "cells": cells, "rheobase_pA": models["rheobase_pA"]})


def recorded_rate(percentiles, cell_type):
    """Number of recorded units and mean rate (Hz) of a cell type.

    Raises
    ------
    ValueError
        If there are no recordings of the type.
    """
    key = (reference_type(cell_type), METRIC)
    if key not in percentiles.index:
        raise ValueError(f"no row {' '.join(key)}, expected one with the recorded rates")
    row = percentiles.loc[key]
    return int(row["n_units"]), mean(row[list(COLUMNS)].to_numpy(float))


def target_table(models, curves, percentiles, path):
    """Rows of the table, one a cell type."""
    means = mean_curves(curves, models["cell_type"], models["cells"])
    rows, faults = [], []
    for cell_type in display_order(models["cell_type"]):
        own = models[models["cell_type"] == cell_type]
        try:
            n_units, rate = recorded_rate(percentiles, cell_type)
            current = current_at_rate(means[cell_type], rate)
        except ValueError as error:
            faults.append(f"{path}, target current of {cell_type}: {error}")
            continue
        known = own.dropna()
        rheobase = np.average(known["rheobase_pA"], weights=known["cells"]) if len(known) else np.nan
        rows.append((cell_type, len(own), n_units, rate, current, rheobase))
    if faults:
        raise ValueError("\n".join(faults))
    columns = ["cell_type", "n_models", "n_units", "mean_rate_Hz", "target_current_pA", "rheobase_pA"]
    return pd.DataFrame(rows, columns=columns)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-props", required=True, type=Path, help="folder of the seed workbook and tables")
    parser.add_argument("--if-curves", required=True, type=Path, help="table of calculate_if_curves.py")
    parser.add_argument("--percentiles", required=True, type=Path, help="experimental percentiles")
    parser.add_argument("--output", required=True, type=Path, help="table to write, a row a cell type")
    args = parser.parse_args(argv)
    models = models_of(load_seed_tables(args.base_props))
    percentiles = read_percentiles(args.percentiles)
    table = target_table(models, read_if_curves(args.if_curves), percentiles, args.percentiles)
    with whole_file(args.output) as part:
        table.to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
