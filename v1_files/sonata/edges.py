"""Reading SONATA nodes' types and edges a block at a time, and copying an edge file with other weights."""

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from v1_files.files import NO_SPACE, remove_unfinished, whole_file
from v1_files.reading import WHOLE_NUMBERS, child_groups, column, open_hdf5, read_table
from v1_files.sonata.attributes import check_attributes, check_rows
from v1_files.sonata.edge_checks import COLUMNS, check_edges, check_same_edges, ends_of
from v1_files.sonata.edge_digest import Digest
from v1_files.sonata.writing import CHUNK_EDGES

BLOCK_EDGES = 4 * CHUNK_EDGES
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
    table = read_table(types_path, finite=["node_type_id"], key="node_type_id", na_values=["NONE"])
    table = table.set_index("node_type_id")
    with open_hdf5(nodes_path) as h5:
        group = child_groups(h5, "nodes").get(population)
        if group is None:
            raise ValueError(f"{nodes_path}: no population nodes/{population}")
        check_attributes(group)
        ids, type_ids = (column(group, name, WHOLE_NUMBERS)[:] for name in ("node_id", "node_type_id"))
    if len(type_ids) != len(ids):
        raise ValueError(f"{nodes_path}: {len(type_ids)} node types for the {len(ids)} nodes of {population}")
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

    @property
    def group(self):
        return self.columns["source_node_id"].parent

    @property
    def ends(self):
        """Source and target population, None for one that the file does not name."""
        return ends_of(self.group)

    def blocks(self, block_edges=BLOCK_EDGES):
        """Yield the columns (dict of array) of each block of edges, in file order.

        Raises
        ------
        ValueError
            After the last block, when they are not the edges that the network in the same folder was built with.
        """
        digest = Digest()
        for start in range(0, len(self), block_edges):
            part = slice(start, start + block_edges)
            check_rows(self.group, part.start, part.stop)
            block = {name: read_part(self.path, data, part) for name, data in self.columns.items()}
            digest.add(*(block[name] for name in COLUMNS))
            yield block
        if None not in self.ends:
            check_same_edges(self.group, self.ends, digest.value)


def read_part(path, data, part):
    """Part of a column; where the file is damaged, a ValueError that names it and not another file that is open."""
    try:
        return data[part]
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{path}: not readable, damaged perhaps: {error}") from error


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
    with open_hdf5(path, "edge file") as h5:
        known = list(child_groups(h5, "edges"))
        population_found = known[0] if population not in known and len(known) == 1 else population
        if population_found not in known:
            expected = f"edges/{population}" if population else "one group edges/<population>"
            raise ValueError(f"{path}: {expected} expected, found {', '.join(known) or 'no edges'}")
        group = h5[f"edges/{population_found}"]
        check_edges(group, [f"0/{name}" if name == WEIGHT else name for name in required])
        columns = {name: group[name] for name in COLUMNS if name in group}
        columns |= {name: group[f"0/{name}"] for name in (WEIGHT, "nsyns") if f"0/{name}" in group}
        yield Edges(path, population_found, columns)


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
    OSError
        Naming the destination, when there is no space for it.
    """
    remove_unfinished(destination)
    try:
        with whole_file(destination) as part:
            _copy(source, part)
            with h5py.File(part, "r+") as h5:
                _write_all(h5[f"edges/{population}/0/{WEIGHT}"], blocks, source, destination)
    except (OSError, RuntimeError) as error:
        if getattr(error, "errno", None) in NO_SPACE:
            raise
        # Else the files that are open for reading would be blamed.
        raise ValueError(f"{destination}: not written: {error}") from error


def _copy(source, part):
    """Copy a file. Where there is no space, the error names neither: ``whole_file`` names the one that is made."""
    try:
        shutil.copyfile(source, part)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise OSError(error.errno, error.strerror) from error
        raise


def _write_all(weights, blocks, source, destination):
    done = 0
    for block in blocks:
        if done + len(block) > len(weights):
            raise ValueError(f"{destination}: more weights than the {len(weights)} edges of {source}")
        weights[done : done + len(block)] = block
        done += len(block)
    if done != len(weights):
        raise ValueError(f"{destination}: {done} weights for the {len(weights)} edges of {source}")
