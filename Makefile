# All that a fresh machine needs is make and Python 3.11 or newer; the rest goes into .venv.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CODE := tlcore tests tools bench/engine bench/race bench/support bench/faulting $(wildcard conftest.py app.py setup.py pages/*.py bench/*.py)
BROWSERS := chromium chromium-browser google-chrome google-chrome-stable chrome
WORKERS := -n 2 --dist loadfile
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11 python)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run serve test quick check browser clean

help:  ## Say what can be made
	@awk -F ':.*##' '/^[a-z]+:.*##/ {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "PYTHON=python3.12 with any of these says which Python a new .venv is made with."

run: $(VENV)/lab.installed  ## Install what is missing and open the lab in the browser, for this machine alone
	$(BIN)/python -m streamlit run app.py

serve: $(VENV)/lab.installed  ## Open the lab to a class; ARGS="--port 80" as python -m tlcore serve takes them
	$(BIN)/python -m tlcore serve $(ARGS)

test: check  ## Check, then run every test; ARGS="-k freeze" picks some
	$(call once_more,$(WORKERS) -m "not browser" $(ARGS))
	$(call once_more,-m browser $(ARGS))

# Clocks and processes may fail on a busy machine: what failed runs once more, by itself, and is named. What fails
# twice fails.
define once_more
$(BIN)/python -m pytest -rs $(1) || [ $$? = 5 ] || \
    $(BIN)/python -m pytest -rA --last-failed --last-failed-no-failures none -m "" $(ARGS)
endef

quick: $(VENV)/tests.installed  ## Run what needs neither a browser nor real processes
	$(BIN)/python -m pytest -rs $(WORKERS) -m "not browser and not processes" $(ARGS)

check: $(VENV)/tests.installed  ## Style and types only
	$(BIN)/python -m ruff check $(CODE)
	$(BIN)/python -m ruff format --check $(CODE)
	$(BIN)/python -m mypy $(CODE)

clean:  ## Remove .venv and every cache; runs, data and weights in .thaw stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Exactly what was tested, each file with its sum. Ranges, for whoever has an index of their own, are in
# requirements.txt; python bench/supply.py lock resolves them anew.
$(VENV)/lab.installed: requirements.lock requirements.txt $(BIN)/python
	@echo "Installing the lab into $(VENV): once, some minutes, up to 7 GB with GPU libraries."
	$(BIN)/python bench/supply.py wanted > $(VENV)/wanted.txt
	$(PIP) install --require-hashes -r $(VENV)/wanted.txt
	@touch $@

$(VENV)/tests.installed: requirements-dev.txt requirements-ship.txt $(VENV)/lab.installed
	$(PIP) install -r requirements-dev.txt
	@$(MAKE) --no-print-directory browser
	@touch $@

# Tests of the pages drive a real Chromium: the system's own, put there where that is allowed.
browser:  ## Install the browser that the tests drive, if there is none
	@for name in $(BROWSERS); do command -v "$$name" >/dev/null && exit 0; done; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -q && \
	    apt-get install -qy --no-install-recommends chromium fonts-dejavu-core fonts-noto-color-emoji; \
	then exit 0; fi; \
	printf '\n%s\n%s\n\n' "NO BROWSER: the tests of the pages in a real browser will be skipped." \
	    "Install Chromium (Debian, Ubuntu: sudo apt install chromium), then: make browser test" >&2

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
