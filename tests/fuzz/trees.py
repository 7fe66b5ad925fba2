"""Mutations of JSON and YAML files: values, keys, and the way they are written."""

import copy
import json
import math

import yaml

from fuzz import bytes_
from fuzz.effects import ANY_JSON, BREAKS, CHANGES, FAULTY_JSON, KEEPS, Mutation


def mutate_json(rng, path, target):
    """Change a JSON file in place; ``target.fields`` has what stands where, ``*`` for any key or place."""
    if rng.random() < 0.2:
        return _pick(rng, bytes_.ALL)(rng, path)
    text = path.read_text(encoding="utf-8")
    if rng.random() < 0.2:
        return _pick(rng, JSON_TEXT)(rng, path, text)
    content, mutation = changed(rng, json.loads(text), target.fields)
    path.write_text(json.dumps(content))
    return mutation


def mutate_yaml(rng, path, target):
    """Change a YAML file in place."""
    if rng.random() < 0.15:
        return _pick(rng, bytes_.ALL)(rng, path)
    text = path.read_text(encoding="utf-8")
    if rng.random() < 0.25:
        return _pick(rng, YAML_TEXT)(rng, path, text)
    content, mutation = changed(rng, yaml.safe_load(text), target.fields)
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return mutation


def _pick(rng, items):
    return items[int(rng.integers(len(items)))]


def changed(rng, content, fields):
    """A changed copy of a tree, and what was changed."""
    content = copy.deepcopy(content)
    nodes = list(_nodes(content))
    known = [node for node in nodes if _kind(node, fields)]
    keys = _pick(rng, known if known and rng.random() < 0.7 else nodes)
    return content, _pick(rng, TREES)(rng, content, keys, _kind(keys, fields))


def _nodes(part, keys=()):
    """Paths of all values."""
    if keys:
        yield keys
    if isinstance(part, dict | list):
        for key, value in part.items() if isinstance(part, dict) else enumerate(part):
            yield from _nodes(value, (*keys, key))


def _kind(keys, fields):
    for pattern, kind in fields.items():
        wanted = pattern.split(".")
        if len(wanted) == len(keys) and all(w in ("*", str(k)) for w, k in zip(wanted, keys, strict=True)):
            return kind
    return None


def _parent(content, keys):
    for key in keys[:-1]:
        content = content[key]
    return content


def _where(keys):
    return ".".join(map(str, keys))


def faulty_value(rng, content, keys, kind):
    values = FAULTY_JSON.get((kind or "").rstrip("?")) or ANY_JSON
    value = copy.deepcopy(_pick(rng, values))
    _parent(content, keys)[keys[-1]] = value
    return Mutation(f"{_where(keys)} is {str(value)[:30]!r}", BREAKS if kind else CHANGES)


def any_value(rng, content, keys, kind):
    value = copy.deepcopy(_pick(rng, ANY_JSON))
    _parent(content, keys)[keys[-1]] = value
    return Mutation(f"{_where(keys)} is {str(value)[:30]!r}", CHANGES)


def removed(rng, content, keys, kind):
    parent = _parent(content, keys)
    breaks = kind and not kind.endswith("?") and isinstance(parent, dict)
    del parent[keys[-1]]
    return Mutation(f"{_where(keys)} removed", BREAKS if breaks else CHANGES)


def renamed(rng, content, keys, kind):
    parent = _parent(content, keys)
    if not isinstance(parent, dict):
        return removed(rng, content, keys, kind)
    parent[f"{keys[-1]}s"] = parent.pop(keys[-1])
    return Mutation(f"{_where(keys)} renamed", BREAKS if kind and not kind.endswith("?") else CHANGES)


def key_added(rng, content, keys, kind):
    parent = _parent(content, keys)
    if isinstance(parent, dict):
        parent["remark"] = copy.deepcopy(_pick(rng, ANY_JSON))
        return Mutation(f"remark beside {_where(keys)}", CHANGES)
    parent.insert(keys[-1], copy.deepcopy(_pick(rng, ANY_JSON)))
    return Mutation(f"an entry before {_where(keys)}", CHANGES)


def twice(rng, content, keys, kind):
    parent = _parent(content, keys)
    if isinstance(parent, list):
        parent.insert(keys[-1], copy.deepcopy(parent[keys[-1]]))
    return Mutation(f"{_where(keys)} twice", CHANGES if isinstance(parent, list) else KEEPS)


def deep(rng, content, keys, kind):
    value = []
    for _ in range(int(rng.integers(20, 120))):
        value = [value]
    _parent(content, keys)[keys[-1]] = value
    return Mutation(f"{_where(keys)} is a list in a list in a list", BREAKS if kind else CHANGES)


TREES = (
    faulty_value,
    faulty_value,
    faulty_value,
    any_value,
    any_value,
    removed,
    removed,
    renamed,
    key_added,
    twice,
    deep,
)


# --- the text of a JSON file ---------------------------------------------------------------------------------------


def key_twice(rng, path, text):
    """The first key again with another value."""
    content = json.loads(text)
    key = _pick(rng, list(content))
    path.write_text(json.dumps(content)[:-1] + f", {json.dumps(key)}: 7}}")
    return Mutation(f"key {key} twice", BREAKS)


def huge_number(rng, path, text):
    content = json.loads(text)
    numbers = [keys for keys in _nodes(content) if _is_number(_parent(content, keys)[keys[-1]])]
    if not numbers:
        return key_twice(rng, path, text)
    keys, new = _pick(rng, numbers), _pick(rng, ["1e400", "-1e400", "NaN", "Infinity", "1" * 5000])
    _parent(content, keys)[keys[-1]] = "<new>"
    path.write_text(json.dumps(content).replace('"<new>"', new))
    return Mutation(f"{_where(keys)} is {new[:10]}", BREAKS)


def _is_number(value):
    return type(value) in (int, float) and math.isfinite(value)


def nested(rng, path, text):
    path.write_text(_pick(rng, ["[", '{"a":']) * int(rng.integers(500, 100_000)))
    return Mutation("deep and open", BREAKS)


def another_value(rng, path, text):
    path.write_text(_pick(rng, ["[]", "7", "null", '"x"', "[1, 2]", "true", "{}"]))
    return Mutation("another value", BREAKS)


def json_otherwise(rng, path, text):
    style = _pick(rng, ["bom", "crlf", "utf-16", "compact", "comment", "trailing comma", "escaped"])
    content = json.loads(text)
    written = {
        "bom": "\ufeff" + text, "crlf": text.replace("\n", "\r\n"),
        "compact": json.dumps(content, separators=(",", ":")),
        "comment": "// a remark\n" + text, "trailing comma": text.rstrip().removesuffix("}") + ",}",
    }  # fmt: skip
    path.write_bytes(written.get(style, text).encode("utf-16" if style == "utf-16" else "utf-8"))
    return Mutation(f"written with {style}", KEEPS)


JSON_TEXT = (key_twice, huge_number, huge_number, nested, another_value, json_otherwise, json_otherwise)


# --- the text of a YAML file ---------------------------------------------------------------------------------------


def alias_bomb(rng, path, text):
    depth = int(rng.integers(6, 30))
    lines = ["bomb0: &b0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"bomb{i}: &b{i} [{', '.join([f'*b{i - 1}'] * 9)}]" for i in range(1, depth)]
    path.write_text("\n".join(lines) + "\n" + text)
    return Mutation(f"aliases {depth} deep", BREAKS)


def alias_of_itself(rng, path, text):
    path.write_text(text + "\nremark: &a [*a]\n")
    return Mutation("an alias of itself", BREAKS)


def yaml_value(rng, path, text):
    """A value after a colon replaced by one that YAML reads in its own way."""
    lines = text.splitlines()
    places = [n for n, line in enumerate(lines) if ": " in line and not line.lstrip().startswith("#")]
    number = _pick(rng, places)
    values = ["!!python/object/apply:os.getcwd []", ".inf", ".nan", "1e400", "12:30:45", "010", "0x1F", "0b11"]
    values += [
        "2024-01-01",
        "no",
        "off",
        "~",
        "*nothing",
        "&a",
        "!mine x",
        "<<",
        "1e3",
        "1_000",
        "[",
        "{",
        '"',
        "|",
        "\t1",
        "= ",
        "@x",
        "`x",
    ]
    new = _pick(rng, values)
    lines[number] = lines[number].split(": ")[0] + f": {new}"
    path.write_text("\n".join(lines) + "\n")
    return Mutation(f"line {number + 1} has the value {new}", CHANGES)


def yaml_line(rng, path, text):
    lines = text.splitlines()
    number = int(rng.integers(len(lines)))
    change = _pick(rng, ["lost", "twice", "indented", "tab", "remark", "document"])
    if change == "lost":
        del lines[number]
    new = {"twice": lines[min(number, len(lines) - 1)], "tab": "\tx: 1", "remark": "# a remark", "document": "---"}
    if change in new:
        lines.insert(number, new[change])
    if change == "indented":
        lines[number] = "  " + lines[number]
    path.write_text("\n".join(lines) + "\n")
    return Mutation(f"line {number + 1}: {change}", KEEPS if change == "remark" else CHANGES)


def another_document(rng, path, text):
    path.write_text(
        _pick(rng, ["[]\n", "7\n", "~\n", "x\n", "- 1\n- 2\n", "true\n", "{}\n", "1: 2\n", "? [1, 2]\n: 3\n"])
    )
    return Mutation("another value", CHANGES)


YAML_TEXT = (
    alias_bomb,
    alias_of_itself,
    yaml_value,
    yaml_value,
    yaml_value,
    yaml_value,
    yaml_line,
    yaml_line,
    another_document,
)
