# Everything runs in .venv, made from nothing by the first target that needs it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Tests wait for processes and browsers as much as they compute, so there are two at a time for each core.
WORKERS ?= $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))

# Hundreds of processes are started: where Python keeps no bytecode, each of them compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

SLOW := browser cli bench fuzz properties parties/test_crowd.py parties/test_durable.py parties/test_outage.py \
  parties/test_durable_bills.py parties/test_durable_visits.py scenario/test_shipped.py \
  scenario/test_our_buyer_under_test.py test_supply.py test_stranger.py doors/test_clients.py broken sdk

.PHONY: help demo trace test slow quick fuzz soak check lint types mutate bench screenshots image lock sbom pin clean
.DEFAULT_GOAL := help

help: ## show what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

# What is installed is what the lock names, down to its hashes; pip itself is the one that came with Python.
PIP := $(BIN)/pip --quiet --disable-pip-version-check

$(STAMP): pyproject.toml requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit("OIT needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --requirement requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## run the main job: buy an Access E-Line from the emulated seller
	$(BIN)/oit run scenarios/access-eline/new-install.oit.yaml --report-dir out/demo --report html,json,junit

RELEASE ?= grace
trace: $(STAMP) ## run all scenarios against our own seller, tell what of each guide they test (RELEASE=dolly)
	$(BIN)/oit run scenarios --release $(RELEASE) --report json --report-dir out/trace/$(RELEASE); code=$$?; \
	  $(BIN)/oit rules --trace out/trace/$(RELEASE) --release $(RELEASE) && exit $$code

test: $(STAMP) ## run the tests, in parallel
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow"

slow: $(STAMP) ## run the tests that take long
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m slow

quick: $(STAMP) ## run most tests: without the command line, browsers, crowds, broken partners and imports
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow" $(addprefix --ignore=tests/,$(SLOW))

CASES ?= 2000
fuzz: $(STAMP) ## spoil files of every format that is read, CASES of each (2000), tell which are taken wrongly
	@failed=; for format in $$($(BIN)/python -c 'from tests.fuzz.formats import FORMATS; print(*FORMATS)'); do $(BIN)/python -m tests.fuzz $$format --cases $(CASES) --seed $${SEED:-1} || failed=1; done; test -z "$$failed"

soak: $(STAMP) ## kill a seller 50 times on each database, once more with visits under way, 10,000 orders through two, a crowd of subscribers
	OIT_SOAK=1 $(BIN)/pytest -rP tests/parties/test_durable.py tests/parties/test_durable_visits.py tests/parties/test_crowd.py

check: lint types ## everything that is checked without running: lint, types, import rules, scenarios

lint: $(STAMP) ## ruff, import-linter, oit lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/oit lint scenarios

types: $(STAMP) ## mypy --strict
	$(BIN)/mypy

mutate: $(STAMP) ## spoil recorded runs in many ways, tell what the judge misses (OPTIONS="--after-sale --sample 0 --release dolly")
	$(BIN)/python -m tests.properties $(OPTIONS)

bench: $(STAMP) ## measure, as ratios in one run
	$(BIN)/python -m tests.bench $(PART) $(OPTIONS)

screenshots: $(STAMP) ## pictures of the report's and the console's views, for their READMEs
	$(BIN)/python -m tests.browser.screenshots
	$(BIN)/python -m tests.browser.console_screenshots

image: ## build the container image
	docker build --tag lso-oit .

# Both for every Python and system that we support; no index is named, so that a mirror serves as well.
LOCKED = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-config \
  --default-index https://pypi.org/simple pyproject.toml

lock: $(STAMP) ## choose versions anew within pyproject.toml, for the five lock files (needs a network)
	$(LOCKED) --upgrade --extra dev --output-file requirements-dev.lock
	$(LOCKED) --upgrade --extra build --constraint requirements-dev.lock --output-file requirements.lock
	sed -n 's/^supply = \["\(.*\)"\]$$/\1/p' pyproject.toml | $(LOCKED:pyproject.toml=-) --upgrade --constraint requirements-dev.lock \
	  --output-file requirements-supply.lock
	sed -n 's/^fuzzer = \["\(.*\)"\]$$/\1/p' pyproject.toml | $(LOCKED:pyproject.toml=-) --upgrade --output-file requirements-fuzzer.lock
	sed -n 's/^generator = \["\(.*\)"\]$$/\1/p' pyproject.toml | sed 's/", "/\n/g' | $(LOCKED:pyproject.toml=-) --upgrade \
	  --output-file requirements-generator.lock

SUPPLY := $(VENV)/supply
$(SUPPLY)/.installed: requirements-supply.lock $(STAMP)
	$(PYTHON) -m venv $(SUPPLY)
	$(SUPPLY)/bin/pip --quiet --disable-pip-version-check install --require-hashes --requirement requirements-supply.lock
	@touch $@

SBOM := out/sbom.cdx.json
sbom: $(SUPPLY)/.installed ## write out/sbom.cdx.json: what an installed OIT consists of (CycloneDX)
	@mkdir -p $(dir $(SBOM))
	$(SUPPLY)/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --output-file $(SBOM)

PINNED := README.md emulator/cli/starter/sonata.yml
pin: ## look up again by which digest and commits the base image and the actions are named (needs docker, git, a network)
	@set -e; for image in $$(sed -n 's/^FROM \([^@ ]*\)@.*/\1/p' Dockerfile | sort -u); do \
	  digest=$$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$$image"); \
	  case "$$digest" in sha256:*) ;; *) echo "no digest of $$image: $$digest" >&2; exit 1;; esac; \
	  echo "$$image $$digest"; sed -i "s|^FROM $$image@[^ ]*|FROM $$image@$$digest|" Dockerfile; done
	@set -e; sed -n 's/.*uses: \([^@ ]*\)@[^ ]* # \(v[0-9.]*\)$$/\1 \2/p' $(PINNED) | sort -u | while read -r action version; do \
	  repository=$$(echo "$$action" | cut -d/ -f1,2); \
	  commit=$$(git ls-remote "https://github.com/$$repository" "refs/tags/$$version" "refs/tags/$$version^{}" | tail -n 1 | cut -f1); \
	  [ "$${#commit}" = 40 ] || { echo "no commit of $$action $$version" >&2; exit 1; }; \
	  echo "$$action $$version $$commit"; \
	  sed -i "s|uses: $$action@[^ ]* # $$version\$$|uses: $$action@$$commit # $$version|" $(PINNED); done

clean: ## remove what the targets made
	rm -rf $(VENV) out build dist *.egg-info
