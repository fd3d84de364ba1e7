/*
 * The table of routes and what is common to all of them. See routes.h.
 */
#include "api/routes.h"

#include <assert.h>
#include <string.h>

#include "api/assets.h"
#include "api/metrics.h"
#include "api/resources.h"
#include "api/server.h"

const struct route routes[] = {
    {METHOD_GET, "presence", ACCESS_MEMBER, polls_presence, "team"},
    {METHOD_GET, "changes", ACCESS_MEMBER, polls_changes, "since team"},
    {METHOD_GET, "posts/new-count", ACCESS_MEMBER, polls_new_count, "since team"},
    {METHOD_DELETE, "presence", ACCESS_MEMBER, polls_leave, "team"},

    {METHOD_GET, "capabilities", ACCESS_OPEN, health_capabilities, NULL},
    {METHOD_POST, "auth/login", ACCESS_SIGN_IN, session_login, NULL},
    {METHOD_POST, "auth/join", ACCESS_SIGN_IN, session_join, NULL},
    {METHOD_POST, "auth/refresh", ACCESS_MEMBER, session_refresh, NULL},
    {METHOD_POST, "auth/logout", ACCESS_MEMBER, session_logout, NULL},
    {METHOD_POST, "auth/ticket", ACCESS_MEMBER, session_ticket, NULL},

    {METHOD_GET, "me", ACCESS_MEMBER, me_get, NULL},
    {METHOD_PATCH, "me", ACCESS_MEMBER, me_patch, NULL},
    {METHOD_DELETE, "me", ACCESS_CODE, own_delete, NULL},
    {METHOD_POST, "me/export", ACCESS_MEMBER, own_export, NULL},

    {METHOD_GET, "me/mutes", ACCESS_MEMBER, mute_own, NULL},
    {METHOD_GET, "me/preferences", ACCESS_MEMBER, member_preferences_get, NULL},
    {METHOD_PUT, "me/preferences", ACCESS_MEMBER, member_preferences_put, NULL},
    {METHOD_POST, "me/feedback", ACCESS_MEMBER, member_feedback, NULL},
    {METHOD_POST, "me/learn", ACCESS_MEMBER, member_learn, NULL},
    {METHOD_GET, "me/weights", ACCESS_MEMBER, member_weights, NULL},

    {METHOD_GET, "me/push", ACCESS_MEMBER, push_get, NULL},
    {METHOD_POST, "me/push", ACCESS_MEMBER, push_add, NULL},
    {METHOD_PUT, "me/push", ACCESS_MEMBER, push_wish, NULL},
    {METHOD_DELETE, "me/push", ACCESS_MEMBER, push_remove, NULL},

    {METHOD_GET, "teams", ACCESS_MEMBER, team_list, "limit page"},
    {METHOD_POST, "teams/join", ACCESS_CODE, team_join, NULL},
    {METHOD_GET, "teams/{}", ACCESS_MEMBER, team_get, NULL},
    {METHOD_GET, "teams/{}/members", ACCESS_MEMBER, team_members, "limit page"},
    {METHOD_POST, "teams/{}/invites", ACCESS_MEMBER, team_invite, NULL},
    {METHOD_GET, "invites", ACCESS_MEMBER, invite_list, "limit page"},
    {METHOD_DELETE, "invites/{}", ACCESS_MEMBER, invite_revoke, NULL},

    {METHOD_DELETE, "teams/{}/members/{}", ACCESS_MEMBER, mute_remove_member, NULL},
    {METHOD_GET, "teams/{}/mutes", ACCESS_MEMBER, mute_list, NULL},
    {METHOD_PUT, "teams/{}/mutes/{}", ACCESS_MEMBER, mute_put, NULL},
    {METHOD_DELETE, "teams/{}/mutes/{}", ACCESS_MEMBER, mute_delete, NULL},

    {METHOD_GET, "posts", ACCESS_MEMBER, post_list, "team show limit page"},
    {METHOD_POST, "posts", ACCESS_MEMBER, post_create, NULL},
    {METHOD_GET, "posts/{}", ACCESS_MEMBER, post_get, NULL},
    {METHOD_PATCH, "posts/{}", ACCESS_MEMBER, post_edit, NULL},
    {METHOD_DELETE, "posts/{}", ACCESS_MEMBER, post_delete, NULL},
    {METHOD_PUT, "posts/{}/like", ACCESS_MEMBER, like_put, NULL},
    {METHOD_DELETE, "posts/{}/like", ACCESS_MEMBER, like_delete, NULL},
    {METHOD_PUT, "posts/{}/pin", ACCESS_MEMBER, pin_put, NULL},
    {METHOD_DELETE, "posts/{}/pin", ACCESS_MEMBER, pin_delete, NULL},

    {METHOD_PUT, "posts/{}/hidden", ACCESS_MEMBER, report_post_hide, NULL},
    {METHOD_DELETE, "posts/{}/hidden", ACCESS_MEMBER, report_post_show, NULL},

    {METHOD_GET, "reports", ACCESS_MEMBER, report_list, "state limit page"},
    {METHOD_POST, "reports", ACCESS_MEMBER, report_create, NULL},
    {METHOD_PUT, "reports/{}", ACCESS_MEMBER, report_decide, NULL},

    {METHOD_GET, "digests", ACCESS_WORKER, digest_list, "user limit page"},
    {METHOD_POST, "digests", ACCESS_WORKER, digest_create, NULL},
    {METHOD_GET, "digests/{}", ACCESS_WORKER, digest_get, NULL},
    {METHOD_PUT, "digests/{}/progress", ACCESS_WORKER, digest_progress, NULL},
    {METHOD_POST, "digests/{}/articles", ACCESS_WORKER, digest_article, NULL},
    {METHOD_POST, "digests/{}/complete", ACCESS_WORKER, digest_complete, NULL},

    {METHOD_GET, "notices", ACCESS_MEMBER, notice_list, "since team limit page"},
    {METHOD_POST, "notices", ACCESS_MEMBER, notice_create, NULL},

    {METHOD_POST, "rpc/counter.increment", ACCESS_MEMBER, counter_increment, NULL},
    {METHOD_POST, "rpc/counter.decrement", ACCESS_MEMBER, counter_decrement, NULL},
    {METHOD_POST, "rpc/counter.setValue", ACCESS_MEMBER, counter_set, NULL},
    {METHOD_POST, "rpc/counter.reset", ACCESS_MEMBER, counter_reset, NULL},
    {METHOD_POST, "rpc/counter.getValue", ACCESS_ASKS, counter_value, NULL},
    {METHOD_POST, "rpc/counter.getMetadata", ACCESS_ASKS, counter_metadata, NULL},
    {METHOD_POST, "rpc/counter.getHistory", ACCESS_ASKS, counter_history, NULL},
    {METHOD_POST, "rpc/counter.list", ACCESS_ASKS, counter_list, NULL},

    {METHOD_GET, "channels", ACCESS_MEMBER, channel_list, "team"},
    {METHOD_POST, "channels", ACCESS_MEMBER, channel_create, NULL},
    {METHOD_GET, "channels/{}/messages", ACCESS_MEMBER, message_list, "since thread limit page"},
    {METHOD_POST, "channels/{}/messages", ACCESS_MEMBER, message_create, NULL},
    {METHOD_PATCH, "channels/{}/messages/{}", ACCESS_MEMBER, message_edit, NULL},
    {METHOD_DELETE, "channels/{}/messages/{}", ACCESS_MEMBER, message_delete, NULL},
    {METHOD_PUT, "channels/{}/messages/{}/hidden", ACCESS_MEMBER, report_message_hide, NULL},
    {METHOD_DELETE, "channels/{}/messages/{}/hidden", ACCESS_MEMBER, report_message_show, NULL},
    {METHOD_PUT, "channels/{}/read", ACCESS_MEMBER, channel_read, NULL},
    {METHOD_GET, "channels/{}/receipts", ACCESS_MEMBER, channel_receipts, "limit page"},
    {METHOD_GET, "channels/{}/online", ACCESS_MEMBER, channel_online, NULL},

    {METHOD_POST, "cheers", ACCESS_MEMBER, live_cheer, NULL},
    {METHOD_POST, "api/feed/live", ACCESS_SERVICE, live_feed, NULL},

    {METHOD_GET, "admin/flags", ACCESS_ADMIN, admin_flags, NULL},
    {METHOD_GET, "admin/flags/realtime", ACCESS_ADMIN, admin_flag_get, NULL},
    {METHOD_PUT, "admin/flags/realtime", ACCESS_ADMIN, admin_flag_put, NULL},
    {METHOD_GET, "admin/audit", ACCESS_ADMIN, audit_list, "actor limit page"},
    {METHOD_GET, "admin/numbers", ACCESS_ADMIN, numbers_get, NULL},
    {METHOD_GET, "admin/members", ACCESS_ADMIN, admin_members, "limit page"},
    {METHOD_GET, "admin/backups", ACCESS_ADMIN, admin_backups_get, NULL},
    {METHOD_POST, "admin/backups", ACCESS_ADMIN, admin_backups_post, NULL},
    {METHOD_GET, "admin/words", ACCESS_ADMIN, audit_words_get, NULL},
    {METHOD_PUT, "admin/words", ACCESS_ADMIN, audit_words_put, NULL},

    {METHOD_GET, "healthz", ACCESS_OPEN, health_live, NULL},
    {METHOD_GET, "readyz", ACCESS_OPEN, health_ready, NULL},
    {METHOD_GET, "metrics", ACCESS_SELF, health_metrics, NULL},
    {METHOD_GET, "openapi.json", ACCESS_OPEN, assets_openapi, NULL},
    {METHOD_GET, "asyncapi.json", ACCESS_OPEN, assets_asyncapi, NULL},
    {METHOD_GET, "docs", ACCESS_OPEN, assets_docs, NULL},
};

static_assert(sizeof routes / sizeof routes[0] < METRICS_ROUTES_MAX, "every route needs its figures");

/* A path where sockets are opened (realtime/kinds.h), one where they are in their room at once, and one that names it.
   They answer for themselves: credentials may be a ticket. */
static const struct route socket_route = {METHOD_GET, "socket", ACCESS_OPEN, socket_open, "ticket"};
static const struct route room_route = {METHOD_GET, "socket", ACCESS_OPEN, socket_open, "ticket since"};
static const struct route named_route = {METHOD_GET, "socket", ACCESS_OPEN, socket_open, "ticket since team filters"};

/* Whatever else is fetched: a file of the web app, or 404. */
static const struct route asset_route = {METHOD_GET, "*", ACCESS_OPEN, assets_serve, NULL};

static const char *const method_names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

const char *routes_method_name(enum method method)
{
    return method < METHOD_OTHER ? method_names[method] : "OTHER";
}

size_t routes_count(void)
{
    return sizeof routes / sizeof routes[0];
}

size_t routes_index(const struct route *route)
{
    if (route == &asset_route)
        return routes_count();
    bool socket = route == &socket_route || route == &room_route || route == &named_route;
    return socket ? routes_count() + 1 : (size_t)(route - routes);
}

/* Compares the path's segments with a pattern, both from their start. */
static bool path_matches(const char *pattern, const struct query *q)
{
    for (size_t i = 0; i < q->segments_count; i++) {
        if (*pattern == '\0')
            return false;
        size_t len = strcspn(pattern, "/");
        bool any = len == 2 && pattern[0] == '{';
        if (!any && (strncmp(pattern, q->segments[i], len) != 0 || q->segments[i][len] != '\0'))
            return false;
        pattern += len;
        pattern += *pattern == '/';
    }
    return *pattern == '\0' && q->segments_count > 0;
}

/* The first route that matches; literal ones stand before those with {}, and keep them out. When there is none,
   `allowed` has a bit for each method of the path. */
static const struct route *find_route(const struct query *q, enum method method, unsigned *allowed)
{
    bool literal = false;
    *allowed = 0;
    for (size_t i = 0; i < routes_count(); i++) {
        bool any = strchr(routes[i].path, '{') != NULL;
        if ((literal && any) || !path_matches(routes[i].path, q))
            continue;
        literal = literal || !any;
        *allowed |= 1U << routes[i].method;
        if (routes[i].method == method)
            return &routes[i];
    }
    return NULL;
}

static const char *allow_list(struct request *r, unsigned allowed)
{
    const char *text = "";
    if (allowed & (1U << METHOD_GET))
        allowed |= 1U << METHOD_HEAD;
    allowed |= 1U << METHOD_OPTIONS;
    for (size_t i = 0; i < sizeof method_names / sizeof method_names[0] && text != NULL; i++)
        if (allowed & (1U << i))
            text = arena_printf(r->arena, "%s%s%s", text, text[0] == '\0' ? "" : ", ", method_names[i]);
    return text != NULL ? text : "";
}

const struct socket_path *routes_socket_path(struct request *r)
{
    const char *path = "";
    for (size_t i = 0; i < r->query.segments_count && path != NULL; i++)
        path = arena_printf(r->arena, "%s%s%s", path, i > 0 ? "/" : "", r->query.segments[i]);
    return path == NULL ? NULL : realtime_path(path);
}

/* ---- what is common ---------------------------------------------------------------------------------------------- */

bool routes_list_has(const char *list, const char *name)
{
    size_t len = strlen(name);
    while (list != NULL && *list != '\0') {
        size_t word = strcspn(list, " ");
        if (word == len && strncmp(list, name, len) == 0)
            return true;
        list += word;
        list += *list == ' ';
    }
    return false;
}

static bool params_known(struct request *r)
{
    for (size_t i = 0; i < r->query.params_count; i++)
        if (!routes_list_has(r->route->params, r->query.params[i].name)) {
            request_refuse(r, ERR_INVALID, "The parameter \"%.40s\" is not known here.", r->query.params[i].name);
            return false;
        }
    return true;
}

bool routes_address_allows(struct request *r)
{
    if (!r->app->options->rate_limit)
        return true;
    struct rate rate = {RATE_ANONYMOUS_PER_MINUTE, RATE_ANONYMOUS_BURST};
    int64_t wait_ms = rate_take(r->app->rates, rate_key(RATE_ADDRESS, r->address_key), rate, r->loop->now_ms);
    if (wait_ms == 0)
        return true;
    r->problem.retry_after_s = (int)((wait_ms + 999) / 1000);
    return false;
}

/* Whatever is answered without a route is a stranger's. */
static void fail_without_route(struct request *r, enum err err)
{
    request_fail(r, routes_address_allows(r) ? err : ERR_RATE_LIMITED);
}

static bool rate_allows(struct request *r)
{
    if (!r->app->options->rate_limit)
        return true;
    static const struct rate rates[] = {
        [RATE_MEMBER_READ] = {RATE_READ_PER_MINUTE, RATE_READ_BURST},
        [RATE_MEMBER_WRITE] = {RATE_WRITE_PER_MINUTE, RATE_WRITE_BURST},
        [RATE_ADDRESS] = {RATE_ANONYMOUS_PER_MINUTE, RATE_ANONYMOUS_BURST},
        [RATE_ADDRESS_SIGN_IN] = {RATE_SIGN_IN_PER_MINUTE, RATE_SIGN_IN_BURST},
    };
    bool secret = r->route->access == ACCESS_SIGN_IN || r->route->access == ACCESS_CODE;
    bool member = r->caller.kind == CALLER_MEMBER && !secret;
    bool reads = r->route->method == METHOD_GET || r->route->access == ACCESS_ASKS;
    enum rate_kind kind = secret    ? RATE_ADDRESS_SIGN_IN
                          : !member ? RATE_ADDRESS
                          : reads   ? RATE_MEMBER_READ
                                    : RATE_MEMBER_WRITE;
    uint64_t who = member ? (uint64_t)r->caller.user_id : r->address_key;
    int64_t wait_ms = rate_take(r->app->rates, rate_key(kind, who), rates[kind], r->loop->now_ms);
    if (wait_ms == 0)
        return true;
    r->problem.retry_after_s = (int)((wait_ms + 999) / 1000);
    request_fail(r, ERR_RATE_LIMITED);
    return false;
}

static bool caller_may(struct request *r)
{
    enum access access = r->route->access;
    if (access == ACCESS_OPEN || access == ACCESS_SIGN_IN || access == ACCESS_SELF)
        return true;
    enum err err = auth_request(r);
    if (err == ERR_OK && access == ACCESS_SERVICE && r->caller.kind != CALLER_SERVICE)
        err = problem_set(&r->problem, ERR_FORBIDDEN, "Only a trusted server can do this, with a service's token.");
    if (err == ERR_OK && access != ACCESS_SERVICE && access != ACCESS_WORKER && r->caller.kind == CALLER_SERVICE)
        err = problem_set(&r->problem, ERR_FORBIDDEN, "A service's token cannot be used here.");
    if (err == ERR_OK && access == ACCESS_ADMIN && r->caller.role != ROLE_ADMIN)
        err = problem_set(&r->problem, ERR_FORBIDDEN, "Only an admin can do this.");
    if (err == ERR_UNAUTHENTICATED && !routes_address_allows(r)) /* guessing tokens is rated too */
        err = ERR_RATE_LIMITED;
    if (err != ERR_OK)
        request_fail(r, err);
    return err == ERR_OK;
}

/*
 * When all but the last has to wait: signing in and likes, since members would miss them most; polls, which cost no
 * more than being refused and slow down by their advice; leaving; keeping it kind, since a crowd is when that matters;
 * and what is no member's.
 */
static bool goes_last(const struct route *route)
{
    static void (*const last[])(struct request *) = {like_put,        like_delete, polls_presence, polls_changes,
                                                     polls_new_count, polls_leave, session_logout, session_refresh,
                                                     report_post_hide, report_post_show, report_message_hide,
                                                     report_message_show, report_list, report_decide, mute_list,
                                                     mute_put, mute_delete, mute_remove_member};
    bool found = route->access != ACCESS_MEMBER && route->access != ACCESS_ASKS && route->access != ACCESS_WORKER;
    for (size_t i = 0; !found && i < sizeof last / sizeof last[0]; i++)
        found = route->handle == last[i];
    return found;
}

static bool has_time(struct request *r)
{
    if (shed_stage(&r->app->shed) < SHED_REQUESTS || goes_last(r->route))
        return true;
    r->problem.retry_after_s = BUSY_RETRY_S + (int)(r->loop->turns++ % BUSY_RETRY_S);
    request_fail(r, ERR_BUSY);
    return false;
}

/* A preflight of CORS (Fetch standard, section 4.8) or a plain OPTIONS. */
static void answer_options(struct request *r, unsigned allowed)
{
    request_header(r, "Allow", allow_list(r, allowed));
    if (r->head.request_method != NULL && auth_origin_is_allowed(r)) {
        request_header(r, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE");
        request_header(r, "Access-Control-Allow-Headers",
                       "Authorization, Content-Type, Idempotency-Key, If-None-Match");
        request_header(r, "Access-Control-Max-Age", "7200");
    }
    request_reply(r, 204);
}

void routes_dispatch(struct request *r)
{
    unsigned allowed;
    enum method method = r->method == METHOD_HEAD ? METHOD_GET : r->method;
    enum err err = query_parse(r->target, r->target_len, r->arena, &r->query, &r->problem);
    if (err != ERR_OK) {
        fail_without_route(r, err);
        return;
    }
    if (r->query.trailing_slash) { /* one resource has one address */
        fail_without_route(r, ERR_NOT_FOUND);
        return;
    }
    r->route = find_route(&r->query, method, &allowed);
    const struct socket_path *path = r->route == NULL ? routes_socket_path(r) : NULL;
    if (path != NULL) {
        allowed |= 1U << METHOD_GET;
        if (method == METHOD_GET)
            r->route = realtime_path_names(path)     ? &named_route
                       : realtime_path_resumes(path) ? &room_route
                                                     : &socket_route;
    }
    if (r->route == NULL && allowed == 0) {
        allowed = 1U << METHOD_GET;
        if (method == METHOD_GET)
            r->route = &asset_route;
        else if (!assets_exist(&r->query)) {
            fail_without_route(r, ERR_NOT_FOUND);
            return;
        }
    }
    if (r->method == METHOD_OPTIONS) {
        answer_options(r, allowed);
        return;
    }
    if (r->route == NULL) {
        request_header(r, "Allow", allow_list(r, allowed));
        fail_without_route(r, ERR_METHOD);
        return;
    }
    if (has_time(r) && caller_may(r) && rate_allows(r) && params_known(r))
        r->route->handle(r);
}
