# Everything installs into .venv; nothing needs root. `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test editors-test lint lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/ready  ## explain a function of examples/ in the terminal
	@if [ -t 0 ] && [ -t 1 ] && ! $(BIN)/qwlsp model path >/dev/null 2>&1; then \
		$(BIN)/qwlsp model pull || true; fi
	$(BIN)/qwlsp explain examples/sales_report.py:48

# Most of a test's time is waiting for a process, so there are more workers than cores. The tests
# of a file share servers and models, so they stay together.
test: lint  ## lint, then run all tests but the slow ones
	$(BIN)/python -m pytest -m "not slow and not editor" --numprocesses 3 --dist loadfile

# Editors are fetched once, into a folder outside the repository.
export QWLSP_EDITORS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/qwlsp/editors

editors-test: $(VENV)/ready  ## fetch Neovim, VS Code, Emacs and Helix, and run the tests in them
	tests/editors/setup_nvim.sh
	tests/editors/setup_nvim.sh $(QWLSP_EDITORS)/nvim-0.10 trixie
	tests/editors/setup_others.sh
	tests/editors/setup_vscode.sh
	$(BIN)/python -m pytest -m editor tests/editors

lint: $(VENV)/ready  ## check style, types and the layers' dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:  ## pin the newest versions that pyproject.toml allows
	.ci/lock $(PYTHON)

clean:  ## remove what was installed here
	rm -rf $(VENV)

# Each file marks a step that is done; a step is done again when what it reads has changed.
$(VENV)/ready: $(VENV)/packages $(VENV)/llama pyproject.toml
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/llama: $(VENV)/packages .ci/llama-cpp-python.txt
	.ci/install-llama $(BIN)/python
	@touch $@

$(VENV)/packages: $(VENV)/created .ci/requirements.txt
	$(BIN)/pip install --quiet --require-hashes --requirement .ci/requirements.txt
	@touch $@

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python 3.10 or newer is needed, this is %d.%d" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	@touch $@
