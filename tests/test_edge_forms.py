"""Edge files that users place: any SONATA form of the built edges gives the same connections, all else is refused."""

import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from test_pointnet import blocks_of, config_of, run_script, same_spikes, write_network
from v1_files.sonata.edge_digest import Digest, digest
from v1_files.sonata.edges import open_edges
from v1_model.engines.configs import check_network, read_populations, read_trials

GROUP = "edges/v1_to_v1"
COLUMNS = ("source_node_id", "target_node_id", "edge_type_id", "0/syn_weight")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A network that is described as a built one is."""
    folder = tmp_path_factory.mktemp("placed")
    write_network(folder)
    numbers = {}
    for source in ("v1", "lgn", "bkg"):
        with h5py.File(folder / f"network/{source}_v1_edges.h5") as h5:
            numbers[f"{source}_v1"] = len(h5[f"edges/{source}_to_v1/edge_type_id"])
    (folder / "network/network.json").write_text(json.dumps({"edges": numbers}))
    return folder


@pytest.fixture
def mine(network):
    """A copy of the built edges beside them."""
    path = network / "network/v1_v1_edges_mine.h5"
    shutil.copy(network / "network/v1_v1_edges.h5", path)
    yield path
    path.unlink()


def placed_config(network, path, trial=0):
    config = config_of(network, trial)
    content = json.loads(config.read_text())
    content["networks"]["edges"][0]["edges_file"] = str(path)
    config.write_text(json.dumps(content))
    return config


def check(network, path):
    config = read_trials([placed_config(network, path)])[0].config
    check_network(config, read_populations(config))


def replace(path, name, values, **options):
    """A column replaced, its attributes kept."""
    with h5py.File(path, "r+") as h5:
        attributes = dict(h5[f"{GROUP}/{name}"].attrs)
        del h5[f"{GROUP}/{name}"]
        h5[GROUP].create_dataset(name, data=values, **options).attrs.update(attributes)


def values_of(path, name):
    with h5py.File(path) as h5:
        return h5[f"{GROUP}/{name}"][:]


def connections(network, path):
    """What NEST would be told, in order of source and target."""
    found = []
    for sources, targets, spec in blocks_of(network, path):
        columns = {"source": sources, "target": targets, "weight": spec["weight"], "delay": spec["delay"]}
        found.append(pd.DataFrame({name: np.asarray(values, dtype=float) for name, values in columns.items()}))
    return pd.concat(found).sort_values(["source", "target"], ignore_index=True)


# --- forms of the same edges -----------------------------------------------------------------------------------------


def in_other_order(path):
    order = np.random.default_rng(2).permutation(len(values_of(path, "edge_type_id")))
    for name in COLUMNS:
        replace(path, name, values_of(path, name)[order])


def of_other_types(path):
    for name, kind in zip(COLUMNS, ("<u4", ">i8", ">u2", ">f4"), strict=True):
        replace(path, name, values_of(path, name).astype(kind))


def compressed(path):
    for name in COLUMNS:
        replace(path, name, values_of(path, name), compression="gzip", chunks=(1000,))


def weights_in_double_precision(path):
    replace(path, "0/syn_weight", values_of(path, "0/syn_weight").astype(float))


def with_more_columns(path):
    with h5py.File(path, "r+") as h5:
        n = len(h5[f"{GROUP}/edge_type_id"])
        h5[f"{GROUP}/0/afferent_section_id"] = np.zeros(n)
        h5[f"{GROUP}/0/n_syns_"] = np.ones(n)


def as_said(path):
    """Attributes that say what is the case."""
    with h5py.File(path, "r+") as h5:
        h5[f"{GROUP}/0/syn_weight"].attrs["units"] = np.bytes_("pA")
        h5[f"{GROUP}/source_node_id"].attrs["node_population"] = np.array([b"v1"])


FORMS = [in_other_order, of_other_types, compressed, weights_in_double_precision, with_more_columns, as_said]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_form_of_the_same_edges_is_accepted_and_gives_the_same_connections(network, mine, form):
    form(mine)
    check(network, mine)
    pd.testing.assert_frame_equal(
        connections(network, mine), connections(network, network / "network/v1_v1_edges.h5"), check_exact=True
    )


def test_edges_in_another_form_give_the_spikes_of_the_built_ones(network, mine, tmp_path):
    for form in (in_other_order, of_other_types, with_more_columns):
        form(mine)
    for name, path in (("built", network / "network/v1_v1_edges.h5"), ("mine", mine)):
        code, said = run_script(placed_config(network, path), "-o", tmp_path / name)
        assert code == 0, said
    assert same_spikes(tmp_path / "built/spikes.h5", tmp_path / "mine/spikes.h5")


# --- what is refused -------------------------------------------------------------------------------------------------


def types_swapped(path):
    """Between two edges of one target."""
    targets, types = values_of(path, "target_node_id"), values_of(path, "edge_type_id")
    rows = np.flatnonzero(targets == targets[0])
    first, second = rows[0], rows[np.argmax(types[rows] != types[rows[0]])]
    types[[first, second]] = types[[second, first]]
    replace(path, "edge_type_id", types)


def one_twice_and_one_missing(path):
    for name in COLUMNS:
        values = values_of(path, name)
        values[8] = values[7]
        replace(path, name, values)


def one_less(path):
    for name in (*COLUMNS, "edge_group_id", "edge_group_index"):
        replace(path, name, values_of(path, name)[:-1])


def rows_of_attributes_permuted(path):
    replace(path, "edge_group_index", values_of(path, "edge_group_index")[::-1])


def in_group_1(path):
    replace(path, "edge_group_id", np.ones(len(values_of(path, "edge_group_id")), dtype=int))


def group_renamed(path):
    with h5py.File(path, "r+") as h5:
        h5.move(f"{GROUP}/0", f"{GROUP}/5")


def two_groups(path):
    with h5py.File(path, "r+") as h5:
        h5[f"{GROUP}/1/syn_weight"] = np.ones(3)


def without_group_ids(path):
    with h5py.File(path, "r+") as h5:
        del h5[f"{GROUP}/edge_group_id"]


def attribute(name, key, value):
    def change(path):
        with h5py.File(path, "r+") as h5:
            h5[f"{GROUP}/{name}" if name else "/"].attrs[key] = value

    return change


def dataset(name, value):
    def change(path):
        with h5py.File(path, "r+") as h5:
            h5[f"{GROUP}/{name}"] = np.full(len(h5[f"{GROUP}/edge_type_id"]), value)

    return change


def a_second_population(path):
    with h5py.File(path, "r+") as h5:
        h5.copy(GROUP, "edges/again")


def an_index_that_bmtk_cannot_read(path):
    with h5py.File(path, "r+") as h5:
        h5[f"{GROUP}/indices/target_to_source/node_id_to_ranges"] = np.zeros((3, 2))


REFUSED = [
    (types_swapped, "edges of another type than in the network: 2, the first"),
    (one_twice_and_one_missing, "edges given more than once: 1, the first"),
    (one_twice_and_one_missing, "edges of the network that are missing: 1, the first"),
    (one_less, "but the network was built with"),
    (rows_of_attributes_permuted, "edge_group_index: edge 0 has"),
    (in_group_1, "edge_group_id: edge 0 has 1, expected 0"),
    (group_renamed, "attribute groups 5 found, one expected, named 0"),
    (two_groups, "attribute groups 0, 1 found"),
    (without_group_ids, "edge_group_id: a column of"),
    (attribute("0/syn_weight", "units", "nS"), "0/syn_weight: units are 'nS', expected pA"),
    (attribute("0/syn_weight", "units", 7), "attribute units: found '7', a text expected"),
    (attribute("", "version", [1, 0]), "attribute version is [1, 0], expected [0, 1]"),
    (attribute("", "magic", 1), "attribute magic is [1]"),
    (attribute("source_node_id", "node_population", "lng"), "source population 'lng'"),
    (dataset("0/dynamics_params", 1.0), "not read edge by edge"),
    (dataset("0/n_syns_", 2), "0/n_syns_: edge 0 has 2, expected 1"),
    (dataset("0/delay", b"soon"), "0/delay holds"),
    (a_second_population, "edges from v1 to v1 a second time"),
    (an_index_that_bmtk_cannot_read, "BMTK looks for node_id_to_range"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_other_edges_and_forms_are_refused_by_name(network, mine, change, message):
    change(mine)
    with pytest.raises(ValueError) as error:
        check(network, mine)
    assert message in str(error.value)
    assert all(line.startswith((str(mine), "expected: ")) for line in str(error.value).splitlines())


def test_metrics_of_weights_read_through_the_same_door(network, mine):
    with open_edges(mine) as edges:
        assert sum(len(block["syn_weight"]) for block in edges.blocks(1000)) == len(edges)
    types_swapped(mine)
    with pytest.raises(ValueError, match=r"v1_v1_edges_mine\.h5: edges of another type"), open_edges(mine) as edges:
        list(edges.blocks(1000))


def test_one_file_twice_is_refused(network):
    path = placed_config(network, network / "network/v1_v1_edges.h5")
    content = json.loads(path.read_text())
    content["networks"]["edges"].append(content["networks"]["edges"][1])
    path.write_text(json.dumps(content))
    config = read_trials([path])[0].config
    with pytest.raises(ValueError, match="edges from lgn to v1 a second time"):
        check_network(config, read_populations(config))


def test_digests_tell_multisets_apart_and_do_not_depend_on_order_or_parts():
    rng = np.random.default_rng(3)
    edges = rng.integers(0, 12, (3, 1000))
    whole, parts = digest(*edges), Digest()
    for part in np.array_split(edges[:, rng.permutation(1000)], 7, axis=1):
        parts.add(*part)
    assert parts.value == f"{whole:016x}"
    for _ in range(100):
        other = edges.copy()
        row, first, second = rng.integers(3), *rng.integers(0, 1000, 2)
        other[row, first] = other[row, second]
        same = sorted(zip(*edges.tolist(), strict=True)) == sorted(zip(*other.tolist(), strict=True))
        assert (digest(*other) == whole) == same
