.DEFAULT_GOAL := help
.PHONY: help test check demo images bench dist clean

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

test: ## everything that must hold: format, lints, dependencies, tests; installs what it needs
	@scripts/test

check: ## the quick part of it: format, lints, tests that start no program
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
	@cargo test --workspace --lib --locked --quiet

demo: ## nginx, Customers and Sales, each under containerpilot, while they scale and fail
	@scripts/packages build demo
	@demo/run

images: ## container images with the helper in them, and of the example, on this machine's Docker engine
	@scripts/images/engine
	@scripts/packages build images
	@$(MAKE) --no-print-directory dist
	@scripts/images/build

bench: dist ## measure dist/containerpilot beside tini, dumb-init, s6 and supervisord
	@scripts/packages build bench
	@scripts/consul/install >/dev/null
	@bench/run $(ARGS)

dist: ## the release in dist/: static binary, tarball, Debian package, bill of materials, checksums
	@scripts/dist $(TARGET)

clean: ## remove what was built and fetched here (target, dist, .cache)
	@rm -rf target dist .cache
