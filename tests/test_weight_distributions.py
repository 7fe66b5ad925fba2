"""Weights by type of source and target, against a plain group-by over the edges of a built network."""

import h5py
import numpy as np
import pandas as pd
import pytest

import calculate_weight_distributions
from analysis_shared.cells.nodes import read_naming_scheme, read_nodes
from analysis_shared.metrics.weight_distributions import rank_correlation
from built_networks import read_edges, tables, tiny  # noqa: F401


@pytest.fixture(scope="module")
def distributions(tiny, base_props, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "weights.csv"
    arguments = {
        "edges": tiny / "network" / "v1_v1_edges.h5",
        "network-dir": tiny / "network",
        "naming-scheme": base_props / "cell_type_naming_scheme.csv",
        "output": path,
    }
    calculate_weight_distributions.main([f"--{key}={value}" for key, value in arguments.items()])
    return pd.read_csv(path, sep=" ")


def test_percentiles_of_each_pair(distributions, tiny, base_props):
    network = tiny / "network"
    naming = read_naming_scheme(base_props / "cell_type_naming_scheme.csv")
    types = read_nodes(network / "v1_nodes.h5", network / "v1_node_types.csv", naming)["cell_type"].to_numpy()
    edges = read_edges(tiny, "v1")
    plain = pd.DataFrame(
        {
            "source_type": types[edges["source_node_id"]],
            "target_type": types[edges["target_node_id"]],
            "weight": np.abs(edges["syn_weight"]).astype(float),
        }
    )
    assert distributions["n_edges"].sum() == len(plain)
    grouped = plain.groupby(["source_type", "target_type"])["weight"]
    expected = grouped.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()  # noqa: PD010
    found = distributions.set_index(["source_type", "target_type"]).loc[expected.index]
    np.testing.assert_array_equal(found["n_edges"], grouped.size())
    np.testing.assert_allclose(found[["whislo", "q1", "med", "q3", "whishi"]], expected, rtol=1e-5)


def test_rank_correlation_over_common_targets():
    first = pd.Series({"a": 1.0, "b": 2.0, "c": 3.0, "d": 9.0})
    assert rank_correlation(first, -first) == pytest.approx(-1)
    assert rank_correlation(first, first.drop("d") ** 2) == pytest.approx(1)
    assert np.isnan(rank_correlation(first, first[["a", "b"]]))


def test_a_weight_that_is_not_finite_names_the_file(tiny, base_props, tmp_path):
    path = tmp_path / "edges.h5"
    path.write_bytes((tiny / "network" / "v1_v1_edges.h5").read_bytes())
    with h5py.File(path, "r+") as h5:
        h5["edges/v1_to_v1/0/syn_weight"][3] = np.nan
    arguments = [f"--edges={path}", f"--network-dir={tiny / 'network'}", f"--output={tmp_path / 'out.csv'}"]
    with pytest.raises(ValueError, match=r"edges\.h5: 1 edges have a syn_weight that is not finite"):
        calculate_weight_distributions.main(
            [*arguments, f"--naming-scheme={base_props / 'cell_type_naming_scheme.csv'}"]
        )
    assert not (tmp_path / "out.csv").exists()
