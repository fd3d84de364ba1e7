/* Messages that write. See writes.h. */
#include "realtime/writes.h"

#include <stdlib.h>
#include <string.h>

#include "realtime/answer.h"
#include "realtime/members.h"
#include "realtime/note.h"
#include "realtime/room.h"
#include "realtime/say.h"
#include "realtime/socket.h"

/* ---- likes ------------------------------------------------------------------------------------------------------- */

struct writes_like {
    struct like_wish wish; /* first */
    struct realtime *rt;
    struct address who;
    struct note *note;
    char *id; /* NULL: none */
    enum err err;
    struct problem problem;
    int64_t teams[];
};

void writes_like_free(struct writes_like *like)
{
    if (like == NULL)
        return;
    free(like->id);
    free(like);
}

static void like_done(struct like_wish *wish, enum err err, const struct problem *problem)
{
    struct writes_like *like = (struct writes_like *)wish;
    like->err = err;
    if (err != ERR_OK)
        like->problem = *problem;
    reactor_tell_take(hub_reactor_of(like->rt, like->who.user_id), like->note);
}

static struct writes_like *make_like(struct reactor *r, const struct socket *s, const struct message *m)
{
    const struct attachment *a = s->attachment;
    struct writes_like *like = calloc(1, sizeof *like + a->teams_count * sizeof like->teams[0]);
    if (like == NULL)
        return NULL;
    like->rt = r->rt;
    like->who = socket_address(s);
    like->id = m->id == NULL ? NULL : strdup(m->id);
    like->note = note_create(NOTE_LIKED, NULL);
    if (like->note == NULL || (m->id != NULL && like->id == NULL)) {
        free(like->note);
        writes_like_free(like);
        return NULL;
    }
    like->note->as.like = like;
    for (size_t i = 0; i < a->teams_count; i++)
        like->teams[i] = attachment_team(a, i);
    like->wish.user_id = a->user_id;
    like->wish.post_id = m->post_id;
    like->wish.liked = m->type == MESSAGE_POST_LIKE;
    like->wish.any_team = a->role == ROLE_ADMIN;
    like->wish.teams = like->teams;
    like->wish.teams_count = a->teams_count;
    like->wish.ack_id = like->id;
    like->wish.done = like_done;
    return like;
}

void writes_set_like(struct reactor *r, struct socket *s, const struct message *m)
{
    struct writes_like *like = make_like(r, s, m);
    enum err err = like == NULL ? ERR_NO_MEMORY : likes_submit(r->rt->options.likes, &like->wish);
    if (err == ERR_OK)
        return;
    if (like != NULL)
        note_free(like->note);
    answer_refuse(r, s, m->id, err);
}

void writes_liked(struct reactor *r, struct writes_like *like)
{
    struct socket *s = members_find(r, &like->who);
    if (s == NULL)
        return;
    if (like->err != ERR_OK) {
        answer_failed(r, s, like->id, like->err, problem_detail(&like->problem), 0);
        return;
    }
    if (like->id == NULL)
        return; /* LIKE_UPDATE says it to everybody */
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_like_ack(&out, like->id, like->wish.post_id, like->wish.liked, like->wish.count);
    answer_say(r, s, &out, SAID_ACK);
}

/* ---- what kinds write -------------------------------------------------------------------------------------------- */

static const struct room_write *find_write(const struct socket *s, enum message_type type)
{
    const struct room_write *w = s->room == NULL ? NULL : s->room->kind->writes;
    while (w != NULL && w->run != NULL && w->type != type)
        w++;
    return w == NULL || w->run == NULL ? NULL : w;
}

/* Rated as a write by HTTP is: they share one bucket. 0: it may. */
static int64_t wait_for_write(struct reactor *r, const struct socket *s)
{
    static const struct rate rate = {RATE_WRITE_PER_MINUTE, RATE_WRITE_BURST};
    struct rate_table *rates = r->rt->options.rates;
    uint64_t key = rate_key(RATE_MEMBER_WRITE, (uint64_t)s->attachment->user_id);
    return rates == NULL ? 0 : rate_take(rates, key, rate, r->now_ms);
}

bool writes_hear(struct reactor *r, struct socket *s, const struct message *m, const char *bytes, size_t len)
{
    const struct room_write *how = find_write(s, m->type);
    if (how == NULL)
        return false;
    int64_t wait_ms = wait_for_write(r, s);
    if (wait_ms > 0) {
        answer_failed(r, s, m->id, ERR_RATE_LIMITED, err_sentence(ERR_RATE_LIMITED), wait_ms);
        return true;
    }
    struct desk_write *w = desk_write_create(r->rt, s, bytes, len);
    enum err err = w == NULL ? ERR_NO_MEMORY : ERR_OK;
    if (w != NULL) {
        w->run = how->run;
        err = desk_write_take(w);
    }
    if (err != ERR_OK)
        answer_refuse(r, s, message_name(m), err);
    return true;
}

void writes_written(struct reactor *r, struct desk_write *w)
{
    struct socket *s = members_find(r, &w->who);
    if (s == NULL)
        return;
    if (w->err != ERR_OK)
        answer_failed(r, s, message_name(&w->message), w->err, problem_detail(&w->problem),
                      w->err == ERR_BUSY ? 2000 : 0);
    else if (w->answer.len > 0)
        answer_say(r, s, &w->answer, SAID_ACK);
    else
        answer_ack(r, s, w->message.id);
}
