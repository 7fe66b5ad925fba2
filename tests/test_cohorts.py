"""Cohorts: names, thirds with ties, weights by brute force on a built network, target fractions, files."""

import itertools
import json
import re
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

import calculate_cell_weights
import calculate_target_fractions
import make_node_set
from analysis_shared.cells.cohorts import node_set_cells, rank_in_thirds, select_node_set, thirds
from analysis_shared.cells.node_set_names import (
    CLASSES,
    GROUPS,
    MEASURES,
    NODE_SET,
    REGIONS,
    THIRDS,
    NodeSet,
    parse_node_set,
)
from analysis_shared.cells.node_sets import read_node_set
from analysis_shared.cells.nodes import read_naming_scheme, read_network
from analysis_shared.metrics.edge_sums import cell_weights, weights_onto_groups
from analysis_shared.metrics.target_fractions import target_fractions
from built_networks import read_edges, tables, tiny  # noqa: F401

NAMING_SCHEME = Path(__file__).resolve().parents[1] / "base_props" / "cell_type_naming_scheme.csv"
NAMES = [
    *(f"{c}_{t}_{m}_by_{g}_{r}" for c, t, m, g, r in itertools.product(CLASSES, THIRDS, MEASURES, GROUPS, REGIONS)),
    *(f"{c}_{r}" for c, r in itertools.product(CLASSES, REGIONS)),
]


# --- names ---------------------------------------------------------------------------------------------------------


def test_every_name_is_read_back_and_matches_the_wildcard():
    assert len(NAMES) == 5 * 3 * 3 * 2 * 3 + 5 * 3
    for name in NAMES:
        assert parse_node_set(name).name == name
        assert re.fullmatch(NODE_SET, name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "pv", "pv_silenced", "exc_high_outgoing", "exc_high_outgoing_weight_core", "l1_all", None),
        *("exc_top_outgoing_weight_by_layer_core", "exc_high_outgoing_weight_by_layer", "pv_all_all", "PV_all"),
    ],
)
def test_another_name_is_refused_with_what_is_valid(name):
    with pytest.raises(ValueError, match="no node set") as caught:
        parse_node_set(name)
    for valid in ("exc|inh|pv|sst|vip", "high|mid|low", "outgoing_weight", "layer|cell_type", "core|periphery|all"):
        assert valid in str(caught.value)


# --- thirds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", range(9))
def test_thirds_have_floor_of_n_over_3_cells_and_mid_the_rest(n):
    labels = thirds(np.arange(n)[::-1], np.arange(n)).tolist()
    assert labels == ["high"] * (n // 3) + ["mid"] * (n - 2 * (n // 3)) + ["low"] * (n // 3)


def test_of_cells_that_tie_the_lower_id_ranks_first():
    values, ids = [2.0, 7.0, 7.0, 7.0, 2.0, 2.0], [50, 9, 3, 4, 10, 11]
    # Ranking: 3, 4, 9 (7 pA each), then 10, 11, 50 (2 pA each).
    assert dict(zip(ids, thirds(values, ids), strict=True)) == {
        **{3: "high", 4: "high", 9: "mid"},
        **{10: "mid", 11: "low", 50: "low"},
    }
    assert set(thirds([1.0] * 7, range(7))[:2]) == {"high"} and set(thirds([1.0] * 7, range(7))[-2:]) == {"low"}


def test_thirds_do_not_depend_on_the_order_of_the_cells():
    rng = np.random.default_rng(4)
    values, ids = rng.integers(0, 5, 100).astype(float), rng.permutation(100)
    expected = dict(zip(ids, thirds(values, ids), strict=True))
    order = rng.permutation(100)
    assert dict(zip(ids[order], thirds(values[order], ids[order]), strict=True)) == expected


def test_a_cell_without_a_measure_cannot_be_ranked():
    with pytest.raises(ValueError, match="without a measure"):
        thirds([1.0, np.nan], [0, 1])


@pytest.fixture
def nodes():
    """Twelve cells of layer 5 in two types, three of layer 4, two inhibitory ones; id 8 lies in the periphery."""
    types = ["L5_IT"] * 6 + ["L5_ET"] * 6 + ["L4_Exc"] * 3 + ["L5_PV", "L1_Inh"]
    layers = ["5"] * 12 + ["4"] * 3 + ["5", "1"]
    weights = [*range(1, 7), *range(101, 107), 30, 10, 20, 1, 1]
    table = pd.DataFrame({"node_id": range(17), "cell_type": types, "layer": layers, "outgoing_weight": weights})
    table["ei"] = ["e"] * 15 + ["i"] * 2
    table["class"] = ["IT"] * 6 + ["ET"] * 6 + ["Exc"] * 3 + ["PV", "Inh"]
    return table.assign(core=table["node_id"] != 8, out_degree=5)


def test_within_a_layer_types_compete_and_within_a_type_they_do_not(nodes):
    def ids(name):
        return select_node_set(nodes, parse_node_set(name)).tolist()

    # Core: eleven cells of layer 5 (thirds of 3), three of layer 4 (thirds of 1).
    assert ids("exc_high_outgoing_weight_by_layer_core") == [9, 10, 11, 12]
    assert ids("exc_low_outgoing_weight_by_layer_core") == [0, 1, 2, 13]
    assert ids("exc_high_outgoing_weight_by_layer_all") == [8, 9, 10, 11, 12]
    # IT has 6 cells, ET 5 in the core, L4 3.
    assert ids("exc_high_outgoing_weight_by_cell_type_core") == [4, 5, 11, 12]
    assert ids("exc_mid_outgoing_weight_by_cell_type_core") == [2, 3, 7, 9, 10, 14]
    # All tie: the first and last ids of each group.
    assert ids("exc_high_out_degree_by_layer_core") == [0, 1, 2, 12]
    assert ids("exc_low_out_degree_by_layer_core") == [9, 10, 11, 14]


def test_whole_classes_and_regions(nodes):
    assert select_node_set(nodes, parse_node_set("inh_all")).tolist() == [15, 16]
    assert select_node_set(nodes, parse_node_set("pv_core")).tolist() == [15]
    assert select_node_set(nodes, parse_node_set("exc_periphery")).tolist() == [8]


def test_thirds_of_a_class_are_disjoint_and_complete(nodes):
    for region, group in itertools.product(REGIONS, GROUPS):
        ranked = node_set_cells(nodes, NodeSet("exc", "high", "outgoing_weight", group, region))
        sizes = ranked["third"].value_counts()
        assert sizes.sum() == len(ranked) and sizes.get("high", 0) == sizes.get("low", 0)


def test_an_empty_node_set_is_an_error(nodes):
    with pytest.raises(ValueError, match="sst_all is empty: the network has 0 sst cells"):
        select_node_set(nodes, parse_node_set("sst_all"))
    with pytest.raises(ValueError, match="has 1 pv cells in region core, fewer than three in each group"):
        select_node_set(nodes, parse_node_set("pv_high_out_degree_by_layer_core"))


# --- weights -------------------------------------------------------------------------------------------------------


def block(source, target, weight):
    return {"source_node_id": source, "target_node_id": target, "syn_weight": weight}


def test_weights_and_degrees_of_hand_made_edges():
    blocks = [block([0, 0, 1], [1, 2, 1], [2.0, 3.0, -4.0]), block([2], [0], [-0.5])]
    table = cell_weights(blocks, 4)
    assert table["outgoing_weight"].tolist() == [5, 4, 0.5, 0]
    assert table["incoming_weight"].tolist() == [0.5, 6, 3, 0]
    assert table["out_degree"].tolist() == [2, 1, 1, 0]
    assert table["in_degree"].tolist() == [1, 2, 1, 0]
    weight, edges = weights_onto_groups(blocks, np.array([0, 1, 1, 0]), 2)
    assert weight.tolist() == [[0, 5], [0, 4], [0.5, 0], [0, 0]]
    assert edges.tolist() == [[0, 2], [0, 1], [1, 0], [0, 0]]


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (block([0], [4], [1.0]), "nodes 4..4, expected 0..3"),
        (block([0], [1], [np.nan]), "1 edges have a syn_weight that is not finite"),
    ],
)
def test_edges_of_another_network_are_refused(edges, message):
    with pytest.raises(ValueError, match=message):
        cell_weights([edges], 4)


@pytest.fixture(scope="module")
def weighed(tiny, tmp_path_factory):
    """Network folder and cell weights of a built network, by the scripts."""
    table = tmp_path_factory.mktemp("weighed") / "cell_weights.csv"
    network = str(tiny / "network")
    calculate_cell_weights.main(
        ["--edges", f"{network}/v1_v1_edges.h5", "--network-dir", network, "--output", str(table)]
    )
    return network, str(table)


def test_weights_of_a_built_network_by_brute_force(tiny, weighed):
    edges = pd.DataFrame(
        {name: read_edges(tiny, "v1")[name] for name in ("source_node_id", "target_node_id", "syn_weight")}
    )
    table = pd.read_csv(weighed[1], sep=" ").set_index("node_id")
    strength = edges["syn_weight"].abs().astype(float)
    for end, weight, degree in (
        ("source_node_id", "outgoing_weight", "out_degree"),
        ("target_node_id", "incoming_weight", "in_degree"),
    ):
        expected = strength.groupby(edges[end]).agg(["sum", "size"]).reindex(table.index, fill_value=0)
        np.testing.assert_allclose(table[weight], expected["sum"], rtol=1e-9)
        assert (table[degree] == expected["size"]).all()
    assert table["outgoing_weight"].sum() == pytest.approx(strength.sum())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_blocks_do_not_matter(size):
    rng = np.random.default_rng(size)
    source, target, weight = rng.integers(0, 50, 1000), rng.integers(0, 50, 1000), rng.normal(size=1000)
    blocks = [block(*(part[i : i + size] for part in (source, target, weight))) for i in range(0, 1000, size)]
    pd.testing.assert_frame_equal(cell_weights(blocks, 50), cell_weights([block(source, target, weight)], 50))


def pick(weighed, name, output):
    network, table = weighed
    arguments = ["--network-dir", network, "--cell-weights", table, "--naming-scheme", str(NAMING_SCHEME)]
    make_node_set.main(["--node-set", name, "--option", "plain", *arguments, "--output", str(output)])
    return json.loads(output.read_text())


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("measure", MEASURES)
def test_node_sets_of_a_built_network_by_brute_force(weighed, tmp_path, measure, group):
    nodes, description = read_network(weighed[0], read_naming_scheme(NAMING_SCHEME))
    values = pd.read_csv(weighed[1], sep=" ")[measure].tolist()
    inside = (np.hypot(nodes["x"], nodes["z"]) <= description["core_radius_um"]).tolist()
    ranked = {}
    for cell, kind, core, ei in zip(nodes["node_id"], nodes[group], inside, nodes["ei"], strict=True):
        if core and ei == "i":
            ranked.setdefault(kind, []).append((-values[cell], cell))
    found = {}
    for third in THIRDS:
        content = pick(weighed, f"inh_{third}_{measure}_by_{group}_core", tmp_path / "set.json")
        found[third] = content["node_id"]
        assert content["population"] == "v1" and found[third] == sorted(found[third])
        assert content["definition"]["measure"] == measure and content["definition"]["by"] == group
        assert {k: v["ranked"] for k, v in content["definition"]["groups"].items()} == {
            kind: len(cells) for kind, cells in ranked.items()
        }
    high = sorted(cell for cells in ranked.values() for _, cell in sorted(cells)[: len(cells) // 3])
    low = sorted(cell for cells in ranked.values() for _, cell in sorted(cells)[len(cells) - len(cells) // 3 :])
    assert found["high"] == high and found["low"] == low
    assert sorted(itertools.chain(*found.values())) == sorted(cell for cells in ranked.values() for _, cell in cells)


def test_a_whole_class_takes_every_cell(weighed, tmp_path):
    nodes, _ = read_network(weighed[0], read_naming_scheme(NAMING_SCHEME))
    content = pick(weighed, "vip_all", tmp_path / "set.json")
    assert content["node_id"] == nodes.loc[nodes["pop_name"].str.endswith("Vip"), "node_id"].tolist()
    assert read_node_set(tmp_path / "set.json", len(nodes)).tolist() == content["node_id"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"population": "v1", "node_id": [1, 1]}', "1 of the node ids are repeated"),
        ('{"population": "v1", "node_id": [5]}', "node ids 5..5, expected 0..4"),
        ('{"population": "lgn", "node_id": [1]}', "expected population 'v1'"),
        ('{"population": "v1"}', "expected population 'v1' and a list node_id"),
        ("[", "not JSON"),
    ],
)
def test_a_node_set_of_another_network_is_refused(tmp_path, content, message):
    path = tmp_path / "set.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_node_set(path, 5)
    assert str(path) in str(caught.value)


def test_weights_of_another_network_are_refused(weighed, tmp_path):
    short = tmp_path / "short.csv"
    pd.read_csv(weighed[1], sep=" ").iloc[:-1].to_csv(short, sep=" ", index=False)
    with pytest.raises(ValueError, match="rows do not match the"):
        pick((weighed[0], str(short)), "vip_all", tmp_path / "set.json")
    assert not (tmp_path / "set.json").exists()


# --- target fractions ----------------------------------------------------------------------------------------------


def test_fractions_of_hand_made_edges():
    classes = {"e": "Exc", "p": "PV", "h": "Inh"}
    kinds = "eeeph"
    nodes = pd.DataFrame({"node_id": range(5), "cell_type": ["L4_Exc"] * 3 + ["L4_PV", "L1_Inh"]})
    nodes["ei"], nodes["class"] = [k if k == "e" else "i" for k in kinds], [classes[k] for k in kinds]
    nodes["layer"], nodes["core"] = ["4"] * 4 + ["1"], [True, True, True, True, False]
    # Cell 0 sends 6 pA to a pyramidal cell, 3 to PV, 1 to layer 1 (periphery); 1 and 2 send less.
    edges = block([0, 0, 0, 1, 2], [1, 3, 4, 3, 4], [6.0, 3.0, 1.0, 5.0, 2.0])
    nodes = nodes.merge(cell_weights([edges], 5), on="node_id")
    table = target_fractions(nodes, [edges], "outgoing_weight", "layer", "core")
    high = table[(table["cohort"] == "exc_high_outgoing_weight_by_layer_core") & (table["level"] == "class")]
    shares = high.set_index(["target_region", "target"])
    assert shares.loc["all", "weight_fraction"].to_dict() == {"exc": 0.6, "pv": 0.3, "sst": 0, "vip": 0, "htr3a": 0.1}
    assert shares.loc["core", "weight_fraction"].to_dict() == pytest.approx(
        {"exc": 2 / 3, "pv": 1 / 3, "sst": 0, "vip": 0, "htr3a": 0}
    )
    assert shares.loc["all", "edge_fraction"].to_dict() == pytest.approx(
        {"exc": 1 / 3, "pv": 1 / 3, "sst": 0, "vip": 0, "htr3a": 1 / 3}
    )
    low = table[(table["cohort"] == "exc_low_outgoing_weight_by_layer_core") & (table["target_region"] == "core")]
    assert low["weight_fraction"].isna().all() and (low["n_sources"] == 1).all()


def test_fractions_of_a_built_network_add_to_one_and_match_brute_force(tiny, weighed, tmp_path):
    network, weights = weighed
    arguments = ["--network-dir", network, "--cell-weights", weights, "--naming-scheme", str(NAMING_SCHEME)]
    output = tmp_path / "fractions.csv"
    calculate_target_fractions.main(
        ["--edges", f"{network}/v1_v1_edges.h5", *arguments, "--output", str(output)],
    )
    table = pd.read_csv(output, sep=" ")
    assert set(table["cohort"]) == {f"{c}_{t}_outgoing_weight_by_layer_core" for c in CLASSES for t in THIRDS}
    sums = table.groupby(["cohort", "target_region", "level"])[["weight_fraction", "edge_fraction"]].sum()
    np.testing.assert_allclose(sums, 1, atol=1e-5)
    sources = pick(weighed, "sst_high_outgoing_weight_by_layer_core", tmp_path / "set.json")["node_id"]
    nodes, _ = read_network(network, read_naming_scheme(NAMING_SCHEME))
    edges = read_edges(tiny, "v1")
    sent = np.isin(edges["source_node_id"], sources) & nodes["core"].to_numpy()[edges["target_node_id"].astype(int)]
    strength = np.abs(edges["syn_weight"][sent].astype(float))
    kinds = nodes["cell_type"].to_numpy()[edges["target_node_id"][sent].astype(int)]
    chosen = table[(table["cohort"] == "sst_high_outgoing_weight_by_layer_core") & (table["target_region"] == "core")]
    for _, row in chosen[chosen["level"] == "cell_type"].iterrows():
        expected = strength[kinds == row["target"]].sum() / strength.sum()
        assert row["weight_fraction"] == pytest.approx(expected, rel=1e-5)
    vip = chosen[(chosen["level"] == "class") & (chosen["target"] == "vip")]["weight_pa"].item()
    assert vip == pytest.approx(strength[[kind.endswith("VIP") for kind in kinds]].sum(), rel=1e-5)


def test_ranking_within_groups_leaves_the_order_of_rows_alone(nodes):
    shuffled = nodes.sample(frac=1, random_state=1)
    labels = pd.Series(rank_in_thirds(shuffled, "outgoing_weight", "cell_type"), index=shuffled["node_id"])
    assert labels.sort_index().tolist() == rank_in_thirds(nodes, "outgoing_weight", "cell_type").tolist()


def test_an_edge_file_of_another_network_is_named(weighed, tmp_path):
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as stream:
        group = stream.create_group("edges/v1_to_v1")
        group["source_node_id"], group["target_node_id"], group["edge_type_id"] = [0], [10**6], [100]
        group["0/syn_weight"] = [1.0]
    with pytest.raises(ValueError, match=r"foreign\.h5: edges name nodes 1000000"):
        calculate_cell_weights.main(
            ["--edges", str(foreign), "--network-dir", weighed[0], "--output", str(tmp_path / "table.csv")]
        )
