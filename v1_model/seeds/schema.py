"""What the seed tables should look like: their declaration, and the check of one cell against it."""

import re
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import yaml

# A link to workflow/schemas/, of which an installed copy has the content.
SCHEMA_FILE = Path(__file__).with_name("seed_tables.yaml")
EMPTY = "NULL"
_MISSING = {EMPTY, "", "NaN", "nan", "NA"}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@cache
def schema():
    """Declaration of the seed tables: table name to file, key and columns, with ``p0..p100`` spelt out.

    Returns
    -------
    dict
        The same object at every call; do not change it.
    """
    tables = yaml.safe_load(SCHEMA_FILE.read_text(encoding="utf-8"))
    for table in tables.values():
        table["columns"] = {name: rule for key, rule in table["columns"].items() for name in expand(key)}
    return tables


def expand(column):
    """Names that a column key of the schema stands for.

    >>> expand("p0..p3")
    ['p0', 'p1', 'p2', 'p3']
    >>> expand("ei")
    ['ei']
    """
    found = re.fullmatch(r"(\w*?)(\d+)\.\.\1(\d+)", column)
    if not found:
        return [column]
    return [f"{found[1]}{i}" for i in range(int(found[2]), int(found[3]) + 1)]


def suggestion(name, known):
    """Hint at the nearest known name, or nothing.

    >>> suggestion("e4Rorbb", ["e4Rorb", "i6Sst"])
    ', did you mean e4Rorb?'
    """
    cutoff = 0.85 if str(name).isdigit() else 0.6  # numbers of equal length are alike by chance
    near = get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=cutoff)
    return f", did you mean {near[0]}?" if near else ""


def check_cell(cell, rule):
    """Value of a cell, and what its column's rule expects where it is in fault.

    Parameters
    ----------
    cell : object
        From a text file or a spreadsheet.
    rule : dict
        Column of the schema.

    Returns
    -------
    value : str, int, float or None
        None for an empty or faulty cell.
    expected : str
        Empty where the cell is sound.

    Examples
    --------
    >>> check_cell("0.25", {"type": "number", "maximum": 1})
    (0.25, '')
    >>> check_cell("1.25", {"type": "number", "maximum": 1})
    (None, 'a number, at most 1')
    """
    cell = cell.strip() if isinstance(cell, str) else cell
    if is_blank(cell) or cell in _MISSING:
        return None, "" if not rule.get("required", True) else expectation(rule)
    if rule["type"] == "text":
        value = _text(cell)
        sound = value and value in rule.get("enum", [value]) and re.search(rule.get("pattern", ""), value)
    else:
        value = _number(cell)
        sound = value is not None and _within(value, rule) and (rule["type"] == "number" or value.is_integer())
        value = int(value) if sound and rule["type"] == "integer" else value
    return (value, "") if sound else (None, expectation(rule))


def is_blank(cell):
    """Whether a cell is empty or has nothing but white space."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _text(cell):
    """Text in a cell, or None; spreadsheets turn a name such as 4 into a number, TRUE and dates are no names."""
    if isinstance(cell, str):
        return cell
    number = _number(cell)
    return None if number is None else str(int(number) if number.is_integer() else number)


def _number(cell):
    """Number in a cell, or None; neither TRUE nor a date nor 1_000 is one."""
    if isinstance(cell, str):
        return float(cell) if NUMBER.fullmatch(cell) else None
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return None
    return float(cell)


def _within(value, rule):
    return (
        abs(value) < float("inf")
        and value >= rule.get("minimum", value)
        and value <= rule.get("maximum", value)
        and ("exclusiveMinimum" not in rule or value > rule["exclusiveMinimum"])
    )


def expectation(rule):
    """Words for what a column's rule expects.

    >>> expectation({"type": "integer", "minimum": 1})
    'a whole number, at least 1'
    """
    if "enum" in rule:
        return f"one of {', '.join(rule['enum'])}"
    parts = [{"text": "text", "integer": "a whole number", "number": "a number"}[rule["type"]]]
    if "pattern" in rule:
        return f"text of the form {rule['pattern']} ({rule['description']})"
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most"}
    return ", ".join(parts + [f"{word} {rule[key]}" for key, word in words.items() if key in rule])
