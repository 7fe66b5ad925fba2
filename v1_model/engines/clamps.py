"""Steps of a current clamp on the time grid of a simulation."""

import itertools
import math


def current_steps(amplitudes, delays, durations, dt_ms):
    """When the current of a clamp changes, and to what.

    Parameters
    ----------
    amplitudes : sequence of float, pA
    delays, durations : sequence of float, ms
        Of each amplitude, as in a SONATA config; a current ends at the latest as the next one begins.
    dt_ms : float
        Time step.

    Returns
    -------
    steps : list of int
        Time steps, ascending.
    values : list of float, pA
        From each step on.

    Raises
    ------
    ValueError
        When the three differ in length, a time is no multiple of the time step or they do not ascend, or the current
        begins with the first step, which NEST cannot do.

    Examples
    --------
    >>> current_steps([150.0, -80.0], [60.0, 100.0], [50.0, 20.0], 0.25)
    ([240, 400, 480], [150.0, -80.0, 0.0])
    """
    if not 0 < len(amplitudes) == len(delays) == len(durations):
        found = f"{len(amplitudes)} amp, {len(delays)} delay, {len(durations)} duration"
        raise ValueError(f"found {found}, expected as many of each")
    times, values = [], []
    for amplitude, start, duration, following in zip(
        amplitudes, delays, durations, [*delays[1:], math.inf], strict=True
    ):
        ends = start + duration < following
        times += [start, start + duration] if ends else [start]
        values += [float(amplitude), 0.0] if ends else [float(amplitude)]
    steps = [round(time / dt_ms) for time in times]
    on_grid = all(math.isclose(step * dt_ms, time) for step, time in zip(steps, times, strict=True))
    if not (on_grid and steps[0] > 1 and all(a < b for a, b in itertools.pairwise(steps))):
        raise ValueError(
            f"found steps at {', '.join(f'{time:g}' for time in times)} ms, expected ascending multiples of the time "
            f"step, {dt_ms:g} ms, from the second on"
        )
    return steps, values
