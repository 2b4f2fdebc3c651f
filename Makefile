# make report and make test are all that a newcomer needs: Python 3.11 to 3.13, make and a package index.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO := data/raw/demo/bank.yaml
LAB_OPTIONS := --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.PHONY: help setup report test lint lab bench validate lock clean

help: ## list the verbs
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/base.installed ## make .venv and install what the reports need

.venv/base.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11, 3.12 or 3.13 is needed, this is " + sys.version.split()[0] + ": name one with make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing what the reports need into .venv (a minute or two)"
	@$(PIP) install --quiet -r requirements.lock
	@$(PIP) install --quiet --no-deps -e .
	@touch $@

.venv/dev.installed: .venv/base.installed requirements-dev.lock
	@echo "installing what tests and JupyterLab need"
	@$(PIP) install --quiet -r requirements-dev.lock
	@touch $@

$(DEMO): $(wildcard src/analysis/bank/demo/*) | setup
	@$(BIN)/crm demo
	@touch $@

report: setup $(DEMO) ## make the demo bank and publish all its pages
	@$(BIN)/crm report demo

test: .venv/dev.installed lint ## run every test, those in a real browser included
	$(BIN)/python -m pytest -n 2

lint: .venv/dev.installed ## check style and formatting
	$(BIN)/ruff check src tests notebooks
	$(BIN)/ruff format --check src tests

lab: .venv/dev.installed $(DEMO) ## open JupyterLab with the demo bank ready
	$(BIN)/crm prepare demo
	$(BIN)/jupyter lab notebooks $(LAB_OPTIONS)

bench: .venv/dev.installed $(DEMO) ## measure publishing, the demo bank, quality rules, identity, segments, lifetimes, drivers, paths, topics and the change of a rate, as ratios in one run
	$(BIN)/python tests/bench/overhead.py
	$(BIN)/python tests/bench/demo_bank.py
	$(BIN)/python tests/bench/quality.py
	$(BIN)/python tests/bench/identity.py
	$(BIN)/python tests/bench/segments.py
	$(BIN)/python tests/bench/lifetime.py
	$(BIN)/python tests/bench/importance.py
	$(BIN)/python tests/bench/paths.py
	$(BIN)/python tests/bench/topics.py
	$(BIN)/python tests/bench/change.py

validate: setup ## hold every method against simulated banks and data: docs/validation.json, docs/studies (hours; the first can be resumed)
	@$(BIN)/crm validate demo --passport docs/validation.json --jobs 2
	for study in segments segment_moves value lifetime transitions prospects scores response drivers parallel_lines paths unasked complaint_text curves hazard change levers policy million normal_range selection; do $(BIN)/python tests/long/$$study.py; done

lock: ## pin every dependency anew (for maintainers; installs uv beside)
	$(PYTHON) -m venv .venv/locking && .venv/locking/bin/pip install --quiet uv
	.venv/locking/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	.venv/locking/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra lab --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	.venv/locking/bin/uv pip compile -q --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --extra lab -c requirements-dev.lock pyproject.toml | $(PYTHON) .ci/environment.py > environment.yml

clean: ## remove what can be made again: processed tables and caches; never state, raw files or published pages
	rm -rf data/processed/* .pytest_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
