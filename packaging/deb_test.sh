#!/bin/sh
# Installs the package in a fresh Debian 12, starts the server as its unit does, upgrades, removes and purges it, and looks
# whether everything is there that should be. As root, with a network. Takes a minute or two.
#
#   packaging/deb_test.sh FOLDER       where `make deb` left the package
set -eu
folder=$1
first=$(VERSION=0.1.0~before packaging/deb.sh "$folder")
second=$(packaging/deb.sh "$folder")
[ "$(id -u)" -eq 0 ] || { echo "this needs root: it makes a Debian of its own" >&2; exit 1; }
command -v debootstrap > /dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }

debian=$(mktemp -d)
chmod 755 "$debian" # the server of another user is to find its libraries
server=
tidy() {
    [ -z "$server" ] || kill "$server" 2> /dev/null || true
    umount "$debian/proc" 2> /dev/null || true
    rm -rf --one-file-system "$debian"
}
trap tidy EXIT
inside() { chroot "$debian" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
step() { echo "  DEB  $*"; }
expect() { "$@" || { echo "expected: $*" >&2; exit 1; }; }

step "a fresh Debian"
debootstrap --variant=minbase bookworm "$debian" ${DEBIAN_MIRROR:-} > "$folder/debootstrap.log"
mount -t proc proc "$debian/proc"
cp -r /etc/apt/apt.conf.d "$debian/etc/apt/" # how this machine reaches the mirror
cp /etc/resolv.conf "$debian/etc/resolv.conf"
inside apt-get update -qq > /dev/null
printf '#!/bin/sh\nexit 101\n' > "$debian/usr/sbin/policy-rc.d"; chmod +x "$debian/usr/sbin/policy-rc.d"

step "installing $(basename "$first")"
cp "$first" "$second" "$debian/root/"
inside apt-get install -y -qq --no-install-recommends "/root/$(basename "$first")" > "$folder/apt.log" 2>&1
expect inside test -e /etc/systemd/system/multi-user.target.wants/porchlight.service
expect inside test -e /etc/systemd/system/sockets.target.wants/porchlight.socket

# What systemd does: a user that is nobody else, and a state directory that is theirs.
step "starting it as its unit does"
state=$debian/var/lib/private/porchlight
install -d -m 700 "$debian/var/lib/private" && install -d -m 700 -o 61234 -g 61234 "$state"
ln -s private/porchlight "$debian/var/lib/porchlight"
command=$(sed -n 's/^ExecStart=//p' "$debian/lib/systemd/system/porchlight.service")
serve() {
    # shellcheck disable=SC2086 # the unit's line is words
    chroot "$debian" setpriv --reuid 61234 --regid 61234 --clear-groups --no-new-privs \
        /usr/bin/env -i PORCHLIGHT_LISTEN=127.0.0.1:0 $command 2> "$folder/server.log" &
    server=$!
    for _ in $(seq 100); do grep -q event=listening "$folder/server.log" && return; sleep 0.1; done
    cat "$folder/server.log" >&2; exit 1
}
# /var/lib/private is root's alone; systemd mounts the state directory for the service, here its door stays ajar.
chmod 711 "$debian/var/lib/private"
serve
cli() { inside porchlight "$@"; } # it finds its configuration by itself
cli user add mary --name "Mary Jones" > /dev/null
expect test "$(inside porchlight --version | head -1)" = "porchlight $(sed -n 's/.*VERSION "\(.*\)"$/\1/p' api/version.h)"

step "upgrading while it runs"
echo "# ours" >> "$debian/etc/porchlight/porchlight.conf"
inside apt-get install -y -qq --no-install-recommends "/root/$(basename "$second")" >> "$folder/apt.log" 2>&1
expect grep -q "# ours" "$debian/etc/porchlight/porchlight.conf"
before=$(readlink "/proc/$server/exe")
case $before in *" (deleted)") ;; *) echo "the upgrade did not replace the program: $before" >&2; exit 1 ;; esac
cli reload > /dev/null
for _ in $(seq 100); do [ "$(grep -c event=listening "$folder/server.log")" -ge 2 ] && break; sleep 0.1; done
expect test "$(readlink "/proc/$server/exe")" = "$debian/usr/bin/porchlight" -o "$(readlink "/proc/$server/exe")" = /usr/bin/porchlight
cli user list | expect grep -q "Mary Jones"

step "removing and purging"
kill "$server"; wait "$server"; server=
inside apt-get remove -y -qq porchlight >> "$folder/apt.log" 2>&1
expect test ! -e "$debian/usr/bin/porchlight"
expect test -e "$debian/etc/porchlight/porchlight.conf"
inside apt-get purge -y -qq porchlight > "$folder/purge.log" 2>&1
expect test ! -e "$debian/etc/porchlight"
expect test ! -e "$debian/etc/systemd/system/multi-user.target.wants/porchlight.service"
expect test -s "$state/porchlight.db"
expect grep -q "what members wrote is still in /var/lib/private/porchlight" "$folder/purge.log"

step "installing again finds the members"
inside apt-get install -y -qq --no-install-recommends "/root/$(basename "$second")" >> "$folder/apt.log" 2>&1
serve
cli user list | expect grep -q "Mary Jones"
kill "$server"; wait "$server"; server=
rm -f "$first"
step "all well"
