"""Output files appear whole or not at all."""

import contextlib
import errno
import fcntl
import glob
import os
import re
import shutil
import socket
import uuid
import zlib
from pathlib import Path

# Host, process and random part of a temporary name, in hexadecimal digits.
HOST, PROCESS, RANDOM = 6, 6, 4
UNIQUE = HOST + PROCESS + RANDOM
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def whole_file(path):
    """Temporary path beside a file, renamed to it when the block ends and removed when it fails.

    What a killed process left of the same file is removed first.

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
    OSError
        Naming the file, when there is no space for it.

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
    with _named_where_full(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_unfinished(path)
        temporary = _temporary(path)
        try:
            yield temporary
            if not temporary.exists():
                raise ValueError(f"{path}: nothing was written")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path):
    """The same for a folder: a new one beside it, which takes its place, and that of all that was in it, at the end.

    Parameters
    ----------
    path : str or path-like

    Yields
    ------
    pathlib.Path
        An empty folder.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "components"
    >>> for name in ("first", "second"):
    ...     with whole_folder(target) as temporary:
    ...         (temporary / name).touch()
    >>> [path.name for path in target.iterdir()], len(list(target.parent.iterdir()))
    (['second'], 1)
    """
    path = Path(path)
    with _named_where_full(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_unfinished(path)
        temporary = _temporary(path)
        temporary.mkdir()
        try:
            yield temporary
            _replace_folder(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _replace_folder(new, path):
    """Put a folder in another's place, in two steps, between which there is none: one that is not empty stays."""
    while True:
        replaced = _temporary(path)
        with contextlib.suppress(FileNotFoundError):
            path.rename(replaced)
        try:
            new.rename(path)
            return
        except OSError as error:
            # Another process was faster.
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        finally:
            shutil.rmtree(replaced, ignore_errors=True)


@contextlib.contextmanager
def only_writer(folder):
    """Nobody else writes to a folder while the context lasts, as far as they ask, too.

    The system forgets this with the process, however that ends; file systems that cannot tell do not refuse.

    Parameters
    ----------
    folder : str or path-like
        Made where it is missing.

    Raises
    ------
    ValueError
        When another process writes to it.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise ValueError(f"{folder}: another process is writing here; wait for it, or end it") from error
    except OSError:
        pass
    try:
        yield
    finally:
        os.close(handle)


def remove_unfinished(path):
    """Remove what killed processes of this machine left of a file or folder that they were writing.

    Parameters
    ----------
    path : str or path-like
        The file or folder, which stays as it is; so does what a running process writes.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "table.csv"
    >>> ours, killed = _temporary(target), _temporary(target, process=0)
    >>> for path in (ours, killed, target):
    ...     path.touch()
    >>> remove_unfinished(target)
    >>> ours.exists(), killed.exists(), target.exists()
    (True, False, True)
    """
    path = Path(path)
    own = rf"{_host()}([0-9a-f]{{{PROCESS}}})[0-9a-f]{{{RANDOM}}}"
    name = re.compile(rf"\.{re.escape(path.stem)}\.{own}{re.escape(path.suffix)}")
    for left in path.parent.glob(f".{glob.escape(path.stem)}.*{glob.escape(path.suffix)}"):
        match = name.fullmatch(left.name)
        if not match or _is_running(int(match[1], 16)):
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _temporary(path, process=None):
    """A path beside another that tells whose it is."""
    process = os.getpid() if process is None else process
    return path.with_name(f".{path.stem}.{_host()}{process:0{PROCESS}x}{uuid.uuid4().hex[:RANDOM]}{path.suffix}")


def _host():
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"[:HOST]


def _is_running(process):
    """Whether there is a process of this number; there never is one of number 0 that could write."""
    if process == 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def _named_where_full(path):
    """Say which file there is no space for: neither the system's errors do, nor those of HDF5 in a readable way."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = getattr(error, "errno", None)
        if isinstance(error, RuntimeError) and os.strerror(errno.ENOSPC) in str(error):
            number = errno.ENOSPC
        # An inner file of a folder has named itself.
        if number not in NO_SPACE or getattr(error, "filename", None):
            raise
        raise OSError(number, f"{os.strerror(number)}, so it was not written", str(path)) from error
