# Two commands on a fresh machine: `make demo` and `make test`. VENV=path puts the environment elsewhere.
VENV ?= .venv
BIN = $(VENV)/bin
PYTHONS ?= 3.10 3.11 3.12 3.13
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test test-pythons test-lowest lint docs format clean

demo: $(VENV)/.demo
	@$(BIN)/python netx_models/digits/demo.py

test: $(VENV)/.dev
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site in docs/_build/html; a warning or an example that gives something else is an error.
docs: $(VENV)/.dev
	$(BIN)/python -m sphinx -q -W --keep-going -d docs/_build/trees -b html docs docs/_build/html
	$(BIN)/python -m sphinx -q -W --keep-going -d docs/_build/trees -b doctest docs docs/_build/doctest

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The base install alone, on every Python that is found here.
test-pythons:
	@for version in $(PYTHONS); do \
	    python=$$(.ci/find-python $$version 2>/dev/null) || { echo "Python $$version: not here, skipped"; continue; }; \
	    echo "Python $$version"; \
	    $$python -m venv $(VENV)-$$version && \
	    $(VENV)-$$version/bin/python -m pip install --quiet --disable-pip-version-check -e . pytest hypothesis && \
	    $(VENV)-$$version/bin/python -m pytest tests/base || exit 1; \
	done

# The base with the lowest versions that pyproject.toml allows, on the oldest and the newest Python;
# on the oldest the exporters too, without torch.
BOUNDS ?= 3.10 3.13
PARTS = '.[onnx,nir,report,dask]' safetensors scikit-learn scipy skl2onnx
test-lowest:
	@for version in $(BOUNDS); do \
	    python=$$(.ci/find-python $$version 2>/dev/null) || { echo "Python $$version: not here, skipped"; continue; }; \
	    echo "Python $$version, lowest versions"; \
	    venv=$(VENV)-$$version-lowest; parts=.; suites=tests/base; \
	    [ $$version != 3.10 ] || { parts="$(PARTS)"; suites="tests/base tests/exporters"; }; \
	    $$python -m venv $$venv && \
	    $$venv/bin/python -m pip install --quiet --disable-pip-version-check packaging tomli && \
	    $$venv/bin/python .ci/lowest.py > $$venv/lowest.txt && \
	    eval $$venv/bin/python -m pip install --quiet --disable-pip-version-check \
	        -c $$venv/lowest.txt pytest hypothesis -e "$$parts" && \
	    $$venv/bin/python -m pytest $$suites || exit 1; \
	done

$(VENV)/bin/python:
	@python=$$(.ci/find-python 3.10) && $$python -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the demo needs into $(VENV)"
	@$(PIP) -e '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "Installing everything into $(VENV) (lava-dl and its torch: several GB)"
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) $(addprefix $(VENV)-,$(PYTHONS) $(addsuffix -lowest,$(BOUNDS))) build docs/_build *.egg-info
