"""Fixtures that more than one test file uses."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def repo_root():
    """Folder of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def base_props(repo_root):
    """Folder of the shipped seed tables."""
    return repo_root / "base_props"
