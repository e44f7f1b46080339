# make run    render a town, train two networks on it, draw what they see;
#             make run PRESET=smoke is the quickest look
# make lab    the same notebook in the browser, to change and to run cell by cell
# make test   the test suite
# make lint   what each commit must pass
# make test-demo   the tests of segnet demo, whose packages are not in .venv
# All set up .venv first, from requirements.lock. Nothing else is needed but
# Python 3.11 to 3.13.

PYTHON ?= python3
VENV   ?= .venv
PRESET ?= default
OUT    ?= runs/notebook
PIP     = $(VENV)/bin/python -m pip install --disable-pip-version-check

# Keeps what the framework writes to the terminal at its start out of the notebook.
export IPYTHONDIR := $(abspath $(VENV))/ipython

.PHONY: run lab test test-demo lint ruff-check ruff-format mypy notebook lock clean
.DELETE_ON_ERROR:

# Everything it makes lies in OUT.
run: $(VENV)/ready
	@echo "Running the notebook with PRESET=$(PRESET). On two cores smoke takes 1 to 3"
	@echo "minutes, default 4 to 10 and 0.1 GB, full hours."
	@mkdir -p $(OUT)
	$(VENV)/bin/papermill Code/train_network.ipynb $(OUT)/train_network.ipynb \
	    --cwd $(OUT) -p PRESET $(PRESET) --log-output --no-progress-bar
	$(VENV)/bin/jupyter nbconvert --to html --log-level ERROR $(OUT)/train_network.ipynb
	@echo
	@echo "Open this page:     $(abspath $(OUT))/train_network.html"
	@echo "Executed notebook:  $(abspath $(OUT))/train_network.ipynb"
	@echo "Runs and pictures:  $(abspath $(OUT))/Runs"

# On a copy, which stays when it is there: the tracked file keeps its outputs.
lab: $(VENV)/ready
	@mkdir -p $(OUT)
	@test -e $(OUT)/lab.ipynb || cp Code/train_network.ipynb $(OUT)/lab.ipynb
	$(VENV)/bin/jupyter lab $(OUT)/lab.ipynb

# Two processes, no more: each grows to 3 GB.
test: $(VENV)/ready
	$(VENV)/bin/python -m pytest -n logical --maxprocesses 2 --dist worksteal

# Gradio allows no Pillow 13, so it has an environment of its own on top of .venv.
test-demo: $(VENV)-demo/ready
	$(VENV)-demo/bin/python -m pytest tests/test_demo.py

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
	rm -rf runs/commit
	mkdir -p runs/commit
	cp Code/train_network.ipynb runs/commit
	cd runs/commit && $(abspath $(VENV))/bin/jupyter nbconvert --to notebook --inplace \
	    --execute --ExecutePreprocessor.record_timing=False \
	    train_network.ipynb
	cp runs/commit/train_network.ipynb Code
	$(VENV)/bin/python docs/make/small_notebook.py

# Needs uv (pip install uv); run after a change to the ranges in pyproject.toml.
lock:
	uv pip compile pyproject.toml --universal --upgrade --no-annotate \
	    --extra notebook --extra export --extra dev --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV) $(VENV)-demo runs Code/Data Code/Data_compressed Code/Runs

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else "segnet needs Python 3.11 to 3.13, and this is %d.%d; name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" % v[:2])'
	@echo "Installing $$(grep -c == requirements.lock) packages into $(VENV): about 3.6 GB of disk, 5 to 10 minutes."
	@echo "What pip says is in $(abspath $(VENV))/pip.log"
	$(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements.lock > $(VENV)/pip.log 2>&1 || { tail -n 20 $(VENV)/pip.log; exit 1; }
	@$(PIP) --no-deps -e . >> $(VENV)/pip.log 2>&1 || { tail -n 20 $(VENV)/pip.log; exit 1; }
	@mkdir -p $(VENV)/ipython/profile_default
	@echo 'c.IPKernelApp.capture_fd_output = False' \
	    > $(VENV)/ipython/profile_default/ipython_kernel_config.py
	@touch $@

$(VENV)-demo/ready: $(VENV)/ready
	$(PYTHON) -m venv $(VENV)-demo
	$(VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	    > $$($(VENV)-demo/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/base.pth
	$(VENV)-demo/bin/python -m pip install --disable-pip-version-check -e '.[demo]'
	@touch $@
