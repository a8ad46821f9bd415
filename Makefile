# Commands for working on tandem. CONTRIBUTING.md says when to use which.
#
# make test    everything a change must pass
# make bench   the comparisons with other tools; BENCHFLAGS='-row 5,6 -quick' for some
# make stress  all tests again and again, shuffled, on 1, 2 and 8 processors
# make fuzz    each fuzz test for FUZZTIME
# make stress-faults  each fault of Python tasks FAULT_RUNS times, on all Pythons
# make stress-cli  the behaviours of the built command, in the size of users' work
# make perfetto  open traces of runs in Perfetto's own trace processor
# make cross   compile for the other systems only

GO             ?= go
PYTHON         ?= python3
FUZZTIME       ?= 20s
TEST_TIMEOUT   ?= 15m
STRESS_TIMEOUT ?= 60m
FAULT_RUNS     ?= 10
FAULTS_TIMEOUT ?= 240m
CLI_TIMEOUT    ?= 240m

# Platforms that must compile, and those of them whose own files are vetted.
CROSS     = darwin/arm64 darwin/amd64 windows/amd64 linux/arm64
CROSS_VET = darwin/arm64 windows/amd64

# The version is pinned in a module of its own, so that users of the library do
# not get it as a dependency.
STATICCHECK = $(GO) tool -modfile=internal/tools/go.mod staticcheck

# Nothing here needs a version stamp, and stamping fails in a checkout that
# belongs to another user.
GOFLAGS := $(strip $(shell $(GO) env GOFLAGS) -buildvcs=false)
export GOFLAGS

.DEFAULT_GOAL := test
.NOTPARALLEL:
.PHONY: test fmt vet staticcheck cross python race race-tools bench stress stress-faults stress-cli perfetto fuzz

test: fmt vet staticcheck cross python race

fmt:
	@echo "gofmt"
	@files=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .) || exit 1; \
	if [ -n "$$files" ]; then \
		echo "not formatted, run gofmt -w on:" >&2; echo "$$files" >&2; exit 1; \
	fi

vet:
	$(GO) vet ./...

staticcheck:
	$(STATICCHECK) ./...

cross:
	@set -e; for platform in $(CROSS); do \
		echo "build $$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build ./...; \
	done
	@set -e; for platform in $(CROSS_VET); do \
		echo "vet $$platform"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) vet ./...; \
	done

# The worker program runs on Python 3.9 and newer: its files are compiled by the
# Python at hand and parsed by the grammar of 3.9.
python:
	@files=$$(find . \( -name '.?*' -o -name testdata -o -name venv \) -prune -o -name '*.py' -type f -print); \
	if [ -z "$$files" ]; then exit 0; fi; \
	command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.9 or newer (Debian: apt-get install python3)" >&2; exit 1; }; \
	echo "$(PYTHON) -m py_compile"; \
	dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	PYTHONPYCACHEPREFIX="$$dir" $(PYTHON) -m py_compile $$files && \
	$(PYTHON) -c 'import ast, sys; [ast.parse(open(f, "rb").read(), f, feature_version=(3, 9)) for f in sys.argv[1:]]' $$files

race: race-tools
	CGO_ENABLED=1 $(GO) test -race -timeout $(TEST_TIMEOUT) ./...

# The race detector is linked by a C compiler.
race-tools:
	@cc=$$(CGO_ENABLED=1 $(GO) env CC); \
	if ! command -v $${cc%% *} >/dev/null; then \
		echo "the race detector needs a C compiler, and $$cc is missing (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; \
	fi; \
	if ! echo '#include <stdlib.h>' | $$cc -fsyntax-only -x c - 2>/dev/null; then \
		echo "the race detector needs the headers of the C library (Debian: apt-get install libc6-dev)" >&2; exit 1; \
	fi

# Python packages to compare with are installed there, for nothing else.
BENCH_VENV ?= $(or $(XDG_CACHE_HOME),$(if $(HOME),$(HOME)/.cache),/tmp)/tandem-bench-venv
BENCHFLAGS ?=

bench:
	@python="$$(bench/python/environment.sh '$(PYTHON)' '$(BENCH_VENV)')" && \
	cd bench && $(GO) run . -python "$$python" $(BENCHFLAGS)

stress: race-tools
	CGO_ENABLED=1 $(GO) test -race -count=3 -cpu=1,2,8 -shuffle=on -timeout $(STRESS_TIMEOUT) ./...

stress-faults: race-tools
	CGO_ENABLED=1 $(GO) test -race -run '^TestFaults$$' -timeout $(FAULTS_TIMEOUT) ./python -fault-runs=$(FAULT_RUNS)

# Gigabytes of memory and disk, in $$TMPDIR; without the race detector, which the
# small size of the same tests has.
stress-cli:
	$(GO) test -count=1 -run '^(TestConformance|TestHostileNames|TestKilledAndResumed|TestLinesThroughCat|TestManyCallsTakeBoundedMemory)$$' \
		-timeout $(CLI_TIMEOUT) ./cmd/tandem -large

# Perfetto is installed there, for nothing else.
PERFETTO_VENV ?= $(or $(XDG_CACHE_HOME),$(if $(HOME),$(HOME)/.cache),/tmp)/tandem-perfetto-venv

perfetto:
	@command -v node >/dev/null || { echo "node is missing, which runs Perfetto (Debian: apt-get install nodejs)" >&2; exit 1; }
	@folder="$$(cmd/tandem/testdata/perfetto/install.sh '$(PYTHON)' '$(PERFETTO_VENV)')" && \
	$(GO) test -count=1 -run 'InPerfetto$$' -timeout $(TEST_TIMEOUT) ./cmd/tandem -perfetto "$$folder"

fuzz:
	@set -e; grep -rE --include='*_test.go' --exclude-dir=testdata --exclude-dir=bench --exclude-dir='.?*' \
		-o '^func Fuzz[A-Za-z0-9_]+\(' . | sort | while IFS=: read -r file func; do \
		name=$${func#func }; name=$${name%?}; \
		echo "fuzz $$name in $${file%/*} for $(FUZZTIME)"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 200x -timeout $(STRESS_TIMEOUT) "$${file%/*}" </dev/null; \
	done
