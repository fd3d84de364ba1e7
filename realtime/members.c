/* Members at a loop. See members.h. */
#include "realtime/members.h"

#include <stdlib.h>

#include "realtime/socket.h"

#define FIRST_MEMBERS 64

static size_t home_of(const struct reactor *r, int64_t user_id)
{
    uint64_t x = (uint64_t)user_id * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(x >> 20) & (r->members_cap - 1);
}

/* The slot with the member's sockets, or the free one where they would stand. The table is never full. */
static struct socket **slot_of(struct reactor *r, int64_t user_id)
{
    size_t i = home_of(r, user_id);
    while (r->members[i] != NULL && r->members[i]->attachment->user_id != user_id)
        i = (i + 1) & (r->members_cap - 1);
    return &r->members[i];
}

bool members_make_room(struct reactor *r)
{
    if (r->members_cap > 0 && (r->members_count + 1) * 4 <= r->members_cap * 3)
        return true;
    size_t old_cap = r->members_cap;
    struct socket **old = r->members;
    size_t cap = old_cap == 0 ? FIRST_MEMBERS : old_cap * 2;
    struct socket **grown = calloc(cap, sizeof(struct socket *));
    if (grown == NULL)
        return false;
    r->members = grown;
    r->members_cap = cap;
    for (size_t i = 0; i < old_cap; i++)
        if (old[i] != NULL)
            *slot_of(r, old[i]->attachment->user_id) = old[i];
    free(old);
    return true;
}

void members_add(struct reactor *r, struct socket *s)
{
    struct socket **slot = slot_of(r, s->attachment->user_id);
    r->members_count += *slot == NULL;
    s->member_next = *slot;
    *slot = s;
    r->sockets++;
}

void members_remove(struct reactor *r, struct socket *s)
{
    struct socket **slot = slot_of(r, s->attachment->user_id);
    struct socket **at = slot;
    while (*at != s)
        at = &(*at)->member_next;
    *at = s->member_next;
    r->sockets--;
    r->later -= s->catch_later || s->doubt_later;
    if (*slot != NULL)
        return;
    r->members_count--;
    size_t mask = r->members_cap - 1;
    size_t hole = (size_t)(slot - r->members);
    for (size_t i = (hole + 1) & mask; r->members[i] != NULL; i = (i + 1) & mask) {
        size_t home = home_of(r, r->members[i]->attachment->user_id);
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        r->members[hole] = r->members[i];
        r->members[i] = NULL;
        hole = i;
    }
}

struct socket *members_first_of(struct reactor *r, int64_t user_id)
{
    return r->members_cap == 0 ? NULL : *slot_of(r, user_id);
}

struct socket *members_find(struct reactor *r, const struct address *where)
{
    struct socket *s = members_first_of(r, where->user_id);
    while (s != NULL && s->serial != where->serial)
        s = s->member_next;
    return s;
}

void members_put_off(struct reactor *r, struct socket *s, enum members_wait what)
{
    r->later += !s->catch_later && !s->doubt_later;
    s->doubt_later = s->doubt_later || what == WAITS_TO_BE_CHECKED;
    s->catch_later = s->catch_later || what == WAITS_TO_CATCH_UP;
}
