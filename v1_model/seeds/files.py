"""Reads the files of the seed tables and checks each cell against ``workflow/schemas/seed_tables.yaml``.

A reader never stops at the first fault: it notes every one and goes on with what it could understand.
"""

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from difflib import get_close_matches
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from v1_files.reading import fields_of
from v1_model.seeds.schema import EMPTY, check_cell, is_blank, schema

_SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons"}
# What the library raises for damaged archives and damaged XML.
_NOT_A_WORKBOOK = (
    *(InvalidFileException, zipfile.BadZipFile, zlib.error, ParseError, EOFError, OSError, NotImplementedError),
    *(RuntimeError, ValueError, LookupError, TypeError, AttributeError, OverflowError, MemoryError),
)


@dataclass(frozen=True)
class Formula:
    """A cell with a formula whose value the file lacks, which is noted as a fault."""

    text: str


@dataclass
class Row:
    """A row of a table: its number in the sheet or file, and its values by column (None: empty or faulty)."""

    number: int
    cells: dict

    def __getitem__(self, column):
        return self.cells.get(column)


@dataclass
class Table:
    """A table as read.

    ``rows`` is None where the table could not be read at all. ``faulty`` has the (row number, column) of the cells
    in fault, so that a rule over several tables does not report them again; ``absent`` has the columns it lacks.
    """

    name: str
    rows: list | None = None
    faults: list = field(default_factory=list)
    faulty: set = field(default_factory=set)
    absent: set = field(default_factory=set)

    @property
    def rule(self):
        return schema()[self.name]

    @property
    def unit(self):
        """What its rows are called where a person opens it."""
        return "row" if "sheet" in self.rule else "line"

    def fault(self, found, expected, row=None, column=None):
        """Note a fault; ``row`` is the number in the sheet or file, ``column`` the name."""
        where = [self.rule["file"]]
        where += [f"sheet {self.rule['sheet']}"] if "sheet" in self.rule else []
        where += [f"{self.unit} {row}"] if row else []
        where += [f"column{'s' if ', ' in column else ''} {column}"] if column else []
        self.faults.append(f"{', '.join(where)}: found {found}, expected {expected}")
        self.faulty.add((row, column))

    def knows(self, *columns):
        """Whether the table was read and has these columns."""
        return self.rows is not None and not self.absent.intersection(columns)

    def column(self, column):
        """Values of a column that are there and sound, in row order."""
        return [row[column] for row in self.rows or [] if row[column] is not None]


def read_table(name, folder, workbooks):
    """Read one table and check its columns and cells.

    Parameters
    ----------
    name : str
        Key of :func:`schema`.
    folder : pathlib.Path
    workbooks : dict
        Opened workbooks by file name; filled as needed.

    Returns
    -------
    Table
    """
    table = Table(name)
    path = folder / table.rule["file"]
    if not path.is_file():
        table.fault("no such file", f"a file of that name in {folder}")
        return table
    lines = _sheet_lines(table, path, workbooks) if "sheet" in table.rule else _text_lines(table, path)
    if not lines:
        return table
    header, *body = lines
    columns = _columns(table, header)
    table.rows = [_row(table, number, cells, columns) for number, cells in body]
    if not table.rows and not table.rule.get("may_be_empty"):
        table.fault("no rows", "one row at least")
    _check_key(table)
    return table


def _text_lines(table, path):
    """Numbered lines of a space-separated file as lists of text."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        table.fault(f"a byte that is no UTF-8 text ({error.reason}, byte {error.start})", "a text file saved as UTF-8")
        return []
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        table.fault("an empty file", f"the columns {' '.join(table.rule['columns'])}")
        return []
    for separator, name in _SEPARATORS.items():
        if separator in lines[0][1]:
            table.fault(f"columns separated by {name}", "columns separated by spaces", row=lines[0][0])
            return []
    header = fields_of(lines[0][1])
    return _same_length(table, [(number, fields_of(line, width=len(header))) for number, line in lines])


def _same_length(table, lines):
    """Lines with as many fields as the header; the others are faults."""
    width = len(lines[0][1])
    for number, cells in lines:
        if len(cells) != width:
            hint = f"{width} as in the header ({EMPTY} for an empty field, double quotes around text with spaces)"
            table.fault(f"{len(cells)} fields", hint, row=number)
    return [(number, cells) for number, cells in lines if len(cells) == width]


def _sheet_lines(table, path, workbooks):
    """Numbered rows of a sheet as lists of cell values, without empty rows."""
    if path.name not in workbooks:
        workbooks[path.name] = _open_workbook(path)
    book, sheet = workbooks[path.name], table.rule["sheet"]
    if isinstance(book, Exception):
        table.fault(f"a file that does not open ({book})", "an Excel workbook (.xlsx)")
        return []
    if sheet not in book.sheetnames:
        table.fault(f"the sheets {', '.join(book.sheetnames)}", f"a sheet named {sheet}")
        return []
    rows = enumerate(book[sheet].iter_rows(values_only=True), start=1)
    lines = [(number, list(cells)) for number, cells in rows]
    _note_formulas(table, path, workbooks, lines)
    lines = [(number, cells) for number, cells in lines if any(not is_blank(c) for c in cells)]
    if not lines or lines[0][0] != 1:
        table.fault("no header", f"the columns {' '.join(table.rule['columns'])} in the first row", row=1)
        return []
    return lines


def _note_formulas(table, path, workbooks, lines):
    """Formulas whose value the file lacks are faults, and take the place of the empty cells that are read for them."""
    key = (path.name, "formulas")
    if key not in workbooks:
        workbooks[key] = _open_workbook(path, values=False) if _has_formulas(path) else None
    if workbooks[key] is None:
        return
    sheet, names = workbooks[key][table.rule["sheet"]], lines[0][1]
    for number, cells in lines:
        for place, cell in enumerate(cells):
            formula = sheet.cell(number, place + 1)
            if is_blank(cell) and formula.data_type == "f":
                cells[place] = Formula(str(getattr(formula.value, "text", formula.value)))
                column = None if is_blank(names[place]) else str(names[place]).strip()
                found = f"the formula {cells[place].text[:40]} without its value"
                table.fault(found, "a value (open the file in a spreadsheet program and save it)", number, column)


def _has_formulas(path):
    """Whether a sheet of a workbook has one; most have none, and opening a workbook takes long."""
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(re.search(rb"<f[ >/]", archive.read(name)) for name in sheets)


def _open_workbook(path, values=True):
    """The workbook with its formulas, or their values, or the error that opening it met."""
    try:
        return openpyxl.load_workbook(path, data_only=values)
    except _NOT_A_WORKBOOK as error:
        return error


def _columns(table, header):
    """Position of each known column; unknown, repeated and missing ones are faults."""
    number, cells = header
    known, places = table.rule["columns"], {}
    names = [None if is_blank(cell) else str(cell).strip() for cell in cells]
    table.absent = set(known) - set(names)
    missing = set(table.absent)
    for place, name in enumerate(names):
        if name in places:
            table.fault(f"the column {name} twice", "it once", row=number, column=name)
        elif name in known:
            places[name] = place
        elif name is not None:
            near = get_close_matches(name, sorted(missing), n=1, cutoff=0.6)
            missing.difference_update(near)
            expected = f"{near[0]}, which is missing" if near else f"only the columns {' '.join(known)}"
            table.fault(f"the unknown column {name}", expected, row=number, column=name)
    for name in (column for column in known if column in missing):
        table.fault("no such column", f"the column {name}", row=number, column=name)
    return {None: [place for place, name in enumerate(names) if name is None], **places}


def _row(table, number, cells, places):
    """Checked values of one row."""
    values = {}
    for place in places[None]:
        if not is_blank(cells[place]):
            table.fault(f"{cells[place]!r} under no column name", "a name in the header, or nothing", row=number)
    for column, place in places.items():
        if column is None:
            continue
        if isinstance(cells[place], Formula):
            values[column] = None
            continue
        rule = table.rule["columns"][column]
        value, expected = check_cell(cells[place], rule)
        values[column] = value
        if expected:
            found = "an empty cell" if is_blank(cells[place]) else repr(cells[place])
            table.fault(found, expected, row=number, column=column)
    return Row(number, values)


def _check_key(table):
    """Values of the key columns occur once."""
    key, first = table.rule["key"], {}
    for row in table.rows:
        values = tuple(row[column] for column in key)
        if None in values:
            continue
        if values in first:
            found = f"{' → '.join(map(str, values))} again"
            table.fault(found, f"it once (also in {table.unit} {first[values]})", row=row.number, column=", ".join(key))
        first.setdefault(values, row.number)
