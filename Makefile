# make demo: see it run.  make test: see it hold.  Both make what they need, once, in this folder.

VENV ?= .venv
TOX_VENV ?= .tox-venv

# The first Python that really runs: a version manager's stand-in may be there and only complain.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; \
	done)
endif

.PHONY: help demo test bench bench-cameras lab docs clean

help:
	@echo 'make demo           two synthetic cameras over real sockets, 10 seconds (DEMO_ARGS="--duration 60")'
	@echo 'make test           every test, with tox (TOX_ARGS="-e py311")'
	@echo 'make bench          CPU per frame beside GStreamer and FFmpeg (BENCH_ARGS)'
	@echo 'make bench-cameras  the same with encoding, and memory, start and end of a sender (BENCH_ARGS)'
	@echo 'make lab            what a screen shows when packets are lost, beside the same (LAB_ARGS)'
	@echo 'make docs           docs/conformance.md, docs/receivers.md and the rules in docs/inspect.md'
	@echo 'make clean          remove what the commands above made'

demo: $(VENV)/.installed
	$(VENV)/bin/rtpjpeg-view --demo $(DEMO_ARGS)

test: $(TOX_VENV)/.installed
	$(TOX_VENV)/bin/tox run $(TOX_ARGS)

bench: $(TOX_VENV)/.installed
	$(TOX_VENV)/bin/tox run -e bench -- $(BENCH_ARGS)

bench-cameras: $(TOX_VENV)/.installed
	$(TOX_VENV)/bin/tox run -e bench-cameras -- $(BENCH_ARGS)

lab: $(TOX_VENV)/.installed
	$(TOX_VENV)/bin/tox run -e lab -- $(LAB_ARGS)

docs:
	$(require_python)
	$(PYTHON) docs/make_conformance.py
	$(PYTHON) docs/make_rules.py
	$(PYTHON) docs/make_receivers.py

clean:
	rm -rf $(VENV) $(TOX_VENV) .tox build dist *.egg-info demo.png

# Editable: a change of the code needs no new installation, only a change of these files does.
$(VENV)/.installed: pyproject.toml _build/rtpjpeg_build.py
	$(require_python)
	@echo 'Installing rtpjpeg and what the demo needs into $(VENV); this happens once.'
	@$(call make_venv,$(VENV))
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[view]'
	@touch $@

$(TOX_VENV)/.installed: Makefile
	$(require_python)
	@echo 'Installing tox into $(TOX_VENV); this happens once.'
	@$(call make_venv,$(TOX_VENV))
	@$(TOX_VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'tox>=4.23'
	@touch $@

define require_python
@test -n '$(PYTHON)' && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo 'rtpjpeg needs Python 3.11 or newer: install one, or name it with PYTHON=/path/to/python3.' >&2; exit 1; }
@$(PYTHON) -c 'import venv; from ensurepip import version' 2>/dev/null || { \
	echo "$(PYTHON) cannot make a virtual environment: install its package python3-venv" \
	"(Debian, Ubuntu: sudo apt install $$($(PYTHON) -c 'import sys; print("python3.%d-venv" % sys.version_info[1])'))." >&2; \
	exit 1; }
endef

# An environment that has no working pip is the rest of an attempt that failed: made anew.
make_venv = $(1)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(1)
