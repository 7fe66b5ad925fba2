"""The built files: readable by BMTK and libsonata, complete, and the same whatever the threads and blocks."""

import hashlib
import json
import multiprocessing
from dataclasses import replace

import h5py
import libsonata
import numpy as np
import pandas as pd
import pytest

from built_networks import read_edges, read_nodes, tables, tiny  # noqa: F401
from v1_files.random_streams import fork, generator, stream_key, uniform_at, uniforms
from v1_model.engines.nest.pointnet import run_pointnet
from v1_model.network.builder import NetworkSpec, build_network

POPULATIONS = ["v1", "lgn", "bkg"]
SPEC = NetworkSpec("check", 200, 100, lgn="small")


def digests(folder):
    """MD5 of every file below a folder, by relative path."""
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.md5(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def reference(tables, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    build_network(SPEC, tables, folder, threads=1)
    return digests(folder)


@pytest.mark.parametrize(("threads", "block_cells"), [(2, 512), (3, 77), (1, 5000)])
def test_same_seed_same_bytes(tables, tmp_path, reference, threads, block_cells):
    build_network(SPEC, tables, tmp_path, threads=threads, block_cells=block_cells)
    assert digests(tmp_path) == reference


def test_another_seed_differs(tables, tmp_path, reference):
    build_network(replace(SPEC, seed=154), tables, tmp_path)
    other = digests(tmp_path)
    assert other.keys() == reference.keys()
    for name in ("v1_nodes.h5", "v1_v1_edges.h5", "lgn_nodes.h5", "lgn_v1_edges.h5", "bkg_v1_edges.h5"):
        assert other[f"network/{name}"] != reference[f"network/{name}"]


def test_stages_do_not_move_each_others_draws(tables, tmp_path, reference):
    """Without like-to-like weights only weights change."""
    build_network(replace(SPEC, like_to_like=False), tables, tmp_path)
    changed = {name for name, digest in digests(tmp_path).items() if digest != reference[name]}
    expected = {"v1_v1_edges.h5", "connection_summary.csv", "network.json"}
    assert changed == {f"network/{name}" for name in expected}


@pytest.mark.parametrize("source", POPULATIONS)
def test_libsonata_reads_edges_and_both_indices(tiny, source):
    path = tiny / "network" / f"{source}_v1_edges.h5"
    population = libsonata.EdgeStorage(str(path)).open_population(f"{source}_to_v1")
    edges = read_edges(tiny, source)
    assert population.size == len(edges["source_node_id"]) > 0
    assert (population.source, population.target) == (source, "v1")
    for cell in (0, 1, 57):
        np.testing.assert_array_equal(
            population.afferent_edges(cell).flatten(), np.flatnonzero(edges["target_node_id"] == cell)
        )
        np.testing.assert_array_equal(
            population.efferent_edges(cell).flatten(), np.flatnonzero(edges["source_node_id"] == cell)
        )
    some = libsonata.Selection([0, 5, population.size - 1])
    np.testing.assert_allclose(population.get_attribute("syn_weight", some), edges["syn_weight"][[0, 5, -1]])


@pytest.mark.parametrize("population", POPULATIONS)
def test_libsonata_reads_nodes(tiny, population):
    nodes = libsonata.NodeStorage(str(tiny / "network" / f"{population}_nodes.h5")).open_population(population)
    assert nodes.size == len(read_nodes(tiny, population)["node_id"])


def test_bmtk_reads_indices(tiny):
    """BMTK's own reader finds the edges of a target and of a source through the indices."""
    from bmtk.utils.sonata import File

    network = tiny / "network"
    file = File(data_files=str(network / "v1_v1_edges.h5"), data_type_files=str(network / "v1_v1_edge_types.csv"))
    population = file.edges["v1_to_v1"]
    edges = read_edges(tiny, "v1")
    for cell in (0, 100):
        found = sorted(e.source_node_id for e in population.get_target(cell))
        assert found == sorted(edges["source_node_id"][edges["target_node_id"] == cell])
        found = sorted(e.target_node_id for e in population.get_source(cell))
        assert found == sorted(edges["target_node_id"][edges["source_node_id"] == cell])


def v1_config(folder):
    """Write spike trains and a SONATA config of a 60 ms run of a built network; returns the config's path."""
    from bmtk.utils.reports.spike_trains import SpikeTrains

    rng = np.random.default_rng(5)
    (folder / "inputs").mkdir()
    for population, units in (("lgn", 696), ("bkg", 100)):
        train = SpikeTrains(population=population)
        train.add_spikes(node_ids=rng.integers(0, units, 900), timestamps=0.25 * rng.integers(1, 200, 900))
        train.to_sonata(str(folder / "inputs" / f"{population}.h5"))
    network = f"{folder}/network"
    components = {"point_neuron_models_dir": "cell_models", "synaptic_models_dir": "synaptic_models"}
    config = {
        "run": {"tstop": 60.0, "dt": 0.25},
        "target_simulator": "NEST",
        "components": {name: f"{folder}/components/{part}" for name, part in components.items()},
        "inputs": {
            p: {
                "input_type": "spikes",
                "module": "h5",
                "input_file": str(folder / "inputs" / f"{p}.h5"),
                "node_set": {"population": p},
            }
            for p in ("lgn", "bkg")
        },
        "output": {"output_dir": str(folder / "out"), "spikes_file": "spikes.h5"},
        "networks": {
            kind: [
                {
                    f"{kind}_file": f"{network}/{p}_{name}.h5",
                    f"{kind[:-1]}_types_file": f"{network}/{p}_{name[:-1]}_types.csv",
                }
                for p in POPULATIONS
            ]
            for kind, name in (("nodes", "nodes"), ("edges", "v1_edges"))
        },
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def sorted_spikes(path):
    """Spikes of V1 as rows (time, cell), sorted."""
    with h5py.File(path) as h5:
        spikes = h5["spikes/v1"]
        return np.array(sorted(zip(spikes["timestamps"][:], spikes["node_ids"][:], strict=True)))


def stock_pointnet(path):
    """Cells and connections that stock BMTK PointNet makes of the files; it writes its spikes."""
    import nest
    from bmtk.simulator import pointnet

    configure = pointnet.Config.from_json(str(path))
    configure.build_env()
    graph = pointnet.PointNetwork.from_config(configure)
    pointnet.PointSimulator.from_config(configure, graph).run()
    return nest.network_size, nest.num_connections


def test_stock_pointnet_runs_the_files(tiny, tmp_path):
    """Every cell and edge arrives in NEST, and stock BMTK's spikes are those of our engine."""
    for part in ("network", "components"):
        (tmp_path / part).symlink_to(tiny / part)
    config = v1_config(tmp_path)
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        cells, connections = pool.apply(stock_pointnet, (config,))
        pool.apply(run_pointnet, ([config],), {"output_dir": tmp_path / "ours"})
    edges = json.loads((tiny / "network" / "network.json").read_text())["edges"]
    assert cells == 4239 + 696 + 100 + 1
    assert connections == sum(edges.values()) + 4239
    stock = sorted_spikes(tmp_path / "out" / "spikes.h5")
    assert len(stock) > 100
    np.testing.assert_array_equal(sorted_spikes(tmp_path / "ours" / "spikes.h5"), stock)


def test_stock_filternet_evaluates_the_files(tiny):
    """BMTK FilterNet builds the LGN of the files; every cell answers a grey screen at a rate above zero."""
    from bmtk.simulator import filternet
    from bmtk.simulator.filternet.lgnmodel.movie import Movie

    nodes = {"nodes_file": f"{tiny}/network/lgn_nodes.h5", "node_types_file": f"{tiny}/network/lgn_node_types.csv"}
    config = filternet.Config.from_dict({"networks": {"nodes": [nodes]}, "run": {"tstop": 100.0, "dt": 1.0}})
    network = filternet.FilterNetwork.from_config(config)
    network.build_nodes()
    cells = list(network.cells())
    assert len(cells) == 696
    movie = Movie(np.zeros((100, 80, 120)), row_range=np.arange(80.0), col_range=np.arange(120.0), frame_rate=1000.0)
    for cell in cells[::13]:
        _, rates = cell.lgn_cell_obj.evaluate(movie, downsample=1, separable=True)
        assert np.min(rates) > 0


def test_index_names_of_bmtk_and_the_specification_are_one_dataset(tiny):
    with h5py.File(tiny / "network" / "v1_v1_edges.h5") as h5:
        for direction in ("source_to_target", "target_to_source"):
            group = h5[f"edges/v1_to_v1/indices/{direction}"]
            assert group["node_id_to_range"] == group["node_id_to_ranges"]


@pytest.mark.parametrize("source", POPULATIONS)
def test_edge_types_match_their_edges(tiny, source):
    """Every edge's type names the source's and the target's population (or cell model)."""
    types = pd.read_csv(tiny / "network" / f"{source}_v1_edge_types.csv", sep=" ").set_index("edge_type_id")
    edges = read_edges(tiny, source)
    names = {}
    for population in {source, "v1"}:
        table = pd.read_csv(tiny / "network" / f"{population}_node_types.csv", sep=" ").set_index("node_type_id")
        names[population] = table["pop_name"].reindex(read_nodes(tiny, population)["node_type_id"]).to_numpy()
    rows = types.loc[edges["edge_type_id"]]
    assert (
        rows["source_query"] == "pop_name=='" + pd.Series(names[source])[edges["source_node_id"]].to_numpy() + "'"
    ).all()
    if source == "bkg":
        target = "node_type_id==" + pd.Series(read_nodes(tiny, "v1")["node_type_id"]).astype(str)
    else:
        target = "pop_name=='" + pd.Series(names["v1"]) + "'"
    assert (rows["target_query"].to_numpy() == target[edges["target_node_id"]].to_numpy()).all()
    assert "weight_function" not in types.columns


def test_metadata_counts(tiny):
    metadata = json.loads((tiny / "network" / "network.json").read_text())
    assert metadata["cells"]["v1"] == len(read_nodes(tiny, "v1")["node_id"]) == 4239
    for source in POPULATIONS:
        assert metadata["edges"][f"{source}_v1"] == len(read_edges(tiny, source)["source_node_id"])
    assert (metadata["radius_um"], metadata["core_radius_um"], metadata["seed"]) == (100, 50, 153)


def test_unwritten_group_column_reads_zero(tiny):
    edges = read_edges(tiny, "v1")
    assert not edges["edge_group_id"].any()
    np.testing.assert_array_equal(edges["edge_group_index"], np.arange(len(edges["edge_group_id"])))


def test_random_streams_are_uniform_and_independent():
    from scipy.stats import kstest

    u = uniforms(stream_key(1, "a"), np.arange(200_000), 2)
    for column in u.T:
        assert kstest(column, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(u.T)[0, 1]) < 0.01
    other = uniforms(stream_key(2, "a"), np.arange(200_000), 2)
    assert abs(np.corrcoef(u[:, 0], other[:, 0])[0, 1]) < 0.01
    assert uniform_at(fork(stream_key(1, "a"), 7), 1) == u[7, 1]
    assert generator(1, "x", np.int64(3)).random() == generator(1, "x", 3).random()
    assert generator(1, "x", 3).random() != generator(1, "x", "3").random()
