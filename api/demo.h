/*
 * The demo community: an admin, two coaches, thirty members, what they wrote over the last five weeks.
 *
 * The same every time but for the dates, which end at now: ids, words, likes and pins come from fixed lists and a fixed
 * seed. It is made only in an empty database.
 */
#ifndef PORCHLIGHT_API_DEMO_H
#define PORCHLIGHT_API_DEMO_H

#include "api/operator.h"

#define DEMO_PASSWORD "porchlight"

enum demo_state {
    DEMO_MADE,   /* just now */
    DEMO_THERE,  /* by an earlier call */
    DEMO_FOREIGN /* the database has other members; nothing was done */
};

/* `password` is DEMO_PASSWORD hashed: one hash for all, since it protects nothing and 33 would take seconds. */
enum err demo_make(struct operator_context *ctx, const char *password, enum demo_state *state, struct problem *problem);

#endif
