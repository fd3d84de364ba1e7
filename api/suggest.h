/*
 * "Did you mean ...?": the closest of the names that would have been right, if one is close. Pure.
 */
#ifndef PORCHLIGHT_API_SUGGEST_H
#define PORCHLIGHT_API_SUGGEST_H

#include <stddef.h>

#define SUGGEST_NAME_BYTES_MAX 64 /* longer names are nobody's typing mistake */

/* Start it as {.typed = text}, offer every candidate, read `best` (NULL: nothing is close). */
struct suggestion {
    const char *typed;
    const char *best;
    size_t distance;
};

void suggest_offer(struct suggestion *s, const char *candidate);

#endif
