/*
 * Whether a post or a message is shown, and to whom when it is not: to its author, and to who leads the team.
 */
#ifndef PORCHLIGHT_DB_HIDDEN_H
#define PORCHLIGHT_DB_HIDDEN_H

#include <stdbool.h>
#include <stdint.h>

enum hidden {
    HIDDEN_NOT,
    HIDDEN_BY_COACH, /* or an admin: it was shown before */
    HIDDEN_BY_WORDS, /* the word list held it back: nobody has seen it yet */
    HIDDEN_EDIT,     /* the word list held it back after an edit: it was shown before */
};

/* "coach", "words" (of both kinds), NULL: shown. "words" is read as what nobody has seen. */
const char *hidden_name(enum hidden hidden);
bool hidden_parse(const char *name, enum hidden *hidden);

/* Who asks: 0 is nobody. */
bool hidden_from(enum hidden hidden, int64_t author_id, int64_t viewer_id, bool leads);

#endif
