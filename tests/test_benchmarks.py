"""The benchmark suite and the resource model: results and their tables, formulas, requests. Nothing is timed."""

import copy
import re
import subprocess
import sys

import numpy as np
import pytest
import yaml

from benchmarks import coefficients, jobs, plot, results, tables
from benchmarks.build_recurrent import PlainRule
from benchmarks.measure import measure
from v1_model.network.builder import Builder, NetworkSpec
from v1_model.network.recurrent import RecurrentSampler
from v1_model.seeds.tables import load_seed_tables
from workflow import resource_model

WITHIN = 0.3
# What starting Python and a busy machine add to a short job.
SLACK = {"memory_mb": 50.0, "runtime_s": 2.0}
COMMITTED = results.read_results()


def record(stage, system="v1flow", wall_s=(10.0, 12.0, 11.0), **more):
    common = {"stage": stage, "system": system, "threads": 1, "copies": 1, "trials": 1, "date": "2026-11-21"}
    taken = {"status": "done", "wall_s": list(wall_s), "cpu_s": list(wall_s), "peak_mb": [500.0 for _ in wall_s]}
    return common | taken | more


def skipped(stage, system):
    done = record(stage, system)
    kept = {key: done[key] for key in ("stage", "system", "threads", "copies", "trials", "date")}
    return kept | {"status": "skipped", "reason": "not tried: 99 GB"}


def content(network, cells, factor):
    """Results of a made-up network on a made-up machine."""
    versions = {"python": "3.11", "v1flow": "0.1.0", "bmtk": "1.2.0", "nest-simulator": "3.10.0"}
    edges = {"v1_v1": 200 * cells, "lgn_v1": 300 * cells, "bkg_v1": 4 * cells}
    size = {"radius_um": 100.0 * factor, "lgn": "small", "v1_cells": cells, "lgn_cells": 696, "edges": edges}
    times = [factor * 10.0, factor * 12.0, factor * 11.0]
    own = [record(stage, wall_s=times) for stage in ("build_network", "run_v1")]
    own += [record("v1_load", wall_s=times), record("v1_simulate", wall_s=times, spikes=7, checksum="ab")]
    stock = [record("v1_load", "bmtk", wall_s=[4 * t for t in times]), skipped("build_recurrent", "bmtk")]
    stock += [record("v1_simulate", "bmtk", wall_s=times, spikes=7, checksum="ab"), record("run_v1", "bmtk")]
    return {
        "network": network,
        "duration_ms": 3000.0,
        "machine": {"cpu": "any", "cores": 2, "memory_gb": 25.2, "system": "Linux 6"},
        "versions": versions,
        "size": size | {"files_mb": 58.0},
        "records": [*own, record("build_recurrent"), *stock],
    }


@pytest.fixture
def two():
    """Results of two made-up networks, the second with stock BMTK left out of V1."""
    first, second = content("tiny", 4_000, 1), content("small", 16_000, 2)
    second["records"] = [r for r in second["records"] if r["system"] == "v1flow"] + [skipped("run_v1", "bmtk")]
    return [first, second]


# --- results -------------------------------------------------------------------------------------------------------


def test_schema_takes_results_and_refuses_misspelt_keys(two):
    for good in two:
        results.validate(good)
    two[0]["records"][0]["wal_s"] = [1.0]
    with pytest.raises(ValueError, match="wal_s"):
        results.validate(two[0])


@pytest.mark.parametrize("missing", ["wall_s", "peak_mb"])
def test_schema_wants_every_measure_of_what_ended(two, missing):
    del two[0]["records"][0][missing]
    with pytest.raises(ValueError, match=missing):
        results.validate(two[0])


def test_schema_wants_a_reason_for_what_did_not_end(two):
    del two[1]["records"][-1]["reason"]
    with pytest.raises(ValueError, match="reason"):
        results.validate(two[1])


def test_repeats_gather_and_a_new_measurement_replaces(tmp_path, two):
    path, head = tmp_path / "tiny.json", {k: v for k, v in two[0].items() if k != "records"}
    run = {"stage": "run_v1", "system": "v1flow", "threads": 1, "copies": 1, "trials": 1, "status": "done"}

    def merged(wall_s, first, **more):
        taken = run | {"wall_s": wall_s, "cpu_s": 1.0, "peak_mb": 2.0} | more
        found = results.merge(path, head, [taken], "2026-11-21", first)
        results.write_results(path, found)
        return [(r["stage"], r["wall_s"]) for r in found["records"]]

    assert merged(1.0, True) == [("run_v1", [1.0])]
    assert merged(3.0, False) == [("run_v1", [1.0, 3.0])]
    assert merged(5.0, True, stage="v1_load") == [("run_v1", [1.0, 3.0]), ("v1_load", [5.0])]
    assert merged(7.0, True) == [("run_v1", [7.0]), ("v1_load", [5.0])]
    assert results.read_results(tmp_path)[0]["records"][0]["wall_s"] == [7.0]
    other = head | {"machine": {**head["machine"], "cores": 64}}
    with pytest.raises(ValueError, match=r"tiny\.json: machine is"):
        results.merge(path, other, [], "2026-11-21", False)


def test_committed_results_are_of_networks_of_the_config(repo_root):
    networks = yaml.safe_load((repo_root / "config" / "config.yaml").read_text())["networks"]
    for found in COMMITTED:
        assert found["size"]["radius_um"] == networks[found["network"]]["radius_um"]
        assert (repo_root / "benchmarks" / "results" / f"{found['network']}.json").exists()


def test_stock_memory_is_foretold_by_edges(two):
    edges = sum(two[0]["size"]["edges"].values())
    assert results.predicted_stock_gb(two, 30 * edges) == pytest.approx(15.0)
    assert results.predicted_stock_gb([], 10**9) == 0.0


# --- measuring -----------------------------------------------------------------------------------------------------


def run(tmp_path, code, timeout_s=60.0):
    return measure([sys.executable, "-c", code], tmp_path / "log.txt", tmp_path, timeout_s)


def test_memory_of_a_process(tmp_path):
    taken = run(tmp_path, "x = b'x' * 80_000_000; import time; time.sleep(0.3)")
    assert taken.reason is None
    assert 80 < taken.peak_mb < 130 and taken.wall_s > 0


def test_forks_share_memory(tmp_path):
    code = "import os, time\nx = b'x' * 100_000_000\npid = os.fork()\ntime.sleep(1)\nif pid: os.waitpid(pid, 0)"
    taken = run(tmp_path, code)
    assert taken.reason is None
    assert 100 < taken.peak_mb < 150


def test_failures_carry_their_reason(tmp_path):
    assert run(tmp_path, "raise SystemExit('the reason')").reason == "exit code 1: the reason"
    assert run(tmp_path, "import time; time.sleep(60)", timeout_s=0.1).reason == "stopped, took too long"


# --- what is run ---------------------------------------------------------------------------------------------------


def plan(stock=None):
    network = {"radius_um": 100, "core_radius_um": 50, "seed": 153, "lgn": "small", "like_to_like": True}
    conditions = [{"name": f"angle{angle}", "parameters": {}} for angle in range(0, 360, 45)]
    paradigms = {f"bench_{n}trials": {"conditions": conditions} for n in jobs.METRICS_TRIALS}
    paradigms |= {"bench": {"conditions": conditions[:1]}}
    reasons = dict.fromkeys(("recurrent", "lgn", "v1", "unmerged")) | (stock or {})
    network |= {"background_weights": "fitted", "unitary_psp": "published"}
    return jobs.Plan("tiny", network, paradigms, [1, 2], 2, reasons)


def test_jobs_run_files_that_exist(repo_root):
    wanted = [job for make in jobs.MAKERS.values() for job in make(plan())]
    assert len({job.name for job in wanted}) == len(wanted)
    for job in wanted:
        name = job.command[2].replace(".", "/") + ".py" if job.command[1] == "-m" else job.command[1]
        assert (repo_root / name).exists()
    stages = yaml.safe_load(results.SCHEMA.read_text())["$defs"]["record"]["properties"]["stage"]["enum"]
    assert {job.stage for job in wanted} <= set(stages)


def test_jobs_that_cannot_finish_keep_their_reason():
    skips = {(job.stage, job.system): job.skip for job in jobs.v1_jobs(plan({"v1": "99 GB"}))}
    assert skips["run_v1", "bmtk"] == skips["run_v1", "bmtk_unmerged"] == "99 GB"
    assert skips["run_v1", "v1flow"] is None


def test_plain_rule_is_the_models(base_props, tmp_path):
    builder = Builder(NetworkSpec("patch", 90, 45, lgn="small"), load_seed_tables(base_props), tmp_path)
    rule, cells = PlainRule(builder), builder.v1
    sampler = RecurrentSampler.of_network(cells, builder.rule, builder.spec.seed)
    sources, counts = sampler.draw(0, len(cells))
    excitatory = rule.excitatory[sources]
    expected, variance = np.zeros(2), np.zeros(2)
    for target in range(len(cells)):
        p = np.minimum(rule.probability(target), 1.0)
        for kind in (0, 1):
            chosen = p[rule.excitatory == bool(kind)]
            expected[kind] += chosen.sum()
            variance[kind] += (chosen * (1 - chosen)).sum()
    drawn = np.array([(~excitatory).sum(), excitatory.sum()])
    assert counts.sum() == len(sources) > 100_000
    assert np.all(np.abs(drawn - expected) < 4 * np.sqrt(variance))


# --- resource model ------------------------------------------------------------------------------------------------


def test_part_of_a_gaussian_inside_a_disc():
    rng = np.random.default_rng(1)
    r, angle = np.sqrt(rng.random(200_000)), 2 * np.pi * rng.random(200_000)
    x, y = r * np.cos(angle) + 0.6 * rng.standard_normal(len(r)), r * np.sin(angle) + 0.6 * rng.standard_normal(len(r))
    assert resource_model.disc_fraction(1.0, 0.6) == pytest.approx(np.mean(np.hypot(x, y) < 1), abs=0.005)


def test_prediction_is_the_sum_of_the_table():
    table = {"memory_mb": {"run_v1": {"base": 100, "kcells": 2, "medges": 3}}}
    size = {"v1_cells": 5_000, "lgn_cells": 0, "edges": {"v1_v1": 4_000_000, "lgn_v1": 3_000_000}}
    amounts = resource_model.quantities(size)
    assert resource_model.predict(table, "memory_mb", "run_v1", amounts) == pytest.approx(100 + 10 + 21)


def test_trials_side_by_side_and_threads_share_the_time():
    size = {"v1_cells": 1_000, "lgn_cells": 0, "edges": {}}
    assert resource_model.quantities(size, trials=10, copies=2)["kcell_s"] == pytest.approx(15.0)
    assert resource_model.quantities(size, trials=1, threads=2)["kcell_s"] == pytest.approx(1.5)


def test_requests_have_a_margin_and_grow_with_the_attempt():
    table, amounts = resource_model.load_table(), resource_model.quantities()
    table["memory_mb"]["run_v1"], table["runtime_s"]["run_v1"] = {"base": 1000}, {"base": 600}
    table["safety"] |= {"memory": 1.5, "runtime": 4}
    assert resource_model.memory_request_mb(table, "run_v1", amounts) == 1500
    assert resource_model.memory_request_mb(table, "run_v1", amounts, attempt=3) == 3000
    assert resource_model.runtime_request_min(table, "run_v1", amounts) == 40
    assert resource_model.runtime_request_min(table, "run_v1", amounts, attempt=2) == 80


def test_built_networks_are_counted_and_others_estimated(tmp_path):
    table, network = resource_model.load_table(), {"radius_um": 100, "lgn": "small"}
    assert resource_model.size_of(table, network, tmp_path)["v1_cells"] == pytest.approx(4_160, rel=0.05)
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "network.json").write_text('{"cells": {"v1": 7, "lgn": 8}, "edges": {"v1_v1": 9}}')
    expected = {"v1_cells": 7, "lgn_cells": 8, "edges": {"v1_v1": 9}}
    assert resource_model.size_of(table, network, tmp_path) == expected


@pytest.mark.parametrize("found", COMMITTED, ids=[c["network"] for c in COMMITTED])
def test_estimated_sizes_are_near_those_built(found):
    size = found["size"]
    estimate = resource_model.estimated_size(resource_model.load_table(), size["radius_um"], size["lgn"])
    assert estimate["v1_cells"] == pytest.approx(size["v1_cells"], rel=0.05)
    for name, edges in size["edges"].items():
        assert estimate["edges"][name] == pytest.approx(edges, rel=0.15)


@pytest.mark.parametrize("found", COMMITTED, ids=[c["network"] for c in COMMITTED])
@pytest.mark.parametrize("kind", list(SLACK))
def test_predictions_are_near_what_was_measured(found, kind):
    table, wrong = resource_model.load_table(), []
    for rule, amounts, taken in coefficients.observations([found]):
        if rule in table[kind]:
            predicted = resource_model.predict(table, kind, rule, amounts)
            if abs(predicted - taken[kind]) > max(WITHIN * taken[kind], SLACK[kind]):
                wrong.append(f"{rule}: predicted {predicted:.1f}, measured {taken[kind]:.1f}")
    assert wrong == []


def test_fit_finds_the_coefficients():
    rng, true = np.random.default_rng(3), {"base": 120, "kcells": 2.5, "medges": 0.75}
    rows = [{"base": 1.0, "kcells": k, "medges": m} for k, m in rng.uniform(1, 200, (6, 2))]
    measured = [(row, sum(true[name] * row[name] for name in true)) for row in rows]
    assert coefficients.fitted(list(true), measured) == pytest.approx(true)


def test_new_numbers_leave_the_table_readable():
    text = resource_model.TABLE.read_text()
    table = yaml.safe_load(text)
    assert yaml.safe_load(coefficients.with_values(text, table)) == table
    table["memory_mb"]["run_v1"]["base"] = 4321
    changed = coefficients.with_values(text, table)
    assert yaml.safe_load(changed) == table
    assert [line for line in changed.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if line.startswith("#")
    ]


# --- rules ---------------------------------------------------------------------------------------------------------


def rules_with_resources(repo_root):
    """Rules of the workflow: name to the names with which it asks for memory and for time."""
    found = {}
    for path in sorted((repo_root / "workflow" / "rules").glob("*.smk")):
        parts = re.split(
            r'^(?:rule (\w+):|    rule:\n.*\n +name:\n +f"(\w+)_\{(?:paradigm|block\.name|page\.name)\}")',
            path.read_text(),
            flags=re.M,
        )
        for plain, looped, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            if "shell:" not in body:  # a target, which is no job
                continue
            words = {"mem_mb": "mem_mb", "runtime": "runtime_min"}
            wanted = [
                re.search(rf'{key}=(?:contrast_resource\({request}, |{request}\()"(\w+)"', body)
                for key, request in words.items()
            ]
            found[plain or looped] = [match and match[1] for match in wanted]
    return found


def test_every_rule_asks_for_memory_and_time_of_its_own(repo_root):
    found, table = rules_with_resources(repo_root), resource_model.load_table()
    assert len(found) > 10
    assert {name: wanted for name, wanted in found.items() if wanted != [name, name]} == {}
    for kind in ("memory_mb", "runtime_s"):
        assert set(table[kind]) == set(found)


def test_table_names_quantities_that_exist_and_explains_them():
    table, text = resource_model.load_table(), resource_model.TABLE.read_text()
    known = resource_model.quantities()
    used = {name for kind in ("memory_mb", "runtime_s") for row in table[kind].values() for name in row}
    assert used <= set(known)
    assert all(re.search(rf"^# {name} ", text, flags=re.MULTILINE) for name in used)


def test_dry_run_shows_the_resources(repo_root, tmp_path):
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(repo_root / "Snakefile"), "--dry-run"]
    command += ["--directory", str(tmp_path), "--cores", "2", "tiny/output_plain/spikes.h5"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    table = resource_model.load_table()
    asked = resource_model.memory_request_mb(table, "render_v1_configs", resource_model.quantities())
    assert f"mem_mb={asked}," in said and f"runtime={table['safety']['least_runtime_min']}" in said


# --- docs ----------------------------------------------------------------------------------------------------------


def test_tables_of_the_docs_are_those_of_the_results():
    page = tables.PAGE.read_text()
    assert tables.filled(page, COMMITTED) == page


def test_tables_show_ratios_and_reasons(two):
    page = "\n".join(f"<!-- {name} -->\n<!-- /{name} -->" for name in tables.TABLES)
    text = tables.filled(page, two)
    assert "| V1, load, 1 thread | tiny | stock BMTK | 11 s, 500 MB | 44 s, 500 MB | 4.0 | 1.0 |" in text
    assert "| V1, load, 1 thread | small | stock BMTK | 22 s, 500 MB | not tried: 99 GB | – | – |" in text
    assert "| tiny | 7 | v1flow (1 thread), stock BMTK (1 thread) | yes |" in text
    other = copy.deepcopy(two)
    next(r for r in other[0]["records"] if r["system"] == "bmtk" and "checksum" in r)["checksum"] = "cd"
    assert "(1 thread) | no |" in tables.filled(page, other)
    assert tables.filled(text, two) == text


def test_page_without_its_markers_is_an_error(two):
    with pytest.raises(ValueError, match="<!-- machine -->"):
        tables.filled("no tables", two)


def test_picture_shows_both_systems(two):
    figure = plot.draw(two)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["v1flow, 1 thread", "stock BMTK, 1 thread"]
    assert all(axes.get_xscale() == axes.get_yscale() == "log" for axes in figure.axes)
