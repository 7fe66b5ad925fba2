"""Adjusted weights: f–I curves, currents, factors, edges, against NEST, theory and sums by other means."""

import multiprocessing
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

import calculate_actuation
import calculate_adjustment
import calculate_if_curves
import calculate_target_currents
import make_adjusted_edges
from analysis_shared.cells.nodes import read_naming_scheme, read_network
from built_networks import BASE_PROPS, tables, tiny  # noqa: F401
from figure_scripts.weights import plot_actuation_matrix
from v1_files.sonata.edges import copy_with_weights, open_edges, read_node_types
from v1_model.engines.modulation import COLUMNS, Modulation, read_modulation
from v1_model.engines.nest.edges import EdgeBlocks, SynapseTypes
from v1_model.engines.nodes import NodeTable
from v1_model.network.synapses import cell_parameters, receptor_ports
from v1_model.options.actuation import actuation_table, read_actuation, unit_charge
from v1_model.options.adjustment import adjustment_factors, modulated_weights, modulation_rows, scaling_factor
from v1_model.options.if_curves import CURRENTS_PA, current_at_rate, if_curves, mean_curves

NAMING = BASE_PROPS / "cell_type_naming_scheme.csv"
PERCENTILES = BASE_PROPS / "neuropixels_percentiles.csv"
STEP_MS = 0.25
BACKGROUND_HZ = 250.0
# Rates at rest and while gratings drift, by class of LGN cells.
LGN_HZ = {"sON": (3.0, 5.0), "sOFF": (4.0, 7.0), "tOFF": (2.0, 9.0), "sONsOFF": (1.0, 1.5), "sONtOFF": (5.0, 4.0)}


# --- f–I curves ----------------------------------------------------------------------------------------------------


def nest_counts(parameters, currents):
    """Spikes in NEST within 2 s of constant current, one cell for each set of parameters."""
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.resolution = STEP_MS
    recorder = nest.Create("spike_recorder")
    cells = nest.NodeCollection()
    for own, current in zip(parameters, currents, strict=True):
        cell = nest.Create("glif_psc_double_alpha", 1, own)
        cells += cell
        generator = nest.Create("dc_generator", params={"amplitude": current})
        nest.Connect(generator, cell, syn_spec={"delay": STEP_MS})
        nest.Connect(cell, recorder)
    # The current arrives a step after its generator starts, and acts in the step after that.
    nest.Simulate(2000.0 + 2 * STEP_MS)
    senders = recorder.events["senders"]
    return [int((senders == i).sum()) for i in cells.tolist()]


def in_process(function, *arguments):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def test_spike_counts_equal_those_of_nest(tables):
    """Every cell model with one current each, from the whole range."""
    models = tables.cell_models
    rng = np.random.default_rng(1)
    currents = rng.choice(CURRENTS_PA[30:], len(models))
    kinetics = tables.synapse_kinetics.sort_index()
    ports = receptor_ports(kinetics, ["exc"], "e4")
    found = np.array(in_process(nest_counts, [cell_parameters(row, ports) for _, row in models.iterrows()], currents))
    curves = if_curves(models)
    counts = np.array([curves.at[i, s] * 2 for i, s in zip(currents, models.index, strict=True)])
    assert (counts > 20).sum() > 100
    assert np.abs(counts - found).max() <= 1
    assert (counts == found).mean() > 0.99


def test_rate_without_after_spike_currents_is_the_closed_form(tables):
    models = tables.cell_models.iloc[::10].copy()
    models[["asc_amp_1_pA", "asc_amp_2_pA"]] = 0.0
    current = 400.0
    drive = current / models["g_nS"]
    tau = models["C_m_pF"] / models["g_nS"]
    rise = tau * np.log(
        (drive + models["E_L_mV"] - models["V_reset_mV"]) / (drive + models["E_L_mV"] - models["V_th_mV"])
    )
    steps = np.ceil(rise / STEP_MS) + np.ceil(models["t_ref_ms"] / STEP_MS)
    counts = if_curves(models, [current]).loc[current] * 2
    np.testing.assert_allclose(counts, 2000 / (steps * STEP_MS), atol=1.01)


def test_curves_rise_from_rest(tables):
    curves = if_curves(tables.cell_models)
    assert (curves.loc[0.0] == 0).all() and (curves.iloc[-1] > 0).mean() > 0.95
    assert (np.diff(curves, axis=0) >= -0.5).all()
    assert curves.shape == (251, len(tables.cell_models))


def test_mean_over_cells_of_a_type():
    curves = pd.DataFrame({1: [0.0, 10.0], 2: [0.0, 40.0], 3: [1.0, 2.0]}, index=[0.0, 2.0])
    cell_type = pd.Series({1: "a", 2: "a", 3: "b"})
    found = mean_curves(curves, cell_type, pd.Series({1: 2.0, 2: 1.0, 3: 5.0}))
    assert found["a"].tolist() == [0.0, 20.0] and found["b"].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="no f–I curve of cell model 4"):
        mean_curves(curves, pd.Series({4: "a"}), pd.Series({4: 1.0}))


@pytest.mark.parametrize(("rate", "message"), [(9.0, "more than the 8 Hz .* up to 40 pA"), (0.0, "above 0 Hz")])
def test_a_rate_off_the_curve_is_an_error(rate, message):
    with pytest.raises(ValueError, match=message):
        current_at_rate(pd.Series([0.0, 8.0], index=[0.0, 40.0]), rate)


# --- the chain on a network ----------------------------------------------------------------------------------------


def lgn_rates(network, path):
    """Table of LGN rates by class, made up."""
    classes = pd.read_csv(network / "network" / "lgn_node_types.csv", sep=" ")["pop_name"]
    with h5py.File(network / "network" / "lgn_nodes.h5") as h5:
        cells = np.bincount(h5["nodes/lgn/node_type_id"][:], minlength=len(classes))
    rates = np.array([LGN_HZ[name.split("_")[0]] for name in classes])
    table = pd.DataFrame({"n_cells": cells, "spontaneous_Hz": rates[:, 0], "evoked_Hz": rates[:, 1]})
    table.set_index(classes).to_csv(path, sep=" ")
    return path


@pytest.fixture(scope="module")
def chain(tiny, tmp_path_factory):
    """The option's files of `tiny`, made by the scripts."""
    folder = tmp_path_factory.mktemp("adjusted")
    network = ["--network-dir", str(tiny / "network")]
    common = ["--naming-scheme", str(NAMING), "--target-currents", str(folder / "targets.csv")]
    currents = [*network, "--components", str(tiny / "components"), *common, "--background-rate-hz", str(BACKGROUND_HZ)]
    currents += ["--lgn-rates", str(lgn_rates(tiny, folder / "lgn_rates.csv"))]
    calculate_if_curves.main(["--base-props", str(BASE_PROPS), "--output", str(folder / "if.csv")])
    targets = ["--base-props", str(BASE_PROPS), "--if-curves", str(folder / "if.csv")]
    targets += ["--percentiles", str(PERCENTILES), "--output", str(folder / "targets.csv")]
    calculate_target_currents.main(targets)
    lgn_currents = ["--lgn-currents", str(folder / "lgn_currents.csv")]
    calculate_actuation.main([*currents, *lgn_currents, "--output", str(folder / "built.csv")])
    factors = [
        *lgn_currents,
        "--actuation",
        str(folder / "built.csv"),
        "--node-types",
        str(tiny / "network" / "v1_node_types.csv"),
    ]
    factors += ["--factors", str(folder / "factors.csv"), "--modulation", str(folder / "modulation.csv")]
    calculate_adjustment.main([*factors, *common])
    edges = str(folder / "v1_v1_edges_adjusted.h5")
    make_adjusted_edges.main([*network, "--modulation", str(folder / "modulation.csv"), "--output", edges])
    calculate_actuation.main([*currents, "--v1-edges", edges, "--output", str(folder / "adjusted.csv")])
    return folder


@pytest.fixture(scope="module")
def cells(tiny):
    """Cells of `tiny` with type, sign and synaptic type."""
    nodes, _ = read_network(tiny / "network", read_naming_scheme(NAMING))
    naming = pd.read_csv(NAMING, sep=" ").set_index("pop_name")["cell_type_synaptic"]
    return nodes.assign(synaptic=nodes["pop_name"].map(naming))


def read(path):
    return pd.read_csv(path, sep=" ", index_col=0)


def test_target_current_gives_the_recorded_rate(chain, tables):
    """Simulated at the target currents, the cells of a type fire at the mean of its recordings."""
    targets = read(chain / "targets.csv")
    recorded = pd.read_csv(PERCENTILES, sep=" ").query("metric == 'mean_rate_Hz'").set_index("cell_type")
    values = recorded[[f"p{i}" for i in range(101)]].to_numpy(float)
    expected = pd.Series(((values[:, 1:] + values[:, :-1]) / 2).mean(axis=1), index=recorded.index)
    for name in ("L5_ET", "L5_IT", "L5_NP"):
        expected[name] = expected["L5_Exc"]
    np.testing.assert_allclose(targets["mean_rate_Hz"], expected[targets.index], rtol=1e-5)
    type_of = tables.cell_types["cell_type"]
    models = tables.cell_models
    shares = tables.populations["count_r700um"] / models["population"].value_counts()
    for name, row in targets.iterrows():
        own = models[models["population"].map(type_of) == name]
        near = row["target_current_pA"] + np.arange(-2.0, 2.1, 0.5)
        rates = if_curves(own, near) @ shares[own["population"]].to_numpy() / shares[own["population"]].sum()
        assert rates.iloc[0] - 0.5 <= row["mean_rate_Hz"] <= rates.iloc[-1] + 0.5, name


def brute_force(tiny, cells, tables, source, source_group, path=None):
    """Charge (pC) by group of sources and type of core target, with kinetics from the seed table."""
    with h5py.File(path or tiny / "network" / f"{source}_v1_edges.h5") as h5:
        group = h5[f"edges/{source}_to_v1"]
        columns = {name: group[f"{name}_node_id"][:].astype(int) for name in ("source", "target")}
        columns |= {name: data[:].astype(float) for name, data in group["0"].items()}
    edges = pd.DataFrame(columns)
    edges["post"] = cells["synaptic"].to_numpy()[edges["target"]]
    edges["pre"] = cells["synaptic"].to_numpy()[edges["source"]] if source == "v1" else "exc"
    kinetics = tables.synapse_kinetics.reset_index()
    edges = edges.merge(kinetics, on=["pre", "post"])
    charge = (edges["tau_fast_ms"] + edges["amp_slow"] * edges["tau_slow_ms"]) * np.e / 1000
    edges["charge"] = edges["syn_weight"] * edges.get("nsyns", 1.0) * charge
    edges["from"] = source_group[edges["source"]]
    edges["to"] = cells["cell_type"].to_numpy()[edges["target"]]
    edges = edges[cells["core"].to_numpy()[edges["target"]]]
    return edges.groupby(["from", "to"])["charge"].sum() / cells[cells["core"]]["cell_type"].value_counts().rename_axis(
        "to"
    )


def lgn_family(network):
    """Family of each LGN cell."""
    classes = pd.read_csv(network / "network" / "lgn_node_types.csv", sep=" ")["pop_name"].str.split("_").str[0]
    with h5py.File(network / "network" / "lgn_nodes.h5") as h5:
        return classes.to_numpy(dtype=object)[h5["nodes/lgn/node_type_id"][:].astype(int)]


def test_lgn_currents_equal_a_sum_over_edges(chain, tiny, cells, tables):
    """Each class at its own rate: two thirds evoked and one at rest, and evoked alone."""
    charges = brute_force(tiny, cells, tables, "lgn", lgn_family(tiny))
    table, evoked = read_actuation(chain / "built.csv"), read(chain / "lgn_currents.csv")["evoked_pA"]
    hz = pd.DataFrame(LGN_HZ, index=["rest", "evoked"]).T
    hz["mean"] = hz["rest"] / 3 + 2 * hz["evoked"] / 3
    for end, own in charges.groupby("to"):
        families = own.index.get_level_values("from")
        mean, shown = (float((own.to_numpy() * hz.loc[families, key].to_numpy()).sum()) for key in ("mean", "evoked"))
        assert table.at["LGN", end] == pytest.approx(mean, rel=2e-5)
        assert evoked[end] == pytest.approx(shown, rel=2e-5)
    assert table.at["LGN", "mean_rate_Hz"] == pytest.approx(hz.loc[lgn_family(tiny), "mean"].mean())


@pytest.mark.parametrize("source", ["v1", "bkg"])
def test_currents_equal_a_sum_over_edges(chain, tiny, cells, tables, source):
    table = read_actuation(chain / "built.csv")
    rates = read(chain / "targets.csv")["mean_rate_Hz"].to_dict() | {"BKG": BACKGROUND_HZ}
    names = cells["cell_type"].to_numpy() if source == "v1" else np.full(1000, source.upper())
    charges = brute_force(tiny, cells, tables, source, names)
    for (start, end), charge in charges.items():
        assert table.at[start, end] == pytest.approx(charge * rates[start], rel=2e-5, abs=1e-9)
    own = table.loc[[start for start in table.index if (start in ("LGN", "BKG")) != (source == "v1")]]
    assert (own[own.columns[1:]] != 0).sum().sum() >= len(charges)


def nest_charge(parameters, ports):
    """Charge (pC) of one spike of 1 pA at each port, from the synaptic current that NEST records."""
    import nest

    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.resolution = 0.05
    found = []
    generator = nest.Create("spike_generator", params={"spike_times": [1.0]})
    for own, port in zip(parameters, ports, strict=True):
        cell = nest.Create("glif_psc_double_alpha", 1, own)
        meter = nest.Create("multimeter", params={"record_from": ["I_syn"], "interval": 0.05})
        nest.Connect(generator, cell, syn_spec={"weight": 1.0, "delay": 1.0, "receptor_type": port})
        nest.Connect(meter, cell)
        found.append(meter)
    nest.Simulate(150.0)
    return [float(meter.events["I_syn"].sum()) * 0.05 / 1000 for meter in found]


def test_charge_of_a_spike_is_the_integral_of_the_current_in_nest(tables):
    kinetics = tables.synapse_kinetics.sort_index()
    pairs = [("exc", "e4"), ("pv", "e23"), ("sst", "vip"), ("e6", "sst"), ("vip", "pv")]
    parameters, ports = [], []
    for pre, post in pairs:
        own = receptor_ports(kinetics, ["exc", "pv", "sst", "e6", "vip"], post)
        parameters.append(cell_parameters(tables.cell_models.iloc[0], own))
        ports.append(own.of_pre[pre])
    rows = kinetics.loc[pairs]
    expected = unit_charge(rows["tau_fast_ms"], rows["tau_slow_ms"], rows["amp_slow"])
    np.testing.assert_allclose(in_process(nest_charge, parameters, ports), expected, rtol=1e-3)


# --- factors -------------------------------------------------------------------------------------------------------


def test_factor_is_the_positive_root():
    rng = np.random.default_rng(2)
    for _ in range(1000):
        excitatory, inhibitory = 10 ** rng.uniform(-3, 3), -(10 ** rng.uniform(-3, 3))
        needed = rng.normal() * 10 ** rng.uniform(-2, 3)
        factor = scaling_factor(excitatory, inhibitory, needed)
        assert factor > 0
        scale = max(factor * excitatory, -inhibitory / factor)
        assert factor * excitatory + inhibitory / factor == pytest.approx(needed, abs=1e-9 * scale)


def test_factor_with_one_side_only():
    assert scaling_factor(4.0, 0.0, 6.0) == 1.5
    assert scaling_factor(0.0, -6.0, -4.0) == 1.5
    assert scaling_factor(0.0, 0.0, 5.0) == 1.0


@pytest.mark.parametrize("currents", [(4.0, 0.0, -1.0), (0.0, -4.0, 1.0), (4.0, 0.0, 0.0)])
def test_a_current_that_no_factor_gives_is_an_error(currents):
    with pytest.raises(ValueError, match="no positive factor"):
        scaling_factor(*currents)


def test_all_inhibitory_types_count_and_the_lgn_at_its_evoked_current():
    charges = {"LGN": [2.0, 0.0], "BKG": [0.1, 0.0], "V1": [[1.0, 0.0], [-3.0, 0.0]]}
    rates = {"LGN": 4.0, "BKG": 10.0, "L4_Exc": 8.0, "L1_Inh": 2.0}
    table = actuation_table(charges, ["L4_Exc", "L1_Inh"], rates)
    evoked = pd.Series({"L4_Exc": 12.0, "L1_Inh": 0.0})
    targets = pd.Series({"L4_Exc": 12.0 + 1.0 + 5.0, "L1_Inh": 3.0})
    signs = {"L4_Exc": 1, "L1_Inh": -1}
    row = adjustment_factors(table, targets, signs, evoked).loc["L4_Exc"]
    assert row["excitatory_pA"] == 8.0 and row["inhibitory_pA"] == -6.0
    assert row["needed_pA"] == pytest.approx(5.0)
    assert 8.0 * row["factor"] - 6.0 / row["factor"] == pytest.approx(5.0)
    with pytest.raises(ValueError, match="no target current of cell type L1_Inh"):
        adjustment_factors(table, targets.drop("L1_Inh"), signs, evoked)


def test_adjusted_currents_are_those_that_types_need(chain):
    """Currents summed from the adjusted edge file: with the LGN at its evoked rate, each type gets its target."""
    table, targets = read_actuation(chain / "adjusted.csv"), read(chain / "targets.csv")["target_current_pA"]
    # The core of so small a network lacks the rarest types.
    currents = table.drop(columns="mean_rate_Hz").dropna(axis=1)
    assert len(currents.columns) >= 18
    currents.loc["LGN"] = read(chain / "lgn_currents.csv")["evoked_pA"][currents.columns]
    np.testing.assert_allclose(currents.sum(), targets[currents.columns], atol=2e-3)
    before = read_actuation(chain / "built.csv")[currents.columns].sum()
    assert (np.abs(before - targets[before.index]) > 5).sum() > 10


def test_population_name_inside_another_is_an_error():
    with pytest.raises(ValueError, match="e4 is part of e4Rorb"):
        modulation_rows({"a": 1.0}, {"e4": "a", "e4Rorb": "a"})


# --- edge files ----------------------------------------------------------------------------------------------------


def datasets(path):
    """All datasets of a file but the weights, by name."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and not name.endswith("syn_weight"):
            found[name] = item[:]

    with h5py.File(path) as h5:
        h5.visititems(visit)
        return found, h5["edges/v1_to_v1/0/syn_weight"][:]


def test_adjusted_file_has_other_weights_alone(chain, tiny, cells):
    built, weights = datasets(tiny / "network" / "v1_v1_edges.h5")
    adjusted, changed = datasets(chain / "v1_v1_edges_adjusted.h5")
    assert built.keys() == adjusted.keys()
    for name, values in built.items():
        np.testing.assert_array_equal(adjusted[name], values)
    factors = read(chain / "factors.csv")["factor"]
    factor = cells["cell_type"].map(factors).to_numpy()[built["edges/v1_to_v1/target_node_id"]]
    np.testing.assert_allclose(changed, np.where(weights > 0, weights * factor, weights / factor), rtol=1e-6)
    assert changed.dtype == weights.dtype == np.float32


def test_same_bytes_for_any_block_size(chain, tiny, tmp_path):
    built = tiny / "network" / "v1_v1_edges.h5"
    types = read_node_types(tiny / "network" / "v1_nodes.h5", tiny / "network" / "v1_node_types.csv", "v1")
    path = chain / "modulation.csv"
    rules = Modulation(path, read_modulation(path), {"v1": types.table}, [("v1", "v1")]).between("v1", "v1")
    expected = (chain / "v1_v1_edges_adjusted.h5").read_bytes()
    for block in (100_003, 262_144, 10_000_000):
        with open_edges(built, "v1_to_v1") as edges:
            weights = modulated_weights(edges, rules, types.rows, types.rows, block)
            copy_with_weights(built, tmp_path / "out.h5", "v1_to_v1", weights)
        assert (tmp_path / "out.h5").read_bytes() == expected


def loaded_weights(folder, path, modulation=None):
    """Weights of recurrent edges as the NEST engine takes them from a file."""
    types = read_node_types(folder / "v1_nodes.h5", folder / "v1_node_types.csv", "v1")
    table = NodeTable("v1", "v1_nodes.h5", np.arange(len(types.rows)), types.rows, types.table)
    bound = None
    if modulation:
        bound = Modulation(modulation, read_modulation(modulation), {"v1": types.table}, [("v1", "v1")])
    edge_types = pd.read_csv(folder / "v1_v1_edge_types.csv", sep=" ").set_index("edge_type_id")
    rows = edge_types.assign(dynamics_params=None).to_dict("index")
    with open_edges(path, "v1_to_v1") as edges:
        blocks = EdgeBlocks(path, edges.columns, SynapseTypes(rows), table, table, bound)
        return np.concatenate([parameters["weight"] for _, _, parameters in blocks])


def test_modulation_file_has_the_effect_of_the_adjusted_file(chain, tiny):
    """As loaded for NEST: equal within the single precision of the file."""
    network = tiny / "network"
    modulated = loaded_weights(network, network / "v1_v1_edges.h5", chain / "modulation.csv")
    np.testing.assert_allclose(loaded_weights(network, chain / "v1_v1_edges_adjusted.h5"), modulated, rtol=6e-8)
    assert modulated.std() != loaded_weights(network, network / "v1_v1_edges.h5").std()


def test_wrong_number_of_weights_leaves_no_file(tiny, tmp_path):
    built = tiny / "network" / "v1_v1_edges.h5"
    for blocks, message in (([np.ones(5)], "5 weights for the"), ([np.ones(10**6)], "more weights than")):
        with pytest.raises(ValueError, match=message):
            copy_with_weights(built, tmp_path / "out.h5", "v1_to_v1", blocks)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"file/out\.h5: not written"):
        copy_with_weights(built, tmp_path / "file" / "out.h5", "v1_to_v1", [])


# --- faults --------------------------------------------------------------------------------------------------------


def test_type_without_recordings_and_rate_out_of_reach_are_named(chain, tmp_path):
    lines = PERCENTILES.read_text().splitlines()
    columns = 101
    kept = [line for line in lines if not line.startswith("L4_SST mean_rate_Hz")]
    kept = [
        f"L6_PV mean_rate_Hz 9 {' '.join(['900'] * columns)}" if k.startswith("L6_PV mean_rate") else k for k in kept
    ]
    (tmp_path / "percentiles.csv").write_text("\n".join(kept) + "\n")
    arguments = ["--base-props", str(BASE_PROPS), "--if-curves", str(chain / "if.csv")]
    arguments += ["--percentiles", str(tmp_path / "percentiles.csv"), "--output", str(tmp_path / "out.csv")]
    with pytest.raises(ValueError, match=r"of L6_PV: 900 Hz is more than(.|\n)*of L4_SST: no row L4_SST mean") as error:
        calculate_target_currents.main(arguments)
    assert str(tmp_path / "percentiles.csv") in str(error.value)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("source_node_id", 10**6, "source_node_id is not a node of the network: found 1000000"),
        ("target_node_id", 10**6, "target_node_id is not a node of the network: found 1000000"),
        ("edge_type_id", 10**6, "edge_type_id is not in the edge types: found 1000000"),
        ("0/syn_weight", np.nan, "no finite weight"),
    ],
)
def test_faulty_edges_are_named(chain, tiny, tmp_path, column, value, message):
    path = tmp_path / "edges.h5"
    shutil.copyfile(tiny / "network" / "bkg_v1_edges.h5", path)
    nodes, _ = read_network(tiny / "network", read_naming_scheme(NAMING))
    with h5py.File(path, "r+") as h5:
        first = int(np.flatnonzero(nodes["core"].to_numpy()[h5["edges/bkg_to_v1/target_node_id"][:]])[0])
        h5["edges/bkg_to_v1"][column][first] = value
    arguments = ["--network-dir", str(tiny / "network"), "--components", str(tiny / "components")]
    arguments += ["--naming-scheme", str(NAMING), "--target-currents", str(chain / "targets.csv")]
    arguments += ["--lgn-rates", str(chain / "lgn_rates.csv")]
    arguments += ["--background-rate-hz", "250", "--background-edges", str(path), "--output", str(tmp_path / "x.csv")]
    with pytest.raises(ValueError, match=message) as error:
        calculate_actuation.main(arguments)
    assert str(path) in str(error.value)


def test_other_tables_are_refused(chain, tmp_path):
    (tmp_path / "x.csv").write_text("source mean_rate_Hz a\nLGN 1 2\n")
    with pytest.raises(ValueError, match=r"x\.csv: rows LGN, BKG and one for each cell type"):
        read_actuation(tmp_path / "x.csv")


# --- figure --------------------------------------------------------------------------------------------------------


def test_figure_shows_means_over_networks_and_their_sum(chain, tiny, tmp_path):
    networks = ["--network", "tiny", str(tiny / "network"), str(chain / "built.csv")]
    networks += ["--network", "again", str(tiny / "network"), str(chain / "adjusted.csv")]
    networks += ["--option", "plain", "--target-currents", str(chain / "targets.csv"), "--naming-scheme", str(NAMING)]
    plot_actuation_matrix.main([*networks, "--output-stem", str(tmp_path / "figure")])
    assert {path.suffix for path in tmp_path.iterdir()} == {".png", ".pdf", ".csv"}
    table = pd.read_csv(tmp_path / "figure.csv", sep=" ").pivot_table("current_pA", "source", "target", dropna=False)
    tables = [read_actuation(chain / f"{name}.csv").drop(columns="mean_rate_Hz") for name in ("built", "adjusted")]
    mean = (tables[0] + tables[1]) / 2
    np.testing.assert_allclose(table.loc[mean.index, mean.columns], mean, rtol=1e-5)
    np.testing.assert_allclose(table.loc["Sum of sources", mean.columns], mean.sum(min_count=1), atol=2e-3)
    needs = read(chain / "targets.csv")
    np.testing.assert_allclose(table.loc["Rheobase", mean.columns], needs.loc[mean.columns, "rheobase_pA"], rtol=1e-5)


def test_modulation_file_has_two_rules_a_population(chain, tables):
    text = (chain / "modulation.csv").read_text().splitlines()
    assert text[0] == " ".join(COLUMNS) and len(text) == 1 + 2 * len(tables.populations)
