"""What a mutation does to a file, and the values that break each kind of field."""

from typing import NamedTuple

KEEPS, CHANGES, BREAKS = "keeps", "changes", "breaks"
"""The same meaning in other words; perhaps another legal value; nothing that a reader may take."""


class Mutation(NamedTuple):
    """One change of a file."""

    words: str
    effect: str


# What a field may hold, in the words of the targets: what is no such thing, as text and as a JSON value.
NOT_A_NUMBER = [
    "word",
    "",
    "NULL",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "-1e400",
    "1_000",
    "0x1F",
    "1,5",
    "True",
    "1;5",
    "--1",
]
FAULTY_TEXT = {
    "finite": NOT_A_NUMBER,
    "number": [value for value in NOT_A_NUMBER if value not in ("nan", "", "NULL")],
    "positive": [*NOT_A_NUMBER, "-1", "-1e-3"],
    "fraction": [*[value for value in NOT_A_NUMBER if value not in ("nan", "", "NULL")], "-0.1", "1.5", "1e9"],
    "count": [*NOT_A_NUMBER, "-1", "1.5", "1e30"],
    "id": [*NOT_A_NUMBER, "-1", "1.5", "1e30", "99999999999999999999"],
    "name": ["", "nobody", "nan", "#", "e23Cux2x"],
    "text": [""],
    "flag": ["", "nan", "maybe", "2", "Ture"],
}
LEGAL_TEXT = {
    "finite": ["0", "1", "-1", "1e-300", "1e300", "+5", "2.5"],
    "number": ["0", "1", "-1", "1e-300", "2.5", "nan"],
    "positive": ["1", "1e-300", "1e12", "2.5"],
    "fraction": ["0", "1", "0.5", "1e-300"],
    "count": ["1", "2", "1000"],
    "id": ["0", "1", "7"],
    "name": [],
    "text": ["word", "ß", "1", "x" * 5000],
    "flag": ["True", "False"],
}
_NO_NUMBER = ["word", "", None, [], {}, True, [1], "1", float("nan"), float("inf"), "1e400"]
FAULTY_JSON = {
    "finite": _NO_NUMBER,
    "number": _NO_NUMBER,
    "positive": [*_NO_NUMBER, -1, -0.5],
    "count": [*_NO_NUMBER, -1, 1.5, 1e30],
    "whole": [*_NO_NUMBER, 1.5],
    "text": [None, [], {}, 1, 1.5, True, ["x"]],
    "name": [None, [], {}, 1, True, "../x", "", " "],
    "list": [None, {}, 1, "x", True],
    "section": [None, [], 1, "x", True, [1]],
    "flag": [None, [], {}, 2, "x"],
}
ANY_JSON = [
    None,
    True,
    False,
    0,
    -1,
    1,
    2.5,
    1e300,
    -1e300,
    10**30,
    "",
    "x",
    "nan",
    "../x",
    "x" * 5000,
    [],
    {},
    [[]],
    [{}],
    {"x": {}},
]
