"""Write a paradigm's definition: its stimulus, conditions, trials and, where they are given, analysis windows.

All stages have conditions and trials from this definition, simulations from one without windows. A stimulus parameter
with one value is fixed, one with a list is varied, and the conditions are all combinations, the last parameter fastest.
Blanks, where there are any, come first, as one condition of contrast 0 with its own number of trials. A phase that is
`random` is drawn for each trial, from the seed of the network.
"""

import argparse
import itertools
import json
from pathlib import Path

from v1_files import command_line
from v1_files.files import whole_file

COPIED = ("stimulus", "duration_ms", "grey_ms", "windows_ms")
BLANK = "blank"
GREY = "grey"


def condition_name(varied, short_names):
    """Name of a condition from the values of the varied parameters.

    Parameters
    ----------
    varied : dict
        Value of each varied parameter, in the order of the name.
    short_names : dict
        Short name of each parameter.

    Raises
    ------
    ValueError
        When a varied parameter has no short name.

    Examples
    --------
    >>> names = {"direction_deg": "angle", "spatial_frequency_cpd": "sf"}
    >>> condition_name({"direction_deg": 45.0, "spatial_frequency_cpd": 0.04}, names)
    'angle45_sf0.04'
    """
    unnamed = [parameter for parameter in varied if parameter not in short_names]
    if unnamed:
        raise ValueError(f"condition_names: no short name for the varied parameter {unnamed[0]}")
    return "_".join(f"{short_names[parameter]}{value:.12g}" for parameter, value in varied.items())


def conditions(paradigm, short_names):
    """All combinations of the varied parameters, each with its name, its trials and complete parameters.

    Parameters
    ----------
    paradigm : dict
        The paradigm's entry in the config: ``parameters`` (one value, fixed, or a list, varied, for each stimulus
        parameter), ``trials``, and ``blanks``, the number of trials of the blank condition.
    short_names : dict
        Short name of each parameter.

    Returns
    -------
    list of dict
        ``{"name": str, "trials": int, "parameters": {parameter: value}}``.

    Raises
    ------
    ValueError
        When no parameter is varied, a varied one has no short name, or a stimulus without contrast has blanks.

    Examples
    --------
    >>> gratings = {"parameters": {"direction_deg": [0, 90], "contrast": 0.8}, "trials": 10, "blanks": 30}
    >>> [(c["name"], c["trials"]) for c in conditions(gratings, {"direction_deg": "angle"})]
    [('blank', 30), ('angle0', 10), ('angle90', 10)]
    """
    parameters, trials = paradigm["parameters"], paradigm["trials"]
    varied = [parameter for parameter, value in parameters.items() if isinstance(value, list)]
    if not parameters:
        return [{"name": GREY, "trials": trials, "parameters": {}}]
    if not varied:
        raise ValueError("parameters: none is a list, so the conditions have no name; write one value as [value]")
    found = [_blank(paradigm, varied)] if paradigm.get("blanks") else []
    for values in itertools.product(*(parameters[parameter] for parameter in varied)):
        chosen = dict(zip(varied, values, strict=True))
        name = condition_name(chosen, short_names)
        found.append({"name": name, "trials": trials, "parameters": {**parameters, **chosen}})
    return found


def _blank(paradigm, varied):
    """The blank condition: no contrast, and for the parameters that then mean nothing the first value."""
    parameters = paradigm["parameters"]
    if "contrast" not in parameters:
        raise ValueError("blanks: the stimulus has no contrast that could be 0")
    shown = {**parameters, **{parameter: parameters[parameter][0] for parameter in varied}, "contrast": 0}
    if shown.get("phase_deg") == "random":
        shown["phase_deg"] = 0
    return {"name": BLANK, "trials": paradigm["blanks"], "parameters": shown}


def definition(name, paradigm, short_names):
    """Content of ``paradigms/{name}.json`` from the paradigm's entry in the config (dict)."""
    copied = {key: paradigm[key] for key in COPIED if key in paradigm}
    return {"name": name, **copied, "conditions": conditions(paradigm, short_names)}


def parser():
    """Arguments of the script."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--name", required=True, help="name of the paradigm")
    p.add_argument("--definition", required=True, type=json.loads, help="its entry in the config, as JSON")
    p.add_argument("--condition-names", required=True, type=json.loads, help="short names of the parameters, as JSON")
    p.add_argument("--output", required=True, type=Path)
    return p


def main(argv=None):
    """Parse, expand, write."""
    a = parser().parse_args(argv)
    with whole_file(a.output) as path:
        path.write_text(json.dumps(definition(a.name, a.definition, a.condition_names), indent=2) + "\n")


if __name__ == "__main__":
    command_line.run(main)
