/*
 * Counting sockets. See doors.h. Two open-addressed tables of (key, count), grown by doubling; an entry whose count
 * falls to 0 closes its gap, so that tables hold only who is here.
 */
#include "realtime/doors.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#define FIRST_CAP 64

struct tally_slot {
    uint32_t key;
    uint32_t count; /* 0: free */
};

struct table {
    struct tally_slot *slots;
    size_t cap;
    size_t used;
};

struct doors {
    pthread_mutex_t mutex;
    size_t sockets;
    size_t sockets_max;
    uint32_t member_max;
    uint32_t address_max;
    struct table members;
    struct table addresses;
};

struct doors *doors_create(size_t sockets_max, uint32_t member_max, uint32_t address_max)
{
    struct doors *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->sockets_max = sockets_max;
    d->member_max = member_max;
    d->address_max = address_max;
    (void)pthread_mutex_init(&d->mutex, NULL);
    return d;
}

void doors_free(struct doors *d)
{
    if (d == NULL)
        return;
    (void)pthread_mutex_destroy(&d->mutex);
    free(d->members.slots);
    free(d->addresses.slots);
    free(d);
}

/* Half the bytes a socket: two that fold alike share a count, which for ids below 2^32 nobody does. */
static uint32_t fold(uint64_t key)
{
    return (uint32_t)(key ^ (key >> 32));
}

static size_t home_of(const struct table *t, uint32_t key)
{
    uint64_t x = (uint64_t)key * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(x ^ (x >> 32)) & (t->cap - 1);
}

/* The key's slot, or the free one where it would stand. The table is never full. */
static struct tally_slot *slot_of(const struct table *t, uint32_t key)
{
    size_t i = home_of(t, key);
    while (t->slots[i].count != 0 && t->slots[i].key != key)
        i = (i + 1) & (t->cap - 1);
    return &t->slots[i];
}

static bool make_room(struct table *t)
{
    if (t->cap > 0 && (t->used + 1) * 4 <= t->cap * 3)
        return true;
    struct table grown = {.cap = t->cap == 0 ? FIRST_CAP : t->cap * 2, .used = t->used};
    grown.slots = calloc(grown.cap, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].count != 0)
            *slot_of(&grown, t->slots[i].key) = t->slots[i];
    free(t->slots);
    *t = grown;
    return true;
}

static void add(struct table *t, uint32_t key)
{
    struct tally_slot *slot = slot_of(t, key);
    t->used += slot->count == 0;
    slot->key = key;
    slot->count++;
}

static void take(struct table *t, uint32_t key)
{
    struct tally_slot *slot = slot_of(t, key);
    assert(slot->count > 0); /* who leaves has entered */
    if (--slot->count > 0)
        return;
    t->used--;
    size_t mask = t->cap - 1;
    size_t hole = (size_t)(slot - t->slots);
    for (size_t i = (hole + 1) & mask; t->slots[i].count != 0; i = (i + 1) & mask) {
        if (((i - home_of(t, t->slots[i].key)) & mask) < ((i - hole) & mask))
            continue;
        t->slots[hole] = t->slots[i];
        t->slots[i].count = 0;
        hole = i;
    }
}

static bool count_one(struct doors *d, int64_t user_id, uint64_t address_key)
{
    if (!make_room(&d->members) || !make_room(&d->addresses))
        return false;
    d->sockets++;
    add(&d->members, fold((uint64_t)user_id));
    add(&d->addresses, fold(address_key));
    return true;
}

static uint32_t count_of(const struct table *t, uint64_t key)
{
    return t->cap == 0 ? 0 : slot_of(t, fold(key))->count;
}

static enum doors_answer enter(struct doors *d, int64_t user_id, uint64_t address_key)
{
    if (d->sockets >= d->sockets_max)
        return DOORS_FULL;
    if (count_of(&d->members, (uint64_t)user_id) >= d->member_max)
        return DOORS_MEMBER_FULL;
    if (count_of(&d->addresses, address_key) >= d->address_max)
        return DOORS_ADDRESS_FULL;
    return count_one(d, user_id, address_key) ? DOORS_IN : DOORS_NO_MEMORY;
}

enum doors_answer doors_enter(struct doors *d, int64_t user_id, uint64_t address_key)
{
    (void)pthread_mutex_lock(&d->mutex);
    enum doors_answer answer = enter(d, user_id, address_key);
    (void)pthread_mutex_unlock(&d->mutex);
    return answer;
}

bool doors_return(struct doors *d, int64_t user_id, uint64_t address_key)
{
    (void)pthread_mutex_lock(&d->mutex);
    bool counted = count_one(d, user_id, address_key);
    (void)pthread_mutex_unlock(&d->mutex);
    return counted;
}

size_t doors_count(struct doors *d)
{
    (void)pthread_mutex_lock(&d->mutex);
    size_t count = d->sockets;
    (void)pthread_mutex_unlock(&d->mutex);
    return count;
}

void doors_leave(struct doors *d, int64_t user_id, uint64_t address_key)
{
    (void)pthread_mutex_lock(&d->mutex);
    d->sockets--;
    take(&d->members, fold((uint64_t)user_id));
    take(&d->addresses, fold(address_key));
    (void)pthread_mutex_unlock(&d->mutex);
}
