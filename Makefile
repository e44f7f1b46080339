# make run    render a town, train two networks on it, draw what they see
# make test   the test suite
# make lint   what each commit must pass
# All set up .venv first, from requirements.lock. Nothing else is needed but
# Python 3.11 to 3.13.

PYTHON ?= python3
VENV   ?= .venv
PRESET ?= default
OUT    ?= runs/notebook

export TF_CPP_MIN_LOG_LEVEL ?= 3
# Keeps what the framework writes to the terminal at its start out of the notebook.
export IPYTHONDIR := $(abspath $(VENV))/ipython

.PHONY: run test lint ruff-check ruff-format mypy notebook lock clean
.DELETE_ON_ERROR:

run: $(VENV)/ready
	@mkdir -p $(OUT)
	$(VENV)/bin/papermill Code/train_network.ipynb $(OUT)/train_network.ipynb \
	    --cwd Code -p PRESET $(PRESET) --log-output --no-progress-bar
	@echo "Executed notebook: $(OUT)/train_network.ipynb"

# Two processes, no more: each grows to 3 GB.
test: $(VENV)/ready
	$(VENV)/bin/python -m pytest -n logical --maxprocesses 2 --dist worksteal

# Also the hooks of .pre-commit-config.yaml, one by one.
lint: ruff-check ruff-format mypy

ruff-check: $(VENV)/ready
	$(VENV)/bin/ruff check .

ruff-format: $(VENV)/ready
	$(VENV)/bin/ruff format --check .

mypy: $(VENV)/ready
	$(VENV)/bin/mypy

# The notebook as it is committed: one clean run of its default form.
notebook: $(VENV)/ready
	rm -rf Code/Runs/scenes_default
	cd Code && $(abspath $(VENV))/bin/jupyter nbconvert --to notebook --inplace \
	    --execute --ExecutePreprocessor.record_timing=False \
	    train_network.ipynb
	$(VENV)/bin/python docs/make/small_notebook.py

# Needs uv (pip install uv); run after a change to the ranges in pyproject.toml.
lock:
	uv pip compile pyproject.toml --universal --upgrade --no-annotate \
	    --extra notebook --extra export --extra dev --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV) runs Code/Data Code/Data_compressed Code/Runs

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else "segnet needs Python 3.11 to 3.13, and this is %d.%d; name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --disable-pip-version-check -r requirements.lock
	$(VENV)/bin/python -m pip install --disable-pip-version-check --no-deps -e .
	@mkdir -p $(VENV)/ipython/profile_default
	@echo 'c.IPKernelApp.capture_fd_output = False' \
	    > $(VENV)/ipython/profile_default/ipython_kernel_config.py
	@touch $@
