"""Reading the SONATA config of one LGN condition."""

from dataclasses import dataclass
from pathlib import Path

from bmtk.utils.sonata.config import SonataConfig

from v1_model.stimuli import from_bmtk_input

_KEYS = {"seed": int, "paradigm": str, "condition": str, "trials": list, "rates_file": str, "spikes_files": list}


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
    rates_file : str
    spikes_files : list of str
        One a trial.
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
    rates_file: str
    spikes_files: list


def read_filternet_config(path):
    """Read and check a config.

    Parameters
    ----------
    path : str or path-like
        A config that BMTK's FilterNet reads, with one movie under ``inputs`` and a section ``v1flow`` of ``seed``,
        ``paradigm``, ``condition``, ``trials``, ``rates_file`` and ``spikes_files``.

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
    if not path.is_file():
        raise ValueError(f"{path}: no such config")
    try:
        config = SonataConfig.from_json(str(path))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    section = _own_section(path, config)
    inputs = config.get("inputs", {})
    if len(inputs) != 1:
        raise ValueError(f"{path}: inputs must hold one stimulus, found {len(inputs)}")
    ((name, entry),) = inputs.items()
    stimulus, parameters = from_bmtk_input(entry, f"{path}: inputs/{name}")
    nodes = config.get("networks", {}).get("nodes", [])
    duration_ms = config.get("run", {}).get("tstop")
    if len(nodes) != 1 or not {"nodes_file", "node_types_file"} <= set(nodes[0]):
        raise ValueError(f"{path}: networks/nodes must hold one nodes_file with its node_types_file")
    if not isinstance(duration_ms, (int, float)) or duration_ms <= 0:
        raise ValueError(f"{path}: run/tstop must be a positive number (ms), got {duration_ms!r}")
    files = (nodes[0]["nodes_file"], nodes[0]["node_types_file"])
    return FilternetRun(*files, stimulus, parameters, float(duration_ms), **section)


def _own_section(path, config):
    section = config.get("v1flow")
    if not isinstance(section, dict) or set(section) != set(_KEYS):
        found = ", ".join(section) if isinstance(section, dict) else section
        raise ValueError(f"{path}: v1flow must hold {', '.join(_KEYS)}, found {found}")
    for key, kind in _KEYS.items():
        if not isinstance(section[key], kind) or isinstance(section[key], bool):
            raise ValueError(f"{path}: v1flow/{key} must be of type {kind.__name__}, got {section[key]!r}")
    trials, files = section["trials"], section["spikes_files"]
    if len(trials) != len(files) or len(set(files)) != len(files) or not all(type(trial) is int for trial in trials):
        raise ValueError(f"{path}: v1flow/spikes_files must name one file for each whole number in v1flow/trials")
    return dict(section)
