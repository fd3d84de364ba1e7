/* Cheers. See cheers.h. */
#include "realtime/cheers.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "realtime/answer.h"
#include "realtime/note.h"
#include "realtime/room.h"
#include "realtime/socket.h"

struct cheer_seen {
    uint64_t hashes[CHEERS_REMEMBERED];
};

static uint64_t hash_id(int64_t user_id, const char *id)
{
    return hash_text(id, (uint64_t)user_id) | 1; /* 0 is an empty place */
}

/* Whether this member's cheer with this id came before. All of a member's sockets are in one loop. */
static bool seen_before(const struct reactor *r, int64_t user_id, const char *id)
{
    uint64_t hash = hash_id(user_id, id);
    for (size_t i = 0; r->seen != NULL && i < CHEERS_REMEMBERED; i++)
        if (r->seen->hashes[i] == hash)
            return true;
    return false;
}

/* It is on its way. Without memory a resend may be a second cheer. */
static void remember(struct reactor *r, int64_t user_id, const char *id)
{
    if (r->seen == NULL && (r->seen = calloc(1, sizeof *r->seen)) == NULL)
        return;
    r->seen->hashes[r->seen_next] = hash_id(user_id, id);
    r->seen_next = (r->seen_next + 1) % CHEERS_REMEMBERED;
}

void cheers_pack(const struct reactor *r, struct buf *out)
{
    pack_number(out, (int64_t)r->seen_next);
    pack_bytes(out, r->seen, r->seen == NULL ? 0 : sizeof *r->seen);
}

void cheers_unpack(struct reactor *r, struct pack_reader *from)
{
    size_t len;
    int64_t next = pack_read_number(from);
    const void *bytes = pack_read_bytes(from, &len);
    if (from->failed || len != sizeof *r->seen || next < 0 || next >= CHEERS_REMEMBERED)
        return; /* a resend may then be a second cheer */
    if (r->seen == NULL && (r->seen = malloc(sizeof *r->seen)) == NULL)
        return;
    memcpy(r->seen, bytes, len);
    r->seen_next = (size_t)next;
}

/* To the room's home; at once when that is here. */
static bool pass_cheer_take(struct reactor *r, struct note *note)
{
    note->as.cheer.routed = true;
    struct reactor *home = hub_home_of(r->rt, note->room);
    return reactor_post_take(home, note);
}

void cheers_send(struct reactor *r, struct socket *s, const struct message *m)
{
    if (s->room == NULL || s->room->team_id == 0) {
        answer_failed(r, s, m->id, ERR_CONFLICT, "Join a team first.", 0);
        return;
    }
    if (m->id != NULL && seen_before(r, s->attachment->user_id, m->id)) {
        answer_ack(r, s, m->id);
        return;
    }
    int64_t until_ms = socket_muted_until(r, s);
    if (until_ms != 0) {
        struct problem problem = {0};
        (void)mutes_refuse(&problem, until_ms);
        answer_failed(r, s, m->id, ERR_MUTED, problem_detail(&problem), 0);
        return;
    }
    struct note *note = note_create(NOTE_CHEER, s->room);
    if (note != NULL) {
        struct note_cheer *c = &note->as.cheer;
        c->from = socket_address(s);
        c->user_id = s->attachment->user_id;
        c->id = m->id == NULL ? NULL : strdup(m->id);
        c->name = strdup(attachment_name(s->attachment));
        c->icon = strdup(m->icon);
        note->born_us = reactor_real_us();
        if (c->name == NULL || c->icon == NULL || (m->id != NULL && c->id == NULL)) {
            note_free(note);
            note = NULL;
        }
    }
    if (note == NULL || !pass_cheer_take(r, note))
        answer_refuse(r, s, m->id, ERR_BUSY);
    else if (m->id != NULL)
        remember(r, s->attachment->user_id, m->id);
}

void cheers_route(struct reactor *r, struct note *note)
{
    struct note_cheer *c = &note->as.cheer;
    if (c->id != NULL && seen_before(r, c->user_id, c->id))
        return;
    struct note *onward = note_create(NOTE_CHEER, note->room);
    if (onward == NULL)
        return;
    onward->born_us = note->born_us;
    if (c->id != NULL)
        remember(r, c->user_id, c->id); /* who sent it was answered already */
    onward->as.cheer = *c;
    c->id = c->name = c->icon = NULL; /* they moved */
    (void)pass_cheer_take(r, onward);
}
