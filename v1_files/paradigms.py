"""A paradigm's conditions, trials and analysis windows, as the workflow wrote them."""

import math
import re

import numpy as np
import pandas as pd

from v1_files.reading import read_json

REQUIRED_KEYS = ("name", "duration_ms", "grey_ms", "windows_ms", "conditions")
RANDOM = "random"
MOST_TRIALS = 100_000
# Names become parts of paths.
NAME = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)


def read_paradigm(path, simulated=False):
    """Read a paradigm and check what the analyses rely on.

    Parameters
    ----------
    path : path-like
        JSON file with the keys ``name``, ``duration_ms``, ``grey_ms``, ``windows_ms``, ``conditions``; each condition
        has a ``name``, its number of ``trials`` and its ``parameters``.
    simulated : bool
        Whether the definition may be that for simulations, without ``windows_ms``.

    Returns
    -------
    dict
        With the path in ``file``.

    Raises
    ------
    ValueError
        If the file is no JSON, lacks a key, has a value of the wrong kind, no condition, two of one name or one without
        trials, or an analysis window leaves the recording.
    """
    paradigm = read_json(path)
    if simulated:
        paradigm.setdefault("windows_ms", {})
    missing = [key for key in REQUIRED_KEYS if key not in paradigm]
    if missing:
        raise ValueError(f"{path}: a paradigm needs the keys {', '.join(missing)}")
    _expect(path, "name", paradigm["name"], _is_name(paradigm["name"]), "a name")
    stimulus = paradigm.get("stimulus", "")
    _expect(path, "stimulus", stimulus, isinstance(stimulus, str), "the name of a stimulus")
    duration_ms, grey_ms, windows = (paradigm[key] for key in ("duration_ms", "grey_ms", "windows_ms"))
    _expect(path, "duration_ms", duration_ms, _is_number(duration_ms) and duration_ms > 0, "a number above 0")
    _expect(path, "grey_ms", grey_ms, _is_number(grey_ms) and 0 <= grey_ms < duration_ms, "a number below duration_ms")
    _expect(path, "windows_ms", windows, isinstance(windows, dict), "windows by name")
    for name, span in windows.items():
        is_span = isinstance(span, list) and len(span) == 2 and all(map(_is_number, span))
        _expect(path, f"windows_ms.{name}", span, is_span, "[begin, end]")
        window(paradigm, name, path)
    _check_conditions(path, paradigm["conditions"])
    return paradigm | {"file": str(path)}


def called(paradigm):
    """What a paradigm is called in messages: its file, where it was read from one.

    Examples
    --------
    >>> called({"name": "two"}), called({"name": "two", "file": "paradigms/two.json"})
    ('paradigm two', 'paradigms/two.json')
    """
    return paradigm.get("file", f"paradigm {paradigm['name']}" if "name" in paradigm else "paradigm")


def _check_conditions(path, conditions):
    _expect(path, "conditions", conditions, isinstance(conditions, list) and conditions, "a list of conditions")
    for number, entry in enumerate(conditions):
        where = f"conditions[{number}]"
        _expect(path, where, entry, isinstance(entry, dict), "name, trials and parameters")
        absent = [key for key in ("name", "trials", "parameters") if key not in entry]
        if absent:
            raise ValueError(f"{path}: {where} has no {', '.join(absent)}")
        name, trials, parameters = entry["name"], entry["trials"], entry["parameters"]
        expected = f"a whole number from 1 to {MOST_TRIALS}"
        _expect(path, f"{where}.name", name, _is_name(name), "a name")
        _expect(path, f"{where}.trials", trials, type(trials) is int and 1 <= trials <= MOST_TRIALS, expected)
        _expect(path, f"{where}.parameters", parameters, isinstance(parameters, dict), "values by name")
        for key, value in parameters.items():
            is_value = _is_number(value) or value == RANDOM
            _expect(path, f"{where}.parameters.{key}", value, is_value, f"a number or {RANDOM}")
    names = [entry["name"] for entry in conditions]
    for name in names:
        _expect(path, "conditions", name, names.count(name) == 1, "each condition once")


def _expect(path, where, value, holds, expected):
    if not holds:
        raise ValueError(f"{path}: {where}: found {repr(value)[:60]}, expected {expected}")


def _is_name(value):
    return isinstance(value, str) and NAME.fullmatch(value)


def _is_number(value):
    return type(value) in (int, float) and math.isfinite(value)


def window(paradigm, name, source=None):
    """An analysis window in ms, (start, stop]: open on the left, closed on the right.

    Raises
    ------
    ValueError
        If the paradigm has no such window, or it is empty or outside the recording. `source` names the file, where the
        paradigm does not.
    """
    source = source or called(paradigm)
    if name not in paradigm["windows_ms"]:
        raise ValueError(f"{source}: windows_ms has no {name!r}, only {sorted(paradigm['windows_ms'])}")
    start, stop = paradigm["windows_ms"][name]
    if not 0 <= start < stop <= paradigm["duration_ms"]:
        span = f"0..{paradigm['duration_ms']} ms"
        raise ValueError(f"{source}: windows_ms {name!r} is {start}..{stop} ms; expected a span within {span}")
    return float(start), float(stop)


def windows_while_perturbed(paradigm, perturbation, source="paradigm"):
    """The parts of the analysis windows in which a perturbation lasts, what its effect is measured in.

    Parameters
    ----------
    paradigm : dict
    perturbation : sequence
        Name, begin and end (ms, number or text).
    source : path-like
        Names the paradigm's file.

    Returns
    -------
    dict
        ``(begin, end)`` in ms by window, of the windows that the perturbation touches.

    Raises
    ------
    ValueError
        If it does not touch the evoked window.

    Examples
    --------
    >>> made_up = {"duration_ms": 300, "windows_ms": {"evoked": [100, 300], "spontaneous": [0, 100]}}
    >>> windows_while_perturbed(made_up, ("pv_late", 150, 400))
    {'evoked': (150.0, 300.0)}
    """
    label, first, last = perturbation[0], *map(float, perturbation[1:])
    found = {}
    for name in paradigm["windows_ms"]:
        begin, end = window(paradigm, name, source)
        if max(begin, first) < min(end, last):
            found[name] = (max(begin, first), min(end, last))
    if "evoked" not in found:
        begin, end = window(paradigm, "evoked", source)
        raise ValueError(
            f"perturbation {label}: window_ms [{first:g}, {last:g}] has no part of the evoked window "
            f"[{begin:g}, {end:g}] of {source}, so its effect cannot be measured"
        )
    return found


def condition_table(paradigm):
    """Conditions as a table.

    Returns
    -------
    DataFrame
        One row a condition in the paradigm's order: ``condition`` and a column for each parameter.
    """
    rows = [{"condition": entry["name"], **entry["parameters"]} for entry in paradigm["conditions"]]
    return pd.DataFrame(rows)


def has_direction(condition):
    """Whether a condition shows something that moves: it has a direction, and a contrast other than 0.

    Examples
    --------
    >>> blank = {"name": "blank", "parameters": {"contrast": 0, "direction_deg": 0}}
    >>> has_direction(blank), has_direction({"name": "a", "parameters": {"direction_deg": 0}})
    (False, True)
    """
    parameters = condition["parameters"]
    return "direction_deg" in parameters and parameters.get("contrast") != 0


def with_direction(paradigm):
    """The paradigm without blanks and other conditions that have no direction."""
    return paradigm | {"conditions": [entry for entry in paradigm["conditions"] if has_direction(entry)]}


def directions_deg(paradigm):
    """Direction of motion in each condition, in [0, 360); NaN in blanks and where there is none.

    Returns
    -------
    ndarray, shape (n_conditions,), deg

    Raises
    ------
    ValueError
        If there are fewer than two directions: no selectivity is defined then.
    """
    conditions = paradigm["conditions"]
    directions = np.array(
        [entry["parameters"]["direction_deg"] % 360 if has_direction(entry) else np.nan for entry in conditions],
        dtype=float,
    )
    found = np.unique(directions[~np.isnan(directions)])
    if len(found) < 2:
        only = f"only {found[0]:g} deg" if len(found) else "none"
        raise ValueError(f"{called(paradigm)}: selectivity needs at least 2 directions, the conditions have {only}")
    return directions


def places_with_direction(paradigm: dict) -> list[int]:
    """Places of the conditions that have a direction.

    Raises
    ------
    ValueError
        If they differ in their number of trials.
    """
    places = [place for place, condition in enumerate(paradigm["conditions"]) if has_direction(condition)]
    trials = {paradigm["conditions"][place]["trials"] for place in places}
    if len(trials) > 1:
        raise ValueError(f"{called(paradigm)}: conditions differ in their trials, {sorted(trials)}")
    return places


def direction_strata(paradigm):
    """Which conditions differ in nothing but their direction.

    Returns
    -------
    ndarray of int, shape (n_conditions,)
        The same number for conditions whose other parameters are equal, from 0 in order of appearance.

    Examples
    --------
    >>> shown = [(0, 0.1), (90, 0.1), (0, 0.8), (90, 0.8)]
    >>> parameters = [{"direction_deg": direction, "contrast": contrast} for direction, contrast in shown]
    >>> direction_strata({"conditions": [{"parameters": entry} for entry in parameters]}).tolist()
    [0, 0, 1, 1]
    """
    others = [
        tuple(sorted((key, value) for key, value in entry["parameters"].items() if key != "direction_deg"))
        for entry in paradigm["conditions"]
    ]
    found = list(dict.fromkeys(others))
    return np.array([found.index(other) for other in others], dtype=int)
