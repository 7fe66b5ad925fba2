"""LGN rates and spikes against BMTK's own evaluation and against theory."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import h5py
import libsonata
import numpy as np
import pytest
from bmtk.simulator import filternet
from bmtk.simulator.filternet.lgnmodel.movie import Movie as BmtkMovie
from bmtk.simulator.filternet.lgnmodel.spatialfilter import GaussianSpatialFilter
from bmtk.simulator.filternet.lgnmodel.temporalfilter import TemporalFilterCosineBump
from bmtk.utils.reports.spike_trains import SpikeTrains
from scipy import stats

import run_filternet
from v1_files.sonata.spikes import read_spikes
from v1_files.sonata.writing import write_nodes, write_types
from v1_model.inputs.filternet import firing_rates, tile_units
from v1_model.inputs.filternet_configs import read_filternet_config
from v1_model.inputs.lgn_kernels import field_profile, make_units, read_lgn_cells, temporal_kernels
from v1_model.inputs.lgn_spikes import lgn_spikes
from v1_model.network.lgn_nodes import place_cells
from v1_model.seeds.tables import load_seed_tables
from v1_model.stimuli import Movie, bmtk_input, make_movie

ROOT = Path(__file__).parents[1]
GRATING = {"direction_deg": 45.0, "spatial_frequency_cpd": 0.04, "temporal_frequency_hz": 2.0, "contrast": 0.8}
CELLS_PER_CLASS = 6


def write_lgn(folder, rows_of_class):
    """LGN files with chosen cells of the full LGN; returns nothing."""
    lgn = place_cells(load_seed_tables(ROOT / "base_props"), "full", 153)
    chosen = np.concatenate([rows_of_class(np.flatnonzero(lgn.model == model)) for model in range(len(lgn.models))])
    attributes = {name: values.to_numpy()[chosen] for name, values in lgn.attributes.items()}
    write_nodes(folder / "lgn_nodes.h5", "lgn", lgn.model[chosen], attributes)
    rows = [
        {
            "node_type_id": i,
            "pop_name": model,
            "model_type": "virtual",
            "model_template": f"lgnmodel:{model}",
            "dynamics_params": None,
        }
        for i, model in enumerate(lgn.models)
    ]
    write_types(folder / "lgn_node_types.csv", rows, list(rows[0]))


def write_config(folder, duration_ms=200.0, trials=(0, 1), stimulus=None):
    """The shipped template, filled in as the renderer does; returns its path."""
    text = (ROOT / "config_templates" / "filternet.json").read_text()
    config = json.loads(text.replace("{paradigm}", "pair").replace("{condition}", "angle45"))
    config["run"]["tstop"] = duration_ms
    config["inputs"]["stimulus"] = stimulus or bmtk_input("drifting_grating", GRATING | {"grey_ms": 50.0})
    (spikes_file,) = config["v1flow"]["spikes_files"]
    files = [spikes_file.replace("{trial}", str(trial)) for trial in trials]
    config["v1flow"] |= {"seed": 7, "trials": list(trials), "spikes_files": files}
    path = folder / "configs" / "pair" / "filternet_angle45.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))
    return path


@pytest.fixture(scope="module")
def lgn(tmp_path_factory):
    """Folder, table and units of six cells of each class, half of them at the corner of the screen; BMTK's cells."""
    folder = tmp_path_factory.mktemp("lgn")
    half = CELLS_PER_CLASS // 2
    write_lgn(folder / "network", lambda rows: np.r_[rows[:half], rows[len(rows) // 2 :][:half]])
    settings = filternet.Config.from_json(str(write_config(folder)))
    network = filternet.FilterNetwork.from_config(settings)
    network.build()
    cells = read_lgn_cells(folder / "network" / "lgn_nodes.h5", folder / "network" / "lgn_node_types.csv")
    return SimpleNamespace(folder=folder, cells=cells, units=make_units(cells), bmtk=network.cells())


def bmtk_rates(lgn, movie):
    """Rates (cells × frames) from BMTK's cell objects."""
    rows, columns = movie.row_deg, movie.column_deg
    theirs = BmtkMovie(movie.data, row_range=rows, col_range=columns, frame_rate=movie.frame_rate_hz)
    evaluated = [cell.lgn_cell_obj.evaluate(theirs, downsample=1, separable=True) for cell in lgn.bmtk]
    np.testing.assert_allclose(evaluated[0][0] * 1000, movie.time_ms)
    return np.array([np.asarray(rate) for _, rate in evaluated])


def random_movie(frames, shape, pitch_deg, frame_rate_hz, seed=0):
    data = np.random.default_rng(seed).uniform(-1, 1, (frames, *shape))
    rows, columns = (np.arange(pixels) * pitch for pixels, pitch in zip(shape, pitch_deg, strict=True))
    return Movie(data, rows, columns, frame_rate_hz)


def movies():
    """Movies to compare on: coarse frames make a 250 Hz movie sample the kernels between their milliseconds."""
    return {
        "grating": make_movie("drifting_grating", GRATING | {"grey_ms": 200.0}, 1200),
        "random": random_movie(500, (80, 120), (80 / 79, 120 / 119), 1000.0),
        "odd_pixels_400_hz": random_movie(300, (61, 91), (1.32, 1.33), 400.0),
    }


@pytest.mark.parametrize("name", movies())
def test_rates_equal_bmtk(lgn, name):
    movie = movies()[name]
    assert lgn.cells["model_id"].value_counts().tolist() == [CELLS_PER_CLASS] * 14
    theirs = bmtk_rates(lgn, movie)
    ours = firing_rates(lgn.units, movie)
    assert theirs.std(axis=1).min() > 0.01
    assert np.abs(ours - theirs).max() < 1e-3


def test_threads_and_company_change_nothing(lgn):
    movie = movies()["random"]
    together = firing_rates(lgn.units, movie, threads=2, progress=lambda tiles, total: list(tiles))
    np.testing.assert_array_equal(together, firing_rates(lgn.units, movie, threads=1))
    alone = firing_rates(make_units(lgn.cells.iloc[40:41]), movie)
    np.testing.assert_allclose(alone[0], together[40], atol=1e-4)


def test_every_unit_is_in_one_tile(lgn):
    tiles = tile_units(lgn.units, movies()["grating"])
    assert np.array_equal(np.sort(np.concatenate(tiles)), np.arange(len(lgn.units)))
    assert len(lgn.units) == len(lgn.cells) + 2 * CELLS_PER_CLASS


def test_temporal_kernels_equal_bmtk():
    shape = np.array([[3.4, -2.1, 8.3, 20.0], [2.1, -1.2, 54.5, 128.0], [1.0, -0.4, 56.5, 140.0]])
    delay = np.array([[0, 0], [3, 25], [60, 61]])
    ours = temporal_kernels(shape, delay)
    for row, (weights, lags) in enumerate(zip(shape, delay, strict=True)):
        theirs = TemporalFilterCosineBump(weights[:2], weights[2:], lags).kernel_data
        np.testing.assert_allclose(ours[row, : len(theirs)], theirs, atol=1e-12)
        assert not ours[row, len(theirs) :].any()


@pytest.mark.parametrize("centre", [(60.0, 40.0), (0.3, 79.0), (-3.0, 20.25)])
@pytest.mark.parametrize("pixels", [(80, 120), (81, 121)])
def test_field_equals_bmtk(centre, pixels):
    rows, columns = np.linspace(0, 80, pixels[0]), np.linspace(0, 120, pixels[1])
    theirs = GaussianSpatialFilter(translate=centre, sigma=(1.7, 1.7), origin=(0.0, 0.0)).get_kernel(rows, columns)
    sd = np.array([1.7])
    ours = field_profile(np.array([centre[1]]), sd, rows).T * field_profile(np.array([centre[0]]), sd, columns)
    np.testing.assert_allclose(ours / ours.sum(), theirs.full(), atol=1e-12)


def test_field_off_the_screen_is_refused(lgn):
    cells = lgn.cells.iloc[:2].assign(x=[300.0, 20.0])
    with pytest.raises(ValueError, match=r"field at \(300.0, .*\) deg lies outside the screen"):
        firing_rates(make_units(cells), movies()["random"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_id": "sON"}, None),
        ({"model_id": "parvo_TF4"}, "unknown LGN model 'parvo_TF4'"),
        ({"model_id": "sON_TF3"}, "BMTK has no recordings for the LGN model 'sON_TF3'"),
        ({"x": np.nan}, "LGN node 0: x is not finite"),
        ({"weight_dom_0": -1.0}, "LGN node 0: weight_dom_0 is not positive"),
        ({"kpeaks_dom_1": 1.0}, "LGN node 0: kpeaks_dom_0 is not positive and below kpeaks_dom_1"),
        ({"delay_dom_0": 99.0}, "LGN node 0: delay_dom_0 is negative or above delay_dom_1"),
        ({"model_id": "sONsOFF_001"}, "LGN node 0: .* is not finite"),
    ],
)
def test_bad_cells(lgn, change, message):
    cells = lgn.cells.iloc[:1].assign(**change)
    if message is None:
        assert len(make_units(cells)) == 1
        return
    with pytest.raises(ValueError, match=message):
        make_units(cells)
    with pytest.raises(ValueError, match="LGN nodes lack kpeaks_dom_0"):
        make_units(lgn.cells.drop(columns="kpeaks_dom_0"))


def test_kernel_that_crosses_too_late_is_refused(lgn):
    two = lgn.cells[lgn.cells["model_id"] == "sONtOFF_001"].assign(kpeaks_dom_0=70.0, kpeaks_dom_1=300.0)
    with pytest.raises(ValueError, match=r"its dom kernel does not turn negative within 64\.8 ms"):
        make_units(two)


@pytest.fixture(scope="module")
def poisson():
    """Rates (cells × frames), the integral at each frame, and one trial's spikes of 2,000 cells."""
    time = np.arange(1001) / 1000
    phase = np.linspace(0, 2 * np.pi, 2000, endpoint=False)[:, None]
    rates = (30 * np.maximum(0, np.sin(2 * np.pi * 3 * time + phase)) + 2).astype(np.float32)
    integral = np.pad(np.cumsum(rates[:, :-1].astype(float), axis=1) / 1000, ((0, 0), (1, 0)))
    return SimpleNamespace(rates=rates, integral=integral, drawn=lgn_spikes(1, "p", "c", 0, rates, np.arange(2000)))


def test_counts_are_poisson(poisson):
    node_ids, _ = poisson.drawn
    expected = poisson.integral[:, -1]
    counts = np.bincount(node_ids, minlength=2000)
    z = (counts - expected) / np.sqrt(expected)
    assert abs(z.sum() / np.sqrt(2000)) < 4
    # The fourth moment of a Poisson count gives the spread of the dispersion.
    spread = np.sqrt((2 + 1 / expected).sum())
    assert abs(((z**2).sum() - 2000) / spread) < 4


def test_rescaled_times_are_a_unit_poisson_process(poisson):
    node_ids, times = poisson.drawn
    frame = np.floor(times).astype(int)
    passed = poisson.integral[node_ids, frame] + (times - frame) * poisson.rates[node_ids, frame] / 1000
    assert stats.kstest(passed / poisson.integral[node_ids, -1], "uniform").pvalue > 1e-4
    # Cells end to end make one long process, so that no interval is cut off.
    start = np.concatenate([[0], np.cumsum(poisson.integral[:, -1])])
    intervals = np.diff(start[node_ids] + passed, prepend=0.0)
    assert stats.kstest(-np.expm1(-intervals), "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(intervals[:-1], intervals[1:])[0, 1]) < 4 / np.sqrt(len(intervals))


def test_a_cell_keeps_its_spikes_whatever_the_others_do(poisson):
    node_ids, times = poisson.drawn
    alone_ids, alone = lgn_spikes(1, "p", "c", 0, poisson.rates[700:701], [700])
    np.testing.assert_array_equal(alone, times[node_ids == 700])
    assert set(alone_ids) == {700}


@pytest.mark.parametrize("keys", [(2, "p", "c", 0), (1, "q", "c", 0), (1, "p", "d", 0), (1, "p", "c", 1)])
def test_each_key_names_another_stream(poisson, keys):
    _, times = lgn_spikes(*keys, poisson.rates[:100], np.arange(100))
    _, first = lgn_spikes(1, "p", "c", 0, poisson.rates[:100], np.arange(100))
    assert not np.intersect1d(times, first).size


def test_silent_and_bad_rates():
    assert lgn_spikes(1, "p", "c", 0, np.zeros((3, 100)), np.arange(3))[1].size == 0
    with pytest.raises(ValueError, match="rates of p c are negative or not finite"):
        lgn_spikes(1, "p", "c", 0, np.full((1, 10), np.nan), [0])


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Network folder with one cell of each class, and its config."""
    folder = tmp_path_factory.mktemp("few")
    write_lgn(folder / "network", lambda rows: rows[:1])
    return SimpleNamespace(folder=folder, config=write_config(folder))


def read_rates(folder):
    with h5py.File(folder / "filternet_pair" / "angle45" / "rates.h5") as file:
        return {name: file[name][:] for name in file} | {"attributes": dict(file.attrs)}


def outputs(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in (folder / "filternet_pair").rglob("*.*")}


def test_script_writes_rates_and_trials(few):
    run_filternet.main([str(few.config)])
    made = outputs(few.folder)
    assert sorted(made) == [
        "filternet_pair/angle45/rates.h5",
        "filternet_pair/angle45_trial0/spikes.h5",
        "filternet_pair/angle45_trial1/spikes.h5",
    ]
    rates = read_rates(few.folder)
    assert rates["firing_rates_Hz"].shape == (201, 14)
    assert rates["firing_rates_Hz"].dtype == np.float32
    assert rates["node_ids"].tolist() == list(range(14))
    assert rates["time"].tolist() == list(range(201))
    assert rates["attributes"]["temporal_frequency_hz"] == 2.0
    files = [few.folder / name for name in sorted(made)[1:]]
    expected = lgn_spikes(7, "pair", "angle45", 1, rates["firing_rates_Hz"].T, rates["node_ids"])
    found = read_spikes(files[1], "lgn")
    assert sorted(zip(*expected, strict=True)) == sorted(zip(*found, strict=True))
    assert libsonata.SpikeReader(str(files[0]))["lgn"].get()
    assert SpikeTrains.load(str(files[0])).n_spikes("lgn")
    with h5py.File(files[1]) as file:
        assert (file.attrs["seed"], file.attrs["trial"], file.attrs["purpose"]) == (7, 1, "lgn_spikes")
    run_filternet.main([str(few.config), "--threads", "2"])
    assert outputs(few.folder) == made


def test_trial_alone_equals_trial_among_others(few, tmp_path):
    run_filternet.main([str(few.config)])
    shutil.copytree(few.folder / "network", tmp_path / "network")
    run_filternet.main([str(write_config(tmp_path, trials=(1,)))])
    alone, together = outputs(tmp_path), outputs(few.folder)
    assert alone == {name: together[name] for name in alone}
    assert "filternet_pair/angle45_trial0/spikes.h5" not in alone


def with_phases(config, phases_deg):
    """A config whose trials have phases of their own."""
    content = json.loads(config.read_text())
    del content["v1flow"]["rates_file"]
    content["v1flow"]["phases_deg"] = phases_deg
    config.write_text(json.dumps(content))
    return config


def test_each_trial_has_its_phase(few, tmp_path):
    shutil.copytree(few.folder / "network", tmp_path / "network")
    run_filternet.main([str(with_phases(write_config(tmp_path), [90.0, 200.0]))])
    made = outputs(tmp_path)
    assert sorted(made) == [f"filternet_pair/angle45_trial{trial}/spikes.h5" for trial in (0, 1)]
    stimulus = bmtk_input("drifting_grating", GRATING | {"grey_ms": 50.0, "phase_deg": 200.0})
    run_filternet.main([str(write_config(tmp_path, stimulus=stimulus)), "--engine", "bmtk"])
    rates = read_rates(tmp_path)
    expected = lgn_spikes(7, "pair", "angle45", 1, rates["firing_rates_Hz"].T, rates["node_ids"])
    path = tmp_path / "filternet_pair" / "angle45_trial1" / "spikes.h5"
    path.write_bytes(made["filternet_pair/angle45_trial1/spikes.h5"])
    found = read_spikes(path, "lgn")
    # BMTK's rates differ in the sixth digit, and so do the times.
    order = np.lexsort((expected[1], expected[0])), np.lexsort((found[1], found[0]))
    np.testing.assert_array_equal(expected[0][order[0]], found[0][order[1]])
    np.testing.assert_allclose(expected[1][order[0]], found[1][order[1]], atol=0.05)
    with h5py.File(path) as file:
        assert file.attrs["phase_deg"] == 200.0


def test_stock_engine_refuses_phases_by_trial(few, tmp_path):
    shutil.copytree(few.folder / "network", tmp_path / "network")
    config = with_phases(write_config(tmp_path), [90.0, 200.0])
    with pytest.raises(ValueError, match=r"phases_deg: engine bmtk shows the same phase in all trials"):
        run_filternet.main([str(config), "--engine", "bmtk"])


def test_stock_engine_gives_the_same_rates(few):
    run_filternet.main([str(few.config)])
    batched = read_rates(few.folder)
    run_filternet.main([str(few.config), "--engine", "bmtk"])
    stock = read_rates(few.folder)
    assert stock["attributes"]["engine"] == "bmtk"
    np.testing.assert_array_equal(stock["node_ids"], batched["node_ids"])
    assert np.abs(stock["firing_rates_Hz"] - batched["firing_rates_Hz"]).max() < 1e-3


def misspell(config):
    config["inputs"]["stimulus"]["temroral_f"] = config["inputs"]["stimulus"].pop("temporal_f")


def drop_seed(config):
    del config["v1flow"]["seed"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (misspell, r"inputs/stimulus: unknown key 'temroral_f', did you mean 'temporal_f'\?"),
        (drop_seed, r"v1flow must hold seed, .*, found paradigm"),
        (lambda config: config["v1flow"].update(seed="7"), r"v1flow/seed must be of type int, got '7'"),
        (
            lambda config: config["v1flow"].update(trials=[0]),
            r"v1flow/spikes_files must name one file for each",
        ),
        (lambda config: config["v1flow"].update(phases_deg=[1, 2]), r"v1flow must hold .* one of rates_file, phase"),
        (lambda config: config["run"].update(tstop=0), r"run/tstop must be a positive number"),
        (lambda config: config["inputs"].clear(), r"inputs must hold one stimulus, found 0"),
        (lambda config: config["networks"].update(nodes=[]), r"networks/nodes must hold one nodes_file"),
    ],
)
def test_config_faults_name_the_key(few, tmp_path, spoil, message):
    config = json.loads(few.config.read_text())
    spoil(config)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=rf"bad\.json: {message}"):
        read_filternet_config(path)


def test_unreadable_files_are_named(tmp_path, lgn):
    with pytest.raises(ValueError, match=r"none\.json: no such file"):
        read_filternet_config(tmp_path / "none.json")
    (tmp_path / "half.json").write_text("{")
    with pytest.raises(ValueError, match=r"half\.json: "):
        read_filternet_config(tmp_path / "half.json")
    nodes, types = (lgn.folder / "network" / name for name in ("lgn_nodes.h5", "lgn_node_types.csv"))
    with pytest.raises(ValueError, match=r"lgn_nodes\.h5: no group nodes/v1/0"):
        read_lgn_cells(nodes, types, "v1")
    spoilt = tmp_path / "types.csv"
    spoilt.write_text(types.read_text().replace("lgnmodel:sON_TF1", "nest:sON_TF1"))
    with pytest.raises(ValueError, match=r"types\.csv: model_template must be .*, got 'nest:sON_TF1'"):
        read_lgn_cells(nodes, spoilt)
    spoilt.write_text("".join(types.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ValueError, match=r"types\.csv: no node type 13"):
        read_lgn_cells(nodes, spoilt)
