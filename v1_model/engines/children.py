"""Forked child processes, some side by side, that report progress and are told apart by name when they fail.

A child never outlives its parent, however that ends.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import sys
import traceback

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
ENDING = (signal.SIGINT, signal.SIGTERM)


def run_children(tasks, copies, on_progress=None):
    """Fork a child for each task, at most ``copies`` at a time, and wait for all of them.

    Parameters
    ----------
    tasks : dict of str to callable
        By name; called in its child with one argument, a function that passes a number on to ``on_progress``.
    copies : int
    on_progress : callable, optional
        Called here with each number.

    Returns
    -------
    dict of str to str
        Why each task that failed did, by name; empty when all ended well.
    """
    waiting, failures = list(tasks.items()), {}
    with selectors.DefaultSelector() as running, _ended_with(running):
        while waiting or running.get_map():
            while waiting and len(running.get_map()) < copies:
                name, task = waiting.pop(0)
                pid, pipe = _fork(task)
                running.register(pipe, selectors.EVENT_READ, [name, pid, ""])
            for key, _ in running.select():
                name, pid, _ = key.data
                message = os.read(key.fileobj, 1 << 16).decode()
                if message:
                    key.data[2] = _take_lines(key.data[2] + message, on_progress)
                    continue
                running.unregister(key.fileobj)
                os.close(key.fileobj)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                if status:
                    failures[name] = _reason(status, key.data[2])
    return failures


@contextlib.contextmanager
def _ended_with(running):
    """Children that still run when the context is left in any way but its end are ended and waited for."""
    try:
        yield
    except BaseException:
        for key in running.get_map().values():
            os.kill(key.data[1], signal.SIGKILL)
            os.waitpid(key.data[1], 0)
        raise


def _fork(task):
    """Process id and read end of the pipe of a new child."""
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    (read_end, write_end), pid = os.pipe(), 0
    try:
        with _signals_later():
            pid = os.fork()
            if not pid:
                for number in ENDING:
                    signal.signal(number, signal.SIG_DFL)
    except BaseException:
        for pipe in (read_end, write_end):
            os.close(pipe)
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        raise
    if pid:
        os.close(write_end)
        return pid, read_end
    os.close(read_end)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    _child(task, write_end)


@contextlib.contextmanager
def _signals_later():
    """Signals that come while the context lasts take effect at its end.

    Python loses an exception that one raises in what it does after a fork.
    """
    received, parent = [], os.getpid()
    before = {number: signal.signal(number, lambda number, frame: received.append(number)) for number in ENDING}
    try:
        yield
    finally:
        if os.getpid() == parent:
            for number, handler in before.items():
                signal.signal(number, handler)
            for number in received:
                signal.raise_signal(number)


def _child(task, write_end):
    """Run a task and leave the process without running what the parent would run at its end."""
    code = 1
    try:
        task(lambda amount: os.write(write_end, f"{amount}\n".encode()))
        code = 0
    except (ValueError, OSError) as error:
        os.write(write_end, f"! {' '.join(str(error).split())[:2000]}".encode())
    except BaseException as error:  # noqa: BLE001 - reported to the parent, which goes on with the others
        traceback.print_exc()
        os.write(write_end, f"! {type(error).__name__}: {' '.join(str(error).split())[:2000]}".encode())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _take_lines(text, on_progress):
    """Pass complete lines on and return the rest."""
    *lines, rest = text.split("\n")
    for line in lines:
        if on_progress:
            on_progress(float(line))
    return rest


def _reason(status, message):
    if message.startswith("! "):
        return message[2:]
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"
