# Porchlight. `make run` and `make test` are all a newcomer needs; both install what is missing, and say what.
#
#   make            builds build/porchlight; REALTIME=0 make builds build/polling/porchlight, without sockets
#   make run        a demo community on http://localhost:8080
#   make test       every test; ends with "N passed, N failed"
#   make lint       style, walls between folders, static analysis
#   make bench      measured against bare libmicrohttpd and plain SQLite
#   make fuzz       each parser for 60 seconds
#   make fault      memory fails at each allocation of each kind of request in turn
#   make soak       ten minutes of 2,000 members while everything fails that can
#   make screenshots  the README's pictures, from the demo community
#   make icons      the icons of the home screen, from web/public/favicon.svg
#   make install    program, manual pages, systemd units; make deb: a Debian package (packaging/install.mk)
#   make clean
#
# SAN=address (with undefined) or SAN=thread builds into a folder of its own and may stand before any of them.

SAN ?=
ifeq ($(origin CC),default)
CC := gcc
endif
JOBS ?= $(shell nproc)
B := build$(if $(SAN),/$(SAN))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Werror
OPT := $(if $(SAN),-O1 -fno-omit-frame-pointer,-O2)
comma := ,
SAN_FLAGS := $(if $(filter address,$(SAN)),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined)$(if $(filter thread,$(SAN)),-fsanitize=thread)
CFLAGS := -std=c17 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L $(OPT) -g -I. $(WARN) $(SAN_FLAGS) -pthread -MMD -MP
LIBS := -lmicrohttpd -lsqlite3 -lsodium -ljansson -lz -lcrypto

SOURCES := $(filter-out api/main.c realtime/null.c,$(wildcard base/*.c db/*.c realtime/*.c realtime/rooms/*.c api/*.c))
OBJECTS := $(SOURCES:%.c=$(B)/%.o) $(B)/migrations.o

# Without sockets it is the same objects but for realtime/: null.c takes the module's place. What api/ uses besides stays:
# likes and the check of handshakes.
REALTIME ?= 1
PROGRAM := $(B)$(if $(filter 0,$(REALTIME)),/polling)/porchlight
POLLING_REALTIME := $(addprefix $(B)/realtime/,null.o likes.o likes_flush.o overlay.o handshake.o)
POLLING_OBJECTS := $(filter-out $(B)/realtime/%,$(OBJECTS)) $(POLLING_REALTIME)
MIGRATIONS_COMMUNITY := $(sort $(wildcard migrations/*.sql))
MIGRATIONS_ROOMS := $(sort $(wildcard migrations/rooms/*.sql))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))

.DELETE_ON_ERROR:
.PHONY: all run test lint fuzz icons screenshots clean deps deps-test tests-build
.SECONDARY:

all: $(PROGRAM)

# ---- what is needed ---------------------------------------------------------------------------------------------------

deps:
	@./deps.sh run

deps-test:
	@./deps.sh test

# ---- the program ------------------------------------------------------------------------------------------------------

$(B)/porchlight: $(B)/api/main.o $(OBJECTS) $(B)/web_assets_table.o $(B)/web_assets_bytes.o
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $^ -o $@ $(LIBS)

$(B)/polling/porchlight: $(B)/api/main.o $(POLLING_OBJECTS) $(B)/web_assets_table.o $(B)/web_assets_bytes.o
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $^ -o $@ $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS) -c $< -o $@

$(B)/migrations.c: $(MIGRATIONS_COMMUNITY) $(MIGRATIONS_ROOMS) db/embed_migrations.sh
	@mkdir -p $(@D)
	@sh db/embed_migrations.sh community $(MIGRATIONS_COMMUNITY) > $@
	@sh db/embed_migrations.sh rooms $(MIGRATIONS_ROOMS) >> $@

$(B)/migrations.o: $(B)/migrations.c
	@echo "  CC   $<"
	@$(CC) $(CFLAGS) -c $< -o $@

# ---- the web app, inside the program ----------------------------------------------------------------------------------

WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)

web/node_modules/.installed: web/package-lock.json
	@echo "  NPM  web"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

build/www/index.html: web/node_modules/.installed $(WEB_SOURCES) api/openapi.json api/asyncapi.json $(wildcard api/docs/*)
	@cd web && npm run --silent build
	@rm -rf build/www && mkdir -p build/www
	@cp -r web/dist/. build/www/
	@node api/docs/build.mjs build/www
	@cp api/openapi.json api/asyncapi.json build/www/
	@touch $@

build/web_assets.c: build/www/index.html web/embed.mjs
	@node web/embed.mjs build build/www

$(B)/web_assets_table.o: build/web_assets.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	@$(CC) $(CFLAGS) -c $< -o $@

$(B)/web_assets_bytes.o: build/web_assets.c
	@mkdir -p $(@D)
	@$(CC) -c build/web_assets.S -o $@

# ---- running ----------------------------------------------------------------------------------------------------------

run: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(PROGRAM)
	@$(PROGRAM) demo --data data
	@echo
	@echo "Open http://localhost:8080 (stop with Ctrl+C)."
	@exec $(PROGRAM) serve --data data

# ---- tests ------------------------------------------------------------------------------------------------------------

$(B)/tests/%: tests/unit/%.c $(OBJECTS) $(B)/web_assets_table.o $(B)/web_assets_bytes.o
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $^ -o $@ -lcmocka $(LIBS)

# The program with a room that says everything back (tests/echo/kinds.c): only tests have it.
$(B)/porchlight-echo: $(B)/api/main.o $(filter-out $(B)/realtime/kinds.o,$(OBJECTS)) $(B)/tests/echo/kinds.o $(B)/tests/echo/try.o $(B)/web_assets_table.o $(B)/web_assets_bytes.o
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $^ -o $@ $(LIBS)

tests/node_modules/.installed: tests/package-lock.json
	@echo "  NPM  tests"
	@cd tests && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

tests-build: $(B)/porchlight $(B)/polling/porchlight $(B)/porchlight-echo $(B)/porchlight-fault $(UNIT_TESTS) $(B)/tests/test_agree_wslay $(B)/tests/swarm tests/node_modules/.installed

SUITES ?= unit scenario browser web

test: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) tests-build
	@PORCHLIGHT_BUILD=$(B) tests/run $(SUITES)

# ---- pictures ---------------------------------------------------------------------------------------------------------

screenshots: deps-test $(PROGRAM)
	@$(MAKE) --no-print-directory tests/node_modules/.installed
	@TO="$(TO)" NAMES="$(NAMES)" node tests/browser/screenshots.mjs

icons: deps-test
	@$(MAKE) --no-print-directory tests/node_modules/.installed
	@node tests/browser/icons.mjs

# ---- quality ----------------------------------------------------------------------------------------------------------

lint: deps-test
	@$(MAKE) --no-print-directory lint-run

include packaging/install.mk
-include tests/lint/lint.mk
-include tests/wslay/wslay.mk
-include tests/load/load.mk
-include tests/fault/fault.mk
-include tests/fuzz/fuzz.mk
-include tests/bench/bench.mk
-include $(OBJECTS:.o=.d) $(B)/realtime/null.d $(B)/api/main.d $(B)/tests/echo/kinds.d $(B)/tests/echo/try.d

clean:
	rm -rf build web/dist
