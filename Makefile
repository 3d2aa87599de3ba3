# The commands of this project, from the first build to the last test. `make` alone lists them.
# The scripts are in tools/. Each step first prints what it does and how long that takes on two cores, cold;
# most steps take seconds when repeated.

SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run watch build check test cargo-test client-budget fuzz react-admin e2e canary shots openapi bench audit start-your-own dist dist-check same-site clean

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 20

setup: ## check the machine, install the pinned build tools once
	@tools/step "Checking the build tools (a second; the first time about 1 minute)" \
		"The lines above say what is missing." \
		tools/setup

run: build ## build, then serve
	@tools/step "Starting Vestibule; Ctrl-C stops it" \
		"The server prints above what is missing." \
		target/release/vestibule serve

watch: ## serve, and rebuild at every change
	@tools/step "Checking the build tools and cargo-leptos (a second; the first time about 12 minutes)" \
		"The lines above say what is missing." \
		tools/setup watch
	@tools/step "Building for development (about 4 minutes), then watching; Ctrl-C stops it" \
		"Fix the compiler errors above. A full disk or a port in use also end here." \
		cargo leptos watch

build: setup ## the release build: target/release/vestibule and target/site
	@tools/step "Building server and client for release (about 8 minutes)" \
		"Fix the compiler errors above. If they make no sense, start over: make clean build" \
		tools/build

check: setup ## format, lints on both targets, import rules
	@tools/step "Checking the format (a second)" \
		"Run: cargo fmt --all" \
		cargo fmt --all --check
	@tools/step "Checking the format of tools/wasm-bindgen (a second)" \
		"Run: cargo fmt --manifest-path tools/wasm-bindgen/Cargo.toml" \
		cargo fmt --manifest-path tools/wasm-bindgen/Cargo.toml --check
	@tools/step "Linting the server and all tests (about 3 minutes)" \
		"Fix the findings above; clippy.toml gives the reasons of our own rules." \
		cargo clippy --features ssr --all-targets -- -D warnings
	@tools/step "Linting the client (about 1 minute)" \
		"Fix the findings above; code for the server only belongs behind the feature ssr." \
		cargo clippy --package vestibule --package vestibule-client --lib --target wasm32-unknown-unknown -- -D warnings
	@tools/step "Linting the bench (about 1 minute)" \
		"Fix the findings above." \
		cargo clippy --package vestibule-benches -- -D warnings
	@tools/step "Checking the import rules (about 5 minutes)" \
		"The test names the file and the import; docs/architecture.md has the rules." \
		cargo test --features ssr --test architecture

# Without backtraces, so that a log whose beginning is cut off still shows the failed assertion.
# Two tests for each processor: many wait for a server, a lock or a clock.
cargo-test: setup
	@tools/step "Running the unit, store, HTTP and process tests, on SQLite and PostgreSQL, behind nginx, Caddy and PgBouncer, and by schemathesis (about 16 minutes)" \
		"To repeat one test: tools/with-memory tools/with-postgres tools/with-proxies tools/with-pgbouncer tools/with-schemathesis cargo test --features ssr NAME" \
		env RUST_BACKTRACE=0 RUST_TEST_THREADS=$$((2 * $$(getconf _NPROCESSORS_ONLN))) tools/with-memory tools/with-postgres tools/with-proxies tools/with-pgbouncer tools/with-schemathesis cargo test --features ssr

client-budget:
	@tools/step "Weighing what a browser downloads (a second)" \
		"The lines above name the finding." \
		tools/client-budget

fuzz: ## fuzz the parsers of cookies, forms, names and next, credentials and API bodies
	@tools/step "Fuzzing, FUZZ_SECONDS (30) for each target, after the first build" \
		"The lines above name the input and how to repeat it." \
		tools/fuzz

react-admin: ## the single-page client of examples/react-admin, from its lock file
	@tools/step "Building examples/react-admin (a second; the first time about 1 minute)" \
		"The lines above say why. To start over: rm -r examples/react-admin/node_modules" \
		tools/react-admin

e2e: build react-admin ## the browser tests, on a release build
	@tools/step "Testing in a browser (about 10 minutes)" \
		"Open the report: cd end2end && npx playwright show-report" \
		tools/e2e

canary:
	@tools/step "Searching the output of all tests for secrets (a second)" \
		"The lines above name the finding." \
		tools/canary

shots: build ## pictures of every page in target/shots/
	@tools/step "Taking pictures of every page into target/shots/ (about 5 minutes)" \
		"The lines above name the page." \
		tools/e2e --config shots.config.ts

openapi: setup ## write docs/openapi.json from the router
	@tools/step "Writing docs/openapi.json (about 3 minutes, most of it to compile)" \
		"Fix the compiler errors above." \
		env WRITE_OPENAPI=1 cargo test --features ssr --test http the_file_of_the_document

bench: build ## measure speed and memory, and write docs/performance.md
	@tools/step "Measuring (about 17 minutes, and 1 for its build; run nothing else; needs 12 GB of free disk)" \
		"The lines above name the finding." \
		tools/with-postgres cargo run --release --package vestibule-benches

audit: build ## measure five pages with Lighthouse, and write them into docs/performance.md
	@tools/step "Measuring pages with Lighthouse (about 3 minutes; run nothing else)" \
		"The lines above name the page and the element." \
		tools/audit

start-your-own: setup ## carry out docs/start-your-own.md in a copy, to its last test
	@tools/step "Carrying out docs/start-your-own.md in target/start-your-own (about 25 minutes)" \
		"The line above names the block; the files stay in target/start-your-own." \
		tools/start-your-own

dist: build ## one program with the site inside, its systemd unit and its manual: target/dist
	@tools/step "Building the program with the site inside (about 4 minutes)" \
		"Fix the compiler errors above. If they make no sense, start over: make clean dist" \
		tools/dist

dist-check: dist ## test target/dist in an empty folder
	@tools/step "Testing target/dist in an empty folder (a minute, after make cargo-test)" \
		"The test names the missing file; tools/dist copies the files." \
		cargo test --features ssr --test dist site::
	@tools/step "Signing in to it with a browser (about 2 minutes)" \
		"Open the report: cd end2end && npx playwright show-report" \
		env TEST_DIST=1 tools/e2e tests/login.spec.ts tests/policy.spec.ts

same-site: build ## compare the site with what cargo-leptos makes of it
	@tools/step "Checking cargo-leptos (a second; the first time about 12 minutes)" \
		"The lines above say what is missing." \
		tools/setup watch
	@tools/step "Building the site with cargo-leptos, and comparing (about 1 minute)" \
		"The files named above differ: tools/build does not do what cargo-leptos does (ADR 46)." \
		tools/same-site

test: setup check cargo-test build client-budget e2e canary ## everything
	@echo "✓ everything passed"

clean: ## remove the build output; build tools and data are kept
	cargo clean
	rm -rf end2end/{node_modules,playwright-report,test-results} tools/lighthouse/node_modules examples/react-admin/{dist,node_modules}
