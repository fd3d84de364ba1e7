/*
 * The common half of every driver: arguments, counting, transactions and the rules of use. See driver.h.
 *
 * A database may give up a transaction by itself when its disk is full. From then on every mark, release and commit of
 * that transaction fails with ERR_STORAGE until db_rollback: otherwise the next mark would quietly begin a new one, and
 * jobs whose work is gone would be told that it is durable.
 */
#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "db/driver_methods.h"

enum err db_open(const struct db_options *options, struct db **out)
{
    assert(!(options->read_only && options->create));
    return driver_sqlite_open(options, out);
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    assert(db->open == 0 && !db->begun);
    db->methods->close(db);
}

/* One letter of `types` and its argument or two. */
static struct db_value next_value(char type, va_list *args)
{
    struct db_value value = {.type = type};
    switch (type) {
    case 'i':
        value.number = va_arg(*args, int64_t);
        break;
    case 's':
        value.bytes = va_arg(*args, const char *);
        value.len = value.bytes == NULL ? 0 : strlen(value.bytes);
        value.type = value.bytes == NULL ? 'n' : 't';
        break;
    case 'b':
        value.bytes = va_arg(*args, const void *);
        value.len = va_arg(*args, size_t);
        break;
    case 't':
        value.bytes = va_arg(*args, const char *);
        value.len = va_arg(*args, size_t);
        break;
    case 'n':
        break;
    default:
        assert(false && "an unknown letter in types");
    }
    return value;
}

static enum err query_va(struct db *db, struct db_stmt **out, const char *sql, const char *types, va_list *args)
{
    struct db_value values[DB_ARGS_MAX];
    size_t count = strlen(types);
    assert(count <= DB_ARGS_MAX);
    for (size_t i = 0; i < count; i++)
        values[i] = next_value(types[i], args);
    if (db->stats != NULL)
        atomic_fetch_add_explicit(&db->stats->statements, 1, memory_order_relaxed);
    *out = NULL;
    enum err err = db->methods->query(db, out, sql, values, count);
    if (err == ERR_OK) {
        (*out)->open = true;
        db->open++;
    }
    return err;
}

enum err db_query(struct db *db, struct db_stmt **out, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    enum err err = query_va(db, out, sql, types, &args);
    va_end(args);
    return err;
}

bool db_row(struct db_stmt *stmt)
{
    assert(stmt->open);
    return stmt->db->methods->row(stmt);
}

int64_t db_int(struct db_stmt *stmt, int column)
{
    return stmt->db->methods->column_int(stmt, column);
}

const char *db_text(struct db_stmt *stmt, int column, size_t *len)
{
    return stmt->db->methods->column_text(stmt, column, len);
}

const void *db_blob(struct db_stmt *stmt, int column, size_t *len)
{
    return stmt->db->methods->column_blob(stmt, column, len);
}

bool db_is_null(struct db_stmt *stmt, int column)
{
    return stmt->db->methods->column_is_null(stmt, column);
}

enum err db_end(struct db_stmt *stmt)
{
    if (stmt == NULL)
        return ERR_OK;
    assert(stmt->open && stmt->db->open > 0);
    enum err err = stmt->db->methods->end(stmt);
    stmt->open = false;
    stmt->db->open--;
    return err;
}

enum err db_run(struct db *db, const char *sql, const char *types, ...)
{
    struct db_stmt *stmt;
    va_list args;
    va_start(args, types);
    enum err err = query_va(db, &stmt, sql, types, &args);
    va_end(args);
    if (err != ERR_OK)
        return err;
    while (db_row(stmt))
        ;
    return db_end(stmt);
}

int64_t db_changes(struct db *db)
{
    return db->methods->changes(db);
}

int64_t db_total_changes(struct db *db)
{
    return db->methods->total_changes(db);
}

enum err db_cut_log(struct db *db)
{
    return db->methods->cut_log(db);
}

enum err db_script(struct db *db, const char *sql)
{
    if (db->stats != NULL)
        atomic_fetch_add_explicit(&db->stats->statements, 1, memory_order_relaxed);
    return db->methods->script(db, sql);
}

enum err db_table_exists(struct db *db, const char *name, bool *exists)
{
    return db->methods->table_exists(db, name, exists);
}

enum err db_count(struct db *db, const char *table, int64_t *rows)
{
    return db->methods->count(db, table, rows);
}

static bool is_lost(struct db *db)
{
    return db->lost || !db->methods->in_transaction(db);
}

enum err db_begin(struct db *db)
{
    assert(!db->begun && db->open == 0);
    enum err err = db->read_only ? ERR_OK : db->methods->before_write(db);
    if (err == ERR_OK)
        err = db_run(db, db->methods->begin_sql(db), "");
    db->begun = err == ERR_OK;
    db->marked = false;
    db->lost = false;
    return err;
}

enum err db_holds(struct db *db)
{
    assert(db->begun);
    return is_lost(db) ? ERR_STORAGE : ERR_OK;
}

enum err db_commit(struct db *db)
{
    assert(db->begun && !db->marked && db->open == 0);
    if (is_lost(db))
        return ERR_STORAGE;
    enum err err = db_run(db, "COMMIT", "");
    if (err != ERR_OK)
        return err;
    db->begun = false;
    if (db->read_only)
        return ERR_OK;
    db->methods->committed(db);
    if (db->stats != NULL)
        atomic_fetch_add_explicit(&db->stats->transactions, 1, memory_order_relaxed);
    return ERR_OK;
}

void db_rollback(struct db *db)
{
    assert(db->open == 0);
    if (db->begun && db->methods->in_transaction(db))
        (void)db_run(db, "ROLLBACK", "");
    db->begun = false;
    db->marked = false;
    db->lost = false;
}

enum err db_mark(struct db *db)
{
    assert(db->begun && !db->marked && db->open == 0);
    if (is_lost(db))
        return ERR_STORAGE;
    enum err err = db_run(db, "SAVEPOINT mark", "");
    db->marked = err == ERR_OK;
    return err;
}

enum err db_release(struct db *db)
{
    assert(db->marked && db->open == 0);
    db->marked = false;
    return is_lost(db) ? ERR_STORAGE : db_run(db, "RELEASE SAVEPOINT mark", "");
}

void db_back_to_mark(struct db *db)
{
    assert(db->marked && db->open == 0);
    db->marked = false;
    if (is_lost(db))
        return;
    /* Going back leaves the mark itself in place, on both databases. */
    if (db_run(db, "ROLLBACK TO SAVEPOINT mark", "") != ERR_OK || db_run(db, "RELEASE SAVEPOINT mark", "") != ERR_OK)
        db->lost = true;
}

enum err db_copy_begin(struct db *from, const char *path, struct db_copy **out)
{
    assert(from->begun);
    *out = NULL;
    return from->methods->copy_begin(from, path, out);
}

enum err db_copy_step(struct db_copy *copy, int pages, int64_t *left, int64_t *all)
{
    return copy->methods->copy_step(copy, pages, left, all);
}

bool db_copy_full(const struct db_copy *copy)
{
    return copy->full;
}

void db_copy_end(struct db_copy *copy)
{
    if (copy != NULL)
        copy->methods->copy_end(copy);
}
