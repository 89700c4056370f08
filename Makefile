# ipcbox: one program for each file in cmd/, one page for each file in man/; no list names the tools.

VERSION = 0.1.0
BUILD   = build

# The environment may set these too. Install strips the programs by STRIP; an empty one leaves them as
# they are.
CFLAGS  ?= -O2
INSTALL ?= install
STRIP   ?= strip
PREFIX  ?= /usr/local
BINDIR   = $(PREFIX)/bin
DATADIR  = $(PREFIX)/share
MANDIR   = $(DATADIR)/man
BASHDIR  = $(DATADIR)/bash-completion/completions
ZSHDIR   = $(DATADIR)/zsh/site-functions
FISHDIR  = $(DATADIR)/fish/vendor_completions.d

JOBS      = $(shell expr 2 '*' $$(nproc))
KILLS    ?= 1000
FUZZ_CC   = clang
FUZZ_TIME = 60

# make V=1 shows the commands.
V  =
Q := $(if $(V),,@)

# A static musl program starts in a sixth of the time that a dynamic glibc one takes. The compiler is
# looked up once, when a recipe first needs it, because `make deps demo` installs it before.
ifeq ($(origin CC),default)
CC = $(eval CC := $(if $(shell command -v musl-gcc),musl-gcc,cc))$(CC)
endif
MUSL      = $(findstring musl,$(CC))
SYSTEM_CC = $(if $(MUSL),cc,$(CC))
MACHINE   = $(eval MACHINE := $(shell $(SYSTEM_CC) -dumpmachine))$(MACHINE)

SOURCES := $(sort $(wildcard cmd/*.c))
TOOLS   := $(SOURCES:cmd/%.c=%)
MODULES := $(sort $(wildcard common/*/*.c))
PAGES   := $(sort $(patsubst man/%.scd,%,$(wildcard man/*.scd)))
# One for each tool that has a page, and what those of one shell share.
COMPLETED   := $(patsubst %.1,%,$(filter %.1,$(PAGES)))
COMPLETIONS := bash/_ipcbox $(COMPLETED:%=bash/%) zsh/_ipcbox $(COMPLETED:%=zsh/_%) \
               fish/_ipcbox.fish $(COMPLETED:%=fish/%.fish)
PEERS   := $(sort $(patsubst tests/peers/%.c,%,$(wildcard tests/peers/*.c)))
FUZZ    := $(sort $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
# POSIX semaphores have the memory layout of the system's C library, so tools that use them link with it.
SYSTEM_TOOLS := $(patsubst cmd/%.c,%,$(shell grep -l '"semaphore/' $(SOURCES)))
STATIC_TOOLS := $(filter-out $(SYSTEM_TOOLS),$(TOOLS))

# musl-gcc does not look into the folders of the kernel's headers.
KERNEL_HEADERS = $(addprefix -idirafter ,$(wildcard /usr/include /usr/include/$(MULTIARCH)))
MULTIARCH = $(eval MULTIARCH := $(shell $(SYSTEM_CC) -print-multiarch))$(MULTIARCH)

WARN     := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla
HARDEN    = -fstack-protector-strong -fstack-clash-protection \
            $(if $(filter x86_64% i%86%,$(MACHINE)),-fcf-protection) \
            -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
OUR_CPPFLAGS := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' -iquote common
# Only debuggers unwind a C stack, and with -g they have tables of their own: these would be a tenth of
# each program.
OUR_CFLAGS    = -std=gnu11 $(WARN) $(HARDEN) -ffunction-sections -fdata-sections \
                -fno-asynchronous-unwind-tables \
                -ffile-prefix-map=$(CURDIR)=.
OUR_LDFLAGS  := -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--build-id=none
SYSTEM_CFLAGS  := -fPIE
SYSTEM_LDFLAGS := -pie
SANITIZERS     := address,undefined
FUZZ_CFLAGS    := -std=gnu11 $(WARN) -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
STATIC_CPPFLAGS = $(if $(MUSL),$(KERNEL_HEADERS))
STATIC_CFLAGS   = $(if $(MUSL),-fno-pie,$(SYSTEM_CFLAGS))
# Nothing makes the relocated pages of a static program read-only, so relro would only cost a page.
# Two segments are mapped faster than four.
MUSL_LDFLAGS   := -static -no-pie -Wl,-z,norelro,-z,noseparate-code
STATIC_LDFLAGS  = $(if $(MUSL),$(MUSL_LDFLAGS),$(SYSTEM_LDFLAGS))

# scdoc dates the pages by it: the same sources make the same pages. In a tarball, which may lie in
# somebody else's repository, the files have the time of the commit.
ifndef SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH := $(shell { test -e .git && git log -1 --format=%ct 2>/dev/null; } || \
                            date -r Makefile +%s)
endif
export SOURCE_DATE_EPOCH

.PHONY: all tools pages completions peers replays new deps deps-lint deps-checks deps-bench deps-fuzz \
        demo check check-gcc check-clang check-asan check-valgrind check-storm check-faults check-clock check-trixie \
        bench bench-quick fuzz lint install uninstall clean help FORCE
.SECONDARY:
.DELETE_ON_ERROR:

all: tools pages completions ## build the tools, their pages and completions into build/

tools: $(TOOLS:%=$(BUILD)/bin/%)
pages: $(PAGES:%=$(BUILD)/man/%)
completions: $(COMPLETIONS:%=$(BUILD)/completions/%)
peers: $(PEERS:%=$(BUILD)/peers/%)
replays: $(FUZZ:%=$(BUILD)/replay/%)

$(STATIC_TOOLS:%=$(BUILD)/bin/%): $(BUILD)/bin/%: $(BUILD)/static/cmd/%.o $(BUILD)/static/ipcbox.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_LDFLAGS) $(STATIC_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(SYSTEM_TOOLS:%=$(BUILD)/bin/%): $(BUILD)/bin/%: $(BUILD)/system/cmd/%.o $(BUILD)/system/ipcbox.a
	@mkdir -p $(@D)
	$(Q)$(SYSTEM_CC) $(OUR_LDFLAGS) $(SYSTEM_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/peers/%: tests/peers/%.c $(BUILD)/system/ipcbox.a
	@mkdir -p $(@D)
	$(Q)$(SYSTEM_CC) $(OUR_CPPFLAGS) $(OUR_CFLAGS) $(CFLAGS) -o $@ $^ -pthread

# A target of tests/fuzz/ with a main of our own, for the ordinary compiler.
$(BUILD)/replay/%: tests/fuzz/%.c $(BUILD)/system/tests/fuzz/harness/replay.o $(BUILD)/system/ipcbox.a
	@mkdir -p $(@D)
	$(Q)$(SYSTEM_CC) $(OUR_CPPFLAGS) -Itests/fuzz/harness $(OUR_CFLAGS) $(CFLAGS) -MMD -MP \
	    -o $@ $< $(filter %.o %.a,$^) -pthread

# The same with that of libFuzzer.
$(BUILD)/fuzz/bin/%: tests/fuzz/%.c $(BUILD)/fuzz/ipcbox.a
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(OUR_CPPFLAGS) -Itests/fuzz/harness $(FUZZ_CFLAGS) \
	    -fsanitize=fuzzer,$(SANITIZERS) -MMD -MP -o $@ $< $(filter %.a,$^)

$(BUILD)/%/ipcbox.a: $(MODULES:%.c=$(BUILD)/\%/%.o)
	@rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(BUILD)/static/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_CPPFLAGS) $(OUR_CFLAGS) $(STATIC_CPPFLAGS) $(STATIC_CFLAGS) $(CPPFLAGS) $(CFLAGS) \
	    -MMD -MP -c -o $@ $<

$(BUILD)/system/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(SYSTEM_CC) $(OUR_CPPFLAGS) $(OUR_CFLAGS) $(SYSTEM_CFLAGS) $(CPPFLAGS) $(CFLAGS) \
	    -MMD -MP -c -o $@ $<

$(BUILD)/man/%: man/%.scd | $(filter deps,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	$(Q)scdoc <$< >$@

$(BUILD)/completions/%: completions/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

GENERATE = $(Q)LC_ALL=C awk -v shell=$(1) -f completions/generate.awk completions/values $< >$@

$(BUILD)/completions/bash/%: man/%.1.scd completions/generate.awk completions/values
	@mkdir -p $(@D)
	$(call GENERATE,bash)

$(BUILD)/completions/zsh/_%: man/%.1.scd completions/generate.awk completions/values
	@mkdir -p $(@D)
	$(call GENERATE,zsh)

$(BUILD)/completions/fish/%.fish: man/%.1.scd completions/generate.awk completions/values
	@mkdir -p $(@D)
	$(call GENERATE,fish)

$(BUILD)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(OUR_CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,$(SANITIZERS) -MMD -MP \
	    -c -o $@ $<

# Other compilers and flags make other objects: none of them ends in a program of another kind.
FLAGS = $(CC) $(SYSTEM_CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(VERSION)
quote = '$(subst ','\'',$(1))'
$(BUILD)/flags: FORCE | $(filter deps,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	@echo $(call quote,$(FLAGS)) | cmp -s - $@ || echo $(call quote,$(FLAGS)) >$@

-include $(wildcard $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d $(BUILD)/replay/*.d $(BUILD)/system/tests/*/*/*.d)

DEPS       = gcc libc6-dev musl-tools scdoc git bats bats-support bats-assert parallel perl python3 \
             python3-sysv-ipc zsh fish socat netcat-openbsd curl procps strace redis-tools
DEPS_LINT  = clang clang-format clang-tidy cppcheck shellcheck shfmt git python3 scdoc
DEPS_CHECKS = $(CLANG_RUNTIME) valgrind $(DEPS)
DEPS_BENCH = hyperfine gnuplot-nox time $(DEPS)
DEPS_FUZZ  = clang libclang-rt-dev

# The package with the runtime of the sanitizers has the number of its clang, which deps-lint installs.
CLANG_RUNTIME = libclang-rt-$(shell clang -dumpversion | cut -d. -f1)-dev

# Installs those of the packages $(1) that dpkg does not know as installed.
define install_packages
	@missing=; for package in $(1); do \
	    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || \
	        missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then echo '$@: nothing to install'; exit 0; fi; \
	command -v apt-get >/dev/null || { \
	    echo "$@: needs, by Debian's names:$$missing (no apt-get here: install them by hand)" >&2; \
	    exit 1; }; \
	sudo=; [ "$$(id -u)" -eq 0 ] || sudo=sudo; \
	echo "$@: $$sudo apt-get install$$missing"; \
	$$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	    $$missing </dev/null >/dev/null
endef

deps: ## install what building, demo and tests need (apt-get; sudo where not root)
	$(call install_packages,$(DEPS))

deps-lint: ## install what make lint needs
	$(call install_packages,$(DEPS_LINT))

deps-checks: deps-lint ## install what make check-gcc, check-clang, check-asan and check-valgrind need
	$(call install_packages,$(DEPS_CHECKS))

deps-bench: ## install what make bench needs
	$(call install_packages,$(DEPS_BENCH))

deps-fuzz: ## install what make fuzz needs
	$(call install_packages,$(DEPS_FUZZ))

demo: tools ## show every tool at work on real data, results checked
	tests/demo.sh $(BUILD)/bin

# Suites run side by side, the tests of a suite one after the other: bats --jobs looks for a free place
# only once a second.
RUN_SUITES = parallel -q --will-cite --keep-order --timeout $(SUITE_TIMEOUT) --jobs $(JOBS) bats
SUITE_TIMEOUT = 600

check: all peers replays ## run all tests
	BUILD=$(abspath $(BUILD)) $(RUN_SUITES) ::: tests/*.bats </dev/null

# The other builds look for faults that depend on the build: their storms are smaller.
SMALL_STORMS = FAULTS_EVERY=1009 MESSAGES=1000 ROUNDS=20 CLIENTS=100 KILLS=10 TAKES=30 STORM_SECONDS=1
ANOTHER_CHECK = $(SMALL_STORMS) $(1) $(MAKE) check BUILD=$(BUILD)/$(@:check-%=%) SUITE_TIMEOUT=1200

check-gcc check-clang: ## all tests with the system's C library, by that compiler
	+$(call ANOTHER_CHECK) CC=$(@:check-%=%)

# Clang's runtime is linked in and starts in half the time of gcc's. A call that _FORTIFY_SOURCE
# replaces would go past the sanitizer.
SANITIZE = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all \
           -U_FORTIFY_SOURCE

check-asan: ## all tests with AddressSanitizer and UndefinedBehaviorSanitizer
	+$(call ANOTHER_CHECK,tests/findings.sh) CC=clang CFLAGS='$(SANITIZE)'

# valgrind finds memory that is used before anything is in it. A program takes half a second to start
# under it, so only the tests with the tag run: the examples of some pages. Tools that need
# pidfd_open(2) are left to the sanitizers, because valgrind 3.19 does not know it, and so are waits for
# a lock, which no signal ends under valgrind.
check-valgrind: SUITE_TIMEOUT = 1200
check-valgrind: ## the examples of some pages under valgrind (gcc, glibc)
	+$(Q)$(MAKE) tools BUILD=$(BUILD)/gcc CC=gcc
	@mkdir -p $(BUILD)/valgrind/bin
	@for tool in $(TOOLS); do ln -sf $(abspath tests/valgrind.sh) $(BUILD)/valgrind/bin/$$tool; done
	BUILD=$(abspath $(BUILD)/valgrind) WATCHED=$(abspath $(BUILD)/gcc/bin) tests/findings.sh \
	    $(RUN_SUITES) --filter-tags valgrind ::: $$(grep -l '^# bats test_tags=valgrind' tests/*.bats) \
	    </dev/null

check-storm: tools peers ## kill each tool that changes shared state, KILLS=1000 times
	tests/storm-kill.py $(BUILD) $(KILLS)

check-faults: tools peers ## let every system call of every tool fail in each likely way (minutes)
	BUILD=$(abspath $(BUILD)) nice parallel --will-cite --keep-order --jobs $$(nproc) \
	    tests/faults.sh ::: tests/faults/*.sh </dev/null

check-trixie: ## lint and all tests on Debian 13, in a folder made by debootstrap (root; minutes)
	tests/release.sh trixie $(abspath $(BUILD))/trixie deps deps-lint all check lint

check-clock: tools ## the waits of all tools while the clock of this machine is set (root)
	tests/clock.py $(BUILD)/bin

bench: tools peers ## measure the tools beside their peers (RUNS=5, SCALE=1): table, JSON, charts
	BUILD=$(abspath $(BUILD)) tests/bench/bench.sh $(BUILD)/bench $(abspath $(wildcard tests/bench/*.rows))

bench-quick: ## the same with small sizes
	$(MAKE) --no-print-directory bench RUNS=1 SCALE=64

fuzz: $(FUZZ:%=$(BUILD)/fuzz/bin/%) ## feed the parsers what nobody wrote, FUZZ_TIME=60 seconds each
	BUILD=$(abspath $(BUILD)) FUZZ_TIME=$(FUZZ_TIME) tests/fuzz/fuzz.sh $(FUZZ)

lint: all ## formatting, static analysis, floors, words, and that tools, rules and pages agree
	BUILD=$(abspath $(BUILD)) tests/lint.sh $(OUR_CPPFLAGS) -std=gnu11 $(WARN)

new: ## write source, page and suite of a new tool: make new TOOL=name
	@tests/new.sh $(call quote,$(TOOL))

INSTALL_DATA    = $(INSTALL) -m 0644
INSTALL_PROGRAM = $(INSTALL) -m 0755 \
    $(if $(STRIP),-s $(if $(filter-out strip,$(STRIP)),--strip-program=$(STRIP)))

# The place of each thing; $(call to,PATHS) is what the shell has to read for them.
to = $(foreach path,$(1),$(call quote,$(DESTDIR)$(path)))
FOLDERS = $(BINDIR) $(MANDIR)/man1 $(MANDIR)/man7 $(BASHDIR) $(ZSHDIR) $(FISHDIR)
PAGES_1 := $(filter %.1,$(PAGES))
PAGES_7 := $(filter %.7,$(PAGES))
BASH    := $(filter bash/%,$(COMPLETIONS))
ZSH     := $(filter zsh/%,$(COMPLETIONS))
FISH    := $(filter fish/%,$(COMPLETIONS))
INSTALLED = $(TOOLS:%=$(BINDIR)/%) $(PAGES_1:%=$(MANDIR)/man1/%) $(PAGES_7:%=$(MANDIR)/man7/%) \
            $(BASH:bash/%=$(BASHDIR)/%) $(ZSH:zsh/%=$(ZSHDIR)/%) $(FISH:fish/%=$(FISHDIR)/%)

# Notes the folders that it makes, for uninstall. fish looks for completions below its own prefix and
# the folders that XDG_DATA_DIRS names, so below another prefix it may not find them.
install: all ## install below $(DESTDIR)$(PREFIX)
	@for folder in $(call to,$(FOLDERS)); do \
	    while [ ! -d "$$folder" ]; do echo "$$folder"; folder=$$(dirname "$$folder"); done; \
	done >>$(BUILD)/folders
	$(INSTALL) -d $(call to,$(FOLDERS))
	$(INSTALL_PROGRAM) $(TOOLS:%=$(BUILD)/bin/%) $(call to,$(BINDIR))
	$(INSTALL_DATA) $(PAGES_1:%=$(BUILD)/man/%) $(call to,$(MANDIR)/man1)
	$(INSTALL_DATA) $(PAGES_7:%=$(BUILD)/man/%) $(call to,$(MANDIR)/man7)
	$(INSTALL_DATA) $(BASH:%=$(BUILD)/completions/%) $(call to,$(BASHDIR))
	$(INSTALL_DATA) $(ZSH:%=$(BUILD)/completions/%) $(call to,$(ZSHDIR))
	$(INSTALL_DATA) $(FISH:%=$(BUILD)/completions/%) $(call to,$(FISHDIR))
	@[ -n $(call quote,$(DESTDIR)) ] || ! command -v fish >/dev/null || { \
	    own=$$(fish --no-config -c 'echo $$__fish_data_dir'); \
	    case ":$${own%/fish}:$$XDG_DATA_DIRS:" in *':$(DATADIR):'*) exit ;; esac; \
	    echo 'fish looks into $(FISHDIR) only if XDG_DATA_DIRS names $(DATADIR).'; }

uninstall: ## remove what install put there
	rm -f $(call to,$(INSTALLED))
	@[ ! -e $(BUILD)/folders ] || { \
	    sort -ru $(BUILD)/folders | while read -r folder; do \
	        rmdir "$$folder" 2>/dev/null || [ ! -d "$$folder" ] || echo "$$folder"; \
	    done >$(BUILD)/folders.left; mv $(BUILD)/folders.left $(BUILD)/folders; }

clean: ## remove build/
	rm -rf $(BUILD)

help: ## list the targets
	@sed -n 's/^\([a-z -]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 12
	@echo 'Variables: CC SYSTEM_CC CFLAGS CPPFLAGS LDFLAGS PREFIX DESTDIR INSTALL STRIP BUILD JOBS FUZZ_TIME;'
	@echo 'V=1 shows the commands.'
