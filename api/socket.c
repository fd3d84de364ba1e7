/*
 * The opening of a socket, as far as it is HTTP: handshake, credentials, admission; then the descriptor is handed over.
 *
 *   426/400 not a WebSocket handshake   401 no credentials           403 a foreign origin, a service
 *   400 a cursor that is none           409 no realtime              429 too many of one's own
 *   503 full or stopping, Retry-After   101 it is the module's
 *
 * Credentials are a bearer token, the session cookie with an Origin that is ours, or a one-use ticket in the query. An
 * Origin that is sent has to be ours (or allowed), whatever the credentials. The loop's thread.
 */
#include "api/socket.h"

#include <string.h>

#include "api/request.h"
#include "api/resources.h"
#include "api/routes.h"
#include "api/server.h"
#include "db/channels.h"
#include "db/counters.h"
#include "db/cursor.h"
#include "realtime/handshake.h"
#include "realtime/realtime.h"

struct opening {
    struct realtime_knock knock;
    struct handshake handshake;
    bool admitted;       /* a place is taken and not yet used */
    uint64_t generation; /* of what was known of the member when they were let in */
};

static enum err check_handshake(struct request *r, struct opening *o)
{
    const struct handshake_fields fields = {
        .method_version = r->version,
        .connection = r->head.connection,
        .upgrade = r->method == METHOD_GET ? r->head.upgrade : NULL, /* RFC 6455, section 4.1: HEAD opens none */
        .version = r->head.socket_version,
        .key = r->head.socket_key,
        .extensions = r->head.socket_extensions,
    };
    enum err err = handshake_check(&fields, &o->handshake, &r->problem);
    if (err == ERR_UPGRADE_REQUIRED) {
        request_header(r, "Connection", "Upgrade"); /* RFC 9110, section 7.8 */
        request_header(r, "Upgrade", "websocket");
        request_header(r, "Sec-WebSocket-Version", "13");
    }
    return err;
}

static struct auth_check check_of(struct request *r)
{
    return (struct auth_check){.app = r->app,
                               .db = r->loop->db,
                               .arena = r->arena,
                               .wall_ms = r->loop->wall_ms,
                               .id = request_id(r),
                               .problem = &r->problem};
}

static enum err take_ticket(struct request *r, const struct query_param *ticket)
{
    const struct auth_check check = check_of(r);
    struct ticket_token token;
    enum err err = ticket_take(r->app->tickets, ticket->value, ticket->value_len, r->loop->now_ms, r->arena, &token);
    if (err == ERR_UNAUTHENTICATED)
        return problem_set(&r->problem, err, "The ticket was used or has expired. Please ask for a new one.");
    if (err != ERR_OK)
        return err;
    const struct caller before = {.kind = CALLER_MEMBER,
                                  .user_id = token.user_id,
                                  .jti = token.jti,
                                  .issued_ms = token.issued_ms,
                                  .token_expires_ms = token.expires_ms};
    return auth_check_again(&check, &before, &r->caller);
}

static enum err check_caller(struct request *r)
{
    const struct query_param *ticket = query_find(&r->query, "ticket");
    if (r->head.origin != NULL && !auth_origin_is_ours(r) && !auth_origin_is_allowed(r))
        return problem_set(&r->problem, ERR_FORBIDDEN, "This page may not open a socket here.");
    if (ticket != NULL)
        return take_ticket(r, ticket);
    enum err err = auth_request(r);
    if (err != ERR_OK)
        return err;
    if (r->caller.kind != CALLER_MEMBER)
        return problem_set(&r->problem, ERR_FORBIDDEN, "A service's token cannot be used here.");
    /* A browser sends the cookie whoever opens the socket; who sends no Origin is no browser and has a token. */
    if (r->head.authorization == NULL && r->head.origin == NULL)
        return problem_set(&r->problem, ERR_FORBIDDEN, "A cookie opens a socket only from this site's own pages.");
    return ERR_OK;
}

/* Before the 101: afterwards there is no status to say it with. */
static enum err read_since(struct request *r, struct realtime_knock *knock)
{
    const struct query_param *since = query_find(&r->query, "since");
    knock->resumes = since != NULL;
    if (since == NULL || cursor_parse(since->value, since->value_len, &knock->since) == ERR_OK)
        return ERR_OK;
    return problem_set(&r->problem, ERR_MALFORMED,
                       "The parameter \"since\" has to be a cursor from an earlier answer.");
}

/* ?filters=increment,reset as topics: a bit for each kind of change (realtime/rooms/counter.c). */
static enum err read_filters(struct request *r, uint8_t *topics)
{
    const struct query_param *filters = query_find(&r->query, "filters");
    if (filters == NULL)
        return ERR_OK;
    *topics = 0;
    for (const char *at = filters->value;; at++) {
        size_t len = strcspn(at, ",");
        const char *word = arena_copy(r->arena, at, len);
        enum counter_kind kind;
        if (word == NULL)
            return ERR_NO_MEMORY;
        if (!counters_kind_parse(word, &kind))
            return problem_set(&r->problem, ERR_INVALID,
                               "The parameter \"filters\" has some of increment, decrement, setValue and reset, with "
                               "commas between.");
        *topics = (uint8_t)(*topics | 1U << kind);
        at += len;
        if (*at == '\0')
            return ERR_OK;
    }
}

/* /ws/counter/{name}?team=&filters= */
static enum err find_counter(struct request *r, struct realtime_knock *knock)
{
    const char *name = r->query.segments[r->query.segments_count - 1];
    int64_t team_id;
    if (!counters_name_is_good(name))
        return problem_set(&r->problem, ERR_INVALID, COUNTERS_NAME_RULE);
    enum err err = request_find_team(r, &team_id);
    if (err == ERR_OK)
        err = read_filters(r, &knock->topics);
    if (err != ERR_OK)
        return err;
    knock->room = arena_printf(r->arena, "counter/%lld/%s", (long long)team_id, name);
    return knock->room == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* /channel/{id}/websocket */
static enum err find_channel(struct request *r, struct realtime_knock *knock)
{
    struct channel channel;
    int64_t id;
    enum err err = query_id(r->query.segments[1], &id) ? channels_brief(r->loop->db, id, &channel) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        return problem_set(&r->problem, err, "There is no such channel.");
    if (err == ERR_OK && !caller_in_team(&r->caller, channel.team_id))
        return problem_set(&r->problem, ERR_FORBIDDEN, "You are not in this team.");
    if (err != ERR_OK)
        return err;
    knock->reads_only = !channels_may_post(&channel, r->caller.user_id, r->caller.role);
    knock->room = arena_printf(r->arena, "channel/%lld/%lld", (long long)channel.team_id, (long long)id);
    return knock->room == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* Paths whose address names the room. What an entry finds lies in the request's arena: knock->room, and topics when the
   client wants to hear of some only. ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_INVALID with a sentence. */
static const struct {
    const char *first;  /* segment of the path */
    const char *params; /* what it knows of those that the route lets through */
    enum err (*find)(struct request *r, struct realtime_knock *knock);
} named_rooms[] = {
    {"ws", "ticket since team filters", find_counter},
    {"channel", "ticket since", find_channel},
    {NULL, NULL, NULL},
};

static enum err find_room(struct request *r, const struct socket_path *path, struct realtime_knock *knock)
{
    knock->room = realtime_path_room(path);
    knock->topics = UINT8_MAX;
    if (!realtime_path_names(path))
        return ERR_OK;
    size_t room = 0;
    while (named_rooms[room].find != NULL && strcmp(named_rooms[room].first, r->query.segments[0]) != 0)
        room++;
    if (named_rooms[room].find == NULL)
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < r->query.params_count; i++)
        if (!routes_list_has(named_rooms[room].params, r->query.params[i].name))
            return problem_set(&r->problem, ERR_INVALID, "The parameter \"%.40s\" is not known here.",
                               r->query.params[i].name);
    return named_rooms[room].find(r, knock);
}

static void hand_over(struct request *r, int fd, const void *early, size_t early_len)
{
    struct opening *o = r->state;
    o->admitted = false;
    realtime_adopt_take(r->app->realtime, &o->knock, fd, o->handshake.deflate, early, early_len);
    if (o->generation != atomic_load(&r->app->auth_generation)) /* shut out while the socket was on its way, perhaps */
        realtime_doubt(r->app->realtime, o->knock.member.user_id);
}

/* The client went before the handshake was answered: its place is free again. */
static void give_up(struct request *r)
{
    struct opening *o = r->state;
    if (o->admitted)
        realtime_give_up(r->app->realtime, &o->knock);
    o->admitted = false;
}

static void fill_knock(struct request *r, struct opening *o, const struct socket_path *path)
{
    o->knock.path = path;
    o->knock.member = socket_member(&r->caller);
    o->knock.address_key = r->address_key;
}

struct realtime_member socket_member(const struct caller *c)
{
    return (struct realtime_member){
        .user_id = c->user_id,
        .role = c->role,
        .appears_offline = c->appears_offline,
        .name = c->name,
        .jti = c->jti,
        .issued_ms = c->issued_ms,
        .expires_ms = c->token_expires_ms,
        .teams = c->teams,
        .teams_count = c->teams_count,
    };
}

void socket_open(struct request *r)
{
    struct opening *o = arena_zalloc(r->arena, sizeof *o);
    const struct socket_path *path = routes_socket_path(r);
    if (o == NULL || path == NULL) {
        request_fail(r, o == NULL ? ERR_NO_MEMORY : ERR_NOT_FOUND);
        return;
    }
    o->generation = atomic_load(&r->app->auth_generation);
    enum err err = check_handshake(r, o);
    if (err == ERR_OK)
        err = check_caller(r);
    if (err == ERR_OK)
        err = read_since(r, &o->knock);
    if (err == ERR_OK)
        err = find_room(r, path, &o->knock);
    if (err == ERR_OK) {
        fill_knock(r, o, path);
        err = realtime_admit(r->app->realtime, &o->knock, &r->problem);
    }
    if (err != ERR_OK) {
        request_fail(r, err);
        return;
    }
    o->admitted = true;
    r->state = o;
    r->ended = give_up;
    request_reply_upgrade(r, o->handshake.accept, o->handshake.extensions, hand_over);
}

/* ---- what the module asks of us ---------------------------------------------------------------------------------- */

/* The rooms writer's thread. */
static enum err gate_token(void *arg, struct db *read, struct arena *arena, const char *token,
                           struct realtime_member *out, struct problem *problem)
{
    struct app *app = arg;
    struct caller caller;
    const struct auth_check check = {
        .app = app, .db = read, .arena = arena, .wall_ms = clock_wall_ms(app->clock), .id = "", .problem = problem};
    enum err err = auth_check_token(&check, token, strlen(token), &caller);
    if (err == ERR_OK && caller.kind != CALLER_MEMBER)
        err = problem_set(problem, ERR_FORBIDDEN, "A service's token cannot be used here.");
    if (err == ERR_OK)
        *out = socket_member(&caller);
    return err;
}

static enum err gate_again(void *arg, struct db *read, struct arena *arena, int64_t user_id, const char *jti,
                           int64_t issued_ms, struct realtime_member *out)
{
    struct app *app = arg;
    struct problem problem = {0};
    struct caller caller;
    const struct caller before = {.kind = CALLER_MEMBER, .user_id = user_id, .jti = jti, .issued_ms = issued_ms};
    const struct auth_check check = {
        .app = app, .db = read, .arena = arena, .wall_ms = clock_wall_ms(app->clock), .id = "", .problem = &problem};
    enum err err = auth_check_again(&check, &before, &caller);
    if (err == ERR_OK)
        *out = socket_member(&caller);
    return err;
}

struct realtime_gate socket_gate(struct app *app)
{
    return (struct realtime_gate){.arg = app, .check_token = gate_token, .check_again = gate_again};
}
