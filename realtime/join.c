/* Joining and catching up. See join.h. */
#include "realtime/join.h"

#include <stdlib.h>
#include <string.h>

#include "realtime/answer.h"
#include "realtime/members.h"
#include "realtime/receive.h"
#include "realtime/room.h"
#include "realtime/say.h"
#include "realtime/socket.h"
#include "realtime/stay.h"

static void welcome(struct reactor *r, struct socket *s, const struct cursor *where)
{
    char cursor[CURSOR_BYTES_MAX];
    (void)cursor_format(where, cursor);
    const struct say_welcome w = {
        .cursor = cursor,
        .user_id = s->attachment->user_id,
        .serial = s->serial,
        .loop = r->index,
        .subscribed_ms = r->wall_ms,
    };
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_welcome(&out, &w);
    answer_say(r, s, &out, SAID_WELCOME);
    s->welcomed = true;
}

/* How many are here: at once to who has just come, since for the others nothing may have changed. */
static void tell_presence(struct reactor *r, struct socket *s)
{
    if (s->room == NULL || s->room->team_id == 0)
        return; /* also when it was closed for reading too slowly, a moment ago */
    struct presence_team *team = presence_team(r->rt->options.presence, s->room->team_id);
    struct presence_view view;
    if (team == NULL || presence_read(team, r->now_ms, r->arena, &view) != ERR_OK)
        return;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_presence(&out, &view);
    answer_say(r, s, &out, SAID_PRESENCE);
}

/* The room's first member says from where on like counts will be told. */
static void note_likes(struct socket *s, uint64_t likes)
{
    uint64_t none = 0;
    (void)atomic_compare_exchange_strong(&s->room->told_likes, &none, likes);
}

/* What memory says of now. false: the team's head is not loaded. */
static bool find_now(struct reactor *r, const struct socket *s, struct cursor *now)
{
    struct heads *heads = r->rt->options.heads;
    *now = (struct cursor){.boot = heads_boot(heads)};
    memcpy(now->epoch, heads_epoch(heads), sizeof now->epoch);
    if (s->room->team_id == 0) {
        now->seq = heads_newest(heads);
        return true;
    }
    struct team_head *head = heads_peek(heads, s->room->team_id);
    struct head_view view;
    if (head == NULL)
        return false;
    team_head_read(head, &view);
    now->seq = view.seq;
    now->likes = view.likes;
    return true;
}

static bool same_cursor(const struct cursor *a, const struct cursor *b)
{
    return a->seq == b->seq && a->boot == b->boot && a->likes == b->likes && strcmp(a->epoch, b->epoch) == 0;
}

/* Asks the desk for what lies between `since` and now. */
static enum err ask_desk(struct reactor *r, struct socket *s, const struct cursor *since, int64_t after_id,
                         const char *id)
{
    struct desk_catch *c = desk_catch_create(r->rt, s);
    if (c == NULL)
        return ERR_NO_MEMORY;
    if (since != NULL) {
        c->since = *since;
        c->has_since = true;
    }
    c->check_team = s->attachment->role == ROLE_ADMIN && s->room->team_id != 0;
    c->after_id = after_id;
    c->joining = s->joining;
    c->greeted = s->welcomed;
    c->topics = s->topics;
    c->id = id == NULL ? NULL : strdup(id);
    enum err err = desk_catch_take(c);
    if (err != ERR_OK)
        return err;
    r->asked++;
    s->catching = true;
    s->skipped = false;
    STATS_ADD(r->rt->stats.caught_up, 1);
    return ERR_OK;
}

/* What it was told last. */
static struct cursor told_last(const struct reactor *r, const struct socket *s)
{
    struct heads *heads = r->rt->options.heads;
    struct cursor since = {.seq = s->seq, .boot = heads_boot(heads), .likes = atomic_load(&s->room->told_likes)};
    memcpy(since.epoch, heads_epoch(heads), sizeof since.epoch);
    return since;
}

/* Until the desk has room nothing is said to it that would leave a gap. */
void join_read_missed(struct reactor *r, struct socket *s)
{
    const struct cursor since = told_last(r, s);
    if (r->asked < DESK_ASKS_MAX && ask_desk(r, s, &since, 0, NULL) == ERR_OK)
        return;
    s->catching = true;
    members_put_off(r, s, WAITS_TO_CATCH_UP);
}

/* In the room from here on; what is said meanwhile is either held back and read, or comes after the WELCOME. */
static void enter(struct reactor *r, struct socket *s, struct room *room, const struct cursor *since, const char *id)
{
    struct cursor now;
    if (!room_enter(r, s, room)) {
        answer_failed(r, s, id, ERR_BUSY, "The room is full. Please try again in a moment.", 5000);
        return;
    }
    stay_begin(r, s);
    bool admin = s->attachment->role == ROLE_ADMIN && room->team_id != 0;
    bool at_once = !admin && !room->kind->greets && find_now(r, s, &now) && (since == NULL || same_cursor(since, &now));
    if (at_once) {
        note_likes(s, now.likes);
        s->seq = now.seq;
        welcome(r, s, &now);
        answer_ack(r, s, id);
        tell_presence(r, s);
    } else {
        enum err err = ask_desk(r, s, since, 0, id);
        if (err != ERR_OK) {
            stay_leave(r, s);
            answer_refuse(r, s, id, err);
        }
    }
}

static bool read_since(struct reactor *r, struct socket *s, const char *text, const char *id, struct cursor *since)
{
    if (cursor_parse(text, strlen(text), since) == ERR_OK)
        return true;
    answer_failed(r, s, id, ERR_MALFORMED, "The field \"since\" has to be a cursor from an earlier answer.", 0);
    return false;
}

void join_team(struct reactor *r, struct socket *s, const struct message *m)
{
    struct cursor since;
    if (socket_is_bound(s)) {
        answer_failed(r, s, m->id, ERR_INVALID, "This socket is bound to its room.", 0);
        return;
    }
    if (!attachment_in_team(s->attachment, m->team_id)) {
        answer_failed(r, s, m->id, ERR_FORBIDDEN, "You are not in this team.", 0);
        return;
    }
    if (m->since != NULL && !read_since(r, s, m->since, m->id, &since))
        return;
    stay_leave(r, s);
    struct room *room = room_get_team(r->rt, m->team_id);
    if (room == NULL)
        answer_refuse(r, s, m->id, ERR_NO_MEMORY);
    else
        enter(r, s, room, m->since != NULL ? &since : NULL, m->id);
    room_unref(room);
}

void join_begin(struct reactor *r, struct socket *s, const char *name, const struct cursor *since)
{
    if (!socket_is_bound(s))
        return;
    struct room *room = room_get(r->rt, socket_path(s)->kind, name != NULL ? name : socket_path(s)->room);
    if (room != NULL)
        enter(r, s, room, since, NULL);
    room_unref(room);
    if (s->room == NULL && s->state == SOCKET_OPEN) /* there is no other room for it */
        socket_close(r, s, 1013, "try again later");
}

/* Said once, when the first answer of the desk has come. */
static void begin_at(struct reactor *r, struct socket *s, const struct desk_catch *c)
{
    struct cursor start = c->has_since && !c->reset ? c->since : c->now;
    note_likes(s, c->now.likes);
    if (!s->welcomed) {
        if (s->room->kind->greets && !c->reset)
            s->welcomed = true;
        else
            welcome(r, s, &start);
        answer_ack(r, s, c->id);
        tell_presence(r, s);
    } else if (c->after_id != 0) {
        answer_ack(r, s, c->id);
    }
    if (c->reset) {
        char cursor[CURSOR_BYTES_MAX];
        struct buf out;
        (void)cursor_format(&c->now, cursor);
        buf_init(&out, SAY_BYTES_MAX);
        say_reset(&out, cursor);
        answer_say(r, s, &out, SAID_RESET);
        STATS_ADD(r->rt->stats.resets, 1);
    }
}

static void refuse_join(struct reactor *r, struct socket *s, const struct desk_catch *c)
{
    if (c->err == ERR_NOT_FOUND)
        answer_failed(r, s, c->id, ERR_NOT_FOUND, "There is no such team.", 0);
    else
        answer_refuse(r, s, c->id, c->err);
}

static void could_not_catch_up(struct reactor *r, struct socket *s, const struct desk_catch *c)
{
    refuse_join(r, s, c);
    if (c->err == ERR_NOT_FOUND)
        stay_leave(r, s);
    else
        socket_close(r, s, 1011, "our fault: what was missed cannot be read");
}

/* The socket joined again, or left, while the desk was reading: whoever asked is answered all the same. */
static void pass_over(struct reactor *r, struct socket *s, const struct desk_catch *c)
{
    if (c->err == ERR_OK)
        answer_ack(r, s, c->id);
    else if (c->id != NULL)
        refuse_join(r, s, c);
}

void join_caught(struct reactor *r, struct desk_catch *c)
{
    struct socket *s = members_find(r, &c->who);
    r->asked--;
    if (s == NULL || s->state != SOCKET_OPEN)
        return;
    if (!s->catching || s->joining != c->joining) {
        pass_over(r, s, c);
        return;
    }
    if (c->err != ERR_OK) {
        could_not_catch_up(r, s, c);
        return;
    }
    begin_at(r, s, c);
    for (size_t i = 0; i < c->packets_count; i++)
        socket_send(r, s, c->packets[i]);
    if (s->state != SOCKET_OPEN)
        return;
    s->seq = c->now.seq;
    s->catching = false;
    if (c->more || s->skipped)
        join_read_missed(r, s);
}

/* The head was loaded before any thread ran, so that what is committed from here on is heard of. */
void join_resume(struct reactor *r, struct socket *s, struct room *room, bool catching)
{
    struct cursor now;
    if (s->state != SOCKET_OPEN)
        return;
    room_return(r, s, room);
    if (find_now(r, s, &now))
        note_likes(s, now.likes);
    stay_begin(r, s);
    if (catching || !find_now(r, s, &now) || now.seq > s->seq)
        join_catch_up(r, s);
}

void join_catch_up(struct reactor *r, struct socket *s)
{
    if (s->state != SOCKET_OPEN || s->room == NULL)
        return;
    if (s->catching) {
        s->skipped = true;
        return;
    }
    join_read_missed(r, s);
}

void join_sync(struct reactor *r, struct socket *s, const struct message *m)
{
    if (s->room == NULL || !s->room->kind->syncs) {
        answer_failed(r, s, m->id, ERR_INVALID, "A message of this type belongs to another address.", 0);
        return;
    }
    int64_t wait_ms = receive_count(r, s, SYNC_COUNTS_FOR - 1);
    if (wait_ms > 0) {
        answer_failed(r, s, m->id, ERR_RATE_LIMITED, err_sentence(ERR_RATE_LIMITED), wait_ms);
        return;
    }
    const struct cursor last = told_last(r, s);
    s->joining++;
    enum err err = r->asked >= DESK_ASKS_MAX ? ERR_BUSY
                                             : ask_desk(r, s, s->welcomed ? &last : NULL, m->message_id, m->id);
    if (err != ERR_OK) {
        s->joining--;
        answer_refuse(r, s, m->id, err);
    }
}
