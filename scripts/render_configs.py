"""Write the SONATA configs of a paradigm from a template: one a condition for the LGN, one a trial for V1.

A template names all paths, with {paradigm}, {condition}, {trial} and the like where configs differ; this script fills
those in, and sets the duration, the stimulus, the seed and the trials. Paths lead through the manifest back to the
config's own folder, so that a folder of results can be moved.
"""

import argparse
import json
import re
from pathlib import Path

import jsonschema
import yaml

from analysis_shared.cells.node_sets import POPULATION, read_node_set
from v1_files import command_line
from v1_files.files import whole_file
from v1_files.paradigms import read_paradigm
from v1_files.random_streams import generator
from v1_files.reading import read_json
from v1_model.stimuli import bmtk_input

FIELD = re.compile(r"(?<!\$)\{(\w+)\}")
SECTIONS = {"lgn": ("run", "v1flow"), "v1": ("run", "inputs")}
RANDOM = "random"
PHASE_PURPOSE = "phase"
NODE_IDS = "<node ids>"


def filled(part, fields):
    """A template, or a part of it, with the fields in its strings filled in.

    Parameters
    ----------
    part : dict, list, str or other JSON value
    fields : dict
        Value of each field; ``${configdir}`` is a variable, not a field.

    Examples
    --------
    >>> filled({"$OUT": "${configdir}/{condition}", "dt": 0.25}, {"condition": "angle45"})
    {'$OUT': '${configdir}/angle45', 'dt': 0.25}
    """
    if isinstance(part, dict):
        return {key: filled(value, fields) for key, value in part.items()}
    if isinstance(part, list):
        return [filled(value, fields) for value in part]
    if not isinstance(part, str):
        return part
    return FIELD.sub(lambda found: str(fields.get(found[1], found[0])), part)


def lgn_configs(template, paradigm, seed):
    """Configs of the LGN by file name.

    Parameters
    ----------
    template : dict
    paradigm : dict
        Content of the paradigm's definition.
    seed : int
        Seed of the network.

    Returns
    -------
    dict of str to dict
    """
    configs = {}
    for condition in paradigm["conditions"]:
        fields = {"paradigm": paradigm["name"], "condition": condition["name"]}
        numbers = list(range(condition["trials"]))
        config = filled(template, fields)
        [spikes_file] = config["v1flow"]["spikes_files"]
        config["run"]["tstop"] = float(paradigm["duration_ms"])
        shown = {**condition["parameters"], "grey_ms": paradigm["grey_ms"]}
        spikes_files = [filled(spikes_file, {"trial": trial}) for trial in numbers]
        config["v1flow"] |= {"seed": seed, "trials": numbers, "spikes_files": spikes_files}
        if shown.get("phase_deg") == RANDOM:
            phases = [trial_phase_deg(seed, paradigm["name"], condition["name"], trial) for trial in numbers]
            shown["phase_deg"] = phases[0]
            del config["v1flow"]["rates_file"]
            config["v1flow"]["phases_deg"] = phases
        config["inputs"] = {"stimulus": bmtk_input(paradigm.get("stimulus"), shown)}
        configs[f"filternet_{condition['name']}.json"] = config
    return configs


def trial_phase_deg(seed, paradigm, condition, trial):
    """Phase of a trial whose phase is random: uniform in [0, 360) deg, a function of the arguments.

    Examples
    --------
    >>> trial_phase_deg(153, "contrasts", "angle0_contrast0.8", 0) == trial_phase_deg(
    ...     153, "contrasts", "angle0_contrast0.8", 1
    ... )
    False
    """
    return round(float(generator(seed, PHASE_PURPOSE, paradigm, condition, trial).uniform(0, 360)), 6)


def current_clamp(perturbation, node_set):
    """A perturbation as an entry of ``inputs``: a current into the cells of a node set.

    Parameters
    ----------
    perturbation : dict
        ``current_pa`` and ``window_ms`` (begin, end).
    node_set : dict
        Content of the node set's file.
    """
    begin, end = perturbation["window_ms"]
    cells = {"population": node_set["population"], "node_id": node_set["node_id"]}
    clamp = {"input_type": "current_clamp", "module": "IClamp", "node_set": cells}
    return {**clamp, "amp": float(perturbation["current_pa"]), "delay": float(begin), "duration": float(end - begin)}


def v1_configs(template, paradigm, v1_edges, background_edges, run_folder, clamp=None):
    """Configs of V1 by file name.

    Parameters
    ----------
    template : dict
    paradigm : dict
        Content of the paradigm's definition.
    v1_edges, background_edges : str
        File names inside the network folder.
    run_folder : str
        Folder of a trial's output inside the network's folder, with {condition} and {trial} where trials differ.
    clamp : dict, optional
        Further entry of ``inputs``, named ``perturbation``.

    Returns
    -------
    dict of str to dict
    """
    configs = {}
    for condition in paradigm["conditions"]:
        for trial in range(condition["trials"]):
            fields = {"paradigm": paradigm["name"], "condition": condition["name"], "trial": trial}
            folder = filled(run_folder, fields)
            edges = {"v1_edges": v1_edges, "background_edges": background_edges}
            config = filled(template, {**fields, **edges, "run_folder": folder})
            config["run"]["tstop"] = float(paradigm["duration_ms"])
            if clamp:
                config["inputs"]["perturbation"] = clamp
            configs[f"{condition['name']}_trial{trial}.json"] = config
    return configs


def write_configs(folder, configs, schema):
    """Write configs that the schema accepts.

    Raises
    ------
    ValueError
        Naming the config and the key at fault; then nothing is written.
    """
    validator = jsonschema.Draft202012Validator(schema)
    for name, config in configs.items():
        for error in validator.iter_errors(config):
            raise ValueError(f"{folder / name}: {'/'.join(map(str, error.absolute_path))}: {error.message}")
    for name, config in configs.items():
        with whole_file(folder / name) as path:
            path.write_text(as_text(config))


def as_text(config):
    """A config as JSON, the node ids of a perturbation on one line."""
    perturbation = config["inputs"].get("perturbation")
    if perturbation is None:
        return json.dumps(config, indent=2) + "\n"
    marked = {**perturbation, "node_set": {**perturbation["node_set"], "node_id": NODE_IDS}}
    text = json.dumps({**config, "inputs": {**config["inputs"], "perturbation": marked}}, indent=2) + "\n"
    return text.replace(f'"{NODE_IDS}"', json.dumps(perturbation["node_set"]["node_id"]))


def read_perturbation(perturbation, path, paradigm):
    """A perturbation's current clamp, with the cells of a node-set file.

    Raises
    ------
    ValueError
        When the file is no node set or has no cells, or the window leaves the paradigm's trial.
    """
    ids = read_node_set(path)
    if not len(ids):
        raise ValueError(f"{path}: the node set is empty: the network has no such cells")
    begin, end = perturbation["window_ms"]
    if end > paradigm["duration_ms"]:
        length = f"{paradigm['duration_ms']} ms of {paradigm['name']}"
        raise ValueError(f"perturbation window_ms: [{begin}, {end}] ends after the {length}")
    return current_clamp(perturbation, {"population": POPULATION, "node_id": ids.tolist()})


def _list(value):
    return value if isinstance(value, list) else []


def parser():
    """Arguments of the script."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    engines = p.add_subparsers(dest="engine", required=True)
    lgn = engines.add_parser("lgn", help="configs for run_filternet.py")
    v1 = engines.add_parser("v1", help="configs for run_pointnet.py")
    for engine in (lgn, v1):
        engine.add_argument("--template", required=True, type=Path, help="SONATA config with fields in its manifest")
        engine.add_argument("--schema", required=True, type=Path, help="JSON Schema (YAML) of the configs")
        engine.add_argument("--paradigm", required=True, type=Path, help="definition of the paradigm (JSON)")
        engine.add_argument("--output-dir", required=True, type=Path, help="folder of the configs")
    lgn.add_argument("--seed", required=True, type=int, help="seed of the network")
    v1.add_argument("--v1-edges", required=True, help="file name of the recurrent edges")
    v1.add_argument("--background-edges", required=True, help="file name of the background edges")
    v1.add_argument("--run-folder", required=True, help="a trial's folder, with {condition} and {trial}")
    v1.add_argument("--perturbation", type=json.loads, help="current_pa and window_ms of a current clamp, as JSON")
    v1.add_argument("--node-set", type=Path, help="node set (JSON) that the current goes to")
    return p


def main(argv=None):
    """Parse, render, check, write."""
    a = parser().parse_args(argv)
    template, paradigm = read_json(a.template), read_paradigm(a.paradigm, simulated=True)
    for key in SECTIONS[a.engine]:
        if not isinstance(template.get(key), dict):
            raise ValueError(f"{a.template}: the section {key} is missing")
    if a.engine == "lgn":
        files = [template["v1flow"].get("rates_file"), *_list(template["v1flow"].get("spikes_files"))]
        if len(files) != 2 or not all(isinstance(file, str) for file in files):
            raise ValueError(f"{a.template}: v1flow: rates_file and a list spikes_files of one path expected")
        try:
            configs = lgn_configs(template, paradigm, a.seed)
        except ValueError as error:
            raise ValueError(f"{a.paradigm}: {error}") from error
    else:
        if (a.perturbation is None) != (a.node_set is None):
            raise ValueError("--perturbation and --node-set go together")
        clamp = read_perturbation(a.perturbation, a.node_set, paradigm) if a.perturbation else None
        configs = v1_configs(template, paradigm, a.v1_edges, a.background_edges, a.run_folder, clamp)
    write_configs(a.output_dir, configs, yaml.safe_load(a.schema.read_text()))


if __name__ == "__main__":
    command_line.run(main)
