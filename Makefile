# One place for every command. `make help` lists them.
# Nothing here needs Docker, an AWS account, or a network beyond the package registries.

PYTHON ?= python3
VENV := .venv
TOOLS := .venv-tools
CHECKOV := .venv-checkov
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Two workers suit the smallest machine; a file's tests stay together, since they share a local AWS.
PYTEST_ARGS ?= --numprocesses 2 --dist loadfile
MACHINES := $(notdir $(wildcard statemachine/*.asl.json))
RENDERED := .aws-sam/definitions
PERMISSIONS := .local/permissions
# SAM CLI has an environment of its own, and must not see the packages of another.
SAM := env -u PYTHONPATH -u VIRTUAL_ENV SAM_CLI_TELEMETRY=0 $(TOOLS)/bin/sam

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- environments -----------------------------------------------------------

$(VENV)/.ready: requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; set PYTHON=…" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(UV) pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS)/.ready: $(VENV)/.ready requirements/tools.txt package.json package-lock.json
	@test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	@$(UV) pip sync --quiet --python $(TOOLS)/bin/python --require-hashes requirements/tools.txt
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

$(CHECKOV)/.ready: $(VENV)/.ready requirements/checkov.txt
	@test -x $(CHECKOV)/bin/python || $(PYTHON) -m venv $(CHECKOV)
	@$(UV) pip sync --quiet --python $(CHECKOV)/bin/python --require-hashes requirements/checkov.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready ## install what run and test need into .venv

.PHONY: lock
lock: $(VENV)/.ready ## lock every dependency again, with hashes and without hosts
	requirements/lock $(UV)

# --- what people do ---------------------------------------------------------

.PHONY: run
run: $(VENV)/.ready ## the whole lifecycle, end to end, on the local AWS
	@$(BIN)/lifecycle run --local --input statemachine/inputs/round-trip.json

.PHONY: test
test: $(VENV)/.ready $(TOOLS)/.ready ## every test
	@# moto's account is one a process: whole lifecycles share theirs, and no other test may reset it.
	@$(BIN)/python -m pytest $(PYTEST_ARGS) --ignore tests/embedded tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS) tests/embedded

.PHONY: fuzz
fuzz: $(VENV)/.ready ## bad input: inputs, events, zips, providers, answers, tokens; prints what was tried
	@FUZZ=full $(BIN)/python -m pytest $(PYTEST_ARGS) --show-capture no tests/fuzz

.PHONY: matrix
matrix: $(VENV)/.ready ## every AWS call of every function gone wrong, and what is left; MATRIX_ARGS=--sample 50: a part
	@MATRIX=all $(BIN)/python -m pytest $(PYTEST_ARGS) -k failing_calls tests/functions/lifecycle
	@$(BIN)/python -m tests.matrix --write $(MATRIX_ARGS)

.PHONY: bench
bench: $(VENV)/.ready ## measure speed and size, and write docs/performance.md; BENCH="polling …": a part
	@$(BIN)/python -m benchmarks $(BENCH)

.PHONY: check
check: $(VENV)/.ready $(TOOLS)/.ready $(CHECKOV)/.ready ## formatter, linter, types, imports, sizes, template, images, locks
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.checks.imports
	@$(BIN)/python -m tests.checks.sizes
	@$(BIN)/python -m tests.checks.locks
	@$(BIN)/python -m tests.checks.sdk
	@$(BIN)/python -m docs.pictures.generate --check
	@$(BIN)/python -m tests.checks.supply.images
	@$(BIN)/python -m tests.checks.supply.sbom --check
	@$(BIN)/python -m tests.checks.supply.template
	@$(BIN)/python docs/readings_table.py --check
	@$(BIN)/python docs/cost_table.py --check
	@$(BIN)/python docs/sample_events.py --check
	@$(BIN)/python -m tests.foreign.engines.lint_template
	@$(SAM) validate --lint --region us-east-1
	@$(BIN)/python -m tests.checks.render_definitions $(RENDERED)
	@PATH="$(CURDIR)/$(TOOLS)/bin:$$PATH" node_modules/.bin/asl-validator \
	  $(foreach folder,statemachine $(RENDERED),$(foreach name,$(MACHINES),--json-path $(folder)/$(name)))

.PHONY: audit
audit: $(VENV)/.ready $(TOOLS)/.ready ## ask for known vulnerabilities of what is locked; needs the network
	@$(BIN)/python -m tests.checks.supply.audit

.PHONY: sbom
sbom: $(VENV)/.ready $(TOOLS)/.ready ## write the bills of materials of what ships
	@$(BIN)/python -m tests.checks.supply.sbom

.PHONY: permissions
permissions: $(VENV)/.ready $(TOOLS)/.ready ## judge every call of the whole lifecycles, and find what is allowed in vain
	@rm -rf $(PERMISSIONS)
	@PERMISSIONS_FOLDER=$(CURDIR)/$(PERMISSIONS) $(BIN)/python -m pytest $(PYTEST_ARGS) tests/embedded
	@$(BIN)/python -m tests.foreign.engines.permissions $(PERMISSIONS)

.PHONY: prove
prove: $(VENV)/.ready $(TOOLS)/.ready ## prove the claims in your AWS account; PROVE_ARGS=--local: on a local AWS
	@$(BIN)/lifecycle prove $(PROVE_ARGS)

.PHONY: pictures
pictures: $(VENV)/.ready ## draw the pictures of the documentation again
	@$(BIN)/python -m docs.pictures.generate

.PHONY: screenshots
screenshots: $(VENV)/.ready $(TOOLS)/.ready ## photograph the console on a local AWS; look at the pictures afterwards
	@$(BIN)/python -m docs.pictures.console

.PHONY: build
build: $(VENV)/.ready $(TOOLS)/.ready ## sam build: what sam deploy would upload, for arm64, with bytecode
	@.ci/with-python 3.13 $(SAM) build
	@.ci/with-python 3.13 python3.13 .ci/byte_compile.py .aws-sam/build
	@$(BIN)/python -m tests.checks.package

.PHONY: sam-local
sam-local: $(VENV)/.ready $(TOOLS)/.ready ## sam local with a container engine, against a local AWS; needs Docker
	@.ci/with-python 3.13 $(BIN)/python -m tests.foreign.sam_local $(SAM_LOCAL_ARGS)

.PHONY: clean
clean: ## remove what can be made again: environments, caches, builds, state of the local AWS
	@rm -rf $(VENV) $(TOOLS) $(CHECKOV) node_modules .aws-sam .local .mypy_cache .ruff_cache .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
