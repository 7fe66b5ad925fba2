"""Build the V1 cells and their recurrent connections only, by v1flow or by BMTK's NetworkBuilder, on one thread.

NetworkBuilder gets the same cells and a plain rule: for one target cell at a time, the connection probability of
docs/model.md for all sources at once, in numpy. Its edges share one weight, where v1flow gives each edge its own, so
the comparison favours NetworkBuilder.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from v1_model.network.builder import Builder, NetworkSpec
from v1_model.network.recurrent import ANISOTROPY, SHIFT_UM, RecurrentSampler
from v1_model.seeds.tables import load_seed_tables


class PlainRule:
    """Connection rule that BMTK calls with all sources and one target.

    Parameters
    ----------
    builder : v1_model.network.builder.Builder
    """

    def __init__(self, builder):
        self.cells, self.rule = builder.v1, builder.rule
        sampler = RecurrentSampler.of_network(builder.v1, builder.rule, builder.spec.seed)
        self.cell_type, self.size = sampler.cell_type, sampler.size
        self.excitatory = np.asarray(self.rule.excitatory)[self.cell_type]
        self.random = np.random.default_rng(builder.spec.seed)

    def probability(self, target):
        """Connection probability from every cell to one target, by node id."""
        cells, rule = self.cells, self.rule
        kind, excitatory = self.cell_type[target], self.excitatory
        sigma = rule.sigma_um[excitatory.astype(int), int(excitatory[target])]
        theta = np.deg2rad(cells.tuning_angle[target])
        dx, dz = cells.x - cells.x[target], cells.z - cells.z[target]
        along = dx * np.cos(theta) + dz * np.sin(theta)
        across = dz * np.cos(theta) - dx * np.sin(theta)
        shifted = np.hypot(cells.x[target], cells.z[target]) <= rule.shift_radius_um
        along += np.where(excitatory, 1.0, -1.0) * SHIFT_UM * shifted
        stretch = np.where(excitatory, ANISOTROPY, 1.0)
        kernel = np.exp(-0.5 * ((along * stretch / sigma) ** 2 + (across / (stretch * sigma)) ** 2))
        difference = np.abs(cells.tuning_angle - cells.tuning_angle[target])
        delta = np.abs(np.abs(np.abs(180.0 - difference) - 90.0) - 90.0)
        low, high = rule.b1[self.cell_type, kind], rule.b2[self.cell_type, kind]
        peak = rule.p_max[self.cell_type, kind] * self.size[target]
        p = peak * kernel * (low + (high - low) * delta / 90.0)
        p[target] = 0.0
        return p

    def synapses(self, sources, target):
        """Number of synapses (0 or 1) from each source."""
        return (self.random.random(len(sources)) < self.probability(target.node_id)).astype(int).tolist()


def build_v1flow(builder):
    """Nodes and recurrent edges, as in a whole build."""
    builder.write_nodes()
    builder.write_recurrent_edges()


def build_bmtk(builder):
    """The same through NetworkBuilder."""
    from bmtk.builder import NetworkBuilder

    cells, network, rule = builder.v1, NetworkBuilder("v1"), PlainRule(builder)
    for row, (specimen, model) in enumerate(cells.types.iterrows()):
        members = np.flatnonzero(cells.model == row)
        if len(members):
            attributes = {name: getattr(cells, name)[members] for name in ("x", "y", "z", "tuning_angle")}
            network.add_nodes(N=len(members), pop_name=model["population"], specimen=specimen, **attributes)

    def connect(sources, target):
        return rule.synapses(sources, target)

    network.add_edges(connection_rule=connect, iterator="all_to_one", syn_weight=1.0, delay=1.5)
    network.build()
    network.save(str(builder.network))


def main(argv=None):
    """Parse, build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--system", choices=("v1flow", "bmtk"), required=True)
    parser.add_argument("--spec", type=json.loads, required=True, help="fields of NetworkSpec, as JSON")
    parser.add_argument("--base-props", type=Path, required=True, help="folder of the seed tables")
    parser.add_argument("--output", type=Path, required=True)
    a = parser.parse_args(argv)
    builder = Builder(NetworkSpec(**a.spec), load_seed_tables(a.base_props), a.output)
    builder.network.mkdir(parents=True, exist_ok=True)
    {"v1flow": build_v1flow, "bmtk": build_bmtk}[a.system](builder)


if __name__ == "__main__":
    main()
