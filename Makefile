# Two commands for a fresh machine with git and Python 3.11: `make demo` and `make test`.
# Everything is installed into a virtual environment of its own, .venv.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: demo test check bench clean

demo: .venv/ready  ## convert the seed to R4, validate the file that was written
	@mkdir -p out
	$(BIN)/fhir-trial convert seeds/NCT03597321.page.txt -o out/NCT03597321.json
	$(BIN)/fhir-trial validate out/NCT03597321.json

test: .venv/ready  ## all tests; those that need Java 17 and Maven are skipped where there is none
	$(BIN)/pytest

check: .venv/ready  ## what continuous integration runs
	.ci/run

bench: .venv/ready  ## speed, memory and start time
	$(BIN)/python benchmarks/convert.py

clean:
	rm -rf .venv out build dist *.egg-info

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -qq --editable . --group dev
	@touch $@
