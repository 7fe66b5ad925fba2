"""The config: what ships is valid, what is misspelt is refused with a suggestion, names expand as documented."""

import copy
import json

import pytest
import yaml
from jsonschema import Draft202012Validator
from scipy.stats import kstest

import render_configs
from checked_config import checked, load_schema
from render_paradigm import conditions, definition

SHORT_NAMES = {"direction_deg": "angle", "contrast": "contrast", "spatial_frequency_cpd": "sf"}


@pytest.fixture(scope="module")
def schema(repo_root):
    return load_schema(repo_root / "workflow/schemas/config.schema.yaml")


@pytest.fixture
def config(repo_root):
    return yaml.safe_load((repo_root / "config/config.yaml").read_text())


def fault_of(config, schema):
    with pytest.raises(ValueError) as error:
        checked(config, schema)
    return str(error.value)


def subschemas(part):
    """Every schema inside a schema that describes an object with named keys."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict):
            yield part
        for value in part.values():
            yield from subschemas(value)
    elif isinstance(part, list):
        for value in part:
            yield from subschemas(value)


# --- the schema ----------------------------------------------------------------------------------------------------


def test_schemas_are_schemas(repo_root):
    for path in (repo_root / "workflow/schemas").glob("*.schema.yaml"):
        Draft202012Validator.check_schema(load_schema(path))


def test_every_section_refuses_unknown_keys(schema):
    open_sections = [part for part in subschemas(schema) if "additionalProperties" not in part]
    # The two halves of each if/then, which only add to a section that is closed itself.
    assert [sorted(part["properties"]) for part in open_sections] == [["stimulus"], ["parameters"]] * 2


def test_every_key_is_described(schema):
    for part in subschemas(schema):
        if "additionalProperties" in part:
            undescribed = [key for key, value in part["properties"].items() if "description" not in value]
            assert undescribed == []


def test_quantities_carry_their_unit(schema):
    without_unit = {"seed", "replicates", "nest_threads", "trials", "trial", "blanks", "contrast", "target_factor"}
    quantities = set()
    for part in subschemas(schema):
        for key, value in part["properties"].items():
            if value.get("type") in ("number", "integer") or value.get("$ref", "").endswith("one_or_more"):
                quantities.add(key)
    suffixes = ("_um", "_ms", "_hz", "_mb", "_deg", "_cpd", "_pa")
    assert {key for key in quantities if not key.endswith(suffixes)} <= without_unit


# --- what ships ----------------------------------------------------------------------------------------------------


def test_shipped_config_is_valid(config, schema):
    assert checked(config, schema)["networks"]["tiny"]["seed"] == 153


def test_checking_leaves_the_config_alone(config, schema):
    before = copy.deepcopy(config)
    checked(config, schema)
    assert config == before


@pytest.mark.parametrize(
    ("name", "radius_um", "core_radius_um", "lgn", "like_to_like", "paradigm"),
    [
        ("tiny", 100, 50, "small", True, "8dir_2trials"),
        ("small", 200, 100, "small", True, "8dir_2trials"),
        ("profile", 200, 100, "small", True, "8dir_2trials"),
        ("core", 400, 200, "full", True, "8dir_10trials"),
        ("core_nll", 400, 200, "full", False, "8dir_10trials"),
        ("full", 700, 400, "full", True, "8dir_10trials"),
    ],
)
def test_published_networks(config, schema, name, radius_um, core_radius_um, lgn, like_to_like, paradigm):
    network = checked(config, schema)["networks"][name]
    assert (network["radius_um"], network["core_radius_um"]) == (radius_um, core_radius_um)
    assert (network["lgn"], network["like_to_like"]) == (lgn, like_to_like)
    assert network["selectivity_paradigm"] == paradigm
    assert network["seed"] == 153 and not network["fluctuating_counts"]


@pytest.mark.parametrize("family", ["core", "core_nll"])
def test_numbered_networks_fluctuate_and_have_their_own_seeds(config, schema, family):
    networks = checked(config, schema)["networks"]
    numbered = [networks[f"{family}_{i}"] for i in range(10)]
    assert [network["seed"] for network in numbered] == list(range(0, 10_000, 1000))
    assert all(network["fluctuating_counts"] for network in numbered)
    assert {network["like_to_like"] for network in numbered} == {family == "core"}
    assert f"{family}_10" not in networks


def test_shipped_paradigms(config, schema):
    paradigms = checked(config, schema)["paradigms"]
    names = [f"angle{angle}" for angle in range(0, 360, 45)]
    for name, trials in (("8dir_10trials", 10), ("8dir_2trials", 2)):
        assert [condition["name"] for condition in paradigms[name]["conditions"]] == names
        assert paradigms[name]["trials"] == trials
    assert [condition["name"] for condition in paradigms["single"]["conditions"]] == ["angle45"]
    assert paradigms["single"]["trials"] == 1


def test_text_from_the_command_line_becomes_numbers(config, schema):
    config["networks"]["tiny"] |= {"seed": "7", "like_to_like": "false", "radius_um": "120.5"}
    config["paradigms"]["single"]["parameters"]["direction_deg"] = ["90"]
    complete = checked(config, schema)
    tiny = complete["networks"]["tiny"]
    assert (tiny["seed"], tiny["like_to_like"], tiny["radius_um"]) == (7, False, 120.5)
    assert complete["paradigms"]["single"]["conditions"][0]["name"] == "angle90"


# --- faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "misspelt", "suggestion"),
    [
        ((), "netwoks", "networks"),
        (("networks", "small"), "radius_mu", "radius_um"),
        (("options", "plain"), "v1_edge", "v1_edges"),
        (("paradigms", "8dir_2trials"), "trails", "trials"),
        (("paradigms", "8dir_2trials", "parameters"), "temroral_frequency_hz", "temporal_frequency_hz"),
        (("paradigms", "8dir_2trials", "windows_ms"), "spontanous", "spontaneous"),
        (("background",), "rate", "rate_hz"),
        (("make",), "network", "networks"),
    ],
)
def test_misspelt_key_is_refused_with_a_suggestion(config, schema, path, misspelt, suggestion):
    section = config
    for key in path:
        section[key] = copy.deepcopy(section[key])
        section = section[key]
    section[misspelt] = 1
    fault = fault_of(config, schema)
    assert f"{'.'.join(path) or 'top level'}: unknown key '{misspelt}', did you mean '{suggestion}'?" in fault
    assert len(fault.splitlines()) == 2


def test_all_faults_are_named_at_once(config, schema):
    config["networks"]["tiny"]["radius_um"] = "wide"
    del config["options"]["plain"]["v1_edges"]
    config["networks"]["small"]["lgn"] = "smal"
    fault = fault_of(config, schema)
    assert "networks.tiny.radius_um: found 'wide', expected a number" in fault
    assert "options.plain: missing v1_edges" in fault
    assert "networks.small.lgn: found 'smal', did you mean 'small'?" in fault


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["make"]["networks"].append("smal"), "make.networks: found 'smal', did you mean 'small'?"),
        (lambda c: c["make"]["options"].append("plan"), "make.options: found 'plan', did you mean 'plain'?"),
        (
            lambda c: c["options"].update(own={"v1_edges": "adjusted", "background_edges": "placed"}),
            "options.own.background_edges: found 'placed', expected 'built'",
        ),
        (
            lambda c: c["networks"]["tiny"].update(unitary_psp="publised"),
            "networks.tiny.unitary_psp: found 'publised', did you mean 'published'?",
        ),
        (
            lambda c: c["networks"]["tiny"].update(selectivity_paradigm="8dir_2trial"),
            "networks.tiny.selectivity_paradigm: found '8dir_2trial', did you mean '8dir_2trials'?",
        ),
        (
            lambda c: c["networks"]["tiny"].update(selectivity_paradigm="single"),
            "networks.tiny.selectivity_paradigm: found 'single'",
        ),
        (lambda c: c["networks"]["tiny"].update(core_radius_um=101), "networks.tiny.core_radius_um: found 101"),
        (lambda c: c["networks"].update(core_3=c["networks"]["tiny"]), "networks.core_3: also made by core.replicates"),
        (
            lambda c: c["paradigms"]["8dir_2trials"].update(raster={"condition": "angle44", "trial": 0}),
            "paradigms.8dir_2trials.raster.condition: found 'angle44', did you mean 'angle45'?",
        ),
        (
            lambda c: c["paradigms"]["8dir_2trials"].update(raster={"condition": "angle45", "trial": 2}),
            "paradigms.8dir_2trials.raster.trial: found 2",
        ),
        (
            lambda c: c["paradigms"]["8dir_2trials"].update(windows_ms={"evoked": [500, 3500], "spontaneous": [0, 5]}),
            "paradigms.8dir_2trials.windows_ms.evoked: found [500, 3500]",
        ),
        (lambda c: c["paradigms"]["8dir_2trials"].update(grey_ms=3000), "paradigms.8dir_2trials.grey_ms: found 3000"),
        (lambda c: c["paradigms"]["single"].update(trials=2), "paradigms.single: expected one condition and one trial"),
        (lambda c: c["condition_names"].pop("direction_deg"), "no short name for the varied parameter direction_deg"),
    ],
)
def test_inconsistent_config_is_refused(config, schema, change, words):
    change(config)
    assert words in fault_of(config, schema)


# --- conditions ----------------------------------------------------------------------------------------------------


def expanded(parameters, **more):
    """Conditions of a paradigm of two trials."""
    return conditions({"parameters": parameters, "trials": 2, **more}, SHORT_NAMES)


def test_conditions_are_the_product_of_the_varied_parameters():
    found = expanded({"direction_deg": [0, 45], "contrast": [0.05, 0.8], "phase_deg": 0})
    assert [condition["name"] for condition in found] == [
        "angle0_contrast0.05",
        "angle0_contrast0.8",
        "angle45_contrast0.05",
        "angle45_contrast0.8",
    ]
    assert found[1]["parameters"] == {"direction_deg": 0, "contrast": 0.8, "phase_deg": 0}


def test_blanks_come_first_without_contrast():
    varied = {"direction_deg": [0, 90], "contrast": [0.1, 0.8]}
    blank, first, *others = expanded({**varied, "phase_deg": "random"}, blanks=5)
    assert blank == {"name": "blank", "trials": 5, "parameters": {"direction_deg": 0, "contrast": 0, "phase_deg": 0}}
    assert first["trials"] == 2 and first["parameters"]["phase_deg"] == "random" and len(others) == 3
    with pytest.raises(ValueError, match="no contrast that could be 0"):
        expanded({"direction_deg": [0, 90]}, blanks=5)


def test_the_contrast_paradigm_is_the_published_one(config, schema):
    found = checked(config, schema)["paradigms"]["contrasts"]["conditions"]
    assert sum(condition["trials"] for condition in found) == 510 and len(found) == 49
    assert {condition["parameters"]["temporal_frequency_hz"] for condition in found} == {1}
    contrasts = {condition["parameters"]["contrast"] for condition in found}
    assert contrasts == {0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8}


def test_spatial_frequency_in_the_name():
    found = expanded({"direction_deg": [45], "spatial_frequency_cpd": [0.04]})
    assert found[0]["name"] == "angle45_sf0.04"


def test_whole_numbers_have_no_decimal_point():
    assert expanded({"direction_deg": [45.0, -22.5]})[1]["name"] == "angle-22.5"
    assert expanded({"direction_deg": [45.0]})[0]["name"] == "angle45"


def test_nothing_varied_is_refused():
    with pytest.raises(ValueError, match="write one value as"):
        expanded({"direction_deg": 45})


def test_definition_has_the_documented_keys(config):
    paradigm = config["paradigms"]["8dir_2trials"]
    written = definition("8dir_2trials", paradigm, config["condition_names"])
    assert set(written) == {"name", "stimulus", "duration_ms", "grey_ms", "windows_ms", "conditions"}
    assert written["conditions"][2] == {
        "name": "angle90",
        "trials": 2,
        "parameters": {
            "direction_deg": 90,
            "spatial_frequency_cpd": 0.04,
            "temporal_frequency_hz": 2,
            "contrast": 0.8,
            "phase_deg": 0,
        },
    }


# --- rendered SONATA configs ---------------------------------------------------------------------------------------


@pytest.fixture
def sonata_schema(repo_root):
    return load_schema(repo_root / "workflow/schemas/sonata_config.schema.yaml")


@pytest.fixture
def rendered(repo_root, config):
    """Rendered configs of the LGN and of V1 by file name."""
    paradigm = definition("8dir_2trials", config["paradigms"]["8dir_2trials"], config["condition_names"])
    lgn, v1 = (
        json.loads((repo_root / "config_templates" / f"{e}.json").read_text()) for e in ("filternet", "pointnet")
    )
    run_folder = "8dir_2trials_naive/{condition}_trial{trial}"
    edges = "v1_v1_edges_naive.h5", "bkg_v1_edges_naive.h5"
    return {
        **render_configs.lgn_configs(lgn, paradigm, 7),
        **render_configs.v1_configs(v1, paradigm, *edges, run_folder),
    }


def test_one_config_a_condition_and_one_a_trial(rendered):
    angles = range(0, 360, 45)
    expected = {f"filternet_angle{a}.json" for a in angles} | {
        f"angle{a}_trial{t}.json" for a in angles for t in (0, 1)
    }
    assert set(rendered) == expected


def test_rendered_configs_satisfy_the_schema(rendered, sonata_schema, tmp_path):
    render_configs.write_configs(tmp_path, rendered, sonata_schema)
    assert {path.name for path in tmp_path.iterdir()} == set(rendered)


def test_rendered_configs_name_their_own_trial(rendered):
    manifest = rendered["angle90_trial1.json"]["manifest"]
    assert manifest["$V1_EDGES"] == "$NETWORK_DIR/v1_v1_edges_naive.h5"
    assert manifest["$BACKGROUND_EDGES"] == "$NETWORK_DIR/bkg_v1_edges_naive.h5"
    assert manifest["$LGN_SPIKES"] == "$BASE_DIR/filternet_8dir_2trials/angle90_trial1/spikes.h5"
    assert manifest["$BACKGROUND_SPIKES"] == "$BASE_DIR/bkg_8dir_2trials/angle90_trial1/spikes.h5"
    assert manifest["$OUTPUT_DIR"] == "$BASE_DIR/8dir_2trials_naive/angle90_trial1"
    lgn = rendered["filternet_angle90.json"]
    assert lgn["inputs"]["stimulus"]["theta"] == 90 and lgn["inputs"]["stimulus"]["gray_screen_dur"] == 500
    assert lgn["v1flow"]["seed"] == 7 and lgn["v1flow"]["trials"] == [0, 1]


def test_random_phases_are_drawn_for_each_trial(repo_root, config, sonata_schema, tmp_path):
    paradigm = definition("contrasts", config["paradigms"]["contrasts"], config["condition_names"])
    template = json.loads((repo_root / "config_templates" / "filternet.json").read_text())
    found = render_configs.lgn_configs(template, paradigm, 7)
    render_configs.write_configs(tmp_path, found, sonata_schema)
    assert found == render_configs.lgn_configs(template, paradigm, 7)
    blank = found.pop("filternet_blank.json")["v1flow"]
    assert "phases_deg" not in blank and len(blank["spikes_files"]) == 30
    phases = [phase for part in found.values() for phase in part["v1flow"]["phases_deg"]]
    assert len(set(phases)) == 480 and all("rates_file" not in part["v1flow"] for part in found.values())
    assert kstest(phases, "uniform", args=(0, 360)).pvalue > 1e-3
    other = render_configs.lgn_configs(template, paradigm, 8)
    assert other["filternet_angle0_contrast0.05.json"] != found["filternet_angle0_contrast0.05.json"]


@pytest.fixture
def clamped(repo_root, config, tmp_path):
    """Render the configs of a perturbed variant; arguments change the node set and the perturbation."""
    (tmp_path / "paradigm.json").write_text(
        json.dumps(definition("8dir_2trials", config["paradigms"]["8dir_2trials"], config["condition_names"]))
    )

    def render(node_set, **perturbation):
        (tmp_path / "cells.json").write_text(json.dumps(node_set))
        folder = tmp_path / "configs"
        arguments = {
            "template": repo_root / "config_templates/pointnet.json",
            "schema": repo_root / "workflow/schemas/sonata_config.schema.yaml",
            "paradigm": tmp_path / "paradigm.json",
            "v1-edges": "v1_v1_edges.h5",
            "background-edges": "bkg_v1_edges.h5",
            "run-folder": "x/{condition}_trial{trial}",
            "perturbation": json.dumps({"current_pa": -1000, "window_ms": [1, 3000]} | perturbation),
            "node-set": tmp_path / "cells.json",
            "output-dir": folder,
        }
        render_configs.main(["v1", *(f"--{key}={value}" for key, value in arguments.items())])
        return json.loads((folder / "angle90_trial1.json").read_text())["inputs"]

    return render


def test_a_perturbation_is_a_current_clamp_beside_the_same_spikes(clamped):
    inputs = clamped({"population": "v1", "node_id": [3, 8], "definition": {}})
    assert set(inputs) == {"lgn_spikes", "background_spikes", "perturbation"}
    assert inputs["perturbation"] == {
        "input_type": "current_clamp",
        "module": "IClamp",
        "node_set": {"population": "v1", "node_id": [3, 8]},
        "amp": -1000.0,
        "delay": 1.0,
        "duration": 2999.0,
    }


@pytest.mark.parametrize(
    ("node_set", "perturbation", "message"),
    [
        ({"population": "v1", "node_id": []}, {}, "the node set is empty"),
        ({"ids": [1]}, {}, "expected population 'v1' and a list node_id"),
        ({"population": "v1", "node_id": [1]}, {"window_ms": [1, 3500]}, "ends after the 3000 ms of 8dir_2trials"),
    ],
)
def test_a_perturbation_that_cannot_be_is_refused(clamped, node_set, perturbation, message):
    with pytest.raises(ValueError, match=message):
        clamped(node_set, **perturbation)


def test_results_can_be_moved(rendered):
    for name, config in rendered.items():
        assert config["manifest"]["$BASE_DIR"] == "${configdir}/../..", name
        assert '"/' not in json.dumps(config), f"{name} holds an absolute path"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["run"].update(tstopp=1), "tstopp"),
        (lambda c: c["run"].update(tstop=0), "run/tstop"),
        (lambda c: c["manifest"].update({"$OUTPUT_DIR": "/data/results"}), "OUTPUT_DIR"),
        (lambda c: c["manifest"].update({"$OUTPUT_DIR": "$BASE_DIR/{unknown}"}), "OUTPUT_DIR"),
        (lambda c: c["inputs"]["lgn_spikes"].pop("node_set"), "node_set"),
    ],
)
def test_faulty_config_is_refused_and_nothing_written(rendered, sonata_schema, tmp_path, change, words):
    change(rendered["angle90_trial1.json"])
    with pytest.raises(ValueError, match=r"angle90_trial1\.json") as error:
        render_configs.write_configs(tmp_path, rendered, sonata_schema)
    assert words in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_pointnet_config_resolves_in_bmtk(rendered, sonata_schema, tmp_path):
    config_module = pytest.importorskip("bmtk.simulator.core.simulation_config")
    folder = tmp_path / "moved" / "configs" / "8dir_2trials_naive"
    render_configs.write_configs(folder, {"angle90_trial1.json": rendered["angle90_trial1.json"]}, sonata_schema)
    config = config_module.SimulationConfig.from_json(str(folder / "angle90_trial1.json"))
    spikes = (tmp_path / "moved/8dir_2trials_naive/angle90_trial1/spikes.h5").resolve()
    assert str(spikes) == str(type(spikes)(config.output["spikes_file"]).resolve())
    assert config.tstop == 3000
