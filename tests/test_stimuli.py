"""Stimuli: the movies are BMTK's, the configs round-trip, a misspelt key is an error."""

import numpy as np
import pytest
from bmtk.simulator.filternet.filtersimulator import FilterSimulator
from bmtk.simulator.filternet.lgnmodel.movie import GratingMovie

from v1_model.stimuli import Movie, bmtk_input, from_bmtk_input, make_movie
from v1_model.stimulus_parameters import check_parameters, stimulus_names

GRATING = {
    "direction_deg": 30.0,
    "spatial_frequency_cpd": 0.04,
    "temporal_frequency_hz": 2.0,
    "contrast": 0.8,
    "phase_deg": 40.0,
    "grey_ms": 100.0,
}


@pytest.mark.parametrize(
    "changes",
    [{}, {"direction_deg": 225}, {"grey_ms": 0}, {"contrast": 0}, {"temporal_frequency_hz": 15, "phase_deg": -90}],
)
def test_grating_equals_bmtk(changes):
    given = GRATING | changes
    ours = make_movie("drifting_grating", given, 250)
    theirs = GratingMovie(80, 120, frame_rate=1000.0, y_dir="up").create_movie(
        t_max=0.25,
        gray_screen_dur=given["grey_ms"] / 1000,
        cpd=given["spatial_frequency_cpd"],
        temporal_f=given["temporal_frequency_hz"],
        theta=given["direction_deg"],
        phase=given["phase_deg"],
        contrast=given["contrast"],
        degrees_per_pixel=1.0,
    )
    assert ours.data.shape == theirs.data.shape == (251, 80, 120)
    np.testing.assert_allclose(ours.data, theirs.data, atol=1e-12, rtol=0)
    np.testing.assert_allclose(ours.row_deg, theirs.row_range)
    np.testing.assert_allclose(ours.column_deg, theirs.col_range)
    np.testing.assert_allclose(ours.time_ms, theirs.t_range * 1000)


def test_filternet_makes_our_movie_of_our_input():
    class Network:
        io = None

    simulator = FilterSimulator(Network, dt=1.0, tstop=250.0)
    entry = bmtk_input("drifting_grating", GRATING)
    simulator.add_movie(entry["module"], entry)
    ours = make_movie("drifting_grating", GRATING, 250)
    np.testing.assert_allclose(ours.data, simulator._movies[0].data, atol=1e-12, rtol=0)
    assert simulator._eval_options == [{"downsample": 1, "separable": True}]


def test_grating_drifts_towards_its_direction():
    parameters = GRATING | {"direction_deg": 0.0, "phase_deg": 0.0, "grey_ms": 0.0}
    movie = make_movie("drifting_grating", parameters, 500)
    moved = 0.1 * parameters["temporal_frequency_hz"] / parameters["spatial_frequency_cpd"]
    earlier = np.interp(movie.column_deg[20:] - moved, movie.column_deg, movie.data[200, 0])
    np.testing.assert_allclose(movie.data[300, 0, 20:], earlier, atol=0.01)


def field_response(frequency, direction, place, sd=0.5):
    """What a Gaussian field sees of a grating in its movie, at phases 0 and 90, as one complex number."""
    parameters = {"spatial_frequency_cpd": frequency, "direction_deg": direction, "contrast": 1.0, "grey_ms": 0.0}
    seen = []
    for phase in (0.0, 90.0):
        movie = make_movie("drifting_grating", GRATING | parameters | {"phase_deg": phase}, 1)
        down, across = (
            np.exp(-((axis - x) ** 2) / (2 * sd**2)) for axis, x in zip(movie_axes(movie), place, strict=True)
        )
        seen.append(down @ movie.data[0] @ across / (down.sum() * across.sum()))
    return seen[1] + 1j * seen[0]


def movie_axes(movie):
    return movie.row_deg, movie.column_deg


@pytest.mark.parametrize("direction", [0.0, 30.0, 90.0])
@pytest.mark.parametrize("frequency", [0.04, 0.1, 0.16, 0.32, 0.64, 0.8])
def test_the_smallest_fields_see_the_grating_and_not_its_alias(frequency, direction):
    """Against the integral over the field: exp(−2π²σ²f²) at the phase of its centre, wherever it lies on the pixels."""
    angle = np.deg2rad(direction)
    for place in [(40.0, 60.0), (40.2, 60.3), (39.5, 60.5), (40.37, 59.81)]:
        phase = 2 * np.pi * frequency * (place[1] * np.cos(angle) + place[0] * np.sin(angle))
        expected = np.exp(-2 * (np.pi * 0.5 * frequency) ** 2 + 1j * phase)
        assert abs(field_response(frequency, direction, place) / expected - 1) < 0.03


def test_pixels_follow_from_the_stimulus_also_for_bmtk():
    """Those of the shipped paradigms are the published ones."""
    pixels = {f: bmtk_input("drifting_grating", GRATING | {"spatial_frequency_cpd": f}) for f in (0.02, 0.04, 0.32)}
    assert [entry["degrees_per_pixel"] for entry in pixels.values()] == [1.0, 1.0, 0.5]
    assert from_bmtk_input(pixels[0.32])[1]["degrees_per_pixel"] == 0.5


def test_grey_screen_is_grey():
    assert not make_movie("grey_screen", {"grey_ms": 50}, 50).data.any()
    name, parameters = from_bmtk_input(bmtk_input("grey_screen", {}))
    assert not make_movie(name, parameters, 50).data.any()


def test_input_round_trip():
    name, parameters = from_bmtk_input(bmtk_input("drifting_grating", GRATING))
    assert name == "drifting_grating"
    assert parameters == check_parameters("drifting_grating", GRATING)
    assert stimulus_names() == ["drifting_grating", "grey_screen"]


def test_misspelt_bmtk_key_is_refused_with_the_nearest():
    entry = bmtk_input("drifting_grating", GRATING)
    entry["temroral_f"] = entry.pop("temporal_f")
    with pytest.raises(ValueError, match=r"here: unknown key 'temroral_f', did you mean 'temporal_f'\?"):
        from_bmtk_input(entry, "here")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_dir": "down"}, "y_dir must be 'up'"),
        ({"evaluation_options": {"downsample": 2, "separable": True}}, "evaluation_options must be"),
        ({"module": "looming"}, "module must be 'grating'"),
        ({"contrast": 1.5}, "contrast must lie in"),
    ],
)
def test_input_that_means_something_else_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        from_bmtk_input(bmtk_input("drifting_grating", GRATING) | change)


def test_input_without_a_key_is_refused():
    entry = bmtk_input("drifting_grating", GRATING)
    del entry["degrees_per_pixel"]
    with pytest.raises(ValueError, match="missing degrees_per_pixel"):
        from_bmtk_input(entry)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"contrast": -0.1}, r"contrast must lie in \[0, 1\], got -0.1"),
        ({"temporal_frequency_hz": 0}, r"temporal_frequency_hz must lie in \(0"),
        ({"spatial_frequency_cpd": "0.04"}, "spatial_frequency_cpd must be a number"),
        ({"phase_deg": float("nan")}, "phase_deg must lie in"),
        ({"contrast": True}, "contrast must be a number"),
        ({"grey_ms": 250}, r"grey_ms \(250\) must be less than duration_ms \(250\)"),
        ({"grey_ms": 0.5}, "grey_ms must be a whole number of frames"),
        ({"direction": 3}, "unknown parameter 'direction', did you mean 'direction_deg'"),
        ({"degrees_per_pixel": 70}, "too few pixels of 70 deg"),
        # What would appear as another grating.
        ({"spatial_frequency_cpd": 0.81}, r"spatial_frequency_cpd must lie in \(0, 0.8\], got 0.81"),
        ({"spatial_frequency_cpd": 0.64, "degrees_per_pixel": 1}, "spatial_frequency_cpd must be less than 0.494"),
        ({"temporal_frequency_hz": 998}, r"temporal_frequency_hz must lie in \(0, 250\], got 998"),
        ({"temporal_frequency_hz": 55, "frame_rate_hz": 100}, "temporal_frequency_hz must be less than 50"),
    ],
)
def test_bad_parameters(change, message):
    with pytest.raises(ValueError, match=message):
        make_movie("drifting_grating", GRATING | change, 250)


def test_unknown_stimulus_and_missing_parameter():
    with pytest.raises(ValueError, match="no stimulus 'gratings', known are drifting_grating"):
        make_movie("gratings", GRATING, 250)
    with pytest.raises(ValueError, match="missing direction_deg, spatial_frequency_cpd"):
        make_movie("drifting_grating", {"contrast": 1.0, "temporal_frequency_hz": 1.0}, 250)


def test_movie_axes_must_fit():
    with pytest.raises(ValueError, match="does not fit"):
        Movie(np.zeros((5, 4, 3)), np.arange(3), np.arange(4))
