"""Import of weights made elsewhere: any order and form in, the built layout out, every fault named."""

import shutil
import subprocess
import sys

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

import import_weights as script
from built_networks import read_edges, tables, tiny  # noqa: F401
from checked_config import checked, load_schema
from v1_files.sonata.edges import open_edges
from v1_files.sonata.import_weights import Importer, matched_weights, target_ranges
from v1_files.sonata.imported_edges import ImportedEdges

ENDS = ["source_node_id", "target_node_id"]


@pytest.fixture(scope="module")
def recurrent(tiny):
    """The edges of `tiny` with new weights of the right sign, in order of source."""
    return renewed(tiny, "v1")


def renewed(folder, source):
    edges = read_edges(folder, source)
    table = pd.DataFrame({name: edges[name].astype(np.int64) for name in ENDS})
    # A weight that tells its edge.
    size = (0.5 + table["source_node_id"] % 97 + table["target_node_id"] % 89 / 100).to_numpy(np.float32)
    table["syn_weight"] = np.sign(edges["syn_weight"]) * size
    return table.sort_values(ENDS, ignore_index=True)


def write_sonata(path, table, source="v1", **columns):
    """A SONATA file with other types, chunks and names than the built one."""
    with h5py.File(path, "w") as h5:
        group = h5.create_group("edges/cortex_to_cortex")
        for name in ENDS:
            group[name] = table[name].to_numpy(np.uint64)
            group[name].attrs["node_population"] = source if name == "source_node_id" else "v1"
        group["edge_type_id"] = np.zeros(len(table), np.int32)
        group["0/syn_weight"] = table["syn_weight"].to_numpy(np.float64)
        for name, values in columns.items():
            group[name.replace("__", "/")] = values
    return path


def write_text(path, table, separator):
    table.assign(note=1)[["note", "syn_weight", "target_node_id", "source_node_id"]].to_csv(
        path, sep=separator, index=False
    )
    return path


def imported(tiny, path, output, source="v1"):
    arguments = ["--network-dir", str(tiny / "network"), "--source", source, "--weights", str(path)]
    script.main([*arguments, "--output", str(output)])
    return output


def assert_holds(path, table, tiny, source="v1"):
    """A file has the weights of the table in the built order, and all else as built, byte for byte."""
    with h5py.File(path) as h5:
        group = h5[f"edges/{source}_to_v1"]
        found = pd.DataFrame({name: group[name][:].astype(np.int64) for name in ENDS})
        found["syn_weight"] = group["0/syn_weight"][:]
    merged = found.merge(table, on=ENDS, validate="one_to_one")
    assert len(merged) == len(found) == len(table)
    np.testing.assert_array_equal(merged["syn_weight_x"], merged["syn_weight_y"])
    back = path.with_name("back.h5")
    shutil.copyfile(path, back)
    with h5py.File(tiny / "network" / f"{source}_v1_edges.h5") as built, h5py.File(back, "r+") as h5:
        h5[f"edges/{source}_to_v1/0/syn_weight"][:] = built[f"edges/{source}_to_v1/0/syn_weight"][:]
    assert back.read_bytes() == (tiny / "network" / f"{source}_v1_edges.h5").read_bytes()


# --- what is accepted ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["source", "random", "built"])
def test_edges_in_any_order(tiny, recurrent, tmp_path, order):
    table = recurrent.sample(frac=1, random_state=1) if order == "random" else recurrent
    table = table.sort_values(ENDS[::-1]) if order == "built" else table
    path = write_sonata(tmp_path / "mine.h5", table)
    assert_holds(imported(tiny, path, tmp_path / "out" / "edges.h5"), recurrent, tiny)


@pytest.mark.parametrize("separator", [" ", ","])
def test_background_as_text(tiny, tmp_path, separator):
    table = renewed(tiny, "bkg").sample(frac=1, random_state=2)
    path = write_text(tmp_path / "mine.csv", table, separator)
    assert_holds(imported(tiny, path, tmp_path / "out" / "edges.h5", "bkg"), table, tiny, "bkg")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["back.h5", "edges.h5"]


def as_excel_saves(content):
    return b"\xef\xbb\xbf" + content.replace(b" ", b",").replace(b"\n", b"\r\n")


def as_r_writes(content):
    """Names between quotes, rows numbered under no name."""
    header, *rows = content.decode().splitlines()
    names = " ".join(f'"{name}"' for name in header.split())
    return "\n".join([names, *(f'"{n}" {row}' for n, row in enumerate(rows, 1)), ""]).encode()


def with_tabs(content):
    return content.replace(b" ", b"\t")


@pytest.mark.parametrize("form", [as_excel_saves, as_r_writes, with_tabs])
def test_text_as_other_programs_write_it(tiny, tmp_path, form):
    table = renewed(tiny, "bkg")
    path = write_text(tmp_path / "mine.csv", table, " ")
    path.write_bytes(form(path.read_bytes()))
    assert_holds(imported(tiny, path, tmp_path / "out" / "edges.h5", "bkg"), table, tiny, "bkg")


def test_edges_of_other_populations_are_refused(tiny, tmp_path):
    path = write_sonata(tmp_path / "mine.h5", renewed(tiny, "bkg"))
    with pytest.raises(ValueError, match=r"mine\.h5: source_node_id: node_population is 'v1', expected 'bkg'"):
        imported(tiny, path, tmp_path / "out" / "edges.h5", "bkg")


def test_zero_weights_and_background_of_any_sign_are_allowed(tiny, recurrent, tmp_path):
    table = recurrent.assign(syn_weight=np.where(np.arange(len(recurrent)) % 7, recurrent["syn_weight"], 0))
    assert_holds(imported(tiny, write_sonata(tmp_path / "a.h5", table), tmp_path / "x" / "a.h5"), table, tiny)
    table = renewed(tiny, "bkg")
    table["syn_weight"] *= np.where(np.arange(len(table)) % 2, -1, 1)
    assert_holds(
        imported(tiny, write_sonata(tmp_path / "b.h5", table, "bkg"), tmp_path / "y" / "b.h5", "bkg"),
        table,
        tiny,
        "bkg",
    )


def test_the_size_of_ranges_does_not_matter(tiny, recurrent, tmp_path):
    """Ranges of 10,000 edges, in an imported file that is out of order; no range is larger."""
    table = recurrent.sample(frac=1, random_state=3)
    columns = {name: table[name].to_numpy() for name in (*ENDS, "syn_weight")}
    with open_edges(tiny / "network" / "v1_v1_edges.h5") as built:
        types = pd.read_csv(tiny / "network" / "v1_node_types.csv", sep=" ")
        assert set(types["ei"]) == {"e", "i"}
        n = int(max(columns[name].max() for name in ENDS)) + 1
        found = [
            list(Importer(built, ImportedEdges("x", columns, n, n), np.zeros(n, np.int8), size).weights())
            for size in (10_000, 10**9)
        ]
    assert max(map(len, found[0])) <= 10_000 and len(found[1]) == 1
    np.testing.assert_array_equal(np.concatenate(found[0]), found[1][0])


@pytest.mark.parametrize("form", ["text", "sonata"])
def test_files_are_read_in_parts(tiny, recurrent, tmp_path, monkeypatch, form):
    monkeypatch.setattr("v1_files.sonata.imported_edges.READ_EDGES", 100_003)
    monkeypatch.setattr("v1_files.sonata.import_weights.READ_EDGES", 100_003)
    path = tmp_path / "mine"
    path = write_text(path, recurrent, ",") if form == "text" else write_sonata(path, recurrent)
    assert_holds(imported(tiny, path, tmp_path / "out" / "edges.h5"), recurrent, tiny)


def test_matched_weights_against_a_dictionary():
    rng = np.random.default_rng(4)
    for _ in range(200):
        keys = np.unique(rng.integers(0, 40, rng.integers(1, 30)))
        found = rng.integers(0, 40, rng.integers(0, 40))
        weights = rng.normal(size=len(found))
        got, missing, extra, twice = matched_weights(keys, found, weights)
        first = {}
        for key, weight in zip(found.tolist(), weights, strict=True):
            first.setdefault(key, weight)
        np.testing.assert_array_equal(got, [first.get(key, np.nan) for key in keys.tolist()])
        assert keys[missing].tolist() == [key for key in keys.tolist() if key not in first]
        assert sorted(found[extra].tolist()) == sorted(set(first) - set(keys.tolist()))
        assert len(twice) == len(found) - len(first)


def test_ranges_cover_all_targets_and_stay_small():
    rng = np.random.default_rng(5)
    counts = rng.integers(0, 20, (2, 300))
    ranges = list(target_ranges(*counts, 50))
    assert [a for a, _ in ranges] == [0] + [b for _, b in ranges[:-1]] and ranges[-1][1] == 300
    assert all(max(c[a:b].sum() for c in counts) <= 50 for a, b in ranges)


# --- what is refused -----------------------------------------------------------------------------------------------


def without_some(table):
    return table.drop(
        index=[5, 50, 500, 5000]
    ), r"edges of the network that are missing: 4, the first \d+ → \d+, \d+ → \d+, \d+"


def with_others(table):
    free = pd.DataFrame({"source_node_id": [7, 8], "target_node_id": [7, 8], "syn_weight": [-1.0, -1.0]})
    return pd.concat([table, free]), "edges that are not in the network: 2, the first 7 → 7, 8 → 8"


def with_repeats(table):
    row = table.iloc[9]
    ids = f"{row['source_node_id']:.0f} → {row['target_node_id']:.0f}"
    return pd.concat([table, table.iloc[[9]]]), f"edges given more than once: 1, the first {ids}"


def with_nan(table):
    return _changed(table, 3, np.nan), r"weights that are not finite numbers: 1, the first \d+ → \d+ \(nan pA\)"


def with_infinity(table):
    return _changed(table, 3, 1e300), r"weights that are not finite numbers: 1, the first \d+ → \d+ \(1e\+300 pA\)"


def with_positive_inhibition(table):
    row = table.index[table["syn_weight"] < 0][0]
    return _changed(table, row, 2.5), r"edges of inhibitory sources with a positive weight: 1, .* \(2.5 pA\)"


def with_negative_excitation(table):
    row = table.index[table["syn_weight"] > 0][0]
    return _changed(table, row, -2.5), r"edges of excitatory sources with a negative weight: 1, .* \(-2.5 pA\)"


def with_unknown_source(table):
    other = table.copy()
    other.loc[other.index[4], "source_node_id"] = 10**7
    return (
        other,
        r"with a node id that the network does not have: 1, the first 10000000 → (.|\n)*missing: 1,",
    )


def with_unknown_target(table):
    other = table.copy()
    other.loc[other.index[4], "target_node_id"] = 10**7
    return other, r"the first \d+ → 10000000"


def of_another_network(table):
    rng = np.random.default_rng(6)
    return table.assign(source_node_id=rng.permutation(table["source_node_id"])), "are of another network: .* of the"


def _changed(table, row, value):
    other = table.astype({"syn_weight": float})
    other.loc[row, "syn_weight"] = value
    return other


@pytest.mark.parametrize(
    "fault",
    [
        without_some,
        with_others,
        with_repeats,
        with_nan,
        with_infinity,
        with_positive_inhibition,
        with_negative_excitation,
        with_unknown_source,
        with_unknown_target,
        of_another_network,
    ],
)
def test_fault_is_counted_and_shown(tiny, recurrent, tmp_path, fault):
    table, message = fault(recurrent)
    path = write_sonata(tmp_path / "mine.h5", table.sample(frac=1, random_state=7))
    with pytest.raises(ValueError, match=message) as error:
        imported(tiny, path, tmp_path / "out" / "edges.h5")
    assert str(path) in str(error.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_all_faults_are_shown_at_once(tiny, recurrent, tmp_path):
    table = with_nan(with_repeats(without_some(recurrent)[0])[0])[0]
    with pytest.raises(ValueError, match="missing") as error:
        imported(tiny, write_sonata(tmp_path / "mine.h5", table), tmp_path / "out" / "edges.h5")
    for part in ("that are missing: 4", "more than once: 1", "not finite numbers: 1"):
        assert part in str(error.value)


def test_several_synapses_an_edge_and_mixed_groups_are_refused(tiny, recurrent, tmp_path):
    number = np.ones(len(recurrent), np.int32)
    path = write_sonata(tmp_path / "one.h5", recurrent, **{"0__n_syns_": number})
    assert_holds(imported(tiny, path, tmp_path / "out" / "edges.h5"), recurrent, tiny)
    number[11] = 3
    path = write_sonata(tmp_path / "two.h5", recurrent, **{"0__nsyns": number})
    with pytest.raises(ValueError, match=r"two\.h5, edge 11: nsyns is not 1"):
        imported(tiny, path, tmp_path / "no" / "edges.h5")
    path = write_sonata(tmp_path / "three.h5", recurrent, edge_group_index=np.arange(len(recurrent))[::-1])
    with pytest.raises(ValueError, match=r"three\.h5: .*edge_group_index: edge 0 has \d+, expected 0"):
        imported(tiny, path, tmp_path / "no" / "edges.h5")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source_node_id target_node_id weight\n1 2 3\n", "line 1: no column syn_weight; found 'source_node_id"),
        ("source_node_id,target_node_id,syn_weight\n", "no edges"),
        (
            "source_node_id target_node_id syn_weight\n1 2 3\n1.5 2 3\n",
            "line 3, column source_node_id: 1.5 is not a node id",
        ),
        ("source_node_id target_node_id syn_weight\n1 2 many\n", "many"),
        ("", "line 1: no column source_node_id"),
    ],
)
def test_faulty_text_is_named(tiny, tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        imported(tiny, path, tmp_path / "out" / "edges.h5", "bkg")
    assert str(path) in str(error.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_faulty_sonata_is_named(tiny, tmp_path):
    with pytest.raises(ValueError, match=r"none\.h5: no such file of weights"):
        imported(tiny, tmp_path / "none.h5", tmp_path / "out.h5")
    whole = (tiny / "network" / "bkg_v1_edges.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.h5: not a whole HDF5 file"):
        imported(tiny, tmp_path / "cut.h5", tmp_path / "out.h5", "bkg")
    with h5py.File(tmp_path / "bare.h5", "w") as h5:
        h5["edges/a_to_b/source_node_id"] = [1]
    with pytest.raises(ValueError, match=r"bare\.h5: edges/a_to_b: target_node_id, 0/syn_weight missing"):
        imported(tiny, tmp_path / "bare.h5", tmp_path / "out.h5")


# --- the option ----------------------------------------------------------------------------------------------------


def options(**mine):
    return {"options": {"mine": {"v1_edges": "imported", "background_edges": "built", **mine}}}


def config_with(repo_root, **mine):
    config = yaml.safe_load((repo_root / "config" / "config.yaml").read_text())
    config["options"] |= options(**mine)["options"]
    return checked(config, load_schema(repo_root / "workflow" / "schemas" / "config.schema.yaml"))


@pytest.mark.parametrize(
    ("mine", "message"),
    [
        ({}, r"options\.mine\.import_from: missing v1_edges, the file to import"),
        ({"import_from": {"background_edges": "b.h5"}}, r"import_from\.background_edges: background_edges is 'built'"),
        ({"import_from": {"edges": "b.h5"}}, r"options\.mine\.import_from: unknown key 'edges'"),
        ({"background_edges": "adjusted"}, r"options\.mine\.background_edges: found 'adjusted'"),
    ],
)
def test_faulty_option_is_named(repo_root, mine, message):
    with pytest.raises(ValueError, match=message):
        config_with(repo_root, **mine)


def test_option_leads_from_the_file_to_the_simulation(repo_root, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(options(import_from={"v1_edges": str(tmp_path / "{network}.h5")})))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(repo_root / "Snakefile"), "--dry-run"]
    command += ["--cores", "1", "--configfile", str(mine)]
    command += ["--directory", str(tmp_path / "results"), "--", "tiny/output_mine/spikes.h5"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "MissingInputException in rule import_weights" in done.stdout + done.stderr
    assert "tiny.h5" in done.stdout + done.stderr
    (tmp_path / "tiny.h5").touch()
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "tiny/network/v1_v1_edges_mine.h5" in said
