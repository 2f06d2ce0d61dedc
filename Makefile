# Two commands on a fresh machine: `make demo` and `make test`. VENV=path puts the environment elsewhere.
VENV ?= .venv
BIN = $(VENV)/bin
PYTHONS ?= 3.10 3.11 3.12 3.13
INSTALL = -m pip install --quiet --disable-pip-version-check --no-compile
PIP = $(BIN)/python $(INSTALL)

# Tests in WORKERS processes, each with one thread for matrix products. Lava's have processes of their own: a fork is
# slow where torch is loaded.
WORKERS ?= 2
TESTS = -m pytest -n $(WORKERS) --dist worksteal
test test-long test-pythons test-lowest test-wheel: export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test test-long test-pythons test-lowest test-libraries test-wheel lint docs examples notebooks format clean

demo: $(VENV)/.demo
	@$(BIN)/python netx_models/digits/demo.py

test: $(VENV)/.dev
	@$(MAKE) --no-print-directory lint
	$(BIN)/python $(TESTS) -m "not alone and not long" tests --ignore=tests/lava
	$(BIN)/python $(TESTS) -m "not long" tests/lava
	$(BIN)/python -m pytest -m alone tests --ignore=tests/lava

# What takes many seconds each: drawn networks in Lava, large networks.
test-long: $(VENV)/.dev
	$(BIN)/python $(TESTS) -m long tests

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site in docs/_build/html, in an environment of its own without torch; a warning, a link that leads
# nowhere or an example that gives something else is an error. Examples that need torch: `make examples`.
SPHINX = -m sphinx -q -W --keep-going -d docs/_build/trees
docs: $(VENV)-docs/.installed
	$(VENV)-docs/bin/python $(SPHINX) -b html docs docs/_build/html
	$(VENV)-docs/bin/python docs/links.py docs/_build/html
	$(VENV)-docs/bin/python $(SPHINX) -b doctest docs docs/_build/doctest

examples: $(VENV)/.dev
	$(BIN)/python -m sphinx -q -W --keep-going -b doctest docs docs/_build/examples

# The tutorials run once more, and kept as pages with what they printed and drew; NAMES="00 01" runs some of them.
notebooks: $(VENV)/.dev
	$(BIN)/python docs/notebooks.py $(NAMES)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The base install alone, on every Python that is found here: the whole suite of the base on the oldest and the newest,
# on those between what a Python could break.
FULL ?= 3.10 3.13
BETWEEN = $(addprefix tests/base/,netx engines/test_engines.py engines/numba/test_engine.py test_imports.py test_models.py)
test-pythons:
	@for version in $(PYTHONS); do \
	    case " $(FULL) " in *" $$version "*) suites=tests/base;; *) suites="$(BETWEEN)";; esac; \
	    .ci/find-python $$version >/dev/null 2>&1 || { echo "Python $$version: not here, skipped"; continue; }; \
	    $(MAKE) --no-print-directory $(VENV)-$$version/.base && \
	    echo "Python $$version" && $(VENV)-$$version/bin/python $(TESTS) $$suites || exit 1; \
	done

# Source archive and wheel, built from nothing into dist; the wheel's files pass the suite of the base that the archive
# brings, in an environment that has nothing else, outside of this folder.
WHEEL ?= 3.13
test-wheel:
	@rm -rf dist $(VENV)-wheel && $$(.ci/find-python $(WHEEL)) -m venv $(VENV)-wheel
	@$(VENV)-wheel/bin/python $(INSTALL) build
	@$(VENV)-wheel/bin/python -m build --outdir dist . > /dev/null
	@rm -rf $(VENV)-wheel && $$(.ci/find-python $(WHEEL)) -m venv $(VENV)-wheel
	@$(VENV)-wheel/bin/python $(INSTALL) dist/*.whl pytest pytest-xdist hypothesis
	.ci/test-installed $(VENV)-wheel/bin/python dist/*.tar.gz -n $(WORKERS) $(SUITE)

# The base with the lowest versions that pyproject.toml allows, on the oldest and the newest Python;
# on the oldest the exporters too, without torch.
BOUNDS ?= 3.10 3.13
PARTS = '.[onnx,nir,report,dask]' safetensors scikit-learn scipy skl2onnx
test-lowest:
	@for version in $(BOUNDS); do \
	    suites=tests/base; \
	    [ $$version != 3.10 ] || suites="tests/base tests/exporters tests/parity tests/producers"; \
	    .ci/find-python $$version >/dev/null 2>&1 || { echo "Python $$version: not here, skipped"; continue; }; \
	    $(MAKE) --no-print-directory $(VENV)-$$version-lowest/.base && \
	    echo "Python $$version, lowest versions" && \
	    $(VENV)-$$version-lowest/bin/python $(TESTS) $$suites || exit 1; \
	done

# What imports networks of other libraries, held against these, in an environment of its own (Python 3.11). Torch is its
# build for CPUs alone where the index CPU has it, else that of the usual index.
TORCH ?= torch torchvision torchaudio
CPU ?= https://download.pytorch.org/whl/cpu
LIBRARIES ?= spikingjelly==2.0.0 snntorch==1.0.0 norse==1.1.0 sinabs==3.1.3
test-libraries: $(VENV)-libraries/.installed
	OMP_NUM_THREADS=1 $(VENV)-libraries/bin/python -W ignore -m pytest -q tests/libraries

$(VENV)-libraries/.installed: pyproject.toml
	@echo "Installing the libraries of spiking networks into $(VENV)-libraries (some GB)"
	@python=$$(.ci/find-python 3.11) && $$python -m venv $(@D)
	@$(@D)/bin/python $(INSTALL) --retries 0 --index-url $(CPU) $(TORCH) 2>/dev/null \
	    || $(@D)/bin/python $(INSTALL) $(TORCH)
	@for each in $(LIBRARIES); do $(@D)/bin/python $(INSTALL) $$each || exit 1; done
	@$(@D)/bin/python $(INSTALL) -e . safetensors scikit-learn pytest
	@touch $@

$(VENV)-%-lowest/.base: pyproject.toml .ci/lowest.py
	@echo "Python $*: installing the lowest versions"
	@$$(.ci/find-python $*) -m venv $(@D)
	@$(@D)/bin/python $(INSTALL) packaging tomli
	@$(@D)/bin/python .ci/lowest.py > $(@D)/lowest.txt
	@$(@D)/bin/python $(INSTALL) -c $(@D)/lowest.txt pytest pytest-xdist hypothesis \
	    $(if $(filter 3.10,$*),-e $(PARTS),-e .)
	@touch $@

$(VENV)-%/.base: pyproject.toml
	@echo "Python $*: installing the base"
	@$$(.ci/find-python $*) -m venv $(@D)
	@$(@D)/bin/python $(INSTALL) -e . pytest pytest-xdist hypothesis
	@touch $@

$(VENV)-docs/.installed: pyproject.toml
	@echo "Installing what the documents need into $(VENV)-docs (Lava, no torch)"
	@$$(.ci/find-python 3.10) -m venv $(@D)
	@$(@D)/bin/python $(INSTALL) -e '.[docs,demo,nir]'
	@touch $@

$(VENV)/bin/python:
	@python=$$(.ci/find-python 3.10) && $$python -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the demo needs into $(VENV) (some 600 MB; this takes minutes, and pip prints nothing)"
	@$(PIP) -e '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "Installing everything into $(VENV) (lava-dl and its torch: several GB)"
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) $(VENV)-libraries $(VENV)-docs $(VENV)-wheel $(addprefix $(VENV)-,$(PYTHONS) $(addsuffix -lowest,$(BOUNDS))) build dist docs/_build *.egg-info
