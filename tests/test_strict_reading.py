"""Faults of files that look like values: short lines, remarks, numbers too large, data that was never written."""

import json
import shutil
import zipfile

import h5py
import numpy as np
import pytest

from analysis_shared.cells.node_sets import read_node_set
from analysis_shared.cells.nodes import count_nodes, read_naming_scheme, read_network
from analysis_shared.metrics.contrasts import ContrastCounts, read_counts
from analysis_shared.statistics.percentiles import read_percentiles
from config_text import text_faults
from resource_model import size_of
from v1_files.reading import column, open_hdf5, read_json, read_table
from v1_files.sonata.edges import read_node_types
from v1_files.sonata.import_weights import Faults
from v1_files.sonata.imported_edges import ImportedEdges, open_imported
from v1_files.sonata.spikes import read_spikes_duration, write_spikes
from v1_model.network.synapses import read_kinetics, read_receptor_port
from v1_model.seeds.tables import SeedTableError, load_seed_tables

# --- tables ----------------------------------------------------------------------------------------------------------

TABLE = "a b c\n1 2 x\n3 4 y\n"
FAULTY_TABLES = {
    "short line": ("a b c\n1 2 x\n3 4\n", "line 3: found 2 fields, expected 3"),
    "long line": ("a b c\n1 2 x\n3 4 y 5\n", "line 3: found 4 fields, expected 3"),
    "remark": ("a b c\n# my remark\n1 2 x\n", "line 2: a remark"),
    "column twice": ("a b a\n1 2 3\n", "the column a is there twice"),
    "empty text": ('a b c\n1 2 ""\n', "line 2, column c: found 'nan', text expected"),
    "infinite": ("a b c\n1 1e400 x\n", "line 2, column b: found 'inf'"),
    "infinite in another column": ("a b c d\n1 2 x 1e400\n", "line 2, column d"),
    "negative": ("a b c\n1 -2 x\n", "line 2, column b: found '-2', 0 or more expected"),
    "part of a count": ("a b c\n1.5 2 x\n", "line 2, column a: found '1.5', a whole number expected"),
    "truth": ("a b c\n1 True x\n", "line 2, column b: found 'True', a number expected"),
    "zero bytes": ("a b c\n1 2 \0\n", "not a text file"),
    "after an empty line": ("a b c\n\n1 2 x\n3 y z\n", "line 4, column b: found 'y'"),
}


@pytest.mark.parametrize(("content", "words"), FAULTY_TABLES.values(), ids=FAULTY_TABLES)
def test_tables(tmp_path, content, words):
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(ValueError) as error:
        read_table(path, text=["c"], counts=["a"], positive=["b"])
    assert str(error.value).startswith(str(path)) and words in str(error.value)


def test_a_truth_value_among_empty_places_is_no_number(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a b\nnan 2\nTrue 4\n")
    with pytest.raises(ValueError, match="line 3, column a: found 'True', a number expected"):
        read_table(path, numeric=["a"])


@pytest.mark.parametrize("written", [TABLE, TABLE.replace("\n", "\r\n"), "\ufeff" + TABLE, TABLE.replace("x", '"x"')])
def test_the_same_table_written_otherwise(tmp_path, written):
    path = tmp_path / "table.csv"
    path.write_bytes(written.encode())
    table = read_table(path, text=["c"], counts=["a"], positive=["b"])
    assert table.to_dict("list") == {"a": [1, 3], "b": [2, 4], "c": ["x", "y"]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: [*lines[:3], lines[3].rsplit(" ", 3)[0], *lines[4:]], "line 4: found 10 fields, expected 13"),
        (lambda lines: [*lines[:-1], lines[-1][:9]], "fields, expected 13"),
        (lambda lines: [*lines, "# by me"], "a remark"),
        (lambda lines: [*lines[:2], lines[2].replace(" e ", ' "" '), *lines[3:]], "column ei"),
        (lambda lines: [*lines[:2], lines[2].replace("#D42A2A", "red"), *lines[3:]], "'red'"),
    ],
    ids=["short line", "cut", "remark", "empty field", "colour"],
)
def test_naming_scheme(tmp_path, base_props, change, words):
    path = tmp_path / "cell_type_naming_scheme.csv"
    lines = (base_props / path.name).read_text().splitlines()
    path.write_text("\n".join(change(lines)))
    with pytest.raises(ValueError) as error:
        read_naming_scheme(path)
    assert path.name in str(error.value) and words in str(error.value)


def test_tables_without_rows(tmp_path, base_props):
    path = tmp_path / "neuropixels_percentiles.csv"
    path.write_text((base_props / path.name).read_text().splitlines()[0] + "\n")
    with pytest.raises(ValueError, match=r"neuropixels_percentiles\.csv: no rows"):
        read_percentiles(path)


# --- JSON and YAML ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ['{"a": 1e400}', '{"a": -1e400}', '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 10**5])
def test_json(tmp_path, content):
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"file\.json: not JSON"):
        read_json(path)


@pytest.mark.parametrize("radius", [-1, True, "20", None])
def test_core_radius(tmp_path, radius):
    (tmp_path / "network.json").write_text(json.dumps({"core_radius_um": radius}))
    with pytest.raises(ValueError, match=r"network\.json: core_radius_um: found"):
        read_network(tmp_path, None)


@pytest.mark.parametrize("edges", ["many", None, {"v1_v1": "many"}, {"v1_v1": -1}, {"v1_v1": 1.5}, [1]])
def test_edge_counts_that_are_no_numbers(tmp_path, edges):
    folder = tmp_path / "network"
    folder.mkdir()
    (folder / "network.json").write_text(json.dumps({"cells": {"v1": 1, "lgn": 1}, "edges": edges}))
    with pytest.raises(ValueError, match=r"network\.json: cells\.v1"):
        size_of({}, {}, tmp_path)


def test_node_set_with_other_than_its_definition_says(tmp_path):
    path = tmp_path / "set.json"
    content = {"population": "v1", "node_id": [1, 2, 3], "definition": {"n": 4}}
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"set\.json: 3 node ids, but the definition says n: 4"):
        read_node_set(path, 10)


@pytest.mark.parametrize("content", ['{"receptor_typ": 1}', '{"receptor_type": 0}', '{"receptor_type": 1e300}'])
def test_synapse_files(tmp_path, content):
    path = tmp_path / "synapse.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"synapse\.json: receptor_type"):
        read_receptor_port(path)


@pytest.mark.parametrize(
    "change", [{"tau_syn_fast": [1, "2"]}, {"tau_syn_slow": [1]}, {"amp_slow": 1}, {"tau_syn_fast": None}]
)
def test_kinetics_of_cell_models(tmp_path, change):
    path = tmp_path / "cell.json"
    sound = {"tau_syn_fast": [1.0, 2.0], "tau_syn_slow": [3.0, 4.0], "amp_slow": [0.0, 0.5]}
    path.write_text(json.dumps(sound))
    assert read_kinetics(path) == [[1.0, 2.0], [3.0, 4.0], [0.0, 0.5]]
    path.write_text(json.dumps(sound | change))
    with pytest.raises(ValueError, match=r"cell\.json: "):
        read_kinetics(path)


def test_aliases(tmp_path):
    """Nine to the power of 20 values in 21 lines, and a list within itself."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 20)]
    for content, faulty in (("\n".join(lines), True), ("a: &a [*a]", True), ("a: &a {b: 1}\nc: *a\nd: *a", False)):
        path = tmp_path / "config.yaml"
        path.write_text(content)
        assert ["its aliases come to more" in fault for fault in text_faults(path)] == [True] * faulty


# --- HDF5 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunks", [None, (4,)])
def test_data_that_was_never_written(tmp_path, chunks):
    """HDF5 gives zeros for it."""
    path = tmp_path / "nodes.h5"
    with h5py.File(path, "w") as h5:
        h5.create_dataset("nodes/v1/node_type_id", (10,), "u4", chunks=chunks)
    with pytest.raises(ValueError, match=r"nodes\.h5: nodes/v1/node_type_id was declared with 10 values, but not all"):
        count_nodes(path)


def test_data_of_which_a_part_was_written(tmp_path):
    path = tmp_path / "nodes.h5"
    with h5py.File(path, "w") as h5:
        h5.create_dataset("part", (10,), "f8", chunks=(4,))[:4] = 1.0
        h5.create_dataset("whole", (10,), "f8", chunks=(4,))[:] = 1.0
        h5["none"] = np.empty(0)
    with open_hdf5(path) as h5:
        assert len(column(h5, "whole")) == 10 and len(column(h5, "none")) == 0
        with pytest.raises(ValueError, match="not all of them were written"):
            column(h5, "part")


@pytest.mark.parametrize("value", ["long", b"3000", [300.0, 300.0], np.nan, h5py.Empty("f8"), True])
def test_attributes_of_another_type(tmp_path, value):
    path = tmp_path / "spikes.h5"
    write_spikes(path, "v1", [1], [2.0], {"duration_ms": 300.0})
    assert read_spikes_duration(path) == 300.0
    with h5py.File(path, "r+") as h5:
        h5.attrs["duration_ms"] = value
    with pytest.raises(ValueError, match=r"spikes\.h5: attribute duration_ms"):
        read_spikes_duration(path)


def test_fewer_types_than_nodes(tmp_path):
    nodes, types = tmp_path / "v1_nodes.h5", tmp_path / "v1_node_types.csv"
    types.write_text("node_type_id pop_name\n7 e4\n")
    for n_types in (3, 2):
        with h5py.File(nodes, "w") as h5:
            h5["nodes/v1/node_id"], h5["nodes/v1/node_type_id"] = np.arange(3), np.full(n_types, 7)
        if n_types == 3:
            assert len(read_node_types(nodes, types, "v1").rows) == 3
    with pytest.raises(ValueError, match=r"v1_nodes\.h5: 2 node types for the 3 nodes"):
        read_node_types(nodes, types, "v1")


@pytest.mark.parametrize("kind", ["u4", "i8", "f8"])
def test_weights_of_another_type(tmp_path, kind):
    """Unsigned numbers overflow where they are multiplied with a sign."""
    path = tmp_path / "edges.h5"
    with h5py.File(path, "w") as h5:
        for name in ("source", "target"):
            h5[f"edges/v1_to_v1/{name}_node_id"] = np.arange(3)
            h5[f"edges/v1_to_v1/{name}_node_id"].attrs["node_population"] = "v1"
        h5["edges/v1_to_v1/edge_type_id"] = np.zeros(3, dtype=int)
        h5["edges/v1_to_v1/0/syn_weight"] = np.array([3, 2, 1], dtype=kind)
    with open_imported(path, tmp_path) as columns:
        edges = ImportedEdges(path, columns, 3, 3)
        edges.survey(Faults(), lambda n: None)
        _, _, weights = edges.of_targets(0, 3)
    assert (weights * -1).tolist() == [-3.0, -2.0, -1.0]


# --- archives --------------------------------------------------------------------------------------------------------


def counts(**changes):
    """Sound spike counts, some arrays replaced."""
    sound = ContrastCounts(
        blank_counts=np.ones((2, 4), dtype=int),
        evoked_counts=np.ones((2, 3, 2, 4), dtype=int),
        direction_deg=np.array([0.0, 90.0]),
        contrast=np.array([0.1, 0.4, 0.8]),
        node_id=np.arange(4),
        window_ms=np.array([100.0, 300.0]),
        interval_length_ms=np.array(200.0),
        temporal_frequency_hz=np.array(2.0),
    )
    return sound._asdict() | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"blank_counts": np.full((2, 4), np.nan)}, "blank_counts"),
        ({"evoked_counts": np.full((2, 3, 2, 4), -1)}, "evoked_counts"),
        ({"contrast": np.array([0.1, 0.1, 0.8])}, "ascending"),
        ({"contrast": np.array([0.0, 0.1, 0.8])}, "contrast holds 0"),
        ({"window_ms": np.array([300.0, 100.0])}, "window_ms"),
        ({"interval_length_ms": np.array(100.0)}, "interval_length_ms"),
        ({"blank_counts": np.empty((0, 4), dtype=int)}, "blank_counts"),
        ({"direction_deg": np.array(["a", "b"])}, "direction_deg"),
        ({"temporal_frequency_hz": np.array([2.0])}, "temporal_frequency_hz"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_spike_counts(tmp_path, changes, words):
    path = tmp_path / "spike_counts.npz"
    np.savez(path, **counts())
    assert read_counts(path).contrast.tolist() == [0.1, 0.4, 0.8]
    np.savez(path, **counts(**changes))
    with pytest.raises(ValueError) as error:
        read_counts(path)
    assert path.name in str(error.value) and words in str(error.value)


def damaged(path):
    """Bytes of the compressed data of an archive's largest member replaced."""
    with zipfile.ZipFile(path) as archive:
        info = max(archive.infolist(), key=lambda info: info.compress_size)
    content = bytearray(path.read_bytes())
    start = info.header_offset + 30 + len(info.filename) + 20
    content[start : start + 40] = b"\xff" * 40
    path.write_bytes(content)


def test_damaged_spike_counts(tmp_path):
    path = tmp_path / "spike_counts.npz"
    np.savez_compressed(path, **counts(evoked_counts=np.arange(48).reshape(2, 3, 2, 4)))
    damaged(path)
    with pytest.raises(ValueError, match=r"spike_counts\.npz: not the counts"):
        read_counts(path)


def test_damaged_workbook(tmp_path, base_props):
    folder = shutil.copytree(base_props, tmp_path / "base_props")
    damaged(folder / "V1model_seed_file.xlsx")
    with pytest.raises(SeedTableError, match=r"V1model_seed_file\.xlsx, sheet \w+: found a file that does not open"):
        load_seed_tables(folder)
