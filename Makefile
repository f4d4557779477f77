PYTHON ?= python3.11
BIN := .venv/bin
TWO := --numprocesses=2 --dist=loadscope --no-loadscope-reorder

.PHONY: prove check test fuzz vsix

prove: .venv/prover
	@echo "== Setting up Lean (once)"
	$(BIN)/prover setup
	@echo "== Proving an example"
	$(BIN)/prover prove "theorem add_comm' (a b : Nat) : a + b = b + a"

check: .venv/dev
	@echo "== Style"
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@echo "== Types"
	$(BIN)/mypy
	@echo "== Imports"
	$(BIN)/lint-imports
	@echo "== Tests that need no Lean"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'not lean and not acceptance and not slow' \
		$(TWO)

test: .venv/dev
	@echo "== Style"
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@echo "== Types, and Lean is set up"
	$(BIN)/prover setup & lean=$$!; \
	$(BIN)/mypy --config-file=tests/windows.mypy.ini --cache-dir=.mypy_cache/win32 prover search & windows=$$!; \
	$(BIN)/mypy && wait $$windows && wait $$lean
	@echo "== Imports"
	$(BIN)/lint-imports
	@echo "== Tests"
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(TWO)

fuzz: .venv/dev
	@echo "== Property tests on new random examples"
	HYPOTHESIS_PROFILE=random $(BIN)/python -m pytest -m hypothesis --numprocesses=2 --dist=loadfile

vsix: .venv/prover
	@echo "== Building and testing the extension for VS Code"
	cd editors/vscode && \
	node=$$(../../$(BIN)/python -c 'from prover.lean import embedded; print(embedded.node_folder())') && \
	npm="$$node/lib/node_modules/npm/bin/npm-cli.js" PATH="$$node/bin:$$PATH" && \
	node "$$npm" ci && node "$$npm" run vsix && node "$$npm" test

.venv/bin/python:
	@echo "== Creating the environment .venv"
	$(PYTHON) -m venv .venv

.venv/prover: pyproject.toml | .venv/bin/python
	@echo "== Installing the prover"
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable .
	@touch $@

.venv/dev: pyproject.toml | .venv/bin/python
	@echo "== Installing the prover and what its tests need"
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/prover
