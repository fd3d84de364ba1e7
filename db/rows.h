/*
 * How the aggregates move rows into an arena. Caller's thread; no state.
 */
#ifndef PORCHLIGHT_DB_ROWS_H
#define PORCHLIGHT_DB_ROWS_H

#include "base/arena.h"
#include "db/driver.h"

/* A copy of a text column, with a NUL. NULL stays NULL. `full` becomes true when the arena has no room (then NULL). */
const char *rows_text(struct db_stmt *stmt, int column, struct arena *arena, bool *full);

/* Ends the statement: its error, or ERR_NO_MEMORY when `full`. */
enum err rows_end(struct db_stmt *stmt, bool full);

/* Ends a statement that was to find one row: as rows_end, or ERR_NOT_FOUND. */
enum err rows_end_one(struct db_stmt *stmt, bool found, bool full);

#endif
