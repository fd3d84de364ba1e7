# The program on a disk that fills up when a test says so. Included by the top Makefile.

$(B)/porchlight-fault: $(B)/api/main.o $(OBJECTS) $(B)/tests/fault/disk.o $(B)/web_assets_table.o $(B)/web_assets_bytes.o
	@echo "  LINK $@"
	@$(CC) $(CFLAGS) $^ -o $@ $(LIBS)

-include $(B)/tests/fault/disk.d
