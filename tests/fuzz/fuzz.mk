# The fuzz targets: libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer. Included by the top Makefile.
#
#   make fuzz                          each target for FUZZ_SECONDS
#   make fuzz FUZZ_SECONDS=600

FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
FUZZ_DIR := build/fuzz
FUZZ_FLAGS := -std=c17 -D_DEFAULT_SOURCE -D_POSIX_C_SOURCE=200809L -O1 -g -I. -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SOURCES := $(wildcard base/*.c) db/cursor.c db/digest_id.c $(addprefix api/,head.c query.c tar.c token.c paseto.c paserk.c base64url.c \
	push_target.c cidr.c control_frame.c options.c options_table.c suggest.c) \
	$(addprefix realtime/,frame.c deflate.c handshake.c message.c)
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=$(FUZZ_DIR)/%.o)

$(FUZZ_DIR)/%.o: %.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(FUZZ_DIR)/%: tests/fuzz/%.c $(FUZZ_OBJECTS)
	@$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer $^ -o $@ -ljansson -lsodium -lcrypto -lz

.PHONY: fuzz fuzz-build
fuzz-build: $(addprefix $(FUZZ_DIR)/,$(FUZZ_TARGETS))

# What is found is added to a corpus in build/; tests/fuzz/corpus holds the seeds.
fuzz: deps-test
	@$(MAKE) --no-print-directory fuzz-build
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p $(FUZZ_DIR)/corpus/$$target; \
		echo "  FUZZ $$target, $(FUZZ_SECONDS) s"; \
		$(FUZZ_DIR)/$$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 \
			-artifact_prefix=$(FUZZ_DIR)/$$target- $(FUZZ_DIR)/corpus/$$target tests/fuzz/corpus/$$target || exit 1; \
	done

-include $(FUZZ_OBJECTS:.o=.d)
