# Every target first lets scripts/bootstrap install what is missing. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run test bench bench-catalogue lint fuzz sanitize soak classify-report token-report

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build, put the gateway in front of two CRM connectors and show what it does with calls
	@scripts/bootstrap run
	@scripts/run

test: ## everything that must pass before a change lands: unit tests, lint, real clients and servers
	@scripts/bootstrap test
	@scripts/test

lint: ## formatting, house rules, declared imports
	@scripts/bootstrap
	@scripts/lint

bench: ## measure the gateway beside its peers, in one run
	@scripts/bootstrap bench
	@scripts/bench

fuzz: ## one minute of libFuzzer per reader
	@scripts/bootstrap
	@scripts/fuzz

sanitize: ## unit tests under the address and the thread sanitiser
	@scripts/bootstrap
	@scripts/sanitize

soak: ## the long tests, which `make test` leaves out
	@scripts/bootstrap test
	@scripts/soak

classify-report: ## measure the catalogue's classes on the public data and write docs/classification.md
	@scripts/bootstrap
	@swift build -c release --product toolgate
	@scripts/classify-report

bench-catalogue: ## the catalogue's index with 500,000 tools of 43,000 servers: import, search, size
	@scripts/bootstrap
	@scripts/bench-catalogue

token-report: ## how far the estimate of tokens is off a real vocabulary
	@scripts/bootstrap test
	@swift build -c release --product toolgate
	@scripts/token-report
