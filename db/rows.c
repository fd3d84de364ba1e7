/* Moving rows into an arena. See rows.h. */
#include "db/rows.h"

const char *rows_text(struct db_stmt *stmt, int column, struct arena *arena, bool *full)
{
    size_t len;
    const char *text = db_text(stmt, column, &len);
    if (text == NULL)
        return NULL;
    const char *copy = arena_copy(arena, text, len);
    if (copy == NULL)
        *full = true;
    return copy;
}

enum err rows_end(struct db_stmt *stmt, bool full)
{
    enum err err = db_end(stmt);
    return err == ERR_OK && full ? ERR_NO_MEMORY : err;
}

enum err rows_end_one(struct db_stmt *stmt, bool found, bool full)
{
    enum err err = rows_end(stmt, full);
    return err == ERR_OK && !found ? ERR_NOT_FOUND : err;
}
