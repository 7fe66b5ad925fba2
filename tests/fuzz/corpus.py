"""Valid inputs of every kind, small, made by the project's own scripts; what simulations give is drawn at random."""

import contextlib
import io
import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from analysis_shared.metrics.contrasts import ContrastCounts
from small_runs import (
    PARADIGM,
    REPOSITORY,
    SPIKES,
    build,
    cell_weights,
    flags,
    load_script,
    node_set,
    odsi,
    render_configs,
    render_paradigm,
    similarity,
)  # fmt: skip
from v1_files.provenance import Job
from v1_files.sonata.spikes import write_spikes

SEEDS = "base_props"
NAMING = f"{SEEDS}/cell_type_naming_scheme.csv"
NETWORK, RUN, METRICS = "tiny/network", f"tiny/{PARADIGM}_plain", "tiny/metrics"
DURATION_MS = 300.0


def run_script(name, *arguments):
    """Call a script's ``main`` in this process, silently."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            load_script(name).main(list(map(str, arguments)))
        except SystemExit as end:
            raise AssertionError(f"{name} ended with {end.code}: {said.getvalue()}") from end


def make(folder):
    """Make all inputs in a folder, which becomes the working directory."""
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(folder):
        shutil.copytree(REPOSITORY / "base_props", SEEDS)
        shutil.copytree(REPOSITORY / "config_templates", "templates")
        shutil.copy(REPOSITORY / "config/config.yaml", "config.yaml")
        shutil.copy(REPOSITORY / "workflow/profiles/slurm/site.yaml", "site.yaml")
        for command in (build(**{"radius-um": 25, "core-radius-um": 15}), render_paradigm()):
            run_script(*command)
        for path in Path(NETWORK).glob("*.h5"):
            _compact(path)
        cells = json.loads(Path(NETWORK, "network.json").read_text())["cells"]
        _draw_spikes(cells)
        for command in (render_configs("lgn"), render_configs("v1"), odsi(), cell_weights(), node_set()):
            run_script(*command)
        run_script(*similarity())
        _node_sets()
        _counts(cells["v1"])
        _tables()


def _compact(path):
    """Store an HDF5 file without the space that whole chunks take; what was never written stays so."""
    small = path.with_suffix(".small")
    with h5py.File(path) as old, h5py.File(small, "w") as new:
        new.attrs.update(old.attrs)

        def copy(name, item):
            if isinstance(item, h5py.Group):
                made = new.require_group(name)
            elif item.id.get_storage_size():
                made = new.create_dataset(name, data=item[()])
            else:
                made = new.create_dataset(name, item.shape, item.dtype, chunks=True if item.size else None)
            made.attrs.update(item.attrs)

        old.visititems(copy)
    small.replace(path)


def _draw_spikes(cells):
    rng = np.random.default_rng(1)
    for name in SPIKES:
        for path, population in ((Path(RUN, name), "v1"), (Path(f"tiny/filternet_{PARADIGM}", name), "lgn")):
            n = 10 * cells[population]
            ids, times = rng.integers(0, cells[population], n), rng.uniform(0.1, DURATION_MS, n)
            write_spikes(path, population, ids, times, {"duration_ms": DURATION_MS, "nodes": cells[population]})
        ids, times = rng.integers(0, cells["bkg"], 500), rng.uniform(0.5, DURATION_MS, 500)
        write_spikes(Path(f"tiny/bkg_{PARADIGM}", name), "bkg", ids, times, {"duration_ms": DURATION_MS})


def _node_sets():
    content = json.loads(Path("tiny/node_sets/plain/exc_high_outgoing_weight_by_layer_all.json").read_text())
    Path("node_set.json").write_text(json.dumps(content))


def _counts(n_cells):
    """Spike counts of a contrast paradigm."""
    rng, directions, contrasts = np.random.default_rng(2), np.arange(0.0, 360, 90), np.array([0.1, 0.4, 0.8])
    counts = ContrastCounts(
        blank_counts=rng.poisson(1.0, (6, n_cells)).astype(np.int32),
        evoked_counts=rng.poisson(2.0, (len(directions), len(contrasts), 3, n_cells)).astype(np.int32),
        direction_deg=directions,
        contrast=contrasts,
        node_id=np.arange(n_cells),
        window_ms=np.array([100.0, 300.0]),
        interval_length_ms=np.array(200.0),
        temporal_frequency_hz=np.array(2.0),
    )
    np.savez_compressed("spike_counts.npz", **counts._asdict())
    tables = {name: f"{METRICS}/{name}.csv" for name in ("responsiveness", "curves", "fits")}
    run_script("calculate_contrast_responses", *flags({
        "counts": "spike_counts.npz", "network-dir": NETWORK, "naming-scheme": NAMING, "seed": 1, "resamples": 3,
        **tables,
    }))  # fmt: skip


def _tables():
    """The remaining tables."""
    run_script("calculate_if_curves", *flags({"base-props": SEEDS, "output": "tiny/if_curves.csv"}))
    run_script("calculate_target_currents", *flags({
        "base-props": SEEDS, "if-curves": "tiny/if_curves.csv", "percentiles": f"{SEEDS}/neuropixels_percentiles.csv",
        "output": "tiny/target_currents.csv",
    }))  # fmt: skip
    run_script("calculate_lgn_rates", *lgn_rates("tiny/lgn_rates.csv"))
    run_script("calculate_actuation", *actuation("tiny/actuation.csv"), "--lgn-currents", "tiny/lgn_currents.csv")
    run_script("calculate_target_fractions", *target_fractions(f"{METRICS}/target_fractions.csv"))
    run_script("calculate_weight_distributions", *weight_distributions(f"{METRICS}/weight_distributions.csv"))
    run_script("calculate_suppression", *suppression("node_set.json", METRICS))
    run_script("calculate_adjustment", *adjustment("tiny/factors.csv", "tiny/rules.txt"))
    fitted = pd.read_csv(f"{SEEDS}/background_fitted.csv", sep=" ")
    models = pd.read_csv(f"{SEEDS}/cell_models.csv", sep=" ")["population"]
    tuning = fitted.assign(population=models, n_cells=3, converged=True)
    tuning.to_csv("tiny/tuning.csv", sep=" ", index=False)
    run_script("compare_background_tuning", *flags({
        "tuning": "tiny/tuning.csv", "reference": f"{SEEDS}/background_fitted.csv", "output": "tiny/comparison.csv",
    }))  # fmt: skip
    _weights_as_text()
    _of_jobs()


def _of_jobs():
    """What a job and Snakemake note of it."""
    subject = {"network": "tiny", "paradigm": PARADIGM, "condition": "angle0"}
    Job().write("record.json", {"subject": subject, "config": {"networks": {"seed": 153}}, "seed": 153})
    Path("benchmarks/build_network").mkdir(parents=True)
    Path("benchmarks/build_network/tiny.tsv").write_text("s\th:m:s\tmax_rss\tmean_load\n7.5\t0:00:07\t250.5\t97.1\n")


def actuation(output):
    """Arguments of calculate_actuation.py."""
    values = {"network-dir": NETWORK, "components": "tiny/components", "naming-scheme": NAMING}
    values |= {"target-currents": "tiny/target_currents.csv", "lgn-rates": "tiny/lgn_rates.csv"}
    return flags(values | {"background-rate-hz": 250, "output": output})


def lgn_rates(output):
    """Arguments of calculate_lgn_rates.py."""
    values = {"paradigm": f"paradigms/{PARADIGM}.json", "network-dir": NETWORK}
    return flags(values | {"spikes-dir": f"tiny/filternet_{PARADIGM}", "output": output})


def adjustment(factors, modulation):
    """Arguments of calculate_adjustment.py."""
    values = {"actuation": "tiny/actuation.csv", "target-currents": "tiny/target_currents.csv"}
    values |= {"node-types": f"{NETWORK}/v1_node_types.csv", "naming-scheme": NAMING}
    values |= {"lgn-currents": "tiny/lgn_currents.csv"}
    return flags(values | {"factors": factors, "modulation": modulation})


def target_fractions(output):
    """Arguments of calculate_target_fractions.py."""
    values = {"edges": f"{NETWORK}/v1_v1_edges.h5", "network-dir": NETWORK, "naming-scheme": NAMING}
    return flags(values | {"cell-weights": f"{METRICS}/cell_weights_plain.csv", "output": output})


def weight_distributions(output):
    """Arguments of calculate_weight_distributions.py."""
    values = {"edges": f"{NETWORK}/v1_v1_edges.h5", "network-dir": NETWORK, "naming-scheme": NAMING}
    return flags(values | {"output": output})


def suppression(cells, folder):
    """Arguments of calculate_suppression.py, with one run as both."""
    values = {"paradigm": f"paradigms/{PARADIGM}.json", "network-dir": NETWORK, "naming-scheme": NAMING}
    values |= {"node-set": cells, "baseline-dir": RUN, "perturbed-dir": RUN}
    table = f"{METRICS}/OSI_DSI_DF_plain.csv"
    values |= {"baseline-selectivity": table, "perturbed-selectivity": table}
    values |= {"cells": f"{folder}/suppressed_cells.csv", "types": f"{folder}/suppressed_types.csv"}
    return [*flags(values), "--perturbation", "strong", "100", "300"]


def _weights_as_text():
    """The recurrent edges in another order, as text with spaces and with commas."""
    with h5py.File(f"{NETWORK}/v1_v1_edges.h5") as h5:
        group = h5["edges/v1_to_v1"]
        names = ("source_node_id", "target_node_id")
        table = pd.DataFrame({name: group[name][()] for name in names} | {"syn_weight": group["0/syn_weight"][()]})
    table = table.sample(frac=1, random_state=1)
    table.to_csv("weights.csv", index=False)
    table.to_csv("weights.txt", sep=" ", index=False)
    shutil.copy(f"{NETWORK}/v1_v1_edges.h5", "weights.h5")
