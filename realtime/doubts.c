/* Doubts and tokens. See doubts.h. */
#include "realtime/doubts.h"

#include <stdlib.h>
#include <string.h>

#include "realtime/answer.h"
#include "realtime/members.h"
#include "realtime/note.h"
#include "realtime/room.h"
#include "realtime/socket.h"
#include "realtime/stay.h"

static size_t count_sockets(struct reactor *r, int64_t user_id)
{
    size_t count = 0;
    for (struct socket *s = members_first_of(r, user_id); s != NULL; s = s->member_next)
        count++;
    return count;
}

static enum err ask_about(struct reactor *r, int64_t user_id, size_t count)
{
    struct desk_check *c = desk_check_create(r->rt, user_id, count);
    if (c == NULL)
        return ERR_NO_MEMORY;
    struct desk_doubt *d = c->doubts;
    for (struct socket *s = members_first_of(r, user_id); s != NULL; s = s->member_next, d++) {
        d->serial = s->serial;
        d->issued_ms = s->attachment->issued_ms;
        d->jti = arena_text(c->arena, attachment_jti(s->attachment));
        if (d->jti == NULL) {
            note_free(c->note);
            return ERR_NO_MEMORY;
        }
    }
    return desk_check_take(c);
}

void doubts_take_up(struct reactor *r, int64_t user_id)
{
    size_t count = count_sockets(r, user_id);
    if (count == 0)
        return;
    if (r->rt->options.rooms == NULL) { /* the next image of the program asks */
        r->rt->doubts = true;
        return;
    }
    if (r->asked < DESK_ASKS_MAX && ask_about(r, user_id, count) == ERR_OK) {
        r->asked++;
        return;
    }
    for (struct socket *s = members_first_of(r, user_id); s != NULL; s = s->member_next)
        members_put_off(r, s, WAITS_TO_BE_CHECKED);
}

void doubts_raise(struct reactor *r, int64_t user_id)
{
    r->doubts++;
    if (user_id > 0) {
        doubts_take_up(r, user_id);
        return;
    }
    for (size_t i = 0; user_id == 0 && i < r->members_cap; i++)
        if (r->members[i] != NULL)
            doubts_take_up(r, r->members[i]->attachment->user_id);
}

/* Who the member is now: a new attachment in place of the old one. false: no memory. */
static bool renew(struct reactor *r, struct socket *s, const struct realtime_member *member)
{
    struct attachment *a = attachment_create(member, s->attachment->joined_s, s->attachment->address_key);
    if (a == NULL)
        return false;
    const struct room_kind *kind = s->room == NULL ? NULL : s->room->kind;
    bool hides = a->appears_offline != s->attachment->appears_offline;
    if (kind != NULL && kind->entered != NULL && !hides)
        kind->entered(r, s->room, a); /* before the old one leaves: nobody is seen to go */
    if (kind != NULL && kind->left != NULL)
        kind->left(r, s->room, s->attachment);
    if (kind != NULL && kind->entered != NULL && hides)
        kind->entered(r, s->room, a);
    free(s->attachment);
    s->attachment = a;
    if (s->room != NULL && s->room->owner_id != 0 && !attachment_in_team(a, s->room->owner_id)) {
        stay_end(r, s, 0);
        stay_leave(r, s);
        answer_failed(r, s, NULL, ERR_FORBIDDEN, "You are no longer in this team.", 0);
        if (socket_is_bound(s)) /* there is no other room for it */
            socket_close(r, s, 4003, "no longer in this team");
    } else {
        stay_renew(r, s);
    }
    if (s->state == SOCKET_OPEN)
        socket_rearm(r, s);
    return true;
}

/* false: the socket showed another token while this one was doubted. */
static bool judge(struct reactor *r, const struct desk_check *c, const struct desk_doubt *d)
{
    struct address who = {.user_id = c->user_id, .serial = d->serial};
    struct socket *s = members_find(r, &who);
    if (s == NULL || s->state != SOCKET_OPEN)
        return true;
    if (strcmp(attachment_jti(s->attachment), d->jti) != 0)
        return false;
    if (c->err != ERR_OK) {
        socket_close(r, s, 1011, "our fault: return");
    } else if (!d->holds) {
        stay_end(r, s, 0);
        socket_close(r, s, 4003, "no longer valid: sign in again");
    } else {
        struct realtime_member member = c->member;
        member.jti = d->jti;
        member.issued_ms = d->issued_ms;
        member.expires_ms = s->attachment->expires_ms;
        if (!renew(r, s, &member))
            socket_close(r, s, 1011, "our fault: return");
    }
    return true;
}

void doubts_checked(struct reactor *r, struct desk_check *c)
{
    r->asked--;
    bool all = true;
    for (size_t i = 0; i < c->count; i++)
        all = judge(r, c, &c->doubts[i]) && all;
    if (!all)
        doubts_take_up(r, c->user_id);
}

void doubts_authenticate(struct reactor *r, struct socket *s, const struct message *m)
{
    struct address who = socket_address(s);
    struct desk_token *t = desk_token_create(r->rt, &who, m->id, m->token);
    if (t != NULL)
        t->doubts = r->doubts;
    enum err err = t == NULL ? ERR_NO_MEMORY : desk_token_take(t);
    if (err != ERR_OK)
        answer_refuse(r, s, m->id, err);
}

void doubts_token(struct reactor *r, struct desk_token *t)
{
    struct socket *s = members_find(r, &t->who);
    if (s == NULL || s->state != SOCKET_OPEN)
        return;
    if (t->err != ERR_OK)
        answer_failed(r, s, t->id, t->err, problem_detail(&t->problem), 0); /* the old token goes on while it lasts */
    else if (t->member.user_id != s->attachment->user_id)
        answer_failed(r, s, t->id, ERR_FORBIDDEN, "This token is another member's. Open a new socket with it.", 0);
    else if (!renew(r, s, &t->member))
        answer_refuse(r, s, t->id, ERR_NO_MEMORY);
    else
        answer_ack(r, s, t->id);
    if (t->err == ERR_OK && t->doubts != r->doubts) /* it may have been read just before what raised them */
        doubts_take_up(r, t->who.user_id);
}
