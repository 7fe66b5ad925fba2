"""The benchmark suite: ``python -m benchmarks.run`` measures, the other modules show and use what was measured."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
# The workflow's helpers are plain modules, there for Snakemake to import by name.
sys.path += [str(REPOSITORY / folder) for folder in ("workflow", "scripts")]
