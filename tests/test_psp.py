"""Unitary PSPs in closed form against NEST and against numerical integration."""

import multiprocessing

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from built_networks import tables  # noqa: F401
from v1_model.psp import unitary_psp, unitary_psp_table
from v1_model.synapses import cell_parameters, receptor_ports

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


@pytest.mark.parametrize("tau_fast", [1.5, 10.0])
def test_unitary_psp_equals_integration(tau_fast):
    """The closed form holds also where a synapse is as slow as the membrane (10 ms)."""
    tau_slow, amplitude, c_m, g = 4.0, 0.6, 100.0, 10.0

    def slope(t, v):
        alpha = t / tau_fast * np.exp(1 - t / tau_fast) + amplitude * t / tau_slow * np.exp(1 - t / tau_slow)
        return (alpha - g * v) / c_m

    solution = solve_ivp(slope, (0, 80), [0.0], max_step=0.05, rtol=1e-9, atol=1e-12)
    peak = unitary_psp(*([v] for v in (tau_fast, tau_slow, amplitude, c_m, g)))[0]
    assert peak == pytest.approx(solution.y.max(), rel=1e-4)
