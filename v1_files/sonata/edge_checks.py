"""Checks of SONATA edge files: their form, and whether their edges are those of the network that was built.

All that reads edges comes through here: the engine, imports, and the metrics of weights.
"""

from pathlib import Path

import h5py

from v1_files.reading import NUMBERS, WHOLE_NUMBERS, column
from v1_files.sonata.attributes import check_attributes, check_groups, text_attribute
from v1_files.sonata.edge_digest import COLUMNS, OTHER_EDGES, built_edges, read_digest

EDGE_CONTENT = (
    "a SONATA edge file with one group edges/<population>, in it source_node_id, target_node_id and edge_type_id "
    "of every edge and its weight in pA, signed, in 0/syn_weight"
)
_NUMERIC = ("syn_weight", "nsyns", "n_syns_", "delay")
# What BMTK would take from the edge types, were it not given edge by edge.
_NOT_BY_EDGE = ("dynamics_params", "model_template", "weight_function", "receptor_type", "weight")
_INDEX = ("node_id_to_range", "range_to_edge_id")


def check_edges(group, required=COLUMNS, complete=False):
    """Raise ValueError unless a population of edges has a form that is read as it stands.

    Parameters
    ----------
    group : h5py.Group
        ``edges/…``.
    required : sequence of str
        Columns that must be there.
    complete : bool
        Whether all that BMTK needs must be there.
    """
    path, where = group.file.filename, group.name[1:]
    missing = [name for name in required if name not in group]
    if missing:
        raise ValueError(f"{path}: {where}: {', '.join(missing)} missing: it must be {EDGE_CONTENT}")
    check_groups(group, complete)
    columns = {name: column(group, name, WHOLE_NUMBERS) for name in COLUMNS if name in group}
    columns |= {f"0/{name}": column(group, f"0/{name}", NUMBERS) for name in _NUMERIC if name in group["0"]}
    if len({len(data) for data in columns.values()}) > 1:
        found = ", ".join(f"{name} {len(data)}" for name, data in columns.items())
        raise ValueError(f"{path}: columns of {where} differ in length: {found}")
    for name in _NOT_BY_EDGE:
        if name in group["0"]:
            raise ValueError(f"{path}: {where}/0/{name}: not read edge by edge, expected in the edge types")
    check_attributes(group)
    if complete:
        _check_for_bmtk(path, group)


def _check_for_bmtk(path, group):
    """Ends are named, and indices have the names that BMTK looks for."""
    for name in COLUMNS[:2]:
        if text_attribute(group[name], "node_population") is None:
            raise ValueError(f"{path}: {name} has no attribute node_population")
    for name in ("indices", "indicies"):
        if not isinstance(group.get(name, group), h5py.Group):
            raise ValueError(f"{path}: {name} of {group.name[1:]} is no group")
        for key, index in group.get(name, {}).items():
            if isinstance(index, h5py.Group) and not set(_INDEX) <= set(index):
                raise ValueError(
                    f"{path}: {index.name[1:]}: BMTK looks for {' and '.join(_INDEX)}; {name} may be left out ({key})"
                )


def ends_of(group):
    """Source and target population of edges, None for one that the file does not name."""
    return tuple(text_attribute(group[name], "node_population") for name in COLUMNS[:2])


def check_same_edges(group, ends, digest=None):
    """Raise ValueError unless edges are those that the network in the same folder was built with, in any order.

    Parameters
    ----------
    group : h5py.Group
        That :func:`check_edges` accepted.
    ends : (str, str)
        Source and target population.
    digest : str, optional
        Of the edges, where it is known already.
    """
    path = group.file.filename
    number, expected = built_edges(path, ends)
    found = len(group["target_node_id"])
    if number is not None and number != found:
        known = f"{number:,}" if isinstance(number, int) else repr(number)
        raise ValueError(f"{path}: {found:,} edges, but the network was built with {known} from {ends[0]} to {ends[1]}")
    digest = digest or read_digest(group)
    if expected is not None and digest != expected:
        _raise_difference(path, group, ends)


def _raise_difference(path, group, ends):
    """Raise ValueError that says in which edges a file differs from the built one, where that is there."""
    built = Path(path).parent / f"{'_'.join(ends)}_edges.h5"
    if built.is_file() and not built.samefile(path):
        # Only here, because numba takes long to import.
        from v1_files.sonata.edge_comparison import raise_difference

        raise_difference(built, path, group)
    raise ValueError(f"{path}: {OTHER_EDGES}")
