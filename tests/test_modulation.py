"""Modulation files: parsing, matching and the arithmetic of rules, on hand-made edges."""

import numpy as np
import pandas as pd
import pytest

from v1_model.engines.modulation import COLUMNS, Modulation, contains, modulate, read_modulation

HEADER = " ".join(COLUMNS)
NODE_TYPES = {
    "v1": pd.DataFrame({"pop_name": ["e4Rorb", "i4Pvalb", "e5Tlx3"], "location": ["VisL4", "VisL4", None]}),
    "lgn": pd.DataFrame({"pop_name": ["sON_TF1", "tOFF_TF8"]}),
    "bkg": pd.DataFrame({"model_type": ["virtual"]}),
}
PROJECTIONS = [("v1", "v1"), ("lgn", "v1"), ("bkg", "v1")]
SOURCES = np.array([0, 1, 2, 0, 1, 2])
TARGETS = np.array([0, 0, 0, 1, 1, 1])
WEIGHTS = np.array([1.0, -2.0, 3.0, 4.0, -5.0, 6.0])


def written(folder, *lines, header=HEADER):
    path = folder / "rules.txt"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def bound(folder, *lines):
    path = written(folder, *lines)
    return Modulation(path, read_modulation(path), NODE_TYPES, PROJECTIONS)


def modulated(folder, *lines):
    return modulate(WEIGHTS, SOURCES, TARGETS, bound(folder, *lines).between("v1", "v1"))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("pop_name i4 pop_name e4 * 2", [1, -4, 3, 4, -5, 6]),
        ("pop_name i4 pop_name e4 / 2", [1, -1, 3, 4, -5, 6]),
        ("pop_name e pop_name Pvalb + 0.5", [1, -2, 3, 4.5, -5, 6.5]),
        ("pop_name e pop_name Pvalb - 0.5", [1, -2, 3, 3.5, -5, 5.5]),
        ("pop_name 4 location VisL4 * 0", [0, 0, 3, 0, 0, 6]),
    ],
)
def test_each_edge_is_matched_by_its_own_source_and_target(tmp_path, rule, expected):
    np.testing.assert_array_equal(modulated(tmp_path, rule), expected)


def test_rules_accumulate_in_file_order(tmp_path):
    first, second = "pop_name e4 pop_name e4 + 1", "pop_name e4 pop_name e * 10"
    assert modulated(tmp_path, first, second)[0] == 20.0
    assert modulated(tmp_path, second, first)[0] == 11.0


def test_the_weights_given_are_left_alone(tmp_path):
    before = WEIGHTS.copy()
    matches = bound(tmp_path, "pop_name e pop_name e * 3").between("v1", "v1")
    np.testing.assert_array_equal(
        modulate(WEIGHTS, SOURCES, TARGETS, matches), modulate(before, SOURCES, TARGETS, matches)
    )
    np.testing.assert_array_equal(WEIGHTS, before)


def test_a_population_without_the_property_is_not_matched(tmp_path):
    rules = bound(tmp_path, "location VisL4 pop_name e4 * 2", "pop_name sON pop_name e4 * 2")
    assert rules.used == set()
    assert len(rules.between("v1", "v1")) == 1
    assert [rule.src_property for rule, _, _ in rules.between("lgn", "v1")] == ["pop_name"]
    assert rules.between("bkg", "v1") == []


def test_a_missing_value_is_not_matched():
    np.testing.assert_array_equal(contains(NODE_TYPES["v1"], "location", "n"), [False, False, False])
    np.testing.assert_array_equal(contains(NODE_TYPES["v1"], "location", "Vis"), [True, True, False])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "layer 4 pop_name e4 * 2",
            r"line 2, column src_property: no node type of bkg, lgn, v1 has the property 'layer'",
        ),
        ("pop_name e4 model_type virtual * 2", "column trg_property: no node type of v1 has the property 'model_type'"),
    ],
)
def test_a_property_that_nothing_has_is_an_error(tmp_path, rule, message):
    with pytest.raises(ValueError, match=message):
        bound(tmp_path, rule)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "pop_name PVALB pop_name e4 * 2",
            "src_substring: no pop_name of bkg, lgn, v1 contains 'PVALB', did you mean 'Pvalb'?",
        ),
        ("pop_name e4 pop_name Rrob * 2", "trg_substring: no pop_name of v1 contains 'Rrob', did you mean 'Rorb'?"),
        ("pop_name xyz pop_name e4 * 2", "contains 'xyz', found e4Rorb, e5Tlx3, i4Pvalb, sON_TF1, tOFF_TF8"),
        ("popname e4 pop_name e4 * 2", "has the property 'popname', did you mean 'pop_name'?"),
    ],
)
def test_a_rule_that_matches_nothing_names_what_is_near(tmp_path, rule, message):
    with pytest.raises(ValueError) as error:
        bound(tmp_path, "pop_name e4 pop_name e4 * 2", rule)
    assert f"{tmp_path / 'rules.txt'}, line 3, column" in str(error.value) and message in str(error.value)


def test_a_rule_between_types_without_edges_is_an_error(tmp_path):
    path = written(tmp_path, "pop_name sON pop_name e4 * 2")
    with pytest.raises(ValueError, match="line 2: no edges lead from such sources to such targets"):
        Modulation(
            path, read_modulation(path), {**NODE_TYPES, "other": NODE_TYPES["lgn"]}, [("lgn", "other"), ("v1", "v1")]
        )


def test_a_rule_that_no_edge_matches_is_found_when_all_are_there(tmp_path):
    rules = bound(tmp_path, "pop_name e4 pop_name e4 * 2", "pop_name e5 pop_name e5 * 2")
    modulate(WEIGHTS, SOURCES, TARGETS, rules.between("v1", "v1"), rules.used)
    with pytest.raises(ValueError, match="line 3: no edge of the network matches the rule"):
        rules.check_used()


def test_all_faults_are_named_with_line_and_column(tmp_path):
    path = written(
        tmp_path,
        "pop_name e4 pop_name e4 ^ 2",
        "",
        "pop_name e4 pop_name e4 * twice",
        "pop_name e4 pop_name e4 / 0",
        "pop_name e4 pop_name e4 *",
        "pop_name e4 pop_name e4 * inf",
    )
    with pytest.raises(ValueError, match=r"rules\.txt") as error:
        read_modulation(path)
    text = str(error.value)
    assert "line 2, column operation: '^'" in text
    assert "line 4, column value: 'twice'" in text
    assert "line 5, column value: division by zero" in text
    assert "line 6: 5 values for 6 columns" in text
    assert "line 7, column value: 'inf'" in text


@pytest.mark.parametrize("header", ["src_property value", "", HEADER.replace("value", "vaule")])
def test_a_wrong_header_is_an_error(tmp_path, header):
    with pytest.raises(ValueError, match="line 1: the header must be"):
        read_modulation(written(tmp_path, header=header))


def test_spaces_columns_in_any_order_and_quoted_substrings_are_read(tmp_path):
    header = "operation  value src_property src_substring trg_property trg_substring"
    (rule,) = read_modulation(written(tmp_path, '*   1.5 pop_name "e4 R" pop_name  i4', header=header))
    assert (rule.src_substring, rule.trg_substring, rule.value, rule.line) == ("e4 R", "i4", 1.5, 2)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    path = written(tmp_path, "pop_name e4 pop_name e4 * 2")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_modulation(path)) == 1


def test_an_empty_set_of_rules_changes_nothing(tmp_path):
    np.testing.assert_array_equal(modulated(tmp_path), WEIGHTS)
