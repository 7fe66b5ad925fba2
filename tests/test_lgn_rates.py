"""Mean LGN rates by class from spikes, as the adjustment takes them."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import calculate_lgn_rates
from v1_files.sonata.spikes import write_spikes
from v1_files.sonata.writing import write_nodes, write_types
from v1_model.options.lgn_rates import class_rates, read_class_rates

TYPES = SimpleNamespace(table=pd.DataFrame({"pop_name": ["sON_TF4", "tOFF_TF8", "none"]}), rows=np.array([0, 0, 1]))


def test_rates_by_class_and_window():
    """Times at the borders belong to the window that ends there."""
    spikes = [
        ("a", np.array([0, 1, 2, 2]), np.array([500.0, 500.1, 400.0, 3000.0])),
        ("b", np.array([0, 2]), np.array([1000.0, 700.0])),
    ]
    table = class_rates(spikes, TYPES, 500.0, 3000.0)
    assert table["n_cells"].tolist() == [2, 1, 0]
    # Spikes over cells × trials × seconds.
    np.testing.assert_allclose(table["spontaneous_Hz"], [1 / (2 * 2 * 0.5), 1 / (2 * 0.5), np.nan])
    np.testing.assert_allclose(table["evoked_Hz"], [2 / (2 * 2 * 2.5), 2 / (2 * 2.5), np.nan])


def test_foreign_spikes_and_no_trials_are_refused():
    with pytest.raises(ValueError, match=r"a: found a spike of LGN cell 3, expected one of 3 cells"):
        class_rates([("a", np.array([3]), np.array([1.0]))], TYPES, 500.0, 3000.0)
    with pytest.raises(ValueError, match="no trials with a stimulus"):
        class_rates([], TYPES, 500.0, 3000.0)


@pytest.fixture
def files(tmp_path):
    """A small LGN with the spikes of a blank and a grating, at 2 Hz at rest and 5 Hz when shown."""
    write_nodes(tmp_path / "lgn_nodes.h5", "lgn", np.array([0, 1]), {})
    types = [{"node_type_id": i, "pop_name": name, "model_type": "virtual"} for i, name in enumerate(["sON_TF4", "x"])]
    write_types(tmp_path / "lgn_node_types.csv", types, list(types[0]))
    rest, shown = np.array([100.0, 200.0]), np.arange(1500.0, 2000.0, 100.0)
    for name, times in (("blank", np.arange(1.0, 2000.0)), ("angle0", np.concatenate([rest, shown]))):
        write_spikes(tmp_path / f"{name}_trial0" / "spikes.h5", "lgn", np.zeros(len(times), int), times, {})
    conditions = [
        {"name": name, "trials": 1, "parameters": {"contrast": contrast}}
        for name, contrast in (("blank", 0), ("angle0", 1))
    ]
    paradigm = {"name": "p", "duration_ms": 2000, "grey_ms": 1000, "conditions": conditions}
    (tmp_path / "p.json").write_text(json.dumps(paradigm))
    return tmp_path


def arguments(files):
    values = {"paradigm": files / "p.json", "network-dir": files, "spikes-dir": files, "output": files / "rates.csv"}
    return [text for key, value in values.items() for text in (f"--{key}", str(value))]


def test_blanks_are_left_out(files):
    calculate_lgn_rates.main(arguments(files))
    table = read_class_rates(files / "rates.csv", ["x", "sON_TF4"])
    assert table.loc["sON_TF4", ["spontaneous_Hz", "evoked_Hz"]].tolist() == [2.0, 5.0]
    assert table.loc["x", ["spontaneous_Hz", "evoked_Hz"]].tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match=r"rates\.csv: no row of LGN class tOFF_TF4"):
        read_class_rates(files / "rates.csv", ["sON_TF4", "tOFF_TF4"])


def test_a_paradigm_without_rest_is_refused(files):
    paradigm = json.loads((files / "p.json").read_text()) | {"grey_ms": 0}
    (files / "p.json").write_text(json.dumps(paradigm))
    with pytest.raises(ValueError, match=r"p\.json: grey_ms: found 0, expected above 0"):
        calculate_lgn_rates.main(arguments(files))
