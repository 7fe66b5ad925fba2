"""Readers of HDF5 files."""

import h5py

from analysis_shared.cells.nodes import count_nodes, read_nodes
from analysis_shared.metrics.spikes import read_spikes as read_trial
from fuzz import corpus
from fuzz.corpus import DURATION_MS, NETWORK
from fuzz.target import (
    EDGES,
    ENGINE_TRIAL,
    LGN_TRIAL,
    N_NODES,
    NODE_TYPES,
    NODES,
    TRIAL,
    Target,
    engine,
    naming,
    redirected,
    script,
)
from small_runs import (
    cell_weights,
    flags,
    odsi,
)
from v1_files.sonata.edges import read_node_types
from v1_files.sonata.spikes import read_spikes, read_spikes_duration
from v1_model.inputs.lgn_kernels import make_units, read_lgn_cells


def spike_fields(population):
    return {
        f"spikes/{population}/node_ids": "id" if population == "v1" else "natural",
        f"spikes/{population}/timestamps": "time",
    }


NODE_FIELDS = {"nodes/v1/node_type_id": "id"} | {
    f"nodes/v1/0/{name}": "finite" for name in ("x", "y", "z", "tuning_angle")
}
EDGE_FIELDS = {f"edges/v1_to_v1/{name}": "id" for name in ("source_node_id", "target_node_id")}
EDGE_FIELDS |= {"edges/v1_to_v1/0/syn_weight": "finite"}
LGN_FIELDS = {f"nodes/lgn/{name}": "natural" for name in ("node_id", "node_type_id", "node_group_index")}
LGN_FIELDS |= {f"nodes/lgn/0/{name}": "finite" for name in ("x", "y", "spatial_size")}
IMPORT = {"network-dir": NETWORK, "source": "v1", "weights": "weights.h5", "output": "out/imported.h5"}


def lgn_units():
    """The LGN's units, with the names of both files before what is wrong with them together, as in run_filternet.py."""
    cells = read_lgn_cells(f"{NETWORK}/lgn_nodes.h5", f"{NETWORK}/lgn_node_types.csv")
    try:
        return make_units(cells)
    except ValueError as error:
        raise ValueError(f"{NETWORK}/lgn_nodes.h5 with lgn_node_types.csv: {error}") from error


def imported(weights):
    """Reader of a file of weights: those of the edges that are written, in their order."""
    write = script(["import_weights", *flags(IMPORT | {"weights": weights})])

    def read():
        write()
        with h5py.File("out/imported.h5") as h5:
            return {name: h5[name][()] for name in EDGE_FIELDS}

    return read


def node_types_of_v1():
    found = read_node_types(NODES, NODE_TYPES, "v1")
    return found.table, found.rows, found.sign


HDF5 = [
    Target("LGN spikes", "hdf5", LGN_TRIAL, lambda: read_spikes(LGN_TRIAL, "lgn"), spike_fields("lgn")),
    Target("length of LGN spikes", "hdf5", LGN_TRIAL, lambda: read_spikes_duration(LGN_TRIAL)),
    Target("V1 spikes", "hdf5", TRIAL, lambda: read_trial(TRIAL, N_NODES, DURATION_MS), spike_fields("v1")),
    Target(
        "selectivity",
        "hdf5",
        TRIAL,
        script(redirected(odsi(), rates="out/r.csv", selectivity="out/s.csv"), "out/r.csv", "out/s.csv"),
        spike_fields("v1"),
    ),
    Target(
        "nodes",
        "hdf5",
        NODES,
        lambda: read_nodes(NODES, NODE_TYPES, naming()),
        NODE_FIELDS,
        ("nodes/v1/node_id", "nodes/v1/node_group_index"),
    ),
    Target(
        "number of nodes",
        "hdf5",
        NODES,
        lambda: count_nodes(NODES),
        {"nodes/v1/node_type_id": "any"},
        ("nodes/v1/node_id",),
    ),
    Target(
        "types of nodes", "hdf5", NODES, node_types_of_v1, {"nodes/v1/node_type_id": "id", "nodes/v1/node_id": "id"}
    ),
    Target("LGN cells", "hdf5", f"{NETWORK}/lgn_nodes.h5", lgn_units, LGN_FIELDS, closed=True),
    Target(
        "cell weights", "hdf5", EDGES, script(redirected(cell_weights(), output="out/w.csv"), "out/w.csv"), EDGE_FIELDS
    ),
    Target(
        "target fractions",
        "hdf5",
        EDGES,
        script(["calculate_target_fractions", *corpus.target_fractions("out/f.csv")], "out/f.csv"),
        EDGE_FIELDS,
    ),
    Target(
        "weight distributions",
        "hdf5",
        EDGES,
        script(["calculate_weight_distributions", *corpus.weight_distributions("out/d.csv")], "out/d.csv"),
        EDGE_FIELDS,
    ),
    Target("import into", "hdf5", EDGES, imported("weights.txt"), EDGE_FIELDS, others=("weights.txt",)),
    Target(
        "imported edges",
        "hdf5",
        "weights.h5",
        imported("weights.h5"),
        EDGE_FIELDS,
        ("edges/v1_to_v1/edge_group_index", "edges/v1_to_v1/edge_group_id", "edges/v1_to_v1/edge_type_id"),
    ),
    Target("edges of the engine", "hdf5", EDGES, engine, dict.fromkeys(EDGE_FIELDS, "any"), closed=True),
    Target("nodes of the engine", "hdf5", NODES, engine, {"nodes/v1/node_id": "id", "nodes/v1/node_type_id": "id"}),
    Target("LGN spikes of the engine", "hdf5", ENGINE_TRIAL, engine, spike_fields("lgn")),
    Target(
        "actuation",
        "hdf5",
        EDGES,
        script(["calculate_actuation", *corpus.actuation("out/a.csv")], "out/a.csv"),
        EDGE_FIELDS | {"edges/v1_to_v1/edge_type_id": "id", "edges/v1_to_v1/0/syn_weight": "any"},
    ),
]
