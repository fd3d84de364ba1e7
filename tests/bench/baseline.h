/*
 * What durable likes cost without group commit: one transaction per like, in plain C, on the product's schema with the
 * product's SQLite settings and its statements (db/driver_sqlite.c, db/posts.c). The other side of `likes over HTTP`.
 */
#ifndef PORCHLIGHT_BENCH_BASELINE_H
#define PORCHLIGHT_BENCH_BASELINE_H

#include <stddef.h>

struct baseline;

/* A database at `path` with so many members and posts. `schema` is a migration's file. NULL after saying why. */
struct baseline *baseline_create(const char *path, const char *schema, int members, int posts);
void baseline_free(struct baseline *b); /* NULL is fine */

/* Likes every post by every member, then takes the likes back, and so on. Likes a second; -1 on an error. */
double baseline_run(struct baseline *b, double seconds);

#endif
