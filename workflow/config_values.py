"""Values of the config: numbers from text, faults against the schema in plain words, defaults.

No Snakemake in here, and nothing of the model.
"""

import difflib
import math
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

# Decimal numbers alone: what YAML reads as octal, as sexagesimal or with underscores stays text.
NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d*)?(?:\.\d*)?(?:[eE][-+]?\d+)?")
TRUTH = {**dict.fromkeys(("true", "yes", "on"), True), **dict.fromkeys(("false", "no", "off"), False)}
KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "keys with values",
}
WORDS = {
    "minimum": "expected {} or more",
    "exclusiveMinimum": "expected more than {}",
    "minItems": "expected {} values or more",
    "maxItems": "expected {} values at most",
    "maxLength": "expected {} characters at most",
    "minProperties": "expected at least one entry",
    "uniqueItems": "expected each value once",
}
QUOTES = "; what YAML reads as a number, a truth value or nothing is text in quotes"


def load_schema(path):
    """Schema (dict) from a YAML file."""
    return yaml.safe_load(Path(path).read_text())


def nearest(word, known):
    """Ending of an error line about an unknown word: the nearest known one, or all of them.

    >>> nearest("temroral_frequency_hz", ["temporal_frequency_hz", "contrast"])
    "did you mean 'temporal_frequency_hz'?"
    >>> nearest("xyz", ["one", "two"])
    'expected one of one, two'
    """
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(map(str, known))}"


def where(path):
    """A key as error lines name it, ``networks.tiny.radius_um``, from the keys that lead to it."""
    return ".".join(map(str, path)) or "top level"


# --- numbers and truth values --------------------------------------------------------------------------------------


def typed(value, schema, root):
    """A deep copy with numbers and truth values for text where the schema wants those, and whole numbers as such.

    Snakemake hands on nested values of ``--config`` as text, and YAML reads ``1e3`` as text. Where the schema leaves
    a value open, text that reads as a number or truth value becomes one. Sections that YAML's aliases share become
    separate ones.

    >>> schema = {"properties": {"trials": {"type": "integer"}, "name": {"type": "string"}}}
    >>> typed({"trials": "1e1", "name": "10"}, schema, schema)
    {'trials': 10, 'name': '10'}
    """
    schema = resolved(schema, root)
    if isinstance(value, dict):
        return {key: typed(part, _part_schema(schema, key), root) for key, part in value.items()}
    if isinstance(value, list):
        return [typed(part, schema.get("items", {}), root) for part in value]
    kinds = _kinds(schema, root)
    if isinstance(value, str):
        if value.lower() in TRUTH and (not kinds or "boolean" in kinds):
            return TRUTH[value.lower()]
        if (not kinds or kinds & {"number", "integer"}) and value.strip("+-.eE") and NUMBER.fullmatch(value):
            value = float(value) if re.search(r"[.eE]", value) else int(value)
    if isinstance(value, float) and value.is_integer() and "integer" in kinds:
        return int(value)
    return value


def resolved(schema, root):
    """A schema, or the one that it refers to."""
    return root["$defs"][schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema


def _part_schema(schema, key):
    others = schema.get("additionalProperties")
    return schema.get("properties", {}).get(key, others if isinstance(others, dict) else {})


def _kinds(schema, root):
    """Names of the types that a schema allows; none where it leaves the type open."""
    schema = resolved(schema, root)
    if "anyOf" in schema:
        return set().union(*(_kinds(part, root) for part in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return {"string"}
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def fill_defaults(value, schema, root):
    """Add the schema's defaults to a config section, in place."""
    schema = resolved(schema, root)
    if not isinstance(value, dict):
        return
    for key, part in schema.get("properties", {}).items():
        if "default" in part:
            value.setdefault(key, part["default"])
        if key in value:
            fill_defaults(value[key], part, root)
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        for key in value:
            fill_defaults(value[key], others, root)


# --- faults --------------------------------------------------------------------------------------------------------


def schema_faults(config, schema):
    """Lines about what the schema refuses, and about numbers that are not finite."""
    faults = [_fault(error) for error in Draft202012Validator(schema).iter_errors(config)]
    return list(dict.fromkeys([*filter(None, faults), *_not_finite(config, ())]))


def _not_finite(value, path):
    if isinstance(value, float) and not math.isfinite(value):
        return [f"{where(path)}: found {value}, expected a finite number"]
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [fault for key, part in parts for fault in _not_finite(part, (*path, key))]


def _fault(error):
    """One line about one schema error: the key, what was found, what was expected."""
    at, found, wanted = where(error.absolute_path), error.instance, error.validator_value
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = [key for key in found if key not in known]
        return "; ".join(f"{at}: unknown key {key!r}, {nearest(key, known)}" for key in unknown)
    if error.validator == "required":
        missing = [key for key in wanted if key not in found and key not in _misspelt(error)]
        return f"{at}: missing {', '.join(missing)}" if missing else ""
    if "propertyNames" in error.absolute_schema_path or error.validator == "pattern":
        expected = error.schema.get("description", "another form").rstrip(".")
        return f"{at}: found {found!r}, expected {expected[0].lower()}{expected[1:]}"
    if error.validator == "enum":
        return f"{at}: found {found!r}, {nearest(found, wanted)}{_quotes(error, 'string')}"
    if error.validator == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        return f"{at}: found {found!r}, expected {' or '.join(KINDS[kind] for kind in kinds)}{_quotes(error, *kinds)}"
    if error.validator in WORDS:
        return f"{at}: found {found!r}, {WORDS[error.validator].format(wanted)}"
    return f"{at}: found {found!r}, expected another form: {error.schema.get('description', error.message)}"


def _misspelt(error):
    """Keys that a section lacks and has nearly."""
    known = error.schema.get("properties", {})
    unknown = [str(key) for key in error.instance if key not in known]
    return {match for key in unknown for match in difflib.get_close_matches(key, known, n=1)}


def _quotes(error, *kinds):
    """What to do where text was meant and YAML read something else."""
    return QUOTES if "string" in kinds and not isinstance(error.instance, str | dict | list) else ""
