"""The text of a config file: what YAML drops or reads as something else, which its values no longer show."""

import math
import re
from pathlib import Path

import yaml

MERGE = "tag:yaml.org,2002:merge"
TEXT = "tag:yaml.org,2002:str"
MOST_VALUES = 100_000
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# Octal and sexagesimal numbers and underscores. 0x, 0o and 0b say what they are.
READ_OTHERWISE = re.compile(r"[-+]?(?:0[\d_]+|[\d_]*_[\d_.]*|\d+(?::[\d.]+)+)")


def text_faults(path):
    """Lines about keys that stand twice, keys that YAML does not read as text, and numbers that it reads as others.

    Parameters
    ----------
    path : path-like
        File that YAML can read; of one that it cannot nothing is said, since reading it says so.

    Returns
    -------
    list of str
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return []
    if node and _size(node, {}) > MOST_VALUES:
        return [f"{path}: its aliases come to more than {MOST_VALUES:,} values, or one holds itself; write values out"]
    faults = _faults(node, set()) if node else []
    return [f"{path}, line {line}: {fault}" for line, fault in sorted(set(faults))]


def _size(node, sizes):
    """Number of values in a node and all below it, with aliases written out; infinite where one holds itself."""
    if id(node) not in sizes:
        sizes[id(node)] = math.inf
        parts = [] if isinstance(node, yaml.ScalarNode) else node.value
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in parts for part in pair]
        sizes[id(node)] = 1 + sum(_size(part, sizes) for part in parts)
    return sizes[id(node)]


def _faults(node, seen):
    """Pairs of line and fault in a node and all below it, each node once, however many aliases lead to it."""
    if id(node) in seen:
        return []
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        return _number_faults(node)
    if isinstance(node, yaml.SequenceNode):
        return [fault for part in node.value for fault in _faults(part, seen)]
    faults, keys = [], {}
    for key, value in node.value:
        faults += _key_faults(key, keys) + _faults(value, seen)
    return faults


def _key_faults(key, keys):
    line, name = key.start_mark.line + 1, getattr(key, "value", None)
    if not isinstance(key, yaml.ScalarNode):
        return [(line, "a list or a section stands as a key, expected text")]
    if key.tag == MERGE:
        return []
    if key.tag in NUMBERS:
        return [(line, f"the name {name} is a number; choose one that has other letters than a number")]
    if key.tag != TEXT:
        return [(line, f"YAML reads the name {name} as a truth value, a date or nothing; put it in quotes: {name!r}")]
    if name in keys:
        return [(line, f"{name!r} stands in line {keys[name]} already, and YAML keeps the last one only")]
    keys[name] = line
    return []


def _number_faults(node):
    if node.tag in NUMBERS and READ_OTHERWISE.fullmatch(node.value):
        read = yaml.safe_load(node.value)
        return [
            (node.start_mark.line + 1, f"YAML reads {node.value} as {read}; write {read}, or {node.value!r} as text")
        ]
    return []
