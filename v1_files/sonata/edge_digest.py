"""A number that tells sets of edges apart, whatever their order, and what a built network notes of its own."""

from pathlib import Path

import numpy as np

from v1_files.reading import child_groups, open_hdf5, read_json
from v1_files.sonata.attributes import check_rows

COLUMNS = ("source_node_id", "target_node_id", "edge_type_id")
BLOCK_EDGES = 1 << 18
HASHED_EDGES = 1 << 14
OTHER_EDGES = (
    "its edges are not those that the network was built with (source, target and type of each); it was changed or "
    "damaged since"
)


def _mix(numbers):
    """A bijection of 64-bit numbers, in place, whose sums tell sets apart: the finaliser of SplitMix64 (Steele et al.
    2014, doi:10.1145/2660193.2660195). As in ``random_streams``, whose numba takes longer to import than this.
    """
    shifted = np.empty_like(numbers)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        np.right_shift(numbers, np.uint64(shift), out=shifted)
        np.bitwise_xor(numbers, shifted, out=numbers)
        if factor != 1:
            np.multiply(numbers, np.uint64(factor), out=numbers)


def digest(sources, targets, types):
    """Digest of some edges; that of more edges is the sum of the digests of its parts, modulo 2⁶⁴.

    Parameters
    ----------
    sources, targets, types : array of int, shape (E,)
        Ids below 2³².

    Returns
    -------
    int
        Two sets of edges that differ have the same one with a probability of 2⁻⁶⁴.

    Examples
    --------
    >>> a, b = digest([1, 2], [5, 5], [100, 101]), digest([2, 1], [5, 5], [101, 100])
    >>> a == b, a == digest([1, 2], [5, 5], [101, 100])
    (True, False)
    """
    total = 0
    # In parts that fit a processor's cache.
    for start in range(0, len(sources), HASHED_EDGES):
        part = slice(start, start + HASHED_EDGES)
        numbers = np.array(targets[part], dtype=np.uint64)
        numbers <<= np.uint64(32)
        numbers += np.asarray(sources[part]).astype(np.uint64, copy=False) + np.uint64(0x9E3779B97F4A7C15)
        _mix(numbers)
        numbers += np.asarray(types[part]).astype(np.uint64, copy=False)
        _mix(numbers)
        total += int(numbers.sum(dtype=np.uint64))
    return total % 2**64


class Digest:
    """Digest of edges that come in parts.

    Attributes
    ----------
    value : str
        Hexadecimal.
    """

    def __init__(self):
        self._sum = 0

    def add(self, sources, targets, types):
        """Take some edges in."""
        self._sum = (self._sum + digest(sources, targets, types)) % 2**64

    @property
    def value(self):
        return f"{self._sum:016x}"


def read_digest(group):
    """Digest of a population of edges, and its form checked on the way.

    Parameters
    ----------
    group : h5py.Group

    Returns
    -------
    str
    """
    found, columns = Digest(), [group[name] for name in COLUMNS]
    for start in range(0, len(columns[0]), BLOCK_EDGES):
        check_rows(group, start, start + BLOCK_EDGES)
        found.add(*(data[start : start + BLOCK_EDGES] for data in columns))
    return found.value


def built_edges(path, ends):
    """What the description beside an edge file notes of the edges between two populations.

    Parameters
    ----------
    path : path
        The edge file, in the folder of a built network or elsewhere.
    ends : (str, str)
        Source and target population.

    Returns
    -------
    number : int or None
    digest : str or None
        None where there is no description; of networks that note no digest, that of the built file.
    """
    folder, name = Path(path).parent, "_".join(ends)
    if not (folder / "network.json").is_file():
        return None, None
    content = read_json(folder / "network.json")
    number, known = (_entry(content, key, name) for key in ("edges", "edge_digests"))
    built = folder / f"{name}_edges.h5"
    if known is None and number is not None and built.is_file() and not built.samefile(path):
        with open_hdf5(built) as h5:
            groups = list(child_groups(h5, "edges").values())
            known = read_digest(groups[0]) if len(groups) == 1 else None
    return number, known


def _entry(content, key, name):
    return content[key].get(name) if isinstance(content.get(key), dict) else None
