# Two commands matter: `make demo` and `make test`. Each installs what it needs into .venv first.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo up test test-unit test-integration test-kills test-e2e test-clients test-avro-java test-registry test-asyncapi test-log-go test-access test-xapi-rust test-cluster torture torture-audit torture-notary stranger torture-contract bench memory latency check format lock sbom schemas release docs catalogue clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

demo: .venv/run ## the main job on a small nation, from nothing, with real Kafka and PostgreSQL
	@$(BIN)/jejak demo $(ARGS)

up: .venv/run ## embedded Kafka, PostgreSQL and every loop, in the foreground; Ctrl-C stops them
	@$(BIN)/jejak up $(ARGS)

test: test-unit test-integration test-kills test-e2e ## every test (SERVICES=containers for Docker)

test-unit: .venv/dev ## tests that need no service
	@$(BIN)/pytest -q tests/unit -n auto $(ARGS)

test-integration: .venv/dev ## tests on real PostgreSQL and Kafka: two of each, side by side
	@$(BIN)/pytest -q tests/integration -m "not kills" $(if $(SERVICES),,-n 2 --dist loadfile) $(ARGS)

test-kills: .venv/dev ## tests that kill processes in mid-work
	@$(BIN)/pytest -q tests/integration -m kills $(ARGS)

test-e2e: .venv/dev ## the whole system, as its users meet it
	@$(BIN)/pytest -q tests/e2e $(ARGS)

bench: .venv/dev ## how fast it is, beside a limit measured in the same run (ONLY=emit|walk|...)
	@$(BIN)/python -m bench $(ONLY)

memory: .venv/dev ## is each loop's memory flat, over MINUTES (10) at RATE (500) events a second
	@$(BIN)/python -m bench.memory $(or $(MINUTES),10) $(or $(RATE),500)

latency: .venv/dev ## from acknowledgement to committed record, over SECONDS (20) at RATE (2,000) events a second
	@$(BIN)/python -m bench.latency $(or $(SECONDS),20) $(or $(RATE),2000)

torture: .venv/dev ## N (1,000) faults from SEED (1) on real services; goes on where it stopped
	@$(BIN)/python -m tests.torture $(or $(N),1000) --seed $(or $(SEED),1) $(ARGS)

torture-audit: .venv/dev ## N (10,000) tamperings from SEED (1) by a superuser, each found or told
	@$(BIN)/python -m tests.tampering $(or $(N),10000) $(or $(SEED),1)

torture-notary: .venv/dev ## N (200) kills of the notary from SEED (1), what it publishes judged after each
	@$(BIN)/python -m tests.torture.notary $(or $(N),200) --seed $(or $(SEED),1)

test-cluster: .venv/dev ## three brokers with TLS and a standby, hurt under load: some 7 minutes (ONLY="act act")
	@$(BIN)/python -m tests.cluster $(ONLY)

stranger: .venv/dev ## MINUTES (30) of kills by somebody who knows the commands only, then a count
	@$(BIN)/python -m tests.stranger $(or $(MINUTES),30) $(ARGS)

torture-contract: .venv/dev ## N (1,000,000) bad messages through the recorder's walk
	@$(BIN)/python -m tests.fuzz $(or $(N),1000000) $(ARGS)

check: .venv/dev ## ruff, mypy --strict, import rules, stale generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/jejak schema docs --check
	@$(BIN)/pytest -q tests/unit/test_house.py

format: .venv/dev ## let ruff lay the code out
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

schemas: .venv/dev ## judge the released schemas: frozen, compatible, what the models say
	@$(BIN)/python -m jejak_schemas.release --check

release: .venv/dev ## freeze what the models say as new schema versions (NAMES="A B": only these)
	@$(BIN)/python -m jejak_schemas.release $(NAMES)
	@$(BIN)/jejak schema docs
	@$(BIN)/python -m tests.golden

docs: .venv/dev ## write docs/contract anew
	@$(BIN)/jejak schema docs

test-xapi-rust: .venv/dev ## ask xapi-data, somebody else's xAPI 2.0, about our statements (needs Cargo)
	@$(call needs,cargo,Rust with Cargo)
	@$(BIN)/pytest -q tests/clients/test_xapi_rust.py $(ARGS)

test-clients: .venv/dev ## clients that are not ours, in Python, Java and Go (needs Maven and Go)
	@$(call needs,mvn,Maven and a JDK of 17 or later)
	@$(call needs,go,Go 1.26 or later)
	@$(BIN)/pytest -q tests/clients/test_first_event.py $(ARGS)

test-log-go: .venv/dev ## Go's own transparency log packages on a log that the notary wrote (needs Go)
	@$(call needs,go,Go 1.24 or later)
	@$(BIN)/pytest -q tests/clients/test_log_go.py $(ARGS)

test-asyncapi: .venv/dev ## the AsyncAPI project's own parser on docs/contract (needs npm)
	@$(call needs,npm,Node 20 with npm)
	@$(BIN)/pytest -q tests/clients/test_asyncapi_parser.py $(ARGS)

catalogue: .venv/dev ## write down what the catalogue of a migrated database must be
	@$(BIN)/python -m tests.fresh_catalogue

test-registry: .venv/dev ## everything on a real schema registry, Apicurio (fetches 142 MB, once)
	@$(BIN)/pytest -q tests/registry $(ARGS)

test-access: .venv/dev ## users by certificate; commands for administrators, run; a leaked password in Go and Java
	@$(BIN)/pytest -q tests/access $(ARGS)

test-avro-java: .venv/dev ## ask Avro's own Java again for its verdicts (needs Maven)
	@$(call needs,mvn,Maven and a JDK of 17 or later)
	@$(BIN)/pytest -q tests/clients/test_avro_java.py $(ARGS)

needs = command -v $(1) >/dev/null || { echo "make $@ needs $(2): there is no $(1)" >&2; exit 2; }

COMPILE = env -u PIP_FIND_LINKS $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras \
	--no-header --no-emit-index-url --no-emit-find-links --no-annotate
lock: .venv/dev ## renew the hash-pinned requirements and Kafka's jars
	@$(COMPILE) --extra server --extra embedded --extra build -o requirements/run.txt pyproject.toml
	@$(COMPILE) --all-extras -o requirements/dev.txt pyproject.toml
	@$(COMPILE) --extra server --extra otel --extra registry -c requirements/dev.txt -o requirements/server.txt pyproject.toml
	@$(COMPILE) --only-build-deps --build-deps-for wheel -c requirements/dev.txt -o requirements/build.txt pyproject.toml
	@$(BIN)/python -m jejak.embedded.lock

sbom: .venv/dev ## what it is made of: dist/jejak.cdx.json (CycloneDX) and docs/licences.md
	@$(BIN)/python -m requirements.sbom dist/jejak.cdx.json

clean: ## remove what was built here (not the cache folder, not homes)
	@rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

# One stamp for each set of requirements. A half-made .venv has no stamp and is completed.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed, and there is no python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; $(PYTHON) is older. Say PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m venv .venv

.venv/run: requirements/run.txt pyproject.toml | .venv/bin/python
	@$(call install,run)

.venv/dev: requirements/dev.txt pyproject.toml | .venv/bin/python
	@$(call install,dev)
	@touch .venv/run

define install
	echo "installing into .venv ..." >&2; \
	{ $(PIP) install --retries 2 --require-hashes -r requirements/$(1).txt \
	  && $(PIP) install --no-deps --no-build-isolation -e .; } >.venv/install.log 2>&1 && touch .venv/$(1) \
	  || { echo "could not install: is a package index reachable? pip's words are in .venv/install.log" >&2; exit 3; }
endef
