"""Unitary PSPs: in closed form against NEST and numerical integration, published ones, and the weights that follow."""

import dataclasses
import json
import multiprocessing

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

from built_networks import read_edges, read_nodes, tables  # noqa: F401
from v1_model.network.builder import Builder, NetworkSpec, build_network
from v1_model.network.psp import unitary_psp, unitary_psp_table
from v1_model.network.synapses import cell_parameters, receptor_ports

PAIRS = 60


def nest_peaks(parameters, ports):
    """Peak depolarisation (mV) of cells in NEST after one 1 pA input at a port each."""
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.resolution = 0.05
    cells = nest.NodeCollection()
    for p in parameters:
        cells += nest.Create("glif_psc_double_alpha", 1, p)
    generator = nest.Create("spike_generator", params={"spike_times": [1.0]})
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 0.05})
    for cell, port in zip(cells, ports, strict=True):
        nest.Connect(generator, cell, syn_spec={"weight": 1.0, "delay": 1.0, "receptor_type": port})
    nest.Connect(meter, cells)
    nest.Simulate(150.0)
    events = meter.events
    return [
        events["V_m"][events["senders"] == c].max() - p["E_L"] for c, p in zip(cells.tolist(), parameters, strict=True)
    ]


def test_unitary_psp_equals_nest(tables):
    """60 random pairs of synaptic type and cell model agree to 1 %."""
    kinetics = tables.synapse_kinetics.sort_index()
    types = tables.cell_types["cell_type_synaptic"].loc[tables.cell_models["population"]].to_numpy()
    table = unitary_psp_table(tables.cell_models, types, kinetics)
    rng = np.random.default_rng(1)
    rows = rng.choice(len(table), PAIRS, replace=False)
    pres = rng.choice(table.columns, PAIRS)
    parameters, ports = [], []
    for row, pre in zip(rows, pres, strict=True):
        own = receptor_ports(kinetics, table.columns, types[row])
        parameters.append(cell_parameters(tables.cell_models.iloc[row], own))
        ports.append(own.of_pre[pre])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        measured = pool.apply(nest_peaks, (parameters, ports))
    expected = [table.iloc[row][pre] for row, pre in zip(rows, pres, strict=True)]
    np.testing.assert_allclose(measured, expected, rtol=0.01)
    assert 0.02 < table.to_numpy().min() and table.to_numpy().max() < 0.25


@pytest.mark.parametrize(
    ("tau_fast", "tau_slow", "c_m", "g"),
    [
        (1.5, 4.0, 100.0, 10.0),
        (10.0, 4.0, 100.0, 10.0),  # a synapse as slow as the membrane
        (5.0, 250.0, 200.0, 1.0),  # peaks past 250 ms, where the seed tables' own never are
        (300.0, 300.0, 300.0, 1.0),
        (2.0, 125.0, 125.0, 1.0),  # peaks at 250 ms
        (1.0, 3000.0, 100.0, 10.0),
    ],
)
def test_unitary_psp_equals_integration(tau_fast, tau_slow, c_m, g):
    """The closed form against the differential equation."""
    amplitude = 0.6
    end = 3 * max(tau_fast, tau_slow, c_m / g)

    def slope(t, v):
        alpha = t / tau_fast * np.exp(1 - t / tau_fast) + amplitude * t / tau_slow * np.exp(1 - t / tau_slow)
        return (alpha - g * v) / c_m

    solution = solve_ivp(slope, (0, end), [0.0], max_step=end / 4000, rtol=1e-9, atol=1e-12)
    peak = unitary_psp(*([v] for v in (tau_fast, tau_slow, amplitude, c_m, g)))[0]
    assert peak == pytest.approx(solution.y.max(), rel=1e-4)


def test_a_slow_synapse_does_not_move_the_psps_of_the_others():
    """PSPs computed beside one that peaks late are the same to the last bit."""
    own = [np.array(v) for v in ([2.0, 1.5], [4.0, 3.0], [0.5, 0.3], [100.0, 80.0], [5.0, 4.0])]
    with_slow = [np.append(v, slow) for v, slow in zip(own, (2.0, 900.0, 0.5, 100.0, 5.0), strict=True)]
    np.testing.assert_array_equal(unitary_psp(*with_slow)[:2], unitary_psp(*own))


# --- published or computed -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def computed(tables):
    """Computed PSPs of all shipped cell models, and the synaptic type of each."""
    types = tables.cell_types["cell_type_synaptic"].loc[tables.cell_models["population"]].to_numpy()
    return unitary_psp_table(tables.cell_models, types, tables.synapse_kinetics.sort_index()), types


# Computed over published, where the published table was made with other kinetics: docs/model.md.
OTHER_KINETICS = {
    ("sst", "e4"): 0.81, ("sst", "e5et"): 0.88, ("sst", "e5it"): 0.75, ("sst", "e5np"): 0.81, ("sst", "e6"): 0.81,
    ("vip", "e23"): 1.22, ("vip", "e4"): 0.95, ("vip", "e5et"): 1.70, ("vip", "e5it"): 1.10, ("vip", "pv"): 1.03,
    ("pv", "e5et"): 1.13, ("pv", "e6"): 1.02, ("e23", "sst"): 0.94,
}  # fmt: skip


def test_published_psps_beside_computed_ones(tables, computed):
    """They agree to a unit of the third decimal, but for the pairs that the docs list."""
    table, types = computed
    assert set(tables.unitary_psp.index) == set(table.index)
    published = tables.unitary_psp.loc[table.index, table.columns]
    assert (published.round(3) == published).all(axis=None)
    ratios = (table / published).groupby(types).median()
    for (pre, post), ratio in OTHER_KINETICS.items():
        assert ratios.at[post, pre] == pytest.approx(ratio, abs=0.006)
    difference = (table - published).abs().groupby(types).max()
    for pre, post in OTHER_KINETICS:
        difference.loc[post, pre] = 0
    assert difference.max(axis=None) < 0.001


SPEC = NetworkSpec("psp", 40, 20, lgn="small")


@pytest.fixture(scope="module")
def both(tables, tmp_path_factory):
    """A network with published PSPs, and the same with computed ones."""
    folders = {source: tmp_path_factory.mktemp(source) for source in ("published", "computed")}
    for source, folder in folders.items():
        build_network(dataclasses.replace(SPEC, unitary_psp=source), tables, folder)
    return folders


def test_the_weights_follow_the_chosen_psps(both, tables, computed):
    """A connection's PSP is the same in both networks: weight times unitary PSP, of every edge."""
    nodes, edges = read_nodes(both["published"], "v1"), {}
    models = nodes["node_type_id"]
    synaptic = tables.cell_types["cell_type_synaptic"].loc[tables.cell_models["population"].loc[models]].to_numpy()
    psps = {"published": tables.unitary_psp, "computed": computed[0]}
    for source in ("v1", "lgn"):
        edges = {name: read_edges(folder, source) for name, folder in both.items()}
        pre = synaptic[edges["published"]["source_node_id"]] if source == "v1" else None
        post = models[edges["published"]["target_node_id"]]
        mv = {}
        for name, table in psps.items():
            column = table.columns.get_indexer(pre if source == "v1" else ["exc"] * len(post))
            mv[name] = edges[name]["syn_weight"] * table.to_numpy()[table.index.get_indexer(post), column]
        np.testing.assert_allclose(mv["published"], mv["computed"], rtol=1e-5)
        assert not np.allclose(*(e["syn_weight"] for e in edges.values()), rtol=0.01)
    for source, folder in both.items():
        assert json.loads((folder / "network" / "network.json").read_text())["unitary_psp"] == source
        written = pd.read_csv(folder / "network" / "unitary_psp.csv", sep=" ", index_col=0)
        expected = psps[source].loc[written.index, written.columns]
        np.testing.assert_allclose(written, expected, atol=1e-9)


def test_a_model_that_the_table_lacks_is_computed(tables, computed, tmp_path):
    """So is a single empty field; the network names both."""
    model, other = tables.cell_models.index[[0, 50]]
    published = tables.unitary_psp.drop(index=model)
    published.loc[other, "sst"] = np.nan
    builder = Builder(SPEC, dataclasses.replace(tables, unitary_psp=published), tmp_path)
    builder.write_components()
    builder.write_metadata()
    written = pd.read_csv(tmp_path / "network" / "unitary_psp.csv", sep=" ", index_col=0)
    expected = tables.unitary_psp.loc[written.index, written.columns]
    expected.loc[model] = computed[0].loc[model]
    expected.loc[other, "sst"] = computed[0].loc[other, "sst"]
    np.testing.assert_allclose(written, expected, atol=1e-9)
    said = json.loads((tmp_path / "network" / "network.json").read_text())["unitary_psp_computed"]
    assert said == {str(model): list(written.columns), str(other): ["sst"]}


@pytest.mark.parametrize(
    ("table", "column", "factor", "pre"),
    [("cell_models", "C_m_pF", 1.5, "exc"), ("synapse_kinetics", "tau_slow_ms", 2.0, "exc")],
)
def test_published_psps_of_another_model_are_refused(tables, tmp_path, table, column, factor, pre):
    """Weights by the PSP of the model before an edit would be wrong without a word."""
    changed = getattr(tables, table).copy()
    changed[column] *= factor
    edited = dataclasses.replace(tables, **{table: changed})
    with pytest.raises(ValueError, match=rf"unitary_psp.csv, specimen_id \d+, column {pre}: .* unitary_psp: computed"):
        Builder(SPEC, edited, tmp_path)
    Builder(dataclasses.replace(SPEC, unitary_psp="computed"), edited, tmp_path)


def test_an_unknown_origin_of_psps_is_refused():
    with pytest.raises(ValueError, match="unitary_psp: found 'publised', expected 'published' or 'computed'"):
        NetworkSpec("psp", 40, 20, unitary_psp="publised")
