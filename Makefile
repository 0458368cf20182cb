# Every target sets up what it needs; a lock file that changed is installed again.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ACTIVATED := PATH="$(CURDIR)/$(BIN):$$PATH"
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes

# What `make check` runs; `make test` leaves it out.
CHECKED := tests/test_architecture.py tests/test_docs.py tests/test_templates.py

VALIDATOR := tests/html/node_modules/.package-lock.json

.PHONY: help install demo serve test test-full test-postgresql test-cluster test-matrix screenshots pictures fuzz crash check bench bench-long bench-matching lock clean html-validate
help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("BlueClerk needs Python 3.11 or later; name one with PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.ok: requirements.txt | $(BIN)/python
	$(PIP) -r requirements.txt && touch $@

$(VENV)/demo.ok: requirements-demo.txt | $(BIN)/python
	$(PIP) -r requirements-demo.txt && touch $@

$(VENV)/dev.ok: requirements-dev.txt | $(BIN)/python
	$(PIP) -r requirements-dev.txt && touch $@

$(VENV)/bench.ok: requirements-bench.txt | $(BIN)/python
	$(PIP) -r requirements-bench.txt && touch $@

# What serves may not write beside the code, and would compile it at each start.
install: $(VENV)/runtime.ok ## make .venv with what the server needs, and compile the code
	@$(BIN)/python -m compileall -q *.py blueprints commands jobs models services

demo: $(VENV)/demo.ok ## the product with invented data, on this machine
	@exec $(BIN)/python -m commands.demo

serve: $(VENV)/runtime.ok ## migrate, then serve with the production configuration
	$(BIN)/flask --app app db upgrade
	exec $(BIN)/gunicorn --config gunicorn.conf.py 'app:create_app()'

test: $(VENV)/dev.ok ## the suite, at most 6 minutes on 2 cores
	$(BIN)/pytest -n 2 -m "not full and not postgresql" $(CHECKED:%=--ignore=%)

test-full: $(VENV)/dev.ok html-validate ## the longer matrices
	$(BIN)/pytest -n 2 -m "full and not postgresql"

$(VALIDATOR): tests/html/package-lock.json
	@npm ci --prefix tests/html --ignore-scripts --no-audit --no-fund --silent && touch $@ \
	  || echo "No html-validate, so the HTML is not validated; it needs: apt-get install nodejs npm"

html-validate: $(VALIDATOR) ## what the HTML of every page is validated with, where there is npm

test-postgresql: $(VENV)/dev.ok ## all tests of services and jobs on PostgreSQL, beside the suite
	$(BIN)/pytest -n 2 -m "postgresql or both_databases"

test-cluster: $(VENV)/dev.ok ## the browser tests on PostgreSQL, 4 web processes, 2 workers, nginx; ONLY=test_flow
	BLUECLERK_TEST_CLUSTER=1 $(BIN)/pytest tests/browser $(if $(ONLY),-k "$(ONLY)")

test-matrix: $(BIN)/python ## the suite on every Python here and SQLAlchemy 2.0 and 2.1; ONLY=3.13-2.0,3.12
	$(BIN)/python -m tests.versions $(if $(ONLY),--only "$(ONLY)") $(CHECKED:%=--leave-out %)

screenshots: $(VENV)/dev.ok ## every screen into screenshots/; ONLY=undo LOOKS=dark-390,light TO=folder
	$(BIN)/python -m tests.pictures $(if $(ONLY),--only "$(ONLY)") $(if $(LOOKS),--looks $(LOOKS)) $(if $(TO),--to $(TO))

pictures: $(VENV)/dev.ok ## the pictures in README and docs anew, from the demo; ONLY=team
	$(BIN)/python -m tests.pictures --documents $(if $(ONLY),--only "$(ONLY)")

fuzz: $(VENV)/dev.ok ## odd answers of each provider; COUNT=100000 SEED=1 FIRST=0 PROVIDER=xero
	$(BIN)/python -m tests.fuzz $(if $(COUNT),--count $(COUNT)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(FIRST),--first $(FIRST)) $(if $(PROVIDER),--provider $(PROVIDER))

crash: $(VENV)/dev.ok ## kill -9 in imports and in sending; KILLS=1000 DATABASE=postgresql WHAT=sending|cluster SEED=1
	$(BIN)/python -m tests.crash $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(DATABASE),--database $(DATABASE)) $(if $(WHAT),--what $(WHAT)) $(if $(LANES),--lanes $(LANES))

check: $(VENV)/dev.ok ## format, lint, types, import rules, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest $(CHECKED)

bench: $(VENV)/bench.ok ## how fast it is, as a table and JSON; ONLY="pages report"
	$(BIN)/python -m benchmarks $(ONLY)

bench-long: $(VENV)/bench.ok ## 100,000 customers read, and a whole service; into the same table
	$(BIN)/python -m benchmarks long_lists cluster

bench-matching: $(VENV)/bench.ok ## matching of 100,000 customers as well, beside the others
	$(BIN)/python -m benchmarks matching_large one_customer

lock: $(BIN)/python ## write the hashed lock files anew from the .in files (needs uv)
	for set in "" -demo -postgres -dev -bench; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links requirements$$set.in -o requirements$$set.txt; \
	done

clean: ## remove the environment and caches; instance/ stays
	rm -rf $(VENV) .venv-matrix .mypy_cache .ruff_cache .pytest_cache .coverage
