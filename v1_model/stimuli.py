"""Stimuli: functions from parameters to a movie.

A stimulus is one function with :func:`stimulus` above it. Its ``Parameter`` table is the only place that pairs our
names with BMTK's keys and states what values are allowed, so a config cannot say one thing and simulate another.
"""

import difflib
import math
from dataclasses import dataclass

import numpy as np

SCREEN_WIDTH_DEG = 120.0
SCREEN_HEIGHT_DEG = 80.0
FRAME_RATE_HZ = 1000.0
SMALLEST_FIELD_SD_DEG = 0.5
"""Of the LGN's fields, 2 degrees wide."""
ALIAS = 0.02
"""Most that a sampled field may answer to a grating's alias, relative to the grating."""
FINEST_CPD = 0.8
"""Of it the smallest field passes 4 % of the contrast, and half-degree pixels show it without an alias."""
FASTEST_HZ = FRAME_RATE_HZ / 4
"""Four frames a cycle."""


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
class Parameter:
    """One parameter of a stimulus: our name, BMTK's key, the range allowed."""

    name: str
    bmtk_key: str
    low: float = -math.inf
    high: float = math.inf
    low_included: bool = True
    default: float | None = None

    def checked(self, value, where):
        """The value as a float, or a ``ValueError`` that names it."""
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise ValueError(f"{where}: {self.name} must be a number, got {value!r}")
        above = value >= self.low if self.low_included else value > self.low
        if not (math.isfinite(value) and above and value <= self.high):
            bracket = "[" if self.low_included else "("
            raise ValueError(f"{where}: {self.name} must lie in {bracket}{self.low:g}, {self.high:g}], got {value:g}")
        return float(value)


@dataclass(frozen=True)
class Stimulus:
    """A movie function, its parameters, and the keys of its BMTK input that are the same for all parameters."""

    make: callable
    parameters: tuple
    bmtk_constants: dict


_STIMULI = {}


def stimulus(parameters, bmtk_constants):
    """Register the function below as the stimulus of its name; ``duration_ms`` is a parameter of every stimulus."""

    def register(function):
        _STIMULI[function.__name__] = Stimulus(function, tuple(parameters), dict(bmtk_constants))
        return function

    return register


_GREY = Parameter("grey_ms", "gray_screen_dur", low=0, default=0.0)
_SCREEN = (
    Parameter("screen_height_deg", "row_size", low=0, low_included=False, default=SCREEN_HEIGHT_DEG),
    Parameter("screen_width_deg", "col_size", low=0, low_included=False, default=SCREEN_WIDTH_DEG),
    Parameter("degrees_per_pixel", "degrees_per_pixel", low=0, low_included=False, default=1.0),
    Parameter("frame_rate_hz", "frame_rate", low=0, low_included=False, default=FRAME_RATE_HZ),
)
_BMTK_MOVIE = {
    "input_type": "movie",
    "node_set": "lgn",
    "module": "grating",
    "y_dir": "up",
    "evaluation_options": {"downsample": 1, "separable": True},
}


@stimulus(
    parameters=(
        Parameter("direction_deg", "theta", low=-360, high=360),
        Parameter("spatial_frequency_cpd", "cpd", low=0, low_included=False, high=FINEST_CPD),
        Parameter("temporal_frequency_hz", "temporal_f", low=0, low_included=False, high=FASTEST_HZ),
        Parameter("contrast", "contrast", low=0, high=1),
        Parameter("phase_deg", "phase", default=0.0),
        _GREY,
        *_SCREEN,
    ),
    bmtk_constants=_BMTK_MOVIE,
)
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
    grey_frames = _whole_frames(grey_ms, frame_rate_hz, "grey_ms")
    frames = _whole_frames(duration_ms, frame_rate_hz, "duration_ms") + 1
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
    parameters=(_GREY, *_SCREEN),
    bmtk_constants={**_BMTK_MOVIE, "theta": 0.0, "cpd": 0.04, "temporal_f": 1.0, "contrast": 0.0, "phase": 0.0},
)
def grey_screen(*, grey_ms, duration_ms, screen_height_deg, screen_width_deg, degrees_per_pixel, frame_rate_hz):
    """Grey throughout, so ``grey_ms`` changes nothing; BMTK's input is a grating without contrast."""
    row_deg, column_deg = _screen_axes(screen_height_deg, screen_width_deg, degrees_per_pixel)
    frames = _whole_frames(duration_ms, frame_rate_hz, "duration_ms") + 1
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
    return _known(name).make(**check_parameters(name, parameters), duration_ms=duration_ms)


def check_parameters(name, parameters):
    """Parameters of a stimulus, checked and with defaults filled in; errors as in :func:`make_movie`."""
    table = {parameter.name: parameter for parameter in _known(name).parameters}
    _refuse_unknown(parameters, table, f"stimulus {name}", "parameter")
    missing = [key for key, parameter in table.items() if parameter.default is None and key not in parameters]
    if missing:
        raise ValueError(f"stimulus {name}: missing {', '.join(missing)}")
    values = {
        key: parameter.checked(parameters.get(key, parameter.default), f"stimulus {name}")
        for key, parameter in table.items()
    }
    if "spatial_frequency_cpd" in values:
        values["degrees_per_pixel"] = parameters.get("degrees_per_pixel", pixel_deg(values["spatial_frequency_cpd"]))
        _refuse_aliases(values, f"stimulus {name}")
    return values


def pixel_deg(spatial_frequency_cpd):
    """Degrees of a pixel that show a grating well: 1 where that is fine enough, else a whole fraction of it.

    A Gaussian field of SD σ that is sampled at k pixels a degree passes, beside the grating of frequency f, an alias of
    frequency k − f, exp(−2π²σ²·k(k − 2f)) times as much: ``ALIAS`` at most in the smallest field.

    Parameters
    ----------
    spatial_frequency_cpd : float

    Returns
    -------
    float

    Examples
    --------
    >>> pixel_deg(0.04), pixel_deg(0.32)
    (1.0, 0.5)
    """
    wanted = -math.log(ALIAS) / (2 * (math.pi * SMALLEST_FIELD_SD_DEG) ** 2)
    return 1.0 / math.ceil(spatial_frequency_cpd + math.sqrt(spatial_frequency_cpd**2 + wanted))


def relative_pixels(parameters):
    """Pixels of a paradigm's finest stimulus relative to a screen of one pixel a degree.

    >>> relative_pixels({"spatial_frequency_cpd": [0.02, 0.32]}), relative_pixels({})
    (4.0, 1.0)
    """
    frequencies = parameters.get("spatial_frequency_cpd", 0.0)
    return pixel_deg(float(np.max(frequencies))) ** -2


def _refuse_aliases(values, where):
    """Refuse a grating that the given screen or frames show as another one."""
    axes = _screen_axes(*(values[key] for key in ("screen_height_deg", "screen_width_deg", "degrees_per_pixel")))
    pitch = max(axis[1] - axis[0] for axis in axes)
    frequency, rate = values["spatial_frequency_cpd"], values["frame_rate_hz"]
    if not frequency * pitch < 0.5:
        raise ValueError(
            f"{where}: spatial_frequency_cpd must be less than {0.5 / pitch:.3g}, half a cycle a pixel of "
            f"{values['degrees_per_pixel']:g} deg, or it appears as another one; got {frequency:g}"
        )
    if not values["temporal_frequency_hz"] < rate / 2:
        raise ValueError(
            f"{where}: temporal_frequency_hz must be less than {rate / 2:g}, half the frame rate, or it appears as "
            f"another one; got {values['temporal_frequency_hz']:g}"
        )


def bmtk_input(name, parameters):
    """The stimulus as an entry of ``inputs`` in a SONATA config for BMTK FilterNet; errors as in :func:`make_movie`.

    The duration is not in it: FilterNet shows a movie for ``run/tstop``.

    Examples
    --------
    >>> bmtk_input("grey_screen", {})["contrast"]
    0.0
    """
    values = check_parameters(name, parameters)
    chosen = _known(name)
    return {**chosen.bmtk_constants, **{entry.bmtk_key: values[entry.name] for entry in chosen.parameters}}


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
    chosen = _STIMULI[name]
    names = {parameter.bmtk_key: parameter.name for parameter in chosen.parameters}
    _refuse_unknown(entry, [*names, *chosen.bmtk_constants], where, "key")
    missing = [key for key in [*names, *chosen.bmtk_constants] if key not in entry]
    if missing:
        raise ValueError(f"{where}: missing {', '.join(missing)}")
    for key, constant in chosen.bmtk_constants.items():
        if entry[key] != constant:
            raise ValueError(f"{where}: {key} must be {constant!r}, got {entry[key]!r}")
    return name, check_parameters(name, {names[key]: entry[key] for key in names})


def stimulus_names():
    """Names of the stimuli there are."""
    return sorted(_STIMULI)


def _known(name):
    if name not in _STIMULI:
        raise ValueError(f"no stimulus '{name}', known are {', '.join(stimulus_names())}")
    return _STIMULI[name]


def _refuse_unknown(given, known, where, noun):
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f", did you mean '{near[0]}'?" if near else f", known are {', '.join(known)}"
            raise ValueError(f"{where}: unknown {noun} '{key}'{hint}")


def _whole_frames(duration_ms, frame_rate_hz, name):
    frames = duration_ms * frame_rate_hz / 1000.0
    if abs(frames - round(frames)) > 1e-6:
        raise ValueError(f"{name} must be a whole number of frames at {frame_rate_hz:g} Hz, got {duration_ms:g} ms")
    return round(frames)


def _screen_axes(height_deg, width_deg, degrees_per_pixel):
    """Row and column centres; the outermost pixels sit on the edges, as BMTK places them."""
    rows, columns = int(height_deg / degrees_per_pixel), int(width_deg / degrees_per_pixel)
    if min(rows, columns) < 2:
        raise ValueError(
            f"a screen of {width_deg:g} x {height_deg:g} deg has too few pixels of {degrees_per_pixel:g} deg"
        )
    return np.linspace(0, height_deg, rows), np.linspace(0, width_deg, columns)
