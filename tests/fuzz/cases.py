"""One case: (kind, seed) alone say which input is mutated, how, and who reads it; and what is expected of that."""

import contextlib
import json
import os
import shutil
import signal
import sys
import traceback
import warnings
import zlib
from pathlib import Path

import numpy as np

from fuzz import archives, hdf5, tables, trees
from fuzz.effects import BREAKS, CHANGES, KEEPS
from fuzz.target import plain
from fuzz.targets import TARGETS
from v1_files import command_line

MUTATORS = {
    "hdf5": hdf5.mutate,
    "table": tables.mutate,
    "workbook": archives.mutate_workbook,
    "npz": archives.mutate_npz,
    "json": trees.mutate_json,
    "yaml": trees.mutate_yaml,
}
SHARES = {"hdf5": 30, "table": 32, "workbook": 4, "npz": 8, "json": 18, "yaml": 8}
"""Cases of each kind among a hundred."""
LIMIT_S = 5.0
"""Time of the processor that a case may take; how long that lasts depends on what else the machine does."""
SAME, OTHER, REFUSED = "same", "other", "refused"
FAULTS = ("traceback", "unnamed", "accepted", "altered", "slow", "crash")


class TooSlow(BaseException):
    """A case that took longer than it may; no reader catches it."""


def kind_of(number):
    """Kind of the n-th case of a run; each hundred has the shares of all kinds.

    >>> [kind_of(n) for n in (0, 29, 30, 99)]
    ['hdf5', 'hdf5', 'table', 'yaml']
    """
    place = number % 100
    for kind, share in SHARES.items():
        if place < share:
            return kind
        place -= share
    raise AssertionError("the shares do not make a hundred")


class Workplace:
    """A folder of sound inputs, one of which is replaced by a mutated copy while a case runs."""

    def __init__(self, inputs, folder):
        shutil.copytree(inputs, folder, copy_function=os.link)
        self.inputs, self.folder = inputs, folder
        self._sound = {}

    @contextlib.contextmanager
    def mutated(self, target, rng):
        """The mutation, with its file in place."""
        path, sound = self.folder / target.file, self.inputs / target.file
        path.unlink()
        shutil.copyfile(sound, path)
        try:
            yield MUTATORS[target.kind](rng, path, target)
        finally:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            os.link(sound, path)
            shutil.rmtree(self.folder / "out", ignore_errors=True)

    def sound(self, target):
        """Result for the sound input."""
        key = target.kind, target.name
        if key not in self._sound:
            try:
                self._sound[key] = plain(target.read())
            except Exception as error:
                raise AssertionError(f"{target.name} does not read its sound input: {error!r}") from error
            shutil.rmtree(self.folder / "out", ignore_errors=True)
        return self._sound[key]


def run_case(place, kind, seed):
    """Run one case.

    Parameters
    ----------
    place : Workplace
        Its folder is the working directory.
    kind : str
    seed : int

    Returns
    -------
    dict
        ``kind``, ``seed``, ``target``, ``mutation``, ``effect``, ``outcome`` (SAME, OTHER, REFUSED or one of FAULTS)
        and ``said``.
    """
    rng = np.random.default_rng([zlib.crc32(kind.encode()), seed])
    candidates = [target for target in TARGETS if target.kind == kind]
    target = candidates[int(rng.integers(len(candidates)))]
    sound = place.sound(target)
    found = {"kind": kind, "seed": seed, "target": target.name}
    with place.mutated(target, rng) as mutation:
        outcome, said = _outcome(target, sound, place.folder)
    effect = mutation.effect
    if target.optional_file and mutation.words in ("missing", "empty"):
        effect = CHANGES
    if effect == BREAKS and outcome in (SAME, OTHER):
        outcome = "accepted"
    if effect == KEEPS and outcome == OTHER:
        outcome = "altered"
    return found | {"mutation": mutation.words, "effect": effect, "outcome": outcome, "said": said}


def _outcome(target, sound, folder):
    signal.signal(signal.SIGVTALRM, _too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        result = plain(target.read())
        return (SAME if result == sound else OTHER), ""
    except (ValueError, OSError) as error:
        said = command_line.message(error)
        return _quality(said, target, folder), said
    except TooSlow:
        return "slow", "".join(traceback.format_exc(limit=-3))
    except Exception:  # noqa: BLE001 - any other kind is what is looked for
        return "traceback", traceback.format_exc(limit=-4)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _too_slow(number, frame):
    raise TooSlow


def _quality(said, target, folder):
    """REFUSED for a message that names the file in a few lines."""
    names = (Path(target.file).name, *target.others)
    if not any(name in said for name in names):
        return "unnamed"
    if any(path.is_file() for path in (folder / "out").rglob("*")):
        return "accepted"
    return REFUSED


def serve(inputs, folder, stream):
    """Run the cases that lines of stdin name, ``kind seed``, and answer each with a line of JSON."""
    warnings.simplefilter("ignore")
    place = Workplace(Path(inputs), Path(folder))
    os.chdir(folder)
    print("ready", file=stream, flush=True)
    for line in sys.stdin:
        kind, seed = line.split()
        try:
            result = run_case(place, kind, int(seed))
        except AssertionError as error:
            result = {"unusable": str(error)}
        print(json.dumps(result), file=stream, flush=True)
