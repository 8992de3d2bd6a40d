# Everything starts here: `make help` lists it, `make demo` and `make test` need
# nothing but git, make, Python and root on a Debian or Ubuntu machine.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# All steps of one `make` count their time from here.
export TRACER_STARTED := $(or $(TRACER_STARTED),$(shell date +%s))
# devcluster: a cluster of our own; current: the current kube context.
export CLUSTER ?= devcluster
# Where `CLUSTER=current` finds the images: REGISTRY/tracer-operator and so on.
export IMAGE_REGISTRY ?=

PY := .venv/bin/python
LOCK := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
# The images run no command line: the packages that only it imports stay out of their
# locks. `rich` and what it needs are in the runtime for another reason: bentoml.
NO_CLI := $(addprefix --no-emit-package ,typer annotated-doc shellingham)
NO_RICH := $(addprefix --no-emit-package ,rich markdown-it-py mdurl pygments colorama)
ELAPSED = source scripts/say.sh && say

.PHONY: help
help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / {printf "  %-13s %s\n", $$1, $$2}' Makefile

##@ The two commands of the README

.PHONY: demo
demo: venv ## A certified surrogate takes over real traffic, on a real cluster
	@$(PY) -m examples.demo

.PHONY: test
test: check slow conformance cluster-up ## Check, statistics, API, chart and a whole rollout on a real cluster
	@$(ELAPSED) "tests on a real cluster, and the statistical ones"
	@$(PY) -m pytest -q -m "cluster or statistical" tests

##@ Parts of them

.PHONY: venv
venv: .venv/ready ## The Python environment, from the locked requirements

.venv/ready: requirements/bootstrap.lock requirements/dev.lock pyproject.toml scripts/bootstrap.sh
	@scripts/bootstrap.sh

.PHONY: check
check: lint type unit ## Format, lint, types, layers, unit and repository tests
	@$(ELAPSED) "check passed"

.PHONY: lint
lint: venv ## Format, lint, layers and language
	@$(ELAPSED) "format, lint, layers and language"
	@.venv/bin/ruff format --check --quiet . || { .venv/bin/ruff format --diff --quiet .; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/lint-imports --no-cache >.venv/layers.log || { cat .venv/layers.log; exit 1; }
	@$(PY) -m scripts.prose_lint

.PHONY: type
type: venv ## Types, strictly
	@$(ELAPSED) "types"
	@.venv/bin/mypy --no-error-summary

.PHONY: unit
unit: venv ## Unit and repository tests
	@$(ELAPSED) "unit and repository tests"
	@$(PY) -m pytest -q -n auto --maxprocesses 8 --dist loadfile \
		-m "not cluster and not statistical and not slow" tests

.PHONY: slow
slow: venv ## Unit tests that take seconds each: processes, waits, many examples
	@$(ELAPSED) "slow unit tests"
	@$(PY) -m pytest -q -n auto --maxprocesses 8 --dist loadfile -m slow tests

# Makes BLAS and NumPy compute as on a processor without AVX-512. NumPy ignores names
# of features that the processor does not have.
AVX2 := OPENBLAS_CORETYPE=Haswell NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR"

.PHONY: test-avx2
test-avx2: venv ## Unit and slow tests of learning and deciding, without AVX-512
	@$(ELAPSED) "tests without AVX-512"
	@$(AVX2) $(PY) -m pytest -q -n auto --maxprocesses 8 --dist loadfile \
		-m "not cluster and not statistical" \
		$(addprefix tests/unit/tracer_bentos/,training surrogate bundle verification serving/decision)

.PHONY: conformance
conformance: venv ## Official clients cannot tell a router from the teacher
	@scripts/conformance.sh

.PHONY: statistical
statistical: venv ## Seeded repeats: do certificates hold as often as they say?
	@$(PY) -m pytest -q -m statistical tests

.PHONY: api
api: cluster-up ## The API on a real API server
	@$(PY) -m pytest -q -m cluster tests/api

.PHONY: chart
chart: cluster-up ## The chart on a real API server
	@$(PY) -m pytest -q -m cluster tests/chart

.PHONY: e2e
e2e: cluster-up ## End to end on a real cluster
	@$(PY) -m pytest -q -m cluster tests/e2e

.PHONY: images
images: cluster-up ## The images, loaded into the cluster
	@$(PY) -m examples.demo.images

.PHONY: cluster-up
cluster-up: venv ## Start the cluster; idempotent
	@[ "$(CLUSTER)" = current ] || $(PY) -m devcluster up

.PHONY: cluster-down
cluster-down: venv ## Stop the cluster and leave nothing behind
	@$(PY) -m devcluster down

.PHONY: generate
generate: venv ## CRDs, their chart copy and the reference pages, from the models
	@$(PY) -m tracer_router.api.crd

.PHONY: verify
verify: generate ## Fail when generated files were not current
	@git diff --exit-code -- crds charts/tracer-router/crds docs/reference

.PHONY: bench
bench: venv ## The benchmarks, each with its table
	@for each in benchmarks/*.py; do $(ELAPSED) "$$each"; $(PY) "$$each"; done
	@$(ELAPSED) "the data plane, short form"; $(PY) -m benchmarks.dataplane --short
	@$(ELAPSED) "false certificates in seeded worlds"; $(PY) -m benchmarks.certificates.worlds --runs 1000
	@$(ELAPSED) "the rollout rule, short form"; $(PY) -m benchmarks.rollout 500
	@$(ELAPSED) "the cost curve of the demo's questions"; $(PY) -m benchmarks.cost_curve "the demo"

.PHONY: lock
lock: venv ## Resolve the requirements anew; the only target that changes a version
	@$(ELAPSED) "resolving"
	@echo uv | $(LOCK) - -o requirements/bootstrap.lock
	@$(LOCK) pyproject.toml --extra operator $(NO_CLI) $(NO_RICH) -o requirements/operator.lock
	@$(LOCK) pyproject.toml --extra train --extra serve --extra tracing --extra dask --extra onnx \
		$(NO_CLI) -o requirements/runtime.lock
	@$(LOCK) pyproject.toml --all-extras -o requirements/dev.lock
	@$(LOCK) requirements/conformance.in -o requirements/conformance.lock
	@$(LOCK) examples/recorded_teacher/requirements.in -c requirements/runtime.lock \
		-o examples/recorded_teacher/requirements.lock

.PHONY: clean
clean: ## Remove what was built in this folder; caches elsewhere stay
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
