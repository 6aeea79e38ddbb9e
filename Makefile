# Everything about Evenly starts here. A Debian or Ubuntu with python3 (3.11 or later) and make is enough.
# Programs are called as `$(py) -m name`, by relative paths: a space in the folder's name never matters.

PYTHON ?= python3
ARGS ?=
py := .venv/bin/python

# Where this is set, each process would read the whole house anew: five seconds more before the first page.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset test test-fast test-real test-several check bench chaos lock

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

setup: .venv/.ready ## Prepare .venv, and the command .venv/bin/evenly

demo: .venv/.ready ## Start Evenly with a sample book and a pretend world
	@exec $(py) -m portal

demo-reset: .venv/.ready ## Throw the demo's data away
	@$(py) -m portal.commands demo-reset

test: .venv/.tests ## Run all tests on embedded servers (ARGS="-k word" for some)
	@$(py) -m tests.journeys.chromium
	@$(py) -m pytest $(ARGS)

test-fast: .venv/.tests ## Run all but the slow tests, in under 3 minutes on 2 cores
	@$(py) -m pytest -n 2 -m 'not slow' $(ARGS)

test-real: .venv/.tests ## Run all tests on this system's own PostgreSQL and Redis
	@$(py) -m tests.journeys.chromium
	@$(py) -m tests.real $(ARGS)

test-several: .venv/.tests ## Run the journeys with several of everything, PgBouncer and RabbitMQ
	@$(py) -m tests.journeys.chromium
	@$(py) -m tests.several $(ARGS)

check: .venv/.tests ## Lint, types and the floors of the house
	@$(py) -m ruff check .
	@$(py) -m mypy
	@$(py) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

bench: .venv/.tests ## Measure, and say each figure beside its limit
	@$(py) -m benchmarks $(ARGS)

chaos: .venv/.tests ## Rehearse faults: kill -9 everywhere, servers away, events in any order
	@$(py) -m chaos $(ARGS)

lock: .venv/.ready ## Choose new versions, and write them down with their hashes
	@for each in requirements requirements-test requirements-uv; do \
	  $(py) portal/uv.py pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url $$each.in -o $$each.lock || exit 1; done

# The stamp is written last: a try that broke starts over.
.venv/.ready: requirements.lock requirements-uv.lock portal/uv.py
	@command -v $(PYTHON) >/dev/null || { echo 'Evenly needs Python 3.11 or later: apt-get install python3'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Evenly needs Python 3.11 or later: make PYTHON=python3.13 $(MAKECMDGOALS)'; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  line="apt-get install -y --no-install-recommends $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing: $$line"; \
	    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive $$line; } >/dev/null 2>&1 || { echo "That failed. Type it to see why."; exit 1; }; \
	  else echo "Python's venv is incomplete here. Type this once, then make again:"; echo "  sudo $$line"; exit 1; fi; }
	@echo 'Setting up .venv (once, about 10 seconds) ...'
	@rm -rf .venv; $(PYTHON) -m venv .venv
	@$(py) -c 'import os, sys; sys.exit(bool(os.statvfs(".venv").f_flag & os.ST_NOEXEC))' || { \
	  echo 'This disk is mounted noexec: programs may not run here. Clone Evenly elsewhere.'; exit 1; }
	@$(py) -m pip --disable-pip-version-check -q install --require-hashes -r requirements-uv.lock
	@$(py) portal/uv.py pip install -q --require-hashes --only-binary :all: -r requirements.lock
	@printf '%s\n' '#!/bin/sh' 'here=$$(cd "$$(dirname "$$0")/../.." && pwd)' \
	  'PYTHONPATH="$$here" exec "$$here/.venv/bin/python" -P -m portal.commands "$$@"' > .venv/bin/evenly
	@chmod +x .venv/bin/evenly
	@touch $@

.venv/.tests: .venv/.ready requirements-test.lock
	@$(py) portal/uv.py pip install -q --require-hashes --only-binary :all: -r requirements-test.lock
	@touch $@
