"""Stages inside one process: their time and memory, written for the process that measures."""

import json
import os
import resource
import time
from pathlib import Path

import psutil

from benchmarks.measure import family_mb


class Marks:
    """Collects what each stage of this process took, from the start of the process on.

    Parameters
    ----------
    path : path
        JSON file to write at the end.
    """

    def __init__(self, path):
        self._path, self._found = Path(path), []
        self._wall, self._cpu = psutil.Process().create_time(), 0.0

    def stage(self, name, result=dict):
        """End a stage that began where the last one ended; its peak memory is that of the process so far.

        ``result`` is called after the clock was read and gives more fields of the record.
        """
        wall, cpu = time.time(), _cpu_s()
        peak_mb = family_mb(os.getpid())
        taken = {"wall_s": wall - self._wall, "cpu_s": cpu - self._cpu, "peak_mb": peak_mb}
        self._found.append({"stage": name, **taken, **result()})
        self._wall, self._cpu = time.time(), _cpu_s()

    def skip(self):
        """What was done since the last stage belongs to none."""
        self._wall, self._cpu = time.time(), _cpu_s()

    def write(self):
        """Write what was collected."""
        self._path.write_text(json.dumps(self._found))


def _cpu_s():
    """Processor time of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
