# The front door: every task is one command. `make help` lists them.
PRESET ?= release
JOBS ?= $(shell nproc)
TIME ?= 60
ARGS ?=

# The sub-commands share one build tree, so make itself runs one at a time; ninja below uses every core.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup run build test bench lint lint-all format fuzz soak stress matrix clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: ## install all that any other command needs (Debian 12)
	scripts/setup build test bench

run: build ## build, then start with config/drawbridge.toml (ARGS="more flags")
	build/release/drawbridge run -c config/drawbridge.toml $(ARGS)

build: ## build/release/drawbridge
	scripts/setup build
	cmake --preset release --log-level=WARNING > /dev/null
	cmake --build build/release --target drawbridge -j $(JOBS)

test: ## every test: unit, scenario, fuzz corpus, peers (short); PRESET=asan for another build
	scripts/setup build test
	cmake --preset $(PRESET) --log-level=WARNING > /dev/null
	cmake --build build/$(PRESET) --target drawbridge test_binaries -j $(JOBS)
	tests/run --preset $(PRESET) $(ARGS)

bench: ## measure beside other proxies and print the figures (ARGS="game --rounds 3")
	scripts/setup build test bench
	cmake --preset release --log-level=WARNING > /dev/null
	cmake --build build/release -j $(JOBS)
	bench/run $(ARGS)

lint: ## format, layers, machine paths; clang-tidy on what changed since it was last clean
	scripts/setup build test
	tools/lint

lint-all: ## the same with clang-tidy on every file
	scripts/setup build test
	tools/lint --all

format: ## clang-format on every file, in place
	scripts/setup test
	tools/lint --fix

fuzz: ## each fuzz target for TIME=60 seconds (ARGS="hello" for one of them)
	scripts/setup build test
	cmake --preset fuzz --log-level=WARNING > /dev/null
	cmake --build build/fuzz --target fuzzers -j $(JOBS)
	tests/fuzz/run --seconds $(TIME) $(ARGS)

soak: build ## honest players under a mix of attacks for TIME seconds (20 minutes); writes bench/soak.md
	bench/soak --seconds $(if $(filter file,$(origin TIME)),1200,$(TIME)) --report bench/soak.md $(ARGS)

stress: ## the scenario tests over and over, in random order, for TIME=60 minutes, under ThreadSanitizer
	scripts/setup build test
	cmake --preset tsan --log-level=WARNING > /dev/null
	cmake --build build/tsan --target test_binaries -j $(JOBS)
	tests/run --preset tsan --suites scenario --minutes $(TIME) $(ARGS)

matrix: ## every version in every mode with real clients and servers; writes docs/matrix.md
	scripts/setup build test
	cmake --preset release --log-level=WARNING > /dev/null
	cmake --build build/release --target drawbridge -j $(JOBS)
	tests/peers/run --matrix $(ARGS)

clean: ## forget every build
	rm -rf build
