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
	while IFS='|' read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done
	@printf '\nVariables: PYTHON=%s VENV=%s ARGS=%s\n' '$(PYTHON)' '$(VENV)' '$(ARGS)'

# --- run and test ------------------------------------------------------------------------------

DEMO_FHIR := deploy/demo-fhir

.PHONY: run
run: $(RUN_STAMP) $(PROJECT_STAMP) ## Serve on http://127.0.0.1:8000, with the page /demo (ARGS: more options of serve)
	$(BIN)/imaging-advisor serve --demo $(ARGS)

.PHONY: demo-fhir
demo-fhir: $(RUN_STAMP) $(PROJECT_STAMP) $(DEMO_FHIR)/node_modules/.stamp ## The same with a real FHIR server behind /demo (needs npm)
	$(BIN)/python $(DEMO_FHIR)/run.py $(ARGS)

.PHONY: demo-fhir-installed
demo-fhir-installed: $(DEMO_FHIR)/node_modules/.stamp

$(DEMO_FHIR)/node_modules/.stamp: $(DEMO_FHIR)/package-lock.json
	@command -v npm >/dev/null || { echo "npm was not found. On Debian: apt-get install npm" >&2; exit 1; }
	cd $(DEMO_FHIR) && npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: check
check: $(DEV_STAMP) $(PROJECT_STAMP) ## Format, lint, types, import rules, content, Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict cds_service
	$(BIN)/lint-imports
	$(BIN)/imaging-advisor check
	$(BIN)/imaging-advisor test
	$(BIN)/hadolint Dockerfile deploy/image/stand-in/Dockerfile

.PHONY: test
test: check ## All that CI runs: make check, then the tests
	$(BIN)/python -m pytest

.PHONY: explore
explore: $(DEV_STAMP) $(PROJECT_STAMP) ## The property tests on other examples than make test, and more of them
	$(BIN)/python -m pytest --hypothesis-profile=explore -m hypothesis

.PHONY: fuzz
fuzz: $(DEV_STAMP) $(PROJECT_STAMP) ## Ten thousand odd requests (FUZZ_SEED=n: others than before)
	FUZZ_BODIES=10000 $(BIN)/python -m pytest tests/fuzz -s

.PHONY: text-accuracy
text-accuracy: $(DEV_STAMP) $(PROJECT_STAMP) ## How well and how fast texts are read (ARGS=--errors)
	$(BIN)/python -m tests.text.accuracy $(ARGS)

.PHONY: bench
bench: $(DEV_STAMP) $(PROJECT_STAMP) ## How fast it is, beside four baselines (ARGS=--help)
	@command -v wrk >/dev/null || { \
		echo "wrk was not found. On Debian: apt-get install wrk" >&2; exit 1; }
	$(BIN)/python -m tests.bench $(ARGS)
.PHONY: demo-figures
demo-figures: $(DEV_STAMP) $(PROJECT_STAMP) ## How fast /demo shows a card, and how much it loads (needs Chromium)
	$(BIN)/python -m tests.browser.figures

.PHONY: pictures
pictures: $(DEV_STAMP) $(PROJECT_STAMP) ## Take the pictures of the documentation anew (needs Chromium)
	$(BIN)/python -m tests.browser.pictures
	$(BIN)/python -m tests.browser.insights_picture docs/pictures/insights.png

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

# --- public data -------------------------------------------------------------------------------

DATA          := .public-data
DATA_DAY      := 2026-11-01
DATA_PATIENTS := 30
NPM_PACKAGES  := hl7.fhir.r4.examples@4.0.1 hl7.fhir.us.mcode@4.0.0

# $(1) is the name of the report, $(2) what to read and how. A crash, or an answer of the service that
# differs from the engine's, ends with an error.
SURVEY = $(BIN)/imaging-advisor survey --show-text --json $(DATA)/$(1).json $(ARGS) $(2) > $(DATA)/$(1).md

.PHONY: public-data
public-data: $(RUN_STAMP) $(PROJECT_STAMP) $(DATA)/.stamp-npm $(DATA)/.stamp-synthea ## The advisor tried on public FHIR data; reports in .public-data (needs npm)
	$(call SURVEY,fhir-examples,$(DATA)/hl7.fhir.r4.examples-4.0.1.tgz)
	$(call SURVEY,mcode,$(DATA)/hl7.fhir.us.mcode-4.0.0.tgz)
	$(call SURVEY,synthea,$(DATA)/synthea)
	$(call SURVEY,synthea-one-day,$(DATA)/synthea --as-of $(DATA_DAY))

$(DATA)/.stamp-npm: public-data.sha512
	@command -v npm >/dev/null || { echo "npm was not found. On Debian: apt-get install npm" >&2; exit 1; }
	mkdir -p $(DATA)
	cd $(DATA) && npm pack --silent $(NPM_PACKAGES) >/dev/null
	cd $(DATA) && sha512sum --check --strict --quiet ../public-data.sha512
	@touch $@

# The same seeds and day make the same patients; one thread, so that they come in one order.
$(DATA)/.stamp-synthea: requirements-public-data.lock $(VENV_STAMP)
	rm -rf $(DATA)/venv $(DATA)/synthea
	$(PYTHON) -m venv $(DATA)/venv
	$(DATA)/venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
		--only-binary :all: -r requirements-public-data.lock
	$(DATA)/venv/bin/synthea --seed 1 --clinician-seed 1 --reference-date $(subst -,,$(DATA_DAY)) \
		--threads 1 --age 40-85 --population $(DATA_PATIENTS) --output $(DATA)/synthea \
		>$(DATA)/synthea.log 2>&1 || { tail -n 20 $(DATA)/synthea.log >&2; exit 1; }
	@touch $@

# --- image -------------------------------------------------------------------------------------

# BASE=stand-in puts a base made of Debian's packages in the pinned one's place (docs/image.md).
BASE       ?=
VERSION    := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml)
IMAGE      := localhost/imaging-order-advisor:$(or $(BASE),$(VERSION))
WITH_IMAGE := deploy/image/with-image.sh $(IMAGE) $(BIN)/python -m

.PHONY: image
image: ## Build the image without a daemon (as root; BASE=stand-in where no registry is reached)
	deploy/image/build.sh $(BASE)

.PHONY: image-check
image-check: $(DEV_STAMP) $(PROJECT_STAMP) image ## Run the built image in a container and prove what docs/image.md says
	$(WITH_IMAGE) pytest deploy/image/test_built_image.py

.PHONY: image-size
image-size: $(DEV_STAMP) $(PROJECT_STAMP) image ## Size of the image by layer, and its time from start to ready
	$(WITH_IMAGE) deploy.image.measure $(ARGS)

.PHONY: sbom
sbom: $(DEV_STAMP) $(PROJECT_STAMP) image ## What is in the image, as CycloneDX in sbom.cdx.json
	$(WITH_IMAGE) deploy.image.sbom --lock requirements.lock > sbom.cdx.json

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
	$(LOCK) --group public-data -o requirements-public-data.lock $(if $(UPGRADE),--upgrade)

LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" .venv-lock/bin/uv pip compile --quiet --no-config \
	--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras

.PHONY: clean
clean: ## Remove the environments, caches and build output
	rm -rf $(VENV) .venv-lock $(DATA) build dist *.egg-info .coverage htmlcov sbom.cdx.json
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find cds_service tests -name __pycache__ -type d -prune -exec rm -rf {} +
