"""Responses to gratings of several contrasts: spike counts, and rate, OSI, sparsity and reliability by contrast.

Blanks are trials at contrast 0. They have a rate, but no direction, so nothing else.
"""

import tokenize
import zipfile
import zlib
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis_shared.cells.grouping import display_order
from analysis_shared.metrics.contrast_grid import contrast_grid
from analysis_shared.metrics.directions import covers_circle
from analysis_shared.metrics.selectivity import direction_tuning, firing_rates, lifetime_sparsity
from analysis_shared.metrics.untuned import untuned_table
from analysis_shared.statistics.intervals import mean_interval
from v1_files.reading import NUMBERS, WHOLE_NUMBERS, check_is_file

METRICS = (
    *("rate_Hz", "OSI", "OSI_untuned", "OSI_squared", "lifetime_sparsity", "lifetime_sparsity_untuned"),
    "reliability",
)
LEAST_DIRECTIONS = 3
"""Two points are always perfectly correlated, so reliability needs this many directions."""
# What damaged archives, and damaged headers of arrays, end in.
_DAMAGED = (
    *(ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, MemoryError),
    *(SyntaxError, tokenize.TokenError, TypeError, OverflowError),
)
_DIMENSIONS = {
    **{"blank_counts": 2, "evoked_counts": 4, "direction_deg": 1, "contrast": 1, "node_id": 1, "window_ms": 1},
    **{"interval_length_ms": 0, "temporal_frequency_hz": 0},
}


class ContrastLayout(NamedTuple):
    """Which conditions of a paradigm are blanks, and which stand where on the grid of directions and contrasts."""

    blanks: tuple
    """Pairs (condition, number of trials)."""
    grid: np.ndarray
    """Names of conditions, shape (n_directions, n_contrasts)."""
    direction_deg: np.ndarray
    contrast: np.ndarray
    n_trials: int
    """Trials of each condition on the grid."""
    temporal_frequency_hz: float


class ContrastCounts(NamedTuple):
    """Spike counts of all cells in all trials, with their axes; the arrays of ``spike_counts.npz``."""

    blank_counts: np.ndarray
    """(n_blanks, n_cells)"""
    evoked_counts: np.ndarray
    """(n_directions, n_contrasts, n_trials, n_cells)"""
    direction_deg: np.ndarray
    """(n_directions,), ascending"""
    contrast: np.ndarray
    """(n_contrasts,), ascending, blanks not among them"""
    node_id: np.ndarray
    """(n_cells,)"""
    window_ms: np.ndarray
    """(start, stop]: open on the left"""
    interval_length_ms: np.ndarray
    temporal_frequency_hz: np.ndarray
    """Of the gratings."""

    def of_cells(self, index):
        """The same counts for some of the cells, in the order of `index`."""
        return self._replace(
            blank_counts=self.blank_counts[:, index],
            evoked_counts=self.evoked_counts[..., index],
            node_id=self.node_id[index],
        )


def contrast_layout(paradigm):
    """Arrange the conditions of a paradigm by direction and contrast.

    Parameters
    ----------
    paradigm : dict
        As `v1_files.paradigms.read_paradigm` returns it.

    Returns
    -------
    ContrastLayout

    Raises
    ------
    ValueError
        As `analysis_shared.metrics.contrast_grid.contrast_grid` does.
    """
    found = contrast_grid(paradigm)
    return ContrastLayout(
        **found._asdict()
        | {
            "grid": np.array(found.grid),
            "direction_deg": np.array(found.direction_deg, dtype=float),
            "contrast": np.array(found.contrast, dtype=float),
        }
    )


def read_counts(path):
    """Read the counts of a contrast paradigm.

    Parameters
    ----------
    path : path-like
        ``spike_counts.npz``, read without pickle.

    Returns
    -------
    ContrastCounts

    Raises
    ------
    ValueError
        If the file is no npz archive, an array is missing or does not hold the numbers that it should, or the arrays do
        not fit each other.
    """
    check_is_file(path, "spike counts")
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in ContrastCounts._fields if name not in archive]
            if missing:
                raise ValueError(f"no array {', '.join(missing)}; found {', '.join(archive.files)}")
            counts = ContrastCounts(**{name: archive[name] for name in ContrastCounts._fields})
    except _DAMAGED as error:
        raise ValueError(f"{path}: not the counts of a contrast paradigm: {error}") from error
    _check_arrays(path, counts)
    evoked, blank = counts.evoked_counts.shape, counts.blank_counts.shape
    expected = (
        counts.direction_deg.size,
        counts.contrast.size,
        evoked[2] if len(evoked) == 4 else "n",
        counts.node_id.size,
    )
    if evoked != expected or blank[1:] != expected[3:]:
        shapes = f"evoked_counts {evoked}, blank_counts {blank}"
        raise ValueError(f"{path}: {shapes} do not fit the axes, which give {expected}")
    return counts


def _check_arrays(path, counts):
    """Raise ValueError unless each array has the dimensions and holds the numbers that it should."""
    for name, values in counts._asdict().items():
        kinds = WHOLE_NUMBERS if name in ("blank_counts", "evoked_counts", "node_id") else NUMBERS
        if not isinstance(values, np.ndarray):
            raise ValueError(f"{path}: {name} is no array")
        if values.dtype.kind not in kinds or values.ndim != _DIMENSIONS[name] or not values.size:
            wanted = f"{'whole ' if kinds == WHOLE_NUMBERS else ''}numbers in {_DIMENSIONS[name]} dimensions"
            raise ValueError(f"{path}: {name} holds {values.dtype} of shape {values.shape}, expected {wanted}")
        least = 0 if name != "direction_deg" else -np.inf
        if not (np.isfinite(values) & (values >= least)).all():
            raise ValueError(f"{path}: {name} holds values that are negative or not finite")
    for name in ("direction_deg", "contrast", "window_ms"):
        values = getattr(counts, name)
        if not (np.diff(values) > 0).all():
            raise ValueError(f"{path}: {name} is {np.array2string(values, threshold=8)}, expected ascending values")
    length = counts.window_ms[-1] - counts.window_ms[0]
    if len(counts.window_ms) != 2 or not np.isclose(counts.interval_length_ms, length):
        found = f"{np.array2string(counts.window_ms, threshold=8)} of length {counts.interval_length_ms:g}"
        raise ValueError(f"{path}: window_ms is {found}, expected [begin, end] and its length in interval_length_ms")
    if not (counts.contrast > 0).all():
        raise ValueError(f"{path}: contrast holds 0, expected contrasts of gratings; blanks are in blank_counts")


def split_half_reliability(counts):
    """Correlation across directions between the responses in the first and in the last half of the trials.

    Parameters
    ----------
    counts : ndarray, shape (n_directions, n_trials, n_cells)
        With an odd number of trials the middle one is in neither half.

    Returns
    -------
    ndarray, shape (n_cells,)
        Pearson's r; NaN where a half is constant, and everywhere for a single trial or fewer than three directions.

    Examples
    --------
    >>> first = np.array([1.0, 2.0, 3.0])
    >>> counts = np.stack([np.stack([first, 2 * first]), np.stack([first, first * 0])], axis=-1)  # (2, 3, 2)
    >>> split_half_reliability(counts.transpose(1, 0, 2)).round(3).tolist()
    [1.0, nan]
    """
    n_directions, n_trials, n_cells = counts.shape
    half = n_trials // 2
    if half == 0 or n_directions < LEAST_DIRECTIONS:
        return np.full(n_cells, np.nan)
    # Sums, not means: those of whole counts are exact, so a constant half has no spread at all.
    first, last = counts[:, :half].sum(axis=1), counts[:, n_trials - half :].sum(axis=1)
    defined = (np.ptp(first, axis=0) > 0) & (np.ptp(last, axis=0) > 0)
    first, last = first - first.mean(axis=0), last - last.mean(axis=0)
    length = np.sqrt(np.square(first).sum(axis=0) * np.square(last).sum(axis=0))
    return (first * last).sum(axis=0) / np.where(defined, length, np.nan)


def contrast_responses(counts, seed=0):
    """Metrics of every cell at every contrast.

    Parameters
    ----------
    counts : ContrastCounts
    seed : int
        Of the draws without tuning.

    Returns
    -------
    contrast : ndarray, shape (1 + n_contrasts,)
        0 (the blanks) first.
    responses : dict of ndarray, shape (1 + n_contrasts, n_cells)
        By name in `METRICS`: mean rate (Hz) over directions and trials; OSI and lifetime sparsity of the trial-mean
        rates over directions, NaN for silent cells, and what they come to without tuning; the unbiased estimate of
        OSI's square (`analysis_shared.metrics.untuned`); reliability. All but the rate are NaN at contrast 0, and those
        of OSI and sparsity everywhere if the directions do not cover the circle.

    Notes
    -----
    With few spikes OSI and sparsity are biased upwards, most at low contrast: a single spike has an OSI of 1.
    """
    n_contrasts, n_cells = len(counts.contrast), len(counts.node_id)
    responses = {name: np.full((1 + n_contrasts, n_cells), np.nan) for name in METRICS}
    responses["rate_Hz"][0] = firing_rates(counts.blank_counts.mean(axis=0), counts.window_ms)
    for index in range(n_contrasts):
        at_contrast = counts.evoked_counts[:, index]
        found = {"rate_Hz": firing_rates(at_contrast.mean(axis=(0, 1)), counts.window_ms)}
        found["reliability"] = split_half_reliability(at_contrast)
        if covers_circle(counts.direction_deg):
            found |= _selectivity(at_contrast, counts.direction_deg, seed)
        for name, values in found.items():
            responses[name][index + 1] = values
    return np.concatenate([[0.0], counts.contrast]), responses


def _selectivity(counts, direction_deg, seed):
    """OSI and sparsity at one contrast from (n_directions, n_trials, n_cells) counts, and what of them is noise."""
    mean = counts.mean(axis=1)
    table = untuned_table(counts, direction_deg, np.zeros(len(direction_deg), dtype=int), seed)
    found = {name: table[name] for name in ("OSI_untuned", "OSI_squared", "lifetime_sparsity_untuned")}
    return found | {"OSI": direction_tuning(mean, direction_deg)["OSI"], "lifetime_sparsity": lifetime_sparsity(mean)}


def curves_table(contrast, responses, cell_types):
    """Mean of each metric by cell type and contrast, with its spread and 95 % t interval over cells.

    Parameters
    ----------
    contrast, responses
        As `contrast_responses` returns them.
    cell_types : Series or ndarray, shape (n_cells,)

    Returns
    -------
    DataFrame
        Columns ``cell_type contrast metric n_cells n_defined mean sd sem ci_low ci_high``. ``n_cells`` counts all cells
        of the type, ``n_defined`` those that the metric is defined for and the mean is over.
    """
    cell_types = np.asarray(cell_types)
    rows = []
    for cell_type in display_order(cell_types):
        member = cell_types == cell_type
        for name in METRICS:
            for value, sample in zip(contrast, responses[name][:, member], strict=True):
                mean, low, high, n = mean_interval(sample)
                sd = np.nanstd(sample, ddof=1) if n > 1 else np.nan
                sem = sd / np.sqrt(n) if n > 1 else np.nan
                rows.append((cell_type, value, name, member.sum(), n, mean, sd, sem, low, high))
    names = ["cell_type", "contrast", "metric", "n_cells", "n_defined", "mean", "sd", "sem", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=names)
