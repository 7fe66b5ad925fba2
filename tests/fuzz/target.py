"""A reader or script, the file that is mutated, and what the reader needs of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from analysis_shared.cells.nodes import read_naming_scheme
from fuzz import corpus
from fuzz.corpus import METRICS, NAMING, NETWORK, RUN, SEEDS
from small_runs import (
    PARADIGM,
    REPOSITORY,
)
from v1_model.engines.configs import check_inputs, check_network, read_populations, read_trials

NODES, NODE_TYPES, EDGES = f"{NETWORK}/v1_nodes.h5", f"{NETWORK}/v1_node_types.csv", f"{NETWORK}/v1_v1_edges.h5"
TRIAL, LGN_TRIAL = f"{RUN}/angle0_trial1/spikes.h5", f"tiny/filternet_{PARADIGM}/angle0_trial1/spikes.h5"
WEIGHTS, SELECTIVITY = f"{METRICS}/cell_weights_plain.csv", f"{METRICS}/OSI_DSI_DF_plain.csv"
PARADIGM_FILE, BOOK = f"paradigms/{PARADIGM}.json", f"{SEEDS}/V1model_seed_file.xlsx"
SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
ENGINE_TRIAL = f"tiny/filternet_{PARADIGM}/angle0_trial0/spikes.h5"
POINTNET = f"tiny/configs/{PARADIGM}_plain/angle0_trial0.json"
OUT = Path("out")
N_NODES = 380


@dataclass(frozen=True)
class Target:
    """A reader and its input.

    Attributes
    ----------
    name, kind : str
    file : str
        The input that is mutated, below the folder of inputs.
    read : callable
        Reads it; what it returns is compared with what it returns for the sound file.
    fields : dict of str to str
        Columns, datasets, arrays or keys that it needs, and what they hold (``effects.FAULTY_TEXT``).
    optional : tuple of str
        Such that it uses where they are there.
    rows : str
        ``all`` where no row may be missing, ``some`` where one is needed.
    key : bool
        Whether a row may not be there twice.
    closed : bool
        Whether other columns have a meaning, too, or are refused.
    separator : str
    optional_file : bool
        Whether there may be no such file, or an empty one.
    others : tuple of str
        Names in a message that will do instead of the file's: what it was found not to agree with.
    """

    name: str
    kind: str
    file: str
    read: Callable
    fields: dict = field(default_factory=dict)
    optional: tuple = ()
    rows: str = ""
    key: bool = False
    closed: bool = False
    separator: str = " "
    optional_file: bool = False
    others: tuple = ()


def script(command, *outputs):
    """Reader that runs a script and returns what it wrote below ``out``."""
    name, *arguments = map(str, command)

    def read():
        corpus.run_script(name, *arguments)
        return {path: Path(path).read_bytes() for path in outputs}

    return read


def redirected(command, **options):
    """A command with other values of some options."""
    command = list(map(str, command))
    for name, value in options.items():
        command[command.index(f"--{name.replace('_', '-')}") + 1] = str(value)
    return command


def naming():
    return read_naming_scheme(NAMING)


def engine():
    """What is read and checked of a trial and its network before NEST is touched."""
    (trial,) = read_trials([POINTNET])
    tables = read_populations(trial.config)
    check_network(trial.config, tables)
    check_inputs(trial, tables)
    return {name: (table.types, table.sign) for name, table in tables.items()}


def plain(value):
    """A result as nested tuples of plain values, so that two can be compared."""
    if isinstance(value, pd.DataFrame):
        return (
            "table",
            list(map(str, value.columns)),
            [plain(value[c].to_numpy()) for c in value],
            plain(value.index.to_numpy()),
        )
    if isinstance(value, np.ndarray):
        return (value.shape, str(value.tolist()) if value.dtype.kind in "OUST" else value.astype(float).tobytes())
    if isinstance(value, dict):
        return [(str(key), plain(part)) for key, part in value.items()]
    if isinstance(value, list | tuple | set):
        return [plain(part) for part in value]
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return [(key, plain(part)) for key, part in vars(value).items()]
    return value if isinstance(value, bytes) else repr(value)
