# Every target does its own set-up; running one twice is fast.
.DEFAULT_GOAL := help
.PHONY: help setup demo test acceptance-test system-test vm-test check format bench clean

# Without bytecode, every start of fleetctl would compile what it imports: more than a second each.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
# Acceptance tests mostly wait for reboots, leases and drains: more at once than there are cores, and begun first.
TEST_WORKERS ?= 6

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: ## virtual environment, locked dependencies, missing Debian packages
	@scripts/setup

demo: setup ## a building and a hot-water plant, checked, planned and configured on stand-in units
	@scripts/demo

test: ## all tests but the longest (stand-in units and PostgreSQL included)
	@scripts/setup test
	@$(BIN)/python -m compileall -q -j 0 fleetctl bench # or each worker compiles all of it
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

acceptance-test: ## whole evenings in a building: storms, crash after crash, a kit without a network (minutes each)
	@scripts/setup test
	$(BIN)/python -m pytest -m evening -n $(TEST_WORKERS) --dist loadgroup --no-loadscope-reorder

system-test: ## stand-in units with systemd, the real RAUC and disks that lose writes (root; builds a Debian the first time)
	@scripts/setup test system
	$(BIN)/python -m pytest -m system -n 2 --dist loadfile

vm-test: ## virtual machines: boot loader, kernel, updates, power cuts (some 20 minutes; no root or KVM needed)
	@scripts/setup test vm
	$(BIN)/python -m pytest -m vm -n 2 --dist loadfile tests/vm

check: setup ## format, lint, types, layers, YAML, playbooks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	$(BIN)/ansible-lint --offline --strict playbooks

format: setup ## mend what can be mended mechanically
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

bench: setup ## measure against peers; writes docs/benchmarks.md
	$(BIN)/python -m bench.run

clean: ## remove what setup, tests and benchmarks left
	rm -rf .venv .cache build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache bench/.venv
	find . -name __pycache__ -prune -exec rm -rf {} +
