/*
 * One-use tickets: a member's web app asks for one over HTTP and shows it when it opens a socket, so that no
 * long-lived token stands in a URL. DESIGN section 6. In memory only: a restart forgets them, and clients ask again.
 *
 *     text = base64url(slot: 2 bytes || secret: 16 random bytes), 24 characters
 *
 * A ticket stands for the token it was issued with: whoever opens a socket with it is that token's bearer, until that
 * token expires or is revoked.
 *
 * The slot says where to look, so that the secret is compared once, in constant time. All tickets live equally long,
 * so the list of outstanding ones in order of issue is also the order of expiry: its head is the first to be reused.
 * Any thread (one mutex, held for well under a microsecond). Times are monotonic milliseconds.
 */
#ifndef PORCHLIGHT_API_TICKET_H
#define PORCHLIGHT_API_TICKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define TICKET_BYTES 25 /* 24 characters and a NUL */

struct ticket_table;

/* Room for `max` outstanding tickets, 1 to TICKETS_MAX. NULL: no memory. */
struct ticket_table *ticket_table_create(size_t max);
void ticket_table_free(struct ticket_table *t); /* NULL is fine */

/* The token it was issued with. */
struct ticket_token {
    int64_t user_id;
    const char *jti;
    int64_t issued_ms; /* wall time, as expires_ms */
    int64_t expires_ms;
};

/* Copies `token`. ERR_BUSY when all are outstanding; trying again after TICKET_TTL_MS helps. ERR_NO_MEMORY. */
enum err ticket_issue(struct ticket_table *t, const struct ticket_token *token, int64_t now_ms,
                      char out[static TICKET_BYTES]);

/* Uses the ticket up; the jti lies in the arena. ERR_UNAUTHENTICATED: malformed, unknown, used, or TICKET_TTL_MS have
   passed. ERR_NO_MEMORY. */
enum err ticket_take(struct ticket_table *t, const char *text, size_t len, int64_t now_ms, struct arena *arena,
                     struct ticket_token *token);

/* Outstanding ones, the expired that nobody reused yet included. For /metrics. */
size_t ticket_count(struct ticket_table *t);

#endif
