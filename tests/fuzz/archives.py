"""Mutations of zip archives: npz and Excel workbooks, by their bytes, members and content."""

import zipfile

import numpy as np
import openpyxl

from fuzz import bytes_
from fuzz.effects import BREAKS, CHANGES, FAULTY_TEXT, KEEPS, Mutation


def mutate_npz(rng, path, target):
    """Change an npz archive in place; ``target.fields`` has the arrays that are needed and what they hold."""
    if rng.random() < 0.25:
        return _pick(rng, bytes_.ALL)(rng, path)
    if rng.random() < 0.25:
        return member_damaged(rng, path)
    with np.load(path) as archive:
        arrays = dict(archive)
    name = _pick(rng, list(target.fields))
    mutation = _pick(rng, ARRAYS)(rng, arrays, name, target.fields[name])
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return mutation


def _pick(rng, items):
    return items[int(rng.integers(len(items)))]


def member_damaged(rng, path):
    """A member with other bytes, in an archive that is sound; or compressed data damaged."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = _pick(rng, list(members))
    change = _pick(rng, ["cut", "flipped", "lost", "empty", "twice", "header", "encrypted", "compression"])
    content = members[name]
    if change == "cut":
        content = content[: int(rng.integers(len(content)))]
    if change in ("flipped", "header"):
        flipped = bytearray(content)
        for place in rng.integers(0, min(len(content), 200 if change == "header" else 10**9), 3):
            flipped[place] = int(rng.integers(256))
        content = bytes(flipped)
    members[name] = b"" if change == "empty" else content
    if change == "lost":
        del members[name]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        if change == "twice":
            archive.writestr(name, content)
    if change in ("encrypted", "compression"):
        data = bytearray(path.read_bytes())
        # In the local header and in the directory: flag bits, then the method of compression.
        for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            start = data.index(signature)
            data[start + place + (2 if change == "compression" else 0)] = 1 if change == "encrypted" else 99
        path.write_bytes(data)
    return Mutation(f"member {name} {change}", CHANGES)


def array_lost(rng, arrays, name, kind):
    del arrays[name]
    return Mutation(f"no array {name}", BREAKS)


def array_of_another_type(rng, arrays, name, kind):
    shape = arrays[name].shape
    new = _pick(
        rng,
        [
            np.full(shape, "x"),
            np.full(shape, 1j),
            np.full(shape, None),
            np.full(shape, True),
            np.zeros(shape, "V3"),
            np.full(shape, np.datetime64("2024-01-01")),
        ],
    )
    arrays[name] = new
    return Mutation(f"{name} is of type {new.dtype}", BREAKS)


def array_of_another_shape(rng, arrays, name, kind):
    values = arrays[name]
    ways = {
        "one more": lambda v: v[None],
        "flat": np.ravel,
        "none": lambda v: v.ravel()[:0],
        "first": lambda v: v.ravel()[0],
    }
    way = _pick(rng, list(ways))
    arrays[name] = ways[way](values)
    return Mutation(f"{name}: shape {way}", CHANGES if arrays[name].shape == values.shape else BREAKS)


def array_cut(rng, arrays, name, kind):
    values = arrays[name]
    if values.ndim:
        axis = int(rng.integers(values.ndim))
        arrays[name] = np.delete(values, 0, axis)
    return Mutation(f"{name} is shorter", CHANGES)


def array_with_one_value(rng, arrays, name, kind):
    new = _pick(rng, [np.nan, np.inf, -1.0, 1e300, 0.5, 0.0])
    values = arrays[name].astype(float)
    values.ravel()[int(rng.integers(values.size))] = new
    arrays[name] = values
    faulty = not np.isfinite(new) or new < 0 or (kind == "count" and new == 0.5)
    return Mutation(f"{name} has {new}", BREAKS if faulty else CHANGES)


def array_reversed(rng, arrays, name, kind):
    values = arrays[name]
    arrays[name] = values[::-1] if values.ndim else values
    faulty = kind == "ascending" and values.size > 1
    return Mutation(f"{name} is reversed", BREAKS if faulty else CHANGES)


def array_repeats(rng, arrays, name, kind):
    values = arrays[name].copy()
    if values.ndim and len(values) > 1:
        values[1] = values[0]
    arrays[name] = values
    return Mutation(f"{name} repeats a value", BREAKS if kind == "ascending" and values.size > 1 else CHANGES)


def array_width(rng, arrays, name, kind):
    new = _pick(rng, ["i2", ">i4", "u4", "f4", ">f8", "f8"])
    cast = arrays[name].astype(new)
    mutation = Mutation(f"{name} is {new}", KEEPS if np.array_equal(cast, arrays[name]) else CHANGES)
    arrays[name] = cast
    return mutation


def array_added(rng, arrays, name, kind):
    arrays["remark"] = np.arange(3)
    return Mutation("array remark added", KEEPS)


ARRAYS = (
    array_lost,
    array_of_another_type,
    array_of_another_type,
    array_of_another_shape,
    array_cut,
    array_with_one_value,
    array_with_one_value,
)
ARRAYS += (array_with_one_value, array_reversed, array_repeats, array_width, array_added)


def mutate_workbook(rng, path, target):
    """Change a workbook in place; ``target.fields`` has the columns that are needed, as sheet/column."""
    if rng.random() < 0.25:
        return _pick(rng, bytes_.ALL)(rng, path)
    if rng.random() < 0.25:
        return member_damaged(rng, path)
    book = openpyxl.load_workbook(path)
    mutation = _pick(rng, SHEETS)(rng, book, _pick(rng, book.sheetnames), target)
    book.save(path)
    return mutation


def _is_needed(title, target):
    return any(field.startswith(f"{title}/") for field in target.fields)


def _column(rng, sheet, title, target):
    names = [cell.value for cell in sheet[1]]
    needed = [field.split("/")[1] for field in target.fields if field.split("/")[0] == title]
    name = _pick(rng, [found for found in names if found in needed] or names)
    return name, names.index(name) + 1, target.fields.get(f"{title}/{name}")


def sheet_cell(rng, book, title, target):
    sheet = book[title]
    name, column, kind = _column(rng, sheet, title, target)
    row = int(rng.integers(2, sheet.max_row + 1))
    faulty = (
        [*(v for v in FAULTY_TEXT.get(kind, ["x"])), None, True, "#N/A", "#DIV/0!", "=1/0"]
        if kind != "text"
        else [None]
    )
    value = _pick(rng, faulty)
    sheet.cell(row, column).value = value
    return Mutation(f"{title}, row {row}, {name}: {value!r}", BREAKS if kind else CHANGES)


def sheet_cell_legal(rng, book, title, target):
    sheet = book[title]
    name, column, _ = _column(rng, sheet, title, target)
    row = int(rng.integers(2, sheet.max_row + 1))
    value = _pick(rng, [0, 1, 2.5, 1e300, "x", "1", " 12 ", "2024-01-01"])
    sheet.cell(row, column).value = value
    return Mutation(f"{title}, row {row}, {name}: {value!r}", CHANGES)


def sheet_formula(rng, book, title, target):
    """A formula, whose value this library does not store."""
    sheet = book[title]
    name, column, kind = _column(rng, sheet, title, target)
    row = int(rng.integers(2, sheet.max_row + 1))
    sheet.cell(row, column).value = f"=A{row}"
    return Mutation(f"{title}, row {row}, {name}: a formula", BREAKS if kind else CHANGES)


def sheet_renamed(rng, book, title, target):
    book[title].title = title + "s"
    return Mutation(f"sheet {title} renamed", BREAKS if _is_needed(title, target) else CHANGES)


def sheet_lost(rng, book, title, target):
    if len(book.sheetnames) > 1:
        del book[title]
        return Mutation(f"sheet {title} lost", BREAKS if _is_needed(title, target) else CHANGES)
    return sheet_renamed(rng, book, title, target)


def sheet_column_lost(rng, book, title, target):
    sheet = book[title]
    name, column, kind = _column(rng, sheet, title, target)
    sheet.delete_cols(column)
    return Mutation(f"{title}: no column {name}", BREAKS if kind else CHANGES)


def sheet_header(rng, book, title, target):
    sheet = book[title]
    name, column, kind = _column(rng, sheet, title, target)
    new = _pick(rng, [f"{name}s", None, 7, sheet.cell(1, 1).value if column > 1 else "x", "x"])
    sheet.cell(1, column).value = new
    return Mutation(f"{title}: column {name} is named {new}", BREAKS if kind else CHANGES)


def sheet_row(rng, book, title, target):
    sheet = book[title]
    row, way = int(rng.integers(2, sheet.max_row + 1)), _pick(rng, ["lost", "blank", "twice"])
    values = [cell.value for cell in sheet[row]]
    if way == "lost":
        sheet.delete_rows(row)
    if way == "blank":
        sheet.insert_rows(row)
    if way == "twice":
        sheet.append(values)
    needed = _is_needed(title, target)
    return Mutation(
        f"{title}, row {row}: {way}", {"blank": KEEPS, "twice": BREAKS if needed else CHANGES}.get(way, CHANGES)
    )


def sheet_beside(rng, book, title, target):
    """A remark beside or below the table."""
    sheet = book[title]
    place = _pick(rng, [(2, sheet.max_column + 2), (sheet.max_row + 2, 1), (1, sheet.max_column + 1)])
    sheet.cell(*place).value = "a remark"
    return Mutation(f"{title}: a remark at {place}", KEEPS)


def sheet_merged(rng, book, title, target):
    sheet = book[title]
    row = int(rng.integers(2, sheet.max_row))
    sheet.merge_cells(start_row=row, start_column=1, end_row=row + 1, end_column=1)
    effect = BREAKS if _is_needed(title, target) else CHANGES
    return Mutation(f"{title}: rows {row} and {row + 1} of column A merged", effect)


def sheet_added(rng, book, title, target):
    book.create_sheet("remarks")["A1"] = "mine"
    return Mutation("a sheet added", KEEPS)


SHEETS = (
    sheet_cell,
    sheet_cell,
    sheet_cell,
    sheet_cell_legal,
    sheet_cell_legal,
    sheet_formula,
    sheet_renamed,
    sheet_lost,
    sheet_column_lost,
)
SHEETS += (sheet_header, sheet_row, sheet_row, sheet_beside, sheet_merged, sheet_added)
