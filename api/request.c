/*
 * One HTTP request: what libmicrohttpd hands over, checked and collected; and its way to a handler and back. The
 * answering half is api/reply.c. See request.h for the life of a request. The loop's thread, but for request_complete.
 *
 * Two rules of libmicrohttpd shape this file: the first call of its handler only checks (answering there loses
 * keep-alive, so only what must close the connection is answered there), and every call to it is made on the loop's
 * thread.
 */
#include "api/request.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "api/reply.h"
#include "api/routes.h"
#include "api/server.h"

#define SPARE_REQUESTS_MAX 64 /* per loop; each keeps an arena's first block */

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct request *take_spare(struct loop *loop)
{
    struct request *r = loop->spare;
    if (r != NULL) {
        loop->spare = r->next_spare;
        loop->spare_count--;
        struct arena *arena = r->arena;
        *r = (struct request){.arena = arena};
        return r;
    }
    r = calloc(1, sizeof *r);
    if (r == NULL || (r->arena = arena_create(REQUEST_ARENA_FIRST_BYTES, REQUEST_ARENA_BYTES_MAX)) == NULL) {
        free(r);
        return NULL;
    }
    return r;
}

/* Without the query, which may hold what nobody should read in a log. */
static void show_path(struct request *r, const char *target)
{
    size_t len = strcspn(target, "?");
    if (len >= sizeof r->path_shown)
        len = sizeof r->path_shown - 1;
    memcpy(r->path_shown, target, len);
    r->path_shown[len] = '\0';
}

struct request *request_begin(struct loop *loop, struct MHD_Connection *connection, const char *target)
{
    struct connection *from = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    struct request *r = from == NULL ? NULL : take_spare(loop); /* there was no memory for the connection */
    if (r == NULL)
        return NULL;
    r->app = loop->app;
    r->loop = loop;
    r->connection = connection;
    r->from = from;
    r->started_us = now_us();
    r->target_start = target;
    r->target_len = target == NULL ? 0 : strlen(target);
    if (r->target_len <= URI_BYTES_MAX)
        r->target = arena_copy(r->arena, target, r->target_len);
    else
        show_path(r, target);
    r->client = r->from->address;
    buf_init(&r->out, REPLY_BYTES_MAX);
    r->from->request = r;
    r->from->request_ms = loop->now_ms;
    r->from->requests++;
    r->from->head_complete = r->from->body_complete = r->from->answered = false;
    atomic_fetch_add_explicit(&loop->active, 1, memory_order_relaxed);
    return r;
}

void request_free(struct request *r)
{
    buf_clear(&r->out);
    arena_free(r->arena);
    free(r);
}

static void log_request(struct request *r, bool completed, int64_t took_us)
{
    int status = r->reply_status; /* what went well, or too fast, comes in floods */
    enum log_level level = status >= 500 ? LOG_ERROR : status < 400 || status == 429 ? LOG_DEBUG : LOG_INFO;
    if (level < r->app->log->level)
        return;
    char address[CIDR_TEXT_BYTES];
    cidr_address_format(&r->client, address);
    const struct log_field fields[] = {
        LOG_S("id", request_id(r)),
        LOG_S("method", routes_method_name(r->method)),
        LOG_S("route", r->route ? r->route->path : "none"),
        LOG_I("status", completed ? r->reply_status : 0),
        LOG_I("took_us", took_us),
        LOG_I("member", r->caller.user_id),
        LOG_S("client", address),
        LOG_S("path", r->path_shown), /* of a failure only */
    };
    log_write(r->app->log, level, "request", fields, sizeof fields / sizeof fields[0] - (r->path_shown[0] == '\0'));
}

void request_end(struct request *r, bool completed)
{
    struct loop *loop = r->loop;
    assert(!r->away);
    int64_t took_us = now_us() - r->started_us;
    if (r->reply_status != 0) {
        metrics_count(&loop->metrics, r->route ? routes_index(r->route) : METRICS_ROUTES_MAX - 1, r->reply_status,
                      took_us);
        log_request(r, completed, took_us);
    }
    if (r->ended != NULL)
        r->ended(r);
    if (r->from->request == r)
        r->from->request = NULL;
    reply_release(r);
    buf_clear(&r->out);
    arena_reset(r->arena);
    atomic_fetch_sub_explicit(&loop->active, 1, memory_order_relaxed);
    if (loop->spare_count < SPARE_REQUESTS_MAX) {
        r->next_spare = loop->spare;
        loop->spare = r;
        loop->spare_count++;
    } else {
        request_free(r);
    }
}

/* ---- the head ---------------------------------------------------------------------------------------------------- */

struct head_walk {
    struct head head;
    struct request *r;
};

struct field_name {
    const char *name;
    size_t len;
    size_t offset; /* in struct request_head */
    bool list;     /* may come several times, which means the same as once with commas (RFC 9110, section 5.3) */
};

#define FIELD(name_, member_)                                                                                          \
    {                                                                                                                  \
        name_, sizeof(name_) - 1, offsetof(struct request_head, member_), false                                        \
    }
#define FIELD_LIST(name_, member_)                                                                                     \
    {                                                                                                                  \
        name_, sizeof(name_) - 1, offsetof(struct request_head, member_), true                                         \
    }

static const struct field_name field_names[] = {
    FIELD("Authorization", authorization),
    FIELD("Cookie", cookie),
    FIELD("Origin", origin),
    FIELD("Host", host),
    FIELD_LIST("If-None-Match", if_none_match),
    FIELD("Content-Type", content_type),
    FIELD("Content-Length", content_length),
    FIELD("Expect", expect),
    FIELD("Idempotency-Key", idempotency_key),
    FIELD_LIST("X-Forwarded-For", forwarded_for),
    FIELD_LIST("Accept-Encoding", accept_encoding),
    FIELD("Access-Control-Request-Method", request_method),
    FIELD_LIST("Connection", connection),
    FIELD_LIST("Upgrade", upgrade),
    FIELD("Sec-WebSocket-Key", socket_key),
    FIELD("Sec-WebSocket-Version", socket_version),
    FIELD_LIST("Sec-WebSocket-Extensions", socket_extensions),
};

static void keep_field(struct request *r, const char *name, size_t len, const char *value)
{
    struct request_head *fields = &r->head;
    for (size_t i = 0; i < sizeof field_names / sizeof field_names[0]; i++) {
        if (field_names[i].len != len || strncasecmp(field_names[i].name, name, len) != 0)
            continue;
        const char **slot = (const char **)((char *)fields + field_names[i].offset);
        if (*slot != NULL && field_names[i].list)
            value = arena_printf(r->arena, "%s, %s", *slot, value);
        else if (*slot != NULL)
            fields->repeated = true;
        fields->lost |= value == NULL;
        *slot = value;
        break;
    }
    if ((len == 9 && strncasecmp(name, "Forwarded", len) == 0) ||
        (len > 11 && strncasecmp(name, "X-Forwarded", 11) == 0) || (len == 3 && strncasecmp(name, "Via", len) == 0) ||
        (len == 9 && strncasecmp(name, "X-Real-IP", len) == 0))
        fields->forwarded = true;
}

static enum MHD_Result walk_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                  const char *value, size_t value_len)
{
    (void)kind;
    struct head_walk *walk = cls;
    if (value == NULL)
        value = name + name_len + 1;
    head_field(&walk->head, name, name_len, value, value_len);
    keep_field(walk->r, name, name_len, value);
    return MHD_YES;
}

static enum method method_parse(const char *text)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0)
            return (enum method)i;
    return METHOD_OTHER;
}

static void find_client(struct request *r)
{
    const struct options *o = r->app->options;
    if (r->head.forwarded_for != NULL && o->trust_proxy_count > 0)
        r->client = cidr_client(o->trust_proxy, o->trust_proxy_count, &r->from->address, r->head.forwarded_for);
    r->address_key = cidr_address_key(&r->client);
}

/* Everything that must close the connection: after it, nobody can say where the next request would begin. */
static enum err check_head(struct request *r, const char *method, const char *version)
{
    struct head_walk walk = {.r = r};
    head_begin(&walk.head, method, r->target_start, r->target_len, version);
    (void)MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, walk_field, &walk);
    size_t head_bytes = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
    enum err err = head_end(&walk.head, head_bytes, &r->problem);
    if (err != ERR_OK)
        return err;
    if (r->target_len > URI_BYTES_MAX)
        return r->problem.err = ERR_URI_TOO_LONG;
    if (r->target == NULL || r->head.lost)
        return r->problem.err = ERR_NO_MEMORY;
    if (r->head.repeated)
        return problem_set(&r->problem, ERR_MALFORMED, "A header that may come once came twice.");
    if (r->head.content_length != NULL) {
        char *end;
        unsigned long long length = strtoull(r->head.content_length, &end, 10);
        if (*end != '\0' || end == r->head.content_length)
            return problem_set(&r->problem, ERR_MALFORMED, "The Content-Length is not valid.");
        if (length > BODY_DROPPED_BYTES_MAX || (length > BODY_BYTES_MAX && r->head.expect != NULL))
            return r->problem.err = ERR_TOO_LARGE;
        r->body_dropped = length > BODY_BYTES_MAX;
        r->body_cap = r->body_dropped ? 0 : (size_t)length;
    }
    return ERR_OK;
}

/* ---- the three kinds of calls ------------------------------------------------------------------------------------ */

static bool take_body(struct request *r, const char *bytes, size_t len)
{
    if (r->body == NULL && (r->body = arena_alloc(r->arena, r->body_cap + 1)) == NULL)
        return false;
    assert(len <= r->body_cap - r->body_len); /* MHD hands over as many bytes as the Content-Length said */
    memcpy(r->body + r->body_len, bytes, len);
    r->body_len += len;
    r->body[r->body_len] = '\0';
    return true;
}

/* What was needed to make the answer: libmicrohttpd has its own copy now. */
static void give_back(struct request *r)
{
    r->target = NULL;
    r->query = (struct query){0};
    r->head = (struct request_head){0};
    r->caller = (struct caller){.kind = r->caller.kind, .user_id = r->caller.user_id};
    r->body = NULL;
    r->state = NULL;
    r->headers_count = 0;
    r->replay_key = NULL;
    arena_reset(r->arena);
}

static bool queue_reply(struct request *r)
{
    assert(r->reply_status != 0); /* without memory even for an answer the connection is closed */
    if (r->reply == NULL || MHD_queue_response(r->connection, (unsigned)r->reply_status, r->reply) != MHD_YES)
        return false;
    r->from->answered = true;
    r->from->progress_ms = 0;
    if (r->reply_status >= 400 && r->target != NULL)
        show_path(r, r->target);
    if (r->ended == NULL && r->upgraded == NULL) /* nobody asks any more; the client may take its time */
        give_back(r);
    return true;
}

bool request_handle(struct request *r, const char *method, const char *version, const char *upload, size_t *upload_len)
{
    if (!r->head_done) {
        r->head_done = r->from->head_complete = true;
        r->method = method_parse(method);
        r->version = version;
        enum err err = check_head(r, method, version);
        find_client(r);
        if (err == ERR_OK)
            return true;
        r->close = true;
        request_fail(r, routes_address_allows(r) ? err : ERR_RATE_LIMITED);
        return queue_reply(r);
    }
    if (*upload_len > 0) {
        bool taken = r->body_dropped || take_body(r, upload, *upload_len);
        *upload_len = 0;
        return taken;
    }
    r->from->body_complete = true;
    if (r->reply_status == 0 && r->body_dropped)
        request_fail(r, routes_address_allows(r) ? ERR_TOO_LARGE : ERR_RATE_LIMITED);
    else if (r->reply_status == 0)
        routes_dispatch(r);
    if (r->away)
        return true;
    return queue_reply(r);
}

/* ---- away and back ----------------------------------------------------------------------------------------------- */

void request_suspend(struct request *r, void (*then)(struct request *r))
{
    assert(!r->away && r->reply == NULL);
    r->away = true;
    r->then = then;
    if (!r->suspended) { /* coming from a step that was away itself, it still is */
        r->suspended = true;
        r->loop->suspended++;
        MHD_suspend_connection(r->connection);
    }
}

void request_complete(struct request *r)
{
    enum err err = mailbox_post(r->loop->mailbox, &r->mail);
    assert(err == ERR_OK); /* the box has room for every connection, and closes after the last is back */
    (void)err;
}

void request_resume(struct request *r)
{
    r->away = false;
    r->then(r);
    if (r->away)
        return;
    assert(r->reply_status != 0);
    r->suspended = false;
    r->loop->suspended--;
    MHD_resume_connection(r->connection);
}

static void run_help(struct task *task)
{
    struct request *r = (struct request *)((char *)task - offsetof(struct request, task));
    r->help_work(r);
    request_complete(r);
}

void request_answer_busy(struct request *r)
{
    r->problem.retry_after_s = 2;
    request_fail(r, ERR_BUSY);
}

void request_help(struct request *r, void (*work)(struct request *r), void (*then)(struct request *r))
{
    r->help_work = work;
    r->task.run = run_help;
    request_suspend(r, then);
    if (helpers_submit(r->app->helpers, &r->task) != ERR_OK) {
        r->then = request_answer_busy; /* it comes back through the mailbox like any other */
        request_complete(r);
    }
}
