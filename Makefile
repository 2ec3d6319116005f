# The two commands are `make demo` and `make test`; see README.md.
# PORT, SALLE_DATA_DIR and DATABASE_URL reach the programs whether given before or after `make`.

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test lint bench lock
.NOTPARALLEL:

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

setup: ## Install what the service needs (.venv, vendor assets)
	@python="$$(sh tools/find-python.sh)" && "$$python" tools/setup.py

setup-dev: ## The same, plus what tests and checks need
	@python="$$(sh tools/find-python.sh)" && "$$python" tools/setup.py --dev

demo: setup ## Run the service with fictional data (Ctrl-C stops it)
	@exec .venv/bin/salle demo

test: setup-dev ## Run every test (ARGS="-k search" goes to pytest)
	@exec sh tools/test.sh $(ARGS)

lint: setup-dev ## Check style, types and imports
	@exec sh tools/lint.sh

bench: setup-dev ## Measure the hot requests (SETS=S,M by default; L is large)
	@exec .venv/bin/python -m bench

lock: setup ## Lock the dependencies again after a change of pyproject.toml
	@exec sh tools/lock.sh
