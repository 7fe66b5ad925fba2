"""Where a result comes from: code, versions and machine of the process that makes it.

Standard library only: every script asks for it before it starts.
"""

import hashlib
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from v1_files.files import whole_file

REPOSITORY = Path(__file__).resolve().parents[1]
GIT_TIMEOUT_S = 10
# Larger inputs, edge files above all, are told apart by size and time of change.
DIGEST_LIMIT_BYTES = 100_000_000


def code(folder=REPOSITORY):
    """Version and git commit of the code in a folder.

    Parameters
    ----------
    folder : pathlib.Path
        With ``pyproject.toml``, and ``.git`` where it is a checkout.

    Returns
    -------
    dict
        ``v1flow`` (version), ``commit`` and ``modified`` (whether tracked files differ from it); the last two are None
        where there is no git or no repository.
    """
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {"v1flow": project["version"], "commit": None, "modified": None}
    # An export inside another repository has no commit of its own.
    if not (folder / ".git").exists():
        return found
    # Without the variables of a git hook around us, and without a lock on a checkout that is being worked in.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=GIT_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return found
    if done.returncode == 0:
        commit, _, dirty = done.stdout.strip().partition("-")
        found |= {"commit": commit, "modified": dirty == "dirty"}
    return found


def versions(folder=REPOSITORY):
    """Versions of Python and of the packages that ``pyproject.toml`` asks for; None for one that cannot be told."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.match(r"[\w.-]+", requirement)[0] for requirement in project["dependencies"]]
    return {"python": platform.python_version()} | {name: _version(name) for name in names}


def _version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def machine():
    """Name of the host, processors that the process may use, operating system."""
    return {"host": platform.node(), "processors": len(os.sched_getaffinity(0)), "system": platform.platform()}


def commit_text(found):
    """Words for a commit.

    >>> commit_text({"commit": "0123456789abcdef", "modified": True}), commit_text({"commit": None, "modified": None})
    ('commit 0123456789ab (modified)', 'no git commit')
    """
    if not found["commit"]:
        return "no git commit"
    return f"commit {found['commit'][:12]}{' (modified)' if found['modified'] else ''}"


class Job:
    """A running process, which notes its provenance when it has made its results.

    Attributes
    ----------
    code : dict
        See :func:`code`; of the moment the process began, like ``started``.
    started : datetime.datetime
    """

    def __init__(self):
        self.code, self.started = code(), datetime.now(UTC)

    def line(self):
        """One line for the log."""
        found = f"v1flow {self.code['v1flow']}, {commit_text(self.code)}"
        return f"{found}, host {platform.node()}, python {platform.python_version()}, {_time(self.started)}"

    def write(self, path, subject):
        """Write the record.

        Parameters
        ----------
        path : path
            JSON file.
        subject : dict
            What was made, with which config and seed; its ``inputs`` (paths) are described by their digests.
        """
        finished = datetime.now(UTC)
        usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        record = dict(subject) | {
            "inputs": {str(file): describe_file(file) for file in subject.get("inputs", [])},
            "code": self.code,
            "versions": versions(),
            "machine": machine(),
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "started": _time(self.started),
            "finished": _time(finished),
            "run_time_s": round((finished - self.started).total_seconds(), 1),
            "largest_process_mb": round(max(usage) * 1024 / 1e6, 1),
        }
        with whole_file(path) as part:
            part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def describe_file(path):
    """Size (bytes), time of change and, up to 100 MB, SHA-256 of a file."""
    path = Path(path)
    status = path.stat()
    found = {"size_bytes": status.st_size, "modified": _time(datetime.fromtimestamp(status.st_mtime, UTC))}
    if status.st_size <= DIGEST_LIMIT_BYTES:
        with path.open("rb") as file:
            found["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _time(moment):
    return moment.isoformat(sep=" ", timespec="seconds")
