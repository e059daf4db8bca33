# `make reproduce` and `make test` need python3 (3.11 or newer) and make, and nothing else.
PYTHON ?= python3
OUT ?= out
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

# One file for every set of packages that is installed; older than pyproject.toml means: again.
READY := $(VENV)/.ready
READY_TEST := $(VENV)/.ready-test
READY_DEV := $(VENV)/.ready-dev

.DEFAULT_GOAL := help
.PHONY: help reproduce test slow lint format types layers docs serve check clean

help: ## list what make can do
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
	  || sed -n 's/^\([a-z]*\):.*## /  make \1  /p' $(MAKEFILE_LIST)

reproduce: $(READY) ## reproduce the published studies into out/
	$(BIN)/fieldwright reproduce --output $(OUT) --force

test: $(READY_TEST) ## run the default tests
	$(BIN)/python -m pytest -m "not slow" --numprocesses 2 --dist worksteal $(PYTEST)

slow: $(READY_TEST) ## run the slow tests
	$(BIN)/python -m pytest -m slow --numprocesses 2 --dist worksteal $(PYTEST)

lint: $(READY_DEV) ## check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: $(READY_DEV) ## mend style and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(READY_DEV) ## check types
	$(BIN)/mypy

layers: $(READY_DEV) ## check that data flows downwards only
	$(BIN)/lint-imports

docs: $(READY_DEV) ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

serve: $(READY_DEV) ## show the documentation in a browser while writing it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

check: test lint types layers docs slow ## everything that .ci/run does

clean: ## remove .venv, out/ and all that tools left behind
	rm -rf $(VENV) $(OUT) site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Fieldwright needs Python 3.11 or newer, and $(PYTHON) is not;" \
	    "name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Creating $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "No virtual environment could be made; on Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; }
	@touch $@

$(READY): pyproject.toml | $(VENV)/.created
	@echo "Installing Fieldwright into $(VENV)"
	@$(PIP) .
	@touch $@

$(READY_TEST): pyproject.toml | $(VENV)/.created
	@echo "Installing Fieldwright and what its tests need into $(VENV)"
	@$(PIP) '.[test]'
	@touch $(READY) $@

$(READY_DEV): pyproject.toml | $(VENV)/.created
	@echo "Installing Fieldwright and what its developers need into $(VENV)"
	@$(PIP) '.[dev]'
	@touch $(READY) $(READY_TEST) $@
