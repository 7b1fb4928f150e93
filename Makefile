# Everything one does here, by name. `make help` lists it; `make demo` and `make test` set up what
# they need themselves. Needed beforehand: Debian or a like system, Python 3.11 or later, make.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
CORES ?= 2
PATIENTS ?= 2000
SEED ?= 1
BATCHES ?= 25
DROPS ?= 10000
SETTINGS ?= 2000
KILLS ?= 50
ARGS ?=

# Set, it would keep Python from storing compiled modules: every start takes about twice as long.
unexport PYTHONDONTWRITEBYTECODE
# These would let modules from elsewhere into the environments.
unexport PYTHONPATH
unexport PYTHONHOME
export PYTHON
export UV_PYTHON_DOWNLOADS := never
# Slow lines are common behind a hospital's proxy. Where packages come from an index of the house,
# set PIP_INDEX_URL and UV_DEFAULT_INDEX to it: set-up uses pip for the installer, uv for the rest.
export UV_HTTP_TIMEOUT ?= 180

BIN := .venv/bin

# A stamp's name holds a checksum of what the environment was made from: a changed lock, or a
# checkout that was moved (environments hold absolute paths), has another name and is made anew.
# What file times say does not count; `git checkout` changes those at will.
checksum = $(shell { pwd; cat $(1); } 2>/dev/null | cksum | cut -d ' ' -f 1)
# Asks for a new environment also when its Python does not run any more.
broken = $(if $(shell $(1)/bin/python -c 'print(1)' 2>/dev/null),,always)

RECIPE := scripts/make-environment.sh
LOCKED := .venv/.made-$(call checksum,requirements.lock $(RECIPE))
READY := .venv/.installed-$(call checksum,requirements.lock $(RECIPE) pyproject.toml)
LAB_READY := .venv-jupyter/.installed-$(call checksum,requirements-jupyter.lock requirements.lock $(RECIPE) pyproject.toml)
AUDIT_READY := .venv-audit/.made-$(call checksum,requirements-audit.lock requirements.lock $(RECIPE))
SPARK_READY := .venv-spark/.installed-$(call checksum,requirements-spark.lock requirements.lock $(RECIPE) pyproject.toml)

SLURM_READY := .venv-slurm/.installed-$(call checksum,requirements-slurm.lock requirements.lock $(RECIPE) pyproject.toml)

.PHONY: help setup setup-slurm demo test check format format-check lint types fuzz faults audit sbom compare-acro simulate-check test-system test-slurm bench bench-trend scale huge lab docs lock clean always

help: ## List what can be made
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  CORES=$(CORES)  PATIENTS=$(PATIENTS)  SEED=$(SEED)  PYTHON=$(PYTHON)  ARGS=... go to pytest, bench or lock"

setup: $(READY) ## Make .venv from the lock (the targets below do it by themselves)

# The package itself is installed as a link to src, without asking for anything: all it needs is locked.
define install_package
	$(1)/bin/uv pip install --quiet --python $(1)/bin/python --no-deps --no-build-isolation --editable .
	@rm -f $(1)/.installed-*
	@touch $@
endef

$(LOCKED): $(call broken,.venv)
	@$(RECIPE) .venv requirements.lock
	@touch $@

$(READY): $(LOCKED)
	@$(call install_package,.venv)
	@echo "Set-up: .venv is ready."

$(LAB_READY): $(call broken,.venv-jupyter)
	@$(RECIPE) .venv-jupyter requirements-jupyter.lock
	@$(call install_package,.venv-jupyter)

$(AUDIT_READY): $(call broken,.venv-audit)
	@$(RECIPE) .venv-audit requirements-audit.lock
	@touch $@

$(SPARK_READY): $(call broken,.venv-spark)
	@$(RECIPE) .venv-spark requirements-spark.lock
	@$(call install_package,.venv-spark)

$(SLURM_READY): $(call broken,.venv-slurm)
	@$(RECIPE) .venv-slurm requirements-slurm.lock
	@$(call install_package,.venv-slurm)

setup-slurm: $(SLURM_READY) ## Make .venv-slurm, for runs whose steps are jobs of SLURM

demo: $(READY) ## Simulate a drop and run the whole workflow on it
	@rm -rf data/demo
	$(BIN)/python -m trdanalysis simulate --patients $(PATIENTS) --seed $(SEED) --out data/demo/drops/simulated
	$(BIN)/snakemake --cores $(CORES) --config drops=data/demo/drops results=results/demo
	@echo
	@echo "The report, to open in a browser: $$(find "$(CURDIR)/results/demo" -name report.html | sort | head -n 1)"

test: $(READY) ## Run every test but those that need Debian packages
	$(BIN)/python -m pytest -q -n $(CORES) -m "not system and not slurm" $(ARGS)

fuzz: $(READY) ## Compare with slower ways on new random data (BATCHES=25); spoil drops and settings
	TRDANALYSIS_FUZZ_BATCHES=$(BATCHES) $(BIN)/python -m pytest -q tests/property/test_against_slow_reading.py tests/property/test_multiverse.py tests/property/test_release.py tests/property/test_sealed_releases.py $(ARGS)
	$(BIN)/python -m tests.faults.fuzz --drops $(DROPS) --settings $(SETTINGS) --seed $(SEED)

faults: $(READY) ## Kill runs at random moments, fill the disk, take away memory, set back the clock (KILLS=50)
	$(BIN)/python -m tests.faults --kills $(KILLS) --seed $(SEED) $(ARGS)

audit: $(AUDIT_READY) ## Ask an advisory service about every package of the locks; unasked is an error
	$(PYTHON) scripts/audit.py .venv-audit/bin/pip-audit requirements.lock requirements-jupyter.lock requirements-spark.lock

sbom: ## Write what the software consists of: build/sbom.cdx.json (CycloneDX)
	$(PYTHON) scripts/sbom.py requirements.lock pyproject.toml build/sbom.cdx.json

compare-acro: $(READY) ## Compare what a release leaves recoverable with the package acro
	@test -x .venv-acro/bin/python || $(PYTHON) -m venv .venv-acro
	.venv-acro/bin/python -m pip install -q -r tests/peers/acro/requirements.txt
	$(BIN)/python -m tests.peers.acro.compare .venv-acro/bin/python

simulate-check: $(READY) ## Check the statistics by simulation; writes docs/simulation-check.md
	$(BIN)/python -m tests.simulation --processes $(CORES) $(ARGS)

check: format-check lint types test ## Check format, lint and types, then run the tests

format: $(READY) ## Format Python and Snakemake files
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

format-check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow

lint: $(READY) ## Look for mistakes with ruff
	$(BIN)/ruff check .

types: $(READY) ## Check the type hints with mypy
	$(BIN)/mypy

test-system: ## Install Debian packages and Spark, then run the tests that need them
	scripts/install-system-packages.sh
	@$(MAKE) --no-print-directory $(SPARK_READY)
	.venv-spark/bin/python -m pytest -q -m system $(ARGS)

test-slurm: ## Start a SLURM of one machine, run the workflow on it, compare, take it away
	scripts/install-slurm.sh
	@$(MAKE) --no-print-directory $(SLURM_READY)
	scripts/with-slurm.sh .venv-slurm/bin/python -m pytest -q -m slurm $(ARGS)

bench: $(READY) ## Measure speed and memory (minutes, and some GB of disk); keeps a record
	$(BIN)/python -m bench $(ARGS)

bench-trend: $(READY) ## Write docs/performance-trend.md from the records of make bench
	$(BIN)/python -m bench.trend

scale: $(READY) ## Run the whole workflow on 1 and 5 million trials (ARGS="--rows 1000000 50000000")
	$(BIN)/python -m bench.scale $(ARGS)

huge: $(READY) ## Take in a drop of 500 MB and print its peak memory (ARGS="--megabytes 5000 --dirty")
	$(BIN)/python -m bench.huge $(ARGS)

lab: $(LAB_READY) ## Open the notebooks in JupyterLab, in an environment of its own
	.venv-jupyter/bin/jupyter lab notebooks

# Versions stay as they are where they still fit; ARGS=--upgrade asks for the newest instead.
# No index address is written: the locks work wherever the packages come from.
compile = $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header $(ARGS) pyproject.toml

docs: $(READY) ## Build the documentation site, build/site/index.html; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --clean
	@echo "The documentation, to open in a browser: $(CURDIR)/build/site/index.html"

lock: ## Make the locks from pyproject.toml (ARGS=--upgrade for newer versions)
	@test -x $(BIN)/uv || $(RECIPE) .venv requirements.lock
	$(compile) --extra dev --output-file requirements.lock
	$(compile) --extra jupyter --extra dev --constraint requirements.lock --output-file requirements-jupyter.lock
	$(compile) --extra spark --extra postgres --extra browser --extra dev --constraint requirements.lock --output-file requirements-spark.lock
	$(compile) --extra slurm --extra dev --constraint requirements.lock --output-file requirements-slurm.lock
	$(filter-out pyproject.toml,$(compile)) scripts/audit.in --output-file requirements-audit.lock
	@if grep -n '://' requirements*.lock; then echo "A lock names a host (see above)."; exit 1; fi

clean: ## Remove environments, caches and the demo; drops and results of your own stay
	rm -rf .venv .venv-jupyter .venv-spark .venv-slurm .venv-audit data/demo results/demo build src/*.egg-info
	rm -rf .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
