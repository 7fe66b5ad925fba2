"""The visual field: the tiles of the LGN, and where V1 looks; constants alone, so that reading a config stays quick."""

TILE_DEG = 8.0
FIELD_TILES = (15, 10)
TILES = {"full": FIELD_TILES, "small": (3, 2)}
DEG_PER_UM = (0.07, 0.04)
"""How far the field's centre of a V1 cell moves with its x and z."""
SIGMA_DEG = 5.0
"""Spread of a V1 cell's LGN sources around its field's centre, before the stretch along its preferred direction."""


def largest_radius_um(lgn):
    """Largest column that an LGN covers: no field's centre lies further outside the tiles than ``SIGMA_DEG``.

    Sources come from where there are tiles. Of a Gaussian whose centre lies d outside an edge the part beyond it is
    lost, so the sources lie sigma phi(d/sigma) / (1 - Phi(d/sigma)) off the centre on average: 4 deg where the centre
    is on the edge, 7.6 deg at d = sigma, 17 deg for the outermost cells of a 400 um column with the small LGN.

    Parameters
    ----------
    lgn : {"full", "small"}

    Returns
    -------
    float, um

    Examples
    --------
    >>> [int(largest_radius_um(lgn)) for lgn in ("small", "full")]
    [242, 928]
    """
    return min(
        (tiles * TILE_DEG / 2 + SIGMA_DEG) / per_um for tiles, per_um in zip(TILES[lgn], DEG_PER_UM, strict=True)
    )


def check_covers(lgn, radius_um):
    """Refuse an LGN that a column's fields leave.

    Raises
    ------
    ValueError
        Naming the largest radius, and which LGN covers this one.
    """
    largest = largest_radius_um(lgn)
    if radius_um <= largest:
        return
    wider = [name for name in TILES if largest_radius_um(name) >= radius_um]
    instead = f"lgn: {wider[0]} covers it" if wider else "no LGN covers it"
    raise ValueError(f"the {lgn} LGN covers a radius up to {int(largest)} um, found {radius_um:g}; {instead}")
