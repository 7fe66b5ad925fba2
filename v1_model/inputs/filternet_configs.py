"""Reading the SONATA config of one LGN condition."""

from dataclasses import dataclass
from pathlib import Path

from bmtk.utils.sonata.config import SonataConfig

from v1_files.reading import read_json
from v1_model.stimuli import from_bmtk_input

_SECTIONS = {"manifest": dict, "run": dict, "networks": dict, "inputs": dict, "output": dict}
_KEYS = {"seed": int, "paradigm": str, "condition": str, "trials": list, "spikes_files": list}
# One of these: a file for the rates of the condition, or a phase for each trial, whose rates are not kept.
_RATES_KEYS = {"rates_file": str, "phases_deg": list}


@dataclass(frozen=True)
class FilternetRun:
    """One condition: what is shown to which cells, and where the results go.

    Attributes
    ----------
    nodes_file, node_types_file : str
    stimulus : str
    parameters : dict
        Of the stimulus, by our names.
    duration_ms : float
    seed : int
    paradigm, condition : str
    trials : list of int
    spikes_files : list of str
        One a trial.
    rates_file : str, optional
    phases_deg : list of float, optional
        Phase of the stimulus in each trial, in place of that in ``parameters``; then there is no ``rates_file``.
    """

    nodes_file: str
    node_types_file: str
    stimulus: str
    parameters: dict
    duration_ms: float
    seed: int
    paradigm: str
    condition: str
    trials: list
    spikes_files: list
    rates_file: str | None = None
    phases_deg: list | None = None


def read_filternet_config(path):
    """Read and check a config.

    Parameters
    ----------
    path : str or path-like
        A config that BMTK's FilterNet reads, with one movie under ``inputs`` and a section ``v1flow`` of ``seed``,
        ``paradigm``, ``condition``, ``trials``, ``spikes_files`` and either ``rates_file`` or ``phases_deg``.

    Returns
    -------
    FilternetRun
        With the manifest's variables resolved.

    Raises
    ------
    ValueError
        When the file is missing, not JSON, or a key is missing, unknown or of the wrong type.
    """
    path = Path(path)
    content = read_json(path)
    for name, kind in _SECTIONS.items():
        section = content.get(name, kind())
        if not isinstance(section, kind):
            raise ValueError(f"{path}: {name} must be of type {kind.__name__}, got {repr(section)[:60]}")
    try:
        config = SonataConfig.from_json(str(path))
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ValueError(f"{path}: BMTK cannot read it: {type(error).__name__}: {error}") from error
    section = _own_section(path, config)
    inputs = config.get("inputs", {})
    if len(inputs) != 1 or not all(isinstance(entry, dict) for entry in inputs.values()):
        raise ValueError(f"{path}: inputs must hold one stimulus, found {len(inputs)} entries")
    ((name, entry),) = inputs.items()
    try:
        stimulus, parameters = from_bmtk_input(entry, f"{path}: inputs/{name}")
    except ValueError as error:
        raise error if str(path) in str(error) else ValueError(f"{path}: inputs/{name}: {error}") from error
    nodes = config.get("networks", {}).get("nodes", [])
    duration_ms = config.get("run", {}).get("tstop")
    if not isinstance(nodes, list) or len(nodes) != 1 or not _names_files(nodes[0]):
        raise ValueError(f"{path}: networks/nodes must hold one nodes_file with its node_types_file")
    if type(duration_ms) not in (int, float) or duration_ms <= 0:
        raise ValueError(f"{path}: run/tstop must be a positive number (ms), got {duration_ms!r}")
    files = (nodes[0]["nodes_file"], nodes[0]["node_types_file"])
    return FilternetRun(*files, stimulus, parameters, float(duration_ms), **section)


def _names_files(entry):
    return isinstance(entry, dict) and all(isinstance(entry.get(key), str) for key in ("nodes_file", "node_types_file"))


def _own_section(path, config):
    section = config.get("v1flow")
    wanted = f"{', '.join(_KEYS)} and one of {', '.join(_RATES_KEYS)}"
    if not isinstance(section, dict):
        raise ValueError(f"{path}: v1flow must hold {wanted}, found {section}")
    rates_keys = set(section) & set(_RATES_KEYS)
    if set(section) - rates_keys != set(_KEYS) or len(rates_keys) != 1:
        raise ValueError(f"{path}: v1flow must hold {wanted}, found {', '.join(section)}")
    for key, value in section.items():
        kind = {**_KEYS, **_RATES_KEYS}[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ValueError(f"{path}: v1flow/{key} must be of type {kind.__name__}, got {value!r}")
    trials, files = section["trials"], section["spikes_files"]
    if not all(isinstance(file, str) for file in files) or not files:
        raise ValueError(f"{path}: v1flow/spikes_files must hold paths, one at least")
    if len(trials) != len(files) or len(set(files)) != len(files) or not all(type(trial) is int for trial in trials):
        raise ValueError(f"{path}: v1flow/spikes_files must name one file for each whole number in v1flow/trials")
    phases = section.get("phases_deg", [0.0] * len(trials))
    if len(phases) != len(trials) or not all(type(phase) in (int, float) for phase in phases):
        raise ValueError(f"{path}: v1flow/phases_deg must hold one number for each of v1flow/trials")
    return dict(section)
