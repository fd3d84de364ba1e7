/* Counting. See census.h. */
#include "db/census.h"

#include <stdio.h>
#include <string.h>

static enum err read_names(struct db *db, struct census *out)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt,
                            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                            " ORDER BY name",
                            "");
    if (err != ERR_OK)
        return err;
    bool fits = true;
    while (fits && db_row(stmt)) {
        size_t len;
        const char *name = db_text(stmt, 0, &len);
        fits = out->count < CENSUS_TABLES_MAX && name != NULL && len < CENSUS_NAME_BYTES;
        if (fits)
            memcpy(out->items[out->count++].table, name, len + 1);
    }
    err = db_end(stmt);
    return err == ERR_OK && !fits ? ERR_SCHEMA : err;
}

enum err census_take(struct db *db, struct census *out)
{
    memset(out, 0, sizeof *out);
    enum err err = read_names(db, out);
    for (size_t i = 0; err == ERR_OK && i < out->count; i++)
        err = db_count(db, out->items[i].table, &out->items[i].rows);
    return err;
}

const char *census_difference(const struct census *a, const struct census *b)
{
    for (size_t i = 0; i < a->count || i < b->count; i++) {
        if (i >= b->count)
            return a->items[i].table;
        if (i >= a->count || strcmp(a->items[i].table, b->items[i].table) != 0 ||
            a->items[i].rows != b->items[i].rows)
            return b->items[i].table;
    }
    return NULL;
}

int64_t census_rows(const struct census *census, const char *table)
{
    for (size_t i = 0; i < census->count; i++)
        if (strcmp(census->items[i].table, table) == 0)
            return census->items[i].rows;
    return 0;
}
