"""Mutated inputs of every kind through every reader: the same result, or one message that names the file, in seconds.

`python tests/fuzz/run.py KIND SEED` runs one case again.
"""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fuzz.cases import FAULTS, SHARES
from fuzz.run import cases_from, counts_table, describe, run_cases

CASES_IN_CI, CASES = 500, 10_000
MOST_SHOWN = 10


def assert_clean(results):
    """No case has a fault, and each kind has its share of cases."""
    faults = [result for result in results if result["outcome"] in FAULTS]
    assert not faults, "\n".join([f"{len(faults)} faults", *map(describe, faults[:MOST_SHOWN])])
    counts = Counter(result["kind"] for result in results)
    assert counts == {kind: share * len(results) // 100 for kind, share in SHARES.items()}


def test_mutated_inputs(tmp_path):
    results = run_cases(cases_from(0, CASES_IN_CI), tmp_path)
    assert_clean(results)
    assert {"same", "refused"} <= {result["outcome"] for result in results}


@pytest.mark.long
def test_many_mutated_inputs(tmp_path, capsys):
    results = run_cases(cases_from(0, CASES), tmp_path, workers=len(os.sched_getaffinity(0)))
    with capsys.disabled():
        print(f"\n{counts_table(results)}")
    assert_clean(results)


def test_a_case_is_a_function_of_kind_and_seed():
    """Drawn again in another process, the same bytes are changed in the same way."""
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]; import numpy as np, pathlib, tempfile; from fuzz import bytes_\n"
        "path = pathlib.Path(tempfile.mkdtemp()) / 'x'; path.write_bytes(bytes(range(200)))\n"
        "rng = np.random.default_rng([1, 7]); print(bytes_.flipped(rng, path), path.read_bytes().hex())"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parent)]
    said = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert said[0] == said[1] and "flipped" in said[0]
