"""BMTK modules of a trial: spikes and currents in, spikes and membrane reports out, set up before a fork.

A module is initialised once, as the network is built, and started anew for every trial: what a trial reads and writes
is opened in the process that simulates it. Recording is in memory; membrane reports are written slice by slice.
"""

import h5py
import nest
import numpy as np
import pandas as pd
from bmtk.simulator.core.modules.iclamp import AmpsReader
from bmtk.simulator.pointnet.modules import IClampMod, MultimeterMod, SpikesInputsMod, SpikesMod

from v1_files.files import whole_file
from v1_files.sonata.spikes import write_spikes
from v1_model.engines.clamps import current_steps
from v1_model.engines.config_keys import RECORDABLES, REPORT_MODULES
from v1_model.engines.configs import enabled_reports, read_input, spike_inputs


def connect_all(sources, targets):
    """Connect a recorder with cells, given their NEST ids; one of the two is a single id."""
    pairs = (np.array(ids, dtype=np.int64) for ids in np.broadcast_arrays(sources, targets))
    # As arrays: NEST is slow with collections of many models, 2 s for 40,000 cells.
    nest.Connect(*pairs, "one_to_one", {"synapse_model": "static_synapse"})


class TrialModule:
    """What a module does for each trial; the base class does nothing.

    Attributes
    ----------
    empties : bool
        Whether it empties a NEST recorder after every slice, which NEST allows outside ``Prepare`` to ``Cleanup`` only.
    """

    empties = False

    def initialize(self, sim):
        """Create NEST objects; ``sim`` is the simulator."""

    def start(self, sim, trial, files):
        """Before the simulation of a trial; ``files`` is an ExitStack that closes what the trial opens."""

    def block(self, sim, interval):
        """After a slice of it; ``interval`` is (first, last) in ms."""

    def finalize(self, sim):
        """After the simulation: write what was recorded."""


class SpikeInput(TrialModule):
    """Spike generators of a virtual population, created once and given the spikes of each trial.

    Attributes
    ----------
    name : str
        Of the input in the config.
    generators : nest.NodeCollection
        Once initialised.
    """

    def __init__(self, module):
        self.name, self.generators = module._name, None

    def initialize(self, sim):
        population, _ = spike_inputs(sim.config, sim.net.tables)[self.name]
        self.generators, self._rows = sim.net.add_generators(population, sim.get_spike_generator_params())

    def start(self, sim, trial, files):
        population, path = spike_inputs(trial.config, sim.net.tables)[self.name]
        rows, times = read_input(path, sim.net.tables[population])
        inside = times <= sim.tstop
        rows, times = rows[inside], times[inside]
        order = np.lexsort((times, rows))
        rows, times = rows[order], times[order]
        bounds = np.searchsorted(rows, np.stack([self._rows, self._rows + 1]))
        trains = [{"spike_times": times[start:stop]} for start, stop in bounds.T]
        self.generators.set(trains)


class CurrentClamp(TrialModule):
    """Steps of current into some cells, as BMTK makes them but without its connections of one time step.

    NEST visits every cell, and exchanges spikes, once in the shortest delay of all: connections of one step make a
    simulation with delays of 1 ms take twice as long. Here the current takes the shortest delay of the synapses, and
    its generator steps that much earlier.
    """

    def __init__(self, module):
        self._cells, self._reader = module._node_set, module._amp_reader

    def initialize(self, sim):
        steps, amplitudes = current_steps(self._reader.amps, self._reader.delays, self._reader.durations, sim.dt)
        # The current flows from one step after its time on, as BMTK's does.
        delay = max(1, min(round(nest.min_delay / sim.dt), steps[0]))
        times = (np.array(steps) + 1 - delay) * sim.dt
        generator = nest.Create(
            "step_current_generator", params={"amplitude_times": times, "amplitude_values": amplitudes}
        )
        gids = np.array(sim.net.get_node_set(self._cells).gids(), dtype=np.int64)
        synapse = {"synapse_model": "static_synapse", "delay": np.full(len(gids), delay * sim.dt)}
        nest.Connect(np.full(len(gids), generator.global_id), gids, "one_to_one", synapse)


class SpikeRecorder(TrialModule):
    """Spikes of all cells, written as one SONATA file (and as CSV where the config asks for it)."""

    def __init__(self, module):
        self.recorder = None

    def initialize(self, sim):
        self.recorder = nest.Create("spike_recorder", params={"record_to": "memory"})
        connect_all(sim.net.gid_map.gids, self.recorder.global_id)

    def start(self, sim, trial, files):
        self._trial = trial

    def finalize(self, sim):
        events = self.recorder.get("events")
        senders, times = events["senders"], events["times"]
        inside = times <= sim.tstop
        node_ids, times = sim.net.gid_map.get_node_ids(senders[inside], with_populations=False), times[inside]
        (population,) = sim.net.gid_map.populations
        if "spikes_file_csv" in self._trial.config.output:
            order = np.lexsort((node_ids, times))
            table = {"timestamps": times[order], "population": population, "node_ids": node_ids[order]}
            with whole_file(self._trial.config.output["spikes_file_csv"]) as path:
                pd.DataFrame(table).to_csv(path, sep=" ", index=False)
        origin = {"duration_ms": float(sim.tstop), "nodes": len(sim.net.tables[population].ids)}
        write_spikes(self._trial.spikes_file, population, node_ids, times, origin)


class MembraneReport(TrialModule):
    """One recordable of some cells, as a SONATA report, written slice by slice.

    It ends the shortest delay before the trial does: NEST hands recordings over once in that time.
    """

    empties = True

    def __init__(self, module, name):
        self.name, self._cells = name, module._node_set
        (self._variable,) = module._variable_name
        self._window, self._interval = (module._tstart, module._tstop), module._interval
        self._multimeter = None

    def initialize(self, sim):
        node_set = sim.net.get_node_set(self._cells)
        self._gids = np.unique(node_set.gids())
        start, stop = self._window
        parameters = {"start": start or sim.tstart, "stop": stop or sim.tstop, "interval": self._interval or sim.dt}
        self._interval = parameters["interval"]
        parameters |= {"record_to": "memory", "record_from": [self._variable]}
        self._multimeter = nest.Create("multimeter", params=parameters)
        connect_all(self._multimeter.global_id, self._gids)

    def start(self, sim, trial, files):
        h5 = files.enter_context(h5py.File(files.enter_context(whole_file(trial.report_path(self.name))), "w"))
        h5.attrs["magic"], h5.attrs["version"] = np.uint32(0x0A7A), np.array([0, 1], dtype=np.uint32)
        node_ids, populations = sim.net.gid_map.get_node_ids(self._gids)
        self._group = h5.create_group(f"report/{populations[0]}")
        n = len(node_ids)
        mapping = {"node_ids": node_ids.astype(np.uint64), "element_ids": np.zeros(n, dtype=np.uint64)}
        mapping |= {"element_pos": np.zeros(n), "index_pointer": np.arange(n + 1, dtype=np.uint64)}
        for name, values in mapping.items():
            self._group[f"mapping/{name}"] = values
        self._data = self._group.create_dataset("data", (0, n), float, maxshape=(None, n), chunks=True)
        self._data.attrs["variable"] = self._variable
        if self._variable in RECORDABLES:
            self._data.attrs["units"] = RECORDABLES[self._variable]
        self._first = self._last = None

    def block(self, sim, interval):
        events = self._multimeter.get("events")
        self._multimeter.n_events = 0
        if not len(events["times"]):
            return
        times = np.unique(events["times"])
        values = np.full((len(times), len(self._gids)), np.nan)
        rows = np.searchsorted(times, events["times"])
        values[rows, np.searchsorted(self._gids, events["senders"])] = events[self._variable]
        done = len(self._data)
        self._data.resize(done + len(times), axis=0)
        self._data[done:] = values
        self._first, self._last = times[0] if self._first is None else self._first, times[-1]

    def finalize(self, sim):
        if self._first is not None:
            self._group["mapping/time"] = [self._first, self._last, self._interval]
            self._group["mapping/time"].attrs["units"] = "ms"


def replace_modules(modules, config):
    """BMTK's modules, with those replaced that read or write something of a trial.

    Parameters
    ----------
    modules : list of BMTK modules
        In the order in which BMTK made them from the config.
    config : SimulationConfig

    Returns
    -------
    list
    """
    names = iter(name for name, report in enabled_reports(config).items() if report.get("module") in REPORT_MODULES)
    replaced = []
    for module in modules:
        if type(module) is MultimeterMod:
            module = MembraneReport(module, next(names))
        elif type(module) is SpikesInputsMod:
            module = SpikeInput(module)
        elif type(module) is SpikesMod:
            module = SpikeRecorder(module)
        elif type(module) is IClampMod and type(module._amp_reader) is AmpsReader:
            module = CurrentClamp(module)
        replaced.append(module)
    return replaced


def check_forkable(modules):
    """Raise ValueError for a module that cannot serve several trials from one load."""
    for module in modules:
        if not isinstance(module, (TrialModule, IClampMod)):
            raise ValueError(f"{type(module).__name__} cannot be shared between trials: run each config on its own")
