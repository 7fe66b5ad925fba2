"""Cell types: the order they are shown in, their short names, and the pooled layer 5 excitatory group."""

import re

import pandas as pd

DISPLAY_ORDER = (
    "L2/3_Exc", "L4_Exc", "L5_Exc", "L5_ET", "L5_IT", "L5_NP", "L6_Exc", "L1_Inh",
    "L2/3_PV", "L4_PV", "L5_PV", "L6_PV",
    "L2/3_SST", "L4_SST", "L5_SST", "L6_SST",
    "L2/3_VIP", "L4_VIP", "L5_VIP", "L6_VIP",
)  # fmt: skip
L5_SUBTYPES = ("L5_ET", "L5_IT", "L5_NP")
L5_POOLED = "L5_Exc"
CLASS_ORDER = ("Exc", "Inh", "PV", "SST", "VIP")
CLASS_LABELS = (("Exc", "Excitatory"), ("Inh", "L1 inhibitory"), ("PV", "PV"), ("SST", "SST"), ("VIP", "VIP"))


def display_order(cell_types):
    """The distinct cell types in the order figures show them; types unknown to the order come last, by name.

    Examples
    --------
    >>> display_order(["L4_PV", "L4_Exc", "L4_Chandelier", "L4_PV"])
    ['L4_Exc', 'L4_PV', 'L4_Chandelier']
    """
    found = set(cell_types)
    known = [cell_type for cell_type in DISPLAY_ORDER if cell_type in found]
    return known + sorted(found.difference(DISPLAY_ORDER))


def broad_class(cell_type):
    """Class of a cell type: Exc, PV, SST, VIP or Inh (layer 1).

    Examples
    --------
    >>> [broad_class(name) for name in ("L5_ET", "L4_Exc", "L2/3_SST", "L1_Inh")]
    ['Exc', 'Exc', 'SST', 'Inh']
    """
    return "Exc" if cell_type in L5_SUBTYPES else cell_type.rpartition("_")[2]


def layer_of(cell_type):
    """Layer of a cell type as text.

    Examples
    --------
    >>> layer_of("L2/3_Exc")
    '2/3'
    """
    return cell_type.partition("_")[0].removeprefix("L")


def readable(cell_type):
    """A cell type as a figure prints it.

    Examples
    --------
    >>> readable("L2/3_Exc")
    'L2/3 Exc'
    """
    return cell_type.replace("_", " ")


def abbreviation(cell_type):
    """Short name of a cell type, for the axes of matrices.

    Examples
    --------
    >>> [abbreviation(name) for name in ("L2/3_Exc", "L5_ET", "L1_Inh", "L6_PV")]
    ['E23', 'E5ET', 'I1', 'PV6']
    """
    layer = re.sub(r"\D", "", layer_of(cell_type))
    kind = cell_type.rpartition("_")[2]
    if cell_type in L5_SUBTYPES:
        return f"E{layer}{kind}"
    return {"Exc": "E", "Inh": "I"}.get(kind, kind) + layer


def reference_type(cell_type):
    """The experimental cell type that a model type is compared with: recordings do not split layer 5.

    Examples
    --------
    >>> reference_type("L5_NP"), reference_type("L4_PV")
    ('L5_Exc', 'L4_PV')
    """
    return L5_POOLED if cell_type in L5_SUBTYPES else cell_type


def with_pooled_l5(cells):
    """Append the layer 5 subtypes once more as the pooled type ``L5_Exc``.

    Parameters
    ----------
    cells : DataFrame
        One row a cell, with a column ``cell_type``.

    Returns
    -------
    DataFrame
        The rows of `cells`, then those of the subtypes relabelled. Groups overlap, so summaries must leave out the
        subtypes or the pooled type.
    """
    pooled = cells[cells["cell_type"].isin(L5_SUBTYPES)].assign(cell_type=L5_POOLED)
    return pd.concat([cells, pooled], ignore_index=True) if len(pooled) else cells.reset_index(drop=True)
