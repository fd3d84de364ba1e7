/*
 * What a socket could not take yet: references to packets in order, with their age. Of pongs only the newest waits: it
 * takes the place and the age of the one before. The loop's thread.
 *
 * The owner bounds it: by QUEUE_BYTES_MAX of memory (`bytes`) and QUEUE_MS_MAX (queue_age_ms). Memory and not bytes for
 * the wire, since the packet around a short answer is many times as long as the answer. A packet that others share is
 * counted as if this queue alone kept it.
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
    size_t bytes;  /* of memory, for what waits */
    size_t pong;   /* place from the head of the one that a newer pong replaces, counted from 1; 0: none waits */
    bool deflate;
};

struct queue *queue_create(bool deflate); /* NULL: no memory */
void queue_free(struct queue *q);         /* NULL is fine */

bool queue_push(struct queue *q, struct packet *packet, int64_t now_ms); /* takes a reference; false: no memory */

/* The first parts, at most `max`; then what was taken of them (bytes for the wire) is taken off. */
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
