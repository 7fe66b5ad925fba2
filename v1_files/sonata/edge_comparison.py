"""In which edges a file differs from the one that a network was built with."""

import numpy as np

from v1_files.sonata.edges import WEIGHT, open_edges
from v1_files.sonata.import_weights import Importer
from v1_files.sonata.imported_edges import ENDS, ImportedEdges

OTHER_TYPE = "edges of another type than in the network"


class TypeComparison(Importer):
    """Compares the types of the edges of two files that are in any order; weights play no part."""

    def _range(self, first, last, start, stop):
        sources, targets, order, types = self._matched(first, last, start, stop)
        known = self._built("edge_type_id", slice(start, stop))[order]
        other = ~np.isnan(types) & (types != known)
        self.faults.add(OTHER_TYPE, sources[order][other], targets[order][other])

    def _check_weights(self, ends):
        """The types stand in the place of weights."""


def raise_difference(built_path, path, group):
    """Raise ValueError with the edges of a file that are missing, additional, repeated or of another type.

    Parameters
    ----------
    built_path, path : path
    group : h5py.Group
        Edges of the file at ``path``.
    """
    columns = {name: group[name] for name in ENDS} | {WEIGHT: group["edge_type_id"]}
    with open_edges(built_path) as built:
        n_sources, n_targets = (1 + max(int(c[name][:].max()) for c in (columns, built.columns)) for name in ENDS)
        imported = ImportedEdges(path, columns, n_sources, n_targets)
        for _ in TypeComparison(built, imported, np.zeros(n_sources, dtype=np.int8)).weights():
            pass
