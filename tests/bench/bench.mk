# The bench: what Porchlight is measured against, and the program that measures. Included by the top Makefile.
#
#   make bench                         builds and runs it, below three minutes; fails when a mark of the sockets is not met
#   make bench BENCH_SOCKETS='memory'    of the sockets: memory, broadcast, sleep, polls
#   make bench BENCH='--only ab --rounds 9'

BENCH_DIR := build/bench
BENCH_CFLAGS := -std=c17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Werror
BENCH_SOURCES := bench measure community child load reply baseline figures
BENCH_OBJECTS := $(BENCH_SOURCES:%=$(BENCH_DIR)/%.o)

$(BENCH_DIR)/%.o: tests/bench/%.c $(wildcard tests/bench/*.h)
	@mkdir -p $(BENCH_DIR)
	$(CC) $(BENCH_CFLAGS) -c $< -o $@

$(BENCH_DIR)/bench: $(BENCH_OBJECTS)
	$(CC) $^ -lsqlite3 -o $@

$(BENCH_DIR)/bare_mhd: $(BENCH_DIR)/bare_mhd.o
	$(CC) $^ -lmicrohttpd -pthread -o $@

$(BENCH_DIR)/bare_sockets: tests/bench/bare_sockets.c $(SWARM_OBJECTS)
	@mkdir -p $(BENCH_DIR)
	$(CC) $(BENCH_CFLAGS) -I. $^ -o $@

.PHONY: bench
bench: build/porchlight build/tests/swarm tests/node_modules/.installed $(BENCH_DIR)/bench $(BENCH_DIR)/bare_mhd $(BENCH_DIR)/bare_sockets
	$(BENCH_DIR)/bench $(BENCH)
	node tests/bench/sockets.mjs $(BENCH_SOCKETS)
