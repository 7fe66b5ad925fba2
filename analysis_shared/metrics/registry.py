"""The metrics that model and experiment are compared by, and where each is found on either side."""

from typing import NamedTuple


class Metric(NamedTuple):
    """One metric: its names in the two tables and how a figure shows it."""

    name: str
    """Name in the experimental percentiles and in the similarity table."""
    column: str
    """Column of the model's selectivity table."""
    label: str
    """Axis label with the unit."""
    short_label: str
    """Label where space is tight."""
    needs_response: bool
    """Whether it is left undefined for cells below the responsiveness threshold."""
    squared: bool = False
    """Whether the table holds estimates of its square, of which only means over cells have a root."""

    @property
    def of_cells(self):
        """Name of a single cell's value: that of the column where it is a square."""
        return self.column if self.squared else self.name


METRICS = (
    Metric(
        "preferred_direction_rate_Hz",
        "max_mean_rate(Hz)",
        "Rate at preferred\ndirection (Hz)",
        "Preferred rate",
        needs_response=False,
    ),
    Metric("mean_rate_Hz", "Ave_Rate(Hz)", "Mean rate (Hz)", "Mean rate", needs_response=False),
    Metric("spontaneous_rate_Hz", "Spont_Rate(Hz)", "Spontaneous\nrate (Hz)", "Spontaneous rate", needs_response=False),
    Metric("OSI", "OSI", "Orientation\nselectivity index", "OSI", needs_response=True),
    Metric("DSI", "DSI", "Direction\nselectivity index", "DSI", needs_response=True),
)

RESPONSIVE_RATE_HZ = 0.5
"""A cell counts as responsive from this rate at its preferred direction on; below it OSI and DSI are mostly noise."""
LEAST_MEAN_RATE_HZ = RESPONSIVE_RATE_HZ / 2
"""From this mean rate over directions on, a cell counts for unbiased estimates and for tests of its tuning.

Cells of fewer spikes would add no bias, but most of the noise. The rate at the preferred direction cannot choose the
cells here: among cells without tuning, it picks those whose few spikes happen to share a direction.
"""


def metric(name):
    """The metric called `name`.

    Raises
    ------
    ValueError
        If there is no such metric.

    Examples
    --------
    >>> metric("OSI").needs_response
    True
    """
    for candidate in METRICS:
        if candidate.name == name:
            return candidate
    raise ValueError(f"no metric {name!r}; there are {', '.join(candidate.name for candidate in METRICS)}")


def mask_unresponsive(cells, threshold_hz=RESPONSIVE_RATE_HZ):
    """Leave OSI and DSI undefined for cells that hardly respond.

    Parameters
    ----------
    cells : DataFrame
        With columns ``max_mean_rate(Hz)``, ``OSI`` and ``DSI``.
    threshold_hz : float
        Cells with a lower rate at the preferred direction (Hz) are masked; rates are never masked.

    Returns
    -------
    DataFrame
        A copy with NaN in the masked entries.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = pd.DataFrame({"max_mean_rate(Hz)": [0.4, 0.5], "OSI": [0.9, 0.3], "DSI": [0.8, 0.2]})
    >>> mask_unresponsive(cells)["OSI"].tolist()
    [nan, 0.3]
    """
    columns = [entry.column for entry in METRICS if entry.needs_response]
    responsive = cells["max_mean_rate(Hz)"] >= threshold_hz
    masked = cells.copy()
    masked[columns] = masked[columns].where(responsive)
    return masked
