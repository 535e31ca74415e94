# Two commands after a clone: make demo, make test. Python 3.11 is all that they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Else each of a hundred processes would compile all sources anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo up test check bench contracts clean

demo: .venv/ready  ## a simulated fortnight of a province and two cities, then stays up
	$(BIN)/hotline demo

up: .venv/ready  ## the platform on this machine, on data that stays
	$(BIN)/hotline up

test: .venv/ready  ## everything, on real PostgreSQL and, where Java and Maven are, real Kafka
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

check: .venv/ready  ## style, types, import contracts, generated documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m deploy.contracts --check

bench: .venv/ready  ## figures as ratios against limits measured in the same run
	$(BIN)/python -m bench

contracts: .venv/ready  ## write the generated documents anew
	$(BIN)/python -m deploy.contracts

.venv/ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf .venv .cache
