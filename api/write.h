/*
 * A request that writes: suspended, run by the writer in the group commit, answered when it is durable.
 *
 * `run` works inside a transaction on the writer's thread: it writes through the aggregates, renders the answer into
 * r->out and sets r->status. When the request is a POST with an Idempotency-Key, the answer is stored in the same
 * transaction, and the same request again gets the same answer without `run`. The loop's thread calls request_write.
 */
#ifndef PORCHLIGHT_API_WRITE_H
#define PORCHLIGHT_API_WRITE_H

#include "api/request.h"

/*
 * `then` runs on the loop's thread after success and answers; NULL: request_reply(r, r->status). A `run` that fails
 * answers with its error and tx->problem.
 */
void request_write(struct request *r, enum err (*run)(struct request *r, struct tx *tx),
                   void (*then)(struct request *r));

/* The same for what lives in rooms.db (db/room_store.h), on the rooms writer, where a service may write, too: each has
   keys of its own. The transaction does not see porchlight.db. */
void request_write_rooms(struct request *r, enum err (*run)(struct request *r, struct tx *tx),
                         void (*then)(struct request *r));

/* The same where the caller is nobody yet: keys are kept apart by `scope` (a hash of what was sent), and what is secret
   in the body is left out of the fingerprint. */
void request_write_scoped(struct request *r, const char *scope, enum err (*run)(struct request *r, struct tx *tx),
                          void (*then)(struct request *r));

#endif
