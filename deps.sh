#!/bin/sh
# Installs what is missing from Debian: says it first, skips what is there.
#
#   ./deps.sh run     to build and run
#   ./deps.sh test    to test and lint as well
set -eu

run="gcc libc6-dev make pkg-config libmicrohttpd-dev libsqlite3-dev libsodium-dev libjansson-dev zlib1g-dev libssl-dev libcurl4-openssl-dev ca-certificates"
# npm of Debian needs nearly 400 packages, so an npm that is there already, from wherever, is left alone.
command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || run="$run nodejs npm"
test="libcmocka-dev dpkg-dev mandoc groff-base libwslay-dev python3-websockets curl chromium-headless-shell clang libclang-rt-14-dev cppcheck procps util-linux binutils fonts-dejavu-core"

case "${1:-}" in
run) wanted="$run" ;;
test) wanted="$run $test" ;;
*) echo "usage: $0 run|test" >&2; exit 2 ;;
esac

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing from Debian:$missing"
sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "This needs root or sudo." >&2; exit 1; }
    sudo=sudo
fi
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing > build-deps.log 2>&1 ||
    { tail -20 build-deps.log >&2; exit 1; }
rm -f build-deps.log
