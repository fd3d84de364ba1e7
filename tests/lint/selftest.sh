#!/bin/sh
# Proves that each rule of style.sh and walls.sh can fail: a small source tree that is clean, and one fault at a time.
#
#   tests/lint/selftest.sh
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d) || exit 2
trap 'rm -rf "$root"' EXIT
failed=0
tried=0

# A tree that breaks no rule.
clean() {
    rm -rf "${root:?}"/*
    mkdir -p "$root/base" "$root/db" "$root/api" "$root/migrations" "$root/tests/lint" "$root/build/base" "$root/build/db" "$root/build/api"
    cat > "$root/base/limits.h" << 'END'
/* Limits. */
#ifndef PORCHLIGHT_BASE_LIMITS_H
#define PORCHLIGHT_BASE_LIMITS_H

#define NAME_CHARS_MAX 60
#define NAME_BYTES_MAX (4 * NAME_CHARS_MAX)

#endif
END
    cat > "$root/base/name.h" << 'END'
/* Names. It says "SELECT 1" and strcpy() in a comment, which offends nobody. */
#ifndef PORCHLIGHT_BASE_NAME_H
#define PORCHLIGHT_BASE_NAME_H

int name_length(const char *name);

#endif
END
    cat > "$root/base/name.c" << 'END'
/*
 * Names.
 */
#include "base/name.h"

#include "base/limits.h"

static const char *const words[] = {"// no comment", "a \" /* text", "\t"};

int name_length(const char *name)
{
    static const int most = NAME_BYTES_MAX;
    return name[0] == '"' ? most : words[0][0];
}
END
    cat > "$root/db/rows.c" << 'END'
/* Rows. */
#include "base/name.h"

const char *rows_read(void);
const char *rows_read(void)
{
    return "SELECT 1";
}
END
    cat > "$root/api/page.c" << 'END'
/* Pages. */
#include "base/name.h"

int page_show(void);
int page_show(void)
{
    return name_length("SELECTED BEGINNINGS");
}
END
    mkdir -p "$root/web/src/views/Page" "$root/web/src/components/Box"
    cat > "$root/web/src/views/Page/Page.tsx" << 'END'
/*
 * A page. It does not know whether a WebSocket is open.
 */
import { PorchlightError, type User } from "../../porchlight/index.ts";
import { usePage } from "../../hooks/usePage.ts";

export function Page({ user }: { user: User }) {
    const { page, refetch } = usePage(user.id);
    return page instanceof PorchlightError ? <button onClick={() => void refetch()} /> : null;
}
END
    cp "$root/web/src/views/Page/Page.tsx" "$root/web/src/components/Box/Box.tsx"
    printf -- '-- A table.\nCREATE TABLE t (a INTEGER);\n' > "$root/migrations/0001_t.sql"
    printf '#!/bin/sh\nexit 0\n' > "$root/tests/ok.sh"
    printf '# None.\n' > "$root/tests/lint/allow.txt"
}

compile() {
    for folder in base db api; do
        for file in "$root/$folder"/*.c; do
            "${CC:-cc}" -w -fno-common -I"$root" -isystem "$root/system" -c "$file" -o "$root/build/$folder/$(basename "$file" .c).o" || exit 2
        done
    done
}

# expect TOOL FILE:LINE RULE: the tool must name just this place and rule, and fail.
expect() {
    tried=$((tried + 1))
    [ "$1" = walls.sh ] && compile
    said=$("$here/$1" "$root" 2>&1)
    status=$?
    if [ "$status" -eq 0 ] || ! printf '%s\n' "$said" | grep -q "^$2: $3: "; then
        failed=$((failed + 1))
        echo "tests/lint/selftest.sh:1: selftest: $1 does not find $3 at $2; it says (status $status):"
        printf '%s\n' "$said" | sed 's/^/    /'
    fi
    clean
}

# replace FILE LINE TEXT: puts a text in place of a line.
replace() {
    awk -v line="$2" 'BEGIN { text = ARGV[2]; delete ARGV[2] } FNR == line { print text; next } { print }' "$root/$1" "$3" > "$root/new"
    mv "$root/new" "$root/$1"
}

append() {
    printf '%s\n' "$2" >> "$root/$1"
}

clean
compile
for tool in style.sh walls.sh; do
    tried=$((tried + 1))
    said=$("$here/$tool" "$root" 2>&1) || {
        failed=$((failed + 1))
        echo "tests/lint/selftest.sh:1: selftest: $tool finds something in a clean tree:"
        printf '%s\n' "$said" | sed 's/^/    /'
    }
done

# ---- style.sh

append base/name.c "/* $(printf '%0121d' 0) */"; expect style.sh base/name.c:15 columns
append base/name.c 'int name_b; '; expect style.sh base/name.c:15 blanks
append base/name.c "$(printf '\tint name_b;')"; expect style.sh base/name.c:15 blanks
append tests/ok.sh "$(printf 'true\r')"; expect style.sh tests/ok.sh:3 blanks
printf 'int name_b;' >> "$root/base/name.c"; expect style.sh base/name.c:14 blanks
append base/name.c ''; expect style.sh base/name.c:15 blanks
: > "$root/base/empty.h"; expect style.sh base/empty.h:1 blanks
append base/name.c "/* TO""DO: later */"; expect style.sh base/name.c:15 later
append migrations/0001_t.sql "-- FIX""ME"; expect style.sh migrations/0001_t.sql:3 later
replace base/name.c 1 '#include "base/name.h"'; expect style.sh base/name.c:1 opening
{ echo '/*'; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do echo " * $i"; done; echo ' */'; } > "$root/base/long.c"
expect style.sh base/long.c:26 opening
replace base/name.h 2 '#ifndef NAME_H'; expect style.sh base/name.h:2 guard
replace base/name.h 3 '#define PORCHLIGHT_BASE_OTHER_H'; expect style.sh base/name.h:3 guard
printf '/* No guard. */\nint bare_x(void);\n' > "$root/base/bare.h"; expect style.sh base/bare.h:2 guard
append base/name.c 'typedef struct name { int a; } name_t;'; expect style.sh base/name.c:15 typedef
append base/name.c 'int name_c; // why'; expect style.sh base/name.c:15 comment
append base/name.c 'void name_d(char *a, char *b) { strcpy(a, b); }'; expect style.sh base/name.c:15 call
append api/page.c 'const char *page_sql(void) { return "SELECT id FROM users"; }'; expect style.sh api/page.c:9 sql
append base/name.c 'const char *name_sql(void) { return "a" "DELETE FROM users"; }'; expect style.sh base/name.c:15 sql
append api/page.c 'const char *page_sql(void) { return "UPDATE posts SET body = $1"; }'; expect style.sh api/page.c:9 sql
replace base/limits.h 5 '#define FORGOTTEN_MAX 60
#define NAME_CHARS_MAX 60'; expect style.sh base/limits.h:5 limit
append tests/ok.sh 'if then'; expect style.sh tests/ok.sh:1 shell

# ---- walls.sh

replace base/name.c 6 '#include "db/rows.h"'; echo '#define NAME_BYTES_MAX 1' > "$root/db/rows.h"; expect walls.sh base/name.c:6 include
replace db/rows.c 2 '#include "api/page.h"'; : > "$root/api/page.h"; expect walls.sh db/rows.c:2 include
replace base/name.c 6 '#include "limits.h"'; expect walls.sh base/name.c:6 include
library() {
    mkdir -p "$root/system/nats" "$root/system/openssl" "$root/system/curl"
    for header in microhttpd.h sqlite3.h libpq-fe.h nats/nats.h openssl/evp.h curl/curl.h; do : > "$root/system/$header"; done
    replace "$1" 2 "#include <$2>"
    sed -i 's/name_length(.*)/1/' "$root/$1"
    expect walls.sh "$1:2" library
}
library api/page.c microhttpd.h
library api/page.c sqlite3.h
library db/rows.c sqlite3.h
library db/rows.c libpq-fe.h
library db/rows.c nats/nats.h
library api/page.c openssl/evp.h
library api/page.c curl/curl.h
append api/page.c 'int show(void) { return 1; }'; expect walls.sh api/page.c:1 exports
append api/page.c 'const int pages = 3;'; expect walls.sh api/page.c:1 exports
append api/page.c 'int page_count = 3;'; expect walls.sh api/page.c:1 globals
append api/page.c 'static int count; int page_next(void) { return count++; }'; expect walls.sh api/page.c:1 globals
append api/page.c 'int page_next(void) { static int n = 1; return n++; }'; expect walls.sh api/page.c:1 globals
append api/page.c '_Thread_local int page_mine;'; expect walls.sh api/page.c:1 globals
for view in web/src/views/Page/Page.tsx web/src/components/Box/Box.tsx; do
    replace "$view" 5 'import { createSocket } from "../../porchlight/socket.ts";'; expect walls.sh "$view:5" transport
    replace "$view" 5 'import { connect } from "../../porchlight/index.ts";'; expect walls.sh "$view:5" transport
    replace "$view" 5 'import { useCounterWebSocket } from "../../hooks/useCounterWebSocket.ts";'; expect walls.sh "$view:5" transport
    append "$view" 'const line = new WebSocket("/ws");'; expect walls.sh "$view:11" transport
    append "$view" 'void fetch("/changes");'; expect walls.sh "$view:11" transport
    append "$view" 'void window.fetch("/changes");'; expect walls.sh "$view:11" transport
done
append tests/lint/allow.txt 'globals api/page.c page_count no longer there'; expect walls.sh tests/lint/allow.txt:2 allow
append tests/lint/allow.txt 'globals api/page.c page_count'; append api/page.c 'int page_count = 3;'; expect walls.sh tests/lint/allow.txt:2 allow

# An exception with a reason is one.
append tests/lint/allow.txt 'globals api/page.c page_c* a reason'
append api/page.c 'int page_count = 3;'
compile
tried=$((tried + 1))
"$here/walls.sh" "$root" > /dev/null || { failed=$((failed + 1)); echo "tests/lint/selftest.sh:1: selftest: allow.txt is not heard"; }

# Without objects nothing was looked at.
rm -rf "$root/build"
tried=$((tried + 1))
"$here/walls.sh" "$root" > /dev/null && { failed=$((failed + 1)); echo "tests/lint/selftest.sh:1: selftest: no objects are no finding"; }

[ "$failed" -eq 0 ] || { echo "tests/lint/selftest.sh:1: selftest: $failed of $tried rules do not hold"; exit 1; }
