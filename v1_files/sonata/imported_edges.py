"""Reading edges made elsewhere, SONATA or text, in any order: surveyed once, then selected by target."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from v1_files.reading import check_is_file, fields_of
from v1_files.sonata.attributes import check_rows
from v1_files.sonata.edges import WEIGHT, open_edges, read_part
from v1_files.sonata.writing import CHUNK_EDGES

READ_EDGES = 4 * CHUNK_EDGES
ENDS = ("source_node_id", "target_node_id")
CSV_COLUMNS = {"source_node_id": np.int64, "target_node_id": np.int64, WEIGHT: np.float64}
OUT_OF_RANGE = "edges with a node id that the network does not have"


def read_csv_edges(path, spool):
    """Weights in a text file as arrays on disk.

    Parameters
    ----------
    path : path
        Columns ``source_node_id``, ``target_node_id``, ``syn_weight`` (pA), perhaps others, between spaces or commas.
    spool : path
        Folder for temporary files, which have no name and so never stay.

    Returns
    -------
    dict of str to array, shape (E,)

    Raises
    ------
    ValueError
        For a missing column and values that are not numbers.
    """
    spools = {name: tempfile.TemporaryFile(dir=spool) for name in CSV_COLUMNS}
    rows = 0
    try:
        options = {"usecols": list(CSV_COLUMNS), "dtype": np.float64, "chunksize": READ_EDGES}
        for block in pd.read_csv(path, **_csv_form(path), **options):
            for name, dtype in CSV_COLUMNS.items():
                values = block[name].to_numpy()
                if dtype == np.int64:
                    _check_ids(values, name, rows)
                values.astype(dtype).tofile(spools[name])
                spools[name].flush()
            rows += len(block)
    except ValueError as error:
        read = f", {rows:,} edges read" if rows else ""
        raise ValueError(f"{path}{read}: {error}") from error
    if not rows:
        raise ValueError(f"{path}: no edges")
    return {name: np.memmap(file, CSV_COLUMNS[name], "r", shape=(rows,)) for name, file in spools.items()}


def _csv_form(path):
    """Separator and column names of a text file, for pandas."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        header, first = file.readline(), file.readline()
    separator = "," if "," in header else " "
    names, values = ([field.strip() for field in fields_of(_one_spaced(line), separator)] for line in (header, first))
    missing = [name for name in CSV_COLUMNS if name not in names]
    if missing:
        raise ValueError(f"line 1: no column {', '.join(missing)}; found {header.strip()[:100]!r}")
    if len(values) == len(names) + 1 and first.startswith('"'):
        # R numbers the rows, between quotes, under no name.
        names = ["row", *names]
    return {"sep": "," if separator == "," else r"\s+", "header": None, "skiprows": 1, "names": names}


def _one_spaced(line):
    return line.strip().replace("\t", " ")


def _check_ids(values, name, rows_before):
    faulty = ~(np.floor(values) == values)
    if faulty.any():
        first = int(np.argmax(faulty))
        raise ValueError(f"line {rows_before + first + 2}, column {name}: {values[first]} is not a node id")


@contextmanager
def open_imported(path, spool, ends=(None, None)):
    """Open a file of weights.

    Parameters
    ----------
    path : path
        SONATA edges (HDF5), or text as for :func:`read_csv_edges`.
    spool : path
        Folder for temporary files.
    ends : (str or None, str or None)
        Source and target population, which a file that names others does not have.

    Yields
    ------
    dict of str to h5py.Dataset or array, shape (E,)
        ``source_node_id``, ``target_node_id``, ``syn_weight``, and ``nsyns`` where there is.
    """
    check_is_file(path, "file of weights")
    if not h5py.is_hdf5(path):
        yield read_csv_edges(path, spool)
        return
    with open_edges(path, required=(*ENDS, WEIGHT)) as edges:
        for side, found, expected in zip(ENDS, edges.ends, ends, strict=True):
            if None not in (found, expected) and found != expected:
                raise ValueError(f"{path}: {side}: node_population is '{found}', expected '{expected}'")
        yield {name: edges.columns[name] for name in (*ENDS, WEIGHT, "nsyns") if name in edges.columns}


class ImportedEdges:
    """The edges of an imported file, a part at a time.

    Parameters
    ----------
    path : path
        For messages.
    columns : dict of str to h5py.Dataset or array, shape (E,)
        As from :func:`open_imported`. Where there are ``nsyns``, they must be 1.
    n_sources, n_targets : int
        Nodes of the network.

    Attributes
    ----------
    per_target : array of int64, shape (n_targets,)
        Edges of each target.
    """

    def __init__(self, path, columns, n_sources, n_targets):
        self.path, self.columns, self.n_sources, self.n_targets = path, columns, n_sources, n_targets
        self.per_target = np.zeros(n_targets, dtype=np.int64)
        self.parts = []

    def __len__(self):
        return len(self.columns[WEIGHT])

    def _read(self, name, part):
        return read_part(self.path, self.columns[name], part)

    def survey(self, faults, on_edges):
        """Go through the file once: ids in range, edges of each target, targets of each part."""
        for start in range(0, len(self), READ_EDGES):
            part = slice(start, start + READ_EDGES)
            sources, targets = (self._read(name, part) for name in ENDS)
            self._check_form(start)
            outside = ~((sources >= 0) & (sources < self.n_sources) & (targets >= 0) & (targets < self.n_targets))
            faults.add(OUT_OF_RANGE, sources[outside], targets[outside])
            targets = targets[~outside].astype(np.int64)
            if len(targets):
                self.per_target += np.bincount(targets, minlength=self.n_targets)
                self.parts.append((part, int(targets.min()), int(targets.max())))
            on_edges(len(sources))

    def _check_form(self, start):
        part = slice(start, start + READ_EDGES)
        if "nsyns" in self.columns and (other := self._read("nsyns", part) != 1).any():
            raise ValueError(
                f"{self.path}, edge {start + int(np.argmax(other))}: nsyns is not 1; give the weight of the whole "
                f"connection in syn_weight"
            )
        if isinstance(self.columns[WEIGHT], h5py.Dataset):
            check_rows(self.columns[ENDS[0]].parent, part.start, part.stop)

    def of_targets(self, first, last):
        """Source, target and weight of the edges whose target is one of ``first … last − 1``."""
        found = [self._select(part, first, last) for part, low, high in self.parts if low < last and high >= first]
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        return tuple(np.concatenate(values) for values in zip(*found, strict=True))

    def _select(self, part, first, last):
        sources, targets, weights = (self._read(name, part) for name in (*ENDS, WEIGHT))
        kept = np.flatnonzero((targets >= first) & (targets < last))
        sources, targets, weights = sources[kept].astype(np.int64), targets[kept].astype(np.int64), weights[kept]
        if weights.dtype.kind != "f":
            # Unsigned numbers have no sign to look at.
            weights = weights.astype(float)
        inside = (sources >= 0) & (sources < self.n_sources)
        return (sources, targets, weights) if inside.all() else (sources[inside], targets[inside], weights[inside])
