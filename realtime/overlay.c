/*
 * Sharded hash tables with chains. See overlay.h.
 *
 *      shard (by post):  buckets[] -> entry -> entry        staged: entry -> entry -> ...   (the owner's)
 *
 * Only the owner changes a shard, so it reads without the lock and locks to change what readers see: links, values,
 * visibility. What is staged stands in the entry beside the visible value and is never read by others.
 */
#include "realtime/overlay.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SHARDS 32 /* a power of two */
#define BUCKETS_FIRST 64

struct entry {
    struct entry *next;
    int64_t post_id;
    int64_t user_id; /* 0: the post's count */
    int64_t value;
    bool is_visible;
    /* the owner's */
    bool is_staged;
    bool will_show; /* once committed */
    int64_t staged;
    int64_t round;
    struct entry *next_staged;
};

struct shard {
    pthread_mutex_t mutex;
    struct entry **buckets;
    size_t buckets_count; /* a power of two */
    size_t entries;
};

struct overlay {
    _Atomic size_t size;
    struct entry *first_staged;
    struct shard shards[SHARDS];
};

/* splitmix64's last steps: neighbouring ids end up far apart. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static struct shard *shard_of(const struct overlay *o, int64_t post_id)
{
    return (struct shard *)&o->shards[mix((uint64_t)post_id) & (SHARDS - 1)];
}

static struct entry **bucket_of(const struct shard *s, int64_t post_id, int64_t user_id)
{
    uint64_t hash = mix(mix((uint64_t)post_id) + (uint64_t)user_id);
    return &s->buckets[hash & (s->buckets_count - 1)];
}

static struct entry *find(const struct shard *s, int64_t post_id, int64_t user_id)
{
    struct entry *e = *bucket_of(s, post_id, user_id);
    while (e != NULL && (e->post_id != post_id || e->user_id != user_id))
        e = e->next;
    return e;
}

enum err overlay_create(struct overlay **out)
{
    *out = NULL;
    struct overlay *o = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &o->shards[i];
        (void)pthread_mutex_init(&s->mutex, NULL);
        s->buckets = calloc(BUCKETS_FIRST, sizeof(struct entry *));
        s->buckets_count = s->buckets == NULL ? 0 : BUCKETS_FIRST;
        if (s->buckets == NULL) {
            overlay_free(o);
            return ERR_NO_MEMORY;
        }
    }
    *out = o;
    return ERR_OK;
}

void overlay_free(struct overlay *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &o->shards[i];
        for (size_t b = 0; b < s->buckets_count; b++)
            for (struct entry *e = s->buckets[b], *next; e != NULL; e = next) {
                next = e->next;
                free(e);
            }
        free(s->buckets);
        (void)pthread_mutex_destroy(&s->mutex);
    }
    free(o);
}

/* ---- any thread -------------------------------------------------------------------------------------------------- */

size_t overlay_size(const struct overlay *o)
{
    return atomic_load_explicit(&o->size, memory_order_acquire);
}

struct overlay_view overlay_view(const struct overlay *o, int64_t post_id, int64_t user_id)
{
    struct overlay_view view = {0};
    if (overlay_size(o) == 0)
        return view;
    struct shard *s = shard_of(o, post_id);
    (void)pthread_mutex_lock(&s->mutex);
    const struct entry *count = find(s, post_id, 0);
    const struct entry *wish = user_id == 0 ? NULL : find(s, post_id, user_id);
    if (count != NULL && count->is_visible) {
        view.has_count = true;
        view.count = count->value;
    }
    if (wish != NULL && wish->is_visible) {
        view.has_liked = true;
        view.liked = wish->value != 0;
    }
    (void)pthread_mutex_unlock(&s->mutex);
    return view;
}

/* ---- the owner --------------------------------------------------------------------------------------------------- */

bool overlay_find(const struct overlay *o, int64_t post_id, int64_t user_id, struct overlay_found *out)
{
    const struct entry *e = find(shard_of(o, post_id), post_id, user_id);
    if (e == NULL || !(e->is_staged ? e->will_show : e->is_visible))
        return false;
    *out = (struct overlay_found){.value = e->is_staged ? e->staged : e->value, .round = e->round};
    return true;
}

/* Chains stay short; without memory they grow longer. With the lock held. */
static void grow(struct shard *s)
{
    struct shard larger = {.buckets_count = s->buckets_count * 2};
    larger.buckets = calloc(larger.buckets_count, sizeof(struct entry *));
    if (larger.buckets == NULL)
        return;
    for (size_t b = 0; b < s->buckets_count; b++)
        for (struct entry *e = s->buckets[b], *next; e != NULL; e = next) {
            struct entry **bucket = bucket_of(&larger, e->post_id, e->user_id);
            next = e->next;
            e->next = *bucket;
            *bucket = e;
        }
    free(s->buckets);
    s->buckets = larger.buckets;
    s->buckets_count = larger.buckets_count;
}

static struct entry *add(struct overlay *o, int64_t post_id, int64_t user_id)
{
    struct shard *s = shard_of(o, post_id);
    struct entry *e = malloc(sizeof *e);
    if (e == NULL)
        return NULL;
    *e = (struct entry){.post_id = post_id, .user_id = user_id};
    (void)pthread_mutex_lock(&s->mutex);
    if (s->entries >= s->buckets_count)
        grow(s);
    struct entry **bucket = bucket_of(s, post_id, user_id);
    e->next = *bucket;
    *bucket = e;
    s->entries++;
    (void)pthread_mutex_unlock(&s->mutex);
    (void)atomic_fetch_add_explicit(&o->size, 1, memory_order_release);
    return e;
}

static void mark_staged(struct overlay *o, struct entry *e)
{
    if (e->is_staged)
        return;
    e->is_staged = true;
    e->next_staged = o->first_staged;
    o->first_staged = e;
}

enum err overlay_stage(struct overlay *o, int64_t post_id, int64_t user_id, int64_t value, int64_t round)
{
    struct entry *e = find(shard_of(o, post_id), post_id, user_id);
    if (e == NULL)
        e = add(o, post_id, user_id);
    if (e == NULL)
        return ERR_NO_MEMORY;
    mark_staged(o, e);
    e->will_show = true;
    e->staged = value;
    e->round = round;
    return ERR_OK;
}

void overlay_stage_empty(struct overlay *o)
{
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &o->shards[i];
        for (size_t b = 0; b < s->buckets_count; b++)
            for (struct entry *e = s->buckets[b]; e != NULL; e = e->next) {
                mark_staged(o, e);
                e->will_show = false;
            }
    }
}

void overlay_commit(struct overlay *o)
{
    for (struct entry *e = o->first_staged; e != NULL; e = e->next_staged) {
        struct shard *s = shard_of(o, e->post_id);
        (void)pthread_mutex_lock(&s->mutex);
        e->value = e->staged;
        e->is_visible = e->will_show;
        (void)pthread_mutex_unlock(&s->mutex);
        e->is_staged = false;
    }
    o->first_staged = NULL;
}

void overlay_rollback(struct overlay *o)
{
    for (struct entry *e = o->first_staged; e != NULL; e = e->next_staged)
        e->is_staged = false;
    o->first_staged = NULL;
}

void overlay_sweep(struct overlay *o, int64_t upto)
{
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &o->shards[i];
        size_t removed = 0;
        (void)pthread_mutex_lock(&s->mutex);
        for (size_t b = 0; b < s->buckets_count; b++)
            for (struct entry **at = &s->buckets[b]; *at != NULL;) {
                struct entry *e = *at;
                if (e->is_staged || e->round > upto) {
                    at = &e->next;
                    continue;
                }
                *at = e->next;
                free(e);
                removed++;
            }
        s->entries -= removed;
        (void)pthread_mutex_unlock(&s->mutex);
        (void)atomic_fetch_sub_explicit(&o->size, removed, memory_order_release);
    }
}
