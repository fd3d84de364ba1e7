/*
 * The generic cell rate algorithm over a fixed table.
 *
 *   bucket = { key, free_at_ms }     free_at is when the bucket would be full again
 *   granted when free_at - now <= (burst - 1) * interval; then free_at = max(free_at, now) + interval
 *
 * Times inside are microseconds, so that more than 1,000 a second stay exact. A key may stand in PROBES places of its
 * shard; an entry whose free_at has passed is empty. Where all are live, the one that is nearest to full is forgotten.
 */
#include "base/rate.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/limits.h"

#define PROBES 8

struct bucket {
    uint64_t key;
    int64_t free_at_us;
};

struct shard {
    pthread_mutex_t mutex;
    struct bucket buckets[RATE_SHARD_ENTRIES];
};

struct rate_table {
    struct shard shards[RATE_TABLE_SHARDS];
};

struct rate_table *rate_create(void)
{
    struct rate_table *t = calloc(1, sizeof *t); /* untouched pages of it cost no memory */
    if (t == NULL)
        return NULL;
    for (int i = 0; i < RATE_TABLE_SHARDS; i++)
        (void)pthread_mutex_init(&t->shards[i].mutex, NULL);
    return t;
}

void rate_free(struct rate_table *t)
{
    if (t == NULL)
        return;
    for (int i = 0; i < RATE_TABLE_SHARDS; i++)
        (void)pthread_mutex_destroy(&t->shards[i].mutex);
    free(t);
}

/* Keys are user ids and hashes of addresses: mixed, so that small ids spread over the shards (splitmix64's finaliser).
 */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static struct bucket *find(struct shard *shard, uint64_t key, uint64_t hash, int64_t now_us)
{
    struct bucket *spare = NULL;
    for (uint64_t i = 0; i < PROBES; i++) {
        struct bucket *b = &shard->buckets[(hash + i) % RATE_SHARD_ENTRIES];
        if (b->key == key)
            return b;
        if (spare == NULL || b->free_at_us < spare->free_at_us)
            spare = b;
    }
    *spare = (struct bucket){.key = key, .free_at_us = now_us};
    return spare;
}

static int64_t ask(struct rate_table *t, uint64_t key, struct rate rate, int64_t now_ms, bool take)
{
    assert(rate.per_minute > 0 && rate.burst > 0);
    const int64_t interval_us = 60000000 / (int64_t)rate.per_minute;
    const int64_t now_us = now_ms * 1000;
    uint64_t hash = mix(key);
    struct shard *shard = &t->shards[hash % RATE_TABLE_SHARDS];
    int64_t wait_us = 0;
    (void)pthread_mutex_lock(&shard->mutex);
    struct bucket *b = find(shard, key, hash / RATE_TABLE_SHARDS, now_us);
    if (b->free_at_us < now_us)
        b->free_at_us = now_us;
    int64_t ahead_us = b->free_at_us - now_us;
    int64_t allowed_us = ((int64_t)rate.burst - 1) * interval_us;
    if (ahead_us > allowed_us)
        wait_us = ahead_us - allowed_us;
    else if (take)
        b->free_at_us += interval_us;
    (void)pthread_mutex_unlock(&shard->mutex);
    return (wait_us + 999) / 1000;
}

int64_t rate_take(struct rate_table *t, uint64_t key, struct rate rate, int64_t now_ms)
{
    return ask(t, key, rate, now_ms, true);
}

int64_t rate_wait(struct rate_table *t, uint64_t key, struct rate rate, int64_t now_ms)
{
    return ask(t, key, rate, now_ms, false);
}
