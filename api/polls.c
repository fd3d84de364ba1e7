/*
 * Presence, new posts and changes. See polls.h.
 *
 *   place: team -> head, presence set, and for each kind of answer the state it was rendered from
 *          presence   <- presence version
 *          new-count  <- head version           (for those who have seen everything)
 *          changes    <- both                   (likewise)
 *
 * Places are direct-mapped by team id: a team that shares one only renders again.
 */
#include "api/polls.h"

#include <stdlib.h>
#include <string.h>

#include "api/advice.h"
#include "api/changes.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "base/hash.h"

#define PLACES 256

enum poll_kind { POLL_PRESENCE, POLL_NEW_COUNT, POLL_CHANGES, POLL_KINDS };

struct rendered {
    struct shared_reply *reply;
    uint64_t head_version;
    uint64_t presence_version;
};

struct place {
    int64_t team_id; /* 0: free */
    struct team_head *head;
    struct presence_team *presence;
    struct rendered kinds[POLL_KINDS];
};

struct polls {
    struct place places[PLACES];
};

struct polls *polls_create(void)
{
    return calloc(1, sizeof(struct polls));
}

static void clear_place(struct place *p)
{
    for (size_t i = 0; i < POLL_KINDS; i++)
        shared_reply_free(p->kinds[i].reply);
    *p = (struct place){0};
}

void polls_free(struct polls *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < PLACES; i++)
        clear_place(&p->places[i]);
    free(p);
}

bool polls_know(const struct polls *p, int64_t team_id)
{
    return p->places[(uint64_t)team_id % PLACES].team_id == team_id;
}

/* The team's place with its head loaded. NULL: answered. */
static struct place *find_place(struct request *r, int64_t team_id)
{
    struct place *p = &r->loop->polls->places[(uint64_t)team_id % PLACES];
    if (p->team_id == team_id && team_head_version(p->head) != 0)
        return p;
    clear_place(p);
    enum err err = heads_team(r->app->heads, r->loop->db, team_id, &p->head);
    if (err == ERR_OK && (p->presence = presence_team(r->app->presence, team_id)) == NULL)
        err = ERR_NO_MEMORY;
    if (err != ERR_OK) {
        request_fail(r, err);
        return NULL;
    }
    p->team_id = team_id;
    return p;
}

static unsigned presence_base_s(const struct request *r)
{
    return (unsigned)r->app->options->poll_interval_s;
}

/* Changes and new posts are asked for twice as often as presence: 30 s to 60 s (DESIGN section 5). */
static unsigned posts_base_s(const struct request *r)
{
    return (presence_base_s(r) + 1) / 2;
}

/* What polls is told apart by its token, also by the image of the program that comes after this one. */
static uint64_t device_of(const struct caller *c)
{
    uint64_t hash = hash_text(c->jti, 0);
    return hash != 0 ? hash : 1;
}

/* The caller is here, and stays so for one and a half of the longest interval they may be told. */
static bool heartbeat(struct request *r, struct place *p, unsigned base_s)
{
    unsigned load = server_load(r->loop);
    unsigned told_s = advice_interval_s(base_s, load, (unsigned)(r->loop->turns % ADVICE_VARIANTS));
    int64_t now_ms = r->loop->now_ms;
    struct presence_person person = {
        .user_id = r->caller.user_id,
        .coach_name = r->caller.role == ROLE_COACH ? r->caller.name : NULL,
        .appears_offline = r->caller.appears_offline,
    };
    enum err err = presence_heartbeat(p->presence, &person, device_of(&r->caller), now_ms,
                                      now_ms + advice_expiry_ms(told_s));
    if (err != ERR_OK) {
        request_fail(r, err);
        return false;
    }
    activity_note_daily(&r->app->activity, &r->loop->seen, r->caller.user_id, r->loop->wall_ms);
    return true;
}

/* Renders r->out as a shared answer of `kind` and forgets the one before. */
static bool keep(struct request *r, struct rendered *kept, uint64_t head_version, uint64_t presence_version)
{
    struct shared_reply *fresh = r->out.failed ? NULL : shared_reply_create(r->out.data, r->out.len);
    buf_reset(&r->out);
    if (fresh == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return false;
    }
    shared_reply_free(kept->reply);
    *kept = (struct rendered){.reply = fresh, .head_version = head_version, .presence_version = presence_version};
    return true;
}

/* ---- presence ---------------------------------------------------------------------------------------------------- */

static bool write_presence(struct request *r, struct json_writer *w, struct place *p, uint64_t *version)
{
    struct presence_view view;
    enum err err = presence_read(p->presence, r->loop->now_ms, r->arena, &view);
    if (err != ERR_OK) {
        request_fail(r, err);
        return false;
    }
    json_object_begin(w);
    json_key(w, "team");
    json_put_id(w, p->team_id);
    json_key(w, "count");
    json_put_int(w, (int64_t)view.count);
    json_key(w, "activeCoaches");
    json_array_begin(w);
    for (size_t i = 0; i < view.coaches_count; i++)
        json_put_string(w, view.coaches[i]);
    json_array_end(w);
    json_object_end(w);
    *version = view.version;
    return true;
}

void polls_presence(struct request *r)
{
    int64_t team_id;
    struct place *p;
    if (!request_team(r, &team_id) || (p = find_place(r, team_id)) == NULL || !heartbeat(r, p, presence_base_s(r)))
        return;
    struct rendered *kept = &p->kinds[POLL_PRESENCE];
    uint64_t version = presence_version(p->presence, r->loop->now_ms);
    if (kept->reply == NULL || kept->presence_version != version) {
        struct json_writer w = {.out = &r->out};
        if (!write_presence(r, &w, p, &version) || !keep(r, kept, 0, version))
            return;
    }
    (void)request_reply_shared(r, kept->reply, presence_base_s(r));
}

void polls_leave(struct request *r)
{
    int64_t team_id;
    if (!request_team(r, &team_id))
        return;
    struct presence_team *team = presence_team(r->app->presence, team_id);
    if (team != NULL)
        presence_leave(team, r->caller.user_id, device_of(&r->caller),
                       r->loop->now_ms + r->app->options->grace_ms);
    reach_left(r->app->reach, r->caller.user_id);
    request_reply(r, 204);
}

/* ---- cursors ----------------------------------------------------------------------------------------------------- */

static void format_cursor(const struct request *r, int64_t seq, uint64_t likes, char text[static CURSOR_BYTES_MAX])
{
    struct cursor c = {.seq = seq, .boot = heads_boot(r->app->heads), .likes = likes};
    memcpy(c.epoch, heads_epoch(r->app->heads), sizeof c.epoch);
    (void)cursor_format(&c, text);
}

enum err polls_cursor_now(struct request *r, int64_t team_id, char text[static CURSOR_BYTES_MAX])
{
    struct team_head *head;
    struct head_view view;
    enum err err = heads_team(r->app->heads, r->loop->db, team_id, &head);
    if (err != ERR_OK)
        return err;
    team_head_read(head, &view);
    format_cursor(r, view.seq, view.likes, text);
    return ERR_OK;
}

enum polls_since polls_since(struct request *r, struct team_head *head, struct cursor *out)
{
    const struct query_param *since = query_find(&r->query, "since");
    if (since == NULL)
        return POLLS_SINCE_NONE;
    if (cursor_parse(since->value, since->value_len, out) != ERR_OK) {
        request_refuse(r, ERR_MALFORMED, "The parameter \"since\" has to be a cursor from an earlier answer.");
        return POLLS_SINCE_BAD;
    }
    bool ours = strcmp(out->epoch, heads_epoch(r->app->heads)) == 0;
    return ours && team_head_reaches(head, out->seq) ? POLLS_SINCE_OK : POLLS_SINCE_RESET;
}

/* ---- new posts --------------------------------------------------------------------------------------------------- */

static void write_new_count(struct request *r, size_t count, const char *cursor, bool reset)
{
    struct json_writer w = {.out = &r->out};
    json_object_begin(&w);
    json_key(&w, "count");
    json_put_int(&w, (int64_t)count);
    json_key(&w, "cursor");
    json_put_string(&w, cursor);
    json_key(&w, "reset");
    json_put_bool(&w, reset);
    json_object_end(&w);
}

void polls_new_count(struct request *r)
{
    int64_t team_id;
    struct place *p;
    struct cursor since;
    struct head_view view;
    char cursor[CURSOR_BYTES_MAX];
    if (!request_team(r, &team_id) || (p = find_place(r, team_id)) == NULL)
        return;
    enum polls_since asked = polls_since(r, p->head, &since);
    if (asked == POLLS_SINCE_BAD)
        return;
    if (asked == POLLS_SINCE_NONE) {
        request_refuse(r, ERR_INVALID, "The parameter \"since\" is missing.");
        return;
    }
    team_head_read(p->head, &view);
    format_cursor(r, view.seq, view.likes, cursor);
    size_t count = asked == POLLS_SINCE_RESET ? 0 : team_head_new_posts(p->head, since.seq);
    if (count > 0 || asked == POLLS_SINCE_RESET) {
        write_new_count(r, count, cursor, asked == POLLS_SINCE_RESET);
        (void)request_poll_interval(r, posts_base_s(r));
        request_reply(r, 200);
        return;
    }
    struct rendered *kept = &p->kinds[POLL_NEW_COUNT];
    if (kept->reply == NULL || kept->head_version != view.version) {
        write_new_count(r, 0, cursor, false);
        if (!keep(r, kept, view.version, 0))
            return;
    }
    (void)request_reply_shared(r, kept->reply, posts_base_s(r));
}

/* What happened up to `seq` they have from here on, and need no push for it (db/reach.h). */
static void note_reached(struct request *r, int64_t team_id, int64_t seq)
{
    unsigned load = server_load(r->loop);
    unsigned told_s = advice_interval_s(posts_base_s(r), load, (unsigned)(r->loop->turns % ADVICE_VARIANTS));
    reach_polled(r->app->reach, r->caller.user_id, team_id, seq, r->loop->now_ms + advice_expiry_ms(told_s));
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

/* The frame around what changed; `body` NULL: nothing did. */
static bool write_changes(struct request *r, struct place *p, const struct changes *found, bool reset,
                          uint64_t *version)
{
    struct json_writer w = {.out = &r->out};
    char cursor[CURSOR_BYTES_MAX];
    format_cursor(r, found->seq, found->likes_version, cursor);
    json_object_begin(&w);
    json_key(&w, "cursor");
    json_put_string(&w, cursor);
    json_key(&w, "reset");
    json_put_bool(&w, reset);
    json_key(&w, "more");
    json_put_bool(&w, found->more);
    json_key(&w, "presence");
    if (!write_presence(r, &w, p, version))
        return false;
    changes_write(&w, r, found);
    json_object_end(&w);
    return true;
}

static void answer_changes(struct request *r, struct place *p, const struct changes *found, bool reset)
{
    uint64_t version;
    if (!write_changes(r, p, found, reset, &version))
        return;
    (void)request_poll_interval(r, posts_base_s(r));
    request_reply(r, 200);
}

void polls_changes(struct request *r)
{
    int64_t team_id;
    struct place *p;
    struct cursor since = {0};
    struct head_view view;
    if (!request_team(r, &team_id) || (p = find_place(r, team_id)) == NULL || !heartbeat(r, p, posts_base_s(r)))
        return;
    enum polls_since asked = polls_since(r, p->head, &since);
    if (asked == POLLS_SINCE_BAD)
        return;
    team_head_read(p->head, &view);
    struct changes found = {.seq = view.seq, .likes_version = view.likes};
    if (asked != POLLS_SINCE_OK) {
        answer_changes(r, p, &found, true);
        return;
    }
    bool same_boot = since.boot == heads_boot(r->app->heads);
    if (since.seq != view.seq || !same_boot || since.likes != view.likes) {
        struct changes_query query = {.team_id = team_id,
                                      .head = p->head,
                                      .since = since.seq,
                                      .likes_since = same_boot ? since.likes : UINT64_MAX};
        enum err err = changes_collect(r, &query, &found);
        if (err != ERR_OK) {
            request_fail(r, err);
        } else {
            note_reached(r, team_id, found.seq);
            answer_changes(r, p, &found, false);
        }
        return;
    }
    note_reached(r, team_id, view.seq);
    struct rendered *kept = &p->kinds[POLL_CHANGES];
    uint64_t version = presence_version(p->presence, r->loop->now_ms);
    if (kept->reply == NULL || kept->head_version != view.version || kept->presence_version != version)
        if (!write_changes(r, p, &found, false, &version) || !keep(r, kept, view.version, version))
            return;
    (void)request_reply_shared(r, kept->reply, posts_base_s(r));
}
