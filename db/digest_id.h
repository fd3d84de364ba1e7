/*
 * A digest job's id as text, as it stands in addresses: whose it is, and a number that counts their jobs.
 *
 *     7:3
 *
 * Both are positive 64-bit integers, decimal, without sign or leading zero: one id has one spelling, so that
 * format(parse(x)) is x. Pure; any thread.
 */
#ifndef PORCHLIGHT_DB_DIGEST_ID_H
#define PORCHLIGHT_DB_DIGEST_ID_H

#include <stdbool.h>
#include <stdint.h>

#define DIGEST_ID_BYTES 41 /* two numbers, a colon and a NUL */

struct digest_id {
    int64_t user_id;
    int64_t number; /* 1 is the member's first */
};

/* `out` is set only when it is one. */
bool digest_id_parse(const char *text, struct digest_id *out);
void digest_id_format(const struct digest_id *id, char out[static DIGEST_ID_BYTES]);

#endif
