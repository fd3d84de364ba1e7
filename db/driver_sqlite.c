/*
 * The SQLite driver: one sqlite3 connection and its prepared statements. See driver.h for the contract.
 *
 *      slots (open addressing, keyed by the address of the SQL text, at most half full)
 *      [ . | stmt | . | . | stmt | stmt | . | . ]        a statement stays until the connection is closed
 *
 * Opening writes nothing: a database that turns out to be newer or altered is left byte for byte as it was. Only the
 * first write transaction switches the file to WAL and lets the last close move the log into the file.
 *
 * No mutex inside SQLite (SQLITE_OPEN_NOMUTEX): a connection belongs to one thread at a time. Small page caches: the
 * operating system caches the file anyway, and an idle server should stay small.
 */
#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/driver_methods.h"

#define SLOTS_FIRST 64     /* a power of two; the writer uses about 70 texts */
#define STATEMENTS_MAX 512 /* more texts than the program has: beyond it somebody builds SQL at run time */
#define SQL_LOGGED_BYTES 80
#define STEPS_ASKED 100000 /* of SQLite's machine, between two questions whether to go on: some ms */

/*
 * synchronous=FULL: a commit is durable when it returns. temp_store: sorting must not need room on a full disk.
 * journal_size_limit: a log that grew during an import shrinks again. secure_delete: what a member takes away is
 * overwritten where it lay.
 */
#define PRAGMAS                                                                                                        \
    "PRAGMA synchronous = FULL;"                                                                                       \
    "PRAGMA foreign_keys = ON;"                                                                                        \
    "PRAGMA temp_store = MEMORY;"                                                                                      \
    "PRAGMA mmap_size = 0;"                                                                                            \
    "PRAGMA journal_size_limit = 8388608;"                                                                             \
    "PRAGMA secure_delete = ON;"                                                                                       \
    "PRAGMA wal_autocheckpoint = 1000;"
#define BUSY_TIMEOUT_MS 5000 /* another process at the same file: a backup, a command */

struct sqlite_stmt {
    struct db_stmt base; /* first */
    sqlite3_stmt *handle;
    const char *sql; /* the key */
    int rc;          /* of the last step; SQLITE_OK before the first */
    size_t args;
    int bind_at[DB_ARGS_MAX]; /* SQLite numbers parameters as they appear, not as they are called */
};

struct sqlite_db {
    struct db base; /* first */
    sqlite3 *handle;
    struct sqlite_stmt **slots;
    size_t slots_cap;
    size_t slots_used;
    bool is_wal;
    bool (*go_on)(void *arg); /* NULL: nobody is asked */
    void *go_on_arg;
    int storage_logged; /* the extended code last logged for failing storage; 0 when it works */
};

static struct sqlite_db *as_sqlite(struct db *db)
{
    return (struct sqlite_db *)db;
}

static struct sqlite_stmt *as_stmt(struct db_stmt *stmt)
{
    return (struct sqlite_stmt *)stmt;
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static enum err err_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_CONSTRAINT:
        return ERR_CONFLICT;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_INTERRUPT:
        return ERR_TIMEOUT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_IOERR:
        return rc == SQLITE_IOERR_NOMEM ? ERR_NO_MEMORY : ERR_STORAGE;
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
        return ERR_STORAGE;
    default:
        return ERR_INTERNAL;
    }
}

/* Logs the cause and translates it. A full disk fails every batch: it is logged once, until something works again. */
static enum err failed(struct sqlite_db *db, int rc, const char *sql)
{
    enum err err = err_of(rc);
    if (err == ERR_STORAGE) {
        if (rc == db->storage_logged)
            return err;
        db->storage_logged = rc;
    }
    if (db->base.log == NULL || err == ERR_TIMEOUT)
        return err;
    const char *cause = db->handle == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db->handle);
    char buffer[SQL_LOGGED_BYTES];
    const char *start = buffer;
    (void)snprintf(buffer, sizeof buffer, "%s", sql);
    log_write(
        db->base.log, err == ERR_CONFLICT ? LOG_DEBUG : LOG_ERROR, "db.failed",
        LOG_FIELDS_(LOG_S("error", err_slug(err)), LOG_S("cause", cause), LOG_I("code", rc), LOG_S("sql", start)));
    return err;
}

/* ---- the statement cache ----------------------------------------------------------------------------------------- */

static size_t slot_of(const char *sql, size_t cap)
{
    /* Fibonacci hashing: neighbouring addresses end up far apart. */
    return (size_t)(((uint64_t)(uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (cap - 1);
}

static struct sqlite_stmt **find_slot(struct sqlite_stmt **slots, size_t cap, const char *sql)
{
    size_t i = slot_of(sql, cap);
    while (slots[i] != NULL && slots[i]->sql != sql)
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static bool grow_slots(struct sqlite_db *db)
{
    size_t cap = db->slots_cap == 0 ? SLOTS_FIRST : db->slots_cap * 2;
    struct sqlite_stmt **slots = calloc(cap, sizeof(struct sqlite_stmt *));
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < db->slots_cap; i++)
        if (db->slots[i] != NULL)
            *find_slot(slots, cap, db->slots[i]->sql) = db->slots[i];
    free(db->slots);
    db->slots = slots;
    db->slots_cap = cap;
    return true;
}

/* $1 may appear after $2, and more than once. */
static void map_parameters(struct sqlite_stmt *stmt)
{
    int count = sqlite3_bind_parameter_count(stmt->handle);
    assert(count <= DB_ARGS_MAX);
    stmt->args = (size_t)count;
    for (int i = 1; i <= count; i++) {
        const char *name = sqlite3_bind_parameter_name(stmt->handle, i);
        long number = name == NULL || name[0] != '$' ? 0 : strtol(name + 1, NULL, 10);
        assert(number >= 1 && number <= count); /* $1 to $n without a gap */
        stmt->bind_at[number - 1] = i;
    }
}

static enum err prepare(struct sqlite_db *db, const char *sql, struct sqlite_stmt **out)
{
    struct sqlite_stmt *stmt = malloc(sizeof *stmt);
    if (stmt == NULL)
        return ERR_NO_MEMORY;
    *stmt = (struct sqlite_stmt){.base.db = &db->base, .sql = sql};
    const char *tail = NULL;
    int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, &tail);
    if (rc != SQLITE_OK) {
        free(stmt);
        return failed(db, rc, sql);
    }
    assert(stmt->handle != NULL && *tail == '\0'); /* one statement; several are db_script's */
    map_parameters(stmt);
    *out = stmt;
    return ERR_OK;
}

static enum err statement(struct sqlite_db *db, const char *sql, struct sqlite_stmt **out)
{
    if (db->slots_used * 2 >= db->slots_cap && !grow_slots(db))
        return ERR_NO_MEMORY;
    struct sqlite_stmt **slot = find_slot(db->slots, db->slots_cap, sql);
    if (*slot == NULL) {
        assert(db->slots_used < STATEMENTS_MAX);
        enum err err = prepare(db, sql, slot);
        if (err != ERR_OK)
            return err;
        db->slots_used++;
    }
    assert(strcmp(sqlite3_sql((*slot)->handle), sql) == 0); /* the text must be static: its address is its name */
    *out = *slot;
    return ERR_OK;
}

/* ---- executions -------------------------------------------------------------------------------------------------- */

static int bind(struct sqlite_stmt *stmt, size_t index, const struct db_value *value)
{
    int at = stmt->bind_at[index];
    assert(value->len <= INT_MAX);
    switch (value->type) {
    case 'i':
        return sqlite3_bind_int64(stmt->handle, at, value->number);
    case 't':
        return sqlite3_bind_text(stmt->handle, at, value->len == 0 ? "" : value->bytes, (int)value->len, SQLITE_STATIC);
    case 'b':
        return sqlite3_bind_blob(stmt->handle, at, value->len == 0 ? "" : value->bytes, (int)value->len, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(stmt->handle, at);
    }
}

static enum err sqlite_query(struct db *base, struct db_stmt **out, const char *sql, const struct db_value *args,
                             size_t count)
{
    struct sqlite_db *db = as_sqlite(base);
    struct sqlite_stmt *stmt;
    enum err err = statement(db, sql, &stmt);
    if (err != ERR_OK)
        return err;
    assert(!stmt->base.open);
    assert(count == stmt->args);
    for (size_t i = 0; i < count; i++) {
        int rc = bind(stmt, i, &args[i]);
        if (rc != SQLITE_OK) {
            err = failed(db, rc, sql);
            (void)sqlite3_clear_bindings(stmt->handle);
            return err;
        }
    }
    stmt->rc = SQLITE_OK;
    *out = &stmt->base;
    return ERR_OK;
}

static bool sqlite_row(struct db_stmt *base)
{
    struct sqlite_stmt *stmt = as_stmt(base);
    if (stmt->rc != SQLITE_OK && stmt->rc != SQLITE_ROW)
        return false;
    stmt->rc = sqlite3_step(stmt->handle);
    return stmt->rc == SQLITE_ROW;
}

static int64_t sqlite_column_int(struct db_stmt *base, int column)
{
    struct sqlite_stmt *stmt = as_stmt(base);
    assert(stmt->rc == SQLITE_ROW && column < sqlite3_column_count(stmt->handle));
    return sqlite3_column_int64(stmt->handle, column);
}

static const char *sqlite_column_text(struct db_stmt *base, int column, size_t *len)
{
    struct sqlite_stmt *stmt = as_stmt(base);
    assert(stmt->rc == SQLITE_ROW && column < sqlite3_column_count(stmt->handle));
    const unsigned char *text = sqlite3_column_text(stmt->handle, column);
    if (len != NULL)
        *len = (size_t)sqlite3_column_bytes(stmt->handle, column);
    return (const char *)text;
}

static const void *sqlite_column_blob(struct db_stmt *base, int column, size_t *len)
{
    struct sqlite_stmt *stmt = as_stmt(base);
    assert(stmt->rc == SQLITE_ROW && column < sqlite3_column_count(stmt->handle));
    const void *bytes = sqlite3_column_blob(stmt->handle, column);
    *len = (size_t)sqlite3_column_bytes(stmt->handle, column);
    return bytes;
}

static bool sqlite_column_is_null(struct db_stmt *base, int column)
{
    struct sqlite_stmt *stmt = as_stmt(base);
    assert(stmt->rc == SQLITE_ROW && column < sqlite3_column_count(stmt->handle));
    return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL;
}

static enum err sqlite_end(struct db_stmt *base)
{
    struct sqlite_stmt *stmt = as_stmt(base);
    struct sqlite_db *db = as_sqlite(base->db);
    /* A write whose RETURNING row was all that was wanted still has its last checks before it. */
    if (stmt->rc == SQLITE_OK || stmt->rc == SQLITE_ROW)
        if (!sqlite3_stmt_readonly(stmt->handle))
            while (sqlite_row(base))
                ;
    enum err err = err_of(stmt->rc) == ERR_OK ? ERR_OK : failed(db, stmt->rc, stmt->sql);
    if (err == ERR_OK && db->base.read_only)
        db->storage_logged = 0;
    (void)sqlite3_reset(stmt->handle); /* repeats the error that the step gave */
    (void)sqlite3_clear_bindings(stmt->handle);
    return err;
}

static int64_t sqlite_changes(struct db *base)
{
    return sqlite3_changes64(as_sqlite(base)->handle);
}

static int64_t sqlite_total_changes(struct db *base)
{
    return sqlite3_total_changes64(as_sqlite(base)->handle);
}

static enum err sqlite_script(struct db *base, const char *sql)
{
    struct sqlite_db *db = as_sqlite(base);
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : failed(db, rc, sql);
}

/* Readers that are at work are not waited for: this is the writer's own time. */
static enum err sqlite_cut_log(struct db *base)
{
    struct sqlite_db *db = as_sqlite(base);
    (void)sqlite3_busy_timeout(db->handle, 0);
    int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    return rc == SQLITE_BUSY ? ERR_BUSY : rc == SQLITE_OK ? ERR_OK : failed(db, rc, "wal_checkpoint");
}

static enum err sqlite_table_exists(struct db *base, const char *name, bool *exists)
{
    struct db_stmt *stmt;
    enum err err = db_query(base, &stmt, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", "s", name);
    if (err != ERR_OK)
        return err;
    *exists = db_row(stmt);
    return db_end(stmt);
}

/* Not kept as other statements are: its text is made here. */
static enum err sqlite_count(struct db *base, const char *table, int64_t *rows)
{
    struct sqlite_db *db = as_sqlite(base);
    sqlite3_stmt *handle = NULL;
    char *sql = sqlite3_mprintf("SELECT COUNT(*) FROM \"%w\"", table);
    *rows = 0;
    if (sql == NULL)
        return ERR_NO_MEMORY;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &handle, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(handle);
    if (rc == SQLITE_ROW)
        *rows = sqlite3_column_int64(handle, 0);
    enum err err = rc == SQLITE_ROW ? ERR_OK : failed(db, rc, sql);
    (void)sqlite3_finalize(handle);
    sqlite3_free(sql);
    return err;
}

/* ---- transactions ------------------------------------------------------------------------------------------------ */

static const char *sqlite_begin_sql(struct db *base)
{
    return base->read_only ? "BEGIN" : "BEGIN IMMEDIATE";
}

static enum err sqlite_before_write(struct db *base)
{
    struct sqlite_db *db = as_sqlite(base);
    if (db->is_wal)
        return ERR_OK;
    static const char sql[] = "PRAGMA journal_mode = WAL";
    struct db_stmt *stmt;
    enum err err = db_query(base, &stmt, sql, "");
    if (err != ERR_OK)
        return err;
    const char *mode = db_row(stmt) ? db_text(stmt, 0, NULL) : NULL;
    db->is_wal = mode != NULL && strcmp(mode, "wal") == 0;
    err = db_end(stmt);
    if (err == ERR_OK && !db->is_wal)
        err = failed(db, SQLITE_CANTOPEN, sql);
    if (err == ERR_OK)
        (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return err;
}

static void sqlite_committed(struct db *base)
{
    as_sqlite(base)->storage_logged = 0;
}

static bool sqlite_in_transaction(struct db *base)
{
    return sqlite3_get_autocommit(as_sqlite(base)->handle) == 0;
}

/* The file holds password hashes and signing keys: its owner's alone. SQLite gives the log and its index the same mode.
 */
static void create_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)close(fd); /* if it could not be made, opening says why */
}

/* ---- copies ------------------------------------------------------------------------------------------------------ */

struct sqlite_copy {
    struct db_copy base; /* first */
    struct sqlite_db *from;
    sqlite3 *to;
    sqlite3_backup *steps;
};

static enum err copy_failed(struct sqlite_copy *copy, int rc)
{
    copy->base.full = (rc & 0xff) == SQLITE_FULL;
    if (copy->from->base.log != NULL)
        log_error(copy->from->base.log, "db.copy_failed", LOG_S("cause", sqlite3_errstr(rc)), LOG_I("code", rc));
    return err_of(rc);
}

static void sqlite_copy_end(struct db_copy *base)
{
    struct sqlite_copy *copy = (struct sqlite_copy *)base;
    (void)sqlite3_backup_finish(copy->steps); /* repeats the error that a step gave */
    (void)sqlite3_close(copy->to);
    free(copy);
}

/* Whoever is killed begins anew, so the copy needs no journal and no fsync of its own. */
static enum err sqlite_copy_begin(struct db *from, const char *path, struct db_copy **out)
{
    struct sqlite_copy *copy = calloc(1, sizeof *copy);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    copy->base.methods = from->methods;
    copy->from = as_sqlite(from);
    create_private(path);
    int rc = sqlite3_open_v2(path, &copy->to, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copy->to, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF", NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        copy->steps = sqlite3_backup_init(copy->to, "main", copy->from->handle, "main");
        rc = copy->steps == NULL ? sqlite3_extended_errcode(copy->to) : SQLITE_OK;
    }
    if (rc != SQLITE_OK) {
        enum err err = copy_failed(copy, rc);
        sqlite_copy_end(&copy->base);
        return err;
    }
    *out = &copy->base;
    return ERR_OK;
}

static enum err sqlite_copy_step(struct db_copy *base, int pages, int64_t *left, int64_t *all)
{
    struct sqlite_copy *copy = (struct sqlite_copy *)base;
    int rc = sqlite3_backup_step(copy->steps, pages);
    *all = sqlite3_backup_pagecount(copy->steps);
    *left = sqlite3_backup_remaining(copy->steps);
    if (rc == SQLITE_OK)
        return ERR_OK;
    if (rc == SQLITE_DONE) {
        *left = 0;
        rc = sqlite3_backup_finish(copy->steps);
        copy->steps = NULL;
        /* The first page says that there is a log beside the file, as there is with ours. */
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(copy->to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    }
    return rc == SQLITE_OK ? ERR_OK : copy_failed(copy, rc);
}

/* ---- open and close ---------------------------------------------------------------------------------------------- */

static void sqlite_close(struct db *base)
{
    struct sqlite_db *db = as_sqlite(base);
    for (size_t i = 0; i < db->slots_cap; i++) {
        if (db->slots[i] == NULL)
            continue;
        (void)sqlite3_finalize(db->slots[i]->handle);
        free(db->slots[i]);
    }
    free(db->slots);
    int rc = sqlite3_close(db->handle); /* also of a handle whose opening failed, and of NULL */
    assert(rc == SQLITE_OK);
    (void)rc;
    free(db);
}

static const struct db_methods methods = {
    .close = sqlite_close,
    .query = sqlite_query,
    .row = sqlite_row,
    .column_int = sqlite_column_int,
    .column_text = sqlite_column_text,
    .column_blob = sqlite_column_blob,
    .column_is_null = sqlite_column_is_null,
    .end = sqlite_end,
    .changes = sqlite_changes,
    .total_changes = sqlite_total_changes,
    .script = sqlite_script,
    .cut_log = sqlite_cut_log,
    .table_exists = sqlite_table_exists,
    .count = sqlite_count,
    .begin_sql = sqlite_begin_sql,
    .before_write = sqlite_before_write,
    .committed = sqlite_committed,
    .in_transaction = sqlite_in_transaction,
    .copy_begin = sqlite_copy_begin,
    .copy_step = sqlite_copy_step,
    .copy_end = sqlite_copy_end,
};

static enum err configure(struct sqlite_db *db)
{
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* "x" is a name and never a text, as in PostgreSQL. */
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    const char *sql = db->base.read_only ? PRAGMAS "PRAGMA cache_size = -512;" : PRAGMAS "PRAGMA cache_size = -2048;";
    return sqlite_script(&db->base, sql);
}

static int has_to_stop(void *arg)
{
    const struct sqlite_db *db = arg;
    return !db->go_on(db->go_on_arg);
}

enum err driver_sqlite_open(const struct db_options *options, struct db **out)
{
    *out = NULL;
    struct sqlite_db *db = malloc(sizeof *db);
    if (db == NULL)
        return ERR_NO_MEMORY;
    *db = (struct sqlite_db){
        .base = {.methods = &methods, .log = options->log, .stats = options->stats, .read_only = options->read_only},
        .go_on = options->go_on,
        .go_on_arg = options->go_on_arg};
    if (options->create)
        create_private(options->path);
    int flags = SQLITE_OPEN_NOMUTEX | (options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    int rc = sqlite3_open_v2(options->path, &db->handle, flags, NULL);
    enum err err = rc == SQLITE_OK ? configure(db) : failed(db, rc, options->path);
    if (err == ERR_OK && db->go_on != NULL)
        sqlite3_progress_handler(db->handle, STEPS_ASKED, has_to_stop, db);
    if (err != ERR_OK) {
        sqlite_close(&db->base);
        return err;
    }
    *out = &db->base;
    return ERR_OK;
}

const char *db_library_version(void)
{
    return sqlite3_libversion();
}
