/* The word list. See words.h. */
#include "db/words.h"

#include "base/fold.h"
#include "base/json.h"
#include "base/limits.h"
#include "db/rows.h"

#include <string.h>

enum err words_list(struct db *db, struct arena *arena, const char ***out, size_t *count)
{
    *count = 0;
    *out = arena_alloc(arena, WORDS_MAX * sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, "SELECT word FROM words ORDER BY word LIMIT $1", "i", (int64_t)WORDS_MAX);
    if (err != ERR_OK)
        return err;
    bool full = false;
    while (!full && *count < WORDS_MAX && db_row(stmt))
        (*out)[(*count)++] = rows_text(stmt, 0, arena, &full);
    return rows_end(stmt, full);
}

static enum err fold(struct tx *tx, const char *word, char out[static FOLD_WORD_BYTES])
{
    if (fold_one(word, out) && json_utf8_length(out, strlen(out)) <= WORD_CHARS_MAX)
        return ERR_OK;
    return problem_set(&tx->problem, ERR_INVALID,
                       "The list has words of at most %d letters and digits: \"%.80s\" is none.", WORD_CHARS_MAX, word);
}

static enum err insert(struct tx *tx, const char *word, bool *changed)
{
    char folded[FOLD_WORD_BYTES];
    enum err err = fold(tx, word, folded);
    if (err == ERR_OK)
        err = db_run(tx->db, "INSERT INTO words (word, created_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING", "si",
                     folded, tx->now_ms);
    *changed = err == ERR_OK && db_changes(tx->db) > 0;
    return err;
}

static enum err check_count(struct tx *tx)
{
    struct db_stmt *stmt;
    enum err err = db_query(tx->db, &stmt, "SELECT COUNT(*) FROM words", "");
    if (err != ERR_OK)
        return err;
    int64_t count = db_row(stmt) ? db_int(stmt, 0) : 0;
    err = db_end(stmt);
    if (err == ERR_OK && count > WORDS_MAX)
        return problem_set(&tx->problem, ERR_INVALID, "The list has at most %d words.", WORDS_MAX);
    return err;
}

enum err words_set(struct tx *tx, const char *const *words, size_t count)
{
    bool changed;
    enum err err = db_run(tx->db, "DELETE FROM words", "");
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        err = insert(tx, words[i], &changed);
    return err == ERR_OK ? check_count(tx) : err;
}

enum err words_add(struct tx *tx, const char *word, bool *changed)
{
    enum err err = insert(tx, word, changed);
    return err == ERR_OK ? check_count(tx) : err;
}

enum err words_remove(struct tx *tx, const char *word, bool *changed)
{
    char folded[FOLD_WORD_BYTES];
    enum err err = fold(tx, word, folded);
    if (err == ERR_OK)
        err = db_run(tx->db, "DELETE FROM words WHERE word = $1", "s", folded);
    *changed = err == ERR_OK && db_changes(tx->db) > 0;
    return err;
}

static enum err is_there(struct db *db, const char *sql, const char *types, const char *word, bool *found)
{
    struct db_stmt *stmt;
    enum err err = db_query(db, &stmt, sql, types, word);
    if (err != ERR_OK)
        return err;
    *found = db_row(stmt);
    return db_end(stmt);
}

enum err words_match(struct db *db, const char *text, bool *found)
{
    char word[FOLD_WORD_BYTES];
    bool any;
    *found = false;
    if (text == NULL)
        return ERR_OK;
    enum err err = is_there(db, "SELECT 1 FROM words LIMIT 1", "", NULL, &any); /* most communities have no list */
    while (err == ERR_OK && any && !*found && fold_next(&text, word))
        err = is_there(db, "SELECT 1 FROM words WHERE word = $1", "s", word, found);
    return err;
}
