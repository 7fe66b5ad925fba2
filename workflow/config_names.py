"""Names in the config: what may be one, and whether what they stand for exists."""

import re

from config_values import nearest, where

SECTIONS = ("networks", "options", "paradigms", "perturbations", "perturbation_groups")
# How tables write what is no text.
NO_TEXT = ("true", "false", "na", "nan", "null", "none")
# Folders of results, by the first part of their names.
FOLDERS = {
    "output": "the runs of the paradigm single",
    "filternet": "the spikes of the LGN",
    "bkg": "the spikes of the background",
}
# `a_vs_b` are two options side by side in a figure.
BESIDE = "vs"


def key_faults(value, path=()):
    """Lines about keys of a config that are no text."""
    if isinstance(value, list):
        return [fault for i, part in enumerate(value) for fault in key_faults(part, (*path, i))]
    if not isinstance(value, dict):
        return []
    faults = [
        f"{where(path)}: found the name {key!r}, expected text: YAML reads off, no, yes and on as truth values and 010 "
        "as 8 unless they stand in quotes"
        for key in value
        if not isinstance(key, str)
    ]
    return faults + [fault for key, part in value.items() for fault in key_faults(part, (*path, key))]


def name_faults(config):
    """Lines about names that tables would read as something else, or that have a meaning in file names already."""
    faults = []
    for section in SECTIONS:
        for name in config[section]:
            if _reads_as_number(name) or name.lower() in NO_TEXT:
                faults.append(f"{section}.{name}: the name reads as a number or as no text in tables; choose another")
            elif section in ("options", "perturbations") and BESIDE in name.split("_"):
                faults.append(f"{section}.{name}: a_vs_b is the name of two options side by side; choose another")
    for name in FOLDERS.keys() & config["paradigms"].keys():
        folder = f"{{network}}/{name}_..."
        faults.append(f"paradigms.{name}: {folder} are the folders of {FOLDERS[name]}; choose another name")
    return faults


def _reads_as_number(name):
    """Whether Python, and with it a table's reader, takes a name for a number.

    >>> [name for name in ("1_0", "inf", "2024", "1e3", "8dir", "tiny") if _reads_as_number(name)]
    ['1_0', 'inf', '2024', '1e3']
    """
    try:
        float(name)
    except ValueError:
        return bool(re.fullmatch(r"0[xXoObB][0-9a-fA-F]+", name))
    return True


def unknown_names(config, networks):
    """Lines about names that must be defined elsewhere in the config; `networks` are those it has itself."""
    kinds = {"networks": "pools", "options": "options", "perturbation_groups": "perturbation_groups"}
    uses = [(f"make.{key}", name, kind) for key, kind in kinds.items() for name in config["make"][key]]
    for name in networks:
        for key in ("selectivity_paradigm", "contrast_paradigm"):
            uses.append((f"networks.{name}.{key}", config["networks"][name][key], "paradigms"))
    for group, names in config["perturbation_groups"].items():
        uses += [(f"perturbation_groups.{group}", name, "perturbations") for name in names]
    # The runs of `single` lie in a folder of their own, so it has no tables.
    known = {**config, "paradigms": [name for name in config["paradigms"] if name != "single"]}
    unknown = [use for use in uses if use[1] not in known[use[2]]]
    return [f"{at}: found {name!r}, {nearest(name, known[kind])}" for at, name, kind in unknown]
