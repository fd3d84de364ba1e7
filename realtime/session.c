/* Conversations. See session.h. */
#include "realtime/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "realtime/answer.h"
#include "realtime/cheers.h"
#include "realtime/doubts.h"
#include "realtime/join.h"
#include "realtime/note.h"
#include "realtime/room.h"
#include "realtime/say.h"
#include "realtime/socket.h"
#include "realtime/writes.h"

/* ---- what the room's kind hears ---------------------------------------------------------------------------------- */

static void pass_on(struct reactor *r, struct socket *s, const struct message *m)
{
    struct note *note = note_create(NOTE_SAID, s->room);
    if (note != NULL) {
        struct note_said *said = &note->as.said;
        said->from = socket_address(s);
        said->type = m->type;
        said->appears_offline = s->attachment->appears_offline;
        said->flag = m->flag;
        said->name = strdup(attachment_name(s->attachment));
        said->text = m->text == NULL ? NULL : strdup(m->text);
        if (said->name == NULL || (m->text != NULL && said->text == NULL)) {
            note_free(note);
            note = NULL;
        }
    }
    if (note == NULL || !reactor_post_take(hub_home_of(r->rt, s->room), note))
        answer_refuse(r, s, m->id, ERR_BUSY);
    else
        answer_ack(r, s, m->id);
}

static void refuse_here(struct reactor *r, struct socket *s, const struct message *m)
{
    answer_failed(r, s, m->id, ERR_INVALID, "A message of this type belongs to another address.", 0);
}

/* A message of the room's kind. */
static void hear_for_kind(struct reactor *r, struct socket *s, const struct message *m, const char *bytes, size_t len)
{
    const struct room_kind *kind = s->room == NULL ? NULL : s->room->kind;
    if (writes_hear(r, s, m, bytes, len))
        return;
    if (m->type == MESSAGE_TYPING && (s->reads_only || socket_muted_until(r, s) != 0))
        answer_ack(r, s, m->id); /* nobody waits for words that cannot come */
    else if (kind != NULL && kind->hears != NULL && kind->hears(m->type))
        pass_on(r, s, m);
    else
        refuse_here(r, s, m);
}

/* ---- hearing ----------------------------------------------------------------------------------------------------- */

static void pong(struct reactor *r, struct socket *s, const char *id)
{
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_pong(&out, r->wall_ms);
    answer_say(r, s, &out, SAID_PONG);
    answer_ack(r, s, id);
}

void session_too_fast(struct reactor *r, struct socket *s, const char *bytes, size_t len, int64_t wait_ms)
{
    struct message m;
    struct problem problem = {0};
    (void)message_parse(bytes, len, r->arena, &m, &problem);
    answer_failed(r, s, message_name(&m), ERR_RATE_LIMITED, err_sentence(ERR_RATE_LIMITED), wait_ms);
}

void session_message(struct reactor *r, struct socket *s, const char *bytes, size_t len)
{
    struct message m;
    struct problem problem = {0};
    enum err err = message_parse(bytes, len, r->arena, &m, &problem);
    if (err == ERR_NO_MEMORY && message_name(&m) == NULL) { /* nobody would know what is refused */
        socket_cut(r, s);
        return;
    }
    if (err != ERR_OK) {
        problem.err = err;
        answer_failed(r, s, message_name(&m), err, problem_detail(&problem), 0);
        return;
    }
    STATS_ADD(r->rt->stats.heard[m.type], 1);
    switch (m.type) {
    case MESSAGE_PING:
        pong(r, s, m.id);
        break;
    case MESSAGE_JOIN_TEAM:
        join_team(r, s, &m);
        break;
    case MESSAGE_SEND_CHEER:
        cheers_send(r, s, &m);
        break;
    case MESSAGE_POST_LIKE:
    case MESSAGE_POST_UNLIKE:
        if (socket_path(s)->kind->likes)
            writes_set_like(r, s, &m);
        else
            refuse_here(r, s, &m);
        break;
    case MESSAGE_AUTH:
        doubts_authenticate(r, s, &m);
        break;
    case MESSAGE_SYNC:
        join_sync(r, s, &m);
        break;
    default:
        hear_for_kind(r, s, &m, bytes, len);
        break;
    case MESSAGE_TYPES_:
        assert(!"not a type");
    }
}

/* ---- what waits for the desk ------------------------------------------------------------------------------------- */

/* The member's sockets that waited. false: the desk has no room. */
static bool take_up_member(struct reactor *r, struct socket *first)
{
    bool doubt = false;
    for (struct socket *s = first; s != NULL; s = s->member_next) {
        bool catches = s->catch_later;
        r->later -= s->catch_later || s->doubt_later;
        doubt = doubt || s->doubt_later;
        s->catch_later = s->doubt_later = false;
        if (catches)
            join_read_missed(r, s);
    }
    if (doubt)
        doubts_take_up(r, first->attachment->user_id);
    return !first->catch_later && !first->doubt_later;
}

void session_take_up(struct reactor *r)
{
    bool room = true;
    for (size_t i = 0; i < r->members_cap && room && r->later > 0 && r->asked < DESK_ASKS_MAX; i++) {
        r->later_at = (r->later_at + 1) & (r->members_cap - 1);
        if (r->members[r->later_at] != NULL)
            room = take_up_member(r, r->members[r->later_at]);
    }
}
