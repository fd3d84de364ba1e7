#!/bin/sh
# Who may know whom: the walls between the folders (DESIGN, section 1), and what objects export and own.
#
#   tests/lint/walls.sh [ROOT [BUILD]]
#
#   include    base <- db <- realtime <- api: an include goes to the left, or stays
#   library    <microhttpd.h>, <sqlite3.h>, <libpq-fe.h>, <nats.h>, <openssl/...>, <curl/...> only where they belong
#   exports    foo.c exports only foo_*: looked up in the objects in BUILD/<folder>/ (default: build)
#   globals    no mutable data at file scope: looked up there too
#   transport  nothing in a view of the web app knows how news comes: it takes the client's types and errors, and what hooks give it
#
# Exceptions stand in allow.txt beside this file, each with its reason; one that is no longer needed is a finding itself. Each
# finding is one line, file:line: rule: message. The status is 1 when there is one.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 2
build=${2:-build}
found=$(mktemp) || exit 2
used=$(mktemp) || exit 2
trap 'rm -f "$found" "$used"' EXIT
allow=tests/lint/allow.txt

sources() {
    for folder in base db realtime api; do
        if [ -d "$folder" ]; then find "$folder" -name '*.[ch]'; fi
    done | sort
}

# allowed RULE FILE WHAT: whether allow.txt has it; WHAT is matched as a shell pattern.
allowed() {
    [ -f "$allow" ] || return 1
    while read -r for_rule for_file pattern reason; do
        if [ "$for_rule" != "$1" ] || [ "$for_file" != "$2" ] || [ -z "$reason" ]; then continue; fi
        # shellcheck disable=SC2254 # a pattern is what it is
        case $3 in
        $pattern) echo "$1 $2 $pattern" >> "$used"; return 0 ;;
        esac
    done < "$allow"
    return 1
}

includes() {
    sources | while read -r file; do
        awk '
            BEGIN { height["base"] = 1; height["db"] = 2; height["realtime"] = 3; height["api"] = 4 }
            FNR == 1 { split(FILENAME, part, "/"); mine = height[part[1]] }
            $1 == "#include" && $2 ~ /^"/ {
                split($2, part, /["\/]/)
                if (!(part[2] in height) || part[3] == "")
                    printf "%s:%d: include: write the path from the root: \"folder/name.h\"\n", FILENAME, FNR
                else if (height[part[2]] > mine)
                    printf "%s:%d: include: a lower folder does not know %s/\n", FILENAME, FNR, part[2]
            }' "$file"
    done
}

libraries() {
    sources | while read -r file; do
        grep -nE '^[ ]*#[ ]*include[ ]*<(microhttpd\.h|sqlite3\.h|libpq-fe\.h|nats[/.]|openssl/|curl/)' "$file" /dev/null |
            while IFS=: read -r _ line text; do
                header=$(printf '%s' "$text" | sed 's/.*<\(.*\)>.*/\1/')
                case "$header $file" in
                "microhttpd.h api/server.c" | "microhttpd.h api/request.c") continue ;;
                "sqlite3.h db/driver_"*.c | "libpq-fe.h db/driver_"*.c) continue ;;
                "nats"*" base/bus_nats.c") continue ;;
                "openssl/"*" realtime/handshake.c" | "openssl/"*" api/p256.c" | "openssl/"*" api/ece.c") continue ;;
                "curl/curl.h api/curl_library.h") continue ;;
                esac
                allowed library "$file" "$header" || echo "$file:$line: library: <$header> is not for this file"
            done
    done
}

objects() {
    sources | grep '\.c$' | while read -r file; do
        if [ -f "$build/${file%.c}.o" ]; then echo "$file $build/${file%.c}.o"; fi
    done
}

# A header foo.h may be kept by foo.c, foo_read.c and foo_file.c: the first part of the name is the family.
exports() {
    objects | while read -r file object; do
        name=$(basename "$file" .c)
        family=${name%%_*}
        nm -g --defined-only "$object" | while read -r _ _ symbol; do
            case $symbol in
            "$name" | "$name"_* | "$family" | "$family"_* | main | __asan_* | __odr_asan*) continue ;;
            esac
            allowed exports "$file" "$symbol" || echo "$file:1: exports: $symbol does not begin with ${name}_"
        done
    done
}

globals() {
    objects | while read -r file object; do
        nm -f sysv "$object" | awk -F '|' '{ gsub(/ /, ""); if ($7 ~ /^\.(data|bss|tdata|tbss)/ && $7 !~ /^\.data\.rel\.ro/) print $1 }' |
            while read -r symbol; do
                # A static inside a function is name.1234.
                allowed globals "$file" "${symbol%%.*}" || echo "$file:1: globals: ${symbol%%.*} is mutable: struct app is handed down instead"
            done
    done
}

# What opens a line, speaks over one or asks the server by hand. The client's own files but index.ts are not for views at all.
by_hand='WebSocket|EventSource|XMLHttpRequest|useCounterWebSocket|createCounterWebSocket|createRoom|createChannel|createApi'
by_hand="$by_hand|createRequester|createOutbox|keepSession|sendPing|closeWebSocket|socketUrlOf|connect|pollMs|sendBeacon"

transport() {
    for folder in web/src/views web/src/components; do
        if [ -d "$folder" ]; then find "$folder" -name '*.ts' -o -name '*.tsx'; fi
    done | sort | while read -r file; do
        {
            grep -nE 'from "[./]+/porchlight/' "$file" | grep -v '/porchlight/index\.ts"'
            grep -nwE "$by_hand" "$file"
            grep -nE '(^|[^.[:alnum:]_])(window\.|globalThis\.)?fetch\(' "$file"
        } | grep -vE '^[0-9]+: *(/\*|\*|//)' | sort -nu | while IFS=: read -r line text; do
            allowed transport "$file" "$text" || echo "$file:$line: transport: a view asks a hook in web/src/hooks/ instead"
        done
    done
}

# An exception without a need, or without a reason, is a hole.
exceptions() {
    [ -f "$allow" ] || return 0
    line=0
    while read -r rule file pattern reason; do
        line=$((line + 1))
        case $rule in '' | '#'*) continue ;; esac
        [ -n "$reason" ] || { echo "$allow:$line: allow: an exception has a reason"; continue; }
        grep -qxF "$rule $file $pattern" "$used" || echo "$allow:$line: allow: nothing needs the exception $rule $file $pattern"
    done < "$allow"
}

if [ -z "$(objects)" ]; then
    echo "$build:1: exports: no objects there; build first"
    exit 1
fi
{ includes; libraries; exports; globals; transport; exceptions; } > "$found"
cat "$found"
[ ! -s "$found" ]
