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

import command_line
from v1_model.files import whole_file
from v1_model.stimuli import bmtk_input

FIELD = re.compile(r"(?<!\$)\{(\w+)\}")


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
    configs, numbers = {}, list(range(paradigm["trials"]))
    for condition in paradigm["conditions"]:
        fields = {"paradigm": paradigm["name"], "condition": condition["name"]}
        config = filled(template, fields)
        [spikes_file] = config["v1flow"]["spikes_files"]
        config["run"]["tstop"] = float(paradigm["duration_ms"])
        shown = {**condition["parameters"], "grey_ms": paradigm["grey_ms"]}
        config["inputs"] = {"stimulus": bmtk_input(paradigm["stimulus"], shown)}
        spikes_files = [filled(spikes_file, {"trial": trial}) for trial in numbers]
        config["v1flow"] |= {"seed": seed, "trials": numbers, "spikes_files": spikes_files}
        configs[f"filternet_{condition['name']}.json"] = config
    return configs


def v1_configs(template, paradigm, v1_edges, background_edges, run_folder):
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

    Returns
    -------
    dict of str to dict
    """
    configs = {}
    for condition in paradigm["conditions"]:
        for trial in range(paradigm["trials"]):
            fields = {"paradigm": paradigm["name"], "condition": condition["name"], "trial": trial}
            folder = filled(run_folder, fields)
            edges = {"v1_edges": v1_edges, "background_edges": background_edges}
            config = filled(template, {**fields, **edges, "run_folder": folder})
            config["run"]["tstop"] = float(paradigm["duration_ms"])
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
            path.write_text(json.dumps(config, indent=2) + "\n")


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
    return p


def main(argv=None):
    """Parse, render, check, write."""
    a = parser().parse_args(argv)
    template, paradigm = json.loads(a.template.read_text()), json.loads(a.paradigm.read_text())
    if a.engine == "lgn":
        configs = lgn_configs(template, paradigm, a.seed)
    else:
        configs = v1_configs(template, paradigm, a.v1_edges, a.background_edges, a.run_folder)
    write_configs(a.output_dir, configs, yaml.safe_load(a.schema.read_text()))


if __name__ == "__main__":
    command_line.run(main)
