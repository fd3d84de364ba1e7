/* Who has heard what lately. See reach.h. */
#include "db/reach.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/limits.h"

#define REACH_LOCKS 64

struct place {
    int64_t user_id; /* 0: free */
    int64_t team_id;
    int64_t seq;      /* told by an answer */
    int64_t heard_ms; /* a socket was alive; INT64_MIN: none was */
    int64_t until_ms; /* something is expected */
};

struct reach {
    pthread_mutex_t locks[REACH_LOCKS];
    struct place places[REACH_SLOTS];
};

struct reach *reach_create(void)
{
    struct reach *r = calloc(1, sizeof *r); /* pages that nobody uses are never touched */
    for (size_t i = 0; r != NULL && i < REACH_LOCKS; i++)
        (void)pthread_mutex_init(&r->locks[i], NULL);
    return r;
}

void reach_free(struct reach *r)
{
    for (size_t i = 0; r != NULL && i < REACH_LOCKS; i++)
        (void)pthread_mutex_destroy(&r->locks[i]);
    free(r);
}

static struct place *lock_place(struct reach *r, int64_t user_id)
{
    uint64_t slot = (uint64_t)user_id % REACH_SLOTS;
    (void)pthread_mutex_lock(&r->locks[slot % REACH_LOCKS]);
    return &r->places[slot];
}

static void unlock_place(struct reach *r, int64_t user_id)
{
    (void)pthread_mutex_unlock(&r->locks[(uint64_t)user_id % REACH_SLOTS % REACH_LOCKS]);
}

/* Whose it is from now on: what is known of another member or team is forgotten. */
static void claim(struct place *p, int64_t user_id, int64_t team_id)
{
    if (p->user_id != user_id || p->team_id != team_id)
        *p = (struct place){.user_id = user_id, .team_id = team_id, .heard_ms = INT64_MIN};
}

void reach_polled(struct reach *r, int64_t user_id, int64_t team_id, int64_t seq, int64_t until_ms)
{
    struct place *p = lock_place(r, user_id);
    claim(p, user_id, team_id);
    if (seq > p->seq)
        p->seq = seq;
    if (until_ms > p->until_ms)
        p->until_ms = until_ms;
    unlock_place(r, user_id);
}

void reach_heard(struct reach *r, int64_t user_id, int64_t team_id, int64_t now_ms, int64_t until_ms)
{
    if (r == NULL)
        return;
    struct place *p = lock_place(r, user_id);
    claim(p, user_id, team_id);
    p->heard_ms = now_ms;
    if (until_ms > p->until_ms)
        p->until_ms = until_ms;
    unlock_place(r, user_id);
}

void reach_expected(struct reach *r, int64_t user_id, int64_t team_id, int64_t until_ms)
{
    if (r != NULL)
        reach_polled(r, user_id, team_id, 0, until_ms);
}

void reach_left(struct reach *r, int64_t user_id)
{
    struct place *p = lock_place(r, user_id);
    if (p->user_id == user_id)
        p->until_ms = INT64_MIN;
    unlock_place(r, user_id);
}

enum reach_state reach_of(struct reach *r, const struct reach_question *q)
{
    struct place *p = lock_place(r, q->user_id);
    bool known = p->user_id == q->user_id && (q->team_id == 0 || p->team_id == q->team_id);
    bool told = known && (p->seq >= q->seq || p->heard_ms >= q->told_ms);
    bool here = known && p->until_ms > q->now_ms;
    unlock_place(r, q->user_id);
    return told ? REACH_TOLD : here ? REACH_HERE : REACH_AWAY;
}
