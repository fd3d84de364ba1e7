/*
 * The table of one-use tickets: slots that are either in the list of outstanding ones, in order of issue, or in the
 * list of free ones, or were never used: those stand behind all that were. Lists are linked by slot number.
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

/* A jti may be long: an outstanding ticket has memory for its own. */
struct held {
    int64_t user_id;
    int64_t issued_ms; /* the token was, not the ticket */
    int64_t expires_ms;
    char jti[];
};

struct slot {
    unsigned char secret[SECRET_BYTES];
    struct held *held; /* owned; NULL: free */
    int64_t issued_ms; /* the ticket was; monotonic */
    uint16_t older;    /* outstanding: towards the head */
    uint16_t newer;    /* outstanding: towards the tail. Free: the next free one */
};

struct ticket_table {
    pthread_mutex_t lock;
    struct slot *slots;
    size_t max;
    size_t touched; /* slots that were ever used: memory of the others is not asked for */
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
    t->oldest = t->newest = t->free = NONE;
    t->max = max;
    return t;
}

void ticket_table_free(struct ticket_table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->touched; i++)
        free(t->slots[i].held);
    sodium_memzero(t->slots, t->touched * sizeof *t->slots);
    pthread_mutex_destroy(&t->lock);
    free(t->slots);
    free(t);
}

static bool expired(const struct slot *s, int64_t now_ms)
{
    return now_ms - s->issued_ms >= TICKET_TTL_MS;
}

/* From the outstanding ones to the free ones. What it held is the caller's now. */
static struct held *release(struct ticket_table *t, uint16_t index)
{
    struct slot *s = &t->slots[index];
    struct held *held = s->held;
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
    return held;
}

static bool full(const struct ticket_table *t)
{
    return t->free == NONE && t->touched == t->max;
}

/* From the free ones, or those never used, to the end of the outstanding ones. */
static uint16_t acquire(struct ticket_table *t)
{
    uint16_t index = t->free != NONE ? t->free : (uint16_t)t->touched++;
    struct slot *s = &t->slots[index];
    if (t->free != NONE)
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

static struct held *hold(const struct ticket_token *token)
{
    size_t jti_bytes = strlen(token->jti) + 1;
    struct held *held = malloc(sizeof *held + jti_bytes);
    if (held == NULL)
        return NULL;
    held->user_id = token->user_id;
    held->issued_ms = token->issued_ms;
    held->expires_ms = token->expires_ms;
    memcpy(held->jti, token->jti, jti_bytes);
    return held;
}

enum err ticket_issue(struct ticket_table *t, const struct ticket_token *token, int64_t now_ms,
                      char out[static TICKET_BYTES])
{
    unsigned char bytes[SLOT_BYTES + SECRET_BYTES];
    struct held *held = hold(token);
    struct held *expired_one = NULL;
    if (held == NULL)
        return ERR_NO_MEMORY;
    randombytes_buf(bytes + SLOT_BYTES, SECRET_BYTES); /* a system call at worst: not under the lock */

    pthread_mutex_lock(&t->lock);
    if (full(t) && expired(&t->slots[t->oldest], now_ms))
        expired_one = release(t, t->oldest);
    if (full(t)) {
        pthread_mutex_unlock(&t->lock);
        free(held);
        return ERR_BUSY;
    }
    uint16_t index = acquire(t);
    struct slot *s = &t->slots[index];
    memcpy(s->secret, bytes + SLOT_BYTES, SECRET_BYTES);
    s->held = held;
    s->issued_ms = now_ms;
    pthread_mutex_unlock(&t->lock);

    free(expired_one);
    bytes[0] = (unsigned char)(index >> 8);
    bytes[1] = (unsigned char)index;
    base64url_encode(bytes, sizeof bytes, out);
    sodium_memzero(bytes, sizeof bytes);
    return ERR_OK;
}

enum err ticket_take(struct ticket_table *t, const char *text, size_t len, int64_t now_ms, struct arena *arena,
                     struct ticket_token *token)
{
    unsigned char bytes[SLOT_BYTES + SECRET_BYTES];
    size_t got = 0;
    if (!base64url_decode(text, len, bytes, sizeof bytes, &got) || got != sizeof bytes)
        return ERR_UNAUTHENTICATED;
    uint16_t index = (uint16_t)(bytes[0] << 8 | bytes[1]);
    if (index >= t->max)
        return ERR_UNAUTHENTICATED;

    struct held *held = NULL;
    bool in_time = false;
    pthread_mutex_lock(&t->lock);
    const struct slot *s = &t->slots[index];
    /* A free slot's secret is all zero, which a stranger can guess: it holds nothing. */
    if (sodium_memcmp(s->secret, bytes + SLOT_BYTES, SECRET_BYTES) == 0 && s->held != NULL) {
        in_time = !expired(s, now_ms);
        held = release(t, index);
    }
    pthread_mutex_unlock(&t->lock);
    sodium_memzero(bytes, sizeof bytes);

    enum err err = in_time ? ERR_OK : ERR_UNAUTHENTICATED;
    char *jti = in_time ? arena_text(arena, held->jti) : NULL;
    if (in_time && jti == NULL)
        err = ERR_NO_MEMORY;
    if (err == ERR_OK)
        *token = (struct ticket_token){
            .user_id = held->user_id, .jti = jti, .issued_ms = held->issued_ms, .expires_ms = held->expires_ms};
    free(held);
    return err;
}

size_t ticket_count(struct ticket_table *t)
{
    pthread_mutex_lock(&t->lock);
    size_t count = t->outstanding;
    pthread_mutex_unlock(&t->lock);
    return count;
}
