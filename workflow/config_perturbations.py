"""Perturbations in the config: their cells, and when their current flows in the paradigms that they can run with."""

import json
import math
from functools import cache
from pathlib import Path

from analysis_shared.cells.node_set_names import parse_node_set

ENGINE = Path(__file__).resolve().parents[1] / "config_templates" / "pointnet.json"
FIRST_MS = 1
"""A current cannot begin with the first time step."""


@cache
def time_step_ms():
    """Time step of the simulations of V1 (ms)."""
    return json.loads(ENGINE.read_text())["run"]["dt"]


def perturbation_window(perturbation, paradigm):
    """When a perturbation's current flows in a paradigm's trials, [begin, end] in ms: its window, or the whole trial.

    >>> perturbation_window({}, {"duration_ms": 400}), perturbation_window({"window_ms": [5, 9]}, {"duration_ms": 400})
    ([1, 400], [5, 9])
    """
    return perturbation.get("window_ms", [FIRST_MS, paradigm["duration_ms"]])


def perturbation_faults(config, networks):
    """Lines about node sets that do not exist and windows that do not fit; `networks` are those the config itself has.

    Windows must fit the paradigms behind the tables of the networks: in others nothing is measured.
    """
    faults, keys = [], ("selectivity_paradigm", "contrast_paradigm")
    measured = dict.fromkeys(config["networks"][network][key] for network in networks for key in keys)
    paradigms = {name: config["paradigms"][name] for name in measured}
    for name, perturbation in config["perturbations"].items():
        where = f"perturbations.{name}"
        try:
            parse_node_set(perturbation["node_set"])
        except ValueError as error:
            faults.append(f"{where}.node_set: {error}")
        faults += [f"{where}.window_ms: {fault}" for fault in _window_faults(perturbation, paradigms)]
    return faults


def _window_faults(perturbation, paradigms):
    begin, end = perturbation.get("window_ms", (0, math.inf))
    found, step = f"found [{begin}, {end}]", time_step_ms()
    if not begin < end:
        return [f"{found}, expected begin < end"]
    if "window_ms" in perturbation and any(not math.isclose(t / step, round(t / step)) for t in (begin, end)):
        return [f"{found}, expected multiples of the time step, {step:g} ms"]
    faults = {"expected it to end with the trial at the latest": [], "expected it to meet the evoked window": []}
    late, apart = faults.values()
    for name, paradigm in paradigms.items():
        begin, end = perturbation_window(perturbation, paradigm)
        evoked = paradigm["windows_ms"]["evoked"]
        if end > paradigm["duration_ms"]:
            late.append(f"{name} ({paradigm['duration_ms']} ms)")
        elif max(begin, evoked[0]) >= min(end, evoked[1]):
            apart.append(f"{name} ({evoked})")
    return [
        f"{found}, {expected}; this fails for paradigm {', '.join(names)}"
        for expected, names in faults.items()
        if names
    ]
