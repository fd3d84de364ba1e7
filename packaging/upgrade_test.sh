#!/bin/sh
# Upgrades a community from an older version, as it runs, and rolls back to it. Needs git, the older commit, and minutes.
#
#   packaging/upgrade_test.sh PROGRAM [COMMIT]     without COMMIT: the last tag, or the last commit of the first schema;
#                                                  a file is an older program that has been built already
set -eu
new=$(realpath "$1")
commit=${2:-$(git describe --tags --abbrev=0 2> /dev/null || echo 674709a^)}
folder=$(mktemp -d)
server=
tidy() {
    [ -z "$server" ] || kill "$server" 2> /dev/null || true
    git worktree remove --force "$folder/source" > /dev/null 2>&1 || true
    rm -rf "$folder"
}
trap tidy EXIT
step() { echo "  UPGRADE  $*"; }
expect() { "$@" || { echo "expected: $*" >&2; exit 1; }; }

build() {
    step "building $commit"
    git worktree add --detach "$folder/source" "$commit" > /dev/null 2>&1
    for part in web tests; do [ ! -d $part/node_modules ] || cp -r $part/node_modules "$folder/source/$part/"; done
    find "$folder/source" -name .installed -exec touch {} +
    make -C "$folder/source" --no-print-directory -j2 build/porchlight > "$folder/build.log" 2>&1 || { tail "$folder/build.log" >&2; exit 1; }
}
old=$folder/source/build/porchlight
if [ -x "$commit" ]; then old=$(realpath "$commit"); else build; fi
program=$folder/porchlight
data=$folder/data
replace() { cp "$1" "$program.new" && mv "$program.new" "$program"; } # as dpkg does: the old file stays with who runs it

serve() {
    "$program" serve --data "$data" --listen 127.0.0.1:0 2> "$folder/server.log" &
    server=$!
    listens 1
}
listens() { # the n-th time
    for _ in $(seq 300); do
        [ "$(grep -c event=listening "$folder/server.log")" -lt "$1" ] || return 0
        sleep 0.1
    done
    cat "$folder/server.log" >&2
    exit 1
}
address() { sed -n 's/.*event=listening.* address=\([^ ]*\).*/\1/p' "$folder/server.log" | tail -1; }
get() { curl -sf -H "Authorization: Bearer $token" "http://$(address)$1"; }
stop() { kill "$server"; wait "$server"; server=; }

step "a community of that version, while it runs"
replace "$old"
"$program" demo --data "$data" > /dev/null
serve
token=$("$program" token issue --data "$data" --user member1)
post=$(curl -sf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' -d '{"body":"before the upgrade"}' "http://$(address)/posts" |
    sed -n 's/^{"id":"\([0-9]*\)".*/\1/p')
expect test -n "$post"
stop
cp -r "$data" "$folder/backup" # of a server that does not run: both databases at one point
"$program" export --data "$data" "$folder/before.jsonl"
steps=$("$new" check --data "$data" | sed -n 's/^schema *//p')
step "the new program says: schema $steps"
serve

step "upgrading by hot restart"
replace "$new"
"$program" reload --data "$data" > /dev/null
listens 2
expect test "$(get "/posts/$post" | grep -c 'before the upgrade')" = 1
"$program" export --data "$data" "$folder/after.jsonl"
# A newer version may know more of a record; what the older one said of it must still be there, line by line.
node -e '
    const [before, after] = process.argv.slice(1).map((file) => require("fs").readFileSync(file, "utf8").trim().split("\n").map(JSON.parse));
    const key = (r) => [r.type, r.id, r.teamId, r.userId, r.postId].join();
    const known = new Map(after.map((r) => [key(r), r]));
    const lost = before.filter((r) => !Object.entries(r).every(([k, v]) => JSON.stringify(known.get(key(r))?.[k]) === JSON.stringify(v)));
    if (lost.length > 0) { console.error("lost or changed:", lost.slice(0, 5)); process.exit(1); }
    console.log(`  UPGRADE  ${before.length} records are as they were`);
' "$folder/before.jsonl" "$folder/after.jsonl"
"$program" check --data "$data" > "$folder/check.log" || { cat "$folder/check.log" >&2; exit 1; }
stop

step "rolling back: the older program refuses the newer schema, and changes nothing"
replace "$old"
before=$(sha256sum < "$data/porchlight.db")
if "$program" migrate --data "$data" 2> "$folder/refused.log"; then echo "it worked on a newer schema" >&2; exit 1; fi
sed 's/^/  UPGRADE  it says: /' "$folder/refused.log"
expect test "$(sha256sum < "$data/porchlight.db")" = "$before"

step "and works with the backup"
mv "$data" "$folder/newer"
mv "$folder/backup" "$data"
serve
expect test "$(get "/posts/$post" | grep -c 'before the upgrade')" = 1
stop
step "all well"
