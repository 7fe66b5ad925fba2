"""Modulation files: rules that change connection weights by the types of source and target as a network is loaded.

A file is space separated with the header ``src_property src_substring trg_property trg_substring operation value``. A
rule matches an edge where the named node-type property of its source and of its target contain the substrings; its
operation (``+``, ``-``, ``*``, ``/``) then acts on the connection's weight in pA. Every rule that matches acts, in file
order. A population without the property is one that the rule does not match. A rule that matches no edge is an error.
"""

import csv
import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from v1_files.reading import did_you_mean
from v1_model.seeds.schema import NUMBER

COLUMNS = ("src_property", "src_substring", "trg_property", "trg_substring", "operation", "value")
MOST_VALUES = 8
OPERATIONS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "−": np.subtract}


@dataclass(frozen=True)
class Rule:
    """One line of a modulation file.

    Attributes
    ----------
    line : int
        Line number in the file, from 1.
    src_property, src_substring, trg_property, trg_substring : str
    operation : str
        A key of ``OPERATIONS``.
    value : float
        pA for ``+`` and ``-``, a factor for ``*`` and ``/``.
    """

    line: int
    src_property: str
    src_substring: str
    trg_property: str
    trg_substring: str
    operation: str
    value: float

    def apply(self, weights, matched):
        """Weights with the operation done where ``matched``; the array given is left as it is."""
        changed = OPERATIONS[self.operation](weights, self.value)
        return np.where(matched, changed, weights)


def read_modulation(path):
    """Rules of a modulation file, in file order.

    Parameters
    ----------
    path : path

    Returns
    -------
    list of Rule

    Raises
    ------
    ValueError
        All faults of the file at once, each with its line and column.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, delimiter=" ", skipinitialspace=True)
            lines = [(reader.line_num, [cell for cell in row if cell]) for row in reader]
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path}: not a space-separated text file: {error}") from error
    lines = [(number, row) for number, row in lines if row]
    if not lines or sorted(lines[0][1]) != sorted(COLUMNS):
        found = " ".join(lines[0][1]) if lines else "nothing"
        raise ValueError(f"{path}, line 1: the header must be '{' '.join(COLUMNS)}', found '{found}'")
    header = lines[0][1]
    faults, rules = [], []
    for number, row in lines[1:]:
        rule = _parse_rule(number, header, row, faults)
        rules.append(rule)
    if faults:
        raise ValueError(f"{path}: " + "; ".join(faults))
    return rules


def _parse_rule(number, header, row, faults):
    """A row's rule, or None with its faults added to the list."""
    if len(row) != len(header):
        faults.append(f"line {number}: {len(row)} values for {len(header)} columns")
        return None
    cells = dict(zip(header, row, strict=True))
    before = len(faults)
    if cells["operation"] not in OPERATIONS:
        faults.append(f"line {number}, column operation: '{cells['operation']}' is not one of + - * /")
    value = float(cells["value"]) if NUMBER.fullmatch(cells["value"]) else math.nan
    if not math.isfinite(value):
        faults.append(f"line {number}, column value: '{cells['value']}' is not a finite number")
    elif value == 0.0 and cells["operation"] == "/":
        faults.append(f"line {number}, column value: division by zero")
    return Rule(number, **(cells | {"value": value})) if len(faults) == before else None


def contains(table, name, substring):
    """Whether each node type's property contains a substring.

    Parameters
    ----------
    table : pandas.DataFrame
        Node types.
    name : str
        Property; where the table has no such column, or no value, nothing matches.
    substring : str

    Returns
    -------
    array of bool, one a row of the table
    """
    if name not in table.columns:
        return np.zeros(len(table), dtype=bool)
    values = table[name]
    return np.array([substring in str(value) for value in values], dtype=bool) & values.notna().to_numpy()


class Modulation:
    """Rules bound to the node types of a network.

    Parameters
    ----------
    path : path
        The modulation file, for error messages.
    rules : list of Rule
    node_types : dict of str to pandas.DataFrame
        Node types of each population.
    projections : list of (str, str)
        Source and target population of each edge population.

    Raises
    ------
    ValueError
        When no source (target) population has the property a rule names for its source (target), none of its node
        types contains the substring, or no projection leads from such sources to such targets.
    """

    def __init__(self, path, rules, node_types, projections):
        self.path, self.rules, self.node_types = path, rules, node_types
        self.used = set()
        for rule in rules:
            ends = [(0, rule.src_property, rule.src_substring), (1, rule.trg_property, rule.trg_substring)]
            for side, prop, substring in ends:
                populations = sorted({projection[side] for projection in projections})
                self._check_side(rule, side, prop, substring, populations)
            if not any(rule in [found for found, *_ in self.between(*ends)] for ends in projections):
                self._refuse(rule, "no edges lead from such sources to such targets")

    def _check_side(self, rule, side, prop, substring, populations):
        having = [self.node_types[name] for name in populations if prop in self.node_types[name].columns]
        if not having:
            known = {column for name in populations for column in self.node_types[name].columns}
            place = f"no node type of {', '.join(populations)} has the property '{prop}'"
            self._refuse(rule, place + did_you_mean(prop, known), COLUMNS[2 * side])
        if not any(contains(table, prop, substring).any() for table in having):
            values = sorted({str(value) for table in having for value in table[prop].dropna()})
            hint = _near(substring, values)
            self._refuse(
                rule, f"no {prop} of {', '.join(populations)} contains '{substring}'{hint}", COLUMNS[2 * side + 1]
            )

    def _refuse(self, rule, fault, column=None):
        raise ValueError(f"{self.path}, line {rule.line}{f', column {column}' if column else ''}: {fault}")

    def check_used(self):
        """Raise ValueError for a rule that matched no edge, once all edges were modulated."""
        for rule in self.rules:
            if rule.line not in self.used:
                self._refuse(rule, "no edge of the network matches the rule")

    def between(self, source, target):
        """Rules that can match edges between two populations.

        Parameters
        ----------
        source, target : str
            Names of the populations.

        Returns
        -------
        list of (Rule, array of bool, array of bool)
            The rule, and whether it matches each source and each target node type (rows of the type tables).
        """
        found = []
        for rule in self.rules:
            sources = contains(self.node_types[source], rule.src_property, rule.src_substring)
            targets = contains(self.node_types[target], rule.trg_property, rule.trg_substring)
            if sources.any() and targets.any():
                found.append((rule, sources, targets))
        return found


def _near(substring, values):
    """What of some values resembles a substring, for messages: first in another case, then in spelling.

    >>> _near("PVALB", ["e4Rorb", "i4Pvalb"]), _near("Pvlab", ["e4Rorb", "i4Pvalb"]), _near("x", ["e4Rorb", "i4Pvalb"])
    (", did you mean 'Pvalb'?", ", did you mean 'Pvalb'?", ', found e4Rorb, i4Pvalb')
    """
    for value in values:
        start = value.lower().find(substring.lower())
        if start >= 0:
            return f", did you mean '{value[start : start + len(substring)]}'?"
    # Parts as long as the substring, the likeliest slips being letters that are wrong or in the wrong order.
    parts = [v[i : i + len(substring)] for v in values for i in range(max(1, len(v) - len(substring) + 1))]
    found = ", ".join(itertools.islice(values, MOST_VALUES))
    return did_you_mean(substring, [*values, *parts]) or f", found {found}{', …' if len(values) > MOST_VALUES else ''}"


def modulate(weights, source_types, target_types, matches, used=None):
    """Weights after every rule that matches, in order.

    Parameters
    ----------
    weights : array of float, shape (n,), pA
    source_types, target_types : array of int, shape (n,)
        Row of each edge's source and target in its population's node-type table.
    matches : list of (Rule, array of bool, array of bool)
        As from :meth:`Modulation.between`.
    used : set of int, optional
        Takes the lines of the rules that matched an edge.

    Returns
    -------
    array of float, shape (n,), pA
    """
    for rule, sources, targets in matches:
        matched = sources[source_types] & targets[target_types]
        weights = rule.apply(weights, matched)
        if used is not None and rule.line not in used and matched.any():
            used.add(rule.line)
    return weights
