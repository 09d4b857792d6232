# Everything a person or a machine runs over the code. `make` alone lists it.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
PYTHON ?= # empty: tools/find-python chooses
PIP = -m pip --disable-pip-version-check install --quiet --quiet --retries 10 --constraint constraints.txt
PACKAGES := $(patsubst %/pyproject.toml,%,$(wildcard packages/*/pyproject.toml)) # of models, which no user needs
SOURCES := $(shell find src recipes -type f ! -name '*.pyc')

.PHONY: help demo install test lint format docs report page clean distclean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1 — /p' $(MAKEFILE_LIST)

demo: .venv-demo/installed ## a minute of new music in demo/: MIDI, sound and a picture (no torch, about 200 MB)
	@mkdir -p demo
	.venv-demo/bin/antiphon generate --seconds 60 --seed 1 -o demo/antiphon.mid -o demo/antiphon.wav -o demo/antiphon.svg

install: .venv/installed ## .venv with every extra, for developers

test: .venv/installed ## lint, types, import contracts and tests
	@tools/system-packages .venv/bin/python
	@$(MAKE) lint
	.venv/bin/python -m pytest --numprocesses auto -m "not realtime" $(ARGS)
	.venv/bin/python -m pytest -m realtime $(ARGS)

lint: .venv/installed ## ruff, mypy and import-linter
	.venv/bin/ruff check --quiet
	.venv/bin/ruff format --check --quiet
	.venv/bin/mypy --no-error-summary
	.venv/bin/lint-imports --no-logo
	.venv/bin/python benchmarks/tables.py --check

format: .venv/installed ## put every file in ruff's format
	.venv/bin/ruff check --fix --quiet
	.venv/bin/ruff format --quiet

docs: .venv/installed ## write docs/cli.md and the README's tree again from the code
	.venv/bin/python tools/docs.py

# All models that ship, and those in models/; what was measured before is kept, so a second time takes seconds.
MODELS ?= $(patsubst %/meta.json,%,$(wildcard src/antiphon/pretrained/*/meta.json packages/*/src/*/*/meta.json models/*/meta.json))
CORPUS ?= corpora/maestro

report: .venv/installed ## the laboratory's page in build/report: MODELS against CORPUS's validation split
	.venv/bin/antiphon compare $(MODELS) --corpus $(CORPUS) --split validation -o build/report

page: ## check, test and build the studio's page again from web/ (needs node 20; the build is committed)
	cd web && npm ci --no-audit --no-fund && npm run check && npm test && npm run build

clean: ## remove the demo and all caches
	rm -rf demo .venv-demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests tools benchmarks -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## clean, and remove .venv
	rm -rf .venv

# Editable, so that edits need no second install; only new dependencies do.
.venv/installed: pyproject.toml constraints.txt $(PACKAGES:%=%/pyproject.toml)
	@tools/make-venv .venv $(PYTHON)
	@echo "Installing Antiphon with every extra into .venv (1.6 GB with torch; a minute or more) …"
	@.venv/bin/python $(PIP) --editable '.[all]' $(PACKAGES:%=--editable %)
	@touch $@

# A plain install, as a user has it: what is missing from the wheel is missing here too.
.venv-demo/installed: pyproject.toml constraints.txt $(SOURCES)
	@tools/make-venv .venv-demo $(PYTHON)
	@echo "Installing Antiphon into .venv-demo …"
	@.venv-demo/bin/python $(PIP) .
	@touch $@
