# All that a fresh machine needs is make and Python 3.11 or newer; the rest goes into .venv.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CODE := tlcore tests $(wildcard conftest.py app.py pages/*.py bench/*.py docs/*.py)
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check clean

help:  ## Say what can be made
	@awk -F ':.*##' '/^[a-z]+:.*##/ {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "PYTHON=python3.12 with any of these says which Python a new .venv is made with."

run: $(VENV)/lab.installed  ## Install what is missing and open the lab in the browser
	$(BIN)/python -m streamlit run app.py

test: check  ## Check, then run every test; ARGS="-k freeze" picks some
	$(BIN)/python -m pytest -rs $(ARGS)

check: $(VENV)/tests.installed  ## Style and types only
	$(BIN)/python -m ruff check $(CODE)
	$(BIN)/python -m ruff format --check $(CODE)
	$(BIN)/python -m mypy $(CODE)

clean:  ## Remove .venv and every cache; runs, data and weights in .thaw stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/lab.installed: requirements.txt $(BIN)/python
	@echo "Installing the lab into $(VENV): once, some minutes, up to 7 GB with GPU libraries."
	$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/tests.installed: requirements-dev.txt $(VENV)/lab.installed
	$(PIP) install -r requirements-dev.txt
	@touch $@

# A Python that is too old, or that a distribution ships without venv, is passed over.
$(BIN)/python:
	@for python in $(CANDIDATES); do \
	    if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	        2>/dev/null; then exec "$$python" -m venv --clear $(VENV); fi; \
	done; \
	echo "Thaw needs Python 3.11 or newer with its venv module, and none of these is one:" \
	    "$(CANDIDATES). Install it (Debian, Ubuntu: apt install python3 python3-venv)" \
	    "or name another: make run PYTHON=/path/to/python3" >&2; \
	exit 1
