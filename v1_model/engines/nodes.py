"""Nodes of a population as arrays, checked as they are read."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from v1_files.reading import WHOLE_NUMBERS, column, open_hdf5
from v1_files.sonata.attributes import check_attributes, check_groups, check_rows

LARGEST_NODE_ID = 1 << 27
"""Nodes are found through a table as long as the largest id."""


@dataclass(frozen=True)
class NodeTable:
    """Nodes of a population, without their attributes.

    Attributes
    ----------
    name : str
    path : str
        The node file.
    ids : array of int64, shape (n,)
    type_rows : array of int64, shape (n,)
        Row of each node in ``types``.
    types : pandas.DataFrame
        Node types, index ``node_type_id``.
    """

    name: str
    path: str
    ids: np.ndarray
    type_rows: np.ndarray
    types: pd.DataFrame

    @property
    def is_virtual(self):
        return bool((self.types["model_type"].iloc[self.type_rows] == "virtual").all())

    @cached_property
    def row_of_id(self):
        """Row of each node id, −1 where there is no such node (int64)."""
        rows = np.full(int(self.ids.max(initial=-1)) + 2, -1)
        rows[self.ids] = np.arange(len(self.ids))
        return rows

    def rows(self, ids):
        """Rows of node ids, −1 for ids that the population does not have."""
        ids = np.asarray(ids)
        known = ids < len(self.row_of_id)
        if ids.dtype.kind != "u":
            known &= ids >= 0
        if known.all():
            return self.row_of_id[ids]
        return np.where(known, self.row_of_id[np.where(known, ids, 0)], -1)

    @cached_property
    def sign(self):
        """+1 for excitatory, −1 for inhibitory nodes, 0 where the node types do not say (float64, by row)."""
        if "ei" not in self.types.columns:
            return np.zeros(len(self.ids))
        signs = self.types["ei"].map({"e": 1.0, "i": -1.0}).fillna(0.0)
        return signs.to_numpy(dtype=float)[self.type_rows]

    def select(self, conditions):
        """Ids of the nodes that meet every condition, in file order.

        Parameters
        ----------
        conditions : dict
            Property to a value or list of values: ``node_id``, a column of the node types, or a node attribute.

        Raises
        ------
        ValueError
            For an unknown property, or node ids that do not exist.
        """
        chosen = np.ones(len(self.ids), dtype=bool)
        for key, wanted in conditions.items():
            wanted = wanted if isinstance(wanted, list) else [wanted]
            if key in ("node_id", "node_ids"):
                if (self.rows(np.asarray(wanted, dtype=np.int64)) < 0).any():
                    raise ValueError(f"{self.path}: a node set names ids that population '{self.name}' does not have")
                chosen &= np.isin(self.ids, wanted)
            elif key in self.types.columns:
                chosen &= self.types[key].isin(wanted).to_numpy()[self.type_rows]
            else:
                chosen &= np.isin(self._attribute(key), wanted)
        return self.ids[chosen]

    def _attribute(self, key):
        with open_hdf5(self.path) as h5:
            group = h5[f"nodes/{self.name}/0"]
            if key not in group:
                raise ValueError(f"{self.path}: a node set names the property '{key}', which no node or node type has")
            return group[key][:]


def node_table(name, path, group, types, types_path):
    """Nodes of a population.

    Parameters
    ----------
    name, path : str
        Population and node file.
    group : h5py.Group
        ``nodes/…``.
    types : pandas.DataFrame
        Node types, index ``node_type_id``.
    types_path : path
        For messages.

    Returns
    -------
    NodeTable

    Raises
    ------
    ValueError
        For ids that are repeated, too large or negative, unknown types, and a form that is not read as it says.
    """
    ids, type_ids = (column(group, key, WHOLE_NUMBERS)[:].astype(np.int64) for key in ("node_id", "node_type_id"))
    if len(ids) != len(type_ids) or len(np.unique(ids)) != len(ids):
        raise ValueError(f"{path}: '{name}' has {len(ids)} ids, {len(np.unique(ids))} different, {len(type_ids)} types")
    if len(ids) and not 0 <= ids.min() <= ids.max() <= LARGEST_NODE_ID:
        raise ValueError(
            f"{path}: '{name}' has node ids {ids.min()}..{ids.max()}, expected 0..{LARGEST_NODE_ID} at most"
        )
    check_groups(group, complete=True)
    check_rows(group, 0, len(ids))
    check_attributes(group)
    rows = types.index.get_indexer(type_ids)
    if (rows < 0).any():
        raise ValueError(f"{types_path}: no node type {type_ids[rows < 0][0]}, used in {path}")
    return NodeTable(name, path, ids, rows, types)
