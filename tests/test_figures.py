"""Figures come out, non-empty, for a full column and for layer 4 alone, with the tables behind them."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.image import imread

import calculate_odsi
import calculate_similarity
from analysis_shared.cells.nodes import read_naming_scheme, type_colours
from analysis_shared.figures.rasters import dot_area
from analysis_shared.figures.style import spread
from analysis_shared.statistics.percentiles import read_percentiles

REPOSITORY = Path(__file__).resolve().parents[1]
NAMING_SCHEME = REPOSITORY / "base_props" / "cell_type_naming_scheme.csv"
PERCENTILES = REPOSITORY / "base_props" / "neuropixels_percentiles.csv"
DEPTHS_UM = {"1": (50, 169), "2/3": (169, 357), "4": (357, 465), "5": (465, 665), "6": (665, 830)}
SHARES = {"Exc": 0.16, "IT": 0.12, "ET": 0.04, "NP": 0.03, "PV": 0.02, "SST": 0.012, "VIP": 0.008, "Inh": 0.02}
RATES_HZ = {"Exc": 3, "IT": 4, "ET": 6, "NP": 2, "PV": 14, "SST": 9, "VIP": 7, "Inh": 4}
DIRECTIONS_DEG = range(0, 360, 45)


def make_network(folder, n_cells, layers=tuple(DEPTHS_UM), radius_um=400.0, seed=1):
    """Write the nodes, edges and descriptions of a made-up network; returns the nodes."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    types = pd.read_csv(NAMING_SCHEME, sep=" ", dtype=str)
    types = types[types["layer"].isin(layers)].reset_index(drop=True)
    share = types["class"].map(SHARES) / types.groupby("cell_type")["pop_name"].transform("size")
    chosen = np.sort(rng.choice(len(types), n_cells, p=share / share.sum()))
    nodes = types.loc[chosen].reset_index(drop=True)
    radius, azimuth = radius_um * np.sqrt(rng.uniform(size=n_cells)), rng.uniform(0, 2 * np.pi, n_cells)
    top, bottom = np.array([DEPTHS_UM[layer] for layer in nodes["layer"]]).T
    columns = {
        "x": radius * np.cos(azimuth),
        "y": -rng.uniform(top, bottom),
        "z": radius * np.sin(azimuth),
        "tuning_angle": rng.uniform(0, 360, n_cells),
    }
    with h5py.File(folder / "v1_nodes.h5", "w") as stream:
        group = stream.create_group("nodes/v1")
        group["node_id"] = np.arange(n_cells)
        group["node_type_id"] = 1000 + chosen
        for name, values in columns.items():
            group[f"0/{name}"] = values
    table = pd.DataFrame({"node_type_id": 1000 + np.arange(len(types)), "pop_name": types["pop_name"]})
    table.to_csv(folder / "v1_node_types.csv", sep=" ", index=False)
    description = {"name": "made_up", "seed": seed, "radius_um": radius_um, "core_radius_um": radius_um / 2}
    (folder / "network.json").write_text(json.dumps(description))
    return nodes.assign(**columns)


def make_edges(folder, nodes, n_edges, seed=1):
    """Write random edges and the summary that goes with them."""
    rng = np.random.default_rng(seed)
    pre, post = rng.integers(0, len(nodes), (2, n_edges))
    sign = np.where(nodes["ei"].to_numpy()[pre] == "e", 1.0, -1.0)
    spread = nodes["class"].map(lambda name: 0.6 if name in ("PV", "SST") else 0.9).to_numpy()[pre]
    order = np.argsort(post, kind="stable")
    with h5py.File(folder / "v1_v1_edges.h5", "w") as stream:
        group = stream.create_group("edges/v1_to_v1")
        group["source_node_id"], group["target_node_id"] = pre[order], post[order]
        group["edge_type_id"] = np.zeros(len(order), dtype=np.uint32)
        group["0/syn_weight"] = (sign * rng.lognormal(2 + 0.5 * (sign < 0), spread))[order]
    types = nodes["cell_type"].to_numpy()
    counts = pd.Series(1, index=[types[pre], types[post]]).groupby(level=[0, 1]).sum()
    size = nodes["cell_type"].value_counts()
    rows = [(a, b, size[a], size[b], counts.get((a, b), 0)) for a in size.index for b in size.index]
    table = pd.DataFrame(rows, columns=["pre", "post", "n_pre", "n_post", "n_edges"])
    table["expected_edges"] = n_edges * table["n_pre"] * table["n_post"] / len(nodes) ** 2
    table["mean_weight_pA"] = 1.0
    table.to_csv(folder / "connection_summary.csv", sep=" ", index=False)


def make_paradigm(path, trials=2):
    """Write a paradigm of eight directions; returns it."""
    shown = {f"angle{a}": {"direction_deg": a, "contrast": 0.8} for a in DIRECTIONS_DEG}
    conditions = [{"name": name, "trials": trials, "parameters": shown[name]} for name in shown]
    windows = {"evoked": [500, 2500], "spontaneous": [100, 500]}
    paradigm = {"name": "8dir", "duration_ms": 3000, "grey_ms": 500, "windows_ms": windows}
    path.write_text(json.dumps(paradigm | {"conditions": conditions}))
    return paradigm | {"conditions": conditions}


def make_spikes(folder, nodes, paradigm, seed=1):
    """Write tuned Poisson spikes with a common 6 Hz rhythm for every trial."""
    rng = np.random.default_rng(seed)
    base = nodes["class"].map(RATES_HZ).to_numpy() * rng.lognormal(-0.5, 1.0, len(nodes))
    width = np.where(nodes["ei"] == "e", 2.0, 0.4)
    for condition in paradigm["conditions"]:
        offset = np.deg2rad(condition["parameters"]["direction_deg"] - nodes["tuning_angle"].to_numpy())
        rate_hz = base * np.exp(width * (np.cos(2 * offset) - 1)) * (1 + 0.3 * np.cos(offset))
        for trial in range(condition["trials"]):
            counts = rng.poisson(rate_hz * 3)
            node_ids = np.repeat(np.arange(len(nodes)), counts)
            times = rng.uniform(0, 3000, len(node_ids))
            kept = rng.uniform(size=len(times)) < np.where(
                times < 500, 0.3, 0.7 + 0.3 * np.cos(times / 1000 * 6 * 6.28)
            )
            write_spikes(folder / f"{condition['name']}_trial{trial}" / "spikes.h5", node_ids[kept], times[kept])


def write_spikes(path, node_ids, times_ms):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as stream:
        stream["spikes/v1/node_ids"] = np.asarray(node_ids, dtype=np.uint64)
        stream["spikes/v1/timestamps"] = np.asarray(times_ms, dtype=float)


def make_everything(root, n_cells, layers=tuple(DEPTHS_UM), n_edges=20_000, radius_um=400.0, seed=1):
    """A network, its spikes and tables, as the workflow would leave them."""
    nodes = make_network(root / "network", n_cells, layers, radius_um, seed)
    make_edges(root / "network", nodes, n_edges, seed)
    paradigm = make_paradigm(root / "paradigm.json")
    make_spikes(root / "spikes", nodes, paradigm, seed)
    shared = ["--network-dir", str(root / "network"), "--selectivity", str(root / "selectivity.csv")]
    measured = ["--paradigm", str(root / "paradigm.json"), "--spikes-dir", str(root / "spikes")]
    calculate_odsi.main([*shared, *measured, "--rates", str(root / "rates.csv")])
    experiment = ["--naming-scheme", str(NAMING_SCHEME), "--percentiles", str(PERCENTILES), "--resamples", "20"]
    calculate_similarity.main([*shared, *experiment, "--output", str(root / "similarity.csv"), "--seed", "3"])
    return root


@pytest.fixture(scope="module", params=["full", "layer 4"])
def made_up(request, tmp_path_factory):
    """A made-up column, whole or layer 4 alone."""
    root = tmp_path_factory.mktemp("made_up")
    if request.param == "full":
        return make_everything(root, 800)
    return make_everything(root, 300, layers=("4",), radius_um=100.0)


def load(script):
    """A figure script as a module."""
    spec = importlib.util.spec_from_file_location("figure_script", REPOSITORY / "figure_scripts" / script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def draw(script, *arguments):
    """Call a figure script's main."""
    load(script).main(list(map(str, arguments)))


def assert_figure(stem):
    image = imread(f"{stem}.png")
    assert min(image.shape[:2]) > 400
    inked = (image[..., :3].min(axis=2) < 0.9).mean()
    assert inked > 0.005
    assert Path(f"{stem}.pdf").read_bytes().startswith(b"%PDF")


def raster_arguments(root, condition="angle45"):
    return [
        *["--spikes", root / "spikes" / "angle45_trial0" / "spikes.h5", "--network-dir", root / "network"],
        *["--naming-scheme", NAMING_SCHEME, "--paradigm", root / "paradigm.json", "--condition", condition],
    ]


def test_rasters_side_by_side_have_dots_of_one_size():
    cells = pd.DataFrame({"node_id": [3, 7]})
    few, many, elsewhere = ((np.full(n, node), np.zeros(n)) for n, node in ((10_000, 3), (30_000, 7), (90_000, 5)))
    assert dot_area(cells, [few, many, elsewhere]) == dot_area(cells, [many]) < dot_area(cells, [few])


def test_raster_and_spectra(made_up, tmp_path):
    draw("selectivity/plot_raster.py", *raster_arguments(made_up), "--output-stem", tmp_path / "raster")
    assert_figure(tmp_path / "raster")
    spectra = pd.read_csv(tmp_path / "raster_spectra.csv", sep=" ")
    assert spectra["n_cells"].groupby(spectra["cell_type"]).first().sum() == core_size(made_up)


def core_size(root):
    with h5py.File(root / "network" / "v1_nodes.h5") as stream:
        distance = np.hypot(stream["nodes/v1/0/x"][:], stream["nodes/v1/0/z"][:])
    return (distance <= json.loads((root / "network" / "network.json").read_text())["core_radius_um"]).sum()


def test_a_mistake_is_one_clear_line_and_leaves_no_figure(tmp_path):
    make_paradigm(tmp_path / "paradigm.json")
    arguments = [*raster_arguments(tmp_path, condition="angle46"), "--output-stem", tmp_path / "raster"]
    command = [sys.executable, REPOSITORY / "figure_scripts" / "selectivity" / "plot_raster.py", *arguments]
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("paradigm.json: no condition 'angle46'")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("raster*"))


def test_boxes_of_several_options_and_networks(made_up, tmp_path):
    source = [made_up / "network", made_up / "selectivity.csv"]
    models = ["--model", "plain", *source, "--model", "plain", *source, "--model", "adjusted", *source]
    experiment = ["--naming-scheme", NAMING_SCHEME, "--percentiles", PERCENTILES]
    draw("selectivity/plot_odsi_boxplots.py", *models, *experiment, "--output-stem", tmp_path / "boxes")
    assert_figure(tmp_path / "boxes")
    boxes = pd.read_csv(tmp_path / "boxes_boxes.csv", sep=" ")
    rates = boxes[(boxes["metric"] == "preferred_direction_rate_Hz") & ~boxes["cell_type"].eq("L5_Exc")]
    sizes = rates.groupby("dataset")["n"].sum()
    tuning = pd.read_csv(tmp_path / "boxes_tuning.csv", sep=" ").set_index(["dataset", "metric", "cell_type"])
    # Excitatory cells are tuned by more than twice the concentration of the others.
    exc = tuning.loc[("Adjusted", "OSI", "L4_Exc")]
    assert exc["n_trials"] == 2 and exc["unbiased_low"] > 0.5 and exc["tuned_share"] > 0.5
    assert exc["published_median"] > exc["untuned_mean"]
    assert sizes["Untrained"] == 2 * sizes["Adjusted"] == 2 * core_size(made_up)


def test_boxes_say_why_there_is_no_selectivity(made_up, tmp_path):
    paradigm = json.loads((made_up / "paradigm.json").read_text())
    paradigm["conditions"] = paradigm["conditions"][:3]
    (tmp_path / "paradigm.json").write_text(json.dumps(paradigm))
    shared = ["--paradigm", tmp_path / "paradigm.json", "--network-dir", made_up / "network"]
    tables = ["--rates", tmp_path / "rates.csv", "--selectivity", tmp_path / "selectivity.csv"]
    calculate_odsi.main([*map(str, [*shared, "--spikes-dir", made_up / "spikes", *tables])])
    panel = load("selectivity/plot_odsi_boxplots.py")
    naming = read_naming_scheme(NAMING_SCHEME)
    models = panel.read_models([("plain", made_up / "network", tmp_path / "selectivity.csv")], naming)
    types, tuning = list(dict.fromkeys(models["Untrained"]["cell_type"])), panel.tuning_by_dataset(models)
    table = panel.boxes(models, read_percentiles(PERCENTILES), types, tuning)
    assert (table.loc[(table["dataset"] == "Untrained") & (table["metric"] == "OSI"), "n"] == 0).all()
    figure = panel.draw(table, types, ["Neuropixels", "Untrained"], type_colours(naming), "", ["Untrained"])
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert ["Untrained undefined: directions do not cover the circle" in found for found in texts] == [
        False,
        True,
        True,
    ]


def test_similarity_heatmap_is_the_same_bytes_again(made_up, tmp_path):
    tables = ["--similarity", "plain", made_up / "similarity.csv", "--similarity", "other", made_up / "similarity.csv"]
    for name in ("similarity", "again"):
        draw("selectivity/plot_similarity.py", *tables, "--output-stem", tmp_path / name)
    assert_figure(tmp_path / "similarity")
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"similarity.{suffix}").read_bytes() == (tmp_path / f"again.{suffix}").read_bytes()


@pytest.fixture(scope="module")
def without_core(tmp_path_factory):
    """A network whose core is so small that no cell lies in it, with its spikes and selectivity."""
    root = tmp_path_factory.mktemp("without_core")
    nodes = make_network(root / "network", 40, layers=("4",))
    description = root / "network" / "network.json"
    description.write_text(json.dumps(json.loads(description.read_text()) | {"core_radius_um": 0.01}))
    make_edges(root / "network", nodes, 500)
    make_spikes(root / "spikes", nodes, make_paradigm(root / "paradigm.json", trials=1))
    measured = [
        "--paradigm",
        root / "paradigm.json",
        "--spikes-dir",
        root / "spikes",
        "--network-dir",
        root / "network",
    ]
    tables = ["--rates", root / "rates.csv", "--selectivity", root / "selectivity.csv"]
    calculate_odsi.main(list(map(str, [*measured, *tables])))
    return root


def test_a_network_without_core_cells_is_one_message_wherever_they_are_asked_for(without_core, tmp_path):
    network, selectivity = without_core / "network", without_core / "selectivity.csv"
    experiment = ["--naming-scheme", NAMING_SCHEME, "--percentiles", PERCENTILES]
    raster = [*raster_arguments(without_core), "--output-stem", tmp_path / "raster"]
    boxes = ["--model", "plain", network, selectivity, *experiment, "--output-stem", tmp_path / "boxes"]
    compared = ["--network-dir", network, "--selectivity", selectivity, "--seed", 1, "--output", tmp_path / "table.csv"]
    for attempt in (
        lambda: draw("selectivity/plot_raster.py", *raster),
        lambda: draw("selectivity/plot_odsi_boxplots.py", *boxes),
        lambda: calculate_similarity.main(list(map(str, [*compared, *experiment]))),
    ):
        with pytest.raises(ValueError, match=r"network: no core cells, .* none of 40 cells .* core_radius_um larger"):
            attempt()
    assert not list(tmp_path.iterdir())


def test_figures_that_show_all_cells_say_that_none_are_core_cells(without_core, tmp_path, monkeypatch):
    said = []
    text = Axes.text
    monkeypatch.setattr(Axes, "text", lambda self, *args, **kwargs: said.append(args[2]) or text(self, *args, **kwargs))
    arguments = ["--network-dir", without_core / "network", "--naming-scheme", NAMING_SCHEME]
    draw("network/plot_network_summary.py", *arguments, "--output-stem", tmp_path / "summary")
    assert "no core cells" in said
    assert_figure(tmp_path / "summary")


def test_network_summary_counts_every_edge(made_up, tmp_path):
    arguments = ["--network-dir", made_up / "network", "--naming-scheme", NAMING_SCHEME]
    draw("network/plot_network_summary.py", *arguments, "--output-stem", tmp_path / "summary")
    assert_figure(tmp_path / "summary")
    assert pd.read_csv(tmp_path / "summary_weights.csv", sep=" ")["n_edges"].sum() == 20_000
    assert pd.read_csv(tmp_path / "summary_in_degrees.csv", sep=" ")["n"].sum() == core_size(made_up)


def test_labels_are_spread_and_stay_inside():
    assert spread([0.5], 0.1) == [0.5]
    crowded = spread([0.93, 0.96, 0.99], 0.1)
    assert np.diff(crowded) == pytest.approx([0.1, 0.1])
    assert crowded[-1] == pytest.approx(0.95)
