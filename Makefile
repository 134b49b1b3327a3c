# Each target sets up what it needs on a fresh machine with Python 3.10 or newer.
PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
CHROMIUM = $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.DEFAULT_GOAL = help
.PHONY: help app test test-browser check format

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

app: $(VENV)/.app ## the page on http://127.0.0.1:7860; flags: make app ARGS="--port 8000"
	$(VENV)/bin/python app_gradio.py $(ARGS)

test: $(VENV)/.dev ## all tests but those in a browser; some: make test ARGS="tests/text -x"
	$(VENV)/bin/python -m pytest -m "not browser" $(ARGS)

test-browser: $(VENV)/.dev ## the page's tests in Chromium; where there is none, what was not tested
ifneq ($(CHROMIUM),)
	BROWSER_REQUIRED=1 $(VENV)/bin/python -m pytest -m browser $(ARGS)
else
	$(VENV)/bin/python -m pytest -m browser $(ARGS)
	@echo "NOT TESTED: the page in a browser, for there is no Chromium on PATH (on Debian: apt-get install chromium)"
endif

check: $(VENV)/.dev ## ruff (rules and format) and mypy
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy

format: $(VENV)/.dev ## ruff, mending what it can
	$(VENV)/bin/python -m ruff check --fix .
	$(VENV)/bin/python -m ruff format .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "$(PYTHON) is older than Python 3.10; use make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) torch
	$(PIP) -e '.[app]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) torch
	$(PIP) -e '.[dev]'
	@touch $@
