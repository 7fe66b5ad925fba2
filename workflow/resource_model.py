"""Memory and run time of each rule, from the size of its network: sums of coefficient × quantity in ``resources.yaml``.

No Snakemake in here: the rules, the benchmarks and the tests import it alike.
"""

import math
import os
from pathlib import Path

import yaml

from v1_files.reading import read_json

TABLE = Path(__file__).resolve().parent / "resources.yaml"
FULL_RADIUS_UM = 700.0
# The builder indexes this many edges at a time, INDEX_BLOCK_EDGES of v1_files.sonata.writing: its memory grows no
# further.
INDEX_BLOCK_MEDGES = 2**24 / 1e6


def load_table(path=TABLE):
    """The table of coefficients (dict)."""
    return yaml.safe_load(Path(path).read_text())


def machine_memory_mb():
    """Memory of this machine that jobs may share (MB): all but a tenth."""
    return int(0.9 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6)


def disc_fraction(radius_um, reach_um):
    """Part of a round Gaussian of SD ``reach_um`` inside a disc, averaged over centres spread evenly over the disc.

    >>> round(disc_fraction(100, 1), 3), disc_fraction(1, 100) < 1e-4
    (0.992, True)
    """
    # Imported where a network is not built yet: every start of Snakemake reads this module.
    from scipy.special import ive

    a = (radius_um / reach_um) ** 2
    return float(1.0 - ive(0, a) - ive(1, a))


def estimated_size(table, radius_um, lgn):
    """Size of a network before it is built.

    Parameters
    ----------
    table : dict
    radius_um : float
    lgn : {"full", "small"}

    Returns
    -------
    dict
        ``v1_cells``, ``lgn_cells`` and ``edges`` by population pair.
    """
    law = table["network_size"]
    cells = law["cells_within_700um"] * (radius_um / FULL_RADIUS_UM) ** 2
    recurrent = cells * law["recurrent_edges_per_cell"] * disc_fraction(radius_um, law["reach_um"])
    edges = {
        "v1_v1": recurrent,
        "lgn_v1": cells * law["lgn_edges_per_cell"][lgn],
        "bkg_v1": cells * law["background_edges_per_cell"],
    }
    return {"v1_cells": cells, "lgn_cells": law["lgn_cells"][lgn], "edges": edges}


def size_of(table, network, folder):
    """Size of a network of the config: counts of the built one where it exists, else the estimate.

    Parameters
    ----------
    table : dict
    network : dict
        Its section of the checked config.
    folder : path
        Of the network; ``network/network.json`` in it need not exist.
    """
    built = Path(folder, "network", "network.json")
    if not built.exists():
        return estimated_size(table, network["radius_um"], network["lgn"])
    content = read_json(built)
    cells, edges = content.get("cells"), content.get("edges")
    counts = [None]
    if isinstance(cells, dict) and isinstance(edges, dict):
        counts = [cells.get("v1"), cells.get("lgn"), *edges.values()]
    if not all(type(number) is int and number >= 0 for number in counts):
        raise ValueError(
            f"{built}: cells.v1, cells.lgn and edges: numbers of cells and of edges by population expected"
        )
    return {"v1_cells": cells["v1"], "lgn_cells": cells["lgn"], "edges": edges}


def quantities(size=None, trials=1, copies=1, threads=1, duration_s=3.0, pixels=1.0):
    """What coefficients are multiplied with; named and described in ``resources.yaml``.

    Parameters
    ----------
    size : dict, optional
        See :func:`estimated_size`; without it, the quantities of a rule that no network matters to.
    trials : int
        Trials that a job handles.
    copies : int
        Of them side by side.
    threads : int
    duration_s : float
        Simulated time of a trial.
    pixels : float
        Of the movie, relative to one a degree.
    """
    size = size or {"v1_cells": 0, "lgn_cells": 0, "edges": {}}
    kcells, medges = size["v1_cells"] / 1e3, sum(size["edges"].values()) / 1e6
    per_worker_s = duration_s * trials / (copies if trials > 1 else threads)
    return {
        "base": 1.0,
        "kcells": kcells,
        "medges": medges,
        "index_medges": min(size["edges"].get("v1_v1", 0) / 1e6, INDEX_BLOCK_MEDGES),
        "trials": trials,
        "stimulus_s": duration_s * pixels,
        "lgn_kcells": size["lgn_cells"] / 1e3,
        "lgn_kcell_s": size["lgn_cells"] / 1e3 * duration_s,
        "kcell_copies": kcells * (copies if trials > 1 else 0),
        "kcell_trials": kcells * trials,
        "kcell_s": kcells * per_worker_s,
        "medge_s": medges * per_worker_s,
    }


def predict(table, kind, rule, amounts):
    """Memory (MB) or run time (s) of a rule, as measured on the machine of the benchmarks.

    Parameters
    ----------
    table : dict
    kind : {"memory_mb", "runtime_s"}
    rule : str
    amounts : dict
        From :func:`quantities`.
    """
    return sum(coefficient * amounts[name] for name, coefficient in table[kind][rule].items())


def memory_request_mb(table, rule, amounts, attempt=1, submitted=False):
    """Memory (MB) to ask for: the prediction with a safety factor, half of it more on each further attempt.

    A job that is submitted to a cluster holds two processes of Snakemake beside its own.
    """
    wanted = predict(table, "memory_mb", rule, amounts) * table["safety"]["memory"]
    wanted = max(wanted, table["safety"]["least_memory_mb"]) + table["safety"]["submitted_mb"] * submitted
    return math.ceil(wanted * (1 + 0.5 * (attempt - 1)))


def runtime_request_min(table, rule, amounts, attempt=1):
    """Run time (min) to ask for: the prediction with a safety factor, doubled on each further attempt."""
    wanted = predict(table, "runtime_s", rule, amounts) / 60 * table["safety"]["runtime"]
    least = table["safety"]["least_batched_min" if rule in table["batched"] else "least_runtime_min"]
    return math.ceil(max(wanted, least)) * 2 ** (attempt - 1)
