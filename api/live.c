/*
 * What goes only to those who are here now: cheers from members whose network blocks sockets, and what a trusted server
 * says to the feed. Nothing of it is stored. The loop's thread.
 */
#include <string.h>

#include "api/render.h"
#include "api/request.h"
#include "api/resources.h"
#include "api/server.h"
#include "api/socket.h"

/* A key in an id's alphabet, or NULL. false: answered. */
static bool read_key(struct request *r, const char **key)
{
    *key = r->head.idempotency_key;
    if (*key == NULL)
        return true;
    size_t len = strlen(*key);
    bool good = len >= 1 && len <= IDEMPOTENCY_KEY_BYTES_MAX;
    for (size_t i = 0; good && i < len; i++)
        good = (*key)[i] > ' ' && (*key)[i] <= '~';
    if (!good)
        request_refuse(r, ERR_INVALID, "An Idempotency-Key has 1 to %d visible ASCII characters.",
                       IDEMPOTENCY_KEY_BYTES_MAX);
    return good;
}

static void answer(struct request *r, enum err err)
{
    if (err == ERR_CONFLICT)
        request_refuse(r, err, "Realtime is off: nobody would see it.");
    else if (err != ERR_OK)
        request_fail(r, err);
    else
        request_reply(r, 204);
}

void live_cheer(struct request *r)
{
    static const struct json_field fields[] = {
        {.name = "icon", .kind = JSON_KIND_LINE, .required = true, .min = 1, .max = CHEER_ICON_CHARS_MAX},
        {.name = "teamId", .kind = JSON_KIND_ID},
    };
    struct json_value values[2];
    const char *key;
    if (!request_json(r, fields, 2, values) || !read_key(r, &key))
        return;
    int64_t team_id = values[1].present ? values[1].number : r->caller.teams_count > 0 ? r->caller.teams[0] : 0;
    if (team_id == 0) {
        request_refuse(r, ERR_NOT_FOUND, "You are in no team yet.");
        return;
    }
    if (!request_may_enter(r, team_id))
        return;
    int64_t until_ms = mutes_known(r->app->mutes, team_id, r->caller.user_id, r->loop->wall_ms);
    if (until_ms != 0) {
        request_fail(r, mutes_refuse(&r->problem, until_ms));
        return;
    }
    const struct realtime_member member = socket_member(&r->caller);
    answer(r, realtime_cheer(r->app->realtime, &member, team_id, values[0].text, key));
}

/* ---- the feed ---------------------------------------------------------------------------------------------------- */

/* The conversation of a socket with this server is nobody else's to say. */
static bool is_reserved(const char *type)
{
    static const char *const reserved[] = {"WELCOME", "RESET", "ACK", "error", "pong"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(reserved[i], type) == 0)
            return true;
    return false;
}

static bool is_type(const char *type)
{
    size_t chars = json_utf8_length(type, strlen(type));
    bool good = chars >= 1 && chars <= FEED_TYPE_CHARS_MAX;
    for (; good && *type != '\0'; type++)
        good = (unsigned char)*type >= 0x20 && *type != 0x7f;
    return good;
}

/* Whether it speaks of the likes of one of our own posts: those come from our own rows alone. ERR_OK: it does not. */
static enum err check_likes(struct request *r, const char *type, const char *post_id)
{
    int64_t id;
    int64_t team_id;
    if (strcmp(type, "LIKE_UPDATE") != 0 || post_id == NULL || !query_id(post_id, &id))
        return ERR_OK;
    enum err err = posts_team_of(r->loop->db, id, &team_id);
    if (err == ERR_OK)
        return problem_set(&r->problem, ERR_CONFLICT, "The counts of this server's own posts come from its own likes.");
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

void live_feed(struct request *r)
{
    struct json_peek peek;
    if (!request_is_json(r))
        return;
    enum err err = json_peek(r->body == NULL ? "" : r->body, r->body_len, "type", "postId", r->arena, &peek,
                             &r->problem);
    if (err == ERR_OK && peek.first == NULL)
        err = problem_set(&r->problem, ERR_INVALID, "The field \"type\" is missing.");
    if (err == ERR_OK && !is_type(peek.first))
        err = problem_set(&r->problem, ERR_INVALID, "The field \"type\" has 1 to %d characters that can be shown.",
                          FEED_TYPE_CHARS_MAX);
    if (err == ERR_OK && is_reserved(peek.first))
        err = problem_set(&r->problem, ERR_INVALID, "The type \"%.40s\" is the server's own.", peek.first);
    if (err == ERR_OK)
        err = check_likes(r, peek.first, peek.second);
    if (err != ERR_OK)
        request_fail(r, err);
    else
        answer(r, realtime_feed(r->app->realtime, r->body, r->body_len));
}
