/*
 * How many rows each table of a file has: what says that a copy is the whole of it. Reads only; caller's thread.
 */
#ifndef PORCHLIGHT_DB_CENSUS_H
#define PORCHLIGHT_DB_CENSUS_H

#include "base/limits.h"
#include "db/driver.h"

#define CENSUS_NAME_BYTES 64

struct census {
    struct {
        char table[CENSUS_NAME_BYTES];
        int64_t rows;
    } items[CENSUS_TABLES_MAX];
    size_t count;
};

/* In the order of their names. */
enum err census_take(struct db *db, struct census *out);

/* The first table whose rows differ, or that one of them lacks; NULL: they are the same. */
const char *census_difference(const struct census *a, const struct census *b);

int64_t census_rows(const struct census *census, const char *table); /* 0 also when there is no such table */

#endif
