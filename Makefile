# What can be done here: `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
# The long tests, which run in CI, mostly wait: there it is a worker more than there are cores.
WORKERS ?= $(if $(CI),$(shell expr $$(nproc) + 1),auto)
COVERAGE := --cov=normalizer --cov=connectors --cov-fail-under=100
PACKAGES := gateway connectors normalizer agent_api
SOURCES := $(PACKAGES) tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup run test test-long check fix format lint types architecture coverage docs bench million faults fuzz servers test-mongodb lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.installed ## create .venv and install the project into it

$(VENV)/.installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Passerelle needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: setup ## start the demo: everything on this machine, no account anywhere
	$(BIN)/passerelle demo --port $(PORT)

test: setup ## all tests but the long ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(if $(CI),,-m "not long") $(COUNTED)

test-long: setup ## the long tests: kills, faults
	$(BIN)/python -m pytest -m long

check: COUNTED = $(COVERAGE) # tests/conftest.py sees to it that only the tests of the two count
check: setup format lint types architecture test ## the whole gate, as CI runs it; the documents' tests are among the tests

format:
	$(BIN)/ruff format --check $(SOURCES)

lint:
	$(BIN)/ruff check $(SOURCES)

types:
	$(BIN)/mypy

architecture:
	$(BIN)/lint-imports

coverage: setup ## 100 % of the branches of normalizer and connectors, by their own tests
	$(BIN)/python -m pytest -q -n $(WORKERS) $(COVERAGE) tests/normalizer tests/connectors

docs: ## README, documents and generated files against the code
	$(BIN)/python -m pytest -q tests/docs

fix: setup ## format and repair what can be repaired
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: setup ## measure; writes benchmarks/RESULTS.md
	$(BIN)/python benchmarks/run.py

MILLION ?= 1000000
million: setup ## a million records through RabbitMQ; noted in benchmarks/RESULTS.md; not among the tests
	$(BIN)/python benchmarks/million.py --count $(MILLION) --keep

faults: setup ## the tests of every fault, and their counts into benchmarks/RESULTS.md
	$(BIN)/python benchmarks/faults.py

FUZZ ?= 1000000
fuzz: setup ## spoilt webhooks against a real gateway, a million of them; not among the tests
	$(BIN)/python benchmarks/fuzz.py --count $(FUZZ)

servers: .tools/ferretdb ## build the MongoDB stand-in that the tests use, into .tools/

.tools/ferretdb: $(wildcard tests/servers/build tests/servers/ferretdb/*)
	tests/servers/build $@

test-mongodb: setup ## the stores' tests against the real MongoDB that MONGODB_URL names
	@test -n "$$MONGODB_URL" || { echo "Name a server: make test-mongodb MONGODB_URL=mongodb://127.0.0.1:27017/"; exit 2; }
	$(BIN)/python -m pytest -n $(WORKERS) -k mongo tests/ports tests/gateway/adapters

lock: ## renew requirements-dev.txt from pyproject.toml
	$(BIN)/pip-compile --quiet --extra dev --all-build-deps --allow-unsafe --generate-hashes --strip-extras \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements-dev.txt pyproject.toml
	rm -rf passerelle.egg-info  # a stale one would hide entry points that are newer

clean: ## remove what make made
	rm -rf $(VENV) .tools .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
