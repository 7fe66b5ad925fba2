"""Compare fitted background weights with those of a seed table: rank correlation and ratio by population.

Models whose tuning did not converge, or that have no cells in the network, are left out.
"""

import argparse
from pathlib import Path

from analysis_shared.metrics.weight_comparison import compare_weights, join_weights, read_weights
from v1_files import command_line
from v1_files.files import whole_file

TUNING_COLUMNS = ("specimen_id", "population", "n_cells", "fitted_weight_pA", "converged")
REFERENCE_COLUMNS = ("specimen_id", "fitted_weight_pA")


def main(argv=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tuning", required=True, type=Path, help="tuning.csv of tune_background.py")
    parser.add_argument("--reference", required=True, type=Path, help="background_fitted.csv to compare with")
    parser.add_argument("--output", required=True, type=Path, help="table to write (space separated)")
    arguments = parser.parse_args(argv)
    tuning, reference = (
        read_weights(arguments.tuning, TUNING_COLUMNS),
        read_weights(arguments.reference, REFERENCE_COLUMNS),
    )
    models = join_weights(tuning, reference)
    if models.empty:
        raise ValueError(f"{arguments.tuning}: no model that converged is in {arguments.reference}")
    with whole_file(arguments.output) as part:
        compare_weights(models).to_csv(part, sep=" ", index=False, na_rep="nan", float_format="%.7g")


if __name__ == "__main__":
    command_line.run(main)
