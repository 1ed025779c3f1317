PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test test-long lint format bench loadtest scenario overload chaos openapi-check client docs sbom audit lock clean
.DEFAULT_GOAL := help

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup:  ## build .venv with all locked dependencies (a second call does nothing)
	@sh scripts/setup.sh "$(PYTHON)"

demo: setup  ## the main job: city, log, training, release, API and console on http://127.0.0.1:8000  (ARGS=--once)
	@$(BIN)/tablestakes demo $(ARGS)

test: setup  ## every test but the long forms
	@sh scripts/test-servers.sh
	@$(BIN)/python -m pytest -m "not long" $(ARGS)

test-long: setup  ## the long forms
	@sh scripts/test-servers.sh
	@$(BIN)/python -m pytest -m long -n 0 $(ARGS)

lint: setup  ## style, types, direction of imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

format: setup  ## put the code into the agreed form
	@$(BIN)/ruff check --fix-only . && $(BIN)/ruff format .

bench: setup  ## speed as ratios to a no-op endpoint and to the naive way
	@$(BIN)/python -m loadtests.bench $(ARGS)

loadtest: setup  ## two minutes of simulated diners (locust) and an open loop beside them, on a server of one's own
	@$(BIN)/python -m loadtests.run $(ARGS)

scenario: setup  ## one load scenario, NAME=steady and so on; NAME=--list tells them  (ARGS="--seconds 60")
	@$(BIN)/python -m loadtests.scenario $(NAME) $(ARGS)

overload: setup  ## a server asked for several times what it can answer: goodput, latency, recovery
	@$(BIN)/python -m loadtests.overload $(ARGS)

chaos: setup  ## bad days: what breaks under a server, and what is promised all the same  (ARGS=--quick)
	@sh scripts/test-servers.sh
	@mkdir -p reports
	@$(BIN)/python -m loadtests.chaos --json reports/chaos.json --html reports/chaos.html $(ARGS)

openapi-check: setup  ## what breaks clients of the API as it is kept in docs/reference/openapi.json (ARGS=OLD.json)
	@$(BIN)/python scripts/reference.py --breaks $(ARGS)

client:  ## the typed Python client in clients/python, made anew from the kept OpenAPI; its wheel in build/client
	@sh scripts/setup-client.sh "$(PYTHON)"
	@.venv-client/bin/python scripts/client.py
	@.venv-client/bin/python -m build --no-isolation --outdir build/client clients/python >/dev/null
	@ls build/client/*

docs: setup  ## the documents as a site in build/site
	@$(BIN)/python scripts/reference.py --check
	@$(BIN)/python scripts/screenshots.py
	@$(BIN)/zensical build --clean --strict

sbom: setup  ## what is shipped, as CycloneDX in build/sbom.json, from the lock
	@mkdir -p build
	@$(BIN)/python scripts/sbom.py > build/sbom.json
	@echo build/sbom.json

audit:  ## known weaknesses of what is shipped (needs pip-audit and a network)
	@sh scripts/audit.sh

lock:  ## resolve the dependencies anew (needs uv)
	@sh scripts/lock.sh

clean:
	@rm -rf .venv .venv-client var build reports
