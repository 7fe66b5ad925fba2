"""Reading SONATA nodes' types and edges a block at a time, and copying an edge file with other weights."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from v1_model.files import remove_unfinished, whole_file
from v1_model.sonata import CHUNK_EDGES

BLOCK_EDGES = 4 * CHUNK_EDGES
COLUMNS = ("source_node_id", "target_node_id", "edge_type_id")
WEIGHT = "syn_weight"


@dataclass(frozen=True)
class NodeTypes:
    """The types of a population's nodes, ids 0..N−1.

    Attributes
    ----------
    table : pandas.DataFrame, index ``node_type_id``
    rows : array of int, shape (N,)
        Row of each node in ``table``.
    """

    table: pd.DataFrame
    rows: np.ndarray

    @property
    def sign(self):
        """+1 for excitatory, −1 for inhibitory nodes, 0 where the types do not say (int8, shape (N,))."""
        if "ei" not in self.table.columns:
            return np.zeros(len(self.rows), dtype=np.int8)
        return self.table["ei"].map({"e": 1, "i": -1}).fillna(0).to_numpy(np.int8)[self.rows]


def read_node_types(nodes_path, types_path, population):
    """Types of a population's nodes.

    Parameters
    ----------
    nodes_path, types_path : path
        SONATA nodes (HDF5) and node types (space separated).
    population : str

    Returns
    -------
    NodeTypes

    Raises
    ------
    ValueError
        If the file lacks the population, the ids are not 0..N−1, or a node has a type that the table lacks.
    """
    table = pd.read_csv(types_path, sep=" ", na_values=["NONE"]).set_index("node_type_id")
    with h5py.File(nodes_path, "r") as h5:
        if f"nodes/{population}" not in h5:
            raise ValueError(f"{nodes_path}: no population nodes/{population}")
        group = h5[f"nodes/{population}"]
        ids, type_ids = group["node_id"][:], group["node_type_id"][:]
    if not np.array_equal(ids, np.arange(len(ids))):
        raise ValueError(f"{nodes_path}: node ids of {population} are not 0..{len(ids) - 1} in order")
    rows = table.index.get_indexer(type_ids.astype(np.int64))
    if (rows < 0).any():
        raise ValueError(f"{types_path}: no node type {type_ids[rows < 0][0]}, which {nodes_path} uses")
    return NodeTypes(table, rows)


@dataclass(frozen=True)
class Edges:
    """The edges of an open file.

    Attributes
    ----------
    path : pathlib.Path
    population : str
        Name of the edge population.
    columns : dict of str to h5py.Dataset, shape (E,)
        ``source_node_id``, ``target_node_id``, ``edge_type_id`` where the file has it, ``syn_weight`` (pA, signed), and
        ``nsyns`` where an edge stands for several synapses.
    """

    path: Path
    population: str
    columns: dict

    def __len__(self):
        return len(self.columns["source_node_id"])

    def blocks(self, block_edges=BLOCK_EDGES):
        """Yield the columns (dict of array) of each block of edges, in file order."""
        for start in range(0, len(self), block_edges):
            yield {name: data[start : start + block_edges] for name, data in self.columns.items()}


@contextmanager
def open_edges(path, population=None, required=(*COLUMNS, WEIGHT)):
    """Open a SONATA edge file with one weight an edge.

    Parameters
    ----------
    path : path
    population : str, optional
        Name of the edge population; it need not be given where the file has just one.
    required : sequence of str
        Columns that must be there.

    Yields
    ------
    Edges

    Raises
    ------
    ValueError
        If the file is missing, not HDF5, lacks the population or a column, or has columns of different lengths.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such edge file")
    if not h5py.is_hdf5(path):
        raise ValueError(f"{path}: not an HDF5 file")
    with h5py.File(path, "r") as h5:
        known = list(h5["edges"]) if "edges" in h5 else []
        name = known[0] if population not in known and len(known) == 1 else population
        if name not in known:
            expected = f"edges/{population}" if population else "one group edges/<population>"
            raise ValueError(f"{path}: {expected} expected, found {', '.join(known) or 'no edges'}")
        group = h5[f"edges/{name}"]
        columns = {column: group[column] for column in COLUMNS if column in group}
        columns |= {column: group[f"0/{column}"] for column in (WEIGHT, "nsyns") if f"0/{column}" in group}
        missing = [f"0/{column}" if column == WEIGHT else column for column in required if column not in columns]
        if missing:
            raise ValueError(f"{path}: edges/{name} has no {', '.join(missing)}")
        lengths = {column: len(data) for column, data in columns.items()}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{column} {length}" for column, length in lengths.items())
            raise ValueError(f"{path}: columns of edges/{name} differ in length: {found}")
        yield Edges(path, name, columns)


def copy_with_weights(source, destination, population, blocks):
    """Copy an edge file with other weights: everything else, the layout included, stays as it is, byte for byte.

    Parameters
    ----------
    source, destination : path
    population : str
        Name of the edge population.
    blocks : iterable of array of float
        Weights (pA) in file order, all edges in any number of blocks.

    Raises
    ------
    ValueError
        If there are more or fewer weights than edges. The destination is then left as it was.
    """
    remove_unfinished(destination)
    with whole_file(destination) as part:
        shutil.copyfile(source, part)
        with h5py.File(part, "r+") as h5:
            weights, done = h5[f"edges/{population}/0/{WEIGHT}"], 0
            for block in blocks:
                if done + len(block) > len(weights):
                    raise ValueError(f"{destination}: more weights than the {len(weights)} edges of {source}")
                weights[done : done + len(block)] = block
                done += len(block)
            if done != len(weights):
                raise ValueError(f"{destination}: {done} weights for the {len(weights)} edges of {source}")
