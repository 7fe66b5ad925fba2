"""The shipped seed tables hold the published figures, their README describes them, the workbook is made for people."""

import math
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from v1_model.seeds.files import read_table
from v1_model.seeds.schema import expand, schema
from v1_model.seeds.tables import load_seed_tables

BASE_PROPS = Path(__file__).parents[1] / "base_props"
BOOK = "V1model_seed_file.xlsx"


@pytest.fixture(scope="module")
def tables():
    return load_seed_tables(BASE_PROPS)


def test_published_figures(tables):
    assert len(tables.populations) == 22
    assert len(tables.cell_models) == len(tables.background_fitted) == 201
    assert tables.connection_probability.shape == (19 * 19, 3)
    assert len(tables.psp_class) == 22 * 22
    assert tables.lgn_models["cells_per_8deg_tile"].sum() * 15 * 10 == 17400
    assert tables.lgn_models["cells_per_8deg_tile"].sum() * 3 * 2 == 696
    assert tables.cell_types["cell_type"].nunique() == 19
    assert list(tables.psp_statistics.loc["vip__to__vip"].filter(like="lognormal")) == [
        0.678394,
        1.32984,
        0.390344,
        0.116447,
    ]
    assert tables.lgn_temporal_filters["kpeak_2"]["sON_TF4"] == 58.35845979325414
    assert tables.cell_models.loc[475585413, ["C_m_pF", "g_nS"]].tolist() == [37.1107873, 4.07747272]
    assert tables.synapse_kinetics.loc[("exc", "e4")].iloc[:3].tolist() == [1.87514153, 2.42812102, 0.527230531]
    assert np.isnan(tables.synapse_kinetics["latency_ms"]["exc"]).all()


@pytest.mark.parametrize(("radius_um", "cells"), [(100, 4239), (200, 16728), (700, 203816)])
def test_published_network_sizes(tables, radius_um, cells):
    total = 0
    for name, count in tables.populations["count_r700um"].items():
        models = (tables.cell_models["population"] == name).sum()
        shares = [count // models + (i < count % models) for i in range(models)]
        total += sum(math.ceil(share * (radius_um / 700) ** 2) for share in shares)
    assert total == cells


def test_counts_follow_from_their_record(tables):
    """The densities kept as a record give the counts, to a cell."""
    populations, layers = tables.populations, tables.layers
    layer = layers.loc["L" + tables.cell_types["layer"], "density_per_mm2"].to_numpy()
    excitatory = populations["ei"] == "e"
    fraction = np.where(excitatory, 1 - populations["inhibitory_fraction"], populations["inhibitory_fraction"])
    density = layer * fraction * populations["fraction_within_ei"]
    np.testing.assert_allclose(density, populations["density_per_mm2"], rtol=1e-5)
    assert (populations["density_per_mm2"] * np.pi * 0.7**2 - populations["count_r700um"]).abs().max() < 1


def test_numbers_are_numbers(tables):
    assert tables.populations["count_r700um"].dtype == tables.cell_models.index.dtype == np.int64
    for name in ("cell_models", "background_fitted", "lgn_to_v1", "synapse_kinetics"):
        numbers = getattr(tables, name).select_dtypes("number")
        assert set(numbers.dtypes) == {np.dtype(float)}
    assert isinstance(tables.synapse_kinetics.index, pd.MultiIndex)


def test_recordings_are_sound(tables):
    table = read_table("neuropixels_percentiles", BASE_PROPS, {})
    assert table.faults == []
    assert len(table.rows) == 17 * 5
    known = {*tables.cell_types["cell_type"], "L5_Exc"}
    assert set(table.column("cell_type")) <= known
    for row in table.rows:
        percentiles = [row[f"p{i}"] for i in range(101)]
        assert percentiles == sorted(percentiles)


def dictionary():
    """Tables of the README: heading to rows (column, unit, meaning, source)."""
    found = {}
    for line in (BASE_PROPS / "README.md").read_text(encoding="utf-8").partition("## Data dictionary")[2].splitlines():
        if line.startswith("### "):
            rows = found.setdefault(line.replace("`", "").removeprefix("### "), [])
        elif line.startswith("| `"):
            rows.append([part.strip(" `") for part in line.strip("|").split(" | ")])
    return found


def heading(table):
    return table["file"] + (f", sheet {table['sheet']}" if "sheet" in table else "")


def test_readme_is_the_dictionary_of_the_files():
    readme = dictionary()
    assert list(readme) == [heading(table) for table in schema().values()]
    assert {table["file"] for table in schema().values()} == {p.name for p in BASE_PROPS.iterdir()} - {"README.md"}
    for table in schema().values():
        listed = {name: row[1:] for row in readme[heading(table)] for name in expand(row[0])}
        wanted = {
            name: [rule["unit"], rule["description"], rule.get("source", table["source"])]
            for name, rule in table["columns"].items()
        }
        assert listed == wanted
        path = BASE_PROPS / table["file"]
        if "sheet" in table:
            header = [c.value for c in openpyxl.load_workbook(path)[table["sheet"]][1]]
        else:
            header = path.read_text(encoding="utf-8").splitlines()[0].split(" ")
        assert header == list(table["columns"])


def test_an_installed_copy_has_its_schema(repo_root, tmp_path):
    """The files that pyproject.toml names, without the repository around them, read the shipped tables."""
    setuptools = tomllib.loads((repo_root / "pyproject.toml").read_text())["tool"]["setuptools"]
    tops = [pattern.removesuffix("*") for pattern in setuptools["packages"]["find"]["include"]]
    packages = [path.parent.relative_to(repo_root) for top in tops for path in (repo_root / top).rglob("__init__.py")]
    for folder in sorted(packages):
        name = ".".join(folder.parts)
        (tmp_path / folder).mkdir()
        for pattern in ("*.py", *setuptools["package-data"].get(name, [])):
            for path in (repo_root / folder).glob(pattern):
                shutil.copy(path, tmp_path / folder)
    code = "import sys; from v1_model.seeds import tables as s; s.load_seed_tables(sys.argv[1]); print(s.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", code, BASE_PROPS]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))


@pytest.mark.parametrize("name", ["populations", "layers"])
def test_workbook_is_made_for_people(name):
    book = openpyxl.load_workbook(BASE_PROPS / BOOK)
    sheet, columns = book[name], schema()[name]["columns"]
    assert sheet.freeze_panes == "B2"
    lists = {str(v.sqref).split("2:")[0]: v.formula1 for v in sheet.data_validations.dataValidation if v.type == "list"}
    described = {row[1]: row[2:] for row in book["columns"].iter_rows(values_only=True) if row[0] == name}
    assert list(described) == list(columns)
    for header, (column, rule) in zip(sheet[1], columns.items(), strict=True):
        assert (header.column_letter in lists) == ("enum" in rule)
        if "enum" in rule:
            assert lists[header.column_letter] == '"' + ",".join(rule["enum"]) + '"'
        assert header.comment.text.startswith(rule["description"])
        assert described[column] == (rule["unit"], rule["description"], rule.get("source", schema()[name]["source"]))
        longest = max(len(str(c.value or "")) for c in sheet[header.column_letter][1:])
        assert sheet.column_dimensions[header.column_letter].width >= longest
