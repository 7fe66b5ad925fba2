"""Stimuli: functions from parameters to a movie.

A stimulus is one function with :func:`stimulus` above it, and a table of its parameters in ``stimulus_parameters``.
"""

from dataclasses import dataclass

import numpy as np

from v1_model.stimulus_parameters import (
    FRAME_RATE_HZ,
    Parameter,
    check_parameters,
    known,
    refuse_unknown,
    screen_pixels,
    whole_frames,
)


@dataclass(frozen=True)
class Movie:
    """Frames with their axes.

    Attributes
    ----------
    data : array of float, shape (frames, rows, columns)
        Luminance from -1 (black) over 0 (grey) to 1 (white).
    row_deg, column_deg : array of float, shapes (rows,), (columns,)
        Elevation (upwards) and azimuth of the pixel centres, evenly spaced.
    frame_rate_hz : float
    """

    data: np.ndarray
    row_deg: np.ndarray
    column_deg: np.ndarray
    frame_rate_hz: float = FRAME_RATE_HZ

    def __post_init__(self):
        expected = (len(self.row_deg), len(self.column_deg))
        if self.data.ndim != 3 or self.data.shape[1:] != expected or min(expected) < 2 or not len(self.data):
            raise ValueError(f"a movie of shape {self.data.shape} does not fit {expected} rows and columns")

    @property
    def time_ms(self):
        """Time of each frame, shape (frames,)."""
        return np.arange(len(self.data)) * (1000.0 / self.frame_rate_hz)


@dataclass(frozen=True)
class Stimulus:
    """A movie function, and the keys of its BMTK input that are the same for all parameters."""

    make: callable
    bmtk_constants: dict


_STIMULI = {}


def stimulus(bmtk_constants):
    """Register the function below as the stimulus of its name; ``duration_ms`` is a parameter of every stimulus."""

    def register(function):
        _STIMULI[function.__name__] = Stimulus(function, dict(bmtk_constants))
        return function

    return register


_BMTK_MOVIE = {
    "input_type": "movie",
    "node_set": "lgn",
    "module": "grating",
    "y_dir": "up",
    "evaluation_options": {"downsample": 1, "separable": True},
}


@stimulus(bmtk_constants=_BMTK_MOVIE)
def drifting_grating(
    *,
    direction_deg,
    spatial_frequency_cpd,
    temporal_frequency_hz,
    contrast,
    phase_deg,
    grey_ms,
    duration_ms,
    screen_height_deg,
    screen_width_deg,
    degrees_per_pixel,
    frame_rate_hz,
):
    """Sine grating that drifts towards ``direction_deg`` after a grey screen.

    ``contrast · sin(2π (f_s (x cos θ + y sin θ) − f_t t) + phase)`` with t from the end of the grey, whose last frame
    stands at t = 0; frames at both ends of the interval, as in BMTK's ``GratingMovie`` with ``y_dir`` up.
    """
    row_deg, column_deg = _screen_axes(screen_height_deg, screen_width_deg, degrees_per_pixel)
    grey_frames = whole_frames(grey_ms, frame_rate_hz, "grey_ms")
    frames = whole_frames(duration_ms, frame_rate_hz, "duration_ms") + 1
    if not grey_frames < frames - 1:
        raise ValueError(f"drifting_grating: grey_ms ({grey_ms:g}) must be less than duration_ms ({duration_ms:g})")
    first = grey_frames + 1 if grey_frames else 0
    angle = np.deg2rad(direction_deg)
    along = column_deg[None, :] * np.cos(angle) + row_deg[:, None] * np.sin(angle)
    space = 2 * np.pi * spatial_frequency_cpd * along.ravel() + np.deg2rad(phase_deg)
    time = 2 * np.pi * temporal_frequency_hz * (np.arange(first, frames) - grey_frames) / frame_rate_hz
    data = np.zeros((frames, along.size))
    # sin(a - b) as a product of two thin matrices: no sine for every pixel of every frame.
    temporal = contrast * np.column_stack([np.cos(time), -np.sin(time)])
    np.matmul(temporal, np.stack([np.sin(space), np.cos(space)]), out=data[first:])
    return Movie(data.reshape(frames, *along.shape), row_deg, column_deg, frame_rate_hz)


@stimulus(
    bmtk_constants={**_BMTK_MOVIE, "theta": 0.0, "cpd": 0.04, "temporal_f": 1.0, "contrast": 0.0, "phase": 0.0},
)
def grey_screen(*, grey_ms, duration_ms, screen_height_deg, screen_width_deg, degrees_per_pixel, frame_rate_hz):
    """Grey throughout, so ``grey_ms`` changes nothing; BMTK's input is a grating without contrast."""
    row_deg, column_deg = _screen_axes(screen_height_deg, screen_width_deg, degrees_per_pixel)
    frames = whole_frames(duration_ms, frame_rate_hz, "duration_ms") + 1
    return Movie(np.zeros((frames, len(row_deg), len(column_deg))), row_deg, column_deg, frame_rate_hz)


def make_movie(name, parameters, duration_ms):
    """Movie of a stimulus.

    Parameters
    ----------
    name : str
    parameters : dict
        By our names; those with a default may be left out.
    duration_ms : float

    Returns
    -------
    Movie

    Raises
    ------
    ValueError
        For an unknown stimulus or parameter (with the nearest known one), a missing one, or a value out of range.

    Examples
    --------
    >>> make_movie("grey_screen", {}, 100).data.shape
    (101, 80, 120)
    """
    duration_ms = Parameter("duration_ms", "", low=0, low_included=False).checked(duration_ms, name)
    checked = check_parameters(name, parameters)
    return _STIMULI[name].make(**checked, duration_ms=duration_ms)


def bmtk_input(name, parameters):
    """The stimulus as an entry of ``inputs`` in a SONATA config for BMTK FilterNet; errors as in :func:`make_movie`.

    The duration is not in it: FilterNet shows a movie for ``run/tstop``.

    Examples
    --------
    >>> bmtk_input("grey_screen", {})["contrast"]
    0.0
    """
    values = check_parameters(name, parameters)
    return {**_STIMULI[name].bmtk_constants, **{entry.bmtk_key: values[entry.name] for entry in known(name)}}


def from_bmtk_input(entry, where="inputs"):
    """Stimulus and parameters of an input that :func:`bmtk_input` could have made.

    Parameters
    ----------
    entry : dict
    where : str
        What to call the entry in an error.

    Returns
    -------
    name : str
    parameters : dict

    Raises
    ------
    ValueError
        For a key that BMTK would silently ignore, a missing key, or a constant of another value.
    """
    if entry.get("module") != "grating":
        raise ValueError(f"{where}: module must be 'grating', got {entry.get('module')!r}")
    name = "drifting_grating"
    constants = _STIMULI[name].bmtk_constants
    names = {parameter.bmtk_key: parameter.name for parameter in known(name)}
    refuse_unknown(entry, [*names, *constants], where, "key")
    missing = [key for key in [*names, *constants] if key not in entry]
    if missing:
        raise ValueError(f"{where}: missing {', '.join(missing)}")
    for key, constant in constants.items():
        if entry[key] != constant:
            raise ValueError(f"{where}: {key} must be {constant!r}, got {entry[key]!r}")
    return name, check_parameters(name, {names[key]: entry[key] for key in names})


def _screen_axes(height_deg, width_deg, degrees_per_pixel):
    """Row and column centres; the outermost pixels sit on the edges, as BMTK places them."""
    rows, columns = screen_pixels(height_deg, width_deg, degrees_per_pixel)
    return np.linspace(0, height_deg, rows), np.linspace(0, width_deg, columns)
