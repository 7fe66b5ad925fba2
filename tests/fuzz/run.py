"""Run cases of the fuzzer: some kind and seeds, or so many of all kinds; without the project's workflow.

python tests/fuzz/run.py hdf5 17           one case again, and what it says
python tests/fuzz/run.py --cases 10000     from all kinds, with a table of the outcomes
"""

import argparse
import json
import os
import queue
import resource
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PATHS = [str(path) for path in (TESTS.parent, TESTS.parent / "scripts", TESTS.parent / "workflow", TESTS)]
# Not this folder: its modules have names that others have, too.
sys.path[:] = [*PATHS, *(path for path in sys.path if Path(path).resolve() != TESTS / "fuzz")]

from fuzz.cases import FAULTS, SHARES, kind_of, serve  # noqa: E402
from fuzz.corpus import make  # noqa: E402

PATIENCE_S = 300
MEMORY_BYTES = 6 << 30


class Worker:
    """A child process that runs cases; it is started again when a case ended it."""

    def __init__(self, inputs, folder):
        self.inputs, self.folder, self.lives, self.process = inputs, folder, 0, None

    def start(self):
        """A new process, in a new folder."""
        self.lives += 1
        command = [sys.executable, __file__, "--serve", self.inputs, f"{self.folder}_{self.lives}"]
        self.log = tempfile.TemporaryFile()
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self.log, "text": True}
        self.process = subprocess.Popen(list(map(str, command)), env=os.environ | {"OMP_NUM_THREADS": "1"}, **pipes)
        self.process.stdout.readline()

    def run(self, kind, seed):
        """Result of a case (dict); ``crash`` where the process ended or hung."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        self.process.stdin.write(f"{kind} {seed}\n")
        self.process.stdin.flush()
        # A hang inside a C library does not see the alarm of the case.
        timer = threading.Timer(PATIENCE_S, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if line and "unusable" in (result := json.loads(line)):
            raise AssertionError(result["unusable"])
        if line:
            return result
        code = self.process.wait()
        self.log.seek(0)
        said = f"exit {code}: {self.log.read()[-2000:].decode(errors='replace')}"
        return {
            "kind": kind,
            "seed": seed,
            "target": "?",
            "mutation": "?",
            "effect": "?",
            "outcome": "crash",
            "said": said,
        }

    def stop(self):
        """End the process."""
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def run_cases(cases, folder, workers=1, inputs=None, on_fault=lambda result: None):
    """Run cases in child processes.

    Parameters
    ----------
    cases : sequence of (str, int)
        Kind and seed.
    folder : pathlib.Path
        For the inputs and the processes' copies.
    workers : int
        Processes side by side.
    inputs : pathlib.Path, optional
        Sound inputs made before.
    on_fault : callable
        Told each result that is one of FAULTS as soon as it is there.

    Returns
    -------
    list of dict
        As from `fuzz.cases.run_case`.
    """
    if inputs is None:
        inputs = Path(folder) / "inputs"
        make(inputs)
    free = queue.SimpleQueue()
    for number in range(workers):
        free.put(Worker(inputs, Path(folder) / f"worker{number}"))

    def run(case):
        worker = free.get()
        try:
            result = worker.run(*case)
        finally:
            free.put(worker)
        if result["outcome"] in FAULTS:
            on_fault(result)
        return result

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(run, cases))
    while not free.empty():
        free.get().stop()
    return found


def cases_from(first, number):
    """Kind and seed of so many cases."""
    return [(kind_of(n), n) for n in range(first, first + number)]


def counts_table(results):
    """Outcomes by kind as lines of text."""
    counts = Counter((result["kind"], result["outcome"]) for result in results)
    outcomes = ["same", "other", "refused", *FAULTS]
    lines = [" ".join(f"{word:>9}" for word in ("kind", "cases", *outcomes))]
    for kind in [*SHARES, "all"]:
        row = [sum(n for (k, o), n in counts.items() if kind in (k, "all") and o == outcome) for outcome in outcomes]
        lines.append(" ".join(f"{word:>9}" for word in (kind, sum(row), *row)))
    return "\n".join(lines)


def describe(result):
    """A case in words."""
    head = "{kind} {seed}: {outcome}: {target}: {mutation} ({effect})".format(**result)
    return f"{head}\n    {result['said'].strip()[-1500:]}"


def _show(result):
    print(describe(result), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", nargs="?", choices=tuple(SHARES))
    parser.add_argument("seeds", nargs="*", type=int)
    parser.add_argument("--cases", type=int, default=0, help="so many of all kinds")
    parser.add_argument("--first", type=int, default=0, help="number of the first of them")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--inputs", type=Path, help="sound inputs made before; made there where missing")
    parser.add_argument("--results", type=Path, help="write all results here (JSON)")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.serve:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        stream, sys.stdout = sys.stdout, sys.stderr
        serve(*a.serve, stream)
        return
    if a.inputs and not a.inputs.exists():
        make(a.inputs)
    cases = [(a.kind, seed) for seed in a.seeds] if a.kind else cases_from(a.first, a.cases)
    with tempfile.TemporaryDirectory() as folder:
        results = run_cases(cases, Path(folder), a.workers, a.inputs and a.inputs.resolve(), _show)
    if a.results:
        a.results.write_text(json.dumps(results, indent=1))
    for result in results:
        if a.kind and result["outcome"] not in FAULTS:
            _show(result)
    print(counts_table(results))
    sys.exit(any(result["outcome"] in FAULTS for result in results))


if __name__ == "__main__":
    main()
