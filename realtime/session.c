/* Conversations. See session.h. */
#include "realtime/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "realtime/doors.h"
#include "realtime/note.h"
#include "realtime/packet.h"
#include "realtime/room.h"
#include "realtime/say.h"

/* ---- saying ------------------------------------------------------------------------------------------------------ */

static void say(struct reactor *r, struct socket *s, struct buf *out, enum stats_said what)
{
    struct packet *packet = out->failed ? NULL : packet_text(out->data, out->len, PACKET_ANSWER, 0, NULL);
    if (packet != NULL)
        socket_send(r, s, packet);
    packet_unref(packet);
    buf_clear(out);
    STATS_ADD(r->rt->stats.said[what], 1);
}

static void say_failed(struct reactor *r, struct socket *s, const char *id, enum err err, const char *sentence,
                       int64_t retry_after_ms)
{
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_error(&out, id, err, sentence, retry_after_ms);
    say(r, s, &out, SAID_ERROR);
    STATS_ADD(r->rt->stats.refused, 1);
}

static void refuse(struct reactor *r, struct socket *s, const char *id, enum err err)
{
    say_failed(r, s, id, err, err_sentence(err), err == ERR_BUSY || err == ERR_NO_MEMORY ? 2000 : 0);
}

static void acknowledge(struct reactor *r, struct socket *s, const char *id)
{
    struct buf out;
    if (id == NULL)
        return;
    buf_init(&out, SAY_BYTES_MAX);
    say_ack(&out, id);
    say(r, s, &out, SAID_ACK);
}

/* What a refusal calls the message: what its sender does. NULL: it has no name. */
static const char *name_of(const struct message *m)
{
    return m->id != NULL ? m->id : m->client_id;
}

static struct address address_of(const struct socket *s)
{
    return (struct address){.user_id = s->attachment->user_id, .serial = s->serial};
}

/* ---- presence ---------------------------------------------------------------------------------------------------- */

static void appear(struct reactor *r, struct socket *s)
{
    if (s->stay != 0 || s->room == NULL || s->room->team_id == 0)
        return;
    struct presence_team *team = presence_team(r->rt->options.presence, s->room->team_id);
    const struct attachment *a = s->attachment;
    const struct presence_person person = {
        .user_id = a->user_id,
        .coach_name = a->role == ROLE_COACH ? attachment_name(a) : NULL,
        .appears_offline = a->appears_offline,
    };
    s->stay = team == NULL ? 0 : presence_attach(team, &person, r->now_ms);
}

static void end_stay(struct reactor *r, const struct socket *s, uint32_t stay, int64_t grace_ms)
{
    if (stay == 0)
        return;
    struct presence_team *team = presence_team(r->rt->options.presence, s->room->team_id);
    presence_detach(team, s->attachment->user_id, stay, r->now_ms + grace_ms);
}

static void disappear(struct reactor *r, struct socket *s, int64_t grace_ms)
{
    end_stay(r, s, s->stay, grace_ms);
    s->stay = 0;
}

/* ---- joining ----------------------------------------------------------------------------------------------------- */

void session_leave(struct reactor *r, struct socket *s)
{
    disappear(r, s, r->rt->options.grace_ms);
    r->later -= s->catch_later && !s->doubt_later;
    s->catching = s->skipped = s->welcomed = s->catch_later = false;
    s->joining++;
    room_leave(r, s);
}

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
    say(r, s, &out, SAID_WELCOME);
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
    say(r, s, &out, SAID_PRESENCE);
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

/* The desk has no room for more: the socket waits its turn (session_take_up). */
static void put_off(struct reactor *r, struct socket *s, bool doubt)
{
    r->later += !s->catch_later && !s->doubt_later;
    s->doubt_later = s->doubt_later || doubt;
    s->catch_later = s->catch_later || !doubt;
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

/* From where it is, as soon as the desk has room. Until then nothing is said to it that would leave a gap. */
static void catch_up(struct reactor *r, struct socket *s)
{
    const struct cursor since = told_last(r, s);
    if (r->asked < DESK_ASKS_MAX && ask_desk(r, s, &since, 0, NULL) == ERR_OK)
        return;
    s->catching = true;
    put_off(r, s, false);
}

/* In the room from here on; what is said meanwhile is either held back and read, or comes after the WELCOME. */
static void enter(struct reactor *r, struct socket *s, struct room *room, const struct cursor *since, const char *id)
{
    struct cursor now;
    if (!room_enter(r, s, room)) {
        say_failed(r, s, id, ERR_BUSY, "The room is full. Please try again in a moment.", 5000);
        return;
    }
    appear(r, s);
    bool admin = s->attachment->role == ROLE_ADMIN && room->team_id != 0;
    bool at_once = !admin && !room->kind->greets && find_now(r, s, &now) && (since == NULL || same_cursor(since, &now));
    if (at_once) {
        note_likes(s, now.likes);
        s->seq = now.seq;
        welcome(r, s, &now);
        acknowledge(r, s, id);
        tell_presence(r, s);
    } else {
        enum err err = ask_desk(r, s, since, 0, id);
        if (err != ERR_OK) {
            session_leave(r, s);
            refuse(r, s, id, err);
        }
    }
}

static bool read_since(struct reactor *r, struct socket *s, const char *text, const char *id, struct cursor *since)
{
    if (cursor_parse(text, strlen(text), since) == ERR_OK)
        return true;
    say_failed(r, s, id, ERR_MALFORMED, "The field \"since\" has to be a cursor from an earlier answer.", 0);
    return false;
}

static void join_team(struct reactor *r, struct socket *s, const struct message *m)
{
    struct cursor since;
    if (socket_is_bound(s)) {
        say_failed(r, s, m->id, ERR_INVALID, "This socket is bound to its room.", 0);
        return;
    }
    if (!attachment_in_team(s->attachment, m->team_id)) {
        say_failed(r, s, m->id, ERR_FORBIDDEN, "You are not in this team.", 0);
        return;
    }
    if (m->since != NULL && !read_since(r, s, m->since, m->id, &since))
        return;
    session_leave(r, s);
    struct room *room = room_get_team(r->rt, m->team_id);
    if (room == NULL)
        refuse(r, s, m->id, ERR_NO_MEMORY);
    else
        enter(r, s, room, m->since != NULL ? &since : NULL, m->id);
    room_unref(room);
}

void session_begin(struct reactor *r, struct socket *s, const char *name, const struct cursor *since)
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
        acknowledge(r, s, c->id);
        tell_presence(r, s);
    } else if (c->after_id != 0) {
        acknowledge(r, s, c->id);
    }
    if (c->reset) {
        char cursor[CURSOR_BYTES_MAX];
        struct buf out;
        (void)cursor_format(&c->now, cursor);
        buf_init(&out, SAY_BYTES_MAX);
        say_reset(&out, cursor);
        say(r, s, &out, SAID_RESET);
        STATS_ADD(r->rt->stats.resets, 1);
    }
}

static void refuse_join(struct reactor *r, struct socket *s, const struct desk_catch *c)
{
    if (c->err == ERR_NOT_FOUND)
        say_failed(r, s, c->id, ERR_NOT_FOUND, "There is no such team.", 0);
    else
        refuse(r, s, c->id, c->err);
}

static void could_not_catch_up(struct reactor *r, struct socket *s, const struct desk_catch *c)
{
    refuse_join(r, s, c);
    if (c->err == ERR_NOT_FOUND)
        session_leave(r, s);
    else
        socket_close(r, s, 1011, "our fault: what was missed cannot be read");
}

/* The socket joined again, or left, while the desk was reading: whoever asked is answered all the same. */
static void pass_over(struct reactor *r, struct socket *s, const struct desk_catch *c)
{
    if (c->err == ERR_OK)
        acknowledge(r, s, c->id);
    else if (c->id != NULL)
        refuse_join(r, s, c);
}

void session_caught(struct reactor *r, struct desk_catch *c)
{
    struct socket *s = socket_find(r, &c->who);
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
        catch_up(r, s);
}

/* The head was loaded before any thread ran, so that what is committed from here on is heard of. */
void session_resume(struct reactor *r, struct socket *s, struct room *room, bool catching)
{
    struct cursor now;
    if (s->state != SOCKET_OPEN)
        return;
    room_return(r, s, room);
    if (find_now(r, s, &now))
        note_likes(s, now.likes);
    appear(r, s);
    if (catching || !find_now(r, s, &now) || now.seq > s->seq)
        session_catch_up(r, s);
}

void session_catch_up(struct reactor *r, struct socket *s)
{
    if (s->state != SOCKET_OPEN || s->room == NULL)
        return;
    if (s->catching) {
        s->skipped = true;
        return;
    }
    catch_up(r, s);
}

/* ---- likes ------------------------------------------------------------------------------------------------------- */

struct session_like {
    struct like_wish wish; /* first */
    struct realtime *rt;
    struct address who;
    struct note *note;
    char *id; /* NULL: none */
    enum err err;
    struct problem problem;
    int64_t teams[];
};

void session_like_free(struct session_like *like)
{
    if (like == NULL)
        return;
    free(like->id);
    free(like);
}

static void like_done(struct like_wish *wish, enum err err, const struct problem *problem)
{
    struct session_like *like = (struct session_like *)wish;
    like->err = err;
    if (err != ERR_OK)
        like->problem = *problem;
    reactor_tell_take(hub_reactor_of(like->rt, like->who.user_id), like->note);
}

static struct session_like *make_like(struct reactor *r, const struct socket *s, const struct message *m)
{
    const struct attachment *a = s->attachment;
    struct session_like *like = calloc(1, sizeof *like + a->teams_count * sizeof like->teams[0]);
    if (like == NULL)
        return NULL;
    like->rt = r->rt;
    like->who = address_of(s);
    like->id = m->id == NULL ? NULL : strdup(m->id);
    like->note = note_create(NOTE_LIKED, NULL);
    if (like->note == NULL || (m->id != NULL && like->id == NULL)) {
        free(like->note);
        session_like_free(like);
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

static void set_like(struct reactor *r, struct socket *s, const struct message *m)
{
    struct session_like *like = make_like(r, s, m);
    enum err err = like == NULL ? ERR_NO_MEMORY : likes_submit(r->rt->options.likes, &like->wish);
    if (err == ERR_OK)
        return;
    if (like != NULL)
        note_free(like->note);
    refuse(r, s, m->id, err);
}

void session_liked(struct reactor *r, struct session_like *like)
{
    struct socket *s = socket_find(r, &like->who);
    if (s == NULL)
        return;
    if (like->err != ERR_OK) {
        say_failed(r, s, like->id, like->err, problem_detail(&like->problem), 0);
        return;
    }
    if (like->id == NULL)
        return; /* LIKE_UPDATE says it to everybody */
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_like_ack(&out, like->id, like->wish.post_id, like->wish.liked, like->wish.count);
    say(r, s, &out, SAID_ACK);
}

/* ---- what kinds write and pass on -------------------------------------------------------------------------------- */

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

static void write_it(struct reactor *r, struct socket *s, const struct room_write *how, const struct message *m,
                     const char *bytes, size_t len)
{
    int64_t wait_ms = wait_for_write(r, s);
    if (wait_ms > 0) {
        say_failed(r, s, m->id, ERR_RATE_LIMITED, err_sentence(ERR_RATE_LIMITED), wait_ms);
        return;
    }
    struct desk_write *w = desk_write_create(r->rt, s, bytes, len);
    enum err err = w == NULL ? ERR_NO_MEMORY : ERR_OK;
    if (w != NULL) {
        w->run = how->run;
        err = desk_write_take(w);
    }
    if (err != ERR_OK)
        refuse(r, s, name_of(m), err);
}

void session_written(struct reactor *r, struct desk_write *w)
{
    struct socket *s = socket_find(r, &w->who);
    if (s == NULL)
        return;
    if (w->err != ERR_OK)
        say_failed(r, s, name_of(&w->message), w->err, problem_detail(&w->problem), w->err == ERR_BUSY ? 2000 : 0);
    else if (w->answer.len > 0)
        say(r, s, &w->answer, SAID_ACK);
    else
        acknowledge(r, s, w->message.id);
}

static void pass_on(struct reactor *r, struct socket *s, const struct message *m)
{
    struct note *note = note_create(NOTE_SAID, s->room);
    if (note != NULL) {
        struct note_said *said = &note->as.said;
        said->from = address_of(s);
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
        refuse(r, s, m->id, ERR_BUSY);
    else
        acknowledge(r, s, m->id);
}

/* A message of the room's kind. */
static void hear_for_kind(struct reactor *r, struct socket *s, const struct message *m, const char *bytes, size_t len)
{
    const struct room_kind *kind = s->room == NULL ? NULL : s->room->kind;
    const struct room_write *write = find_write(s, m->type);
    if (write != NULL)
        write_it(r, s, write, m, bytes, len);
    else if (kind != NULL && kind->hears != NULL && kind->hears(m->type))
        pass_on(r, s, m);
    else
        say_failed(r, s, m->id, ERR_INVALID, "A message of this type belongs to another address.", 0);
}

/* What came after a message that the client has. An answer that is on its way already is passed over for this one. */
static void sync(struct reactor *r, struct socket *s, const struct message *m)
{
    if (s->room == NULL || !s->room->kind->syncs) {
        say_failed(r, s, m->id, ERR_INVALID, "A message of this type belongs to another address.", 0);
        return;
    }
    const struct cursor last = told_last(r, s);
    s->joining++;
    enum err err = r->asked >= DESK_ASKS_MAX ? ERR_BUSY
                                             : ask_desk(r, s, s->welcomed ? &last : NULL, m->message_id, m->id);
    if (err != ERR_OK) {
        s->joining--;
        refuse(r, s, m->id, err);
    }
}

/* ---- cheers ------------------------------------------------------------------------------------------------------ */

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

void session_pack_cheers(const struct reactor *r, struct buf *out)
{
    pack_number(out, (int64_t)r->seen_next);
    pack_bytes(out, r->seen, r->seen == NULL ? 0 : sizeof *r->seen);
}

void session_unpack_cheers(struct reactor *r, struct pack_reader *from)
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

static void send_cheer(struct reactor *r, struct socket *s, const struct message *m)
{
    if (s->room == NULL || s->room->team_id == 0) {
        say_failed(r, s, m->id, ERR_CONFLICT, "Join a team first.", 0);
        return;
    }
    if (m->id != NULL && seen_before(r, s->attachment->user_id, m->id)) {
        acknowledge(r, s, m->id);
        return;
    }
    struct note *note = note_create(NOTE_CHEER, s->room);
    if (note != NULL) {
        struct note_cheer *c = &note->as.cheer;
        c->from = address_of(s);
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
        refuse(r, s, m->id, ERR_BUSY);
    else if (m->id != NULL)
        remember(r, s->attachment->user_id, m->id);
}

void session_cheer(struct reactor *r, struct note *note)
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

/* ---- doubts and tokens ------------------------------------------------------------------------------------------- */

static size_t count_sockets(struct reactor *r, int64_t user_id)
{
    size_t count = 0;
    for (struct socket *s = socket_first_of(r, user_id); s != NULL; s = s->member_next)
        count++;
    return count;
}

static enum err ask_about(struct reactor *r, int64_t user_id, size_t count)
{
    struct desk_check *c = desk_check_create(r->rt, user_id, count);
    if (c == NULL)
        return ERR_NO_MEMORY;
    struct desk_doubt *d = c->doubts;
    for (struct socket *s = socket_first_of(r, user_id); s != NULL; s = s->member_next, d++) {
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

static void doubt_member(struct reactor *r, int64_t user_id)
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
    for (struct socket *s = socket_first_of(r, user_id); s != NULL; s = s->member_next)
        put_off(r, s, true);
}

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
            catch_up(r, s);
    }
    if (doubt)
        doubt_member(r, first->attachment->user_id);
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

void session_doubt(struct reactor *r, int64_t user_id)
{
    r->doubts++;
    if (user_id > 0) {
        doubt_member(r, user_id);
        return;
    }
    for (size_t i = 0; user_id == 0 && i < r->members_cap; i++)
        if (r->members[i] != NULL)
            doubt_member(r, r->members[i]->attachment->user_id);
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
        disappear(r, s, 0);
        session_leave(r, s);
        say_failed(r, s, NULL, ERR_FORBIDDEN, "You are no longer in this team.", 0);
        if (socket_is_bound(s)) /* there is no other room for it */
            socket_close(r, s, 4003, "no longer in this team");
    } else {
        uint32_t before = s->stay;
        s->stay = 0;
        appear(r, s); /* under the new name, or not at all, before the old stay ends: nobody is seen to leave */
        end_stay(r, s, before, 0);
    }
    if (s->state == SOCKET_OPEN)
        socket_rearm(r, s);
    return true;
}

/* false: the socket showed another token while this one was doubted. */
static bool judge(struct reactor *r, const struct desk_check *c, const struct desk_doubt *d)
{
    struct address who = {.user_id = c->user_id, .serial = d->serial};
    struct socket *s = socket_find(r, &who);
    if (s == NULL || s->state != SOCKET_OPEN)
        return true;
    if (strcmp(attachment_jti(s->attachment), d->jti) != 0)
        return false;
    if (c->err != ERR_OK) {
        socket_close(r, s, 1011, "our fault: return");
    } else if (!d->holds) {
        disappear(r, s, 0);
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

void session_checked(struct reactor *r, struct desk_check *c)
{
    r->asked--;
    bool all = true;
    for (size_t i = 0; i < c->count; i++)
        all = judge(r, c, &c->doubts[i]) && all;
    if (!all)
        doubt_member(r, c->user_id);
}

static void authenticate(struct reactor *r, struct socket *s, const struct message *m)
{
    struct address who = address_of(s);
    struct desk_token *t = desk_token_create(r->rt, &who, m->id, m->token);
    if (t != NULL)
        t->doubts = r->doubts;
    enum err err = t == NULL ? ERR_NO_MEMORY : desk_token_take(t);
    if (err != ERR_OK)
        refuse(r, s, m->id, err);
}

void session_token(struct reactor *r, struct desk_token *t)
{
    struct socket *s = socket_find(r, &t->who);
    if (s == NULL || s->state != SOCKET_OPEN)
        return;
    if (t->err != ERR_OK)
        say_failed(r, s, t->id, t->err, problem_detail(&t->problem), 0); /* the old token goes on while it lasts */
    else if (t->member.user_id != s->attachment->user_id)
        say_failed(r, s, t->id, ERR_FORBIDDEN, "This token is another member's. Open a new socket with it.", 0);
    else if (!renew(r, s, &t->member))
        refuse(r, s, t->id, ERR_NO_MEMORY);
    else
        acknowledge(r, s, t->id);
    if (t->err == ERR_OK && t->doubts != r->doubts) /* it may have been read just before what raised them */
        doubt_member(r, t->who.user_id);
}

/* ---- hearing ----------------------------------------------------------------------------------------------------- */

static void pong(struct reactor *r, struct socket *s, const char *id)
{
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    say_pong(&out, r->wall_ms);
    say(r, s, &out, SAID_PONG);
    acknowledge(r, s, id);
}

void session_too_fast(struct reactor *r, struct socket *s, const char *bytes, size_t len, int64_t wait_ms)
{
    struct message m;
    struct problem problem = {0};
    (void)message_parse(bytes, len, r->arena, &m, &problem);
    say_failed(r, s, name_of(&m), ERR_RATE_LIMITED, err_sentence(ERR_RATE_LIMITED), wait_ms);
}

void session_message(struct reactor *r, struct socket *s, const char *bytes, size_t len)
{
    struct message m;
    struct problem problem = {0};
    enum err err = message_parse(bytes, len, r->arena, &m, &problem);
    if (err != ERR_OK) {
        problem.err = err;
        say_failed(r, s, name_of(&m), err, problem_detail(&problem), 0);
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
        send_cheer(r, s, &m);
        break;
    case MESSAGE_POST_LIKE:
    case MESSAGE_POST_UNLIKE:
        set_like(r, s, &m);
        break;
    case MESSAGE_AUTH:
        authenticate(r, s, &m);
        break;
    case MESSAGE_SYNC:
        sync(r, s, &m);
        break;
    default:
        hear_for_kind(r, s, &m, bytes, len);
        break;
    case MESSAGE_TYPES_:
        assert(!"not a type");
    }
}
