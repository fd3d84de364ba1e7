# Members by the thousand, for scenario tests and the bench. Included by the top Makefile.

SWARM_OBJECTS := $(addprefix $(B)/,realtime/frame.o base/buf.o base/pack.o)

$(B)/tests/swarm: tests/load/swarm.c $(SWARM_OBJECTS)
	@mkdir -p $(@D)
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $(filter-out %.h,$^) -o $@
