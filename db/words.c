/* The word list. See words.h. */
#include "db/words.h"

#include "base/fold.h"
#include "base/json.h"
#include "base/limits.h"
#include "db/rows.h"

#include <stdio.h>
#include <stdlib.h>
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

/* By the bytes, so that a word is found in few steps. */
struct list {
    size_t count;
    char words[WORDS_MAX][FOLD_WORD_BYTES];
};

static enum err load(struct db *db, struct list *list)
{
    struct db_stmt *stmt;
    list->count = 0;
    enum err err = db_query(db, &stmt, "SELECT word FROM words ORDER BY word LIMIT $1", "i", (int64_t)WORDS_MAX);
    if (err != ERR_OK)
        return err;
    while (list->count < WORDS_MAX && db_row(stmt))
        (void)snprintf(list->words[list->count++], FOLD_WORD_BYTES, "%s", db_text(stmt, 0, NULL));
    return db_end(stmt);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* One statement, however long the text is: the writer has others to serve. */
enum err words_match(struct db *db, const char *text, bool *found)
{
    char word[FOLD_WORD_BYTES];
    *found = false;
    if (text == NULL)
        return ERR_OK;
    struct list *list = malloc(sizeof *list);
    enum err err = list == NULL ? ERR_NO_MEMORY : load(db, list);
    while (err == ERR_OK && list->count > 0 && !*found && fold_next(&text, word))
        *found = bsearch(word, list->words, list->count, sizeof list->words[0], compare) != NULL;
    free(list);
    return err;
}
