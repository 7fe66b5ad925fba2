"""Which panels a figure target makes, and what is said of the others."""

import pytest

from panels import chosen_panels, figure_names, load_panels

POOLS = {"tiny": ["tiny"], "core_all": ["core_0", "core_1"]}
GROUPS = {"classes": ["pv_silenced", "sst_silenced"]}
TABLE = {
    "figure3": ["{pool}/figures/box_{options}.png", "{network}/figures/raster_{option}.png"],
    "figure5": ["{pool}/figures/heatmap_{group}_{option}.png", "{network}/figures/before_{option}__{perturbation}.png"],
    "figure6": ["{pool}/figures/L5_{pair}.png"],
    "not_made": {"figure4": "no images", "figure5": "no responses to images"},
}


@pytest.fixture
def choose():
    def run(*figures, networks=("tiny",), options=("plain",), groups=("classes",), lacking=lambda n, o: ""):
        make = {"networks": list(networks), "options": list(options), "perturbation_groups": list(groups)}
        return chosen_panels(TABLE, list(figures), make, POOLS, GROUPS, lacking)

    return run


def test_fields_are_filled_in_from_what_is_to_be_made(choose):
    paths, skipped = choose("figure3", networks=["core_all"], options=["plain", "naive"])
    rasters = [f"{network}/figures/raster_{o}.png" for network in ("core_0", "core_1") for o in ("plain", "naive")]
    assert paths == ["core_all/figures/box_plain_vs_naive.png", *rasters]
    assert skipped == []


def test_each_perturbation_of_the_groups(choose):
    paths, skipped = choose("figure5")
    names = ["heatmap_classes_plain", "before_plain__pv_silenced", "before_plain__sst_silenced"]
    assert paths == [f"tiny/figures/{name}.png" for name in names]
    assert skipped == ["figure5: no responses to images"]


def test_an_option_without_its_files_is_left_out_and_named(choose):
    paths, skipped = choose(
        "figure3",
        networks=["tiny", "core_all"],
        options=["plain", "naive"],
        lacking=lambda network, option: f"needs {network}.h5" if option == "naive" and network != "tiny" else "",
    )
    assert "tiny/figures/box_plain_vs_naive.png" in paths and "core_all/figures/box_plain.png" in paths
    told = "core_all, all panels of option naive: needs core_0.h5 (and the same in 1 more networks)"
    assert skipped == [told]


def test_panels_that_need_more_say_what(choose):
    assert choose("figure6") == ([], ["tiny, L5_{pair}: needs two options under make.options whose files are there"])
    _, skipped = choose("figure5", groups=[])
    assert "tiny, heatmap_{group}_{option}: needs a group under make.perturbation_groups" in skipped


def test_all_figures_name_what_is_not_made_at_all(choose):
    _, skipped = choose(*figure_names(TABLE))
    assert "figure4: no images" in skipped
    _, skipped = choose("figure3")
    assert skipped == []


def test_the_shipped_table_has_the_figures_of_the_publication():
    table = load_panels()
    assert figure_names(table) == ["figure3", "figure5", "figure6", "extended"]
    make = {"networks": ["tiny"], "options": ["plain", "adjusted"], "perturbation_groups": ["classes"]}
    paths, skipped = chosen_panels(table, figure_names(table), make, POOLS, GROUPS, lambda network, option: "")
    assert len(paths) == len(set(paths)) and not any("{" in path for path in paths)
    assert all(line.startswith("figure") for line in skipped)
