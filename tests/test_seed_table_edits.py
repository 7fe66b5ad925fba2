"""What people do to the seed tables: sound edits work without code, and every kind of fault is named and placed."""

import re
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from v1_model.seeds.schema import schema
from v1_model.seeds.tables import SeedTableError, load_seed_tables

BASE_PROPS = Path(__file__).parents[1] / "base_props"
BOOK = "V1model_seed_file.xlsx"


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(BASE_PROPS, tmp_path / "base_props"))


def replace(file, line, old, new):
    """Edit: in one line of a text file, replace some text."""

    def edit(folder):
        lines = (folder / file).read_text(encoding="utf-8").splitlines()
        assert old in lines[line - 1]
        lines[line - 1] = lines[line - 1].replace(old, new, 1)
        (folder / file).write_text("\n".join(lines) + "\n", encoding="utf-8")

    return edit


def drop(file, pattern):
    """Edit: delete the lines of a text file that match."""

    def edit(folder):
        lines = (folder / file).read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not re.search(pattern, line)]
        assert len(kept) < len(lines)
        (folder / file).write_text("\n".join(kept) + "\n", encoding="utf-8")

    return edit


def append(file, text):
    """Edit: add a line to a text file."""

    def edit(folder):
        with (folder / file).open("a", encoding="utf-8") as out:
            out.write(text + "\n")

    return edit


def content(file, data):
    """Edit: replace a whole file."""
    return lambda folder: (folder / file).write_bytes(data)


def in_book(change):
    """Edit: change the workbook."""

    def edit(folder):
        book = openpyxl.load_workbook(folder / BOOK)
        change(book)
        book.save(folder / BOOK)

    return edit


def cell(sheet, address, value):
    return in_book(lambda book: book[sheet].__setitem__(address, value))


def rename_sheet(old, new):
    return in_book(lambda book: setattr(book[old], "title", new))


def keep_rows(folder, keep):
    """Delete the rows of the populations that are not kept, as a person would."""
    book = openpyxl.load_workbook(folder / BOOK)
    sheet = book["populations"]
    for row in range(sheet.max_row, 1, -1):
        if not keep(sheet.cell(row, 1).value):
            sheet.delete_rows(row)
    book.save(folder / BOOK)


def faults_of(folder):
    with pytest.raises(SeedTableError) as caught:
        load_seed_tables(folder)
    return str(caught.value).splitlines()


def column_of(name):
    """Letter of a column of the sheet populations."""
    return openpyxl.utils.get_column_letter(list(schema()["populations"]["columns"]).index(name) + 1)


COUNT, TOP, EI = column_of("count_r700um"), column_of("depth_top_um"), column_of("ei")
SHEET = f"{BOOK}, sheet populations"

# Rows of the sheet: 2 i1Htr3a, 3 e23Cux2, 4 i23Vip, 7 e4Nr5a1, 8 e4Rorb.
FAULTS = {
    "formula without value": (
        cell("populations", f"{COUNT}8", "=2*50"),
        [f"{SHEET}, row 8, column count_r700um: found the formula =2*50 without its value", "save it"],
    ),
    "population unknown": (
        cell("populations", "A8", "e4Rorbb"),
        [f"{SHEET}, row 8, column population", "mean e4Rorb?"],
    ),
    "count is text": (cell("populations", f"{COUNT}3", "many"), [f"{SHEET}, row 3, column count_r700um", "'many'"]),
    "count is TRUE": (
        cell("populations", f"{COUNT}3", True),
        ["row 3, column count_r700um", "found True", "whole number"],
    ),
    "count negative": (cell("populations", f"{COUNT}3", -5), ["row 3, column count_r700um", "found -5", "at least 1"]),
    "count broken": (
        cell("populations", f"{COUNT}3", 10.5),
        ["row 3, column count_r700um", "found 10.5", "whole number"],
    ),
    "count empty": (cell("populations", f"{COUNT}3", None), ["row 3, column count_r700um", "found an empty cell"]),
    "density negative": (
        cell("populations", f"{column_of('density_per_mm2')}4", -1),
        [f"{SHEET}, row 4, column density_per_mm2", "found -1", "at least 0"],
    ),
    "layer density text": (
        cell("layers", "F3", "1.2e3 or so"),
        [f"{BOOK}, sheet layers, row 3, column density_per_mm2"],
    ),
    "depth upside down": (cell("populations", f"{TOP}7", 600), ["row 7, column depth_bottom_um", "found 505", "600"]),
    "layer upside down": (
        cell("layers", "B4", 400),
        ["sheet layers, row 4, column depth_bottom_um", "above the depth_top"],
    ),
    "ei no choice": (cell("populations", f"{EI}3", "x"), ["row 3, column ei", "found 'x'", "one of e, i"]),
    "ei not the scheme's": (
        cell("populations", f"{EI}3", "i"),
        ["row 3, column ei", "'e' as in cell_type_naming_scheme"],
    ),
    "location of another layer": (cell("populations", "B3", "VisL4"), ["row 3, column location", "layer 2/3"]),
    "population twice": (
        cell("populations", "A8", "e4Nr5a1"),
        ["row 8, column population", "e4Nr5a1 again", "in row 7"],
    ),
    "column misspelt": (cell("populations", f"{COUNT}1", "count_r700"), ["row 1, column count_r700", "count_r700um"]),
    "column extra": (cell("populations", "T1", "remarks"), [f"{SHEET}, row 1, column remarks", "unknown column"]),
    "value under no name": (cell("populations", "T5", "check"), [f"{SHEET}, row 5", "'check' under no column name"]),
    "column missing": (
        in_book(lambda book: book["populations"].delete_cols(13)),
        [f"{SHEET}, row 1", "no such column", "n_synapses_lognormal_shape"],
    ),
    "column twice": (cell("populations", f"{TOP}1", "depth_bottom_um"), ["row 1, column depth_bottom_um", "twice"]),
    "sheet missing": (rename_sheet("layers", "Layer"), [f"{BOOK}, sheet layers", "populations, Layer", "named layers"]),
    "layer missing": (cell("layers", "A5", "L44"), [f"{BOOK}, sheet layers, column layer", "L4", "did you mean L44?"]),
    "no populations": (lambda folder: keep_rows(folder, lambda _: False), [SHEET, "no rows", "one row at least"]),
    "sheet empty": (
        in_book(lambda book: book["populations"].delete_rows(1, 100)),
        [f"{SHEET}, row 1", "no header"],
    ),
    "not a workbook": (content(BOOK, b"population,ei\n"), [SHEET, "does not open", "Excel workbook"]),
    "half a workbook": (
        lambda folder: (folder / BOOK).write_bytes((folder / BOOK).read_bytes()[:5000]),
        [SHEET, "does not open"],
    ),
    "workbook missing": (lambda folder: (folder / BOOK).unlink(), [SHEET, "no such file"]),
    "file missing": (lambda folder: (folder / "background.csv").unlink(), ["background.csv", "no such file"]),
    "file empty": (content("lgn_models.csv", b""), ["lgn_models.csv", "an empty file", "model_id"]),
    "header only": (content("connection_sigma.csv", b"pre post sigma_um\n"), ["connection_sigma.csv", "no rows"]),
    "commas": (content("connection_sigma.csv", b"pre,post,sigma_um\n"), ["connection_sigma.csv, line 1", "by commas"]),
    "tabs": (content("connection_sigma.csv", b"pre\tpost\tsigma_um\n"), ["connection_sigma.csv, line 1", "by tabs"]),
    "encoding": (
        content("exclude_list.csv", "specimen_id reason\n1 zu groß".encode("latin-1")),
        ["exclude_list.csv", "UTF-8"],
    ),
    "field too many": (
        append("exclude_list.csv", "475585413 bad fit"),
        ["exclude_list.csv, line 2", "3 fields", "quotes"],
    ),
    "text for a number": (
        replace("cell_models.csv", 3, "39.8000432", "39,8"),
        ["cell_models.csv, line 3, column C_m_pF", "'39,8'", "a number, above 0"],
    ),
    "threshold below rest": (
        replace("cell_models.csv", 3, "-38.2519672", "-80"),
        ["cell_models.csv, line 3, column V_th_mV", "found -80", "above the E_L_mV"],
    ),
    "model of an unknown population": (
        replace("cell_models.csv", 3, "i1Htr3a", "i1Htr"),
        ["cell_models.csv, line 3, column population", "did you mean i1Htr3a?"],
    ),
    "specimen twice": (
        replace("cell_models.csv", 3, "482649712", "475585413"),
        ["cell_models.csv, line 3, column specimen_id", "475585413 again", "in line 2"],
    ),
    "population without models": (
        drop("cell_models.csv", " i1Htr3a "),
        [f"{SHEET}, row 2", "i1Htr3a, which has no cell"],
    ),
    "all models excluded": (
        lambda folder: [append("exclude_list.csv", f"{s} NULL")(folder) for s in (475585413, 482649712, 482654108)],
        [f"{SHEET}, row 2, column population", "all of whose 3 cell models are in exclude_list.csv"],
    ),
    "unknown specimen excluded": (
        append("exclude_list.csv", "475585414 typo"),
        ["exclude_list.csv, line 2, column specimen_id", "475585414", "did you mean 475585413?"],
    ),
    "probability above 1": (
        replace("connection_probability.csv", 2, "0.237225", "1.2"),
        ["connection_probability.csv, line 2, column p_max", "'1.2'", "at most 1"],
    ),
    "unknown cell type": (
        replace("connection_probability.csv", 3, "L2/3_Exc", "L23_Exc"),
        ["connection_probability.csv, line 3, column pre", "did you mean L2/3_Exc?"],
    ),
    "pair twice": (
        replace("connection_probability.csv", 3, "L2/3_Exc", "L1_Inh"),
        ["connection_probability.csv, line 3, columns pre, post", "L1_Inh → L1_Inh again"],
    ),
    "pair without probability": (
        drop("connection_probability.csv", "^L4_Exc L4_PV "),
        ["connection_probability.csv, columns pre, post", "no row for L4_Exc → L4_PV"],
    ),
    "pair without sigma": (drop("connection_sigma.csv", "^e i "), ["connection_sigma.csv, columns pre, post", "e → i"]),
    "pair without ratio": (
        drop("orientation_ratio.csv", "^e e "),
        ["orientation_ratio.csv, columns pre, post", "e → e"],
    ),
    "pair without class": (
        drop("psp_class_by_population.csv", "^e4Rorb i4Sst "),
        ["psp_class_by_population.csv, columns pre, post", "e4Rorb → i4Sst"],
    ),
    "class unknown": (
        replace("psp_class_by_population.csv", 2, "vip__to__vip", "vip_to_vip"),
        ["psp_class_by_population.csv, line 2, column connection_class", "did you mean vip__to__vip?"],
    ),
    "class without lognormal": (
        replace("psp_class_by_population.csv", 2, "vip__to__vip", "vip__to__l4_pyr"),
        [
            "psp_class_by_population.csv, line 2, column connection_class",
            "'vip__to__l4_pyr'",
            "psp_statistics.csv, line 8",
        ],
    ),
    "pair without kinetics": (
        drop("synapse_kinetics.csv", "^pv e4 "),
        ["synapse_kinetics.csv, columns pre, post", "pv → e4"],
    ),
    "external without kinetics": (drop("synapse_kinetics.csv", "^exc e4 "), ["synapse_kinetics.csv", "exc → e4"]),
    "latency empty": (
        replace("synapse_kinetics.csv", 3, "1.82", "NULL"),
        ["synapse_kinetics.csv, line 3, column latency_ms", "an empty cell"],
    ),
    "population without LGN": (drop("lgn_to_v1.csv", "^e4Rorb "), ["lgn_to_v1.csv, column population", "e4Rorb"]),
    "population without background": (
        drop("background.csv", "^e4Rorb "),
        ["background.csv, column population", "e4Rorb"],
    ),
    "synapse of another type": (
        replace("background.csv", 2, "exc_to_vip", "exc_to_pv"),
        ["background.csv, line 2, column synapse", "'exc_to_pv'", "'exc_to_vip'"],
    ),
    "model without background weight": (
        drop("background_fitted.csv", "^475585413 "),
        ["background_fitted.csv, column specimen_id", "475585413"],
    ),
    "unitary PSP of no model": (
        append("unitary_psp.csv", "475585414 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1"),
        ["unitary_psp.csv, line 203, column specimen_id", "475585414", "did you mean 475585413?"],
    ),
    "unitary PSP of zero": (
        replace("unitary_psp.csv", 2, "0.056", "0"),
        ["unitary_psp.csv, line 2, column pv", "'0'", "above 0"],
    ),
    "weight factor of no model": (
        append("lgn_weight_exceptions.csv", "1 0.5"),
        ["lgn_weight_exceptions.csv, line 13, column specimen_id", "found 1,"],
    ),
    "class without filter": (
        drop("lgn_temporal_filters.csv", "^tOFF_TF15 "),
        ["lgn_temporal_filters.csv", "tOFF_TF15"],
    ),
    "subfield without filter": (
        lambda folder: [drop(f"lgn_{t}.csv", "^tOFF_TF8 ")(folder) for t in ("models", "temporal_filters")],
        ["lgn_temporal_filters.csv, column model_id", "tOFF_TF8"],
    ),
    "LGN family of one": (
        drop("lgn_models.csv", "^tOFF_TF(4|8) "),
        ["lgn_models.csv, column model_id", "one class of tOFF"],
    ),
    "LGN class of no family": (
        replace("lgn_models.csv", 2, "sON_TF1", "ON_TF1"),
        ["lgn_models.csv, line 2, column model_id", "'ON_TF1'"],
    ),
    "sizes upside down": (replace("lgn_models.csv", 2, "2 9", "9 2"), ["lgn_models.csv, line 2, column max_size_deg"]),
    "colour": (
        replace("cell_type_naming_scheme.csv", 2, "#787878", "grey"),
        ["cell_type_naming_scheme.csv, line 2, column hex", "'grey'"],
    ),
    "E/I within a cell type": (
        replace("cell_type_naming_scheme.csv", 9, " e ", " i "),
        ["cell_type_naming_scheme.csv, line 9, column ei", "L4_Exc"],
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_fault_is_named_and_placed(folder, case):
    edit, parts = FAULTS[case]
    edit(folder)
    faults = faults_of(folder)
    assert any(all(part in fault for part in parts) for fault in faults), "\n".join(faults)
    assert all("found" in fault and "expected" in fault for fault in faults)


def test_faults_are_collected(folder):
    cell("populations", f"{COUNT}3", "many")(folder)
    cell("populations", f"{TOP}7", 600)(folder)
    replace("cell_models.csv", 3, "39.8000432", "x")(folder)
    replace("cell_models.csv", 4, "i1Htr3a", "i1Htr")(folder)
    drop("connection_sigma.csv", "^e i ")(folder)
    content("background.csv", b"")(folder)
    faults = faults_of(folder)
    assert len(faults) == 6
    places = (
        "row 3",
        "row 7",
        "cell_models.csv, line 3",
        "cell_models.csv, line 4",
        "connection_sigma",
        "background.csv",
    )
    for place in places:
        assert sum(place in fault for fault in faults) == 1


@pytest.mark.parametrize(
    "case",
    ["formula without value", "column misspelt", "text for a number", "pair without probability", "not a workbook"],
)
def test_one_mistake_gives_few_lines(folder, case):
    FAULTS[case][0](folder)
    assert len(faults_of(folder)) == (2 if case == "not a workbook" else 1)


def test_spreadsheet_habits_do_no_harm(folder):
    """Numbers stored as text, white space around names, empty rows and columns at the end, a sheet of notes."""

    def change(book):
        sheet = book["populations"]
        sheet["A3"], sheet["A1"], sheet[f"{COUNT}3"] = " e23Cux2 ", "population ", "51400"
        sheet["A60"], sheet["Z1"], sheet["Z60"] = " ", " ", None
        book.create_sheet("notes")["A1"] = "ask about L6"

    in_book(change)(folder)
    path = folder / "connection_sigma.csv"
    path.write_bytes(
        "\ufeffpre post  sigma_um \r\ne e  127.0\r\ni e   96.6\r\ne i 99.84\r\ni i 126.77\r\n\r\n".encode()
    )
    read = load_seed_tables(folder)
    assert read.populations["count_r700um"]["e23Cux2"] == 51400
    assert list(read.connection_sigma["sigma_um"]) == [127.0, 96.6, 99.84, 126.77]


def test_tables_saved_by_pandas_are_read(folder):
    for path in folder.glob("*.csv"):
        pd.read_csv(path, sep=" ").to_csv(path, sep=" ", index=False)
    sheets = pd.read_excel(folder / BOOK, sheet_name=None)
    with pd.ExcelWriter(folder / BOOK) as book:
        for name, sheet in sheets.items():
            sheet.to_excel(book, sheet_name=name, index=False)
    shipped, saved = load_seed_tables(BASE_PROPS), load_seed_tables(folder)
    for name in ("populations", "cell_models", "psp_statistics", "synapse_kinetics"):
        pd.testing.assert_frame_equal(getattr(shipped, name), getattr(saved, name))


def test_layer_4_alone(folder):
    tables = load_seed_tables(BASE_PROPS)
    keep_rows(folder, lambda name: "4" in name)
    small = load_seed_tables(folder)
    assert list(small.populations.index) == [name for name in tables.populations.index if "4" in name]
    assert len(small.populations) == len(small.cell_types) == len(small.lgn_to_v1) == len(small.background) == 7
    assert set(small.cell_models["population"]) == set(small.populations.index)
    assert len(small.connection_probability) == 4 * 4
    assert len(small.psp_class) == 7 * 7
    assert len(small.synapse_kinetics) == 5 * 4
    assert small.background_fitted.index.equals(small.cell_models.index)
    assert set(small.lgn_weight_exceptions.index) <= set(small.cell_models.index)


def test_order_of_the_sheet_is_kept(folder):
    in_book(lambda book: book["populations"].move_range("A2:N2", rows=30))(folder)
    read = load_seed_tables(folder)
    assert read.populations.index[-1] == read.cell_types.index[-1] == read.background.index[-1] == "i1Htr3a"
    assert list(read.cell_models["population"].drop_duplicates()) == list(read.populations.index)
    by_population = read.cell_models.reset_index().groupby("population")["specimen_id"]
    assert by_population.apply(lambda ids: ids.is_monotonic_increasing).all()


def test_excluded_model_is_left_out(folder):
    append("exclude_list.csv", '475585413 "unstable fit"')(folder)
    read = load_seed_tables(folder)
    assert 475585413 not in read.cell_models.index
    assert 475585413 not in read.background_fitted.index
    assert len(read.cell_models) == 200


def test_a_new_population_needs_no_code(folder):
    """A fifth kind of excitatory L4 cell, of the cell type and synaptic type of the others."""

    def copy_lines(file, pattern):
        lines = (folder / file).read_text(encoding="utf-8").splitlines()
        for line in [line for line in lines if re.search(pattern, line)]:
            append(file, re.sub(pattern, lambda found: found[0].replace("e4other", "e4new"), line))(folder)

    in_book(lambda book: book["populations"].append(["e4new", *[c.value for c in book["populations"][10]][1:]]))(folder)
    for file in ("cell_type_naming_scheme.csv", "lgn_to_v1.csv", "background.csv"):
        copy_lines(file, "^e4other ")
    for pattern in ("^e4other ", "(?<= )e4other "):
        copy_lines("psp_class_by_population.csv", pattern)
    line = next(c for c in (folder / "cell_models.csv").read_text().splitlines() if " e4other " in c).split(" ")
    append("cell_models.csv", " ".join(["1", "e4new", *line[2:]]))(folder)
    append("background_fitted.csv", "1 3.5")(folder)
    read = load_seed_tables(folder)
    assert read.populations.index[-1] == "e4new"
    assert list(read.cell_models.index[-1:]) == [1]
