# The two commands of the README are `make demo` and `make test`. Both set up what is missing first.

FAULT ?= dns_latency
ARGS ?=
DENO := deploy/deno.sh

.PHONY: help setup demo test ok bpf build

help:
	@echo 'make demo    set up what is missing, then show one fault from cause to name (FAULT=$(FAULT), ARGS=...)'
	@echo 'make test    set up what is missing, then run every test'
	@echo 'make setup   only set up'
	@echo 'make ok      format, lint, types and unit tests; needs no root'
	@echo 'make bpf     compile the BPF programs'
	@echo 'make build   one binary per target, into dist/ (TARGETS=linux-x64 linux-arm64 macos-arm64)'

setup:
	@deploy/setup.sh

demo: setup
	@./sloctl demo --fault $(FAULT) $(ARGS)

test:
	@deploy/setup.sh test
	@$(DENO) run -A deploy/run_tests.ts

ok: setup
	@$(DENO) task ok

bpf: setup
	@$(DENO) task bpf

build: setup
	@$(DENO) run -A deploy/build.ts $(TARGETS)
