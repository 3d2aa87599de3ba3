# What one does with Vestibule, from the first build to the last test. `make` alone lists it.
# The work is in tools/. Each step first says what it does and how long that takes on two cores, cold;
# the second time nearly all of them are done in seconds.

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run watch build check test cargo-test client-budget fuzz e2e canary shots bench start-your-own dist dist-check same-site clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 20

setup: ## check the machine, install the pinned build tools once
	@tools/step "Looking after the build tools (a second; the first time about 2 minutes)" \
		"The lines above say what is missing." \
		tools/setup

run: build ## build, then serve this project's own Vestibule
	@tools/step "Starting Vestibule; Ctrl-C stops it" \
		"The server says above what it misses." \
		target/release/vestibule serve

watch: ## serve, and build again at every change
	@tools/step "Looking after the build tools and cargo-leptos (a second; the first time about 12 minutes)" \
		"The lines above say what is missing." \
		tools/setup watch
	@tools/step "Building for development (about 4 minutes), then watching; Ctrl-C stops it" \
		"Mend what the compiler says above; a full disk or a taken port also end here." \
		cargo leptos watch

build: setup ## the release build: target/release/vestibule and target/site
	@tools/step "Building server and client for release (about 8 minutes)" \
		"Mend what the compiler says above. If it looks odd, begin anew: make clean build" \
		tools/build

check: setup ## format, lints on both targets, the doors between the rooms
	@tools/step "Checking the format (a second)" \
		"Run: cargo fmt --all" \
		cargo fmt --all --check
	@tools/step "Linting the server and all tests (about 3 minutes)" \
		"Mend what clippy says above; clippy.toml says which calls belong where." \
		cargo clippy --features ssr --all-targets -- -D warnings
	@tools/step "Linting the client (about 1 minute)" \
		"Mend what clippy says above; what only the server needs stays behind the feature ssr." \
		cargo clippy --package vestibule --package vestibule-client --lib --target wasm32-unknown-unknown -- -D warnings
	@tools/step "Linting the bench (about 1 minute)" \
		"Mend what clippy says above." \
		cargo clippy --package vestibule-benches -- -D warnings
	@tools/step "Checking who imports whom (about 5 minutes)" \
		"The test names the file and the door; docs/architecture.md says why it is shut." \
		cargo test --features ssr --test architecture

# Without backtraces, so that a log that is cut in front still shows what a test found.
cargo-test: setup
	@tools/step "Testing rules, store and HTTP, on SQLite and PostgreSQL, behind nginx, Caddy and PgBouncer (about 7 minutes)" \
		"Again, one test only: tools/with-postgres tools/with-proxies tools/with-pgbouncer cargo test --features ssr NAME" \
		env RUST_BACKTRACE=0 tools/with-postgres tools/with-proxies tools/with-pgbouncer cargo test --features ssr

client-budget:
	@tools/step "Weighing what a browser downloads (a second)" \
		"See above." \
		tools/client-budget

fuzz: ## look for inputs that break the readers of cookies, forms, names and next
	@tools/step "Fuzzing, FUZZ_SECONDS (30) a target, after the first build" \
		"The lines above name the input and how to repeat it." \
		tools/fuzz

e2e: build ## the browser tests, on a release build
	@tools/step "Testing in a browser (about 8 minutes)" \
		"Look at what it saw: cd end2end && npx playwright show-report" \
		tools/e2e

canary:
	@tools/step "Searching all that was said in the tests for secrets (a second)" \
		"See above." \
		tools/canary

shots: build ## pictures of every page in target/shots/
	@tools/step "Taking pictures of every page into target/shots/ (about 5 minutes)" \
		"The lines above name the page." \
		tools/e2e --config shots.config.ts

bench: build ## measure speed and memory, and write docs/performance.md
	@tools/step "Measuring (about 12 minutes, and 2 for its build; let nothing else run; 12 GB of disk for a while)" \
		"See above." \
		cargo run --release --package vestibule-benches

start-your-own: setup ## carry out docs/start-your-own.md in a copy, to its last test
	@tools/step "Carrying out docs/start-your-own.md in target/start-your-own (about 25 minutes)" \
		"The line above names the block; everything is in target/start-your-own as it was left." \
		tools/start-your-own

dist: build ## one program with the site inside, its service and its manual: target/dist
	@tools/step "Putting the site into the program (about 4 minutes)" \
		"Mend what the compiler says above. If it looks odd, begin anew: make clean dist" \
		tools/dist

dist-check: dist ## run what is in target/dist in an empty folder
	@tools/step "Running target/dist in an empty folder (a minute, after make cargo-test)" \
		"The test says what was missing; tools/dist gathers it." \
		cargo test --features ssr --test dist site::
	@tools/step "Signing in to it with a browser (about 2 minutes)" \
		"Look at what it saw: cd end2end && npx playwright show-report" \
		env TEST_DIST=1 tools/e2e tests/login.spec.ts tests/policy.spec.ts

same-site: build ## compare the site with what cargo-leptos makes of it
	@tools/step "Looking after cargo-leptos (a second; the first time about 12 minutes)" \
		"The lines above say what is missing." \
		tools/setup watch
	@tools/step "Building the site with cargo-leptos, and comparing (about 1 minute)" \
		"The files named above differ: tools/build does not do what cargo-leptos does (ADR 46)." \
		tools/same-site

test: setup check cargo-test build client-budget e2e canary ## everything
	@echo "✓ everything passed"

clean: ## remove what was built; the build tools and your data stay
	cargo clean
	rm -rf end2end/{node_modules,playwright-report,test-results}
