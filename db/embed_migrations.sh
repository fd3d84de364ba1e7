#!/bin/sh
# Writes numbered SQL files, given in order, as one set of db/migrate.h (migrations_SET) to standard output.
# The SQL becomes an array of character constants: a string literal may hold no more than 4095 characters (C17, 5.2.4.1).
set -eu
LC_ALL=C
export LC_ALL

if [ $# -lt 2 ]; then
    echo "usage: $0 SET migrations/NNNN_name.sql... > migrations.c" >&2
    exit 2
fi
set_name=$1
shift

echo "/* The set $set_name, written by db/embed_migrations.sh. */"
echo '#include "db/migrate.h"'

expected=0
rows=
for file in "$@"; do
    name=$(basename "$file" .sql)
    number=$(printf '%s\n' "$name" | sed -n 's/^0*\([1-9][0-9]*\)_[a-z0-9_]*$/\1/p')
    expected=$((expected + 1))
    if [ "$number" != "$expected" ]; then
        echo "$file: expected number $expected and a name like 0001_community.sql" >&2
        exit 1
    fi
    checksum=$(b2sum -l 256 < "$file" | cut -d ' ' -f 1)
    echo
    echo "static const char sql_${set_name}_${number}[] = {"
    od -An -v -tx1 "$file" | sed "s/ *\([0-9a-f][0-9a-f]\)/'\\\\x\1',/g"
    printf '%s\n' "'\\0'};"
    rows="$rows    {$number, \"$name\", sql_${set_name}_$number, \"$checksum\"},
"
done

echo
echo "const struct migration migrations_${set_name}[] = {"
printf '%s' "$rows"
echo '    {0, NULL, NULL, NULL},'
echo '};'
