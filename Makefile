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

QGIS_VENV := .venv-qgis
QGIS_INSTALLED := $(QGIS_VENV)/.installed
QGIS_PYTHON := /usr/bin/python3
QGIS_PACKAGES := qgis python3-qgis python3-venv xvfb xauth xdotool imagemagick fonts-noto-cjk qttools5-dev-tools \
	poppler-utils
# The plugin's tests run in QGIS's Python, without the engine's libraries, as in QGIS.
QGIS_RUN := env -u PYTHONHOME PYTHONPATH=/usr/share/qgis/python/plugins GRIDTWIN_PYTHON=$(CURDIR)/$(BIN)/python
QGIS_PYTEST := $(QGIS_VENV)/bin/python -m pytest -c qgis_plugin/pytest.ini

.PHONY: help setup system system-qgis demo test test-engine test-qgis test-plugin check plugin bench bench-qgis docs clean

help:
	@echo "make setup   create $(VENV) and install everything (PYTHON=$(PYTHON))"
	@echo "make demo    divide a real town; results in out/demo"
	@echo "make check   style, types, imports, translations"
	@echo "make test    make check, then all tests, those of the QGIS plugin too"
	@echo "make plugin  the QGIS plugin as a zip in dist/"
	@echo "make bench   benchmarks; make bench-qgis those of the QGIS plugin"
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

# The plugin is tested and packed with a real QGIS. It is large, so only these two install it.
system-qgis:
	@missing=(); \
	for package in $(QGIS_PACKAGES); do \
		[[ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null || true)" == installed ]] || missing+=($$package); \
	done; \
	if (( $${#missing[@]} == 0 )) || ! command -v dpkg-query >/dev/null; then exit 0; fi; \
	if [[ $$(id -u) == 0 ]]; then \
		echo "installing $${missing[*]} (QGIS takes some minutes, once)"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
			"$${missing[@]}" >/dev/null \
		|| echo "could not install $${missing[*]}"; \
	else \
		echo "not installed: $${missing[*]}; to test the QGIS plugin: sudo apt-get install $${missing[*]}"; \
	fi

$(QGIS_INSTALLED): qgis_plugin/requirements.txt
	$(QGIS_PYTHON) -m venv --system-site-packages $(QGIS_VENV)
	$(QGIS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r qgis_plugin/requirements.txt
	@touch $@

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

test: test-engine test-qgis

test-engine: check
	$(BIN)/python -m pytest -n auto

# Where QGIS can be neither found nor installed, the plugin's tests are left out; continuous integration needs them.
test-qgis: setup system-qgis
	@if $(QGIS_PYTHON) -c 'import qgis.core' 2>/dev/null && command -v xvfb-run >/dev/null; then \
		$(MAKE) --no-print-directory test-plugin; \
	elif [[ -n "$${CI:-}" ]]; then \
		echo "the tests of the QGIS plugin need QGIS and Xvfb, and neither was there nor could be installed"; exit 1; \
	else \
		echo "left out: the tests of the QGIS plugin (QGIS or Xvfb is not installed; see above)"; \
	fi

# A mouse at a real window is at the mercy of the machine: a busy one gets three tries.
test-plugin: $(QGIS_INSTALLED)
	@export XDG_RUNTIME_DIR=$$(mktemp -d); trap 'rm -rf "$$XDG_RUNTIME_DIR"' EXIT; \
	QT_QPA_PLATFORM=offscreen $(QGIS_RUN) $(QGIS_PYTEST) qgis_plugin/tests \
		--cov=qgis_plugin/gridtwin_qgis/core --cov-report=term-missing:skip-covered --cov-fail-under=95; \
	$(QGIS_RUN) $(QGIS_PYTEST) -p no:pytest_qgis --reruns 2 qgis_plugin/window_tests

plugin: setup system-qgis $(QGIS_INSTALLED)
	GRIDTWIN_PYTHON=$(CURDIR)/$(BIN)/python $(QGIS_VENV)/bin/python qgis_plugin/build.py --out dist

bench: setup
	$(BIN)/python -m benchmarks

bench-qgis: setup system-qgis $(QGIS_INSTALLED)
	@for benchmark in latency drag atlas; do \
		QT_QPA_PLATFORM=offscreen $(QGIS_RUN) $(QGIS_VENV)/bin/python qgis_plugin/benchmarks/$$benchmark.py; \
	done

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -f qgis_plugin/gridtwin_qgis/i18n/zh.ts qgis_plugin/gridtwin_qgis/i18n/zh.qm
	rm -rf out site dist .coverage qgis_plugin/.pytest_cache qgis_plugin/.qgis-settings .ruff_cache .mypy_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
