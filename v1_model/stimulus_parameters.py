"""Parameters of the stimuli: names, BMTK's keys, and what values are allowed. Read with the config, so without NumPy.

The tables are the only place that pairs our names with BMTK's keys and states what values are allowed, so a config
cannot say one thing and simulate another.
"""

import difflib
import math
import numbers
from dataclasses import dataclass

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
class Parameter:
    """One parameter of a stimulus: our name, BMTK's key, the range allowed, and what to say to a value outside it."""

    name: str
    bmtk_key: str
    low: float = -math.inf
    high: float = math.inf
    low_included: bool = True
    default: float | None = None
    hint: str = ""

    def fault(self, value):
        """What is wrong with a value, or an empty text."""
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            return f"must be a number, got {value!r}"
        above = value >= self.low if self.low_included else value > self.low
        if math.isfinite(value) and above and value <= self.high:
            return ""
        bracket = "[" if self.low_included else "("
        return f"must lie in {bracket}{self.low:g}, {self.high:g}], got {value:g}{self.hint}"

    def checked(self, value, where):
        """The value as a float, or a ``ValueError`` that names it."""
        if fault := self.fault(value):
            raise ValueError(f"{where}: {self.name} {fault}")
        return float(value)


_GREY = Parameter("grey_ms", "gray_screen_dur", low=0, default=0.0)
_SCREEN = (
    Parameter("screen_height_deg", "row_size", low=0, low_included=False, default=SCREEN_HEIGHT_DEG),
    Parameter("screen_width_deg", "col_size", low=0, low_included=False, default=SCREEN_WIDTH_DEG),
    Parameter("degrees_per_pixel", "degrees_per_pixel", low=0, low_included=False, default=1.0),
    Parameter("frame_rate_hz", "frame_rate", low=0, low_included=False, default=FRAME_RATE_HZ),
)
PARAMETERS = {
    "drifting_grating": (
        Parameter("direction_deg", "theta", low=-360, high=360),
        Parameter("spatial_frequency_cpd", "cpd", low=0, low_included=False, high=FINEST_CPD),
        Parameter("temporal_frequency_hz", "temporal_f", low=0, low_included=False, high=FASTEST_HZ),
        Parameter("contrast", "contrast", low=0, high=1, hint=" (80 per cent is 0.8)"),
        Parameter("phase_deg", "phase", default=0.0),
        _GREY,
        *_SCREEN,
    ),
    "grey_screen": (_GREY, *_SCREEN),
}
"""Table of each stimulus, by its name."""


def check_parameters(name, parameters):
    """Parameters of a stimulus, checked and with defaults filled in; errors as in :func:`make_movie`."""
    table = {parameter.name: parameter for parameter in known(name)}
    refuse_unknown(parameters, table, f"stimulus {name}", "parameter")
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
    return pixel_deg(max(frequencies) if isinstance(frequencies, list) else frequencies) ** -2


def _refuse_aliases(values, where):
    """Refuse a grating that the given screen or frames show as another one."""
    sides = [values[key] for key in ("screen_height_deg", "screen_width_deg")]
    pixels = screen_pixels(*sides, values["degrees_per_pixel"])
    pitch = max(side / (n - 1) for side, n in zip(sides, pixels, strict=True))
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


def parameter_faults(name, parameters):
    """What is wrong with single values of a stimulus's parameters.

    Parameters
    ----------
    name : str
    parameters : dict
        A number, or a list of them, by our names; what else there is, is left to :func:`check_parameters`.

    Returns
    -------
    list of tuple
        Parameter and fault, each once.

    Examples
    --------
    >>> parameter_faults("drifting_grating", {"contrast": [0.8, 1.5]})
    [('contrast', 'must lie in [0, 1], got 1.5 (80 per cent is 0.8)')]
    """
    found = []
    for parameter in known(name):
        values = parameters.get(parameter.name, [])
        for value in values if isinstance(values, list) else [values]:
            found.append((parameter.name, "" if value == "random" else parameter.fault(value)))
    return list(dict.fromkeys(entry for entry in found if entry[1]))


def stimulus_names():
    """Names of the stimuli there are."""
    return sorted(PARAMETERS)


def known(name):
    """The parameters of a stimulus, or a ``ValueError`` that lists the stimuli."""
    if name not in PARAMETERS:
        raise ValueError(f"no stimulus '{name}', known are {', '.join(stimulus_names())}")
    return PARAMETERS[name]


def refuse_unknown(given, known, where, noun):
    """Refuse a key that is not among the known ones, naming the nearest."""
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f", did you mean '{near[0]}'?" if near else f", known are {', '.join(known)}"
            raise ValueError(f"{where}: unknown {noun} '{key}'{hint}")


def whole_frames(duration_ms, frame_rate_hz, name):
    """Number of frames in a time, or a ``ValueError`` that calls it by its name."""
    frames = duration_ms * frame_rate_hz / 1000.0
    if abs(frames - round(frames)) > 1e-6:
        raise ValueError(f"{name} must be a whole number of frames at {frame_rate_hz:g} Hz, got {duration_ms:g} ms")
    return round(frames)


def screen_pixels(height_deg, width_deg, degrees_per_pixel):
    """Rows and columns of a screen, two of each at least."""
    rows, columns = int(height_deg / degrees_per_pixel), int(width_deg / degrees_per_pixel)
    if min(rows, columns) < 2:
        raise ValueError(
            f"a screen of {width_deg:g} x {height_deg:g} deg has too few pixels of {degrees_per_pixel:g} deg"
        )
    return rows, columns
