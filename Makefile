# Two commands do everything on a machine with Python >= 3.11 and make: `make demo`, `make test`.
PYTHON ?= python3
PEER_PYTHON ?= python3.11
export NO_MKDOCS_2_WARNING := 1
VENV := .venv
BIN := $(VENV)/bin
RUNS ?= runs
FUZZ_SECONDS ?= 60

DEMO := certify --data digits --classes 0 1 --samples 300 --network shallow --activation tanh \
        --width 512 --seed 0 --out $(RUNS)

.PHONY: help demo test slow fuzz dist lint docs gallery tutorials reference bench bench-peers bench-neural-tangents lock clean

help:            ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

MACHINE := $(wildcard src/surefit/tangent/native/machine.[ch])

$(VENV)/ready: requirements.lock pyproject.toml hatch_build.py $(MACHINE)
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "surefit needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: $(VENV)/ready  ## train a 512-wide network on digits, check the theory, show the report
	$(BIN)/surefit $(DEMO)

test: $(VENV)/ready  ## lint, floors, documentation and all tests but the slow ones
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mkdocs build --strict --quiet
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal  # workers share the cores

fuzz: $(VENV)/ready  ## fuzz the readers of files, FUZZ_SECONDS (60) each; findings are left in fuzz/
	for target in idx csv npz toml certificate; do \
	    $(BIN)/python tests/fuzz/run.py $$target --seconds $(FUZZ_SECONDS) || exit 1; \
	done

slow: $(VENV)/ready  ## the longer experiments
	$(BIN)/python -m pytest -m slow

dist: $(VENV)/ready  ## build wheels and source archives into dist/, install and try them
	PYTHON=$(BIN)/python .ci/dist

lint: $(VENV)/ready  ## style and floors only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

docs: $(VENV)/ready  ## build the documentation into site/
	$(BIN)/mkdocs build --strict

gallery: $(VENV)/ready  ## renew the theorem gallery of the documentation from the catalogue
	$(BIN)/python docs/generate/gallery.py

tutorials: $(VENV)/ready  ## run the tutorials and renew their pages
	$(BIN)/python docs/generate/tutorials.py

reference: $(VENV)/ready  ## renew the list of public names from the docstrings
	$(BIN)/python docs/generate/reference.py

bench: $(VENV)/ready  ## print speed ratios, both sides measured in one run
	$(BIN)/python -m benchmarks

bench-peers: bench-neural-tangents  ## set up the environments of the peers that `make bench` compares with (large)
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers/requirements.txt

bench-neural-tangents:  ## that of neural-tangents only; its last release needs Python 3.10 or 3.11
	$(PEER_PYTHON) -m venv .venv-nt
	.venv-nt/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers/neural_tangents.txt

lock:  ## renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	    --constraint .ci/constraints.txt --generate-hashes --no-header --no-annotate --upgrade -o requirements.lock

clean:  ## remove the environment and what was built; runs are kept
	rm -rf $(VENV) site build dist src/surefit/tangent/native/machine.so
