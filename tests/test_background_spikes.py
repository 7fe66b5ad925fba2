"""Background spikes and the files spikes are kept in."""

import json

import h5py
import libsonata
import numpy as np
import pytest
from bmtk.utils.reports.spike_trains import SpikeTrains
from scipy import stats

import generate_background
from v1_files.sonata.spikes import read_spikes, write_spikes
from v1_model.inputs.background_spikes import background_spikes

DRAW = {"seed": 153, "paradigm": "p", "condition": "angle0", "trial": 0, "units": 100, "rate_hz": 250.0}


def test_counts_are_binomial():
    node_ids, _ = background_spikes(**DRAW, duration_ms=3000)
    counts = np.bincount(node_ids, minlength=100)
    bins, p = 12000, 0.0625
    z = (counts - bins * p) / np.sqrt(bins * p * (1 - p))
    assert abs(z.sum() / 10) < 4
    assert stats.kstest(z, "norm").pvalue > 1e-4
    assert 1e-4 < stats.chi2.cdf((z**2).sum(), 100) < 1 - 1e-4


def test_bins_are_independent_and_even():
    node_ids, times = background_spikes(**DRAW, duration_ms=3000)
    assert stats.kstest(times / 3000, "uniform").pvalue > 1e-4
    order = np.lexsort((times, node_ids))
    gaps = np.diff(times[order])[np.diff(node_ids[order]) == 0] / 0.25
    expected = stats.geom.pmf(np.arange(1, 60), 0.0625)
    observed = np.bincount(gaps.round().astype(int), minlength=60)[1:60]
    expected *= len(gaps)
    assert stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), 58) > 1e-4


def test_times_lie_on_the_grid_after_zero():
    _, times = background_spikes(**DRAW | {"rate_hz": 3900.0}, duration_ms=100)
    assert times.min() == 0.25
    assert times.max() == 100
    assert np.array_equal(times, np.round(times / 0.25) * 0.25)
    assert np.all(np.diff(times) >= 0)


def test_extreme_rates():
    assert background_spikes(**DRAW | {"rate_hz": 0.0}, duration_ms=10)[1].size == 0
    assert background_spikes(**DRAW | {"rate_hz": 4000.0}, duration_ms=10)[1].size == 4000


@pytest.mark.parametrize("change", [{"seed": 154}, {"paradigm": "q"}, {"condition": "angle45"}, {"trial": 1}])
def test_each_key_names_another_stream(change):
    first, other = background_spikes(**DRAW, duration_ms=100), background_spikes(**DRAW | change, duration_ms=100)
    assert not np.array_equal(first[1], other[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": 0}, "at least one unit"),
        ({"rate_hz": 4001.0}, "between 0 and 4000 Hz"),
        ({"duration_ms": 10.1}, "multiple of 0.25 ms"),
    ],
)
def test_bad_numbers(change, message):
    with pytest.raises(ValueError, match=message):
        background_spikes(**{**DRAW, "duration_ms": 100.0, **change})


@pytest.fixture
def paradigm(tmp_path):
    path = tmp_path / "pair.json"
    conditions = [{"name": name, "trials": 2, "parameters": {}} for name in ("angle0", "angle45")]
    times = {"duration_ms": 500, "grey_ms": 100, "windows_ms": {"evoked": [100, 500]}}
    path.write_text(json.dumps({"name": "pair", **times, "conditions": conditions}))
    return path


def generate(paradigm, folder, *more):
    options = ["--paradigm", str(paradigm), "--seed", "7", "--condition", "angle45", "--output-dir", str(folder)]
    generate_background.main([*options, *more])


def test_script_writes_each_trial(paradigm, tmp_path):
    generate(paradigm, tmp_path / "all")
    files = sorted((tmp_path / "all").rglob("*.*"))
    assert [path.relative_to(tmp_path / "all").as_posix() for path in files] == [
        "angle45_trial0/spikes.h5",
        "angle45_trial1/spikes.h5",
    ]
    expected = background_spikes(7, "pair", "angle45", 1, 100, 250.0, 500.0)
    np.testing.assert_array_equal(read_spikes(files[1], "bkg"), expected)
    with h5py.File(files[1]) as file:
        assert file.attrs["seed"] == 7
        assert (file.attrs["paradigm"], file.attrs["condition"], file.attrs["trial"]) == ("pair", "angle45", 1)
    generate(paradigm, tmp_path / "one", "--trial", "1")
    assert not (tmp_path / "one" / "angle45_trial0").exists()
    assert (tmp_path / "one" / "angle45_trial1" / "spikes.h5").read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes() != files[1].read_bytes()


def test_script_names_what_is_wrong(paradigm, tmp_path):
    with pytest.raises(ValueError, match=r"pair.json: trial 2 is not among its 2 trials"):
        generate(paradigm, tmp_path, "--trial", "2")
    with pytest.raises(ValueError, match=r"no condition 'angle45', found angle0, angle90"):
        paradigm.write_text(paradigm.read_text().replace("angle45", "angle90"))
        generate(paradigm, tmp_path)
    with pytest.raises(ValueError, match=r"pair.json: a paradigm needs the keys name"):
        paradigm.write_text('{"duration_ms": 1, "conditions": []}')
        generate(paradigm, tmp_path)
    with pytest.raises(ValueError, match=r"pair.json: not JSON"):
        paradigm.write_text("{")
        generate(paradigm, tmp_path)


def test_spike_file_opens_in_libsonata_and_bmtk(tmp_path):
    path = tmp_path / "new" / "spikes.h5"
    write_spikes(path, "bkg", [3, 1, 2, 1], [2.0, 1.0, 2.0, 0.5], {"seed": 1})
    reader = libsonata.SpikeReader(str(path))
    assert reader.get_population_names() == ["bkg"]
    assert reader["bkg"].get() == [(1, 0.5), (1, 1.0), (2, 2.0), (3, 2.0)]
    assert str(reader["bkg"].sorting) == "by_time"
    assert reader["bkg"].time_units == "ms"
    trains = SpikeTrains.load(str(path))
    assert trains.populations == ["bkg"]
    assert trains.units("bkg") == "ms"
    assert trains.get_times(node_id=1, population="bkg").tolist() == [0.5, 1.0]
    assert trains.sort_order("bkg").value == "by_time"


def test_no_spikes_is_a_file_too(tmp_path):
    path = tmp_path / "spikes.h5"
    write_spikes(path, "lgn", [], [])
    assert [values.size for values in read_spikes(path, "lgn")] == [0, 0]
    assert libsonata.SpikeReader(str(path))["lgn"].get() == []
    assert SpikeTrains.load(str(path)).populations == ["lgn"]


def test_write_refuses_bad_spikes_and_leaves_nothing(tmp_path):
    path = tmp_path / "spikes.h5"
    for node_ids, times, message in (
        ([1], [1.0, 2.0], r"node_ids of shape \(1,\)"),
        ([1, 2], [1.0, np.nan], "1 spike times that are negative or not finite, the first is nan ms at spike 1"),
        ([-1], [1.0], "negative node id"),
    ):
        with pytest.raises(ValueError, match=message):
            write_spikes(path, "v1", node_ids, times)
    assert list(tmp_path.iterdir()) == []


def test_read_names_what_is_wrong(tmp_path):
    path = tmp_path / "spikes.h5"
    with pytest.raises(ValueError, match=r"spikes.h5: no such spike file"):
        read_spikes(path, "v1")
    path.write_text("timestamps population node_ids")
    with pytest.raises(ValueError, match=r"spikes.h5: not an HDF5 file"):
        read_spikes(path, "v1")
    write_spikes(path, "lgn", [1], [1.0])
    with pytest.raises(ValueError, match=r"no spikes of population 'v1', found \['lgn'\]"):
        read_spikes(path, "v1")
    with h5py.File(path, "a") as file:
        file["spikes/lgn/timestamps"][0] = -1.0
    with pytest.raises(ValueError, match=r"negative or not finite, the first is -1.0 ms at spike 0"):
        read_spikes(path, "lgn")
    with h5py.File(path, "a") as file:
        del file["spikes/lgn/timestamps"]
    with pytest.raises(ValueError, match=r"spikes/lgn/timestamps is missing"):
        read_spikes(path, "lgn")
