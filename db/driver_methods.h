/*
 * What a driver is made of: a table of methods, and the parts of a connection that every driver has.
 *
 * Only db/driver.c calls the methods and only drivers define them. A driver's connection begins with struct db and its
 * statement with struct db_stmt, so one pointer serves both. driver.c reads the variable arguments, counts, and holds
 * the rules of use by assertions; the driver talks to its library and logs what went wrong.
 */
#ifndef PORCHLIGHT_DB_DRIVER_METHODS_H
#define PORCHLIGHT_DB_DRIVER_METHODS_H

#include "db/driver.h"

#define DB_ARGS_MAX 16 /* the widest INSERT of ours has eleven */

struct db_value {
    char type;      /* 'i', 't', 'b' or 'n': 's' arrives as 't' or 'n' */
    int64_t number; /* i */
    const void *bytes;
    size_t len;
};

struct db {
    const struct db_methods *methods;
    const struct log *log;  /* NULL: silent */
    struct db_stats *stats; /* NULL: not counted */
    bool read_only;
    bool begun;  /* between db_begin and db_commit or db_rollback */
    bool marked; /* between db_mark and db_release or db_back_to_mark */
    bool lost;   /* the mark could not be gone back to: this transaction must not be committed */
    size_t open; /* executions that wait for their db_end */
};

struct db_stmt {
    struct db *db;
    bool open;
};

/* A driver's copy begins with it. */
struct db_copy {
    const struct db_methods *methods;
    bool full;
};

struct db_methods {
    void (*close)(struct db *db);
    /* Prepares or finds the statement, binds. On an error nothing is left open. */
    enum err (*query)(struct db *db, struct db_stmt **out, const char *sql, const struct db_value *args, size_t count);
    bool (*row)(struct db_stmt *stmt);
    int64_t (*column_int)(struct db_stmt *stmt, int column);
    const char *(*column_text)(struct db_stmt *stmt, int column, size_t *len);
    const void *(*column_blob)(struct db_stmt *stmt, int column, size_t *len);
    bool (*column_is_null)(struct db_stmt *stmt, int column);
    enum err (*end)(struct db_stmt *stmt);
    int64_t (*changes)(struct db *db);
    int64_t (*total_changes)(struct db *db);
    enum err (*cut_log)(struct db *db);
    enum err (*script)(struct db *db, const char *sql);
    enum err (*table_exists)(struct db *db, const char *name, bool *exists);
    enum err (*count)(struct db *db, const char *table, int64_t *rows);
    const char *(*begin_sql)(struct db *db);
    enum err (*before_write)(struct db *db); /* before each write transaction begins */
    void (*committed)(struct db *db);        /* after each: storage works */
    bool (*in_transaction)(struct db *db);   /* false also when the database gave it up by itself */
    enum err (*copy_begin)(struct db *from, const char *path, struct db_copy **out);
    enum err (*copy_step)(struct db_copy *copy, int pages, int64_t *left, int64_t *all);
    void (*copy_end)(struct db_copy *copy);
};

enum err driver_sqlite_open(const struct db_options *options, struct db **out);

#endif
