# How the source is written and who may know whom. Included by the top Makefile; `make lint` installs what it needs first.

LINT_CPPCHECK := --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches

.PHONY: lint-run
lint-run: $(OBJECTS) $(POLLING_OBJECTS) $(B)/api/main.o
	@echo "  LINT rules can fail" && tests/lint/selftest.sh
	@echo "  LINT walls" && tests/lint/walls.sh . $(B)
	@echo "  LINT contract" && node web/contract.mjs --check
	@echo "  LINT style" && tests/lint/style.sh
	@echo "  LINT cppcheck" && cppcheck $(LINT_CPPCHECK) -I. base db realtime api tests/bench tests/fuzz tests/wslay tests/load tests/echo
