"""How a script ends: a clear message and exit code 1 for errors a user can act on, a traceback for the rest."""

import os
import sys
from pathlib import Path


def run(main):
    """Call ``main`` and exit; a ``ValueError`` or ``OSError`` becomes a message on stderr, a line for each fault.

    Parameters
    ----------
    main : callable
        Takes no arguments and returns ``None`` or an exit code.

    Notes
    -----
    ``V1FLOW_TRACEBACK=1`` in the environment lets the exception through with its traceback.
    """
    try:
        sys.exit(main())
    except (ValueError, OSError) as error:
        if os.environ.get("V1FLOW_TRACEBACK") == "1":
            raise
        lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
        reason = "\n  ".join(lines) or type(error).__name__
        sys.exit(f"{Path(sys.argv[0]).name}: error: {reason}")
