"""BMTK PointNet with node and edge adaptors that stream: edges go from HDF5 to NEST in blocks of bounded size.

Importing this module imports NEST. BMTK reads the config and the components and builds cells, inputs and reports as
always; what is replaced is how it reads nodes and edges, and its dictionaries of node ids by arrays.
"""

import contextlib
from types import SimpleNamespace

import nest
import numpy as np
from bmtk.simulator.core.node_sets import NodeSet
from bmtk.simulator.core.sonata_reader import EdgeAdaptor
from bmtk.simulator.pointnet import PointNetwork
from bmtk.simulator.pointnet.gids import GidPool, PopulationID
from bmtk.simulator.pointnet.pyfunction_cache import py_modules
from bmtk.simulator.pointnet.sonata_adaptors import (
    PointEdgeAdaptor,
    PointEdgeBatched,
    PointNodeAdaptor,
    PointNodeBatched,
)

from v1_model.engines.nest.edges import BLOCK_EDGES, EdgeBlocks, SynapseTypes

EDGE_COLUMNS = ("syn_weight", "nsyns", "delay")
PORT_PARAMETERS = ("tau_syn_fast", "tau_syn_slow", "amp_slow")


@contextlib.contextmanager
def nest_words(where):
    """What NEST refuses becomes a ValueError with its own words; ``where`` says what was being done."""
    try:
        yield
    except nest.NESTErrors.KernelException as error:
        raise ValueError(f"{where}: NEST: {' '.join(str(error).split())}") from error


class NestIds(GidPool):
    """BMTK's map between SONATA node ids and NEST ids, held in arrays."""

    def __init__(self):
        super().__init__()
        self._nest_id_of = {}
        self._batches = []
        self._reverse = None

    def add_nestids(self, name, node_ids, nest_ids):
        node_ids, nest_ids = np.asarray(node_ids, dtype=np.int64), np.asarray(nest_ids, dtype=np.int64)
        table = self._nest_id_of.get(name, np.empty(0, dtype=np.int64))
        missing = int(node_ids.max(initial=-1)) + 1 - len(table)
        table = np.concatenate([table, np.full(max(missing, 0), -1)])
        table[node_ids] = nest_ids
        self._nest_id_of[name] = table
        self._batches.append((name, node_ids, nest_ids))
        self._reverse = None

    @property
    def gids(self):
        return [int(i) for _, _, nest_ids in self._batches for i in nest_ids]

    @property
    def populations(self):
        return list(self._nest_id_of)

    def get_nestids(self, name, node_ids):
        return self._nest_id_of[name][np.asarray(node_ids, dtype=np.int64)]

    def get_node_ids(self, nest_ids, with_populations=True):
        populations, batch_of, node_of = self._reversed()
        nest_ids = np.asarray(nest_ids, dtype=np.int64)
        if not with_populations:
            return node_of[nest_ids]
        return node_of[nest_ids], populations[batch_of[nest_ids]]

    def get_pool_id(self, gid):
        node_ids, populations = self.get_node_ids([gid])
        return PopulationID(population=populations[0], node_id=int(node_ids[0]))

    def _reversed(self):
        """Population names, and by NEST id the index of the population and the node id."""
        if self._reverse is None:
            size = max((int(nest_ids.max(initial=0)) for _, _, nest_ids in self._batches), default=0) + 1
            batch_of, node_of = np.zeros(size, dtype=np.int32), np.full(size, -1)
            for batch, (_, node_ids, nest_ids) in enumerate(self._batches):
                batch_of[nest_ids], node_of[nest_ids] = batch, node_ids
            names = np.array([name for name, _, _ in self._batches], dtype=object)
            self._reverse = names, batch_of, node_of
        return self._reverse


class ArrayNodeSet(NodeSet):
    """A BMTK node set that finds its nodes in arrays instead of reading the file node by node."""

    def __init__(self, node_set, network):
        self._network, self._populations, self._filter = network, node_set.populations(), node_set._filter
        self._preselected_gids = None

    def _selected(self):
        return [(pop.name, self._network.tables[pop.name].select(self._filter)) for pop in self._populations]

    @property
    def node_ids(self):
        return [int(i) for _, ids in self._selected() for i in ids]

    def gids(self):
        chosen = [self._network.gid_map.get_nestids(name, ids) for name, ids in self._selected()]
        if not sum(len(ids) for ids in chosen):
            raise ValueError(f"the node set {self._filter} of {', '.join(self.population_names())} selects no cell")
        # BMTK hands these to NEST as they come, which takes ascending ids only.
        return np.sort(np.concatenate(chosen)).tolist()


class StreamedNodes(PointNodeBatched):
    """The cells of one node type, copies of a NEST model that has their parameters already.

    Attributes
    ----------
    ports : int or None
        Receptor ports that each cell keeps, from the first; None for all of its model.
    """

    ports = None

    def build(self):
        if py_modules.has_cell_model(self.model_template, self.model_type):
            super().build()
            return
        # Copying a model is twenty times faster than setting the parameters of its cells.
        model = f"{self.nest_model}_{self._node_group.parent.name}_{self._nt_id}"
        parameters = dict(self.nest_params)
        if self.ports is not None:
            parameters |= {name: parameters[name][: self.ports] for name in PORT_PARAMETERS if name in parameters}
        with nest_words(f"cells of node type {self._nt_id}"):
            nest.CopyModel(self.nest_model, model, parameters)
            self._nest_objs = nest.Create(model, self.n_nodes)
        self._nest_ids = np.arange(self.n_nodes) + self._nest_objs[0].global_id


class StreamedNodeAdaptor(PointNodeAdaptor):
    """One batch a node type, in the order in which the types appear, found with arrays."""

    def get_batches(self, node_group):
        table = self._network.tables[node_group.parent.name]
        used, first, counts = np.unique(table.type_rows, return_index=True, return_counts=True)
        members = np.split(np.argsort(table.type_rows, kind="stable"), np.cumsum(counts)[:-1])
        types_table = node_group.parent.node_types_table
        batches = [
            StreamedNodes(
                table.ids[members[i]],
                table.ids[members[i]],
                types_table,
                int(table.types.index[used[i]]),
                members[i],
                node_group,
            )
            for i in np.argsort(first)
        ]
        for batch in batches:
            batch.ports = self._network.ports
        return batches


class StreamedEdgeAdaptor(PointEdgeAdaptor):
    """Edges of a group as blocks in file order, each with its own weights, delays and receptors."""

    @staticmethod
    def preprocess_edge_types(network, edge_population):
        # BMTK looks through all edges for the types in use; here every type of the table is taken.
        table = edge_population.types_table
        EdgeAdaptor.preprocess_edge_types(network, SimpleNamespace(types_table=table, type_ids=table.type_ids))

    def get_batches(self, edge_group):
        blocks = self._network.edge_blocks(edge_group)
        for source_ids, target_ids, parameters in blocks:
            self._network.connecting = blocks.path
            yield PointEdgeBatched(source_ids, target_ids, parameters)


class StreamedNetwork(PointNetwork):
    """A BMTK PointNetwork that reads its nodes and edges in arrays.

    Parameters
    ----------
    tables : dict of str to v1_model.engines.nodes.NodeTable
        Nodes of every population.
    modulation : v1_model.engines.modulation.Modulation, optional
    block_edges : int, optional
        Edges in memory at a time.
    on_edges : callable, optional
        Told the number of edges of each block that was connected.
    ports : int, optional
        Receptor ports that each cell keeps, from the first; all by default.
    """

    def __init__(self, tables, modulation=None, block_edges=BLOCK_EDGES, on_edges=None, ports=None):
        super().__init__()
        self.ports, self.connecting = ports, None
        self.tables, self.modulation, self.block_edges, self.on_edges = tables, modulation, block_edges, on_edges
        self._gid_map, self._virtual_gids = NestIds(), NestIds()

    def _register_adaptors(self):
        super()._register_adaptors()
        self._node_adaptors["sonata"] = StreamedNodeAdaptor
        self._edge_adaptors["sonata"] = StreamedEdgeAdaptor

    def get_node_set(self, node_set):
        return ArrayNodeSet(super().get_node_set(node_set), self)

    def edge_blocks(self, edge_group):
        """Blocks of an edge group.

        Raises
        ------
        ValueError
            For weights that are missing.
        """
        population, root = edge_group.parent, edge_group._h5_group.parent
        path = root.file.filename
        table = population.edge_types_table
        names = ("source_node_id", "target_node_id", "edge_type_id")
        datasets = {name: root[name] for name in names}
        datasets |= {name: edge_group.get_dataset(name) for name in EDGE_COLUMNS if name in edge_group}
        source, target = population.source_population, population.target_population
        types = SynapseTypes({type_id: table[type_id] for type_id in table.type_ids})
        ends = self.tables[source], self.tables[target]
        return EdgeBlocks(path, datasets, types, *ends, self.modulation, self.block_edges)

    def add_generators(self, population, parameters):
        """Spike generators of a virtual population and their connections.

        Parameters
        ----------
        population : str
        parameters : dict
            Of ``spike_generator``.

        Returns
        -------
        nest.NodeCollection
            Generators in order of creation.
        rows : array of int64
            Row of each generator's node in the population.
        """
        nodes = self.get_node_population(population)
        # The order of BMTK's own generators, by node type: NEST adds up inputs of one step in it.
        batches = [batch.node_ids for batch in nodes.get_nodes()]
        node_ids = np.concatenate(batches)
        generators = nest.Create("spike_generator", len(node_ids), parameters)
        self._virtual_gids.add_nestids(population, node_ids, np.arange(len(node_ids)) + generators[0].global_id)
        for edges in self.find_edges(source_nodes=population):
            for block in edges.get_edges():
                sources = self._virtual_gids.get_nestids(population, block.source_node_ids)
                targets = self.gid_map.get_nestids(edges.target_nodes, block.target_node_ids)
                self._nest_connect(sources, targets, conn_spec="one_to_one", syn_spec=block.nest_params)
        return generators, self.tables[population].rows(node_ids)

    def _nest_connect(self, nest_srcs, nest_trgs, conn_spec="one_to_one", syn_spec=None):
        if len(nest_srcs):
            # BMTK's own hides what NEST says.
            with nest_words(self.connecting):
                nest.Connect(nest_srcs, nest_trgs, conn_spec, syn_spec)
        if self.on_edges:
            self.on_edges(len(nest_srcs))
