"""Mean rates of the classes of LGN cells, at rest and while stimuli are shown, and the mean over a recording."""

import numpy as np
import pandas as pd

from v1_files.reading import read_table

SHARE_EVOKED = 2 / 3
"""Part of the recordings in which gratings drift: two of every three seconds."""
COLUMNS = ["n_cells", "spontaneous_Hz", "evoked_Hz"]


def class_rates(trials, types, onset_ms, end_ms):
    """Mean rates by class.

    Parameters
    ----------
    trials : iterable of (path, array of int, array of float)
        File, node ids and times (ms) of the spikes of each trial.
    types : v1_files.sonata.edges.NodeTypes
        Of the LGN's nodes, with ``pop_name``.
    onset_ms, end_ms : float
        When stimuli begin and end; rest lasts from 0 to the onset. Windows are open on the left.

    Returns
    -------
    pandas.DataFrame, index ``pop_name``
        ``n_cells``, ``spontaneous_Hz`` and ``evoked_Hz``; NaN for a class without cells. In the order of the types.

    Raises
    ------
    ValueError
        Without trials, and for spikes of nodes that the network does not have.
    """
    n, counts, n_trials = len(types.table), np.zeros((2, len(types.table))), 0
    for path, node_ids, times_ms in trials:
        if node_ids.size and node_ids.max() >= len(types.rows):
            raise ValueError(
                f"{path}: found a spike of LGN cell {node_ids.max()}, expected one of {len(types.rows)} cells"
            )
        rows = types.rows[node_ids.astype(np.int64)]
        evoked = (times_ms > onset_ms) & (times_ms <= end_ms)
        rest = (times_ms > 0) & (times_ms <= onset_ms)
        counts += [np.bincount(rows[chosen], minlength=n) for chosen in (rest, evoked)]
        n_trials += 1
    if not n_trials:
        raise ValueError("no trials with a stimulus: LGN rates are means over those")
    cells = np.bincount(types.rows, minlength=n)
    with np.errstate(invalid="ignore"):
        rates = counts / cells / n_trials / np.array([[onset_ms], [end_ms - onset_ms]]) * 1000.0
    columns = dict(zip(COLUMNS, (cells, *rates), strict=True))
    return pd.DataFrame(columns, index=pd.Index(types.table["pop_name"], name="pop_name"))


def mean_rate_hz(spontaneous_hz, evoked_hz):
    """Mean rate over a recording, 2 s of grating to 1 s of grey screen.

    >>> round(mean_rate_hz(3.0, 6.0), 6)
    5.0
    """
    return (1 - SHARE_EVOKED) * spontaneous_hz + SHARE_EVOKED * evoked_hz


def read_class_rates(path, classes):
    """Read a table of :func:`class_rates`, in the order of the classes (list of str).

    Raises
    ------
    ValueError
        If a class has no row, or one with cells has no rates.
    """
    table = read_table(path, key="pop_name", counts=["n_cells"], numeric=COLUMNS[1:]).set_index("pop_name")
    missing = [name for name in classes if name not in table.index]
    if missing:
        raise ValueError(f"{path}: no row of LGN class {', '.join(missing)}")
    table = table.loc[classes]
    unknown = table.index[(table["n_cells"] > 0) & ~np.isfinite(table[COLUMNS[1:]].astype(float)).all(axis=1)]
    if len(unknown):
        raise ValueError(f"{path}: no finite rates of LGN class {', '.join(unknown)}")
    return table.fillna(0.0)
