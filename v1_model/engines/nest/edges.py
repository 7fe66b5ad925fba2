"""Edges of a SONATA file as blocks of arrays, checked as they are read, with the parameters NEST takes."""

import numpy as np

from v1_model.engines.modulation import modulate

BLOCK_EDGES = 1 << 19
LARGEST_TABLE = 1 << 20
NOT_PARAMETERS = ("synapse_model", "model")


def positions(known, values):
    """Index of each value in a sorted array without duplicates, −1 where it is not there.

    >>> positions(np.array([3, 5, 9]), np.array([9, 4, 3]))
    array([ 2, -1,  0])
    """
    known, values = np.asarray(known, dtype=np.int64), np.asarray(values).astype(np.int64)
    if not len(known):
        return np.full(len(values), -1)
    span = known[-1] - known[0] + 1
    if span > LARGEST_TABLE:
        found = np.minimum(np.searchsorted(known, values), len(known) - 1)
        return np.where(known[found] == values, found, -1)
    # One slot more than the span, for everything outside it; a table is ten times faster than a search.
    table = np.full(span + 1, -1)
    table[known - known[0]] = np.arange(len(known))
    offset = values - known[0]
    return table[np.where((offset >= 0) & (offset < span), offset, span)]


class SynapseTypes:
    """Synapse parameters by edge type, as arrays.

    Parameters
    ----------
    types : dict of int to dict
        Rows of the edge-type table, ``dynamics_params`` resolved to a dict of numbers.

    Attributes
    ----------
    ids : array of int64, sorted
    kinds : list of (str, tuple of str)
        Synapse model and names of the parameters, of each kind of synapse.
    kind_of_type : array of int, one an edge type
    """

    def __init__(self, types):
        self.ids = np.array(sorted(types), dtype=np.int64)
        rows = [types[type_id] for type_id in self.ids.tolist()]
        parameters = [self._parameters(row) for row in rows]
        models = [str(row["model_template"]).removeprefix("nest:") for row in rows]
        described = [(model, tuple(sorted(p))) for model, p in zip(models, parameters, strict=True)]
        self.kinds = sorted(set(described))
        self.kind_of_type = np.array([self.kinds.index(kind) for kind in described], dtype=np.int64)
        self._columns = {
            name: np.array([p.get(name, 0) for p in parameters]) for name in {n for p in parameters for n in p}
        }
        self._weights = {key: self._numbers(rows, key) for key in ("syn_weight", "nsyns")}

    @staticmethod
    def _parameters(row):
        dynamics = row.get("dynamics_params") or {}
        parameters = {k: v for k, v in dynamics.items() if k not in NOT_PARAMETERS}
        if row.get("delay") is not None:
            parameters["delay"] = float(row["delay"])
        return parameters

    @staticmethod
    def _numbers(rows, key):
        if all(row.get(key) is None for row in rows):
            return None
        return np.array([np.nan if row.get(key) is None else row[key] for row in rows], dtype=float)

    def values(self, name, type_rows):
        """Value of a synapse parameter for each edge."""
        return self._columns[name][type_rows]

    def weight_part(self, key, type_rows):
        """``syn_weight`` or ``nsyns`` of each edge from the edge types, None where they have no such column."""
        return None if self._weights[key] is None else self._weights[key][type_rows]


class EdgeBlocks:
    """The edges of one population, a block at a time.

    Parameters
    ----------
    path : str
        The edge file, for messages.
    datasets : dict of str to h5py.Dataset
        ``source_node_id``, ``target_node_id``, ``edge_type_id``, and where the file has them ``syn_weight``, ``nsyns``,
        ``delay``.
    types : SynapseTypes
    sources, targets : v1_model.engines.nodes.NodeTable
    modulation : v1_model.engines.modulation.Modulation, optional
    block_edges : int

    Raises
    ------
    ValueError
        Where an edge's node, type or weight is not what the network allows; the message names file and edge.
    """

    def __init__(self, path, datasets, types, sources, targets, modulation=None, block_edges=BLOCK_EDGES):
        self.path, self.datasets, self.types = path, datasets, types
        self.sources, self.targets, self.modulation = sources, targets, modulation
        self.matches = modulation.between(sources.name, targets.name) if modulation else []
        self.block_edges = block_edges
        self.n_edges = len(datasets["edge_type_id"])
        for name, data in datasets.items():
            if len(data) != self.n_edges:
                raise ValueError(f"{path}: {name} has {len(data)} values for {self.n_edges} edges")
        if "syn_weight" not in datasets and types.weight_part("syn_weight", slice(None)) is None:
            raise ValueError(f"{path}: no weights: 0/syn_weight (pA, signed) expected, one value an edge")

    def __iter__(self):
        """Yield (source ids, target ids, specification for ``nest.Connect``) of each block and kind of synapse."""
        for start in range(0, self.n_edges, self.block_edges):
            block = self._read(start)
            source_rows = self._rows(self.sources, "source_node_id", block, start)
            target_rows = self._rows(self.targets, "target_node_id", block, start)
            type_rows = positions(self.types.ids, block["edge_type_id"])
            self._refuse(type_rows < 0, start, "edge_type_id {} is not in the edge types", block["edge_type_id"])
            weights = self._weights(block, source_rows, type_rows, start)
            if self.matches:
                ends = self.sources.type_rows[source_rows], self.targets.type_rows[target_rows]
                weights = modulate(weights, *ends, self.matches, self.modulation.used)
                self._check_weights(weights, source_rows, start, f" after {self.modulation.path}")
            kind_of_edge = self.types.kind_of_type[type_rows]
            for kind, (model, names) in enumerate(self.types.kinds):
                here = slice(None) if len(self.types.kinds) == 1 else kind_of_edge == kind
                spec = {name: self.types.values(name, type_rows[here]) for name in names}
                if "delay" in block:
                    spec["delay"] = block["delay"][here].astype(float)
                spec |= {"synapse_model": model, "weight": weights[here]}
                yield block["source_node_id"][here], block["target_node_id"][here], spec

    def _read(self, start):
        try:
            return {name: data[start : start + self.block_edges] for name, data in self.datasets.items()}
        except (OSError, RuntimeError) as error:
            raise ValueError(f"{self.path}, from edge {start} on: cannot be read, damaged perhaps: {error}") from error

    def _rows(self, table, name, block, start):
        rows = table.rows(block[name])
        self._refuse(rows < 0, start, f"{name} {{}} is not a node of '{table.name}'", block[name])
        return rows

    def _refuse(self, faulty, start, message, values):
        if faulty.any():
            first = int(np.argmax(faulty))
            raise ValueError(f"{self.path}, edge {start + first}: {message.format(values[first])}")

    def _weights(self, block, source_rows, type_rows, start):
        """Weight of each connection in pA: syn_weight times nsyns."""
        nsyns, syn_weight = (
            block[key] if key in block else self.types.weight_part(key, type_rows) for key in ("nsyns", "syn_weight")
        )
        # The product is taken in the types of the file, as BMTK takes it, so that it rounds alike.
        weights = np.asarray(syn_weight if nsyns is None else nsyns * syn_weight, dtype=float)
        self._check_weights(weights, source_rows, start)
        return weights

    def _check_weights(self, weights, source_rows, start, when=""):
        self._refuse(~np.isfinite(weights), start, f"syn_weight{when} is {{}}, not a finite number", weights)
        signs = self.sources.sign[source_rows]
        for sign, kind in ((1, "excitatory"), (-1, "inhibitory")):
            wrong = (signs == sign) & (weights * sign < 0)
            self._refuse(wrong, start, f"syn_weight{when} is {{:.6g}} pA, but its source is {kind}", weights)
