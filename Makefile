# The two-word commands. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/made-from-requirements.lock
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help env demo test test-long test-slurm report bench bench-core bench-full bench-docs lint format lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: $(READY) ## make .venv from requirements.lock, where missing or out of date

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 env")'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install --quiet --no-deps -e .
	# Compiles the builder's kernels once, so that no build waits for it.
	out=$$(mktemp -d) && $(VENV)/bin/python scripts/build_network.py --name warm-up --base-props base_props --output $$out \
		--radius-um 20 --core-radius-um 10 --lgn small > /dev/null; rm -rf $$out
	cp requirements.lock $@

demo: $(READY) ## from seed tables to figures with the smallest network
	@begin=$$(date +%s); snakemake --quiet host reason -- demo && python scripts/summarise_run.py --results results --network tiny --since-s $$begin

test: $(READY) ## the whole test suite
	pytest -n 2

test-long: $(READY) ## 10,000 mutated inputs through all readers
	pytest -m long tests/test_fuzz.py

test-slurm: $(READY) ## the workflow on a SLURM cluster of this machine, started for it (Debian; installs SLURM as root)
	python tests/slurm/cluster.py --install
	pytest -n 3 -m slurm tests/slurm

report: $(READY) ## results/report.html: figures with captions, run times, code of each rule
	snakemake made --report report.html

# How often each job is measured.
REPEATS = 3
bench-core bench-full: REPEATS = 1

bench: $(READY) ## measure tiny and small beside stock BMTK (REPEATS=3)
	python -m benchmarks.run tiny small --threads 1 2 --repeats $(REPEATS)

bench-core: $(READY) ## the same for core (REPEATS=1)
	python -m benchmarks.run core --threads 1 2 --stock recurrent lgn v1 --repeats $(REPEATS)

bench-full: $(READY) ## the same for full (REPEATS=1)
	python -m benchmarks.run full --threads 2 --stock recurrent v1 --repeats $(REPEATS) --timeout-s 7200

bench-docs: $(READY) ## from what was measured: workflow/resources.yaml, docs/benchmarks.md and its picture, docs/cluster.md
	python -m benchmarks.coefficients
	python -m benchmarks.tables
	python -m benchmarks.cluster_needs
	python -m benchmarks.plot

lint: $(READY) ## style of the Python files and of the rules
	ruff check .
	snakefmt --check Snakefile workflow
	snakemake --lint

format: $(READY) ## bring Python files and rules into shape
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow

lock: $(READY) ## resolve requirements.lock again from pyproject.toml
	uv pip compile pyproject.toml --all-extras --universal --generate-hashes --quiet \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -o requirements.lock

clean: ## remove the environment; results stay
	rm -rf $(VENV) *.egg-info
