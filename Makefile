# Everything that a developer and CI run. Each target sets itself up: Python 3.11 or newer, git and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RUN := $(VENV)/.run-ready

.PHONY: demo test quick lint oracle docs bench soak clean

demo: $(RUN)  ## show the main job, leave nothing behind
	@$(BIN)/gitguard demo

test: $(READY) lint  ## every test, the compiled test beds included
	$(BIN)/python -m tests.oracle.beds
	$(BIN)/python -m pytest -n auto

quick: $(READY)  ## the tests that need no compiled test bed
	$(BIN)/python -m pytest -n auto -m "not testbed and not install"

lint: $(READY)
	$(BIN)/ruff check gitguard scripts bench tests
	$(BIN)/ruff format --check gitguard scripts bench tests
	$(BIN)/mypy
	$(BIN)/lint-imports

N ?= 1000000

oracle: $(READY)  ## N random questions, answered by Argo CD's own code and by gitguard
	$(BIN)/python -m tests.oracle.beds
	$(BIN)/python -m tests.oracle $(N)

docs: $(READY)  ## regenerate docs/rules.md
	$(BIN)/gitguard rules --format markdown > docs/rules.md

bench: $(READY)  ## ratios against kubeconform, Argo CD's own functions and Tessera, each in one run
	$(BIN)/python bench/bench.py
	$(BIN)/python bench/can.py
	$(BIN)/python bench/render.py
	$(BIN)/python bench/ci.py
	$(BIN)/python bench/ledger.py
	$(BIN)/python bench/watch.py

MINUTES ?= 30

soak: $(READY)  ## MINUTES of the watch beside controllers at work: nothing of theirs is put back, everything of a person's is
	$(BIN)/python -m tests.oracle.beds
	$(BIN)/python -m tests.lab.soak $(MINUTES)

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(RUN): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("gitguard needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[watch]'
	touch $@

$(READY): $(RUN) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@
