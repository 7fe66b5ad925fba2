"""How a script ends: a clear message and exit code 1 for errors a user can act on, a traceback for the rest.

And what it notes of itself: as a job of the workflow (``V1FLOW_JOB=1``) a first line on stderr with version, commit and
host; where the rule asks for it, a record of its provenance.
"""

import argparse
import errno
import json
import os
import signal
import sys
from pathlib import Path

from v1_files.files import NO_SPACE
from v1_files.provenance import Job

MOST_FAULTS = 5
LONGEST_LINE = 500
SIGNALLED = 128
"""What a shell adds to the number of a signal in the exit code of what it ended."""


def run(main):
    """Call ``main`` and exit; an error that a user can act on becomes a message on stderr, a line for each fault.

    Those are ``ValueError``, ``OSError`` and ``MemoryError``. An interrupt (Ctrl-C) or SIGTERM ends the script, too, as
    an error does: what it was writing is removed.

    Parameters
    ----------
    main : callable
        Takes no arguments and returns ``None`` or an exit code.

    Notes
    -----
    ``V1FLOW_TRACEBACK=1`` in the environment lets the exception through with its traceback. Every script takes
    ``--provenance FILE --provenance-of JSON``: the record that is written when ``main`` has ended, and its subject.
    """
    signal.signal(signal.SIGTERM, _terminate)
    sys.excepthook = sys.unraisablehook = _mention
    try:
        sys.exit(_recorded(main))
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(SIGNALLED + signal.SIGINT)
    except (ValueError, OSError, MemoryError) as error:
        if os.environ.get("V1FLOW_TRACEBACK") == "1":
            raise
        _say(f"error: {message(error)}")
        if getattr(error, "errno", None) in NO_SPACE:
            # HDF5 would try once more to write what it holds, and crash.
            sys.stdout.flush()
            os._exit(1)
        sys.exit(1)


def message(error):
    """What an error says, in a few printable lines of bounded length."""
    lines = [_printable(" ".join(line.split())) for line in str(error).splitlines() if line.strip()]
    if len(lines) > MOST_FAULTS + 1:
        lines[MOST_FAULTS:] = [f"and {len(lines) - MOST_FAULTS} more faults, which these may be the cause of"]
    lines = [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in lines]
    reason = "\n  ".join(lines) or type(error).__name__
    return f"not enough memory: {reason}" if isinstance(error, MemoryError) else reason


def _printable(line):
    """A line of text without what could upset a terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def _say(message):
    print(f"{Path(sys.argv[0]).name}: {message}", file=sys.stderr, flush=True)


def _mention(*error):
    """Show errors that nobody caught, but for those of HDF5's end when a disk is full, which has been told."""
    unraisable = len(error) == 1
    if os.strerror(errno.ENOSPC) not in str(error[0].exc_value if unraisable else error[1]):
        (sys.__unraisablehook__ if unraisable else sys.__excepthook__)(*error)


def _terminate(number, frame):
    sys.exit(SIGNALLED + number)


def _recorded(main):
    """Call ``main`` and note where its results come from."""
    wanted, as_job = "--provenance" in sys.argv, os.environ.get("V1FLOW_JOB") == "1"
    if not (wanted or as_job):
        return main()
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--provenance", type=Path)
    parser.add_argument("--provenance-of", type=json.loads, default={})
    own, sys.argv[1:] = parser.parse_known_args() if wanted else (None, sys.argv[1:])
    job = Job()
    print(job.line(), file=sys.stderr, flush=True)
    code = main()
    if wanted and not code:
        job.write(own.provenance, own.provenance_of)
    return code
