/*
 * Token buckets by key (a member, an address), in the form of the generic cell rate algorithm (ITU-T I.371): a bucket
 * is one timestamp, and an entry whose time has passed is the same as no entry, so the table needs no cleaning.
 *
 * Sharded by key, one mutex a shard. Bounded: when a shard is full of live entries, the oldest in reach is forgotten,
 * in favour of the client. Any thread.
 */
#ifndef PORCHLIGHT_BASE_RATE_H
#define PORCHLIGHT_BASE_RATE_H

#include <stdint.h>

struct rate_table;

struct rate {
    uint32_t per_minute;
    uint32_t burst;
};

struct rate_table *rate_create(void);
void rate_free(struct rate_table *t);

/* What a bucket is for, so that one table serves all: a key is made of it and of whom it is about. */
enum rate_kind {
    RATE_MEMBER_READ = 1,
    RATE_MEMBER_WRITE,
    RATE_ADDRESS,
    RATE_ADDRESS_SIGN_IN,
    RATE_MEMBER_MESSAGE,
    RATE_HANDSHAKES,
    RATE_ADDRESS_TOKEN /* the last that rate_key has room for */
};
static inline uint64_t rate_key(enum rate_kind kind, uint64_t who)
{
    return who * 8 + (uint64_t)kind;
}

/* Takes one token. 0: granted. Otherwise the milliseconds until one is there. `now_ms` is monotonic. */
int64_t rate_take(struct rate_table *t, uint64_t key, struct rate rate, int64_t now_ms);

/* What rate_take would say, without taking. */
int64_t rate_wait(struct rate_table *t, uint64_t key, struct rate rate, int64_t now_ms);

#endif
