# The program on a disk that fills up or is slow, and with memory that runs out, when a test says so. Included by the top
# Makefile.

FAULT_OBJECTS := $(addprefix $(B)/tests/fault/,control.o disk.o memory.o)

$(B)/porchlight-fault: $(B)/api/main.o $(OBJECTS) $(FAULT_OBJECTS) $(B)/web_assets_table.o $(B)/web_assets_bytes.o
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $^ -o $@ $(LIBS)

# Memory that fails at every point of each kind of request, also below AddressSanitizer, which finds what leaks meanwhile.
.PHONY: fault
fault: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) tests-build
	@$(MAKE) --no-print-directory -j$(JOBS) SAN=address tests-build
	@ALLOC_POINTS=all node --test tests/scenario/fault.test.mjs tests/scenario/alloc-fault.test.mjs
	@PORCHLIGHT_BIN=$(CURDIR)/build/address/porchlight ALLOC_POINTS=all node --test tests/scenario/alloc-fault.test.mjs

# It is called before a sanitizer is ready.
$(B)/tests/fault/memory.o $(B)/tests/fault/control.o: CFLAGS := $(CFLAGS) -fno-sanitize=all

-include $(FAULT_OBJECTS:.o=.d)

# Ten minutes of a community of 2,000 with all of it at once (tests/soak.mjs); SOAK_MINUTES for another length.
.PHONY: soak
soak: deps-test
	@$(MAKE) --no-print-directory -j$(JOBS) tests-build
	@PORCHLIGHT_BIN=$(CURDIR)/$(B)/porchlight node tests/soak.mjs
