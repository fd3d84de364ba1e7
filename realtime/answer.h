/*
 * What one socket is told for itself: the answers to its messages, refusals among them. The loop's thread. A socket
 * that is closing is told nothing more (socket_send); what lacks memory is left out.
 */
#ifndef PORCHLIGHT_REALTIME_ANSWER_H
#define PORCHLIGHT_REALTIME_ANSWER_H

#include "base/buf.h"
#include "realtime/reactor.h"

struct socket;

/* What say.h has written into `out`, which is empty and freed afterwards. */
void answer_say(struct reactor *r, struct socket *s, struct buf *out, enum stats_said what);

/* ACK; nothing without an id (NULL). */
void answer_ack(struct reactor *r, struct socket *s, const char *id);

/* ERROR in these words, or in the error's own. `id`: of the message that is refused; NULL: it has none. */
void answer_failed(struct reactor *r, struct socket *s, const char *id, enum err err, const char *sentence,
                   int64_t retry_after_ms);
void answer_refuse(struct reactor *r, struct socket *s, const char *id, enum err err);

#endif
