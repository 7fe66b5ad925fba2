"""The look of the figures: publication style, colours of data sets, saving."""

import colorsys

import matplotlib as mpl
import numpy as np

from v1_files.files import whole_file

DOTS_PER_INCH = 300
PAGE_WIDTH_IN = 7.5
NEUROPIXELS = "Neuropixels"
DATASET_COLOURS = (
    (NEUROPIXELS, "#7f7f7f"),
    ("Trained", "#36d85e"),
    ("Untrained", "#d8b036"),
    ("Adjusted", "#365ed8"),
    ("Naive", "#d836b0"),
)
UNUSED_HUES_DEG = (0, 90, 180, 270)


def publication_style():
    """Settings for ``matplotlib.rc_context``: sans-serif 8 to 10 pt, thin axes, no top and right spines."""
    return {
        "font.family": "sans-serif",
        "font.sans-serif": ["Arial", "DejaVu Sans", "Liberation Sans"],
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.labelsize": 9,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "axes.linewidth": 0.8,
        "lines.linewidth": 1.2,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.dpi": 150,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "pdf.fonttype": 42,
        "legend.frameon": False,
    }


def dataset_colour(label):
    """Colour of a data set: grey for the experiment, a hue for each known option, another hue for any other name.

    Examples
    --------
    >>> dataset_colour("Trained"), dataset_colour("Neuropixels")
    ('#36d85e', '#7f7f7f')
    """
    known = dict(DATASET_COLOURS)
    if label in known:
        return known[label]
    hue = UNUSED_HUES_DEG[sum(label.encode()) % len(UNUSED_HUES_DEG)]
    return mpl.colors.to_hex(colorsys.hsv_to_rgb(hue / 360, 0.75, 0.85))


def text_colour(rgba):
    """Black or white, whichever is readable on a colour.

    Examples
    --------
    >>> text_colour((1, 1, 0, 1)), text_colour((0.2, 0, 0.3, 1))
    ('black', 'white')
    """
    return "black" if np.dot(rgba[:3], (0.299, 0.587, 0.114)) > 0.5 else "white"


def panel_letter(axes, letter, x=-0.02, y=1.02):
    """Bold panel letter above the upper left corner of axes."""
    axes.text(x, y, letter, transform=axes.transAxes, fontsize=12, fontweight="bold", ha="right", va="bottom")


def spread(positions, least):
    """Move ascending positions in [0, 1] as little as needed for labels there to be `least` apart and inside.

    Examples
    --------
    >>> spread([0.01, 0.02, 0.5], 0.1)
    [0.05, 0.15, 0.5]
    """
    moved = []
    for position in positions:
        moved.append(max(position, moved[-1] + least if moved else least / 2))
    limit = 1 - least / 2
    for index in reversed(range(len(moved))):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - least
    return [round(float(position), 9) for position in moved]


def save_figure(figure, stem):
    """Save a figure as PNG and PDF beside each other, without time stamps: same data, same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    stem : path-like
        Path without suffix.
    """
    for suffix, metadata in (("png", {"Software": None}), ("pdf", {"CreationDate": None})):
        with whole_file(f"{stem}.{suffix}") as path:
            figure.savefig(path, format=suffix, dpi=DOTS_PER_INCH, metadata=metadata)
