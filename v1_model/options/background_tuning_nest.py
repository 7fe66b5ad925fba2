"""A loaded network whose background weights are set, and whose spikes are counted, in a fork of the process.

Importing this module imports NEST.
"""

import nest
import numpy as np

from v1_model.engines.configs import spike_inputs
from v1_model.engines.nest.modules import SpikeInput, SpikeRecorder, TrialModule
from v1_model.engines.nest.simulator import TrialSimulator

BACKGROUND = "bkg"


class SpikeCounter(TrialModule):
    """The number of spikes of each cell, from a recorder that is emptied after every slice.

    Parameters
    ----------
    recorder : v1_model.engines.nest.modules.SpikeRecorder
        Of all cells; takes its place.
    """

    empties = True

    def __init__(self, recorder):
        self._recorder = recorder.recorder

    def start(self, sim, trial, files):
        self.counts = np.zeros(len(sim.cells.ids), dtype=np.int64)

    def block(self, sim, interval):
        node_ids = sim.net.gid_map.get_node_ids(self._recorder.get("events")["senders"], with_populations=False)
        self.counts += np.bincount(sim.cells.rows(node_ids), minlength=len(self.counts))
        self._recorder.n_events = 0


class TuningSimulator(TrialSimulator):
    """A network ready for a simulation with other background weights; made by ``load(..., simulator_class=…)``.

    Attributes
    ----------
    cells : v1_model.engines.nodes.NodeTable
        The population of cells; weights and counts are by its rows.
    """

    def prepare(self, trial, forked):
        super().prepare(trial, forked)
        (name,) = self.net.gid_map.populations
        self.cells = self.net.tables[name]
        inputs = {module.name: module for module in self._mods if isinstance(module, SpikeInput)}
        populations = {population: key for key, (population, _) in spike_inputs(trial.config, self.net.tables).items()}
        self._synapses = nest.GetConnections(source=inputs[populations[BACKGROUND]].generators)
        targets = self.net.gid_map.get_node_ids(self._synapses.get("target"), with_populations=False)
        self._target_rows = self.cells.rows(targets)
        self._mods = [SpikeCounter(module) if isinstance(module, SpikeRecorder) else module for module in self._mods]

    def count_spikes(self, trial, weights_pa, simulated, on_time=None):
        """Simulate once; once in the life of a process.

        Parameters
        ----------
        trial : v1_model.engines.configs.Trial
        weights_pa : array of float, shape (cells,)
            Background weight of each cell.
        simulated : array of bool, shape (cells,)
            The other cells stand still: without recurrence they matter to none.
        on_time : callable, optional
            Told the simulated milliseconds of each slice.

        Returns
        -------
        array of int64, shape (cells,)
            Spikes of each cell.
        """
        self._synapses.set(weight=weights_pa[self._target_rows])
        if not simulated.all():
            still = self.net.gid_map.get_nestids(self.cells.name, self.cells.ids[~simulated])
            nest.NodeCollection(np.sort(still)).set(frozen=True)
        self.run_trial(trial, on_time)
        (counter,) = [module for module in self._mods if isinstance(module, SpikeCounter)]
        return counter.counts
