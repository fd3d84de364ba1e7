/*
 * One interface to a SQL database: prepare, bind, step, column, transaction.
 *
 * A driver is a table of methods (db/driver_sqlite.c today). SQL texts are static strings with $1 parameters, ON
 * CONFLICT and RETURNING. A connection keeps each prepared statement by the address of its text, so a text is prepared
 * once; at most one execution of a text is open at a time. A connection belongs to one thread at a time.
 */
#ifndef PORCHLIGHT_DB_DRIVER_H
#define PORCHLIGHT_DB_DRIVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

struct db;
struct db_stmt;

/* Counted by every connection that was given it. Read by /metrics. */
struct db_stats {
    _Atomic uint64_t statements;   /* executions begun, BEGIN and COMMIT among them */
    _Atomic uint64_t transactions; /* committed write transactions */
};

struct db_options {
    const char *path;       /* the file; its folder exists */
    bool read_only;         /* a read connection: cannot write, sees the last commit at each statement */
    bool create;            /* make the file when it is missing */
    struct db_stats *stats; /* NULL: not counted */
    const struct log *log;  /* NULL: silent */
    /* Asked now and then while a statement runs; false ends it with ERR_TIMEOUT. NULL: it takes what it takes. */
    bool (*go_on)(void *arg);
    void *go_on_arg;
};

/* ERR_STORAGE, ERR_NO_MEMORY. The cause is logged. Opening writes nothing to a file that is there. */
enum err db_open(const struct db_options *options, struct db **out);
void db_close(struct db *db); /* NULL is fine */

/*
 * Starts a statement. `types` has one letter per argument: i int64_t, s const char * (NULL is NULL), b const void * and
 * size_t (a blob), t const char * and size_t (text with a length), n nothing (NULL). Bytes are borrowed until db_end.
 */
enum err db_query(struct db *db, struct db_stmt **out, const char *sql, const char *types, ...);

/* true: a row is there. false: no more rows, or an error, which db_end reports. */
bool db_row(struct db_stmt *stmt);
/* A value of the row, until the next db_row. NULL is 0 or NULL; of a text the length may be left out (NULL). */
int64_t db_int(struct db_stmt *stmt, int column);
const char *db_text(struct db_stmt *stmt, int column, size_t *len);
const void *db_blob(struct db_stmt *stmt, int column, size_t *len);
bool db_is_null(struct db_stmt *stmt, int column);

/* Finishes the execution and says how it went: ERR_OK, ERR_CONFLICT (a constraint), ERR_STORAGE,
   ERR_NO_MEMORY, ERR_BUSY (another process holds the file), ERR_INTERNAL. NULL is ERR_OK. A write is always carried
   through. */
enum err db_end(struct db_stmt *stmt);

/* db_query, steps to the end, db_end. */
enum err db_run(struct db *db, const char *sql, const char *types, ...);

/* Rows changed by the last finished INSERT, UPDATE or DELETE of this connection. */
int64_t db_changes(struct db *db);
/* Rows changed by this connection since it was opened, also those that were rolled back. */
int64_t db_total_changes(struct db *db);

/* Several statements separated by semicolons, without parameters: migrations, pragmas. */
enum err db_script(struct db *db, const char *sql);

enum err db_table_exists(struct db *db, const char *name, bool *exists);

/* How many rows a table has, for whoever looks at tables by name: it must be there. */
enum err db_count(struct db *db, const char *table, int64_t *rows);

/*
 * Writes belong in a transaction: db_begin takes the write lock at once on a write connection; on a read one it holds a
 * snapshot. A database whose disk is full may give the transaction up by itself: then db_mark, db_release and db_commit
 * fail with ERR_STORAGE until db_rollback. After a failed db_commit comes db_rollback. No execution is open at any of
 * these.
 */
enum err db_begin(struct db *db);
enum err db_commit(struct db *db);
void db_rollback(struct db *db);  /* fine also when there is nothing to roll back */
enum err db_holds(struct db *db); /* ERR_STORAGE when the transaction was given up */

/* A mark inside a transaction (not nested). Both ways the mark is gone afterwards. */
enum err db_mark(struct db *db);
enum err db_release(struct db *db);
void db_back_to_mark(struct db *db);

/*
 * A copy of the whole database in a new file, some pages at a time: of what `from` sees in the transaction that it is
 * in. The copy is one file, without a log beside it, and not synced: whoever keeps it does that. ERR_STORAGE: `full`
 * says whether there was no room for it.
 */
struct db_copy;
enum err db_copy_begin(struct db *from, const char *path, struct db_copy **out);
/* At most so many `pages` more; `left` of `all` are to go, 0: the copy is complete. */
enum err db_copy_step(struct db_copy *copy, int pages, int64_t *left, int64_t *all);
bool db_copy_full(const struct db_copy *copy);
void db_copy_end(struct db_copy *copy); /* NULL is fine; `from` goes on in its transaction */

/* Moves the log into the file and cuts it, so that no older copy of a page stays. ERR_BUSY: somebody reads; try again.
   Outside a transaction. */
enum err db_cut_log(struct db *db);

/* Of the database library, for `porchlight --version`. Static storage. */
const char *db_library_version(void);

#endif
