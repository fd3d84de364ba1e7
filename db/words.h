/*
 * The word list: whatever is written with one of these words waits for a coach. Table words.
 *
 * Words are kept folded (base/fold.h) and match whole words only, whatever their case and accents.
 */
#ifndef PORCHLIGHT_DB_WORDS_H
#define PORCHLIGHT_DB_WORDS_H

#include <stdbool.h>

#include "db/tx.h"

/* By the alphabet; at most WORDS_MAX. */
enum err words_list(struct db *db, struct arena *arena, const char ***out, size_t *count);

/* The list becomes these. ERR_INVALID with a sentence for what is not one word, or too many. */
enum err words_set(struct tx *tx, const char *const *words, size_t count);

/* Idempotent. ERR_INVALID as above. `changed`: it was not so before. */
enum err words_add(struct tx *tx, const char *word, bool *changed);
enum err words_remove(struct tx *tx, const char *word, bool *changed);

/* Whether the text (NULL: none) has one of them. */
enum err words_match(struct db *db, const char *text, bool *found);

#endif
