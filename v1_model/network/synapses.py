"""Double-alpha synapses as receptor ports of the cell models, and the component files that NEST reads."""

import json
from dataclasses import dataclass

import numpy as np

from v1_files.files import whole_folder
from v1_files.reading import read_json

KINETICS = ["tau_fast_ms", "tau_slow_ms", "amp_slow"]
EXTERNAL = "exc"
MOST_PORTS = 1000


@dataclass(frozen=True)
class Ports:
    """Receptor ports of one target type.

    Attributes
    ----------
    of_pre : dict of str to int
        Port (from 1) of each presynaptic type.
    parameters : list of tuple
        (tau_fast ms, tau_slow ms, amp_slow) of each port.
    """

    of_pre: dict
    parameters: list


def receptor_ports(kinetics, pre_types, post_type, merge=True):
    """Ports of a target type; synapses of equal kinetics share one, which changes nothing but the cost.

    Parameters
    ----------
    kinetics : pandas.DataFrame, index (pre, post)
    pre_types : sequence of str
    post_type : str
    merge : bool
        False gives every presynaptic type a port of its own.

    Returns
    -------
    Ports
    """
    of_pre, parameters = {}, []
    for pre in pre_types:
        own = tuple(float(v) for v in kinetics.loc[(pre, post_type), KINETICS])
        if not merge or own not in parameters:
            parameters.append(own)
            of_pre[pre] = len(parameters)
        else:
            of_pre[pre] = parameters.index(own) + 1
    return Ports(of_pre, parameters)


def cell_parameters(model, ports):
    """NEST parameters of one cell model (``glif_psc_double_alpha``).

    Parameters
    ----------
    model : pandas.Series
        Row of ``cell_models.csv``.
    ports : Ports

    Returns
    -------
    dict
    """
    fast, slow, amplitude = (list(column) for column in zip(*ports.parameters, strict=True))
    return {
        "C_m": float(model["C_m_pF"]),
        "g": float(model["g_nS"]),
        "E_L": float(model["E_L_mV"]),
        "V_m": float(model["E_L_mV"]),
        "V_th": float(model["V_th_mV"]),
        "V_reset": float(model["V_reset_mV"]),
        "t_ref": float(model["t_ref_ms"]),
        "asc_amps": [float(model["asc_amp_1_pA"]), float(model["asc_amp_2_pA"])],
        "asc_decay": [float(model["asc_decay_1_per_ms"]), float(model["asc_decay_2_per_ms"])],
        "asc_init": [0.0, 0.0],
        "after_spike_currents": True,
        "spike_dependent_threshold": False,
        "adapting_threshold": False,
        "tau_syn_fast": fast,
        "tau_syn_slow": slow,
        "amp_slow": amplitude,
    }


def cell_file(specimen_id):
    """Name of a cell model's parameter file."""
    return f"{specimen_id}_glif_lif_asc_config.json"


def synapse_file(pre, post):
    """Name of a synaptic pair's parameter file."""
    return f"{pre}_to_{post}.json"


def write_components(folder, cell_models, synaptic_type, kinetics, merge=True):
    """Write ``cell_models/`` and ``synaptic_models/`` below a folder, in place of what was there.

    Parameters
    ----------
    folder : pathlib.Path
    cell_models : pandas.DataFrame, index specimen_id
    synaptic_type : sequence of str
        Synaptic type of each cell model.
    kinetics : pandas.DataFrame, index (pre, post)
    merge : bool
        See :func:`receptor_ports`.
    """
    types = list(dict.fromkeys(synaptic_type))
    ports = {post: receptor_ports(kinetics, [EXTERNAL, *types], post, merge) for post in types}
    with whole_folder(folder) as part:
        for (specimen, model), post in zip(cell_models.iterrows(), synaptic_type, strict=True):
            _write_json(part / "cell_models" / cell_file(specimen), cell_parameters(model, ports[post]))
        for post, own in ports.items():
            for pre, port in own.of_pre.items():
                _write_json(part / "synaptic_models" / synapse_file(pre, post), {"receptor_type": port})


def _write_json(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_receptor_port(path):
    """Receptor port, from 1, that the file of a synapse's parameters names.

    Raises
    ------
    ValueError
        Naming the file, when it is no JSON or the port no such number.
    """
    port = read_json(path).get("receptor_type")
    if type(port) is not int or not 1 <= port <= MOST_PORTS:
        raise ValueError(
            f"{path}: receptor_type: found {str(port)[:40]}, expected a whole number from 1 to {MOST_PORTS}"
        )
    return port


def read_kinetics(path):
    """Kinetics of the receptor ports of a cell model.

    Parameters
    ----------
    path : path
        File of the cell's parameters (JSON).

    Returns
    -------
    tau_fast, tau_slow : list of float, ms
    amp_slow : list of float

    Raises
    ------
    ValueError
        Naming the file, when it is no JSON, or the lists do not hold such numbers or differ in length.
    """
    cell, names = read_json(path), ("tau_syn_fast", "tau_syn_slow", "amp_slow")
    for name in names:
        values, least = cell.get(name), 0 if name == "amp_slow" else np.nextafter(0, 1)
        if not isinstance(values, list) or not all(type(v) in (int, float) and least <= v < np.inf for v in values):
            raise ValueError(f"{path}: {name}: found {str(values)[:60]}, expected a list of numbers above 0")
    if len({len(cell[name]) for name in names}) > 1:
        raise ValueError(f"{path}: {', '.join(names)} differ in length")
    return [cell[name] for name in names]
