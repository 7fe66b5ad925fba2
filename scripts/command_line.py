"""How a script ends: a clear message and exit code 1 for errors a user can act on, a traceback for the rest.

And what it notes of itself: as a job of the workflow (``V1FLOW_JOB=1``) a first line on stderr with version, commit and
host; where the rule asks for it, a record of its provenance.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from v1_model.provenance import Job


def run(main):
    """Call ``main`` and exit; a ``ValueError`` or ``OSError`` becomes a message on stderr, a line for each fault.

    Parameters
    ----------
    main : callable
        Takes no arguments and returns ``None`` or an exit code.

    Notes
    -----
    ``V1FLOW_TRACEBACK=1`` in the environment lets the exception through with its traceback. Every script takes
    ``--provenance FILE --provenance-of JSON``: the record that is written when ``main`` has ended, and its subject.
    """
    try:
        sys.exit(_recorded(main))
    except (ValueError, OSError) as error:
        if os.environ.get("V1FLOW_TRACEBACK") == "1":
            raise
        lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
        reason = "\n  ".join(lines) or type(error).__name__
        sys.exit(f"{Path(sys.argv[0]).name}: error: {reason}")


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
