"""Names of node sets: they hold the parameters of the set.

``{class}_{third}_{measure}_by_{group}_{region}``, for instance ``exc_high_outgoing_weight_by_layer_core``, or
``{class}_{region}`` for every cell of a class, ``pv_all``.
"""

import re
from typing import NamedTuple

CLASSES = ("exc", "inh", "pv", "sst", "vip")
"""Exc and inh by the sign of the cell (inh with layer 1), the others by the class of the naming scheme."""
THIRDS = ("high", "mid", "low")
MEASURES = {
    "outgoing_weight": "sum of |syn_weight| over all V1 edges that leave the cell (pA)",
    "incoming_weight": "sum of |syn_weight| over all V1 edges that reach the cell (pA)",
    "out_degree": "number of V1 edges that leave the cell",
}
GROUPS = ("layer", "cell_type")
"""What the cells are ranked within: a layer, all types of the class together, or a cell type."""
REGIONS = ("core", "periphery", "all")
TIES = "ranked by measure, descending, then by node id, ascending; high = first floor(n/3), low = last floor(n/3)"

NODE_SET = (
    rf"(?:{'|'.join(CLASSES)})"
    rf"(?:_(?:{'|'.join(THIRDS)})_(?:{'|'.join(MEASURES)})_by_(?:{'|'.join(GROUPS)}))?"
    rf"_(?:{'|'.join(REGIONS)})"
)
"""Regular expression of the valid names, without groups, for a wildcard."""

_PARTS = re.compile(
    rf"(?P<cell_class>{'|'.join(CLASSES)})"
    rf"(?:_(?P<third>{'|'.join(THIRDS)})_(?P<measure>{'|'.join(MEASURES)})_by_(?P<group>{'|'.join(GROUPS)}))?"
    rf"_(?P<region>{'|'.join(REGIONS)})"
)


class NodeSet(NamedTuple):
    """Parameters of a node set; `third`, `measure` and `group` are None for a whole class."""

    cell_class: str
    third: str | None
    measure: str | None
    group: str | None
    region: str

    @property
    def name(self):
        """Name that `parse_node_set` reads back."""
        ranked = f"_{self.third}_{self.measure}_by_{self.group}" if self.third else ""
        return f"{self.cell_class}{ranked}_{self.region}"


def parse_node_set(name):
    """Parameters of a node set from its name.

    Parameters
    ----------
    name : str

    Returns
    -------
    NodeSet

    Raises
    ------
    ValueError
        If the name is none; the message says what a name is made of.

    Examples
    --------
    >>> parse_node_set("inh_low_out_degree_by_cell_type_periphery")
    NodeSet(cell_class='inh', third='low', measure='out_degree', group='cell_type', region='periphery')
    >>> parse_node_set("pv_all").third is None
    True
    """
    found = _PARTS.fullmatch(name) if isinstance(name, str) else None
    if not found:
        raise ValueError(
            f"{name!r} is no node set; expected {{class}}_{{third}}_{{measure}}_by_{{group}}_{{region}} or "
            f"{{class}}_{{region}} with class {'|'.join(CLASSES)}, third {'|'.join(THIRDS)}, "
            f"measure {'|'.join(MEASURES)}, group {'|'.join(GROUPS)}, region {'|'.join(REGIONS)}"
        )
    return NodeSet(**found.groupdict())
