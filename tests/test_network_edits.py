"""Edits of the seed tables that must work without code: each builds the network and looks at what came out."""

import json
import shutil

import openpyxl
import pandas as pd
import pytest

from built_networks import BASE_PROPS, read_edges, read_nodes
from v1_model.network.builder import NetworkSpec, build_network
from v1_model.seeds.tables import load_seed_tables

L4 = {"e4Nr5a1", "e4Rorb", "e4Scnn1a", "e4other", "i4Vip", "i4Pvalb", "i4Sst"}


@pytest.fixture
def seed_folder(tmp_path):
    return shutil.copytree(BASE_PROPS, tmp_path / "base_props")


def edit_workbook(folder, edit):
    """Change the sheet of populations as a person would: by row and column name."""
    path = folder / "V1model_seed_file.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["populations"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    edit(sheet, columns)
    book.save(path)


def rows_of(sheet, columns, names):
    """Row numbers of the populations named."""
    return [row for row in range(2, sheet.max_row + 1) if sheet.cell(row, columns["population"]).value in names]


def build(seed_folder, tmp_path, radius=100):
    """Build and return the folder and the table of V1 cells."""
    folder = tmp_path / "network_folder"
    build_network(NetworkSpec("edited", radius, radius / 2, lgn="small"), load_seed_tables(seed_folder), folder)
    types = pd.read_csv(folder / "network" / "v1_node_types.csv", sep=" ").set_index("node_type_id")
    nodes = read_nodes(folder, "v1")
    cells = pd.DataFrame({"specimen": nodes["node_type_id"], "y": nodes["y"], "x": nodes["x"], "z": nodes["z"]})
    cells["population"] = types["pop_name"].loc[cells["specimen"]].to_numpy()
    return folder, cells


def test_only_layer_4(seed_folder, tmp_path):
    def edit(sheet, columns):
        keep = set(rows_of(sheet, columns, L4))
        for row in range(sheet.max_row, 1, -1):
            if row not in keep:
                sheet.delete_rows(row)

    edit_workbook(seed_folder, edit)
    folder, cells = build(seed_folder, tmp_path)
    assert set(cells["population"]) == L4
    for source in ("v1", "lgn", "bkg"):
        edges = read_edges(folder, source)
        assert len(edges["source_node_id"]) > 0
        assert edges["target_node_id"].max() < len(cells)
    assert len(list((folder / "components" / "synaptic_models").iterdir())) == 4 * 5


def test_changed_count_and_depth(seed_folder, tmp_path):
    def edit(sheet, columns):
        (row,) = rows_of(sheet, columns, {"i4Sst"})
        sheet.cell(row, columns["count_r700um"]).value = 3890
        sheet.cell(row, columns["depth_top_um"]).value = 400
        sheet.cell(row, columns["depth_bottom_um"]).value = 410

    before = build(BASE_PROPS, tmp_path / "before")[1]
    edit_workbook(seed_folder, edit)
    after = build(seed_folder, tmp_path)[1]
    assert len(after[after["population"] == "i4Sst"]) == pytest.approx(
        3890 / 49, abs=len(before["specimen"].unique()) / 8
    )
    assert len(after[after["population"] == "i4Sst"]) > 1.7 * len(before[before["population"] == "i4Sst"])
    assert after.loc[after["population"] == "i4Sst", "y"].between(-410, -400).all()
    others = [len(c[c["population"] != "i4Sst"]) for c in (before, after)]
    assert others[0] == others[1]


def test_excluded_cell_model(seed_folder, tmp_path):
    """The population keeps its number of cells, shared by the models that are left."""
    models = load_seed_tables(BASE_PROPS).cell_models
    excluded = int(models.index[models["population"] == "e23Cux2"][0])
    with (seed_folder / "exclude_list.csv").open("a") as file:
        file.write(f"{excluded} too_slow\n")
    before = build(BASE_PROPS, tmp_path / "before")[1]
    after = build(seed_folder, tmp_path)[1]
    assert excluded in set(before["specimen"]) and excluded not in set(after["specimen"])
    numbers = [(c["population"] == "e23Cux2").sum() for c in (before, after)]
    assert abs(numbers[0] - numbers[1]) < 10


@pytest.mark.parametrize("radius", [37.5, 150])
def test_another_radius(tmp_path, radius):
    folder, cells = build(BASE_PROPS, tmp_path, radius)
    assert (cells["x"] ** 2 + cells["z"] ** 2).max() <= radius**2
    assert len(cells) >= 203_816 * (radius / 700) ** 2
    assert json.loads((folder / "network" / "network.json").read_text())["radius_um"] == radius
