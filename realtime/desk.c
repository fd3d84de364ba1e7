/*
 * The desk: jobs of the rooms writer that only read. See desk.h. What they find is rendered here, on the writer's
 * thread; the loop only hands it out.
 */
#include "realtime/desk.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "db/events.h"
#include "db/notices.h"
#include "db/posts.h"
#include "db/teams.h"
#include "db/users.h"
#include "realtime/kinds.h"
#include "realtime/note.h"
#include "realtime/packet.h"
#include "realtime/reactor.h"
#include "realtime/say.h"
#include "realtime/socket.h"

#define ANSWER_ARENA_BYTES 4096

/* The note was made with the job and carries it back. */
static void send_back(struct realtime *rt, const struct address *who, struct note *note)
{
    reactor_tell_take(hub_reactor_of(rt, who->user_id), note);
}

static enum err submit(struct realtime *rt, struct job *job)
{
    return rt->options.rooms == NULL ? ERR_CONFLICT : writer_submit(rt->options.rooms, job);
}

/* ---- catching up ------------------------------------------------------------------------------------------------- */

struct desk_catch *desk_catch_create(struct realtime *rt, const struct socket *s)
{
    struct desk_catch *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->rt = rt;
    c->who = (struct address){.user_id = s->attachment->user_id, .serial = s->serial};
    c->team_id = s->room->team_id;
    c->note = note_create(NOTE_CAUGHT, NULL);
    if (c->note == NULL) {
        free(c);
        return NULL;
    }
    c->note->as.caught = c;
    c->room = room_ref(s->room);
    return c;
}

/* The note owns the job while it is under way; without one there is nothing to free twice. */
void desk_catch_free(struct desk_catch *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->packets_count; i++)
        packet_unref(c->packets[i]);
    free(c->packets);
    free(c->id);
    room_unref(c->room);
    free(c);
}

static bool packets_grow(struct desk_catch *c)
{
    if (c->packets_count < c->packets_cap)
        return true;
    size_t cap = c->packets_cap == 0 ? 16 : c->packets_cap * 2;
    struct packet **grown = realloc(c->packets, cap * sizeof(struct packet *));
    if (grown == NULL)
        return false;
    c->packets = grown;
    c->packets_cap = cap;
    return true;
}

bool desk_catch_add(struct desk_catch *c, const struct buf *json, enum packet_class what, int64_t seq)
{
    struct packet *packet = json->failed || !packets_grow(c) ? NULL
                                                             : packet_text(json->data, json->len, what, seq, NULL);
    if (packet != NULL)
        c->packets[c->packets_count++] = packet;
    return packet != NULL;
}

static enum err add_likes(struct desk_catch *c, struct db *db, struct team_head *head, struct buf *out)
{
    struct head_like likes[HEAD_LIKES_MAX];
    size_t count = 0;
    bool known = c->since.boot == c->now.boot && team_head_likes_since(head, c->since.likes, likes, &count);
    if (!known) {
        int64_t posts[CHANGES_LIKES_MAX];
        int64_t counts[CHANGES_LIKES_MAX];
        enum err err = posts_recent_likes(db, c->team_id, posts, counts, CHANGES_LIKES_MAX, &count);
        if (err != ERR_OK)
            return err;
        for (size_t i = 0; i < count; i++)
            likes[i] = (struct head_like){.post_id = posts[i],
                                          .count = likes_count_of(c->rt->options.likes, posts[i], counts[i])};
    }
    for (size_t i = 0; i < count; i++) {
        buf_reset(out);
        say_likes(out, likes[i].post_id, likes[i].count);
        if (!desk_catch_add(c, out, PACKET_STATE, 0))
            return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

static enum err add_event(struct desk_catch *c, struct db *db, struct arena *arena, const struct change *event,
                          struct buf *out)
{
    char cursor[CURSOR_BYTES_MAX];
    hub_cursor(c->rt, event->seq, c->now.likes, cursor);
    buf_reset(out);
    if (event->kind != CHANGE_NOTICE) {
        say_post(out, event, cursor);
        return desk_catch_add(c, out, PACKET_EVENT, event->seq) ? ERR_OK : ERR_NO_MEMORY;
    }
    if (c->team_id == 0 && event->team_id != 0)
        return ERR_OK; /* the feed has no words of a team */
    struct notice notice;
    enum err err = notices_by_id(db, arena, event->subject_id, &notice);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    struct say_notice n = {.id = notice.id,
                           .kind = notice_kind_name(notice.kind),
                           .title = notice.title,
                           .body = notice.body,
                           .link = notice.link};
    say_notice(out, &n, cursor);
    return desk_catch_add(c, out, PACKET_EVENT, event->seq) ? ERR_OK : ERR_NO_MEMORY;
}

static enum err add_events(struct desk_catch *c, struct db *db, struct arena *arena, struct buf *out)
{
    size_t count = 0;
    struct change *events = arena_alloc(arena, CHANGES_EVENTS_MAX * sizeof *events);
    if (events == NULL)
        return ERR_NO_MEMORY;
    enum err err = c->team_id != 0 ? events_since(db, c->team_id, c->since.seq, events, CHANGES_EVENTS_MAX, &count)
                                   : events_since_all(db, c->since.seq, events, CHANGES_EVENTS_MAX, &count);
    c->more = count == CHANGES_EVENTS_MAX;
    /* What is committed but not yet published is told by the room in a moment: its cursor would be one no head knows.
     */
    for (; count > 0 && events[count - 1].seq > c->now.seq; count--)
        c->more = false;
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        err = add_event(c, db, arena, &events[i], out);
    if (c->more)
        c->now.seq = events[count - 1].seq;
    return err;
}

static enum err find_now(struct desk_catch *c, struct db *db, struct arena *arena, struct team_head **head)
{
    struct heads *heads = c->rt->options.heads;
    struct team team;
    *head = NULL;
    c->now.boot = heads_boot(heads);
    memcpy(c->now.epoch, heads_epoch(heads), sizeof c->now.epoch);
    if (c->team_id == 0) {
        c->now.seq = heads_newest(heads);
        return ERR_OK;
    }
    enum err err = c->check_team ? teams_by_id(db, arena, c->team_id, &team) : ERR_OK;
    if (err == ERR_OK)
        err = heads_team(heads, db, c->team_id, head);
    if (err != ERR_OK)
        return err;
    struct head_view view;
    team_head_read(*head, &view);
    c->now.seq = view.seq;
    c->now.likes = view.likes;
    return ERR_OK;
}

static bool reaches(const struct desk_catch *c, struct team_head *head)
{
    if (strcmp(c->since.epoch, c->now.epoch) != 0)
        return false;
    return head != NULL ? team_head_reaches(head, c->since.seq) : heads_reach(c->rt->options.heads, c->since.seq);
}

static enum err collect(struct desk_catch *c, struct arena *arena)
{
    struct db *db = c->rt->options.read;
    struct team_head *head;
    enum err err = find_now(c, db, arena, &head);
    if (err == ERR_OK && c->has_since && !reaches(c, head))
        c->reset = true;
    if (err == ERR_OK && c->room->kind->missed != NULL)
        return c->room->kind->missed(c, db, arena); /* which knows what a reset means to it */
    if (err != ERR_OK || !c->has_since || c->reset)
        return err;
    struct buf out;
    buf_init(&out, SAY_BYTES_MAX);
    if (head != NULL)
        err = add_likes(c, db, head, &out);
    /* Before the events: whoever has heard an event has heard where things stood until then. */
    for (const struct room_kind *const *kind = kinds_rooms; err == ERR_OK && head != NULL && *kind != NULL; kind++)
        if ((*kind)->heads != NULL)
            err = (*kind)->heads(c, db, arena);
    if (err == ERR_OK)
        err = add_events(c, db, arena, &out);
    buf_clear(&out);
    return err;
}

/* A failed read is the socket's news, not the batch's: nothing of it was written. */
static enum err run_catch(struct job *job, struct tx *tx)
{
    struct desk_catch *c = (struct desk_catch *)job;
    c->err = collect(c, tx->arena);
    return ERR_OK;
}

static void catch_done(struct job *job, enum err err, const struct problem *problem)
{
    struct desk_catch *c = (struct desk_catch *)job;
    (void)problem;
    if (err != ERR_OK)
        c->err = err;
    send_back(c->rt, &c->who, c->note);
}

enum err desk_catch_take(struct desk_catch *c)
{
    c->job = (struct job){.checks_first = true, .run = run_catch, .done = catch_done};
    enum err err = submit(c->rt, &c->job);
    if (err != ERR_OK)
        note_free(c->note);
    return err;
}

/* ---- doubts ------------------------------------------------------------------------------------------------------ */

struct desk_check *desk_check_create(struct realtime *rt, int64_t user_id, size_t count)
{
    struct desk_check *c = calloc(1, sizeof *c + count * sizeof *c->doubts);
    if (c == NULL)
        return NULL;
    c->rt = rt;
    c->user_id = user_id;
    c->count = count;
    c->arena = arena_create(ANSWER_ARENA_BYTES, REQUEST_ARENA_BYTES_MAX);
    c->note = note_create(NOTE_CHECKED, NULL);
    if (c->arena == NULL || c->note == NULL) {
        arena_free(c->arena);
        free(c->note);
        free(c);
        return NULL;
    }
    c->note->as.checked = c;
    return c;
}

void desk_check_free(struct desk_check *c)
{
    if (c == NULL)
        return;
    arena_free(c->arena);
    free(c);
}

static enum err run_check(struct job *job, struct tx *tx)
{
    struct desk_check *c = (struct desk_check *)job;
    const struct realtime_gate *gate = &c->rt->options.gate;
    (void)tx;
    for (size_t i = 0; c->err == ERR_OK && i < c->count; i++) {
        struct desk_doubt *d = &c->doubts[i];
        struct realtime_member member;
        enum err err = gate->check_again(gate->arg, c->rt->options.read, c->arena, c->user_id, d->jti, d->issued_ms,
                                         &member);
        d->holds = err == ERR_OK;
        if (err == ERR_OK)
            c->member = member;
        else if (err != ERR_UNAUTHENTICATED)
            c->err = err;
    }
    return ERR_OK;
}

static void check_done(struct job *job, enum err err, const struct problem *problem)
{
    struct desk_check *c = (struct desk_check *)job;
    (void)problem;
    if (err != ERR_OK)
        c->err = err;
    struct address who = {.user_id = c->user_id};
    send_back(c->rt, &who, c->note);
}

enum err desk_check_take(struct desk_check *c)
{
    c->job = (struct job){.checks_first = true, .run = run_check, .done = check_done};
    enum err err = submit(c->rt, &c->job);
    if (err != ERR_OK)
        note_free(c->note);
    return err;
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

struct desk_token *desk_token_create(struct realtime *rt, const struct address *who, const char *id, const char *token)
{
    size_t len = strlen(token) + 1;
    struct desk_token *t = calloc(1, sizeof *t + len);
    if (t == NULL)
        return NULL;
    t->rt = rt;
    t->who = *who;
    memcpy(t->token, token, len);
    t->id = id == NULL ? NULL : strdup(id);
    t->arena = arena_create(ANSWER_ARENA_BYTES, REQUEST_ARENA_BYTES_MAX);
    t->note = note_create(NOTE_TOKEN, NULL);
    if (t->arena == NULL || t->note == NULL || (id != NULL && t->id == NULL)) {
        free(t->note);
        t->note = NULL;
        desk_token_free(t);
        return NULL;
    }
    t->note->as.token = t;
    return t;
}

void desk_token_free(struct desk_token *t)
{
    if (t == NULL)
        return;
    explicit_bzero(t->token, strlen(t->token));
    arena_free(t->arena);
    free(t->id);
    free(t);
}

static enum err run_token(struct job *job, struct tx *tx)
{
    struct desk_token *t = (struct desk_token *)job;
    const struct realtime_gate *gate = &t->rt->options.gate;
    (void)tx;
    t->err = gate->check_token(gate->arg, t->rt->options.read, t->arena, t->token, &t->member, &t->problem);
    return ERR_OK;
}

static void token_done(struct job *job, enum err err, const struct problem *problem)
{
    struct desk_token *t = (struct desk_token *)job;
    if (err != ERR_OK) {
        t->err = err;
        t->problem = *problem;
    }
    send_back(t->rt, &t->who, t->note);
}

enum err desk_token_take(struct desk_token *t)
{
    t->job = (struct job){.checks_first = true, .run = run_token, .done = token_done};
    enum err err = submit(t->rt, &t->job);
    if (err != ERR_OK)
        note_free(t->note);
    return err;
}

/* ---- messages that write ----------------------------------------------------------------------------------------- */

/* The same words in another room are another message, as they are at another address. */
static void make_fingerprint(struct desk_write *w, const char *room, const char *bytes, size_t len)
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof w->fingerprint);
    (void)crypto_generichash_update(&state, (const unsigned char *)room, strlen(room) + 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)bytes, len);
    (void)crypto_generichash_final(&state, w->fingerprint, sizeof w->fingerprint);
}

struct desk_write *desk_write_create(struct realtime *rt, const struct socket *s, const char *bytes, size_t len)
{
    const struct attachment *a = s->attachment;
    struct desk_write *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->rt = rt;
    w->who = (struct address){.user_id = a->user_id, .serial = s->serial};
    w->role = (enum role)a->role;
    w->leads = a->role == ROLE_ADMIN || a->user_id == s->room->owner_id;
    w->room = room_ref(s->room);
    buf_init(&w->answer, SAY_BYTES_MAX);
    w->arena = arena_create(ANSWER_ARENA_BYTES, REQUEST_ARENA_BYTES_MAX);
    w->name = w->arena == NULL ? NULL : arena_text(w->arena, attachment_name(a));
    w->note = note_create(NOTE_WRITTEN, NULL);
    if (w->name == NULL || w->note == NULL || message_parse(bytes, len, w->arena, &w->message, &w->problem) != ERR_OK) {
        free(w->note);
        desk_write_free(w);
        return NULL;
    }
    make_fingerprint(w, s->room->name, bytes, len);
    w->note->as.write = w;
    return w;
}

void desk_write_free(struct desk_write *w)
{
    if (w == NULL)
        return;
    buf_clear(&w->answer);
    room_unref(w->room);
    arena_free(w->arena);
    free(w);
}

/* The answer that an earlier sending of this message got; `key` is kept apart from those of HTTP by its blank. */
static enum err find_answer(struct desk_write *w, struct tx *tx, const char *key, bool *found)
{
    struct replay replay;
    enum err err = access_replay_find(tx->db, tx->arena, w->who.user_id, key, &replay);
    *found = err == ERR_OK && replay.found;
    if (!*found)
        return err;
    if (memcmp(replay.fingerprint, w->fingerprint, FINGERPRINT_BYTES) != 0)
        return problem_set(&tx->problem, ERR_KEY_REUSED, "%s", err_sentence(ERR_KEY_REUSED));
    buf_append(&w->answer, replay.body, replay.body_len);
    return ERR_OK;
}

static enum err run_write(struct job *job, struct tx *tx)
{
    struct desk_write *w = (struct desk_write *)job;
    const char *key = w->message.id == NULL ? NULL : arena_printf(tx->arena, " %s", w->message.id);
    bool found = false;
    if (w->message.id != NULL && key == NULL)
        return ERR_NO_MEMORY;
    enum err err = users_is_here(tx->db, w->who.user_id); /* they may have left for good since the message came */
    if (err == ERR_OK && key != NULL)
        err = find_answer(w, tx, key, &found);
    if (err != ERR_OK || found)
        return err;
    err = w->run(w, tx);
    if (err == ERR_OK && w->answer.failed)
        err = ERR_NO_MEMORY;
    if (err != ERR_OK || key == NULL)
        return err;
    return access_replay_store(tx, w->who.user_id, key, w->fingerprint, 200, w->answer.len == 0 ? "" : w->answer.data,
                               w->answer.len);
}

static void write_done(struct job *job, enum err err, const struct problem *problem)
{
    struct desk_write *w = (struct desk_write *)job;
    w->err = err;
    if (err != ERR_OK)
        w->problem = *problem;
    send_back(w->rt, &w->who, w->note);
}

enum err desk_write_take(struct desk_write *w)
{
    w->job = (struct job){.run = run_write, .done = write_done};
    enum err err = w->rt->options.main == NULL ? ERR_CONFLICT : writer_submit(w->rt->options.main, &w->job);
    if (err != ERR_OK)
        note_free(w->note);
    return err;
}
