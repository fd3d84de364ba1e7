/*
 * The closest name by edit distance. See suggest.h.
 */
#include "api/suggest.h"

#include <string.h>

/* Levenshtein's distance with one row of the matrix. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[SUGGEST_NAME_BYTES_MAX + 1];
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = changed < shorter ? changed : shorter;
        }
    }
    return row[b_len];
}

void suggest_offer(struct suggestion *s, const char *candidate)
{
    size_t typed_len = strlen(s->typed);
    size_t len = strlen(candidate);
    if (typed_len == 0 || typed_len > SUGGEST_NAME_BYTES_MAX || len > SUGGEST_NAME_BYTES_MAX)
        return;
    size_t distance = edit_distance(s->typed, typed_len, candidate, len);
    size_t allowed = len / 3 < 3 ? len / 3 : 3; /* one slip in three letters is a slip, more is another word */
    if (distance > allowed || (s->best != NULL && distance >= s->distance))
        return;
    s->best = candidate;
    s->distance = distance;
}
