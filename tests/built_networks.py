"""Fixtures: the shipped tables, and networks built from them once a test session."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from v1_model.network.builder import NetworkSpec, build_network
from v1_model.seeds.tables import load_seed_tables

BASE_PROPS = Path(__file__).parents[1] / "base_props"


@pytest.fixture(scope="session")
def tables():
    """The shipped seed tables."""
    return load_seed_tables(BASE_PROPS)


@pytest.fixture(scope="session")
def tiny(tables, tmp_path_factory):
    """Folder of a network of radius 100 µm, small LGN, like-to-like weights."""
    folder = tmp_path_factory.mktemp("tiny")
    build_network(NetworkSpec("tiny", 100, 50, lgn="small"), tables, folder, threads=2)
    return folder


@pytest.fixture(scope="session")
def tiny_nll(tables, tmp_path_factory):
    """The same with the full LGN and without like-to-like weights."""
    folder = tmp_path_factory.mktemp("tiny_nll")
    build_network(NetworkSpec("tiny_nll", 100, 50, lgn="full", like_to_like=False), tables, folder, threads=2)
    return folder


def read_group(path, group):
    """All datasets of an HDF5 group, by name."""
    with h5py.File(path) as h5:
        return {name: item[:] for name, item in h5[group].items() if isinstance(item, h5py.Dataset)}


def read_edges(folder, source):
    """Edges of a population onto V1: ids and attributes, by name."""
    path = folder / "network" / f"{source}_v1_edges.h5"
    group = f"edges/{source}_to_v1"
    return read_group(path, group) | read_group(path, f"{group}/0")


def read_nodes(folder, population):
    """Nodes of a population: ids and attributes, by name."""
    path = folder / "network" / f"{population}_nodes.h5"
    return read_group(path, f"nodes/{population}") | read_group(path, f"nodes/{population}/0")


def assert_uniform(values, low, high, alpha=1e-4):
    """Kolmogorov–Smirnov test against the uniform distribution."""
    from scipy.stats import kstest

    result = kstest(values, "uniform", args=(low, high - low))
    assert result.pvalue > alpha, result
    assert np.min(values) >= low and np.max(values) <= high
