"""What YAML drops from a config file or reads as something else is named with file and line."""

import pytest

from checked_config import check_text


@pytest.fixture
def faults(tmp_path):
    """Lines about a text, without the name of its file."""
    path = tmp_path / "mine.yaml"

    def of(text):
        path.write_text(text, encoding="utf-8")
        try:
            check_text([path])
        except ValueError as error:
            return [line.strip().removeprefix(f"{path}, ") for line in str(error).splitlines()[1:]]
        return []

    return of


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "networks:\n  off: {}\n",
            "line 2: YAML reads the name off as a truth value, a date or nothing; put it in quotes",
        ),
        ("a:\n  No: 1\n", "line 2: YAML reads the name No as a truth value"),
        ("a:\n  2024-01-01: 1\n", "line 2: YAML reads the name 2024-01-01 as a truth value, a date"),
        ("a:\n  ~: 1\n", "line 2: YAML reads the name ~ as a truth value, a date or nothing"),
        ("networks:\n  010: {}\n", "line 2: the name 010 is a number"),
        ("networks:\n  1_0: {}\n", "line 2: the name 1_0 is a number"),
        ("networks:\n  .inf: {}\n", "line 2: the name .inf is a number"),
        ("seed: 010\n", "line 1: YAML reads 010 as 8; write 8, or '010' as text"),
        ("a: [1, 1_000]\n", "line 1: YAML reads 1_000 as 1000"),
        ("radius_um: 1:30\n", "line 1: YAML reads 1:30 as 90"),
        ("a: 1_0.5\n", "line 1: YAML reads 1_0.5 as 10.5"),
        (
            "b:\n  tiny: {}\n  small: {}\n  tiny: {}\n",
            "line 4: 'tiny' stands in line 2 already, and YAML keeps the last",
        ),
        ('{"a": {"b": 1, "b": 2}}', "line 1: 'b' stands in line 1 already"),
        ("? [a, b]\n: 1\n", "line 1: a list or a section stands as a key"),
    ],
)
def test_text_that_is_read_otherwise_is_named(faults, text, line):
    found = faults(text)
    assert len(found) == 1 and found[0].startswith(line), found


@pytest.mark.parametrize(
    "text",
    [
        "a: {'off': 1, \"010\": 2, n2024: 3}\n",
        "a: &a {b: 1, c: 2}\nd: {<<: *a, b: 3}\n",
        "like_to_like: off\nseed: 10\nrate: 1e3\nx: -0.5\ny: 0\nz: 0.04\nhex: 0x10\n",
        "",
        "not: [closed\n",
    ],
)
def test_text_that_is_read_as_written_passes(faults, text):
    assert faults(text) == []


def test_aliases_of_aliases_are_looked_at_once(faults):
    """Each line doubles what stands for all before it: 2^60 values, were they followed."""
    text = "a0: &a0 [010]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 61))
    assert len(faults(text)) == 1


def test_shipped_config_is_read_as_written(repo_root):
    check_text([repo_root / "config/config.yaml"])
