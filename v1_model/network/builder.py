"""Builds a network: from the seed tables to SONATA files (what comes out is described in ``docs/model.md``)."""

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from tqdm import tqdm

from v1_files.files import whole_file
from v1_files.random_streams import stream_key
from v1_files.sonata.writing import EdgeWriter, write_nodes, write_types
from v1_model.network import background, lgn_nodes, lgn_to_v1, recurrent, synapses, v1_nodes
from v1_model.network.blocks import block_bounds, in_order
from v1_model.network.built_files import DESCRIPTION, building, fingerprints
from v1_model.network.lgn_field import check_covers
from v1_model.network.psp import unitary_psp_table, with_published
from v1_model.network.weights import RecurrentWeights

BLOCK_CELLS = 512
LARGEST_RADIUS_UM = 1e4
"""A slip of the unit, surely: V1 of the mouse is smaller."""
FIRST_EDGE_TYPE = 100
NODE_TYPE_COLUMNS = [
    "node_type_id", "pop_name", "ei", "location", "model_type", "model_template", "dynamics_params",
    "nsyn_size_mean", "nsyn_size_shape", "nsyn_size_scale",
]  # fmt: skip
EDGE_TYPE_COLUMNS = ["edge_type_id", "source_query", "target_query", "model_template", "dynamics_params", "delay"]


@dataclass(frozen=True)
class NetworkSpec:
    """What distinguishes one network from another.

    Attributes
    ----------
    name : str
    radius_um, core_radius_um : float
    seed : int
    lgn : {"full", "small"}
    like_to_like : bool
        Rank the weights by tuning similarity.
    fluctuating_counts : bool
        Poisson numbers of cells.
    background_weights : {"fitted", "initial"}
    unitary_psp : {"published", "computed"}
        PSPs of 1 pA from the seed table, what it lacks computed; or all computed.

    Raises
    ------
    ValueError
        For a radius that is not above 0 or that the LGN does not cover, a core that is larger than the column, a
        negative seed and an unknown ``unitary_psp``.
    """

    name: str
    radius_um: float
    core_radius_um: float
    seed: int = 153
    lgn: str = "full"
    like_to_like: bool = True
    fluctuating_counts: bool = False
    background_weights: str = "fitted"
    unitary_psp: str = "published"

    def __post_init__(self):
        if not 0 < self.radius_um < LARGEST_RADIUS_UM:
            raise ValueError(f"radius_um: found {self.radius_um:g}, expected above 0, below {LARGEST_RADIUS_UM:g}")
        if not 0 < self.core_radius_um <= self.radius_um:
            expected = f"expected above 0, at most radius_um ({self.radius_um:g})"
            raise ValueError(f"core_radius_um: found {self.core_radius_um:g}, {expected}")
        if self.seed < 0:
            raise ValueError(f"seed: found {self.seed}, expected 0 or more")
        if self.unitary_psp not in ("published", "computed"):
            raise ValueError(f"unitary_psp: found {self.unitary_psp!r}, expected 'published' or 'computed'")
        check_covers(self.lgn, self.radius_um)


@dataclass
class Builder:
    """One network on its way to disk; each method writes one part below ``folder``."""

    spec: NetworkSpec
    tables: object
    folder: Path
    threads: int = 1
    block_cells: int = BLOCK_CELLS
    merge_ports: bool = True
    edges: dict = field(default_factory=dict)
    digests: dict = field(default_factory=dict)

    def __post_init__(self):
        spec, tables = self.spec, self.tables
        self.network = Path(self.folder) / "network"
        self.v1 = v1_nodes.place_cells(tables, spec.radius_um, spec.seed, spec.fluctuating_counts)
        self.lgn = lgn_nodes.place_cells(tables, spec.lgn, spec.seed)
        self.kinetics = tables.synapse_kinetics.sort_index()
        present = [synapses.EXTERNAL, *self.v1.types["synaptic_type"].unique()]
        self.unitary_psp = unitary_psp_table(
            tables.cell_models, self.v1.types["synaptic_type"], self.kinetics.loc[present]
        )[present]
        self.psp_record = {}
        if spec.unitary_psp == "published":
            excitatory = tables.cell_types.loc[tables.cell_types["ei"] == "e", "cell_type_synaptic"]
            self.unitary_psp, self.psp_record = with_published(
                self.unitary_psp, tables.unitary_psp, [synapses.EXTERNAL, *excitatory.unique()]
            )
        self.rule = recurrent.connection_rule(tables, spec.core_radius_um)

    def write_nodes(self):
        """Nodes and node types of V1, the LGN and the background."""
        types, v1 = self.v1.types, self.v1
        attributes = {name: getattr(v1, name) for name in ("x", "y", "z", "tuning_angle", "target_sizes")}
        write_nodes(self.network / "v1_nodes.h5", "v1", types.index.to_numpy()[v1.model], attributes)
        rows = types.rename_axis("node_type_id").reset_index().rename(columns={"population": "pop_name"})
        rows["model_type"], rows["model_template"] = "point_neuron", "nest:glif_psc_double_alpha"
        rows["dynamics_params"] = [synapses.cell_file(specimen) for specimen in types.index]
        write_types(self.network / "v1_node_types.csv", rows.to_dict("records"), NODE_TYPE_COLUMNS)
        lgn = {name: values.to_numpy() for name, values in self.lgn.attributes.items()}
        write_nodes(self.network / "lgn_nodes.h5", "lgn", self.lgn.model, lgn)
        rows = [
            {"node_type_id": i, "pop_name": model, "model_type": "virtual", "model_template": f"lgnmodel:{model}"}
            for i, model in enumerate(self.lgn.models)
        ]
        write_types(self.network / "lgn_node_types.csv", rows, list(rows[0]))
        write_nodes(self.network / "bkg_nodes.h5", "bkg", np.zeros(background.UNITS, dtype=int), {})
        rows = [{"node_type_id": 0, "pop_name": "bkg", "model_type": "virtual"}]
        write_types(self.network / "bkg_node_types.csv", rows, list(rows[0]))

    def write_components(self):
        """NEST parameters of cells and synapses, and the table of unitary PSPs."""
        types = self.v1.types["synaptic_type"]
        synapses.write_components(
            Path(self.folder) / "components", self.tables.cell_models, types, self.kinetics, self.merge_ports
        )
        with whole_file(self.network / "unitary_psp.csv") as part:
            self.unitary_psp.round(9).to_csv(part, sep=" ")

    def write_recurrent_edges(self):
        """V1 → V1 edges, and their numbers by pair of cell types."""
        v1 = self.v1
        sampler = recurrent.RecurrentSampler.of_network(v1, self.rule, self.spec.seed)
        weights = RecurrentWeights.of_network(
            v1, self.rule, self.tables, self.unitary_psp, self.spec.like_to_like, self.spec.seed
        )
        n_populations = len(v1.population_names)
        n_types = len(self.rule.cell_types)
        totals = np.zeros((2, n_types * n_types))

        def block(first, last):
            sources, counts = sampler.draw(first, last)
            targets = np.repeat(np.arange(first, last, dtype=np.int32), counts)
            weight = weights.of_edges(sources, targets)
            pair = sampler.cell_type[sources] * n_types + sampler.cell_type[targets]
            sums = [np.bincount(pair, w, minlength=n_types**2) for w in (None, weight)]
            edge_type = FIRST_EDGE_TYPE + v1.population[sources] * n_populations + v1.population[targets]
            return counts, first, {"source_node_id": sources, "edge_type_id": edge_type, "syn_weight": weight}, sums

        for sums in self._stream("v1", len(v1), {"syn_weight": np.float32}, block, {"syn_weight": "pA"}):
            totals += sums
        self._write_types("v1", [(p, t) for p in v1.population_names for t in v1.population_names], self._v1_edge_type)
        self._write_connection_summary(sampler, *totals)

    def write_lgn_edges(self):
        """LGN → V1 edges."""
        v1, lgn = self.v1, self.lgn
        projection = lgn_to_v1.LgnProjection.of_network(v1, lgn, self.tables, self.unitary_psp, self.spec.seed)
        n_populations = len(v1.population_names)

        def block(first, last):
            sources, numbers, counts = projection.draw(first, last)
            targets = np.repeat(np.arange(first, last), counts)
            columns = {
                "source_node_id": sources,
                "edge_type_id": FIRST_EDGE_TYPE + lgn.model[sources] * n_populations + v1.population[targets],
                "syn_weight": projection.weight_pa[targets],
                "nsyns": numbers,
            }
            return counts, first, columns, None

        attributes = {"syn_weight": np.float32, "nsyns": np.uint32}
        for _ in self._stream("lgn", len(lgn.model), attributes, block, {"syn_weight": "pA per synapse"}):
            pass
        self._write_types("lgn", [(m, t) for m in lgn.models for t in v1.population_names], self._lgn_edge_type)

    def write_background_edges(self):
        """Background → V1 edges."""
        v1 = self.v1
        weights = background.weights_by_model(self.tables, v1.types, self.spec.background_weights)
        key = stream_key(self.spec.seed, "background_edges")

        def block(first, last):
            sources = background.draw_units(key, first, last)
            counts = np.full(last - first, background.UNITS_PER_CELL)
            model = np.repeat(v1.model[first:last], counts)
            columns = {"source_node_id": sources, "edge_type_id": FIRST_EDGE_TYPE + model, "syn_weight": weights[model]}
            return counts, first, columns, None

        for _ in self._stream("bkg", background.UNITS, {"syn_weight": np.float32}, block, {"syn_weight": "pA"}):
            pass
        self._write_types("bkg", [("bkg", specimen) for specimen in v1.types.index], self._background_edge_type)

    def write_metadata(self):
        """``network.json``: what the network is and how large."""
        cells = {"v1": len(self.v1), "lgn": len(self.lgn.model), "bkg": background.UNITS}
        counts = {"cells": cells, "edges": self.edges, "edge_digests": self.digests}
        content = asdict(self.spec) | self.psp_record | counts | {"files": fingerprints(self.network)}
        with whole_file(self.network / DESCRIPTION) as part:
            part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def _stream(self, source, n_sources, attributes, block, units):
        """Write a population's edges block by block; yields what each block has besides edges."""
        n = len(self.v1)
        progress = tqdm(total=n, desc=f"{source} → v1 edges", unit=" cells", mininterval=1.0)
        with progress, whole_file(self.network / f"{source}_v1_edges.h5") as part, h5py.File(part, "w") as h5:
            writer = EdgeWriter(h5, source, "v1", n_sources, n, attributes)
            for counts, first, columns, extra in in_order(block, block_bounds(n, self.block_cells), self.threads):
                writer.append(counts, first, **columns)
                progress.update(len(counts))
                yield extra
            writer.finish(units)
        self.edges[f"{source}_v1"], self.digests[f"{source}_v1"] = writer.n_edges, writer.digest.value

    def _write_types(self, source, pairs, row):
        rows = [{"edge_type_id": FIRST_EDGE_TYPE + i} | row(*pair) for i, pair in enumerate(pairs)]
        write_types(self.network / f"{source}_v1_edge_types.csv", rows, EDGE_TYPE_COLUMNS)

    def _synaptic(self, population):
        return self.tables.cell_types.at[population, "cell_type_synaptic"]

    def _v1_edge_type(self, source, target):
        pre, post = self._synaptic(source), self._synaptic(target)
        return _edge_type(
            f"pop_name=='{source}'", f"pop_name=='{target}'", pre, post, self.kinetics.at[(pre, post), "latency_ms"]
        )

    def _lgn_edge_type(self, source, target):
        post = self._synaptic(target)
        return _edge_type(f"pop_name=='{source}'", f"pop_name=='{target}'", synapses.EXTERNAL, post, lgn_to_v1.DELAY_MS)

    def _background_edge_type(self, source, specimen):
        post = self.v1.types.at[specimen, "synaptic_type"]
        return _edge_type(
            f"pop_name=='{source}'", f"node_type_id=={specimen}", synapses.EXTERNAL, post, background.DELAY_MS
        )

    def _write_connection_summary(self, sampler, n_edges, weight_sums):
        """Numbers and expectations by pair of cell types, for the network's figure."""
        types = self.rule.cell_types
        cells = np.bincount(sampler.cell_type, minlength=len(types))
        table = pd.DataFrame([(pre, post) for pre in types for post in types], columns=["pre", "post"])
        table["n_pre"], table["n_post"] = np.repeat(cells, len(types)), np.tile(cells, len(types))
        table["n_edges"] = n_edges.astype(np.int64)
        table["expected_edges"] = recurrent.expected_edges(self.v1, self.rule, sampler, self.spec.radius_um).ravel()
        with np.errstate(invalid="ignore"):
            table["mean_weight_pA"] = weight_sums / n_edges
        with whole_file(self.network / "connection_summary.csv") as part:
            table.to_csv(part, sep=" ", index=False, float_format="%.6g", na_rep="NULL")


def _edge_type(source_query, target_query, pre, post, delay_ms):
    return {
        "source_query": source_query,
        "target_query": target_query,
        "model_template": "static_synapse",
        "dynamics_params": synapses.synapse_file(pre, post),
        "delay": float(delay_ms),
    }


def build_network(spec, tables, folder, threads=1, block_cells=BLOCK_CELLS, merge_ports=True, report=None):
    """Build a network and write its SONATA files below a folder.

    Parameters
    ----------
    spec : NetworkSpec
    tables : seed_tables.SeedTables
    folder : path
        Receives ``network/`` and ``components/``.
    threads, block_cells : int
        How the work is cut; the files do not depend on it.
    merge_ports : bool
        Share receptor ports of equal kinetics.
    report : callable, optional
        Called with a line about each finished stage.

    Returns
    -------
    dict
        Content of ``network.json``'s ``edges``.

    Raises
    ------
    ValueError
        Where network files lie that this project did not write.
    """
    if threads < 1:
        raise ValueError(f"threads: found {threads}, expected 1 or more")
    clock = time.perf_counter()
    builder = Builder(spec, tables, folder, threads, block_cells, merge_ports)
    stages = ["nodes", "components", "recurrent_edges", "lgn_edges", "background_edges", "metadata"]
    with building(folder):
        for stage in stages:
            getattr(builder, f"write_{stage}")()
            if report:
                report(f"{stage.replace('_', ' ')}: {time.perf_counter() - clock:.1f} s")
                clock = time.perf_counter()
    return builder.edges
