# Every target that people use has a comment after two number signs; `make help` shows those.
.DEFAULT_GOAL := help
.PHONY: help demo stop status test coverage prove bench pictures lint format types imports check install assets wheel lock
SHELL := /bin/sh
BIN := .venv/bin
# Without the addresses of anybody's package index.
LOCK := --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet
# Files go to workers whole; those that start processes come first, so that no worker ends with one alone.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Bring the service up with the demo community, and leave it running
	@.ci/bootstrap run
	@$(MAKE) --no-print-directory assets
	@$(BIN)/geoservice up --demo --background

stop: ## Stop the service and its database
	@if [ -x $(BIN)/geoservice ]; then $(BIN)/geoservice stop; else echo "geoservice does not run."; fi

status: ## Tell what runs and where
	@if [ -x $(BIN)/geoservice ]; then $(BIN)/geoservice status; else echo "geoservice does not run."; fi

test: ## Run the tests against a database of their own; ARGS= goes to pytest
	@.ci/bootstrap test
	@$(MAKE) --no-print-directory assets
	$(BIN)/pytest -m "not slow and not prove" $(PARALLEL) $(ARGS)

coverage: ## Run the tests and show which lines they never reach
	@.ci/bootstrap test
	@$(MAKE) --no-print-directory assets
	$(BIN)/pytest -m "not prove" --cov --cov-report=term $(ARGS)

prove: ## Run the long proofs
	@.ci/bootstrap bench
	@$(MAKE) --no-print-directory assets
	$(BIN)/pytest -m prove $(ARGS)

bench: ## Measure, side by side in one run
	@.ci/bootstrap bench
	@$(MAKE) --no-print-directory assets
	$(BIN)/python -m tests.benchmarks $(ARGS)

pictures: ## Take the pictures of the pages for the documents anew
	@.ci/bootstrap test
	@$(MAKE) --no-print-directory assets
	$(BIN)/pytest tests/browser/pictures.py $(ARGS)

lint: ## Look for faults in the source
	@.ci/bootstrap dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: ## Lay out the source
	@.ci/bootstrap dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: ## Check the types
	@.ci/bootstrap dev
	$(BIN)/mypy

imports: ## Check that imports point one way
	@.ci/bootstrap dev
	$(BIN)/lint-imports

check: lint types imports ## Everything that must pass before a change goes in, the slow tests too
	@.ci/bootstrap test
	@$(MAKE) --no-print-directory assets
	$(BIN)/pytest -m "not prove" $(PARALLEL) $(ARGS)

install: ## Fetch what the service needs: PostGIS when it is missing, and .venv
	@.ci/bootstrap run

assets: ## Build the map pages' third-party files
	@[ -x $(BIN)/python ] || .ci/bootstrap run
	@$(BIN)/python -m geoservice.maps.assets build

wheel: ## Build the service as a wheel in dist/, for Python 3.11 and later; with the compiled kernel where it can be built
	@.ci/bootstrap run
	@$(MAKE) --no-print-directory assets
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

lock: ## Renew requirements/*.lock from setup.cfg (needs uv)
	@command -v uv >/dev/null || { echo "geoservice: uv is needed to make the locks; install it with: pip install uv" >&2; exit 1; }
	uv pip compile setup.cfg --extra build $(LOCK) --output-file requirements/run.lock
	uv pip compile setup.cfg --extra build --extra dev --constraint requirements/run.lock $(LOCK) --output-file requirements/dev.lock
	uv pip compile setup.cfg --extra build --extra dev --extra bench --extra spark --constraint requirements/dev.lock $(LOCK) --output-file requirements/bench.lock
