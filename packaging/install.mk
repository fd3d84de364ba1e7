# Installing and packaging. `make install` puts what `make` built where PREFIX, SYSCONFDIR and UNITDIR say, below DESTDIR.
#
#   make install PREFIX=/usr/local     program, manual pages, systemd units, configuration (one that is there is kept)
#   make uninstall                     takes it away again, but for configuration and data
#   make man                           build/man/porchlight.1 and porchlight.conf.5
#   make deb                           build/porchlight_VERSION_ARCHITECTURE.deb
#   make deb-test                      installs, upgrades, removes it in a fresh Debian 12 (root, network)
#   make upgrade-test FROM=COMMIT      upgrades a community from an older version, and rolls back
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
DOCDIR ?= $(PREFIX)/share/doc/porchlight
MANDIR ?= $(PREFIX)/share/man
INSTALL ?= install
PAGES := build/man/porchlight.1 build/man/porchlight.conf.5

.PHONY: install uninstall man deb deb-test upgrade-test

build/man/%: packaging/man/%.in $(PROGRAM)
	@mkdir -p $(@D)
	@$(PROGRAM) man < $< > $@

man: $(PAGES)

install: $(PROGRAM) $(PAGES)
	$(INSTALL) -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/porchlight
	$(INSTALL) -D -m 644 build/man/porchlight.1 $(DESTDIR)$(MANDIR)/man1/porchlight.1
	$(INSTALL) -D -m 644 build/man/porchlight.conf.5 $(DESTDIR)$(MANDIR)/man5/porchlight.conf.5
	$(INSTALL) -D -m 644 docs/operating.md $(DESTDIR)$(DOCDIR)/operating.md
	$(INSTALL) -D -m 644 packaging/porchlight.socket $(DESTDIR)$(UNITDIR)/porchlight.socket
	sed -e 's|@BINDIR@|$(PREFIX)/bin|' -e 's|@CONFDIR@|$(SYSCONFDIR)/porchlight|' packaging/porchlight.service.in > build/porchlight.service
	$(INSTALL) -D -m 644 build/porchlight.service $(DESTDIR)$(UNITDIR)/porchlight.service
	test -e $(DESTDIR)$(SYSCONFDIR)/porchlight/porchlight.conf || \
	    $(INSTALL) -D -m 644 packaging/porchlight.conf $(DESTDIR)$(SYSCONFDIR)/porchlight/porchlight.conf

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/porchlight $(DESTDIR)$(MANDIR)/man1/porchlight.1 \
	    $(DESTDIR)$(MANDIR)/man5/porchlight.conf.5 $(DESTDIR)$(UNITDIR)/porchlight.socket \
	    $(DESTDIR)$(UNITDIR)/porchlight.service $(DESTDIR)$(DOCDIR)/operating.md

deb: $(PROGRAM) $(PAGES)
	@packaging/deb.sh build

deb-test: deb
	@packaging/deb_test.sh build

upgrade-test: $(PROGRAM)
	@packaging/upgrade_test.sh $(PROGRAM) $(FROM)
