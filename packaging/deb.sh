#!/bin/sh
# Builds a Debian package from what `make` built: FOLDER/porchlight_VERSION_ARCHITECTURE.deb. Prints its name.
#
#   packaging/deb.sh FOLDER
#
# In the environment: VERSION (the program's own otherwise), DEBFULLNAME, DEBEMAIL, SOURCE_DATE_EPOCH.
#
# dpkg-deb and not debhelper: one program, two pages and two units need no build system of their own. The maintainer
# scripts are what debhelper would write for the units, but that an upgrade reloads instead of restarting.
set -eu
umask 022
folder=$1
program_version=$(sed -n 's/^#define PORCHLIGHT_VERSION "\(.*\)"$/\1/p' api/version.h)
version=${VERSION:-$program_version}
maintainer="${DEBFULLNAME:-Porchlight} <${DEBEMAIL:-porchlight@localhost}>"
architecture=$(dpkg --print-architecture)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
root=$tree/root
here=packaging/debian

make --no-print-directory --silent install DESTDIR="$root" PREFIX=/usr UNITDIR=/lib/systemd/system > /dev/null
strip --remove-section=.comment --remove-section=.note "$root/usr/bin/porchlight"
gzip -9n "$root"/usr/share/man/man?/*
doc=$root/usr/share/doc/porchlight
install -m 644 $here/copyright "$doc/copyright"
install -m 644 CHANGELOG.md "$doc/CHANGELOG.md"
when=$(date -R -u ${SOURCE_DATE_EPOCH:+-d "@$SOURCE_DATE_EPOCH"})
printf 'porchlight (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' "$version" "$maintainer" "$when" |
    gzip -9nc > "$doc/changelog.gz"

# The libraries that the program is linked with, as versions that have what it uses.
mkdir -p "$tree/debian"
printf 'Source: porchlight\n\nPackage: porchlight\nArchitecture: any\n' > "$tree/debian/control"
libraries=$(cd "$tree" && dpkg-shlibdeps -O -e"$root/usr/bin/porchlight" 2> shlibs.log) || { cat "$tree/shlibs.log" >&2; exit 1; }
depends="${libraries#shlibs:Depends=}, libcurl4 (>= 7.87.0)" # loaded with the first push (api/curl_library.h)

control=$root/DEBIAN
install -d -m 755 "$control"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@DEPENDS@/$depends/" -e "s/@MAINTAINER@/$maintainer/" \
    -e "s/@SIZE@/$(du -ks --exclude=DEBIAN "$root" | cut -f1)/" $here/control.in > "$control/control"
for script in postinst prerm postrm; do install -m 755 $here/$script "$control/$script"; done
echo /etc/porchlight/porchlight.conf > "$control/conffiles"
(cd "$root" && find usr lib -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) > "$control/md5sums"

package=$folder/porchlight_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$package" > /dev/null
echo "$package"
