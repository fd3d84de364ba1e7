#!/bin/sh
# How every file of the source is written. STYLE of the project, as far as a machine can tell.
#
#   tests/lint/style.sh [ROOT]
#
#   columns    120 at most (C)              opening   a comment of at most 25 lines opens each C file
#   blanks     none at a line's end, no tab, no carriage return, one line feed at the end of the file
#   later      no notes about what is to be done: that is an issue
#   guard      PORCHLIGHT_<FOLDER>_<FILE>_H            typedef   structs have their own names
#   call       no strcpy, sprintf, atoi and the like   sql       only below db/ and migrations/
#   limit      every macro of base/limits.h is used
#   shell      sh -n, and shellcheck where it is installed
#
# Each finding is one line, file:line: rule: message. The status is 1 when there is one.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 2
found=$(mktemp) || exit 2
trap 'rm -f "$found"' EXIT

# Files of ours with one of the given endings, below the folders that exist.
files() {
    for folder in base db realtime api migrations tests web; do
        [ -d "$folder" ] || continue
        for ending in "$@"; do
            find "$folder" \( -name node_modules -o -name dist -o -name corpus \) -prune -o -type f -name "*.$ending" -print
        done
    done | sort
}

c_style() {
    files c h | while read -r file; do
        guard=
        case $file in
        *.h) guard=$(printf '%s' "${file%.h}" | awk -F/ '{ print toupper($(NF - 1) "_" $NF) "_H" }' | tr '.-' '__') ;;
        esac
        product=0
        case $file in base/* | db/* | realtime/* | api/*) product=1 ;; esac
        awk -v guard="$guard" -v product="$product" -f "$here/style.awk" "$file"
    done
}

# Words are put together here, so that this file does not find itself.
text_style() {
    later='TO''DO|FIX''ME|XX''X|HA''CK'
    files c h sh awk mk sql mjs ts tsx css html | while read -r file; do
        awk -v later="(^|[ */#])($later)([ :(]|\$)" -v tabs="$(case $file in *.mk) echo yes ;; esac)" '
            function say(rule, message) { printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, message }
            /\r/ { say("blanks", "a carriage return") }
            /[ \t]$/ { say("blanks", "blanks at the end of the line") }
            /\t/ && tabs == "" { say("blanks", "a tab") }
            $0 ~ later { say("later", "what is not done is an issue, not a comment") }
        ' "$file"
        [ -s "$file" ] || { echo "$file:1: blanks: the file is empty"; continue; }
        [ -z "$(tail -c 1 "$file")" ] || echo "$file:$(wc -l < "$file"): blanks: no line feed at the end of the file"
        [ -n "$(tail -c 2 "$file" | tr -d '\n')" ] || echo "$file:$(wc -l < "$file"): blanks: an empty line at the end of the file"
    done
}

# A limit that nobody asks for is either forgotten or was never needed. A limit may stand in another limit.
limits() {
    [ -f base/limits.h ] || return 0
    code=$(files c h | grep -v '^base/limits\.h$' | grep -v '^tests/' | tr '\n' ' ')
    awk '$1 == "#define" && $2 !~ /_H$/ { print $2, FNR }' base/limits.h | while read -r name line; do
        # shellcheck disable=SC2086 # a list of files without blanks in their names
        grep -qw -e "$name" $code /dev/null && continue
        awk -v name="$name" '$1 == "#define" && $2 != name && $0 ~ "[^A-Z_]" name "([^A-Z_]|$)" { f = 1 } END { exit !f }' base/limits.h ||
            echo "base/limits.h:$line: limit: $name is not used"
    done
}

shells() {
    { files sh; for file in ./*.sh .ci/* tests/run; do [ -f "$file" ] && echo "$file"; done; } | sort -u |
        while read -r file; do
            head -n 1 "$file" | grep -q '^#!.*sh' || continue
            message=$(sh -n "$file" 2>&1) || echo "$file:1: shell: $message"
            command -v shellcheck > /dev/null || continue
            shellcheck -S warning -f gcc "$file" | sed 's/: \(note\|warning\|error\): /: shell: /' | sed 's/^\([^:]*:[0-9]*\):[0-9]*:/\1:/'
        done
}

{ c_style; text_style; limits; shells; } > "$found"
cat "$found"
[ ! -s "$found" ]
