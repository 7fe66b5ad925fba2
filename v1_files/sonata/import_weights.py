"""Weights from an edge file made elsewhere, checked and put into the order of the built network's edges.

The two files hold the same pairs of source and target in any order. Targets are gone through in ranges of bounded size;
in each range the pairs of both files are sorted and compared. Parts of the imported file that have no target of the
range are not read again, so a file in about the order of the targets is read twice.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from v1_files.sonata.edges import copy_with_weights, open_edges, read_part
from v1_files.sonata.imported_edges import ENDS, READ_EDGES, ImportedEdges, open_imported

# Sorting a range of this many edges takes about 400 MB.
RANGE_EDGES = 1 << 23
EXAMPLES = 3


MISSING = "edges of the network that are missing"
EXTRA = "edges that are not in the network"
TWICE = "edges given more than once"
NOT_FINITE = "weights that are not finite numbers"
WRONG_SIGN = {
    1: "edges of excitatory sources with a negative weight",
    -1: "edges of inhibitory sources with a positive weight",
}


@dataclass
class Faults:
    """What is wrong with a file: how often, and where first.

    Attributes
    ----------
    counts : dict of str to int
        Number of each fault.
    examples : dict of str to list of str
    """

    counts: dict = field(default_factory=dict)
    examples: dict = field(default_factory=dict)

    def add(self, fault, sources, targets, weights=None):
        """Count edges with a fault."""
        if not len(sources):
            return
        self.counts[fault] = self.counts.get(fault, 0) + len(sources)
        known = self.examples.setdefault(fault, [])
        for k in range(min(EXAMPLES - len(known), len(sources))):
            weight = "" if weights is None else f" ({weights[k]:.6g} pA)"
            known.append(f"{sources[k]} → {targets[k]}{weight}")

    def raise_any(self, path, built):
        """Raise ValueError with a line for each fault."""
        if not self.counts:
            return
        lines = [
            f"{path}: {fault}: {count:,}, the first {', '.join(self.examples[fault])}"
            for fault, count in self.counts.items()
        ]
        raise ValueError("\n".join([*lines, f"expected: the edges of {built}, each once, in any order"]))


def target_ranges(built, imported, range_edges):
    """Ranges of targets that have at most a number of edges in either file (or are one target).

    >>> list(target_ranges(np.array([3, 3, 9, 1]), np.array([3, 3, 0, 1]), 6))
    [(0, 2), (2, 3), (3, 4)]
    """
    stops = [np.cumsum(counts) for counts in (built, imported)]
    first = 0
    while first < len(built):
        done = [s[first - 1] if first else 0 for s in stops]
        ends = [np.searchsorted(s, d + range_edges, side="right") for s, d in zip(stops, done, strict=True)]
        last = max(first + 1, int(min(ends)))
        yield first, last
        first = last


def matched_weights(keys, found, found_weights):
    """Weights of sorted keys, looked up in another file's.

    Parameters
    ----------
    keys : array of int64, shape (n,)
        Ascending, each once.
    found : array of int64, shape (m,)
        In any order.
    found_weights : array of float, shape (m,)

    Returns
    -------
    weights : array of float, shape (n,)
        NaN where a key was not found.
    missing : array of int
        Positions of such keys.
    extra, twice : array of int
        Positions in ``found`` of keys that are not among ``keys``, and of repeats.
    """
    order = np.argsort(found, kind="stable")
    ordered = found[order]
    if len(ordered) == len(keys) and np.array_equal(ordered, keys):
        none = np.empty(0, dtype=np.int64)
        return found_weights[order], none, none, none
    repeated = np.concatenate([[False], ordered[1:] == ordered[:-1]]) if len(ordered) else np.empty(0, dtype=bool)
    place = np.searchsorted(keys, ordered)
    known = np.append(keys, -1)[place] == ordered
    weights = np.full(len(keys), np.nan)
    taken = known & ~repeated
    weights[place[taken]] = found_weights[order][taken]
    missing = np.setdiff1d(np.arange(len(keys)), place[known], assume_unique=False)
    return weights, missing, order[~known & ~repeated], order[repeated]


class Importer:
    """Brings imported weights into the order of built edges.

    Parameters
    ----------
    built : v1_files.sonata.edges.Edges
        Sorted by target.
    imported : ImportedEdges
    source_sign : array of int, shape (n_sources,)
        +1 for excitatory, −1 for inhibitory sources, 0 where any sign is allowed.
    range_edges : int
        Edges in memory at a time.
    on_edges : callable
        Told the number of edges of each step that is done.
    """

    def __init__(self, built, imported, source_sign, range_edges=RANGE_EDGES, on_edges=lambda n: None):
        self.built, self.imported, self.source_sign = built, imported, source_sign
        self.range_edges, self.on_edges = range_edges, on_edges
        self.faults = Faults()

    def weights(self):
        """Yield the weights (float32, pA) of the built edges in file order, range by range.

        Raises
        ------
        ValueError
            After the last range, with all faults of the file.
        """
        self.imported.survey(self.faults, self.on_edges)
        per_target = self._built_per_target()
        start = 0
        for first, last in target_ranges(per_target, self.imported.per_target, self.range_edges):
            stop = start + int(per_target[first:last].sum())
            yield self._range(first, last, start, stop)
            self.on_edges(stop - start)
            start = stop
        self._refuse_other_network()
        self.faults.raise_any(self.imported.path, self.built.path)

    def _built(self, name, part):
        return read_part(self.built.path, self.built.columns[name], part).astype(np.int64)

    def _built_per_target(self):
        counts, before = np.zeros(self.imported.n_targets, dtype=np.int64), 0
        for start in range(0, len(self.built), READ_EDGES):
            targets = self._built("target_node_id", slice(start, start + READ_EDGES))
            if targets[0] < before or (np.diff(targets) < 0).any():
                raise ValueError(f"{self.built.path}: edges sorted by target expected; build the network again")
            if targets[0] < 0 or targets[-1] >= len(counts):
                found = f"{targets[0]}..{targets[-1]}"
                raise ValueError(f"{self.built.path}: target node ids {found}, expected 0..{len(counts) - 1}")
            before = targets[-1]
            counts += np.bincount(targets, minlength=len(counts))
        return counts

    def _range(self, first, last, start, stop):
        """Weights of the built edges ``start … stop − 1``, whose targets are ``first … last − 1``."""
        _, _, order, weights = self._matched(first, last, start, stop)
        placed = np.empty(len(weights), dtype=np.float32)
        # Weights too large for single precision are among the faults already.
        with np.errstate(over="ignore"):
            placed[order] = weights
        return placed

    def _matched(self, first, last, start, stop):
        """Sources and targets of these edges in file order, their order by target and source, the weights in that."""
        n = self.imported.n_sources
        sources, targets = (self._built(name, slice(start, stop)) for name in ENDS)
        keys = (targets - first) * n + sources
        order = slice(None) if (np.diff(keys) > 0).all() else np.argsort(keys)
        ordered = keys[order]
        if (np.diff(ordered) == 0).any():
            raise ValueError(
                f"{self.built.path}: one edge for each pair of cells expected; weights cannot be told apart"
            )
        ends = self.imported.of_targets(first, last)
        weights, missing, extra, twice = matched_weights(ordered, (ends[1] - first) * n + ends[0], ends[2])
        self._check(ends, extra, twice)
        self.faults.add(MISSING, ordered[missing] % n, ordered[missing] // n + first)
        return sources, targets, order, weights

    def _check(self, ends, extra, twice):
        sources, targets, _ = ends
        for fault, rows in ((EXTRA, extra), (TWICE, twice)):
            self.faults.add(fault, sources[rows], targets[rows])
        self._check_weights(ends)

    def _check_weights(self, ends):
        sources, targets, weights = ends
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(weights.astype(np.float32))
        self.faults.add(NOT_FINITE, sources[bad], targets[bad], weights[bad])
        signs = self.source_sign[sources]
        for sign, fault in WRONG_SIGN.items():
            wrong = (signs == sign) & (weights * sign < 0)
            self.faults.add(fault, sources[wrong], targets[wrong], weights[wrong])

    def _refuse_other_network(self):
        missing = self.faults.counts.get(MISSING, 0)
        if missing > len(self.built) / 2:
            raise ValueError(
                f"{self.imported.path}: its {len(self.imported):,} edges are of another network: {missing:,} of the "
                f"{len(self.built):,} edges of {self.built.path} are not among them"
            )


def import_weights(built_path, imported_path, output, population, source_sign, n_targets, bar=tqdm):
    """Write a built edge file with the weights of another file of the same edges.

    Parameters
    ----------
    built_path, imported_path, output : path
    population : str
        Edge population of the built file.
    source_sign : array of int, shape (n_sources,)
        As for :class:`Importer`.
    n_targets : int
        Cells of V1.
    bar : callable
        Makes the progress bar.

    Raises
    ------
    ValueError
        With all faults of the imported file; nothing is written then.
    """
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with (
        open_edges(built_path, population) as built,
        open_imported(imported_path, output.parent, built.ends) as columns,
    ):
        imported = ImportedEdges(imported_path, columns, len(source_sign), n_targets)
        with bar(
            total=len(imported) + len(built), desc="read", unit=" edges", unit_scale=True, mininterval=1.0
        ) as done:
            weights = Importer(built, imported, source_sign, on_edges=done.update).weights()
            copy_with_weights(built_path, output, population, weights)
