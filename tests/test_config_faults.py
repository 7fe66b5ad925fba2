"""What is found when the config is read: each edit of the shipped config, and the line that it must give."""

import copy
import json
import math

import pytest
import yaml
from scipy.stats import norm

from checked_config import checked, load_schema
from v1_model.network.lgn_field import check_covers, largest_radius_um

GRATINGS = "8dir_2trials"


@pytest.fixture(scope="module")
def schema(repo_root):
    return load_schema(repo_root / "workflow/schemas/config.schema.yaml")


@pytest.fixture(scope="module")
def shipped(repo_root):
    return yaml.safe_load((repo_root / "config/config.yaml").read_text())


@pytest.fixture
def config(shipped):
    """The shipped config; sections that anchors share are separate, so that an edit reaches one."""
    return json.loads(json.dumps(shipped))


def edited(config, path, value):
    """The config with the value at a path of keys, or without it for None."""
    *sections, key = path
    for section in sections:
        config = config.setdefault(section, {}) if isinstance(config, dict) else config[section]
    if value is None:
        del config[key]
    else:
        config[key] = value


def lines_of(config, schema):
    with pytest.raises(ValueError) as error:
        checked(config, schema)
    first, *lines = str(error.value).splitlines()
    assert first == "The config has faults:"
    return [line.strip() for line in lines]


def parameters(**changes):
    """Parameters of gratings."""
    plain = {"direction_deg": [0, 90, 180, 270], "contrast": 0.8, "spatial_frequency_cpd": 0.04}
    return {**plain, "temporal_frequency_hz": 2, "phase_deg": 0, **changes}


def paradigm(stimulus="drifting_grating", **changes):
    """A paradigm that can serve selectivity."""
    windows = {"evoked": [100, 400], "spontaneous": [20, 100]}
    times = {"trials": 2, "grey_ms": 100, "duration_ms": 400, "windows_ms": windows}
    return {"stimulus": stimulus, "parameters": parameters(), **times, **changes}


# --- one edit, one line --------------------------------------------------------------------------------------------

IN_PARADIGM = ("paradigms", GRATINGS)
PARAMETER = (*IN_PARADIGM, "parameters")
TINY = ("networks", "tiny")
SILENCED = ("perturbations", "pv_silenced")
SERVED = f"networks.tiny.selectivity_paradigm: paradigm {GRATINGS} has "
NEEDS = "; OSI and DSI need 4 directions or more that balance each other"


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        # Parameters of stimuli: the ranges of the stimuli, with paradigm and parameter.
        ((*PARAMETER, "contrast"), 1.5, f"paradigms.{GRATINGS}.parameters.contrast: must lie in [0, 1], got 1.5"),
        ((*PARAMETER, "contrast"), [0.1, 80], "got 80 (80 per cent is 0.8)"),
        ((*PARAMETER, "temporal_frequency_hz"), 0, ".parameters.temporal_frequency_hz: must lie in (0,"),
        ((*PARAMETER, "spatial_frequency_cpd"), -0.04, ".spatial_frequency_cpd: must lie in (0,"),
        ((*PARAMETER, "direction_deg"), [0, 90, 180, 405], ".direction_deg: must lie in [-360, 360], got 405"),
        ((*PARAMETER, "contrast"), None, f"paradigms.{GRATINGS}.parameters: missing contrast"),
        ((*PARAMETER,), {}, "missing direction_deg, spatial_frequency_cpd, temporal_frequency_hz, contrast, phase_deg"),
        (
            (*PARAMETER, "contrast"),
            [0.1, 0.1 + 1e-15],
            f"paradigms.{GRATINGS}: values so close that two conditions are called",
        ),
        (
            (*PARAMETER, "phase_deg"),
            "randm",
            "parameters.phase_deg: found 'randm', expected another form: Phase at the",
        ),
        # Times.
        ((*IN_PARADIGM, "grey_ms"), 500.3, f"paradigms.{GRATINGS}: grey_ms must be a whole number of frames"),
        ((*IN_PARADIGM, "duration_ms"), 3000.5, "duration_ms must be a whole number of frames at 1000 Hz, got 3000.5"),
        (
            (*IN_PARADIGM, "windows_ms", "evoked"),
            [400, 2500],
            "windows_ms.evoked: found [400, 2500], expected it after",
        ),
        (
            (*IN_PARADIGM, "windows_ms", "spontaneous"),
            [100, 501],
            "spontaneous: found [100, 501], expected it in the grey",
        ),
        (
            (*SILENCED, "window_ms"),
            [1000, 3500],
            f"at the latest; this fails for paradigm {GRATINGS} (3000 ms), contrasts_demo (3000 ms)",
        ),
        (
            (*SILENCED, "window_ms"),
            [1, 400],
            f"expected it to meet the evoked window; this fails for paradigm {GRATINGS}",
        ),
        ((*SILENCED, "window_ms"), [1, 500], f"this fails for paradigm {GRATINGS} ([500, 2500])"),
        (
            (*SILENCED, "window_ms"),
            [2500, 3000],
            "perturbations.pv_silenced.window_ms: found [2500, 3000], expected it to",
        ),
        ((*SILENCED, "window_ms"), [100.1, 900], "found [100.1, 900], expected multiples of the time step, 0.25 ms"),
        (
            (*SILENCED, "window_ms"),
            [900, 100],
            "perturbations.pv_silenced.window_ms: found [900, 100], expected begin < end",
        ),
        # Numbers.
        (
            (*SILENCED, "current_pa"),
            math.nan,
            "perturbations.pv_silenced.current_pa: found nan, expected a finite number",
        ),
        ((*IN_PARADIGM, "duration_ms"), math.inf, "duration_ms: found inf, expected a finite number"),
        ((*TINY, "radius_um"), "1e400", "networks.tiny.radius_um: found inf, expected a finite number"),
        ((*TINY, "seed"), 1.5, "networks.tiny.seed: found 1.5, expected a whole number"),
        ((*TINY, "core_radius_um"), -5, "networks.tiny.core_radius_um: found -5, expected more than 0"),
        ((*IN_PARADIGM, "trials"), 0, f"paradigms.{GRATINGS}.trials: found 0, expected 1 or more"),
        ((*IN_PARADIGM, "trials"), True, "trials: found True, expected a whole number"),
        # What a paradigm can serve.
        ((*PARAMETER, "direction_deg"), [0, 45, 90], f"{SERVED}directions of 0, 45, 90 deg{NEEDS}"),
        ((*PARAMETER, "direction_deg"), [0, 120, 240], f"{SERVED}directions of 0, 120, 240 deg{NEEDS}"),
        ((*PARAMETER, "direction_deg"), [45], f"{SERVED}directions of 45 deg{NEEDS}"),
        ((*TINY, "selectivity_paradigm"), "grey_10s", f"paradigm grey_10s has no gratings{NEEDS}"),
        ((*TINY, "selectivity_paradigm"), "contrasts_demo", "paradigm contrasts_demo has directions of 0, 90 deg"),
        (
            (*TINY, "contrast_paradigm"),
            "grey_10s",
            "networks.tiny.contrast_paradigm: paradigm grey_10s: condition grey",
        ),
        ((*TINY, "contrast_paradigm"), GRATINGS, f"networks.tiny.contrast_paradigm: paradigm {GRATINGS}: contrast"),
        (("paradigms", "contrasts_demo", "blanks"), 0, "need blanks and gratings; there are no blanks"),
        (
            ("paradigms", "contrasts_demo", "parameters", "temporal_frequency_hz"),
            [1, 2],
            "the gratings differ in temporal_frequency_hz (1, 2); contrast responses need one value (the same for",
        ),
        (("paradigms", "grey_10s", "trials"), 2, "paradigms.grey_10s: expected one condition and one trial"),
        # The LGN.
        (
            (*TINY, "radius_um"),
            400,
            "networks.tiny.radius_um: the small LGN covers a radius up to 242 um, found 400; lgn: full",
        ),
        (("networks", "full", "radius_um"), 1000, "covers a radius up to 928 um, found 1000; no LGN covers it"),
        # Names.
        (("networks", "2024"), {"radius_um": 50, "core_radius_um": 20}, "networks.2024: the name reads as a number"),
        (
            ("options", "1_0"),
            {"v1_edges": "built", "background_edges": "built"},
            "options.1_0: the name reads as a number",
        ),
        (("perturbations", "inf"), {"node_set": "pv_all"}, "perturbations.inf: the name reads as a number"),
        (
            ("perturbation_groups", "None"),
            ["pv_silenced"],
            "perturbation_groups.None: the name reads as a number or as no",
        ),
        (
            ("options", "a_vs_b"),
            {"v1_edges": "built", "background_edges": "built"},
            "options.a_vs_b: a_vs_b is the name of",
        ),
        (
            ("paradigms", "output"),
            paradigm(),
            "paradigms.output: {network}/output_... are the folders of the runs of the",
        ),
        (("paradigms", "filternet"), paradigm(), "{network}/filternet_... are the folders of the spikes of the LGN"),
        (
            ("networks", "a__b"),
            {"radius_um": 50, "core_radius_um": 20},
            "networks: found 'a__b', expected letters, digits",
        ),
        (("networks", "n" * 61), {"radius_um": 50, "core_radius_um": 20}, "expected letters, digits and underscores"),
        # What YAML makes of off, no and 010.
        (
            ("networks", False),
            {"radius_um": 50, "core_radius_um": 20},
            "networks: found the name False, expected text: YAML",
        ),
        (("paradigms", 8), paradigm(), "paradigms: found the name 8, expected text: YAML reads off, no, yes and on as"),
        (
            ("seed_tables",),
            False,
            "seed_tables: found False, expected text; what YAML reads as a number, a truth value",
        ),
        (
            ("make", "networks"),
            [8],
            "make.networks.0: found 8, expected text; what YAML reads as a number, a truth value",
        ),
        ((*TINY, "lgn"), False, "networks.tiny.lgn: found False, expected one of full, small; what YAML reads as"),
    ],
)
def test_edit_gives_one_line(config, schema, path, value, line):
    edited(config, path, value)
    lines = lines_of(config, schema)
    assert len(lines) == 1 and line in lines[0], lines


def test_a_misspelt_parameter_is_one_line_for_each_paradigm_that_has_it(config, schema):
    gratings = config["paradigms"][GRATINGS]["parameters"]
    gratings["contrst"] = gratings.pop("contrast")
    assert lines_of(config, schema) == [
        f"paradigms.{GRATINGS}.parameters: unknown key 'contrst', did you mean 'contrast'?"
    ]


def test_replicates_do_not_repeat_a_fault(config, schema):
    config["networks"]["core"]["selectivity_paradigm"] = "8dir_10trails"
    assert lines_of(config, schema) == [
        "networks.core.selectivity_paradigm: found '8dir_10trails', did you mean '8dir_10trials'?"
    ]


# --- made to work --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "given", "expected"),
    [
        ((*IN_PARADIGM, "trials"), "1e1", 10),
        ((*IN_PARADIGM, "trials"), 2.0, 2),
        (("paradigms", "contrasts_demo", "blanks"), 2.0, 2),
        ((*TINY, "seed"), "1e3", 1000),
        ((*TINY, "nest_threads"), 2.0, 2),
        ((*TINY, "like_to_like"), "off", False),
        ((*TINY, "fluctuating_counts"), "True", True),
        ((*IN_PARADIGM, "raster"), {"condition": "angle45", "trial": 1.0}, {"condition": "angle45", "trial": 1}),
    ],
)
def test_whole_numbers_and_truth_values_however_they_are_written(config, schema, path, given, expected):
    edited(config, path, given)
    found = checked(config, schema)
    for key in path:
        found = found[key]
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize("replicates", [2.0, "2", "2e0"])
def test_replicates_however_they_are_written(config, schema, replicates):
    config["networks"]["core"]["replicates"] = replicates
    assert checked(config, schema)["pools"]["core_all"] == ["core_0", "core_1"]


def test_names_that_look_like_words_of_yaml_are_names(config, schema):
    config["networks"]["off"] = copy.deepcopy(config["networks"]["tiny"])
    config["make"]["networks"] = ["off"]
    assert checked(config, schema)["pools"]["off"] == ["off"]


@pytest.mark.parametrize("name", ["single", "grey_10s"])
def test_paradigms_that_rules_name_may_be_missing(config, schema, name):
    del config["paradigms"][name]
    assert name not in checked(config, schema)["paradigms"]


def test_a_paradigm_with_blanks_and_contrasts_can_serve_selectivity(config, schema):
    config["networks"]["tiny"]["selectivity_paradigm"] = "contrasts"
    assert checked(config, schema)["networks"]["tiny"]["selectivity_paradigm"] == "contrasts"


def test_shipped_perturbations_fit_a_short_paradigm(config, schema):
    config["paradigms"][GRATINGS] = paradigm()
    assert checked(config, schema)["paradigms"][GRATINGS]["duration_ms"] == 400


# --- the field that an LGN covers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("lgn", "half_width_deg", "half_height_deg"), [("small", 12, 8), ("full", 60, 40)])
def test_fields_at_the_largest_radius_lie_one_sd_outside_at_most(lgn, half_width_deg, half_height_deg):
    radius = largest_radius_um(lgn)
    outside = max(0.07 * radius - half_width_deg, 0.04 * radius - half_height_deg)
    assert outside == pytest.approx(5.0)
    check_covers(lgn, radius)
    with pytest.raises(ValueError, match="covers a radius up to"):
        check_covers(lgn, radius + 1)


@pytest.mark.parametrize(("outside_deg", "documented_deg"), [(0, 4.0), (5, 7.6), (16, 17.4)])
def test_sources_that_are_cut_off_lie_off_the_centre(outside_deg, documented_deg):
    """Mean of a normal distribution of SD 5° beyond a distance, by integration."""
    beyond = norm(scale=5).expect(lb=outside_deg, conditional=True)
    assert beyond == pytest.approx(documented_deg, abs=0.1)
