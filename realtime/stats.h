/*
 * What the realtime module counts. Threads add, /metrics reads; relaxed, for every figure stands by itself.
 */
#ifndef PORCHLIGHT_REALTIME_STATS_H
#define PORCHLIGHT_REALTIME_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "realtime/message.h"

#define STATS_BUCKETS 16 /* of latency: 100 us, doubled each time, and above */

enum stats_said {
    SAID_WELCOME,
    SAID_RESET,
    SAID_ACK,
    SAID_ERROR,
    SAID_PONG,
    SAID_PRESENCE,
    SAID_CHEER,
    SAID_LIKES,
    SAID_NEW_POSTS,
    SAID_POST_CHANGED,
    SAID_NOTIFICATION,
    SAID_PUBLISHED,
    SAID_COUNTER_CHANGE,
    SAID_COUNTER_UPDATE,
    SAID_CHANNEL_UPDATE,
    SAID_DIGEST_PROGRESS,
    SAID_INITIAL_STATE,
    SAID_MESSAGE,
    SAID_MESSAGE_UPDATED,
    SAID_MESSAGE_DELETED,
    SAID_TYPING,
    SAID_PERSON,
    SAID_PERSON_LEFT,
    SAID_RECEIPT,
    SAID_KINDS_
};

enum stats_close {
    CLOSED_4001,
    CLOSED_4002,
    CLOSED_4003,
    CLOSED_4004,
    CLOSED_4005,
    CLOSED_1001,
    CLOSED_1002,
    CLOSED_1003,
    CLOSED_1007,
    CLOSED_1009,
    CLOSED_1011,
    CLOSED_1012,
    CLOSED_1013,
    CLOSED_BY_CLIENT,
    CLOSED_CUT, /* the connection broke, or the other side never answered the close frame */
    CLOSED_KINDS_
};

struct hub_stats {
    _Atomic int64_t sockets;
    _Atomic uint64_t opened;
    _Atomic uint64_t closed[CLOSED_KINDS_];
    _Atomic int64_t rooms_awake;
    _Atomic int64_t rooms;
    _Atomic uint64_t wakes;
    _Atomic uint64_t alarms;
    _Atomic uint64_t heard[MESSAGE_TYPES_];
    _Atomic uint64_t refused[ERR_COUNT_]; /* messages answered with an error */
    _Atomic uint64_t said[SAID_KINDS_]; /* messages made; a broadcast is one */
    _Atomic uint64_t delivered;         /* messages handed to sockets */
    _Atomic uint64_t sends;             /* system calls that did so */
    _Atomic uint64_t bytes;
    _Atomic uint64_t dropped; /* ephemeral ones for slow sockets */
    _Atomic int64_t queues;   /* sockets that would block */
    _Atomic int64_t queued_bytes;
    _Atomic uint64_t likes_told; /* like changes that LIKE_UPDATEs stood for */
    _Atomic uint64_t caught_up;  /* replays from the database */
    _Atomic uint64_t resets;
    _Atomic uint64_t latency[STATS_BUCKETS]; /* from the commit or the message to the last send of a loop */
    _Atomic uint64_t latency_sum_us;
    _Atomic uint64_t mail_refused; /* a loop's mailbox was full: the room caught up from the database */
};

#define STATS_ADD(counter, by) ((void)atomic_fetch_add_explicit(&(counter), (by), memory_order_relaxed))

enum stats_close stats_close_of(unsigned code);
void stats_refused(struct hub_stats *s, enum err err);
void stats_latency(struct hub_stats *s, int64_t took_us);
void stats_text(const struct hub_stats *s, struct buf *out);

#endif
