"""Fixtures that more than one test file uses."""

import signal
from pathlib import Path

import pytest

# Shells start what runs in their background with Ctrl-C ignored, and all that it starts inherits that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def repo_root():
    """Folder of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def base_props(repo_root):
    """Folder of the shipped seed tables."""
    return repo_root / "base_props"
