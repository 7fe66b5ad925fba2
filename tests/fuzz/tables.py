"""Mutations of text tables: lines, fields, headers and the way a table is written."""

import re

from fuzz import bytes_
from fuzz.effects import BREAKS, CHANGES, FAULTY_TEXT, KEEPS, LEGAL_TEXT, Mutation


def mutate(rng, path, target):
    """Change a table in place.

    Parameters
    ----------
    rng : numpy.random.Generator
    path : pathlib.Path
    target : fuzz.targets.Target
        Its ``fields`` are the columns that its reader needs, with what they hold.

    Returns
    -------
    Mutation
    """
    if rng.random() < 0.2:
        return _pick(rng, bytes_.ALL)(rng, path)
    text = path.read_bytes().decode("utf-8-sig")
    separator = target.separator
    rows = [line.split(separator) for line in text.splitlines()]
    return _pick(rng, WAYS)(rng, path, rows, separator, target)


def _pick(rng, items):
    return items[int(rng.integers(len(items)))]


def _write(path, rows, separator, end="\n"):
    path.write_bytes("".join(separator.join(row) + end for row in rows).encode())


def _row(rng, rows):
    return int(rng.integers(1, len(rows)))


def _needed(rng, rows, target):
    """A column that the reader needs."""
    columns = [name for name in target.fields if name in rows[0]]
    return _pick(rng, columns) if columns else _pick(rng, rows[0])


def faulty_value(rng, path, rows, separator, target):
    column, number = _needed(rng, rows, target), _row(rng, rows)
    kind = target.fields.get(column)
    values = [v for v in FAULTY_TEXT.get(kind, ["x"]) if separator not in v]
    value = _pick(rng, values)
    # An empty field between two spaces cannot be told from aligned columns.
    written = value if value or separator == "," else '""'
    rows[number][rows[0].index(column)] = written
    _write(path, rows, separator)
    return Mutation(f"line {number + 1}, {column}: {value!r}", BREAKS if kind else CHANGES)


def legal_value(rng, path, rows, separator, target):
    column, number = _needed(rng, rows, target), _row(rng, rows)
    values = LEGAL_TEXT.get(target.fields.get(column)) or ["x"]
    value = _pick(rng, values)
    rows[number][rows[0].index(column)] = value
    _write(path, rows, separator)
    return Mutation(f"line {number + 1}, {column}: {value[:20]!r}", CHANGES)


def other_column(rng, path, rows, separator, target):
    """A value of a column that the reader does not need."""
    others = [name for name in rows[0] if name not in target.fields and name not in target.optional]
    if not others or target.closed:
        return faulty_value(rng, path, rows, separator, target)
    column, number = _pick(rng, others), _row(rng, rows)
    value = _pick(rng, ["x", "nan", "-1", '""'])
    rows[number][rows[0].index(column)] = value
    _write(path, rows, separator)
    return Mutation(f"line {number + 1}, {column}: {value!r}", KEEPS)


def short_line(rng, path, rows, separator, target):
    number = _row(rng, rows)
    kept = int(rng.integers(1, len(rows[number]))) if len(rows[number]) > 1 else 0
    rows[number] = rows[number][:kept] if rng.random() < 0.7 else rows[number][-kept:]
    _write(path, rows, separator)
    return Mutation(f"line {number + 1} has {kept} fields", BREAKS if kept else CHANGES)


def long_line(rng, path, rows, separator, target):
    number = _row(rng, rows)
    rows[number].insert(int(rng.integers(len(rows[number]) + 1)), _pick(rng, ["7", "x", "nan"]))
    _write(path, rows, separator)
    return Mutation(f"line {number + 1} has a field more", BREAKS)


def all_lines_longer(rng, path, rows, separator, target):
    rows[1:] = [["7", *row] for row in rows[1:]]
    _write(path, rows, separator)
    return Mutation("all lines have a field more than the header", BREAKS)


def row_lost(rng, path, rows, separator, target):
    del rows[_row(rng, rows)]
    _write(path, rows, separator)
    return Mutation("a row lost", BREAKS if target.rows == "all" else CHANGES)


def row_twice(rng, path, rows, separator, target):
    row = rows[_row(rng, rows)]
    rows.insert(_row(rng, rows), row)
    _write(path, rows, separator)
    return Mutation("a row twice", BREAKS if target.key else CHANGES)


def header_only(rng, path, rows, separator, target):
    _write(path, rows[:1], separator)
    return Mutation("no rows", BREAKS if target.rows else CHANGES)


def no_header(rng, path, rows, separator, target):
    _write(path, rows[1:], separator)
    return Mutation("no header", BREAKS)


def header_twice(rng, path, rows, separator, target):
    rows.insert(_row(rng, rows), rows[0])
    _write(path, rows, separator)
    return Mutation("the header twice", BREAKS if set(target.fields.values()) - {"text"} else CHANGES)


def cut_line(rng, path, rows, separator, target):
    """The file ends within a line."""
    text = "".join(separator.join(row) + "\n" for row in rows)
    place = int(rng.integers(1, len(text) - 1))
    path.write_bytes(text[:place].encode())
    last = text[:place].rsplit("\n", 1)[-1].split(separator)
    whole = len(last) == len(rows[0]) or last == [""]
    return Mutation(f"ends within a line of {len(last)} fields", CHANGES if whole else BREAKS)


def misspelt_column(rng, path, rows, separator, target):
    column = _needed(rng, rows, target)
    rows[0][rows[0].index(column)] = _pick(rng, [column + "s", column[:-1], column.swapcase(), "x"])
    _write(path, rows, separator)
    return Mutation(f"column {column} misspelt", BREAKS if column in target.fields else CHANGES)


def column_lost(rng, path, rows, separator, target):
    column = _needed(rng, rows, target)
    place = rows[0].index(column)
    _write(path, [row[:place] + row[place + 1 :] for row in rows], separator)
    return Mutation(f"no column {column}", BREAKS if column in target.fields and len(rows[0]) > 1 else CHANGES)


def column_twice(rng, path, rows, separator, target):
    column = _needed(rng, rows, target)
    _write(path, [[*row, row[0] if number else column] for number, row in enumerate(rows)], separator)
    return Mutation(f"column {column} twice", BREAKS if column in target.fields else CHANGES)


def column_added(rng, path, rows, separator, target):
    _write(path, [[*row, "7" if number else "remark"] for number, row in enumerate(rows)], separator)
    return Mutation("column remark added", CHANGES if target.closed else KEEPS)


def columns_in_another_order(rng, path, rows, separator, target):
    order = rng.permutation(len(rows[0]))
    _write(path, [[row[place] for place in order] for row in rows], separator)
    return Mutation("columns in another order", CHANGES if target.closed else KEEPS)


def rows_in_another_order(rng, path, rows, separator, target):
    _write(path, [rows[0], *(rows[1 + place] for place in rng.permutation(len(rows) - 1))], separator)
    return Mutation("rows in another order", CHANGES)


def written_otherwise(rng, path, rows, separator, target):
    """The same table as another program or person would write it."""
    style = _pick(
        rng,
        [
            "crlf",
            "bom",
            "quoted",
            "quoted header",
            "trailing",
            "blank lines",
            "remark",
            "tabs",
            "aligned",
            "commas",
            "no end",
            "utf-16",
            "cr",
        ],
    )
    if style == "quoted":
        rows = [[f'"{cell}"' for cell in row] for row in rows]
    if style == "quoted header":
        rows[0] = [f'"{cell}"' for cell in rows[0]]
    if style == "trailing":
        rows = [[*row, ""] for row in rows]
    if style == "blank lines":
        rows.insert(_row(rng, rows), [""])
    if style == "remark":
        rows.insert(int(rng.integers(len(rows) + 1)), ["#", "a", "remark"])
    separators = {"tabs": "\t", "aligned": "  ", "commas": ","}
    ends = {"crlf": "\r\n", "cr": "\r"}
    _write(path, rows, separators.get(style, separator), ends.get(style, "\n"))
    content = path.read_bytes()
    changed = {"bom": b"\xef\xbb\xbf" + content, "no end": content.rstrip(b"\n")}
    changed["utf-16"] = content.decode().encode("utf-16")
    path.write_bytes(changed.get(style, content))
    return Mutation(f"written with {style}", KEEPS)


def odd_character(rng, path, rows, separator, target):
    text = path.read_text(encoding="utf-8-sig")
    places = [found.start() for found in re.finditer(re.escape(separator), text)]
    place, odd = _pick(rng, places), _pick(rng, ['"', "\0", "#", "'", "\\", "\u00a0", "\x0c", "\x85", "\u2028", "\r"])
    path.write_text(text[:place] + odd + text[place:], encoding="utf-8", newline="")
    return Mutation(f"{odd!r} before a separator", CHANGES)


WAYS = (
    *(faulty_value, faulty_value, faulty_value, faulty_value, legal_value, legal_value, other_column),
    *(short_line, short_line, long_line, all_lines_longer, row_lost, row_twice, header_only, no_header, header_twice),
    *(cut_line, misspelt_column, column_lost, column_twice, column_added, columns_in_another_order),
    *(rows_in_another_order, written_otherwise, written_otherwise, written_otherwise, odd_character),
)
