"""Which files of this repository a script imports, so that a change to one of them makes its results again."""

import ast
from functools import cache
from pathlib import Path


@cache
def imported_files(path, roots):
    """Files of the repository that a Python file imports, directly or not.

    Parameters
    ----------
    path : pathlib.Path
        A script. A missing one imports nothing: Snakemake says that it is missing.
    roots : tuple of pathlib.Path
        Folders from which modules are imported, besides the script's own.

    Returns
    -------
    list of pathlib.Path
        Sorted, without ``path``.
    """
    found, waiting = set(), [path]
    while waiting:
        current = waiting.pop()
        if current.exists():
            new = set(_direct(current, (*roots, path.parent))) - found - {path}
            found |= new
            waiting += new
    return sorted(found)


def _direct(path, roots):
    """Files of the modules that one file names in its import statements."""
    for name in _imported_names(ast.parse(path.read_text())):
        parts = Path(*name.split("."))
        for root in roots:
            for candidate in (root / parts.with_suffix(".py"), root / parts / "__init__.py"):
                if candidate.exists():
                    yield candidate


def _imported_names(tree):
    """Dotted names after ``import`` and ``from``; what follows ``from x import`` may itself be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
