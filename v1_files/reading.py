"""Reading files that others wrote: whatever is wrong with one is a ValueError that names it.

v1_model and analysis_shared do not import each other; each has this module, one as a link to the other's.
"""

import contextlib
import csv
import io
import json
import math
import re
from difflib import get_close_matches
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

NUMBERS, WHOLE_NUMBERS = "iuf", "iu"
_FAULTS_SHOWN = 120
_LARGEST_COUNT = 2**53


def _fault(path, expected, error):
    """A ValueError about a file that is not what it should be."""
    reason = " ".join(str(error).split())
    reason = reason if reason.isprintable() and len(reason) <= _FAULTS_SHOWN else reason[:_FAULTS_SHOWN] + "…"
    return ValueError(f"{path}: not {expected}: {reason or type(error).__name__}")


def did_you_mean(name, known):
    """The end of a message about an unknown name: the known one that it resembles most, or nothing.

    >>> did_you_mean("tstopp", ["dt", "tstop"]), did_you_mean("colour", ["dt", "tstop"])
    (", did you mean 'tstop'?", '')
    """
    by_case = {known_name.lower(): known_name for known_name in known}
    near = get_close_matches(str(name).lower(), by_case, n=1)
    return f", did you mean {by_case[near[0]]!r}?" if near else ""


def fields_of(line, separator=" ", width=None):
    """Fields of one line of a text table; read on its own, an unclosed quote does not swallow the lines after it.

    Parameters
    ----------
    line : str
    separator : str
        Several spaces count as one, but for two that enclose an empty field where that gives the expected width.
    width : int, optional

    Returns
    -------
    list of str

    Examples
    --------
    >>> fields_of("e  127.0", width=3), fields_of("e i   127.0 ", width=3), fields_of('"a b", c', ",")
    (['e', '', '127.0'], ['e', 'i', '127.0'], ['a b', 'c'])
    """
    exact = next(csv.reader([line], delimiter=separator))
    if len(exact) == width:
        return exact
    return next(csv.reader([line.strip(" ")], delimiter=separator, skipinitialspace=True))


def check_is_file(path, kind="file"):
    """Raise ValueError unless a path leads to a file."""
    if not Path(path).is_file():
        raise ValueError(f"{path}: {'a folder, not a file' if Path(path).is_dir() else f'no such {kind}'}")


@contextlib.contextmanager
def open_hdf5(path, kind="file"):
    """An HDF5 file, open for reading.

    Parameters
    ----------
    path : path
    kind : str
        What it is, for messages.

    Yields
    ------
    h5py.File

    Raises
    ------
    ValueError
        For a file that is missing, not HDF5 or cut short, and for one that proves damaged while it is open.
    """
    check_is_file(path, kind)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise _fault(path, "a whole HDF5 file" if h5py.is_hdf5(path) else "an HDF5 file", error) from error
    with file:
        try:
            yield file
        except (OSError, KeyError, RuntimeError, MemoryError) as error:
            # HDF5 names no file in its errors; one that does is about another file, such as one written meanwhile.
            if getattr(error, "filename", None):
                raise
            raise _fault(path, "readable, damaged perhaps", error) from error


def child_groups(parent, name):
    """Groups inside a group, by name; none where there is no such group."""
    found = parent.get(name)
    members = found.items() if isinstance(found, h5py.Group) else ()
    return {key: member for key, member in members if isinstance(member, h5py.Group)}


def column(group, name, kinds=NUMBERS):
    """A dataset with one number a row, which was written.

    Parameters
    ----------
    group : h5py.Group
    name : str
    kinds : str
        NUMBERS or WHOLE_NUMBERS.

    Returns
    -------
    h5py.Dataset, shape (n,)

    Raises
    ------
    ValueError
        When it is missing, holds something else, has another shape, or was declared and not, or not wholly, written:
        HDF5 would give zeros.
    """
    data, where = group.get(name), f"{group.file.filename}: {group.name[1:]}/{name}"
    if not isinstance(data, h5py.Dataset):
        raise ValueError(f"{where} is missing, a dataset with one value a row expected")
    wanted = "whole numbers" if kinds == WHOLE_NUMBERS else "numbers"
    try:
        dtype = data.dtype
    except TypeError as error:
        raise ValueError(f"{where}: a column of {wanted} expected: {error}") from error
    if dtype.kind not in kinds or data.ndim != 1:
        raise ValueError(f"{where} holds {dtype} of shape {data.shape}, a column of {wanted} expected")
    if not _is_written(data):
        raise ValueError(f"{where} was declared with {data.size:,} values, but not all of them were written")
    return data


def _is_written(data):
    """Whether a dataset has all its values, as far as HDF5 can tell."""
    if not data.size or data.is_virtual or data.external:
        return True
    if data.chunks:
        return data.id.get_num_chunks() == math.prod(-(-n // c) for n, c in zip(data.shape, data.chunks, strict=True))
    return data.id.get_storage_size() > 0


def number_attribute(item, name):
    """A number among the attributes of an HDF5 file, group or dataset.

    Returns
    -------
    float or None
        None where there is no such attribute.

    Raises
    ------
    ValueError
        When it is no number, or not finite.
    """
    if name not in item.attrs:
        return None
    try:
        value = np.asarray(item.attrs[name])
    except (TypeError, OSError) as error:
        raise ValueError(f"{item.file.filename}: attribute {name} is not readable: {error}") from error
    if value.dtype.kind not in NUMBERS or value.ndim or not np.isfinite(value):
        raise ValueError(f"{item.file.filename}: attribute {name}: found {str(value)[:40]}, a number expected")
    return value.item()


def read_json(path):
    """Content of a JSON file that holds an object.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        When it is missing or not JSON, holds something else than an object, a key twice, or NaN or an infinite number.
    """
    check_is_file(path)
    hooks = {"parse_constant": _refuse_constant, "parse_float": _finite_float, "object_pairs_hook": _without_repeats}
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"), **hooks)
    except (ValueError, RecursionError) as error:
        raise _fault(path, "JSON", error) from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: a JSON object expected, found {type(content).__name__}")
    return content


def _refuse_constant(name):
    raise ValueError(f"{name} is not a number")


def _finite_float(text):
    if math.isinf(float(text)):
        raise ValueError(f"{text[:20]} is too large a number")
    return float(text)


def _without_repeats(pairs):
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return content


def read_table(path, columns=(), text=(), numeric=(), finite=(), positive=(), counts=(), key=None, **options):
    """A table of text fields between spaces, one line a row.

    Parameters
    ----------
    path : path
    columns : sequence of str
        That must be there, with any content.
    text : sequence of str
        That must be there and hold something in each row.
    numeric, finite, positive, counts : sequence of str
        That must be there and hold numbers; those of ``numeric`` may hold NaN, those of ``positive`` are 0 or more,
        those of ``counts`` whole, too.
    key : str, optional
        A column without repeated or missing values.
    **options
        ``whole_lines`` (bool), whether the last line, too, must end as one, for people's editors may leave it open; and
        those of :func:`pandas.read_csv`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
        Also for lines with more or fewer fields than the header, for remarks (unless ``comment`` allows them), and for
        infinite numbers in any column.
    """
    content = _table_text(path, options.pop("whole_lines", True))
    options = {"sep": " "} | options
    try:
        numbers = _line_numbers(path, content, options["sep"], options.get("comment"))
    except csv.Error as error:
        raise _fault(path, "a space-separated table", error) from error
    try:
        table = pd.read_csv(io.StringIO(content), index_col=False, **options)
    except (ValueError, OverflowError) as error:
        raise _fault(path, "a space-separated table", error) from error
    whole = (*positive, *counts)
    wanted = (*columns, *text, *numeric, *finite, *whole, *([key] if key else []))
    missing = [name for name in wanted if name not in table]
    if missing:
        raise ValueError(f"{path}: no column {', '.join(missing)}, found {_shortened(table.columns)}")
    place = _Place(path, numbers)
    for name in text:
        values = table[name]
        place.refuse(values, values.isna() | (values.astype(str).str.strip() == ""), "text")
    for name in table.columns:
        if name in numeric or name in finite or name in whole:
            _check_numbers(place, table[name], name not in numeric)
        elif table[name].dtype.kind == "f":
            place.refuse(table[name], np.isinf(table[name]), "a number")
    for name in whole:
        place.refuse(table[name], table[name] < 0, "0 or more")
    for name in counts:
        place.refuse(table[name], (table[name] % 1 != 0) | (table[name] > _LARGEST_COUNT), "a whole number")
    if key and (table[key].isna().any() or table[key].duplicated().any()):
        repeated = table[key][table[key].duplicated()]
        fault = f"{repeated.iloc[0]} is there twice" if len(repeated) else "a value is missing"
        raise ValueError(f"{path}, column {key}: {fault}")
    return table


def _table_text(path, whole_lines):
    """Text of a table, checked to be UTF-8 and to end."""
    check_is_file(path, "table")
    try:
        content = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(path, "a text file", error) from error
    if "\0" in content:
        raise _fault(path, "a text file", "it holds zero bytes")
    if whole_lines and content and content[-1] not in "\r\n":
        raise ValueError(f"{path}: the last line does not end, so the file is cut short")
    return content


def _line_numbers(path, content, separator, comment):
    """Line of each row; every line has as many fields as the header, which has no name twice."""
    lines = re.split(r"\r\n|\r|\n", content)
    lines = [line.split(comment)[0] for line in lines] if comment else lines
    exact = len(separator) == 1
    lines = lines if exact else [line.replace("\t", " ").strip() for line in lines]
    header, numbers = None, []
    reader = csv.reader(lines, delimiter=separator if exact else " ", skipinitialspace=not exact)
    for fields in reader:
        if not any(fields):
            continue
        if fields[0].startswith("#"):
            raise ValueError(f"{path}, line {reader.line_num}: a remark, where a row is expected")
        header = header or fields
        if "" in header:
            raise ValueError(f"{path}, line {reader.line_num}: a column without a name")
        if len(fields) != len(header):
            where = f"{path}, line {reader.line_num}"
            raise ValueError(f"{where}: found {len(fields)} fields, expected {len(header)} as in the header")
        numbers.append(reader.line_num)
    twice = [name for name in header or () if header.count(name) > 1]
    if twice:
        raise ValueError(f"{path}: the column {twice[0]} is there twice")
    return numbers[1:]


class _Place:
    """Where the rows of a table stand, for messages."""

    def __init__(self, path, numbers):
        self.path, self.numbers = path, numbers

    def refuse(self, values, wrong, expected):
        """Raise ValueError for the first value that is wrong."""
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            found = str(values.iloc[row])[:40]
            where = f"{self.path}, line {self.numbers[row]}, column {values.name}"
            raise ValueError(f"{where}: found {found!r}, {expected} expected")


def _check_numbers(place, values, must_be_finite):
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = numbers.isna() & values.notna() | numbers.isin([float("inf"), float("-inf")])
    # A column of nothing but True, False and empty places is read as truth values, which count as 1 and 0.
    wrong = wrong | values.map(lambda value: isinstance(value, bool | np.bool_)).astype(bool)
    place.refuse(values, wrong | numbers.isna() if must_be_finite else wrong, "a number")


def _shortened(names):
    text = ", ".join(map(str, names))
    return text if len(text) <= _FAULTS_SHOWN and text.isprintable() else f"{len(names)} others"
