"""Reading files that others wrote: whatever is wrong with one is a ValueError that names it.

v1_model and analysis_shared do not import each other; each has this module, one as a link to the other's.
"""

import contextlib
import csv
import json
from difflib import get_close_matches
from pathlib import Path

import h5py
import pandas as pd

NUMBERS, WHOLE_NUMBERS = "iuf", "iu"
_FAULTS_SHOWN = 120


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
        except (OSError, KeyError, RuntimeError) as error:
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
    """A dataset with one number a row.

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
        When it is missing, holds something else or has another shape.
    """
    data, where = group.get(name), f"{group.file.filename}: {group.name[1:]}/{name}"
    if not isinstance(data, h5py.Dataset):
        raise ValueError(f"{where} is missing, a dataset with one value a row expected")
    if data.dtype.kind not in kinds or data.ndim != 1:
        wanted = "whole numbers" if kinds == WHOLE_NUMBERS else "numbers"
        raise ValueError(f"{where} holds {data.dtype} of shape {data.shape}, a column of {wanted} expected")
    return data


def read_json(path):
    """Content of a JSON file that holds an object.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        When it is missing or not JSON, holds something else than an object, or NaN or an infinite number.
    """
    check_is_file(path)
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _fault(path, "JSON", error) from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: a JSON object expected, found {type(content).__name__}")
    return content


def _refuse_constant(name):
    raise ValueError(f"{name} is not a number")


def read_table(path, columns=(), numeric=(), finite=(), key=None, whole_lines=True, **options):
    """A table that the workflow wrote: space separated, one line a row.

    Parameters
    ----------
    path : path
    columns : sequence of str
        That must be there, with any content.
    numeric, finite : sequence of str
        That must be there and hold numbers; those of ``numeric`` may hold NaN.
    key : str, optional
        A column without repeated or missing values.
    whole_lines : bool
        Whether the last line, too, must end as one; people's editors may leave it open.
    **options
        Of :func:`pandas.read_csv`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    ValueError
    """
    check_is_file(path, "table")
    if whole_lines:
        _check_last_line(path)
    try:
        table = pd.read_csv(path, **({"sep": " "} | options))
    except (ValueError, OverflowError) as error:
        raise _fault(path, "a space-separated table", error) from error
    if not isinstance(table.index, pd.RangeIndex):
        raise ValueError(f"{path}: rows have more values than the header has columns")
    missing = [name for name in (*columns, *numeric, *finite, *([key] if key else [])) if name not in table]
    if missing:
        raise ValueError(f"{path}: no column {', '.join(missing)}, found {_shortened(table.columns)}")
    for name in (*numeric, *finite):
        _check_numbers(path, table[name], name in finite)
    if key and (table[key].isna().any() or table[key].duplicated().any()):
        repeated = table[key][table[key].duplicated()]
        fault = f"{repeated.iloc[0]} is there twice" if len(repeated) else "a value is missing"
        raise ValueError(f"{path}, column {key}: {fault}")
    return table


def _check_last_line(path):
    with Path(path).open("rb") as file:
        size = file.seek(0, 2)
        if size:
            file.seek(size - 1)
            if file.read(1) not in b"\r\n":
                raise ValueError(f"{path}: the last line does not end, so the file is cut short")


def _check_numbers(path, values, must_be_finite):
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = numbers.isna() & values.notna() | numbers.isin([float("inf"), float("-inf")])
    wrong = wrong | numbers.isna() if must_be_finite else wrong
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        found = str(values.iloc[row])[:40]
        raise ValueError(f"{path}, line {row + 2}, column {values.name}: found {found!r}, a number expected")


def _shortened(names):
    text = ", ".join(map(str, names))
    return text if len(text) <= _FAULTS_SHOWN and text.isprintable() else f"{len(names)} others"
