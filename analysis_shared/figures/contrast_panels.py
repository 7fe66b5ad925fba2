"""What the contrast panels show, from the tables of one or several networks.

Intervals are over networks where there are several, and over cells where there is one.
"""

import numpy as np
import pandas as pd

from analysis_shared.cells.grouping import display_order, layer_of
from analysis_shared.metrics.spectra import positive_intervals, too_few
from analysis_shared.metrics.tuning_summary import signed_root
from analysis_shared.statistics.intervals import mean_interval, proportion_interval
from analysis_shared.statistics.naka_rushton import OK, PARAMETERS, naka_rushton
from analysis_shared.statistics.responsiveness import NEGATIVE, POSITIVE
from v1_files.reading import read_table

CURVE_COLUMNS = ("cell_type", "contrast", "metric", "n_cells", "n_defined", "mean", "ci_low", "ci_high")
FIT_COLUMNS = ("cell_type", *PARAMETERS, "status")
RESPONSE_COLUMNS = ("cell_type", "response", "response_published", "level")
SPECTRUM_COLUMNS = (
    *("cell_type", "contrast", "n_cells", "n_trials", "n_spikes", "frequency_Hz", "power", "white_level"),
    *("relative_power", "ci_low", "ci_high"),
)
WORDS = ("cell_type", "metric", "status", "response", "response_published")
SIZES = ("n_cells", "n_defined", "n_trials")
METRIC_LABELS = {
    "rate_Hz": "Rate (Hz)",
    "OSI_unbiased": "OSI, unbiased\n(root mean square)",
    "lifetime_sparsity": "Lifetime sparsity\nover directions",
    "reliability": "Split-half\nreliability (r)",
}
ROWS = ("rate_Hz", "OSI_unbiased", "lifetime_sparsity", "reliability")
"""Metrics that the panels show."""
LAYER_GROUPS = (("L1, L2/3", ("1", "2/3")), ("L4", ("4",)), ("L5", ("5",)), ("L6", ("6",)))


def read_panel_table(path, columns):
    """Read a table that must have some columns and rows.

    Raises
    ------
    ValueError
        Naming the file and what is missing.
    """
    words, sizes = ([name for name in columns if name in kind] for kind in (WORDS, SIZES))
    numbers = [name for name in columns if name not in (*WORDS, *SIZES)]
    # "none" is a response, not a missing value.
    options = {"keep_default_na": False, "na_values": ["nan"]}
    table = read_table(path, text=words, counts=sizes, numeric=numbers, **options)
    if table.empty:
        raise ValueError(f"{path}: no rows")
    return table


def basis(networks, over="cells"):
    """What means or intervals are over, for a legend.

    Examples
    --------
    >>> basis(["small"]), basis(["core_0", "core_1"])
    ('over cells of small', 'over 2 networks')
    """
    return f"over {over} of {networks[0]}" if len(networks) == 1 else f"over {len(networks)} networks"


def pooled_curves(tables):
    """Curves of one or several networks.

    Parameters
    ----------
    tables : sequence of DataFrame
        Curves of each network, with `CURVE_COLUMNS`.

    Returns
    -------
    DataFrame
        Columns ``cell_type contrast metric n_cells n_networks mean ci_low ci_high``: for one network its mean and
        interval over cells; for several the mean of their means and its 95 % t interval over networks. ``n_cells`` is
        the total.
    """
    keys = ["cell_type", "contrast", "metric"]
    joined = pd.concat(tables, ignore_index=True)
    if len(tables) == 1:
        return joined[[*keys, "n_cells", "mean", "ci_low", "ci_high"]].assign(n_networks=1)
    rows = []
    for key, group in joined.groupby(keys, sort=False):
        mean, low, high, n = mean_interval(group["mean"])
        rows.append((*key, group["n_cells"].sum(), n, mean, low, high))
    return pd.DataFrame(rows, columns=[*keys, "n_cells", "n_networks", "mean", "ci_low", "ci_high"])


def with_roots(curves):
    """The curves with ``OSI_unbiased`` in the place of ``OSI_squared``: roots of the means and of their limits.

    Parameters
    ----------
    curves : DataFrame
        From `pooled_curves`.

    Returns
    -------
    DataFrame
    """
    squares = curves["metric"] == "OSI_squared"
    columns = ["mean", "ci_low", "ci_high"]
    roots = signed_root(curves[columns]).where(squares, curves[columns], axis=0)
    return curves.assign(**roots, metric=curves["metric"].mask(squares, "OSI_unbiased"))


def pooled_fit(fits, cell_type, contrast):
    """Fitted rate of a cell type, averaged over networks.

    Parameters
    ----------
    fits : sequence of DataFrame
        Fits of each network, with `FIT_COLUMNS`.
    cell_type : str
    contrast : ndarray, shape (n_points,)

    Returns
    -------
    rate : ndarray or None
        None where no network has a fit.
    sound : bool
        Whether all have, with parameters that the data determine.
    """
    rows = pd.concat([table[table["cell_type"] == cell_type] for table in fits])
    curves = [naka_rushton(contrast, *row) for row in rows[list(PARAMETERS)].dropna().to_numpy()]
    return (np.mean(curves, axis=0) if curves else None), bool(len(rows) and (rows["status"] == OK).all())


def pooled_shares(tables):
    """Shares of driven and suppressed cells of each type.

    Parameters
    ----------
    tables : sequence of DataFrame
        Responsiveness of each network, with `RESPONSE_COLUMNS`.

    Returns
    -------
    DataFrame
        Columns ``cell_type response n_cells n_networks share ci_low ci_high share_published``, in display order. All
        cells count in ``n_cells``, those that are silent throughout too. Intervals are Wilson's over cells for one
        network, t intervals over networks, kept inside [0, 1], for several.
    """
    rows = []
    for cell_type in display_order(pd.concat(tables)["cell_type"]):
        members = [table[table["cell_type"] == cell_type] for table in tables]
        members = [table for table in members if len(table)]
        n_cells = sum(map(len, members))
        for response in (POSITIVE, NEGATIVE):
            counts = [(table["response"] == response).sum() for table in members]
            shares = [count / len(table) for count, table in zip(counts, members, strict=True)]
            interval = mean_interval(shares) if len(tables) > 1 else proportion_interval(counts[0], n_cells)
            published = np.mean([(table["response_published"] == response).mean() for table in members])
            limits = np.clip([interval.low, interval.high], 0, 1)
            rows.append((cell_type, response, n_cells, len(members), interval.mean, *limits, published))
    names = ["cell_type", "response", "n_cells", "n_networks", "share", "ci_low", "ci_high", "share_published"]
    return pd.DataFrame(rows, columns=names)


def pooled_spectra(tables):
    """Spectra averaged over networks.

    Parameters
    ----------
    tables : sequence of DataFrame
        Spectra of each network, with `SPECTRUM_COLUMNS`.

    Returns
    -------
    DataFrame
        Columns ``cell_type contrast frequency_Hz n_cells n_trials n_spikes n_networks power white_level relative_power
        ci_low ci_high too_few``; cells, trials and spikes are totals. Intervals are over trials of one network, over
        networks where there are several. Networks that have too few cells or spikes
        (`analysis_shared.metrics.spectra.too_few`) do not count; ``too_few`` says of what where none counts, with
        ``relative_power`` NaN.
    """
    keys = ["cell_type", "contrast", "frequency_Hz"]
    relative = ["relative_power", "ci_low", "ci_high"]
    joined = pd.concat(tables, ignore_index=True)
    # The same at all frequencies, so asked for once a spectrum.
    sizes = joined[["n_cells", "n_spikes", "n_trials"]]
    lacking = {size: too_few(*size) for size in set(sizes.itertuples(index=False, name=None))}
    joined["too_few"] = [lacking[size] for size in sizes.itertuples(index=False, name=None)]
    joined.loc[joined["too_few"] != "", relative] = np.nan
    grouped = joined.groupby(keys, sort=False)
    pooled = grouped[["n_cells", "n_trials", "n_spikes"]].sum()
    pooled["n_networks"] = np.maximum(grouped["relative_power"].count(), 1)
    pooled[["power", "white_level"]] = grouped[["power", "white_level"]].mean()
    if len(tables) == 1:
        pooled[relative] = grouped[relative].first()
    else:
        samples = [sample.to_numpy()[:, None] for _, sample in grouped["relative_power"]]
        pooled[relative] = np.array([np.concatenate(positive_intervals(sample)) for sample in samples])
    pooled["too_few"] = grouped["too_few"].first().where(pooled["relative_power"].isna(), "")
    return pooled.reset_index()


def types_by_layer(cell_types):
    """Cell types in the panel of each group of layers, in display order; layers unknown to the groups get their own.

    Examples
    --------
    >>> types_by_layer(["L4_Exc", "L1_Inh", "L2/3_PV"])
    {'L1, L2/3': ['L1_Inh', 'L2/3_PV'], 'L4': ['L4_Exc']}
    """
    groups = {}
    for cell_type in display_order(cell_types):
        layer = layer_of(cell_type)
        title = next((title for title, layers in LAYER_GROUPS if layer in layers), f"L{layer}")
        groups.setdefault(title, []).append(cell_type)
    titles = [title for title, _ in LAYER_GROUPS]
    return dict(sorted(groups.items(), key=lambda entry: titles.index(entry[0]) if entry[0] in titles else len(titles)))
