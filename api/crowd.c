/* Counting connections by address. See crowd.h. */
#include "api/crowd.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct place {
    uint64_t key;
    uint32_t count; /* 0: free */
};

struct crowd {
    pthread_mutex_t mutex;
    size_t size; /* a power of two, at least twice what can be in it */
    size_t used;
    struct place *places;
};

struct crowd *crowd_create(size_t connections_max)
{
    struct crowd *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    for (c->size = 16; c->size < connections_max * 2;)
        c->size *= 2;
    c->places = calloc(c->size, sizeof *c->places);
    if (c->places == NULL) {
        free(c);
        return NULL;
    }
    (void)pthread_mutex_init(&c->mutex, NULL);
    return c;
}

void crowd_free(struct crowd *c)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_destroy(&c->mutex);
    free(c->places);
    free(c);
}

static size_t home_of(const struct crowd *c, uint64_t key)
{
    uint64_t x = key * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(x ^ (x >> 32)) & (c->size - 1);
}

/* The key's place, or the free one where it would stand. */
static size_t find(const struct crowd *c, uint64_t key)
{
    size_t i = home_of(c, key);
    while (c->places[i].count != 0 && c->places[i].key != key)
        i = (i + 1) & (c->size - 1);
    return i;
}

void crowd_enter(struct crowd *c, uint64_t address_key)
{
    (void)pthread_mutex_lock(&c->mutex);
    struct place *place = &c->places[find(c, address_key)];
    if (place->count == 0) {
        c->used++;
        assert(c->used <= c->size / 2);
        place->key = address_key;
    }
    place->count++;
    (void)pthread_mutex_unlock(&c->mutex);
}

/* Moves up what stands behind the gap and could not be found across it. */
static void close_gap(struct crowd *c, size_t gap)
{
    size_t mask = c->size - 1;
    for (size_t i = (gap + 1) & mask; c->places[i].count != 0; i = (i + 1) & mask) {
        size_t home = home_of(c, c->places[i].key);
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            c->places[gap] = c->places[i];
            gap = i;
        }
    }
    c->places[gap] = (struct place){0};
}

void crowd_leave(struct crowd *c, uint64_t address_key)
{
    (void)pthread_mutex_lock(&c->mutex);
    size_t i = find(c, address_key);
    assert(c->places[i].count > 0);
    if (--c->places[i].count == 0) {
        c->used--;
        close_gap(c, i);
    }
    (void)pthread_mutex_unlock(&c->mutex);
}

uint32_t crowd_count(struct crowd *c, uint64_t address_key)
{
    (void)pthread_mutex_lock(&c->mutex);
    uint32_t count = c->places[find(c, address_key)].count;
    (void)pthread_mutex_unlock(&c->mutex);
    return count;
}
