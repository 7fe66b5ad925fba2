"""Output files appear whole or not at all."""

import contextlib
import glob
import uuid
from pathlib import Path

UNIQUE = 12


@contextlib.contextmanager
def whole_file(path):
    """Temporary path beside a file, renamed to it when the block ends and removed when it fails.

    Parameters
    ----------
    path : str or path-like
        The file to write. Missing parent folders are created; a file already there is replaced at the end.

    Yields
    ------
    pathlib.Path
        Where to write: same folder and same suffix (writers that choose a format by suffix still do).

    Raises
    ------
    ValueError
        When the block ended without writing anything.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "new" / "table.csv"
    >>> with whole_file(target) as temporary:
    ...     _ = temporary.write_text("a,b")
    >>> target.read_text(), len(list(target.parent.iterdir()))
    ('a,b', 1)
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:UNIQUE]}{path.suffix}")
    try:
        yield temporary
        if not temporary.exists():
            raise ValueError(f"{path}: nothing was written")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_unfinished(path):
    """Remove what killed processes left of a file that they were writing with :func:`whole_file`.

    Parameters
    ----------
    path : str or path-like
        The file, which stays as it is.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "table.csv"
    >>> for name in (".table.0123456789ab.csv", ".table.csv", "table.csv"):
    ...     target.with_name(name).touch()
    >>> remove_unfinished(target)
    >>> sorted(path.name for path in target.parent.iterdir())
    ['.table.csv', 'table.csv']
    """
    path = Path(path)
    for left in path.parent.glob(f".{glob.escape(path.stem)}.{'[0-9a-f]' * UNIQUE}{glob.escape(path.suffix)}"):
        left.unlink(missing_ok=True)
