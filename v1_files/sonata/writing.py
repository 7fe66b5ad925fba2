"""Writing networks in the SONATA format (Dai et al. 2020, doi:10.1371/journal.pcbi.1007696)."""

import csv

import h5py
import numpy as np
from numba import njit

from v1_files.files import whole_file
from v1_files.sonata.attributes import MAGIC, VERSION
from v1_files.sonata.edge_digest import Digest

# Uncompressed: gzip makes a third of the size but takes four times as long, and libsonata cannot read LZF.
CHUNK_EDGES = 1 << 18
INDEX_BLOCK_EDGES = 1 << 24


def _mark(h5):
    h5.attrs["magic"] = np.uint32(MAGIC)
    h5.attrs["version"] = np.array(VERSION, dtype=np.uint32)


def write_nodes(path, population, node_type_ids, attributes):
    """Write a node file with ids 0..N-1.

    Parameters
    ----------
    path : path
    population : str
    node_type_ids : array of int, shape (N,)
    attributes : dict of str to array, shape (N,)
    """
    n = len(node_type_ids)
    with whole_file(path) as part, h5py.File(part, "w") as h5:
        _mark(h5)
        root = h5.create_group(f"nodes/{population}")
        root["node_id"] = np.arange(n, dtype=np.uint64)
        root["node_type_id"] = np.asarray(node_type_ids, dtype=np.uint64)
        root["node_group_id"] = np.zeros(n, dtype=np.uint32)
        root["node_group_index"] = np.arange(n, dtype=np.uint64)
        group = root.create_group("0")
        for name, values in attributes.items():
            group[name] = values


def write_types(path, rows, columns):
    """Write a node-type or edge-type table, space separated."""
    with whole_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=" ", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[row[c] for c in columns] for row in rows])


@njit(nogil=True, cache=True)
def _place_by_source(sources, first_edge, low, high, cursor, base, edges):
    """Counting sort: put the edges whose source lies in ``low … high − 1`` at their source's cursor, less ``base``."""
    for i in range(len(sources)):
        s = sources[i]
        if low <= s < high:
            edges[cursor[s] - base] = first_edge + i
            cursor[s] += 1


class EdgeWriter:
    """Streams edges, sorted by target, into a SONATA edge file and indexes them at the end.

    Parameters
    ----------
    h5 : h5py.File
    source, target : str
        Populations.
    n_sources, n_targets : int
    attributes : dict of str to dtype
    """

    def __init__(self, h5, source, target, n_sources, n_targets, attributes):
        _mark(h5)
        self.root = h5.create_group(f"edges/{source}_to_{target}")
        self.n_sources, self.n_targets, self.n_edges = n_sources, n_targets, 0
        columns = {"source_node_id": np.uint32, "target_node_id": np.uint32, "edge_type_id": np.uint32}
        self.columns = {name: self._column(self.root, name, dtype) for name, dtype in columns.items()}
        group = self.root.create_group("0")
        self.columns |= {name: self._column(group, name, dtype) for name, dtype in attributes.items()}
        for name, population in (("source_node_id", source), ("target_node_id", target)):
            self.columns[name].attrs["node_population"] = population
        self.buffers = {name: np.empty(CHUNK_EDGES, dtype=c.dtype) for name, c in self.columns.items()}
        self.filled, self.digest = 0, Digest()
        self.target_counts = np.zeros(n_targets, dtype=np.int64)
        self.source_counts = np.zeros(n_sources, dtype=np.int64)

    @staticmethod
    def _column(group, name, dtype):
        return group.create_dataset(name, shape=(0,), maxshape=(None,), chunks=(CHUNK_EDGES,), dtype=dtype)

    def append(self, counts, first_target, **columns):
        """Append the edges of consecutive targets.

        Parameters
        ----------
        counts : array of int, shape (T,)
            Edges of each target from ``first_target`` on.
        first_target : int
        **columns : arrays, shape (E,)
            ``source_node_id``, ``edge_type_id`` and the attributes.
        """
        targets = np.arange(first_target, first_target + len(counts), dtype=np.uint32)
        columns["target_node_id"] = np.repeat(targets, counts)
        self.target_counts[first_target : first_target + len(counts)] = counts
        self.digest.add(*(columns[name] for name in ("source_node_id", "target_node_id", "edge_type_id")))
        self.source_counts += np.bincount(columns["source_node_id"], minlength=self.n_sources)
        n, done = len(columns["source_node_id"]), 0
        while done < n:
            take = min(n - done, CHUNK_EDGES - self.filled)
            for name, buffer in self.buffers.items():
                buffer[self.filled : self.filled + take] = columns[name][done : done + take]
            self.filled += take
            done += take
            if self.filled == CHUNK_EDGES:
                self._flush()

    def _flush(self):
        # Always whole chunks in one order, so that the file's bytes do not depend on the blocks that were appended.
        for name, dataset in self.columns.items():
            dataset.resize((self.n_edges + self.filled,))
            dataset[self.n_edges :] = self.buffers[name][: self.filled]
        self.n_edges += self.filled
        self.filled = 0

    def finish(self, units):
        """Write what is left, the units of the attributes, the group columns and both indices."""
        self._flush()
        for name, unit in units.items():
            self.columns[name].attrs["units"] = unit
        # Never written, so never allocated: every edge is in group 0.
        self.root.create_dataset("edge_group_id", (self.n_edges,), np.uint8, chunks=self._chunk(), fillvalue=0)
        index = self.root.create_dataset("edge_group_index", (self.n_edges,), np.uint32, chunks=self._chunk())
        for start in range(0, self.n_edges, INDEX_BLOCK_EDGES):
            stop = min(start + INDEX_BLOCK_EDGES, self.n_edges)
            index[start:stop] = np.arange(start, stop, dtype=np.uint32)
        self._write_target_index()
        self._write_source_index()

    def _chunk(self):
        return (min(CHUNK_EDGES, max(self.n_edges, 1)),)

    @staticmethod
    def _ranges(group, ranges):
        group["node_id_to_range"] = ranges
        group["node_id_to_ranges"] = group["node_id_to_range"]

    def _write_target_index(self):
        group = self.root.create_group("indices/target_to_source")
        stops = np.cumsum(self.target_counts)
        group["range_to_edge_id"] = np.stack([stops - self.target_counts, stops], axis=1).astype(np.uint64)
        rows = np.arange(self.n_targets)
        self._ranges(group, np.stack([rows, rows + (self.target_counts > 0)], axis=1).astype(np.uint64))

    def _write_source_index(self):
        group = self.root.create_group("indices/source_to_target")
        stops = np.cumsum(self.source_counts)
        cursor = stops - self.source_counts
        self._ranges(group, np.stack([cursor, stops], axis=1).astype(np.uint64))
        edges = group.create_dataset("range_to_edge_id", (self.n_edges, 2), np.uint32, chunks=(*self._chunk(), 2))
        sources = self.columns["source_node_id"]
        for low, high in self._source_blocks(stops):
            start, stop = int(cursor[low]), int(stops[high - 1])
            sorted_edges = np.empty(stop - start, dtype=np.uint32)
            for first in range(0, self.n_edges, INDEX_BLOCK_EDGES):
                block = sources[first : first + INDEX_BLOCK_EDGES]
                _place_by_source(block, first, low, high, cursor, start, sorted_edges)
            edges[start:stop] = np.stack([sorted_edges, sorted_edges + np.uint32(1)], axis=1)

    def _source_blocks(self, stops):
        """Ranges of sources that hold at most a block of edges each (or one source)."""
        low = 0
        while low < self.n_sources:
            done = stops[low - 1] if low else 0
            high = max(low + 1, int(np.searchsorted(stops, done + INDEX_BLOCK_EDGES, side="right")))
            yield low, high
            low = high
