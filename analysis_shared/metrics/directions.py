"""Which sets of directions can tell how selective a cell is."""

import math

LEAST_DIRECTIONS = 4
"""Three evenly spaced directions give orientation and direction selectivity the same value."""
_ROUNDING = 1e-9


def covers_circle(directions_deg):
    """Whether OSI and DSI are defined over some directions: 4 or more, that balance each other.

    An untuned cell has an OSI and a DSI of 0 only where the sums of exp(iθ) and of exp(2iθ) over the directions vanish.

    Parameters
    ----------
    directions_deg : iterable of float, deg
        Repeated directions count once; 360 is 0.

    Returns
    -------
    bool

    Examples
    --------
    >>> [covers_circle(directions) for directions in (range(0, 360, 45), [0, 90], [0, 45, 90], [0, 120, 240])]
    [True, False, False, False]
    """
    angles = [math.radians(angle) for angle in {float(direction) % 360 for direction in directions_deg}]
    if len(angles) < LEAST_DIRECTIONS:
        return False
    resultants = [
        abs(complex(sum(math.cos(k * a) for a in angles), sum(math.sin(k * a) for a in angles))) for k in (1, 2)
    ]
    return max(resultants) < _ROUNDING * len(angles)
