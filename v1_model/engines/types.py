"""Tables of node and edge types, checked for all that NEST would refuse, before it is started."""

from v1_files.reading import WHOLE_NUMBERS, child_groups, open_hdf5, read_table
from v1_model.engines.parameters import check_cell_parameters, check_synapse_parameters, component_file

MODEL_TYPES = ("virtual", "point_neuron", "point_process", "point_soma")
LARGEST_DELAY_MS = 1000.0
"""A slip of the unit, surely; and each cell keeps a number for every time step of the longest delay."""
BLOCK_EDGES = 1 << 18
_BY_FUNCTION = ("weight_function", "model_processing")


def check_types(config, edges):
    """Raise ValueError for tables of node and edge types, and parameter files, that NEST could not take.

    Parameters
    ----------
    config : bmtk.simulator.core.simulation_config.SimulationConfig
    edges : list of dict
        Entries of ``networks.edges`` that are switched on.
    """
    components = config.get("components", {})
    for entry in config.networks["nodes"]:
        _check_node_types(entry["node_types_file"], components.get("point_neuron_models_dir"))
    for entry in edges:
        with open_hdf5(entry["edges_file"]) as h5:
            groups = child_groups(h5, "edges").values()
            by_edge = set.intersection(*(set(group["0"]) for group in groups))
            for group in groups:
                _check_delays(group, config.run["dt"])
        folder = components.get("synaptic_models_dir")
        _check_edge_types(entry["edge_types_file"], entry["edges_file"], by_edge, folder, config.run["dt"])


def _check_node_types(path, folder):
    types = read_types(path, "node_type_id", ["model_type"])
    for row, kind in types["model_type"].items():
        if kind not in MODEL_TYPES:
            raise fault(path, row, "model_type", kind, f"one of {', '.join(MODEL_TYPES)}")
    cells = types[types["model_type"] != "virtual"]
    if not len(cells):
        return
    if "model_template" not in types:
        raise ValueError(f"{path}: no column model_template")
    _refuse_functions(path, cells)
    for name, template, row in _files(path, cells):
        if not (isinstance(template, str) and template.startswith("nest:") and template != "nest:"):
            raise fault(path, row, "model_template", template, "nest: and the name of a model in NEST")
        if name is not None:
            check_cell_parameters(component_file(path, name, folder), template.removeprefix("nest:"))


def _check_edge_types(path, edges_file, by_edge, folder, dt_ms):
    numeric = ("delay", "syn_weight", "nsyns")
    types = read_types(path, "edge_type_id", ["model_template"], numeric)
    _refuse_functions(path, types)
    if "syn_weight" not in types and "syn_weight" not in by_edge:
        raise ValueError(f"{edges_file}: no weights: 0/syn_weight (pA, signed) expected, one value an edge")
    for name in (n for n in numeric if n in types and n not in by_edge and types[n].isna().any()):
        raise fault(path, types[name].isna().idxmax(), name, "no value", "a number")
    if "delay" in types:
        # NEST rounds to time steps, and half a step up.
        wrong = ~types["delay"].between(dt_ms / 2, LARGEST_DELAY_MS) & types["delay"].notna()
        if wrong.any():
            row = wrong.idxmax()
            raise fault(path, row, "delay", types["delay"][row], delay_range(dt_ms))
    for name, template, _ in _files(path, types):
        if name is not None:
            file = component_file(path, name, folder)
            parameters = check_synapse_parameters(file, str(template).removeprefix("nest:"))
            if "delay" in parameters:
                delays = types.get("delay", types["edge_type_id"] * float("nan"))[types["dynamics_params"] == name]
                _check_delay(path, delays, file, parameters["delay"], dt_ms)


def _check_delays(group, dt_ms):
    """Delays that are given edge by edge."""
    if "delay" not in group["0"]:
        return
    data = group["0/delay"]
    for start in range(0, len(data), BLOCK_EDGES):
        delays = data[start : start + BLOCK_EDGES]
        wrong = ~((delays >= dt_ms / 2) & (delays <= LARGEST_DELAY_MS))
        if wrong.any():
            found = f"edge {start + int(wrong.argmax())}: delay is {delays[wrong][0]}"
            raise ValueError(f"{group.file.filename}, {found}, expected {delay_range(dt_ms)}")


def _check_delay(path, delays, file, delay, dt_ms):
    """A delay in a parameter file is the only one, and in range."""
    if delays.notna().any():
        row = delays.first_valid_index()
        raise fault(path, row, "delay", delays[row], f"it here or in {file}, which says {delay}")
    if not dt_ms / 2 <= delay <= LARGEST_DELAY_MS:
        raise ValueError(f"{file}: key delay: found {delay}, expected {delay_range(dt_ms)}")


def delay_range(dt_ms):
    """What a delay must be, for messages."""
    return f"at least a time step ({dt_ms:g} ms, half a step is rounded up) and at most {LARGEST_DELAY_MS:g} ms"


def fault(path, row, column, found, expected):
    """A ValueError about a cell of a table of types."""
    return ValueError(f"{path}, line {row + 2}, column {column}: found {str(found)[:60]!r}, expected {expected}")


def _files(path, types):
    """Parameter files (None: none), templates and first rows of types, each pair of the first two once."""
    if "dynamics_params" not in types:
        types = types.assign(dynamics_params=None)
    pairs = types[["dynamics_params", "model_template"]].drop_duplicates()
    for row, name, template in pairs.itertuples():
        if isinstance(name, str) or name is None or name != name:
            yield (name if isinstance(name, str) else None), template, row
        else:
            raise fault(path, row, "dynamics_params", name, "the name of a file")


def _refuse_functions(path, types):
    for name in _BY_FUNCTION:
        if name in types and types[name].notna().any():
            row = types[name].notna().idxmax()
            raise fault(path, row, name, types[name][row], "none: values belong in the tables and files")


def read_types(path, key, columns, numeric=()):
    """A table of node or edge types.

    Parameters
    ----------
    path : path
    key : str
        Its column of ids, whole numbers.
    columns : sequence of str
        That must be there.
    numeric : sequence of str
        That must hold numbers where they are there.

    Returns
    -------
    pandas.DataFrame
    """
    table = read_table(path, columns=columns, finite=[key], key=key, na_values=["NONE"])
    if table.empty:
        raise ValueError(f"{path}: no rows")
    if table[key].dtype.kind not in WHOLE_NUMBERS:
        raise ValueError(f"{path}, column {key}: whole numbers expected, found {table[key].iloc[0]!r}")
    for name in columns:
        if table[name].isna().any():
            raise ValueError(f"{path}, column {name}: type {table[key][table[name].isna()].iloc[0]} has no value")
    present = [name for name in numeric if name in table]
    return read_table(path, numeric=present, na_values=["NONE"]) if present else table
