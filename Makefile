# Two commands for a fresh machine with git and Python 3.11: `make demo` and `make test`.
# Everything is installed into a virtual environment of its own, .venv; that of the benchmarks is .bench.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

GOLD ?= ../shared/gold/lct_dev_constraints.jsonl

.PHONY: demo test check bench bench-criteria clean

demo: .venv/ready  ## convert the seed to R4, validate the file that was written
	@mkdir -p out
	$(BIN)/fhir-trial convert seeds/NCT03597321.page.txt -o out/NCT03597321.json
	$(BIN)/fhir-trial validate out/NCT03597321.json

test: .venv/ready  ## all tests; those that need Java 17 and Maven are skipped where there is none
	$(BIN)/pytest

check: .venv/ready  ## what continuous integration runs
	.ci/run

bench: .bench/ready  ## speed, memory and start time of the wheel, which is compiled (docs/decisions/0008)
	.bench/bin/python benchmarks/convert.py

bench-criteria: .bench/ready  ## accuracy and speed of reading criteria with the wheel, against annotated lines (GOLD=FILE)
	.bench/bin/python benchmarks/eligibility.py --gold $(GOLD)

clean:
	rm -rf .venv .bench out build dist *.egg-info

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -qq --editable . --group dev
	@touch $@

.bench/ready: setup.py pyproject.toml $(shell find fhir_trial mappings -name '*.py' -o -name '*.csv' -o -name '*.json')
	$(PYTHON) -m venv .bench
	.bench/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.bench/bin/python -m pip install --quiet --force-reinstall .
	@touch $@
