"""What a simulation is to run: SONATA configs of one or more trials, their populations and their spike inputs.

Everything here is checked before NEST is touched, and NEST is not imported.
"""

from dataclasses import dataclass
from pathlib import Path

from bmtk.simulator.core.simulation_config import SimulationConfig

from v1_files.reading import child_groups, open_hdf5
from v1_files.sonata.edge_checks import check_same_edges, ends_of
from v1_files.sonata.edge_digest import built_edges
from v1_files.sonata.spikes import read_spikes, read_spikes_duration
from v1_model.engines.checks import check_config, check_edge_file, check_ends
from v1_model.engines.nodes import node_table
from v1_model.engines.references import check_references, node_set_of
from v1_model.engines.types import check_types, read_types

SHARED_SECTIONS = ("run", "networks", "components", "conditions", "inputs", "reports", "node_sets")


@dataclass(frozen=True)
class Trial:
    """One simulation: its config with the outputs resolved.

    Attributes
    ----------
    path : pathlib.Path
        The config file.
    config : bmtk.simulator.core.simulation_config.SimulationConfig
        Paths resolved, outputs redirected where asked.
    """

    path: Path
    config: SimulationConfig

    @property
    def output_dir(self):
        return Path(self.config.output["output_dir"])

    @property
    def name(self):
        """Short name for messages: the output folder's."""
        return self.output_dir.resolve().name

    @property
    def spikes_file(self):
        return Path(self.config.output["spikes_file"])

    def output_path(self, name):
        """Path of an output that the config names relative to its output folder."""
        return Path(name) if Path(name).is_absolute() else self.output_dir / name

    def report_path(self, name):
        """Path of a report, given its name in the config."""
        return self.output_path(self.config.reports[name].get("file_name", f"{name}.h5"))


def read_trials(paths, output_dir=None):
    """Read the configs of the trials that share a network.

    Parameters
    ----------
    paths : sequence of path
    output_dir : path, optional
        Where outputs go instead of each config's own folder; with several trials, a subfolder of it for each, named
        as the folder its config names.

    Returns
    -------
    list of Trial

    Raises
    ------
    ValueError
        For a config that is unreadable, lacks a key or names a missing file, for configs that differ in more than their
        spike inputs and outputs, and for two trials with one output file.
    """
    trials = [Trial(Path(path), _read_config(path)) for path in paths]
    for trial in trials:
        if output_dir is not None:
            _redirect(trial, Path(output_dir) if len(trials) == 1 else Path(output_dir) / trial.name)
    first = trials[0]
    for trial in trials[1:]:
        difference = _first_difference(_shared_part(first.config), _shared_part(trial.config), "")
        if difference:
            raise ValueError(f"{trial.path} differs from {first.path} in {difference}; trials of one run share it")
    outputs = [path.resolve() for trial in trials for path in (trial.output_dir, trial.spikes_file)]
    for number, path in enumerate(outputs):
        if outputs.count(path) > 1:
            raise ValueError(f"{trials[number // 2].path}: more than one of the trials writes {path}")
    _check_files(first)
    return trials


def _read_config(path):
    check_config(path)
    try:
        config = SimulationConfig.from_json(str(path))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ValueError(f"{path}: BMTK cannot read it: {type(error).__name__}: {error}") from error
    t_stop_ms, dt_ms = config.run["tstop"], config.run["dt"]
    steps = t_stop_ms / dt_ms
    if steps < 1 or abs(steps - round(steps)) > 1e-6:
        raise ValueError(f"{path}: run.tstop, {t_stop_ms} ms, is not a multiple of run.dt, {dt_ms} ms")
    if not isinstance(config.node_sets, dict):
        raise ValueError(f"{config['node_sets_file']}: found {str(config.node_sets)[:60]}, expected node sets by name")
    return config


def _redirect(trial, folder):
    """Move a trial's outputs into another folder."""
    old = trial.output_dir
    for key, value in trial.config.output.items():
        if key == "log_file" or key.startswith("spikes_file"):
            inside = Path(value).is_relative_to(old)
            trial.config.output[key] = str(folder / (Path(value).relative_to(old) if inside else Path(value).name))
    for report in trial.config.reports.values():
        if "file_name" in report:
            report["file_name"] = Path(report["file_name"]).name
    trial.config.output["output_dir"] = str(folder)
    trial.config.output_dir, trial.config.log_file = str(folder), trial.config.output.get("log_file")


def _shared_part(config):
    """The sections in which trials of one run must agree; spike files and report files may differ."""
    part = {section: config.get(section, {}) for section in SHARED_SECTIONS}
    for section, key in (("inputs", "input_file"), ("reports", "file_name")):
        part[section] = {
            name: {k: v for k, v in entry.items() if k != key or entry.get("input_type") not in (None, "spikes")}
            for name, entry in part[section].items()
        }
    return part


def _first_difference(a, b, key):
    """Where two JSON values differ first, as text, or None."""
    if isinstance(a, dict) and isinstance(b, dict):
        pairs = [(f"{key}.{k}" if key else k, a.get(k), b.get(k)) for k in sorted(a.keys() | b.keys())]
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = [(f"{key}[{i}]", x, y) for i, (x, y) in enumerate(zip(a, b, strict=True))]
    else:
        return None if a == b else f"{key} ({b!r} instead of {a!r})"
    return next((found for k, x, y in pairs if (found := _first_difference(x, y, k))), None)


def _check_files(trial):
    """Every file and dataset that loading reads is there."""
    networks = trial.config.networks
    wanted = [(entry[key], key) for entry in networks["nodes"] for key in ("nodes_file", "node_types_file")]
    wanted += [(edges["edge_types_file"], "edge_types_file") for edges in enabled_edges(trial.config)]
    for path, key in wanted:
        if not Path(path).exists():
            raise ValueError(f"{path} is missing ({key} of {trial.path})")
    for edges in enabled_edges(trial.config):
        check_edge_file(edges["edges_file"], trial.path)


def enabled_edges(config):
    """Edge entries of a config that are switched on."""
    return [edges for edges in config.networks["edges"] if edges.get("enabled", True)]


def enabled_reports(config):
    """Reports of a config that are switched on, by name."""
    return {name: report for name, report in config.reports.items() if report.get("enabled", True)}


def count_edges(config):
    """Number of edges in all edge files of a config."""
    total = 0
    for edges in enabled_edges(config):
        with open_hdf5(edges["edges_file"]) as h5:
            total += sum(len(group["edge_type_id"]) for group in child_groups(h5, "edges").values())
    return total


def read_populations(config):
    """Nodes and node types of every population of a config.

    Returns
    -------
    dict of str to NodeTable

    Raises
    ------
    ValueError
        For files that are damaged or do not fit each other, and without exactly one population of cells.
    """
    tables = {}
    for entry in config.networks["nodes"]:
        path = entry["nodes_file"]
        types = read_types(entry["node_types_file"], "node_type_id", ["model_type"]).set_index("node_type_id")
        with open_hdf5(path) as h5:
            groups = child_groups(h5, "nodes")
            if not groups:
                raise ValueError(f"{path}: no group nodes/<population>")
            for name, group in groups.items():
                if name in tables:
                    raise ValueError(f"{path}: population '{name}' is in {tables[name].path}, too")
                tables[name] = node_table(name, path, group, types, entry["node_types_file"])
    cells = [name for name, table in tables.items() if not table.is_virtual]
    if len(cells) != 1:
        found = ", ".join(cells) or "none"
        raise ValueError(f"{config['config_path']}: one population of cells expected, found {found}")
    return tables


def projections(config):
    """Source and target population of every edge population of a config."""
    return [ends for _, _, ends in _edge_groups(config)]


def _edge_groups(config):
    """File, group and ends of every edge population, each while its file is open."""
    for edges in enabled_edges(config):
        with open_hdf5(edges["edges_file"]) as h5:
            for group in child_groups(h5, "edges").values():
                yield edges["edges_file"], group, ends_of(group)


def check_network(config, tables):
    """Raise ValueError for edges between other populations than the config's, or others than were built.

    Parameters
    ----------
    config : bmtk.simulator.core.simulation_config.SimulationConfig
    tables : dict of str to NodeTable
    """
    (cells,) = (name for name, table in tables.items() if not table.is_virtual)
    first, places = {}, set()
    for path, group, ends in _edge_groups(config):
        check_ends(path, ends, list(tables), cells)
        place = (Path(path).resolve(), group.name)
        if place in places or (ends in first and built_edges(path, ends)[0] is not None):
            raise ValueError(f"{path}: edges from {' to '.join(ends)} a second time, the first are in {first[ends]}")
        first.setdefault(ends, path)
        places.add(place)
        check_same_edges(group, ends)
    check_types(config, enabled_edges(config))
    check_references(config, tables)


def spike_inputs(config, tables):
    """Spike inputs of a config.

    Returns
    -------
    dict of str to (str, str)
        Input name to its population and its file.

    Raises
    ------
    ValueError
        For an input whose node set is not one virtual population.
    """
    found = {}
    for name, entry in config.inputs.items():
        if entry.get("input_type") != "spikes" or not entry.get("enabled", True):
            continue
        where = f"{config['config_path']}: inputs.{name}"
        population, conditions = node_set_of(config, f"inputs.{name}.node_set", entry["node_set"], tables)
        if conditions or not tables[population].is_virtual:
            found = str(entry["node_set"])[:60]
            raise ValueError(f"{where}.node_set is {found!r}, expected a population of virtual nodes, whole")
        if population in [other for other, _ in found.values()]:
            raise ValueError(f"{where}: population '{population}' has a spike input already")
        found[name] = (population, entry["input_file"])
    return found


def read_input(path, table):
    """Spikes of a population, checked.

    Parameters
    ----------
    path : path
        SONATA spike file.
    table : NodeTable

    Returns
    -------
    rows : array of int64, shape (n,)
        Row of each spike's node in the population.
    times : array of float64, shape (n,), ms

    Raises
    ------
    ValueError
        For a file that is missing, unreadable or of other populations, ids that the population does not have, and times
        that are not finite and above 0 (NEST delivers nothing at 0). Times after the end of a simulation are allowed.
    """
    ids, times = read_spikes(path, table.name)
    rows = table.rows(ids)
    if (rows < 0).any():
        unknown = ids[rows < 0][0]
        raise ValueError(f"{path}: node id {unknown}, but population '{table.name}' has {len(table.ids)} nodes")
    if (times <= 0).any():
        raise ValueError(f"{path}: spike times must be above 0 ms, found {times.min()}")
    return rows, times


def check_inputs(trial, tables):
    """Read all spike inputs of a trial once, so that a fault shows before anything is simulated."""
    t_stop_ms = trial.config.run["tstop"]
    for population, path in spike_inputs(trial.config, tables).values():
        read_input(path, tables[population])
        duration_ms = read_spikes_duration(path)
        if duration_ms is not None and duration_ms < t_stop_ms:
            raise ValueError(f"{path}: spikes of {duration_ms:g} ms, but {trial.path} simulates {t_stop_ms:g} ms")
