"""What code means: the files of the repository that a script imports, and a digest of what they do."""

import ast
import contextlib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from v1_files.files import whole_file


class Module(NamedTuple):
    """What is known of one state of a Python file."""

    stamp: list[int]
    """Time of its last change (ns) and size (bytes)."""
    names: list[str]
    """Dotted names that it imports; what follows ``from x import`` may itself be a module."""
    meaning: str
    """Digest of its syntax tree without docstrings."""


class Code:
    """Python files of a repository, each parsed once, and not again while it stays as it is.

    Parameters
    ----------
    root : pathlib.Path
        Folder from which modules are imported, besides the script's own.
    memory : pathlib.Path, optional
        A file that keeps what was found for the next process. A damaged or missing one is made anew.
    """

    def __init__(self, root: Path, memory: Path | None = None):
        self.root, self.memory = root, memory
        self._modules, self._new = {}, False
        if memory is not None:
            with contextlib.suppress(OSError, ValueError, TypeError):
                self._modules = {key: Module(*value) for key, value in json.loads(memory.read_text()).items()}

    def imported_files(self, path: Path) -> list[Path]:
        """Files of the repository that a Python file imports, directly or not.

        Parameters
        ----------
        path : pathlib.Path
            A script. A missing one imports nothing: Snakemake says that it is missing.

        Returns
        -------
        list of pathlib.Path
            Sorted, without ``path``.
        """
        found, waiting = set(), [path]
        while waiting:
            current = waiting.pop()
            if current.exists():
                new = set(self._direct(current, path.parent)) - found - {path}
                found |= new
                waiting += new
        return sorted(found)

    def digest(self, paths: Iterable[Path]) -> str:
        """Digest of what Python files do: neither comments, docstrings nor layout have a part in it.

        Parameters
        ----------
        paths : iterable of pathlib.Path
            Their order counts, their names and folders do not. A missing one does nothing.

        Returns
        -------
        str
            Hexadecimal.

        Raises
        ------
        ValueError
            Naming a file that is no Python.

        Examples
        --------
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name, text in {"a": "x = 1", "b": "'What it is.'\\n\\nx=1  # one", "c": "x = 2"}.items():
        ...     _ = (folder / name).write_text(text)
        >>> code = Code(folder)
        >>> len({code.digest([folder / name]) for name in "ab"}), len({code.digest([folder / name]) for name in "abc"})
        (1, 2)
        """
        meanings = "".join(self._module(path).meaning for path in paths if path.exists())
        return hashlib.sha256(meanings.encode()).hexdigest()[:16]

    def remember(self) -> None:
        """Keep what is new for the next process; a memory that cannot be written is none."""
        if self.memory is not None and self._new:
            with contextlib.suppress(OSError), whole_file(self.memory) as part:
                part.write_text(json.dumps(self._modules))

    def _module(self, path):
        status, key = path.stat(), str(path)
        stamp = [status.st_mtime_ns, status.st_size]
        known = self._modules.get(key)
        if known is None or known.stamp != stamp:
            known = self._modules[key] = Module(stamp, *_parsed(path))
            self._new = True
        return known

    def _direct(self, path, folder):
        """Files of the modules that one file names in its import statements."""
        for name in self._module(path).names:
            parts = Path(*name.split("."))
            for root in (self.root, folder):
                for candidate in (root / parts.with_suffix(".py"), root / parts / "__init__.py"):
                    if candidate.exists():
                        yield candidate


def _parsed(path):
    """Imported names and digest of a file."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{path}: not Python: {error}") from error
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    # Python's own way of writing it, which changes less between its versions than the tree.
    return names, hashlib.sha256(ast.unparse(tree).encode()).hexdigest()
