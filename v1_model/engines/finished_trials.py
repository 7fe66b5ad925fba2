"""Trials that are finished, kept until all trials of their run are, so that none is simulated twice.

Snakemake removes all outputs of a job that fails, and those it finds when it runs a job again. What a trial wrote is
therefore linked into ``.{trial}.finished/{key}/`` beside its output folder, which no rule declares, and linked back by
the next run with the same key.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import uuid
from pathlib import Path

from v1_files.code import Code
from v1_files.files import whole_file
from v1_model.engines.config_keys import REPORT_MODULES
from v1_model.engines.configs import SHARED_SECTIONS, enabled_reports

DIGESTS = "digests.json"


class FinishedTrial:
    """The place where the outputs of a trial are kept.

    Parameters
    ----------
    trial : v1_model.engines.configs.Trial
    modulation_file : path, optional
    threads : int
        Threads of NEST. They set the order in which inputs are summed, so another number is another key.

    Attributes
    ----------
    folder : pathlib.Path
        What is kept of the trial, by key.
    """

    def __init__(self, trial, modulation_file=None, threads=1):
        self._outputs, self._key = outputs(trial), fingerprint(trial, modulation_file, threads)
        self.folder = trial.output_dir.resolve().with_name(f".{trial.name}.finished")
        # A report of a kind that is not ours writes files that are not known here.
        modules = {report.get("module") for report in enabled_reports(trial.config).values()}
        self._can_be_kept = modules <= set(REPORT_MODULES)

    def keep(self):
        """Keep the outputs of the trial, whole or not at all."""
        if not self._can_be_kept:
            return
        temporary = self.folder / f".{uuid.uuid4().hex[:12]}"
        temporary.mkdir(parents=True)
        for number, path in enumerate(self._outputs):
            _link(path, temporary / str(number))
        digests = [_digest(temporary / str(number)) for number in range(len(self._outputs))]
        (temporary / DIGESTS).write_text(json.dumps(digests))
        temporary.rename(self.folder / self._key)

    def restore(self):
        """Put kept outputs back where they belong and remove whatever else is kept of the trial.

        Returns
        -------
        bool
            Whether the trial is finished; when it is not, no output was touched and nothing is kept.
        """
        kept = self.folder / self._key
        if not self._is_whole(kept):
            self.remove()
            return False
        for other in self.folder.iterdir():
            if other != kept:
                shutil.rmtree(other)
        for number, path in enumerate(self._outputs):
            with whole_file(path) as temporary:
                _link(kept / str(number), temporary)
        return True

    def remove(self):
        """Remove all that is kept of the trial."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def _is_whole(self, kept):
        """Whether every output is there with the content it was kept with."""
        try:
            digests = json.loads((kept / DIGESTS).read_text())
            return digests == [_digest(kept / str(number)) for number in range(len(self._outputs))]
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
            return False


def outputs(trial):
    """Files that a trial writes, without its log; the spikes come last.

    Parameters
    ----------
    trial : v1_model.engines.configs.Trial

    Returns
    -------
    list of pathlib.Path
    """
    reports = [trial.report_path(name) for name in enabled_reports(trial.config)]
    output = trial.config.output
    return reports + [Path(output[key]) for key in ("spikes_file_csv", "spikes_file") if key in output]


def fingerprint(trial, modulation_file=None, threads=1):
    """Key of everything that the outputs of a trial depend on.

    Parameters
    ----------
    trial : v1_model.engines.configs.Trial
    modulation_file : path, optional
    threads : int

    Returns
    -------
    str
        Hexadecimal digest of the resolved config, the content of the modulation file and of the modules of the
        engine, and the size and modification time of every input file and of the files that make up NEST and BMTK.
    """
    sections = {name: trial.config.get(name, {}) for name in SHARED_SECTIONS}
    files = {path for path in map(Path, _texts(sections)) if path.is_file()}
    folders = map(Path, _texts(sections["components"]))
    files |= {path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file()}
    for package in ("nest", "bmtk"):
        # Found, not imported: NEST's threads, once started, are lost in a fork.
        folder = Path(importlib.util.find_spec(package).origin).parent
        files |= {path for path in folder.iterdir() if path.is_file()}
    everything = {
        "config": sections,
        "outputs": [os.path.relpath(path, trial.output_dir) for path in outputs(trial)],
        "files": sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files),
        "code": _CODE.digest(engine_modules()),
        "modulation": _digest(Path(modulation_file)) if modulation_file else None,
        "threads": threads,
    }
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()[:32]


# They put files in their places.
BESIDE_SPIKES = ("code.py", "files.py", "finished_trials.py")
_HERE = Path(__file__).resolve().parent
_CODE = Code(_HERE.parents[1])


def engine_modules() -> list[Path]:
    """Modules of this project that have a part in what is simulated."""
    run = _HERE / "nest" / "pointnet.py"
    return [run, *(path for path in _CODE.imported_files(run) if path.name not in BESIDE_SPIKES)]


def _texts(value):
    """All strings in a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _link(source, target):
    """Hard link, or a copy where the file system has none."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
