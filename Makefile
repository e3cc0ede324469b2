# Everything here needs Go and nothing else, but for what `integration` installs.
# The race detector needs a C compiler; without one make race runs without it.

GO       ?= go
RACE     := $(if $(shell command -v cc),-race,)
LINT     := bin/golangci-lint
LINT_VERSION := v2.15.0
COVER_MIN := 90

# No test, benchmark or demo may reach AWS or the user's own account.
unexport $(filter AWS_%,$(.VARIABLES))
export AWS_EC2_METADATA_DISABLED := true
export AWS_CONFIG_FILE := /dev/null
export AWS_SHARED_CREDENTIALS_FILE := /dev/null

FUNCTION := -trimpath -tags lambda.norpc -ldflags "-s -w"

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
# On an empty machine nearly all of its time goes into compiling, so it does without what takes
# the compiler long: C, net/rpc, data for debuggers, and optimizations.
demo: export CGO_ENABLED := 0
demo: ## run sample events through sample targets and show where every record went
	@$(GO) run -tags lambda.norpc -ldflags "-s -w" -gcflags "all=-N -l -dwarf=false" ./examples/demo

.PHONY: test
test: ## unit, conformance and architecture tests, budgets of allocations, and the example extension
	$(GO) test -short -timeout 10m ./...
	cd examples/extension && $(GO) test ./...

.PHONY: copies
copies: ## copies of this repository build: with another module path, and with the recipes of CONTRIBUTING.md
	$(GO) test ./internal/archtest -run "TestModule|TestRecipes"

# What runs concurrently. The nightly build runs RACED=./...
RACED := ./engine/... ./stages/... ./sinks/... ./lambda/... ./cmd/bootstrap ./bench/reliability ./extra/... \
  ./internal/awscall ./internal/awshttp ./internal/console ./internal/poll/... ./internal/redrive ./internal/xray \
  ./internal/provision/doctor ./internal/provision/status ./internal/testing/... \
  ./internal/cli/redrive ./internal/cli/run ./internal/cli/targets ./internal/cli/ui ./internal/cli/watch

.PHONY: race
# All go commands, those of tests too, build with the race detector: each package compiles once.
race: export GOFLAGS := $(strip $(GOFLAGS) $(RACE))
race: ## the tests of concurrent packages with the race detector
	$(if $(RACE),,@echo "no C compiler: the tests run without the race detector")
	$(GO) test -timeout 10m $(RACED)

CARRIED := internal/provision/code

# fanout version prints these. A build without git, as in a container, is told them.
VERSION ?=
COMMIT  ?= $(shell git describe --always --abbrev=40 --dirty --exclude '*' 2>/dev/null)
DATE    ?= $(shell TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null)
MODULE   = $(shell sed -n 's/^module //p' go.mod)
CLI      = $(MODULE)/internal/cli
COMMAND  = -trimpath -tags release,lambda.norpc \
  -ldflags "-s -w -X $(CLI).linkedVersion=$(VERSION) -X $(CLI).linkedCommit=$(COMMIT) -X $(CLI).linkedTime=$(DATE)"

.PHONY: build
build: bin/fanout ## bin/fanout, which carries the function, and bin/bootstrap for this machine
	$(GO) build $(FUNCTION) -o bin/bootstrap ./cmd/bootstrap

.PHONY: bin/fanout
bin/fanout: $(CARRIED)/fanout-arm64.zip $(CARRIED)/fanout-amd64.zip
	@mkdir -p bin
	$(GO) build $(COMMAND) -o bin/fanout ./cmd/fanout

.PHONY: extension
extension: build ## dist/extended and dist/kafka, fanout with the example extension and with that for Kafka
	bin/fanout build --with example.com/extension=examples/extension --output dist/extended
	dist/extended/fanout lint --targets examples/extension/targets.yaml
	bin/fanout build --with $(MODULE)/extra/kafka --output dist/kafka
	dist/kafka/fanout lint --targets examples/kafka/targets.yaml

.PHONY: man
man: bin/fanout ## dist/man, manual pages of every command
	@mkdir -p dist
	bin/fanout man dist/man

.PHONY: extras
extras: man # what archives and packages of a release have besides the command
	@mkdir -p dist/completions
	@for s in bash zsh fish; do bin/fanout completion $$s >dist/completions/fanout.$$s || exit 1; done

GORELEASER := bin/goreleaser
GORELEASER_VERSION := v2.15.1
SKIP ?= docker,sbom,sign
.PHONY: snapshot
snapshot: $(GORELEASER) ## dist/release, all that a release publishes but what needs docker, syft or cosign (SKIP)
	$(GORELEASER) check
	$(GORELEASER) release --snapshot --clean --skip=$(SKIP)

$(GORELEASER): Makefile
	GOBIN=$(CURDIR)/bin $(GO) install github.com/goreleaser/goreleaser/v2@$(GORELEASER_VERSION)
	@touch $(GORELEASER)

.PHONY: package
package: dist/fanout-arm64.zip dist/fanout-amd64.zip ## the function for Lambda; reproducible bytes

$(CARRIED)/fanout-%.zip: dist/fanout-%.zip
	cp $< $@

dist/fanout-%.zip: $(shell git ls-files cmd/bootstrap engine lambda sinks stages internal/zipone) go.mod go.sum
	@mkdir -p dist/$*
	CGO_ENABLED=0 GOOS=linux GOARCH=$* $(GO) build $(FUNCTION) -buildvcs=false -o dist/$*/bootstrap ./cmd/bootstrap
	$(GO) run ./internal/zipone $@ dist/$*/bootstrap

.PHONY: lint
lint: $(LINT) ## gofmt, golangci-lint and go mod tidy
	$(LINT) run ./...
	cd examples/extension && $(GO) vet ./...
	$(GO) mod tidy -diff

$(LINT): Makefile
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@touch $(LINT)

LICENSES := bin/go-licenses
LICENSES_VERSION := v1.6.0
.PHONY: licenses
# The tool knows the standard library by GOROOT, and logs every assembly file.
licenses: $(LICENSES) ## every module in the binaries has a license that fanout may ship with
	@mkdir -p .cache
	@GOROOT=$$($(GO) env GOROOT) $(LICENSES) check --ignore fanout \
	  --allowed_licenses=Apache-2.0,BSD-2-Clause,BSD-3-Clause,ISC,MIT ./cmd/bootstrap ./cmd/fanout 2>.cache/licenses.log || \
	  { cat .cache/licenses.log; exit 1; }

$(LICENSES): Makefile
	GOBIN=$(CURDIR)/bin $(GO) install github.com/google/go-licenses@$(LICENSES_VERSION)
	@touch $(LICENSES)

VULN := bin/govulncheck
VULN_VERSION := v1.9.0
.PHONY: vulnerabilities
# The Go vulnerability database is online, so this is a step of the hosted build alone.
vulnerabilities: $(VULN) ## known vulnerabilities that the binaries can reach
	$(VULN) ./cmd/bootstrap ./cmd/fanout

$(VULN): Makefile
	GOBIN=$(CURDIR)/bin $(GO) install golang.org/x/vuln/cmd/govulncheck@$(VULN_VERSION)
	@touch $(VULN)

.PHONY: cover
cover: ## coverage of engine and stages, which must stay at or above 90 %
	@for p in engine stages; do \
	  $(GO) test -count=1 -coverpkg ./$$p -coverprofile cover.out ./$$p/... >/dev/null || exit 1; \
	  $(GO) tool cover -func cover.out | awk -v p=$$p '/^total:/ {print p, $$3; if ($$3+0 < $(COVER_MIN)) exit 1}' || exit 1; \
	done

# A model that hangs says where.
MODEL := -count=1 -timeout 15m
MODELS := internal/poll/TestModel internal/poll/queue/TestModel lambda/TestModel lambda/TestLedgerModel engine/TestModel
.PHONY: model $(MODELS:%=model/%)
# The seeds are fixed, so that a change is judged by itself; make soak draws others.
model: ## random runs of the models of the delivery guarantees, 5,000 each and 1,000 of the function
	@$(MAKE) --no-print-directory -j2 $(MODELS:%=model/%)

# A run of the function takes longest. In the folder of its package a test prints as it goes.
$(MODELS:%=model/%): model/%:
	cd $(dir $*) && $(GO) test $(MODEL) -run '^$(notdir $*)$$' -model.runs $(if $(filter lambda/TestModel,$*),1000,5000) -model.seed 1

SOAK ?= 1h
.PHONY: soak
soak: ## each model for an hour (SOAK), side by side, with the race detector
	@models=; failed=; \
	for m in $(MODELS); do \
	  (cd $${m%/*} && $(GO) test $(RACE) $(MODEL) -timeout 0 -run "^$${m##*/}$$" -model.time $(SOAK)) & models="$$models $$!"; \
	done; \
	for m in $$models; do wait $$m || failed=1; done; \
	[ -z "$$failed" ]

BENCH ?= .
BENCHTIME ?= 0.3s
BENCHCOUNT ?= 6
BENCHSTAT := bin/benchstat
BENCHSTAT_VERSION := v0.0.0-20260908200009-22c9c6c9d4da
BENCHMARKS = $(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -count $(BENCHCOUNT) -benchmem ./...

.PHONY: bench bench-baseline bench-compare
bench: $(BENCHSTAT) ## every benchmark, beside bench/baseline.txt (BENCH, BENCHTIME, BENCHCOUNT)
	@mkdir -p .cache
	$(BENCHMARKS) >.cache/bench.txt || { cat .cache/bench.txt; exit 1; }
	$(BENCHSTAT) -filter '.unit:(sec/op OR B/s OR allocs/op OR calls/M-records OR "$$/M-records")' baseline=bench/baseline.txt now=.cache/bench.txt

bench-baseline: ## measure anew what make bench compares with
	@mkdir -p .cache
	$(BENCHMARKS) >.cache/bench.txt || { cat .cache/bench.txt; exit 1; }
	grep -E '^(goos|goarch|pkg|cpu|Benchmark)' .cache/bench.txt >bench/baseline.txt

.PHONY: path
path: ## the files and functions that one record passes in a warm function
	@$(GO) run ./bench/path

# COMPARE holds flags of bench/compare, such as -rounds 9 or -function name='command';
# WRITE=docs/performance.md puts the tables there too.
bench-compare: build ## functions as processes, fanout beside others (TABLES, COMPARE, WRITE)
	$(GO) build $(FUNCTION) -o bin/ ./bench/yardstick ./bench/floor ./bench/empty
	$(GO) run ./bench/compare $(if $(WRITE),-write $(WRITE)) $(COMPARE) $(TABLES)

PROFILE ?= W1 W2
.PHONY: profile
# The profile is of the function's first 15 seconds.
profile: ## where the function's processor time goes, by workload (PROFILE)
	@mkdir -p .cache/profile
	$(GO) build -trimpath -tags lambda.norpc,profile -o .cache/profile/bootstrap ./cmd/bootstrap
	@for w in $(PROFILE); do \
	  $(GO) run ./bench/compare -alone -bin .cache/profile -rounds 1 -time 16s -workloads $$w -env FANOUT_PROFILE=$(CURDIR)/.cache/profile/$$w functions >/dev/null || exit 1; \
	  echo "$$w:"; $(GO) tool pprof -top -nodecount 20 .cache/profile/$$w 2>/dev/null | tail -n +5; \
	done

$(BENCHSTAT): Makefile
	GOBIN=$(CURDIR)/bin $(GO) install golang.org/x/perf/cmd/benchstat@$(BENCHSTAT_VERSION)
	@touch $(BENCHSTAT)

.PHONY: reliability
reliability: ## faults at every type of target, a million records, hanging targets, what order costs; into docs/reliability.md
	$(GO) run ./bench/reliability -write docs/reliability.md
	$(GO) test ./bench/reliability -run TestStarvation -update

# PATH is what make is given here, so the recipe finds its tools where the system has them.
.PHONY: module
module: ## rename the module everywhere (PATH=github.com/you/fanout)
	@PATH=/usr/local/bin:/usr/bin:/bin internal/module.sh '$(PATH)'

FUZZTIME ?= 1m
.PHONY: fuzz
# The fuzzer may run into its own deadline at the end, so what failed runs once more;
# a crasher is kept in testdata and fails again.
fuzz: ## every fuzz target for a minute (FUZZTIME)
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep ^Fuzz); do \
	    echo "$$p $$f"; \
	    $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || \
	    $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; \
	done

.PHONY: integration
integration: build extension ## tests against real servers on loopback, installed if missing
	./integration/run.sh

.PHONY: deploy-modules
deploy-modules: ## the Terraform module and the CDK construct: their tests, terraform fmt and cfn-lint (npm, Python)
	GO=$(GO) deploy/check.sh

.PHONY: pattern-oracle
pattern-oracle: ## event patterns compared with event-ruler of AWS (PAIRS, SEED)
	./integration/pattern.sh

.PHONY: commands
commands: build extension ## every command of the command line against moto, read back with the AWS CLI
	ONLY=moto VERBOSE= RUN='TestCommands|TestReadme|TestQuickstart|TestCommandIsSmall' ./integration/run.sh
