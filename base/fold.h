/*
 * Words as a list compares them: lower case, without accents. Pure; any thread.
 *
 * Latin letters lose case and marks whether they come composed or with combining marks; Greek and Cyrillic ones lose
 * their case; all others stand as they are. Whatever is neither letter nor digit ends a word.
 */
#ifndef PORCHLIGHT_BASE_FOLD_H
#define PORCHLIGHT_BASE_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#define FOLD_WORD_BYTES 128 /* with its NUL; what is longer is cut, and so is in no list */

/* The next word of a UTF-8 text, folded; `text` moves behind it. false: there is none. */
bool fold_next(const char **text, char out[static FOLD_WORD_BYTES]);

/* Whether the text is one word and nothing else, which is then in `out`. */
bool fold_one(const char *text, char out[static FOLD_WORD_BYTES]);

#endif
