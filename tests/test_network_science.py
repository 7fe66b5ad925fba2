"""The built network against the model's rules: expectations come from the formulas, written out again here."""

import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest, norm, poisson, spearmanr

from built_networks import assert_uniform, read_edges, read_nodes, tables, tiny, tiny_nll  # noqa: F401
from v1_files.random_streams import fork
from v1_model.network import lgn_to_v1


def v1_cells(folder, tables):
    """Table of the V1 cells with what the rules need."""
    nodes = read_nodes(folder, "v1")
    cells = pd.DataFrame({k: nodes[k] for k in ("node_type_id", "x", "y", "z", "tuning_angle", "target_sizes")})
    cells["population"] = tables.cell_models["population"].loc[cells["node_type_id"]].to_numpy()
    names = tables.cell_types.loc[cells["population"]]
    for column in ("cell_type", "ei", "cell_type_synaptic"):
        cells[column] = names[column].to_numpy()
    rows = tables.populations.loc[cells["population"]]
    cells["shape"] = rows["n_synapses_lognormal_shape"].to_numpy()
    cells["scale"] = rows["n_synapses_lognormal_scale"].to_numpy()
    cells["mean_size"] = (cells["scale"] * np.exp(cells["shape"] ** 2 / 2)).astype(int)
    return cells


def orientation_difference(a, b):
    """Angle between two orientations, 0..90 degrees."""
    d = np.abs(a - b) % 180
    return np.minimum(d, 180 - d)


def probabilities(sources, targets, p_max, tables, core_radius):
    """Connection probability of every pair of two cell types, shape (sources, targets), and what it depends on."""
    sigma = tables.connection_sigma.set_index(["pre", "post"])["sigma_um"]
    s_ei, t_ei = sources["ei"].iloc[0], targets["ei"].iloc[0]
    s = sigma[(s_ei, t_ei)]
    dx = sources["x"].to_numpy()[:, None] - targets["x"].to_numpy()[None]
    dz = sources["z"].to_numpy()[:, None] - targets["z"].to_numpy()[None]
    theta = np.deg2rad(targets["tuning_angle"].to_numpy())[None]
    d = np.where(np.hypot(targets["x"], targets["z"]) <= 1.5 * core_radius, 50.0, 0.0)[None]
    along, across = dx * np.cos(theta) + dz * np.sin(theta), -dx * np.sin(theta) + dz * np.cos(theta)
    if s_ei == "e":
        kernel = np.exp(-((along + d) ** 2) / (2 * (s / 1.5) ** 2) - across**2 / (2 * (1.5 * s) ** 2))
    else:
        kernel = np.exp(-((along - d) ** 2 + across**2) / (2 * s**2))
    delta = orientation_difference(
        sources["tuning_angle"].to_numpy()[:, None], targets["tuning_angle"].to_numpy()[None]
    )
    factor = np.ones_like(kernel)
    if s_ei == t_ei == "e":
        assert p_max * 4 / 3 < 1
        factor = 4 / 3 + (2 / 3 - 4 / 3) * delta / 90
    p = p_max * kernel * factor * (targets["target_sizes"] / targets["mean_size"]).to_numpy()[None]
    p = np.clip(p, 0, 1)
    p[sources.index.to_numpy()[:, None] == targets.index.to_numpy()[None]] = 0
    return p, along, across, delta


@pytest.fixture(scope="module")
def counts(tiny, tables):
    """Expected and realised edges of all 361 pairs of cell types, and summed over offsets and orientations."""
    cells, edges = v1_cells(tiny, tables), read_edges(tiny, "v1")
    connected = np.zeros((len(cells), len(cells)), dtype=bool)
    connected[edges["source_node_id"], edges["target_node_id"]] = True
    p_max = tables.connection_probability.set_index(["pre", "post"])["p_max"]
    groups = dict(tuple(cells.groupby("cell_type", sort=False)))
    rows, profiles = [], {}
    for pre, sources in groups.items():
        for post, targets in groups.items():
            p, along, across, delta = probabilities(sources, targets, p_max[(pre, post)], tables, 50)
            real = connected[np.ix_(sources.index, targets.index)]
            rows.append((pre, post, p.sum(), (p * (1 - p)).sum(), real.sum()))
            kinds = sources["ei"].iloc[0] + targets["ei"].iloc[0]
            offsets, degrees = np.arange(-200, 201, 20), np.arange(0, 91, 10)
            for name, value, bins in (
                ("along", along, offsets),
                ("across", across, offsets),
                ("delta", delta, degrees),
            ):
                sums = profiles.setdefault((kinds, name), np.zeros((3, len(bins) - 1)))
                index = np.digitize(value, bins) - 1
                inside = (index >= 0) & (index < len(bins) - 1)
                for i, weight in enumerate((p, p * (1 - p), real)):
                    sums[i] += np.bincount(index[inside], weight[inside], minlength=len(bins) - 1)
    return pd.DataFrame(rows, columns=["pre", "post", "expected", "variance", "edges"]), profiles


def test_one_edge_a_pair_and_no_self_connection(tiny):
    edges = read_edges(tiny, "v1")
    pairs = edges["source_node_id"].astype(np.int64) * 4239 + edges["target_node_id"]
    assert len(np.unique(pairs)) == len(pairs)
    assert (edges["source_node_id"] != edges["target_node_id"]).all()


def test_edge_numbers_of_all_pairs_of_types(counts):
    """z-scores of the 361 pairs look standard normal; the few-edge pairs through their exact Poisson distribution."""
    table, _ = counts
    assert len(table) == 361
    u = np.random.default_rng(0).random(361)
    below = poisson.cdf(table["edges"] - 1, table["expected"])
    rare = norm.ppf(below + u * poisson.pmf(table["edges"], table["expected"]))
    z = np.where(table["variance"] < 50, rare, (table["edges"] - table["expected"]) / np.sqrt(table["variance"]))
    assert np.abs(z).max() < 5, table.assign(z=z).sort_values("z")
    assert kstest(z, "norm").pvalue > 1e-3
    assert 0.85 < z.std() < 1.15


@pytest.mark.parametrize("kinds", ["ee", "ei", "ie", "ii"])
@pytest.mark.parametrize("variable", ["along", "across", "delta"])
def test_distance_and_orientation_dependence(counts, kinds, variable):
    """Edges by offset in the target's frame and by orientation difference follow the formulas, bin by bin."""
    expected, variance, real = counts[1][(kinds, variable)]
    z = (real - expected) / np.sqrt(variance)
    assert np.abs(z).max() < 4.5
    assert np.square(z).sum() < len(z) + 4 * np.sqrt(2 * len(z))


def test_expected_edges_of_the_summary(tiny, counts):
    """The integral over positions in the summary table meets the sum over the actual cells, up to their sampling."""
    summary = pd.read_csv(tiny / "network" / "connection_summary.csv", sep=" ")
    assert summary["n_edges"].sum() == counts[0]["edges"].sum()
    assert summary["expected_edges"].sum() == pytest.approx(counts[0]["expected"].sum(), rel=0.03)


def weight_quantiles(folder, tables, pre, post):
    """Rank of every weight of a pair of populations in the lognormal of the rules, with the direction difference."""
    cells, edges = v1_cells(folder, tables), read_edges(folder, "v1")
    s, t = edges["source_node_id"], edges["target_node_id"]
    chosen = (cells["population"].to_numpy()[s] == pre) & (cells["population"].to_numpy()[t] == post)
    source, target = cells.iloc[s[chosen]], cells.iloc[t[chosen]]
    psp1 = pd.read_csv(folder / "network" / "unitary_psp.csv", sep=" ", index_col=0)
    unitary = psp1[source["cell_type_synaptic"].iloc[0]].loc[target["node_type_id"]].to_numpy()
    row = tables.psp_statistics.loc[tables.psp_class.set_index(["pre", "post"])["connection_class"][(pre, post)]]
    s_p, m_p = row["lognormal_shape_90th_percentile"], row["lognormal_scale_mV_90th_percentile"]
    s_n, m_n, mean = (target[c].iloc[0] for c in ("shape", "scale", "mean_size"))
    s_w = np.sqrt(s_p**2 - s_n**2) if s_p >= s_n else 0.001
    sign = 1 if source["ei"].iloc[0] == "e" else -1
    mv = sign * edges["syn_weight"][chosen] * unitary * target["target_sizes"].to_numpy() / mean
    assert (mv > 0).all()
    u = norm.cdf(np.log(mv / (m_p * m_n / mean)) / s_w)
    d = np.abs(target["tuning_angle"].to_numpy() - source["tuning_angle"].to_numpy()) % 360
    return u, np.minimum(d, 360 - d)


PAIRS = [
    ("e23Cux2", "e23Cux2"),
    ("e4Rorb", "i4Pvalb"),
    ("i4Pvalb", "e4other"),
    ("i23Sst", "i23Vip"),
    ("e6Ntsr1", "e6Ntsr1"),
]


@pytest.mark.parametrize(("pre", "post"), PAIRS)
def test_weights_are_lognormal_without_like_to_like(tiny_nll, tables, pre, post):
    u, delta = weight_quantiles(tiny_nll, tables, pre, post)
    inside = (u > 0.0011) & (u < 0.9989)
    assert_uniform(u[inside], 0.001, 0.999)
    assert u.min() > 0.0009 and u.max() < 0.9991
    assert spearmanr(u, delta).pvalue > 1e-4


@pytest.mark.parametrize(("pre", "post"), PAIRS)
def test_weights_rank_by_tuning_with_like_to_like(tiny, tables, pre, post):
    u, delta = weight_quantiles(tiny, tables, pre, post)
    if pre[0] == post[0] == "e":
        b1, b2 = 4 / 3, 2 / 3
        grid = np.linspace(0, 180, 1801)
        density = np.interp(grid, [0, 90, 180], [b1, b2, b1]) / 180
        cdf = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2 * 0.1)])
        expected = np.clip(1 - np.interp(delta, grid, cdf), 0.001, 0.999)
        np.testing.assert_allclose(u, expected, atol=2e-3)
        # Not zero: tuning angles lie on a grid, so the ranks of a pair of models come in steps.
        assert kstest(u, "uniform").statistic < 0.05
    else:
        noise = 10 if pre[0] == post[0] == "i" else 5
        middle = (delta > 4 * noise) & (delta < 180 - 4 * noise)
        residual = (1 - u[middle]) * 180 - delta[middle]
        assert abs(residual.mean()) < 5 * noise / np.sqrt(middle.sum())
        assert residual.std() == pytest.approx(noise, rel=0.1)


def test_cells_cover_depth_plane_and_tuning(tiny, tables):
    cells = v1_cells(tiny, tables)
    r2 = cells["x"] ** 2 + cells["z"] ** 2
    assert_uniform(r2, 1, 100**2)
    assert_uniform(np.arctan2(cells["z"], cells["x"]), -np.pi, np.pi)
    for population, own in cells.groupby("population"):
        row = tables.populations.loc[population]
        assert_uniform(-own["y"], row["depth_top_um"], row["depth_bottom_um"])
        fractions = norm.cdf(
            np.log(own["target_sizes"] / row["n_synapses_lognormal_scale"]) / row["n_synapses_lognormal_shape"]
        )
        assert kstest(fractions, "uniform").pvalue > 1e-4
    for _, own in cells.groupby("node_type_id"):
        angles = np.sort(own["tuning_angle"])
        np.testing.assert_allclose(angles, np.arange(len(own)) * 360 / len(own))


def test_cell_numbers_follow_the_area(tables):
    from v1_model.network.v1_nodes import model_counts

    for radius, total in ((100, 4239), (200, 16728), (700, 203816)):
        assert model_counts(tables, radius, 153, False).sum() == total
    drawn = np.array([model_counts(tables, 200, seed, True) for seed in range(200)])
    mean = model_counts(tables, 200, 153, False)
    z = (drawn.mean(axis=0) - mean) / np.sqrt(mean / 200)
    assert np.abs(z).max() < 4.5
    assert drawn.var(axis=0).sum() == pytest.approx(mean.sum(), rel=0.1)


def test_lgn_convergence_by_population(tiny_nll, tables):
    """Connections, synapses and their distribution by population, for the full LGN."""
    cells, edges = v1_cells(tiny_nll, tables), read_edges(tiny_nll, "lgn")
    connections = np.bincount(edges["target_node_id"], minlength=len(cells))
    for population, own in cells.groupby("population"):
        rule = tables.lgn_to_v1.loc[population]
        rho = rule["synapses_per_connection_yule_rho"]
        wanted = own["target_sizes"] * 0.2 * rule["lgn_synapses_relative_to_e4"]
        wanted = np.rint(wanted * (rho - 1) / rho)
        # A few cells want more sources than a family has within reach.
        plenty = wanted < 4000
        np.testing.assert_array_equal(connections[own.index][plenty], wanted[plenty])
        assert (connections[own.index] <= wanted).all()
        mine = edges["nsyns"][np.isin(edges["target_node_id"], own.index)]
        if len(mine) < 500:
            continue
        # Yule–Simon: P(k) = ρ·B(k, ρ + 1).
        for k, p in ((1, rho / (rho + 1)), (2, rho / ((rho + 1) * (rho + 2)))):
            z = ((mine == k).sum() - p * len(mine)) / np.sqrt(len(mine) * p * (1 - p))
            assert abs(z) < 4.5


def test_lgn_weights(tiny_nll, tables):
    cells, edges = v1_cells(tiny_nll, tables), read_edges(tiny_nll, "lgn")
    psp1 = pd.read_csv(tiny_nll / "network" / "unitary_psp.csv", sep=" ", index_col=0)["exc"]
    target = cells.iloc[edges["target_node_id"]]
    factor = target["node_type_id"].map(tables.lgn_weight_exceptions["lgn_weight_factor"]).fillna(1).to_numpy()
    mean_e4 = 2188.765 * np.exp(0.345**2 / 2)
    expected = (
        0.345 / psp1.loc[target["node_type_id"]].to_numpy() * factor * mean_e4 / target["target_sizes"].to_numpy()
    )
    np.testing.assert_allclose(edges["syn_weight"], expected, rtol=1e-5)


def test_lgn_sources_follow_family_and_orientation(tiny_nll, tables):
    """No cell mixes sON and sOFF sources; two-subfield sources lie within 15° of the target's orientation."""
    cells, edges, lgn = v1_cells(tiny_nll, tables), read_edges(tiny_nll, "lgn"), read_nodes(tiny_nll, "lgn")
    model = np.array(list(tables.lgn_models.index))[lgn["node_type_id"]][edges["source_node_id"]]
    target = edges["target_node_id"]
    on = np.bincount(target, np.char.startswith(model, "sON_"), minlength=len(cells)) > 0
    off = np.bincount(target, np.char.startswith(model, "sOFF_"), minlength=len(cells)) > 0
    assert not (on & off).any()
    for population, own in cells.groupby("population"):
        fraction = tables.lgn_to_v1.at[population, "sustained_on_fraction"]
        decided = (on | off)[own.index]
        n = decided.sum()
        assert abs(on[own.index].sum() - fraction * n) < 4.5 * np.sqrt(n * fraction * (1 - fraction)) + 1
    two = np.isin(model, ["sONsOFF_001", "sONtOFF_001"])
    assert two.any()
    d = orientation_difference(
        lgn["tuning_angle"][edges["source_node_id"][two]], cells["tuning_angle"].to_numpy()[target[two]]
    )
    assert d.max() <= 15


def test_lgn_sources_are_drawn_by_weight_without_replacement():
    """Inclusion frequencies of one target's candidates equal those of numpy's sequential draw."""
    rng = np.random.default_rng(3)
    n, draws, wanted = 40, 2000, 12
    x, y = rng.uniform(-12, 12, (2, n))
    model, family, frequency = np.zeros(n, int), np.array([lgn_to_v1.T_OFF]), np.array([4.0])
    angle = np.array([30.0])
    ones = np.ones(1)
    rho = np.array([3.0])
    ours = np.zeros(n)
    for i in range(draws):
        key = fork(np.uint64(99), i)
        sources, _, _ = lgn_to_v1.connect_targets(
            np.uint64(key), 0, 1, 0 * ones, 0 * ones, angle, np.array([wanted * 1.5]), ones, 2 * ones, rho,
            x, y, np.full(n, np.nan), model, family, frequency,
        )  # fmt: skip
        assert len(np.unique(sources)) == wanted
        ours[sources] += 1
    v = np.array([np.cos(np.deg2rad(30)), np.sin(np.deg2rad(30))])
    along, across = x * v[0] + y * v[1] + 2.5, -x * v[1] + y * v[0]
    weight = np.exp(-(1.5 * along**2 + across**2 / 1.5) / 50)
    theirs = np.zeros(n)
    for _ in range(draws):
        theirs[rng.choice(n, wanted, replace=False, p=weight / weight.sum())] += 1
    p = (ours + theirs) / (2 * draws)
    z = (ours - theirs) / np.sqrt(2 * draws * p * (1 - p) + 1e-12)
    assert np.abs(z).max() < 4.5


def test_preferred_frequency_factors_sum_to_one():
    """q of each kept family adds up to 1, and is largest for the nearest frequency."""
    models = [
        "sON_TF1",
        "sON_TF2",
        "sON_TF4",
        "sON_TF8",
        "sOFF_TF1",
        "sOFF_TF15",
        "tOFF_TF4",
        "tOFF_TF8",
        "sONsOFF_001",
    ]
    family, frequency = (np.array(c) for c in zip(*map(lgn_to_v1.family_of, models), strict=True))
    for preferred in (1, 3, 9):
        q = lgn_to_v1.frequency_preference(family, frequency, preferred, True)
        assert q[:4].sum() == pytest.approx(1) and q[6:8].sum() == pytest.approx(1)
        assert not q[4:6].any() and q[8] == -1
        assert np.argmax(q[:4]) == np.argmin(np.abs(frequency[:4] - preferred))


def test_background_units(tiny, tables):
    cells, edges = v1_cells(tiny, tables), read_edges(tiny, "bkg")
    sources = edges["source_node_id"].reshape(len(cells), 4)
    np.testing.assert_array_equal(edges["target_node_id"], np.repeat(np.arange(len(cells)), 4))
    assert all(len(set(row)) == 4 for row in sources)
    use = np.bincount(sources.ravel(), minlength=100)
    expected = 4 * len(cells) / 100
    z = (use - expected) / np.sqrt(expected * 0.96)
    assert np.abs(z).max() < 4.5
    weight = tables.background_fitted["fitted_weight_pA"].loc[cells["node_type_id"]].to_numpy()
    np.testing.assert_allclose(edges["syn_weight"], np.repeat(weight, 4), rtol=1e-6)


def test_lgn_cells(tiny_nll, tables):
    lgn = read_nodes(tiny_nll, "lgn")
    assert len(lgn["x"]) == 17400
    assert_uniform(lgn["x"], 0, 120)
    assert_uniform(lgn["y"], 0, 80)
    models = np.array(list(tables.lgn_models.index))[lgn["node_type_id"]]
    wide = lgn["spatial_size"][models == "sON_TF8"]
    assert kstest(wide, "triang", args=(1 / 7, 2, 7)).pvalue > 1e-4
    assert (lgn["spatial_size"][models == "sONsOFF_001"] == 6).all()
    for model in ("sON_TF8", "tOFF_TF4"):
        own = models == model
        for ours, theirs in (("weight_dom_0", "weight_1"), ("kpeaks_dom_1", "kpeak_2"), ("weight_dom_1", "weight_2")):
            value = tables.lgn_temporal_filters.at[model, theirs]
            assert_uniform(lgn[ours][own] / value, 0.975, 1.025)
        assert np.isnan(lgn["weight_non_dom_0"][own]).all() and np.isnan(lgn["tuning_angle"][own]).all()
    two = models == "sONtOFF_001"
    assert_uniform(lgn["sf_sep"][two] / 4.0, 0.975, 1.025)
    assert_uniform(lgn["weight_non_dom_0"][two] / tables.lgn_temporal_filters.at["sON_TF4", "weight_1"], 0.975, 1.025)
    assert_uniform(lgn["tuning_angle"][two], 0, 360)


def test_files_name_their_units(tiny):
    with h5py.File(tiny / "network" / "v1_v1_edges.h5") as h5:
        assert h5["edges/v1_to_v1/0/syn_weight"].attrs["units"] == "pA"
