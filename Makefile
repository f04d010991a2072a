# Needs git, make and python3 (3.11 or newer, with venv). All else goes into a virtual environment of the checkout's own.
#
#   PYTHON  the interpreter that the virtual environment is made with
#   VENV    its folder
#   ARGS    more words for the demo and for pytest, as in: make test ARGS="tests/cost -k bill"
#   PREFIX  where `make install` puts the plugin

PYTHON = python3
VENV = .venv
PREFIX = /opt/wattline
ARGS =

# Most tests wait for a simulated line, so more run at a time than there are cores. Those of a file share what it costs to set up.
SIDE_BY_SIDE = -n 4 --dist loadfile

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo stack test test-pi check servers soak bench bench-backup bench-export bench-journal install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.demo ## show a simulated house being metered; needs no hardware and no server
	@$(VENV)/bin/wattline demo $(ARGS)

stack: ## show the simulated house in Grafana; needs Docker, 1 GB of memory and the network
	@docker compose version >/dev/null 2>&1 || { echo "Docker with its Compose plugin is not here, or not for this user: see compose/README.md." >&2; exit 1; }
	@compose/make-secrets compose/demo/secrets
	@$(demo_stack) up --build --detach
	@echo "Grafana: http://localhost:3000, user admin, password in compose/demo/secrets/grafana_admin_password."
	@echo "The end of it, before a stack of your own starts: $(demo_stack) down --volumes"

test: $(VENV)/.test ## run every test; the chain tests need `make servers`
ifeq ($(ARGS),)
	@$(VENV)/bin/python -m pytest $(SIDE_BY_SIDE) -m 'not chain and not pi'
	@$(VENV)/bin/python -m pytest -n 2 --dist loadfile -m chain tests/stack tests/backup tests/cost
	@$(VENV)/bin/python -m pytest -n 2 --dist loadgroup -m chain tests/sinks
	@$(VENV)/bin/python -m pytest -m chain --ignore tests/stack --ignore tests/backup --ignore tests/cost --ignore tests/sinks
else
	@$(VENV)/bin/python -m pytest $(ARGS)
endif

test-pi: $(VENV)/.test ## play the playbook on a Pi in a container; needs root, Docker, mmdebstrap, Python 3.12 and `make servers`
	@docker info >/dev/null 2>&1 || { echo "No Docker daemon answers here, and the playbook is tried on a Pi in a container: install Docker (Debian: apt-get install docker.io) and start it." >&2; exit 1; }
	@tests/pi/build >/dev/null
	@$(VENV)/bin/python -m pytest -n 3 -m pi tests/pi $(ARGS)

check: $(VENV)/.check ## run ruff, mypy, shellcheck and yamllint, and look at the form of the dashboards
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/mypy --strict
	@$(VENV)/bin/shellcheck $(shell_scripts)
	@$(VENV)/bin/yamllint --strict $(yaml_files)
	@$(VENV)/bin/python grafana/format.py --check

servers: ## build what the chain tests talk to; needs Go 1.26, cargo, clang, pkg-config, protoc, node and npm
	@tests/servers/build
	@tests/servers/build-stores
	@tests/servers/build-sinks

soak: $(VENV)/.test ## kill everything at random for a quarter of an hour, and count what is missing; ARGS="--minutes 60 --seed 7"
	@PYTHONPATH=tests $(VENV)/bin/python -m chain.soak $(ARGS)

bench: $(VENV)/.test ## measure sweeps, jitter, CPU and memory beside other readers, in twelve minutes; ARGS="--quick" in five
	@PYTHONPATH=tests $(VENV)/bin/python -m bench.run $(ARGS)

bench-backup: $(VENV)/.test ## measure what a backup writes and takes beside `influx backup`, in five minutes
	@PYTHONPATH=tests $(VENV)/bin/python -m bench.backup $(ARGS)

bench-export: $(VENV)/.test ## measure an export beside `influx query` and influxdb-client, in ten minutes
	@PYTHONPATH=tests $(VENV)/bin/python -m bench.export $(ARGS)

bench-journal: $(VENV)/.test ## measure what the journal writes to a card beside Telegraf's disk buffer, in half an hour; needs root
	@PYTHONPATH=tests $(VENV)/bin/python -m bench.journal $(ARGS)

install: ## install the plugin into PREFIX (/opt/wattline), beside the version that is there
	$(need_python)
	@PYTHON='$(PYTHON)' plugin/install '$(PREFIX)'

clean: ## remove the virtual environment and the tools' caches; the built servers stay
	$(spare_other_folders)
	@rm -rf '$(VENV)' .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Work files count even before `git add`, so that a new script is checked with the change that brings it.
shell_scripts = $(shell git grep --untracked -nIE '^\#!.*[/ ](ba|da)?sh( |$$)' | sed -n 's/:1:.*//p')
yaml_files = $(wildcard $(shell git ls-files --cached --others --exclude-standard '*.yml' '*.yaml' .yamllint))

# The virtual environment belongs to one interpreter and one checkout; a shared VENV must not test another checkout's code.
venv_key := $(PYTHON) $(CURDIR)
ifneq ($(shell test -x '$(VENV)/bin/python' && cat '$(VENV)/.made' 2>/dev/null),$(venv_key))
.PHONY: $(VENV)/.made
endif

$(VENV)/.made: pyproject.toml
	$(need_python)
	$(spare_other_folders)
	@echo "Making the virtual environment $(VENV) with $$($(PYTHON) -V 2>&1) ..."
	@$(PYTHON) -m venv --clear '$(VENV)'
	@echo '$(venv_key)' >'$(VENV)/.made'

# One stamp per purpose: who only wants to see the demo need not fetch the tools of those who build.
$(VENV)/.demo: extra = tui
$(VENV)/.test: extra = test
$(VENV)/.check: extra = dev
$(VENV)/.demo $(VENV)/.test $(VENV)/.check: $(VENV)/.made
	@echo "Installing wattline with its extra '$(extra)' into $(VENV) ..."
	@$(VENV)/bin/python -m pip install --quiet --editable '.[$(extra)]'
	@touch $@

demo_stack = docker compose --file compose/compose.yaml --file compose/demo/compose.yaml --profile demo

choose_python = or name another with PYTHON=/path/to/python3

define need_python
@$(PYTHON) -c '' 2>/dev/null || { echo "$(PYTHON) does not run here: install Python 3.11 or newer (Debian, Raspberry Pi OS: apt-get install python3 python3-venv), $(choose_python)." >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), and wattline needs 3.11 or newer: install that (Debian 12, Raspberry Pi OS bookworm or later: apt-get install python3 python3-venv), $(choose_python)." >&2; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian, Raspberry Pi OS: apt-get install python3-venv), $(choose_python)." >&2; exit 1; }
endef

# VENV is emptied before use: a slip of the finger there must not cost a folder that is something else.
define spare_other_folders
@test -f '$(VENV)/pyvenv.cfg' || test -z "$$(ls -A '$(VENV)' 2>/dev/null)" || { echo "VENV=$(VENV) is not a virtual environment and is left alone: name another folder." >&2; exit 1; }
endef
