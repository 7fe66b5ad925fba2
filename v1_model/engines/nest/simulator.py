"""A BMTK PointSimulator that builds a network once and runs trials from the state it is then in.

Importing this module imports NEST.
"""

import contextlib
import itertools
import logging
import sys
import warnings
from pathlib import Path

import nest
from bmtk.simulator.pointnet import PointSimulator
from bmtk.simulator.pointnet.io_tools import io

from v1_model.engines.nest.edges import BLOCK_EDGES
from v1_model.engines.nest.loading import StreamedNetwork, nest_words
from v1_model.engines.nest.modules import TrialModule, check_forkable, replace_modules

SLICE_MS = 100.0


class TrialSimulator(PointSimulator):
    """A network in NEST, ready for trials; made by :func:`load`."""

    def prepare(self, trial, forked):
        """Create inputs and recorders and finish NEST's tables, so that a fork inherits them.

        Parameters
        ----------
        trial : v1_model.engines.configs.Trial
            Any of the trials that are to be run.
        forked : bool
            Whether several trials are to be run from this state.
        """
        self.config, self._loaded_for = trial.config, trial
        self._mods = replace_modules(self._mods, trial.config)
        if forked:
            check_forkable(self._mods)
        for module in self._mods:
            module.initialize(self)
        nest.Prepare()

    def run_trial(self, trial, on_time=None):
        """Simulate one trial and write its outputs; once in the life of a process.

        Parameters
        ----------
        trial : v1_model.engines.configs.Trial
        on_time : callable, optional
            Told the simulated milliseconds of each slice.
        """
        trial.output_dir.mkdir(parents=True, exist_ok=True)
        own = [module for module in self._mods if isinstance(module, TrialModule)]
        emptying = [module for module in own if module.empties]
        with contextlib.ExitStack() as files, nest_words(trial.path):
            files.enter_context(log_file(trial.config.log_file, "a" if trial is self._loaded_for else "w"))
            for module in own:
                module.start(self, trial, files)
            for first, last in self._slices():
                nest.Run(last - first)
                if emptying:
                    nest.Cleanup()
                    for module in emptying:
                        module.block(self, (first, last))
                    nest.Prepare()
                if on_time:
                    on_time(last - first)
            nest.Cleanup()
            for module in self._mods:
                module.finalize(self)
            io.log_info(f"Simulated {self.tstop} ms")

    def _slices(self):
        """Bounds (ms) of the slices of a simulation, multiples of the time step."""
        steps, slice_steps = round(self.tstop / self.dt), max(1, round(SLICE_MS / self.dt))
        bounds = [*range(0, steps, slice_steps), steps]
        return [(a * self.dt, b * self.dt) for a, b in itertools.pairwise(bounds)]


@contextlib.contextmanager
def log_file(path, mode):
    """BMTK's log goes to a file (None: to none) while the context lasts; warnings also to stderr."""
    logger = quiet_logger()
    if path is None:
        yield
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode=mode)
    handler.setFormatter(logging.Formatter("%(asctime)s [%(levelname)s] %(message)s"))
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


def quiet_logger():
    """BMTK's logger, which writes to stdout from the import on, turned to warnings on stderr."""
    for handler in io.logger.handlers:
        if type(handler) is logging.StreamHandler:
            handler.setLevel(logging.WARNING)
            handler.setStream(sys.stderr)
    return io.logger


def load(
    trial,
    tables,
    modulation=None,
    threads=1,
    forked=False,
    block_edges=BLOCK_EDGES,
    on_edges=None,
    simulator_class=TrialSimulator,
    ports=None,
):
    """Load a network into NEST, up to the point where a trial begins.

    Parameters
    ----------
    trial : v1_model.engines.configs.Trial
        Any of the trials that are to be run.
    tables : dict of str to v1_model.engines.nodes.NodeTable
    modulation : v1_model.engines.modulation.Modulation, optional
    threads : int
    forked : bool
        Whether several trials will be forked from the loaded state (one thread only).
    block_edges : int
    on_edges : callable, optional
        Told the number of edges of each block.
    simulator_class : type
        TrialSimulator, or a class derived from it.
    ports : int, optional
        Receptor ports that each cell keeps, from the first. Its state holds a current for each, so fewer are faster;
        those that no edge uses change no spike.

    Returns
    -------
    TrialSimulator
    """
    # BMTK calls functions that NEST 3.10 deprecates, once a call.
    warnings.filterwarnings("ignore", message=r"(?s).*is deprecated and will be removed in a future version of NEST")
    trial.output_dir.mkdir(parents=True, exist_ok=True)
    with log_file(trial.config.log_file, "w"), nest_words(trial.path):
        nest.verbosity = nest.VerbosityLevel.ERROR
        options = {"modulation": modulation, "block_edges": block_edges, "on_edges": on_edges, "ports": ports}
        network = StreamedNetwork.from_config(trial.config, tables=tables, **options)
        simulator = simulator_class.from_config(trial.config, network, n_thread=threads)
        nest.verbosity = nest.VerbosityLevel.ERROR
        simulator.prepare(trial, forked)
        if modulation:
            modulation.check_used()
    return simulator
