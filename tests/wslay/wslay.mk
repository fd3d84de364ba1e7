# The second opinion on the WebSocket codec: wslay reads the same streams. Included by the top Makefile.
#
#   make agree                         1,000,000 streams, a few seconds
#   make agree STREAMS=10000000

AGREE_OBJECTS := $(addprefix $(B)/,realtime/frame.o base/buf.o base/pack.o)

$(B)/tests/test_agree_wslay: tests/wslay/agree.c tests/wslay/streams.c $(AGREE_OBJECTS) tests/wslay/streams.h
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(filter-out %.h,$^) -o $@ -lwslay

.PHONY: agree
agree: deps-test
	@$(MAKE) --no-print-directory $(B)/tests/test_agree_wslay
	@$(if $(STREAMS),STREAMS=$(STREAMS)) $(B)/tests/test_agree_wslay
