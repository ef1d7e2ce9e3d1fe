# The imaging-order advisor. "make help" lists the targets; each installs what it needs into .venv.
# Needs only Python 3.11 or newer with its venv module, and make.

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
UV_VERSION := 0.13.9

BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check
# Only wheels, and only those whose hashes are in the lock file: nothing is compiled.
SYNC := $(PIP) install --quiet --require-hashes --only-binary :all:

# Each stamp is newer than what its step was made from; so a second run installs nothing.
VENV_STAMP    := $(VENV)/.stamp-venv
RUN_STAMP     := $(VENV)/.stamp-run
DEV_STAMP     := $(VENV)/.stamp-dev
PROJECT_STAMP := $(VENV)/.stamp-project

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	while IFS='|' read -r target text; do printf '  make %-10s %s\n' "$$target" "$$text"; done
	@printf '\nVariables: PYTHON=%s VENV=%s ARGS=%s\n' '$(PYTHON)' '$(VENV)' '$(ARGS)'

# --- run and test ------------------------------------------------------------------------------

.PHONY: run
run: $(RUN_STAMP) $(PROJECT_STAMP) ## Serve on http://127.0.0.1:8000 (ARGS: more options of serve)
	$(BIN)/imaging-advisor serve $(ARGS)

.PHONY: check
check: $(DEV_STAMP) $(PROJECT_STAMP) ## Format, lint, types, import rules, content, Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict cds_service
	$(BIN)/lint-imports
	$(BIN)/imaging-advisor check
	$(BIN)/imaging-advisor test
	$(BIN)/hadolint Dockerfile

.PHONY: test
test: check ## All that CI runs: make check, then the tests
	$(BIN)/python -m pytest

.PHONY: fuzz
fuzz: $(DEV_STAMP) $(PROJECT_STAMP) ## Ten thousand odd requests (FUZZ_SEED=n: others than before)
	FUZZ_BODIES=10000 $(BIN)/python -m pytest tests/fuzz -s

.PHONY: docs
docs: $(DEV_STAMP) $(PROJECT_STAMP) ## Write the generated parts of the documentation anew
	UPDATE_DOCS=1 $(BIN)/python -m pytest tests/docs tests/conformance/test_guides.py tests/conformance/test_page.py

.PHONY: coverage
coverage: $(DEV_STAMP) $(PROJECT_STAMP) ## The tests, with a coverage report
	$(BIN)/python -m pytest --cov

.PHONY: format
format: $(DEV_STAMP) ## Format the code and apply the safe fixes
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# --- environment -------------------------------------------------------------------------------

$(VENV_STAMP):
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) was not found: install Python 3.11 or newer, or set PYTHON=/path/to/python" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
		echo "Set another with: make PYTHON=python3.12 ..." >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; \
		exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(RUN_STAMP): requirements.lock $(VENV_STAMP)
	$(SYNC) -r requirements.lock
	@touch $@

# The development lock holds the same versions as the runtime lock, and more.
$(DEV_STAMP): requirements-dev.lock $(VENV_STAMP)
	$(SYNC) -r requirements-dev.lock
	@touch $@

# Editable: the code and the content in this directory are used as they are.
$(PROJECT_STAMP): pyproject.toml requirements-build.lock $(VENV_STAMP)
	$(SYNC) -r requirements-build.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: lock
lock: ## Write the lock files anew (UPGRADE=1: with the newest versions)
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip --disable-pip-version-check install --quiet uv==$(UV_VERSION)
	$(LOCK) pyproject.toml --extra dev --group build -o requirements-dev.lock $(if $(UPGRADE),--upgrade)
	$(LOCK) pyproject.toml -c requirements-dev.lock -o requirements.lock $(if $(UPGRADE),--upgrade)
	$(LOCK) --group build -c requirements-dev.lock -o requirements-build.lock $(if $(UPGRADE),--upgrade)

LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/uv pip compile --quiet --no-config \
	--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras

.PHONY: clean
clean: ## Remove the environments, caches and build output
	rm -rf $(VENV) .venv-lock build dist *.egg-info .coverage htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find cds_service tests -name __pycache__ -type d -prune -exec rm -rf {} +
