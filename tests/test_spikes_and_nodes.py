"""Reading cells and spikes: what is accepted, what is refused and why."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest

from analysis_shared.cells.nodes import read_naming_scheme, read_network, read_nodes
from analysis_shared.metrics.spikes import count_spikes, read_spikes

NAMING = (
    "pop_name layer ei class cell_type hex extra\ne4Rorb 4 e Exc L4_Exc #C93C3C x\ni4Pvalb 4 i PV L4_PV #4F7A24 x\n"
)


def write_spikes(path, node_ids, times_ms, population="v1", units=None):
    with h5py.File(path, "w") as stream:
        stream[f"spikes/{population}/node_ids"] = np.array(node_ids, dtype=np.uint64)
        stream[f"spikes/{population}/timestamps"] = np.array(times_ms, dtype=float)
        if units:
            stream[f"spikes/{population}/timestamps"].attrs["units"] = units
    return path


def test_spikes_come_back_as_written(tmp_path):
    path = write_spikes(tmp_path / "spikes.h5", [2, 0], [5.5, 3000.0], units="milliseconds")
    node_ids, times_ms = read_spikes(path, n_nodes=3, duration_ms=3000)
    assert node_ids.tolist() == [2, 0]
    assert times_ms.tolist() == [5.5, 3000.0]


def test_a_trial_without_spikes_is_a_trial(tmp_path):
    node_ids, times_ms = read_spikes(write_spikes(tmp_path / "spikes.h5", [], []), 3, 3000)
    assert count_spikes(node_ids, times_ms, (500, 2500), 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"node_ids": [3], "times_ms": [1]}, "node ids 3..3, expected 0..2"),
        ({"node_ids": [0], "times_ms": [3000.1]}, "expected 0..3000 ms"),
        ({"node_ids": [0], "times_ms": [-1]}, "expected 0..3000 ms"),
        ({"node_ids": [0], "times_ms": [np.nan]}, "expected 0..3000 ms"),
        ({"node_ids": [0, 1], "times_ms": [1]}, "2 node ids for 1 timestamps"),
        ({"node_ids": [0], "times_ms": [1], "population": "lgn"}, "no population spikes/v1, found lgn"),
        ({"node_ids": [0], "times_ms": [1], "units": "s"}, "units are 's', expected ms"),
    ],
)
def test_foreign_spikes_are_refused_by_name(tmp_path, arguments, message):
    path = write_spikes(tmp_path / "spikes.h5", **arguments)
    with pytest.raises(ValueError, match=message) as caught:
        read_spikes(path, n_nodes=3, duration_ms=3000)
    assert str(path) in str(caught.value)


def test_missing_and_damaged_files_are_refused_by_name(tmp_path):
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(b"not HDF5")
    for path in (tmp_path / "missing.h5", damaged):
        with pytest.raises(ValueError, match=path.name):
            read_spikes(path, 3, 3000)


def test_windows_are_open_on_the_left_and_closed_on_the_right():
    times = np.array([100.0, 100.001, 500.0, 500.001])
    node_ids = np.zeros(4, dtype=int)
    assert count_spikes(node_ids, times, (100, 500), 1).tolist() == [2]
    assert count_spikes(node_ids, times, (500, 2500), 1).tolist() == [1]


def write_network(folder, node_ids=(0, 1, 2), type_ids=(7, 8, 7), types=((7, "e4Rorb"), (8, "i4Pvalb"))):
    with h5py.File(folder / "v1_nodes.h5", "w") as stream:
        group = stream.create_group("nodes/v1")
        group["node_id"], group["node_type_id"] = np.array(node_ids), np.array(type_ids)
        for name, values in {"x": [3.0, 0, 6], "y": [-400.0] * 3, "z": [4.0, 0, 8], "tuning_angle": [0.0] * 3}.items():
            group[f"0/{name}"] = values
    table = pd.DataFrame(types, columns=["node_type_id", "pop_name"])
    table.to_csv(folder / "v1_node_types.csv", sep=" ", index=False)
    (folder / "network.json").write_text(json.dumps({"core_radius_um": 5.0}))
    (folder / "naming.csv").write_text(NAMING)
    return read_naming_scheme(folder / "naming.csv")


def test_cells_get_their_types_and_the_core_includes_its_rim(tmp_path):
    nodes, _ = read_network(tmp_path, write_network(tmp_path))
    assert nodes["cell_type"].tolist() == ["L4_Exc", "L4_PV", "L4_Exc"]
    assert nodes["layer"].tolist() == ["4", "4", "4"]
    assert nodes["core"].tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"types": ((7, "e4Rorb"), (8, "e9"))}, "population e9 is not in the cell-type naming scheme"),
        ({"types": ((7, "e4Rorb"),)}, "no node type 8"),
        ({"node_ids": (0, 2, 1)}, "node ids of v1 are not 0..2"),
    ],
)
def test_cells_that_cannot_be_named_are_refused(tmp_path, arguments, message):
    naming = write_network(tmp_path, **arguments)
    with pytest.raises(ValueError, match=message):
        read_nodes(tmp_path / "v1_nodes.h5", tmp_path / "v1_node_types.csv", naming)
