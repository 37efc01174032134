# `make demo` shows GridTwin, `make test` proves it; both first make what they need.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WARM := $(VENV)/.warm
KERNELS := gridtwin/jit.py $(shell find gridtwin -name 'kernel*.py')

.PHONY: help setup system demo test check bench docs clean

help:
	@echo "make setup   create $(VENV) and install everything (PYTHON=$(PYTHON))"
	@echo "make demo    divide a real town; results in out/demo"
	@echo "make check   style, types, imports, translations"
	@echo "make test    make check, then all tests"
	@echo "make bench   benchmarks"
	@echo "make docs    documentation in site/"
	@echo "make clean   remove results and caches; $(VENV) stays"

setup: system $(WARM)

# The browser tests need Chromium, and Chinese labels in pictures need a font that has them.
system:
	@missing=(); \
	command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium); \
	[[ -n "$$(fc-list :lang=zh family 2>/dev/null || true)" ]] || missing+=(fontconfig fonts-wqy-microhei); \
	if (( $${#missing[@]} == 0 )); then exit 0; fi; \
	if [[ $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
		echo "installing $${missing[*]}"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			"$${missing[@]}" >/dev/null \
		|| echo "could not install $${missing[*]}; the tests of maps in a browser need them"; \
	else \
		echo "not installed: $${missing[*]}. The tests of maps in a browser need them; install them with your"; \
		echo "package manager, for example: sudo apt-get install $${missing[*]}"; \
	fi

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else \
		f"GridTwin needs Python 3.11 to 3.13, and $(PYTHON) is {sys.version.split()[0]}; try make PYTHON=python3.11")'
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		if [[ $$(id -u) == 0 ]] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null; \
		else \
			echo "$(PYTHON) cannot make virtual environments; install them: sudo apt-get install python3-venv"; exit 1; \
		fi; \
	fi
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[demo,parquet,dev]"
	@touch $@

# Compiled once here, the kernels start at once in every later run.
$(WARM): $(INSTALLED) $(KERNELS)
	$(BIN)/python -m gridtwin doctor --warm-up
	@touch $@

demo: setup
	$(BIN)/gridtwin demo --out out/demo --overwrite

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/translations.py --check

test: check
	$(BIN)/python -m pytest -n auto

bench: setup
	$(BIN)/python -m benchmarks

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf out site dist .coverage .ruff_cache .mypy_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
