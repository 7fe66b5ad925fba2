"""A paradigm's conditions, trials and analysis windows, as the workflow wrote them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

REQUIRED_KEYS = ("name", "duration_ms", "grey_ms", "windows_ms", "conditions")


def read_paradigm(path):
    """Read a paradigm and check what the analyses rely on.

    Parameters
    ----------
    path : path-like
        JSON file with the keys ``name``, ``duration_ms``, ``grey_ms``, ``windows_ms``, ``conditions``; each condition
        has a ``name``, its number of ``trials`` and its ``parameters``.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If the file is no JSON, lacks a key, has no condition or one without trials, or an analysis window leaves
        the recording.
    """
    try:
        paradigm = json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    missing = [key for key in REQUIRED_KEYS if key not in paradigm]
    if missing:
        raise ValueError(f"{path}: a paradigm needs the keys {', '.join(missing)}")
    if not paradigm["conditions"]:
        raise ValueError(f"{path}: a paradigm needs at least one condition")
    for number, entry in enumerate(paradigm["conditions"]):
        absent = [key for key in ("name", "trials", "parameters") if key not in entry]
        if absent:
            raise ValueError(f"{path}: conditions[{number}] has no {', '.join(absent)}")
        if not isinstance(entry["trials"], int) or entry["trials"] < 1:
            raise ValueError(f"{path}: condition {entry['name']} has {entry['trials']!r} trials, expected 1 or more")
    for name in paradigm["windows_ms"]:
        window(paradigm, name, path)
    return paradigm


def window(paradigm, name, source="paradigm"):
    """An analysis window in ms, (start, stop]: open on the left, closed on the right.

    Raises
    ------
    ValueError
        If the paradigm has no such window, or it is empty or outside the recording. `source` names the file.
    """
    if name not in paradigm["windows_ms"]:
        raise ValueError(f"{source}: windows_ms has no {name!r}, only {sorted(paradigm['windows_ms'])}")
    start, stop = paradigm["windows_ms"][name]
    if not 0 <= start < stop <= paradigm["duration_ms"]:
        span = f"0..{paradigm['duration_ms']} ms"
        raise ValueError(f"{source}: windows_ms {name!r} is {start}..{stop} ms; expected a span within {span}")
    return float(start), float(stop)


def condition_table(paradigm):
    """Conditions as a table.

    Returns
    -------
    DataFrame
        One row a condition in the paradigm's order: ``condition`` and a column for each parameter.
    """
    rows = [{"condition": entry["name"], **entry["parameters"]} for entry in paradigm["conditions"]]
    return pd.DataFrame(rows)


def directions_deg(paradigm):
    """Direction of motion in each condition, in [0, 360).

    Returns
    -------
    ndarray, shape (n_conditions,), deg

    Raises
    ------
    ValueError
        If a condition has no ``direction_deg`` or there are fewer than two directions: no selectivity is defined then.
    """
    name = paradigm["name"]
    without = [entry["name"] for entry in paradigm["conditions"] if "direction_deg" not in entry["parameters"]]
    if without:
        raise ValueError(f"paradigm {name}: condition {without[0]} has no direction_deg, so it has no selectivity")
    directions = np.array([entry["parameters"]["direction_deg"] for entry in paradigm["conditions"]], dtype=float) % 360
    if len(np.unique(directions)) < 2:
        raise ValueError(
            f"paradigm {name}: selectivity needs at least 2 directions, the conditions have only {directions[0]:g} deg"
        )
    return directions
