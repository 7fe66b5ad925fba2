"""The conditions of a contrast paradigm on the grid of directions and contrasts, without NumPy."""

from typing import NamedTuple

FIXED = ("temporal_frequency_hz", "spatial_frequency_cpd")


class ContrastGrid(NamedTuple):
    """Which conditions of a paradigm are blanks, and which stand where on the grid of directions and contrasts."""

    blanks: tuple
    """Pairs (condition, number of trials)."""
    grid: list
    """Names of conditions, a list of contrasts for each direction."""
    direction_deg: list
    """Ascending."""
    contrast: list
    """Ascending, blanks not among them."""
    n_trials: int
    """Trials of each condition on the grid."""
    temporal_frequency_hz: float


def contrast_grid(paradigm):
    """Arrange the conditions of a paradigm by direction and contrast.

    Parameters
    ----------
    paradigm : dict
        As `v1_files.paradigms.read_paradigm` returns it; ``name`` and ``conditions`` are enough.

    Returns
    -------
    ContrastGrid

    Raises
    ------
    ValueError
        If there are no blanks, a condition lacks direction, contrast or temporal frequency, the conditions are not one
        for each direction and contrast, or they differ in trials or in temporal or spatial frequency.
    """
    name = paradigm.get("file", f"paradigm {paradigm['name']}")
    rows = _conditions(paradigm, name)
    blanks = [row for row in rows if row["contrast"] == 0]
    shown = [row for row in rows if row["contrast"] != 0]
    if not blanks or not shown:
        lacking = "blanks (a condition of contrast 0)" if shown else "gratings"
        raise ValueError(f"{name}: contrast responses need blanks and gratings; there are no {lacking}")
    for key in ("trials", *FIXED):
        found = list(dict.fromkeys(row[key] for row in shown if key in row))
        if len(found) > 1:
            values = ", ".join(f"{value:g}" for value in found)
            raise ValueError(f"{name}: the gratings differ in {key} ({values}); contrast responses need one value")
    directions, contrasts, grid = _grid(shown, name)
    return ContrastGrid(
        blanks=tuple((row["condition"], row["trials"]) for row in blanks),
        grid=grid,
        direction_deg=directions,
        contrast=contrasts,
        n_trials=int(shown[0]["trials"]),
        temporal_frequency_hz=float(shown[0]["temporal_frequency_hz"]),
    )


def _grid(shown, name):
    """Directions and contrasts, ascending, and the names of their conditions."""
    places = {}
    for row in shown:
        place = row["direction_deg"], row["contrast"]
        if place in places:
            raise ValueError(f"{name}: condition {row['condition']} repeats the direction and contrast of another")
        places[place] = row["condition"]
    directions, contrasts = (sorted({place[axis] for place in places}) for axis in (0, 1))
    for direction in directions:
        for contrast in contrasts:
            if (direction, contrast) not in places:
                raise ValueError(f"{name}: no condition of direction {direction:g} deg and contrast {contrast:g}")
    return directions, contrasts, [[places[d, c] for c in contrasts] for d in directions]


def _conditions(paradigm, name):
    rows = []
    for entry in paradigm["conditions"]:
        row = {"condition": entry["name"], "trials": entry["trials"], **entry["parameters"]}
        needed = ("contrast",) if row.get("contrast") == 0 else ("contrast", "direction_deg", "temporal_frequency_hz")
        absent = [key for key in needed if key not in row]
        if absent:
            raise ValueError(f"{name}: condition {entry['name']} has no {', '.join(absent)}")
        rows.append(row)
    return rows
