"""Load V1 and simulate its trials, by v1flow or by stock BMTK PointNet, with the time of each stage.

Loading ends after NEST's Prepare, for either system, and begins with the process. With several configs, v1flow forks a
trial each from the loaded network.
"""

import argparse
import hashlib
import os
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.marks import Marks

os.environ.setdefault("PYNEST_QUIET", "1")


def run_v1flow(configs, threads, copies, marks):
    """One trial in this process, or several in forks: with one copy at a time the last one is an added trial."""
    from v1_model.engines.children import run_children
    from v1_model.engines.configs import check_inputs, read_populations, read_trials
    from v1_model.engines.nest.simulator import load

    trials = read_trials(configs)
    tables = read_populations(trials[0].config)
    for trial in trials:
        check_inputs(trial, tables)
    simulator = load(trials[0], tables, threads=threads, forked=len(trials) > 1)
    marks.stage("v1_load")
    if len(trials) == 1:
        simulator.run_trial(trials[0])
        marks.stage("v1_simulate", lambda: fingerprint(trials[0].spikes_file))
        return
    tasks = {trial.name: partial(simulator.run_trial, trial) for trial in trials}
    names = ["v1_side_by_side"] if copies > 1 else ["v1_forked_trial"] * (len(tasks) - 1) + ["v1_added_trial"]
    groups = [tasks] if copies > 1 else [{name: task} for name, task in tasks.items()]
    for name, group in zip(names, groups, strict=True):
        failures = run_children(group, copies)
        if failures:
            raise ValueError(f"trials failed: {failures}")
        marks.stage(name)


def fingerprint(path):
    """Number of spikes of a file and a checksum of them in order of time and cell."""
    import h5py

    with h5py.File(path) as h5:
        times, ids = (h5[f"spikes/v1/{name}"][:] for name in ("timestamps", "node_ids"))
    order = np.lexsort((ids, times))
    digest = hashlib.sha256(times[order].astype("<f8").tobytes() + ids[order].astype("<u8").tobytes())
    return {"spikes": len(times), "checksum": digest.hexdigest()[:16]}


class StagedNest:
    """NEST whose Simulate is taken apart into Prepare, where loading ends, and Run."""

    def __init__(self, nest, marks):
        self._nest, self._marks = nest, marks

    def __getattr__(self, name):
        return getattr(self._nest, name)

    def Simulate(self, duration_ms):
        self._nest.Prepare()
        self._marks.stage("v1_load")
        self._nest.Run(duration_ms)
        self._nest.Cleanup()


def run_bmtk(config, threads, marks):
    """Stock BMTK."""
    import nest
    from bmtk.simulator import pointnet
    from bmtk.simulator.pointnet import pointsimulator

    pointsimulator.nest = StagedNest(nest, marks)
    settings = pointnet.Config.from_json(config)
    settings.build_env()
    network = pointnet.PointNetwork.from_config(settings)
    simulator = pointnet.PointSimulator.from_config(settings, network, n_thread=threads)
    simulator.run()
    marks.stage("v1_simulate", lambda: fingerprint(settings.output["spikes_file"]))


def main(argv=None):
    """Parse, run, write the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="+", help="SONATA config of a trial")
    parser.add_argument("--system", choices=("v1flow", "bmtk"), required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--copies", type=int, default=1, help="trials side by side")
    parser.add_argument("--marks", type=Path, required=True, help="JSON file for the times of the stages")
    a = parser.parse_args(argv)
    marks = Marks(a.marks)
    if a.system == "bmtk":
        run_bmtk(a.config[0], a.threads, marks)
    else:
        run_v1flow(a.config, a.threads, a.copies, marks)
    marks.write()


if __name__ == "__main__":
    main()
