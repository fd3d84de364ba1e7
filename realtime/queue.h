/*
 * What a socket could not take yet: references to packets in order, with their age. Bounded by QUEUE_BYTES_MAX and
 * QUEUE_MS_MAX; the owner asks (queue_make_room) before it adds. The loop's thread.
 */
#ifndef PORCHLIGHT_REALTIME_QUEUE_H
#define PORCHLIGHT_REALTIME_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "realtime/packet.h"

struct queued {
    struct packet *packet; /* a reference */
    uint32_t since_ms;     /* low bits of the loop's time */
};

struct queue {
    struct queued *items; /* ring of `cap`, a power of two */
    size_t cap;
    size_t head;
    size_t count;
    size_t offset; /* bytes of the first that are sent already */
    size_t bytes;  /* that wait */
    bool deflate;
};

struct queue *queue_create(bool deflate); /* NULL: no memory */
void queue_free(struct queue *q);         /* NULL is fine */

bool queue_push(struct queue *q, struct packet *packet, int64_t now_ms); /* takes a reference; false: no memory */

/* The first parts, at most `max`; then what was taken of them is taken off. */
int queue_parts(const struct queue *q, struct iovec *parts, int max);
void queue_taken(struct queue *q, size_t bytes);

/* Age of the oldest that is not ephemeral; 0: none waits. */
int64_t queue_age_ms(const struct queue *q, int64_t now_ms);

/* Drops ephemeral packets that are not begun; returns how many. */
size_t queue_drop_ephemeral(struct queue *q);

/* Appends what waits as bytes for the wire, in order. */
void queue_copy(const struct queue *q, struct buf *out);

/* Drops everything that is not begun, so that a close frame can follow at once. */
void queue_drop_rest(struct queue *q);

#endif
