"""Paradigms in the config: their conditions, parameters and windows, and what each can serve."""

from analysis_shared.metrics.contrast_grid import contrast_grid
from analysis_shared.metrics.directions import LEAST_DIRECTIONS, covers_circle
from config_values import nearest
from render_paradigm import BLANK, conditions
from v1_model.stimulus_parameters import FRAME_RATE_HZ, check_parameters, parameter_faults, whole_frames

# Paradigms that rules name, by what their targets have in their paths.
NAMED = {"single": "output_", "grey_10s": "background_tuning"}


def expand_paradigms(config):
    """Add conditions and the raster's trial to each paradigm; returns lines about what is wrong with them."""
    faults = []
    for name, paradigm in config["paradigms"].items():
        where = f"paradigms.{name}"
        found = _parameter_faults(where, paradigm) + _time_faults(where, paradigm)
        try:
            paradigm["conditions"] = conditions(paradigm, config["condition_names"])
        except ValueError as error:
            faults += [*found, f"{where}: {error}"]
            continue
        found = found or _condition_faults(where, paradigm) + _window_faults(where, paradigm)
        faults += [*found, *_raster_faults(where, paradigm)]
        if name in NAMED and [entry["trials"] for entry in paradigm["conditions"]] != [1]:
            faults.append(f"{where}: expected one condition and one trial")
    return faults


def _parameter_faults(where, paradigm):
    found = parameter_faults(paradigm["stimulus"], paradigm["parameters"])
    return [f"{where}.parameters.{parameter}: {fault}" for parameter, fault in found]


def _time_faults(where, paradigm):
    """Lines about a grey screen that takes the whole trial, and about times that are no whole numbers of frames."""
    faults = []
    for key in ("grey_ms", "duration_ms"):
        try:
            whole_frames(paradigm[key], FRAME_RATE_HZ, key)
        except ValueError as error:
            faults.append(f"{where}: {error}")
    if paradigm["grey_ms"] >= paradigm["duration_ms"]:
        faults.append(f"{where}.grey_ms: found {paradigm['grey_ms']}, expected less than duration_ms")
    return faults


def _condition_faults(where, paradigm):
    """Lines about conditions of one name, and about values that do not go together."""
    names = [condition["name"] for condition in paradigm["conditions"]]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    faults = [f"{where}: values so close that two conditions are called {', '.join(twice)}"] if twice else []
    for condition in paradigm["conditions"]:
        shown = {key: 0 if value == "random" else value for key, value in condition["parameters"].items()}
        try:
            check_parameters(paradigm["stimulus"], {**shown, "grey_ms": paradigm["grey_ms"]})
        except ValueError as error:
            faults.append(f"{where}: {error}")
    return list(dict.fromkeys(faults))


def _raster_faults(where, paradigm):
    trials = {condition["name"]: condition["trials"] for condition in paradigm["conditions"]}
    shown = next((condition for condition in trials if condition != BLANK), BLANK)
    raster = paradigm.setdefault("raster", {"condition": shown, "trial": 0})
    condition, trial = raster["condition"], raster["trial"]
    if condition not in trials:
        return [f"{where}.raster.condition: found {condition!r}, {nearest(condition, trials)}"]
    if trial >= trials[condition]:
        return [f"{where}.raster.trial: found {trial}, expected less than {trials[condition]}, the trials"]
    return []


def _window_faults(where, paradigm):
    """Lines about analysis windows that leave the trial, or are not in the part of it that they are named after."""
    faults, grey, duration = [], paradigm["grey_ms"], paradigm["duration_ms"]
    windows = paradigm["windows_ms"]
    for window, (begin, end) in windows.items():
        if not begin < end <= duration:
            faults.append(f"{where}.windows_ms.{window}: found [{begin}, {end}], expected begin < end <= duration_ms")
    if faults or not paradigm["parameters"]:
        return faults
    if windows["evoked"][0] < grey:
        faults.append(f"{where}.windows_ms.evoked: found {windows['evoked']}, expected it after the grey ({grey} ms)")
    if windows["spontaneous"][1] > grey:
        found = f"found {windows['spontaneous']}, expected it in the grey screen ({grey} ms)"
        faults.append(f"{where}.windows_ms.spontaneous: {found}")
    return faults


# --- what a paradigm can serve -------------------------------------------------------------------------------------


def service_faults(config, networks):
    """Lines about paradigms that cannot give what networks use them for; `networks` are those the config itself has."""
    faults = []
    for key, fault_of in (("selectivity_paradigm", _selectivity_fault), ("contrast_paradigm", _contrast_fault)):
        for name in dict.fromkeys(config["networks"][network][key] for network in networks):
            paradigm = config["paradigms"][name]
            if fault := fault_of(name, paradigm):
                users = [network for network in networks if config["networks"][network][key] == name]
                more = f" (the same for {', '.join(users[1:])})" if users[1:] else ""
                faults.append(f"networks.{users[0]}.{key}: {fault}{more}")
    return faults


def _selectivity_fault(name, paradigm):
    shown = [entry["parameters"] for entry in paradigm["conditions"] if entry["parameters"].get("contrast") != 0]
    directions = sorted({entry["direction_deg"] % 360 for entry in shown if "direction_deg" in entry})
    if covers_circle(directions):
        return ""
    found = (
        f"directions of {', '.join(f'{direction:g}' for direction in directions)} deg" if directions else "no gratings"
    )
    return (
        f"paradigm {name} has {found}; OSI and DSI need {LEAST_DIRECTIONS} directions or more that balance each other, "
        "as 0, 90, 180, 270 do"
    )


def _contrast_fault(name, paradigm):
    try:
        contrast_grid({"name": name, "conditions": paradigm["conditions"]})
    except ValueError as error:
        return str(error)
    return ""
