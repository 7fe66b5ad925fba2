"""Run a command and measure it: wall time, processor time and peak memory of it and all that it starts.

Memory of one process is what the kernel saw at its peak, read twenty times a second. Of several processes that share
pages (forks of a loaded network) it is the sum of their proportional shares, in which a page counts once, read twice a
second.
"""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import REPOSITORY

SAMPLE_S = 0.05
FAMILY_SAMPLE_S = 0.5
MEGABYTE = 1e6
KEEP_FREE_MB = 700


@dataclass(frozen=True)
class Measurement:
    """What a command took.

    Attributes
    ----------
    reason : str or None
        Why it failed or was stopped; None when it ended well.
    wall_s, cpu_s : float
    peak_mb : float
        10⁶ bytes.
    """

    reason: str | None
    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(command, log, folder, timeout_s):
    """Run a command to its end, or until it takes too long or nearly all memory.

    Parameters
    ----------
    command : list of str
    log : pathlib.Path
        Receives stdout and stderr.
    folder : path
        Where to run it.
    timeout_s : float

    Returns
    -------
    Measurement
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    ceiling_mb = psutil.virtual_memory().available / MEGABYTE - KEEP_FREE_MB
    begin = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    options = {"cwd": folder, "env": environment, "stderr": subprocess.STDOUT, "start_new_session": True}
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, **options)
        try:
            reason, peak_mb, status, usage = _watch(process.pid, begin + timeout_s, ceiling_mb)
        except BaseException:
            _stop(process.pid)
            process.wait()
            raise
    process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - begin
    if reason is None and process.returncode:
        reason = f"exit code {process.returncode}: {_last_line(log)}"
    return Measurement(reason, wall_s, usage.ru_utime + usage.ru_stime, peak_mb)


def _watch(pid, deadline, ceiling_mb):
    """Wait for a process; why it was stopped (or None), peak memory (MB), exit status and resource usage."""
    reason, peak_mb = None, 0.0
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            return reason, peak_mb, status, usage
        now_mb = family_mb(pid)
        peak_mb = max(peak_mb, now_mb)
        if reason is None and now_mb > ceiling_mb:
            reason = f"stopped at {now_mb / 1000:.1f} GB, nearly all memory that was free"
            _stop(pid)
        elif reason is None and time.perf_counter() > deadline:
            reason = "stopped, took too long"
            _stop(pid)
        time.sleep(SAMPLE_S if len(_family(pid)) == 1 else FAMILY_SAMPLE_S)


def family_mb(pid):
    """Peak memory (MB) so far of a process alone, or the present memory of it and its descendants, shared pages once.

    The peak is that of the program itself: what ``getrusage`` says begins with the size of the process that forked it.
    """
    family = _family(pid)
    peak_mb = _kilobytes(pid, "status", "VmHWM:") * 1024 / MEGABYTE
    if len(family) == 1:
        return peak_mb
    return max(peak_mb, sum(_kilobytes(member, "smaps_rollup", "Pss:") for member in family) * 1024 / MEGABYTE)


def _family(pid):
    members = [pid]
    for member in members:
        for path in Path(f"/proc/{member}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                members += map(int, path.read_text().split())
    return members


def _kilobytes(pid, file, key):
    """A value of a file of /proc; 0 for a process that has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
    return 0


def _stop(pid):
    """End a process and what it started: it leads a session of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _last_line(log):
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "it said nothing"
