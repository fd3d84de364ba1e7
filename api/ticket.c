/*
 * The table of one-use tickets: slots that are either in the list of outstanding ones, in order of issue, or in the
 * list of free ones. Lists are linked by slot number.
 */
#include "api/ticket.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/base64url.h"
#include "base/limits.h"

#define SECRET_BYTES 16
#define SLOT_BYTES 2
#define NONE UINT16_MAX

static_assert(TICKETS_MAX < NONE, "a slot number has two bytes, and one value means none");
static_assert(TICKET_BYTES == BASE64URL_CHARS(SLOT_BYTES + SECRET_BYTES) + 1, "a ticket's text");

struct slot {
    unsigned char secret[SECRET_BYTES];
    int64_t user_id; /* 0: free */
    int64_t issued_ms;
    uint16_t older; /* outstanding: towards the head */
    uint16_t newer; /* outstanding: towards the tail. Free: the next free one */
};

struct ticket_table {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t max;
    size_t outstanding;
    uint16_t oldest;
    uint16_t newest;
    uint16_t free;
};

struct ticket_table *ticket_table_create(size_t max)
{
    assert(max >= 1 && max <= TICKETS_MAX);
    struct ticket_table *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->slots = calloc(max, sizeof *t->slots);
    if (!t->slots || pthread_mutex_init(&t->lock, NULL) != 0) {
        free(t->slots);
        free(t);
        return NULL;
    }
    t->oldest = t->newest = NONE;
    t->free = 0;
    for (size_t i = 0; i < max; i++)
        t->slots[i].newer = i + 1 < max ? (uint16_t)(i + 1) : NONE;
    t->max = max;
    return t;
}

void ticket_table_free(struct ticket_table *t)
{
    if (!t)
        return;
    sodium_memzero(t->slots, t->max * sizeof *t->slots);
    pthread_mutex_destroy(&t->lock);
    free(t->slots);
    free(t);
}

static bool expired(const struct slot *s, int64_t now_ms)
{
    return now_ms - s->issued_ms >= TICKET_TTL_MS;
}

/* From the outstanding ones to the free ones. */
static void release(struct ticket_table *t, uint16_t index)
{
    struct slot *s = &t->slots[index];
    if (s->older != NONE)
        t->slots[s->older].newer = s->newer;
    else
        t->oldest = s->newer;
    if (s->newer != NONE)
        t->slots[s->newer].older = s->older;
    else
        t->newest = s->older;

    sodium_memzero(s, sizeof *s);
    s->newer = t->free;
    t->free = index;
    t->outstanding--;
}

/* From the free ones to the end of the outstanding ones. */
static uint16_t acquire(struct ticket_table *t)
{
    uint16_t index = t->free;
    struct slot *s = &t->slots[index];
    t->free = s->newer;
    s->older = t->newest;
    s->newer = NONE;
    if (t->newest != NONE)
        t->slots[t->newest].newer = index;
    else
        t->oldest = index;
    t->newest = index;
    t->outstanding++;
    return index;
}

enum err ticket_issue(struct ticket_table *t, int64_t user_id, int64_t now_ms, char out[static TICKET_BYTES])
{
    assert(user_id > 0);
    unsigned char bytes[SLOT_BYTES + SECRET_BYTES];
    randombytes_buf(bytes + SLOT_BYTES, SECRET_BYTES); /* a system call at worst: not under the lock */

    pthread_mutex_lock(&t->lock);
    if (t->free == NONE && expired(&t->slots[t->oldest], now_ms))
        release(t, t->oldest);
    if (t->free == NONE) {
        pthread_mutex_unlock(&t->lock);
        return ERR_BUSY;
    }
    uint16_t index = acquire(t);
    struct slot *s = &t->slots[index];
    memcpy(s->secret, bytes + SLOT_BYTES, SECRET_BYTES);
    s->user_id = user_id;
    s->issued_ms = now_ms;
    pthread_mutex_unlock(&t->lock);

    bytes[0] = (unsigned char)(index >> 8);
    bytes[1] = (unsigned char)index;
    base64url_encode(bytes, sizeof bytes, out);
    sodium_memzero(bytes, sizeof bytes);
    return ERR_OK;
}

enum err ticket_take(struct ticket_table *t, const char *text, size_t len, int64_t now_ms, int64_t *user_id)
{
    unsigned char bytes[SLOT_BYTES + SECRET_BYTES];
    size_t got = 0;
    if (!base64url_decode(text, len, bytes, sizeof bytes, &got) || got != sizeof bytes)
        return ERR_UNAUTHENTICATED;
    uint16_t index = (uint16_t)(bytes[0] << 8 | bytes[1]);
    if (index >= t->max)
        return ERR_UNAUTHENTICATED;

    enum err err = ERR_UNAUTHENTICATED;
    pthread_mutex_lock(&t->lock);
    const struct slot *s = &t->slots[index];
    /* A free slot's secret is all zero, which a stranger can guess: its user id tells them apart. */
    if (sodium_memcmp(s->secret, bytes + SLOT_BYTES, SECRET_BYTES) == 0 && s->user_id != 0) {
        if (!expired(s, now_ms)) {
            *user_id = s->user_id;
            err = ERR_OK;
        }
        release(t, index);
    }
    pthread_mutex_unlock(&t->lock);
    sodium_memzero(bytes, sizeof bytes);
    return err;
}

size_t ticket_count(struct ticket_table *t)
{
    pthread_mutex_lock(&t->lock);
    size_t count = t->outstanding;
    pthread_mutex_unlock(&t->lock);
    return count;
}
