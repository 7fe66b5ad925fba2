"""Names of results: which collide, and what a misspelt target may have meant."""

import pytest

from target_names import collisions, nearest_target, reserved_names

NETWORKS, OPTIONS = ("tiny", "small", "core_1"), ("plain", "adjusted", "bio_trained")
NAMES = {
    "network": NETWORKS,
    "pool": (*NETWORKS, "core_all"),
    "option": OPTIONS,
    "options": OPTIONS,
    "variant": (*OPTIONS, "plain__pv_silenced"),
    "variants": (*OPTIONS, "plain__pv_silenced"),
    "group": ("sst", "classes"),
    "paradigm": ("two", "two_bio"),
    "condition": ("angle0", "angle90"),
}
RUNS = [
    ("run_two", "{network}/two_{variant}/{condition}_trial0/spikes.h5"),
    ("run_two", "{network}/two_{variant}/{condition}_trial1/spikes.h5"),
    ("run_single", "{network}/output_{variant}/spikes.h5"),
]
PRODUCTS = [
    *RUNS,
    ("odsi", "{network}/metrics/OSI_DSI_DF_{variant}.csv"),
    ("similarity", "{pool}/figures/similarity_{variants}.png"),
    ("similarity_summary", "{pool}/figures/similarity_summary_{variants}.png"),
    ("heatmap", "{network,tiny|small}/figures/heatmap_{scale,raw|normalised}_{variant}.png"),
    ("cascade", "{pool}/figures/cascade_{group}_{option}.png"),
    ("node_set", "{network}/node_sets/{option}/{node_set,[a-z]+(?:_x)?}.json"),
    ("paradigm", "paradigms/{paradigm}.json"),
]


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ("tniy/metrics/OSI_DSI_DF_plain.csv", "tiny/metrics/OSI_DSI_DF_plain.csv"),
        ("small/output_plan/spikes.h5", "small/output_plain/spikes.h5"),
        ("tiny/metrics/OSI_DSI_DF_bio_trianed.csv", "tiny/metrics/OSI_DSI_DF_bio_trained.csv"),
        ("tiny/metrics/OSI_DSI_DF_plain__pv_silencd.csv", "tiny/metrics/OSI_DSI_DF_plain__pv_silenced.csv"),
        ("tiny/two_plain/angle9_trial1/spikes.h5", "tiny/two_plain/angle90_trial1/spikes.h5"),
        ("core_al/figures/similarity_plain_vs_ajusted.png", "core_all/figures/similarity_plain_vs_adjusted.png"),
        ("tiny/figure/similarty_summary_plan.png", "tiny/figures/similarity_summary_plain.png"),
        ("small/figures/heatmap_normalized_plain.png", "small/figures/heatmap_normalised_plain.png"),
        ("paradigms/tow.json", "paradigms/two.json"),
        ("xyz/qqq/www.csv", None),
        ("deeper/than/all/results/are.csv", None),
    ],
)
def test_nearest_target(target, meant):
    assert nearest_target(target, PRODUCTS, NAMES) == meant


@pytest.mark.parametrize(
    ("products", "names", "told"),
    [
        (
            [("run_a", "{network}/a_{variant}/x.h5"), ("run_a_bio", "{network}/a_bio_{variant}/x.h5")],
            {"variant": ("trained", "bio_trained", "trained__p")},
            "{network}/a_bio_trained/x.h5 would be two results: that of run_a with variant bio_trained, and that of "
            "run_a_bio with variant trained; rename one",
        ),
        (
            [("cascade", "{pool}/figures/{group}_{option}.png")],
            {"group": ("sst", "sst_new"), "option": ("plain", "new_plain")},
            "that of cascade with group sst and option new_plain, and that of cascade with group sst_new and option",
        ),
        (
            [
                ("one", "{pool}/figures/similarity_{variants}.png"),
                ("two", "{pool}/figures/similarity_s_{variants}.png"),
            ],
            {"variants": ("s_plain", "plain")},
            "{network}/figures/similarity_s_plain.png would be two results: that of one with variants s_plain",
        ),
        (
            [
                ("run_single", "{network}/output_{variant}/page.html"),
                ("run_output", "{network}/output_{variant}/page.html"),
            ],
            {"variant": ("plain",)},
            "that of run_single with variant plain, and that of run_output with variant plain",
        ),
    ],
)
def test_collisions_are_told_once(products, names, told):
    found = collisions(products, {**NAMES, **names})
    assert len(found) == 1 and told in found[0], found


def test_names_that_do_not_meet_are_left_alone():
    assert collisions(PRODUCTS, NAMES) == []


def test_folders_of_results_are_no_names_of_networks():
    found = reserved_names(PRODUCTS, ["logs/run/{network}.log", "benchmarks/run/{network}.tsv"])
    assert found == {"paradigms", "logs", "benchmarks", "metrics", "figures", "node_sets"}
