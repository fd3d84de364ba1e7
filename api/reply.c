/*
 * Answers: JSON with its ETag, problems (RFC 9457), static bytes, and shared answers that are rendered once and queued
 * many times. Every header that an answer may carry is added in this file. See request.h for the contract. The loop's
 * thread.
 *
 * A shared answer is a body with up to ADVICE_VARIANTS responses for each of 200 and 304, which differ in
 * X-Poll-Interval alone. libmicrohttpd counts references, so that dropping a variant never hurts an answer that is
 * under way.
 */
#include "api/reply.h"

#include <assert.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/advice.h"
#include "api/render.h"
#include "api/routes.h"
#include "api/server.h"

#define ETAG_BYTES 35 /* two quotes, 32 hex digits, a NUL */
#define CACHE_CONTROL "private, no-cache"

/* Without memory it becomes NULL: an answer without one of its headers is another answer. NULL stays NULL. */
static void add(struct MHD_Response **response, const char *name, const char *value)
{
    if (*response == NULL || (value != NULL && MHD_add_response_header(*response, name, value) == MHD_YES))
        return;
    MHD_destroy_response(*response);
    *response = NULL;
}

/* A hash of the body: equal answers have equal tags, also from two servers. No secret is needed: it guards nothing. */
static void make_etag(const char *body, size_t len, char out[static ETAG_BYTES])
{
    static const unsigned char key[crypto_shorthash_siphashx24_KEYBYTES] = {0};
    unsigned char hash[crypto_shorthash_siphashx24_BYTES];
    static_assert(sizeof hash * 2 + 3 == ETAG_BYTES, "the tag has to fit");
    (void)crypto_shorthash_siphashx24(hash, (const unsigned char *)body, len, key);
    out[0] = '"';
    (void)sodium_bin2hex(out + 1, ETAG_BYTES - 2, hash, sizeof hash);
    out[ETAG_BYTES - 2] = '"';
    out[ETAG_BYTES - 1] = '\0';
}

bool reply_etag_matches(const char *list, const char *etag)
{
    size_t len = strlen(etag);
    while (*list != '\0') {
        while (*list == ' ' || *list == '\t' || *list == ',')
            list++;
        if (*list == '*')
            return true;
        if (strncmp(list, "W/", 2) == 0) /* the weak comparison: RFC 9110, section 13.1.2 */
            list += 2;
        if (strncmp(list, etag, len) == 0)
            return true;
        const char *end = *list == '"' ? strchr(list + 1, '"') : NULL;
        if (end == NULL)
            return false;
        list = end + 1;
    }
    return false;
}

static void add_cors(const struct request *r, struct MHD_Response **response)
{
    if (r->app->options->cors_origins_count > 0)
        add(response, "Vary", "Origin");
    if (r->head.origin == NULL || !auth_origin_is_allowed(r))
        return;
    add(response, "Access-Control-Allow-Origin", r->head.origin);
    /* The cookie itself goes to pages of the same site alone. */
    add(response, "Access-Control-Allow-Credentials", "true");
    add(response, "Access-Control-Expose-Headers",
        "ETag, Location, Retry-After, X-Poll-Interval, X-Request-Id, Idempotency-Replayed");
}

/* Makes it the request's answer, with the headers that all have. Takes the response. */
static void finish(struct request *r, int status, struct MHD_Response *response)
{
    assert(r->reply == NULL);
    for (size_t i = 0; i < r->headers_count; i++)
        add(&response, r->headers[i].name, r->headers[i].value);
    add(&response, "X-Content-Type-Options", "nosniff");
    add(&response, "X-Request-Id", request_id(r));
    add_cors(r, &response);
    if (r->close || atomic_load_explicit(&r->app->draining, memory_order_relaxed))
        add(&response, "Connection", "close");
    if (response == NULL)
        log_error(r->app->log, "reply.no_memory", LOG_S("id", request_id(r)));
    r->reply = response;
    r->reply_status = response == NULL ? 503 : status;
}

/* The buffer's bytes become the response's. */
static struct MHD_Response *from_out(struct request *r)
{
    size_t len;
    char *bytes = buf_take(&r->out, &len);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        len, bytes == NULL ? (void *)"" : bytes, bytes == NULL ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(bytes);
    return response;
}

static struct MHD_Response *empty(void)
{
    return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
}

static bool is_read(const struct request *r)
{
    return r->method == METHOD_GET || r->method == METHOD_HEAD;
}

void request_reply(struct request *r, int status)
{
    struct MHD_Response *response;
    char etag[ETAG_BYTES];
    if (r->out.failed) {
        r->headers_count = 0; /* they belong to what cannot be said */
        request_fail(r, r->out.starved ? ERR_NO_MEMORY : ERR_INTERNAL);
        return;
    }
    if (status == 204) {
        finish(r, status, empty());
        return;
    }
    bool tagged = is_read(r) && status == 200;
    if (tagged)
        make_etag(r->out.data, r->out.len, etag);
    if (tagged && r->head.if_none_match != NULL && reply_etag_matches(r->head.if_none_match, etag)) {
        status = 304;
        response = empty();
    } else {
        response = from_out(r);
        add(&response, "Content-Type", "application/json");
    }
    add(&response, "Cache-Control", CACHE_CONTROL);
    if (tagged)
        add(&response, "ETag", etag);
    finish(r, status, response);
}

void request_reply_list(struct request *r, struct json_writer *w, int64_t last_id, size_t count, size_t limit)
{
    render_list_end(w, last_id, count, limit);
    json_object_end(w);
    request_reply(r, 200);
}

void request_reply_static(struct request *r, int status, const char *type, const void *bytes, size_t len,
                          const char *etag)
{
    bool same = etag != NULL && r->head.if_none_match != NULL && reply_etag_matches(r->head.if_none_match, etag);
    struct MHD_Response *response = same ? empty()
                                         : MHD_create_response_from_buffer(len, (void *)(uintptr_t)bytes,
                                                                           MHD_RESPMEM_PERSISTENT);
    if (!same)
        add(&response, "Content-Type", type);
    if (etag != NULL)
        add(&response, "ETag", etag);
    finish(r, same ? 304 : status, response);
}

void request_reply_text(struct request *r, int status, const char *type)
{
    char etag[ETAG_BYTES];
    if (r->out.failed) {
        r->headers_count = 0; /* they belong to what cannot be said */
        request_fail(r, r->out.starved ? ERR_NO_MEMORY : ERR_INTERNAL);
        return;
    }
    make_etag(r->out.data == NULL ? "" : r->out.data, r->out.len, etag);
    struct MHD_Response *response = from_out(r);
    add(&response, "Content-Type", type);
    add(&response, "Cache-Control", CACHE_CONTROL);
    add(&response, "ETag", etag);
    finish(r, status, response);
}

/* ---- leaving HTTP ------------------------------------------------------------------------------------------------ */

/* libmicrohttpd's side is closed at once: its connection and memory are free, and the duplicate lives on. */
static void on_upgrade(void *cls, struct MHD_Connection *connection, void *context, const char *early, size_t early_len,
                       MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
    struct request *r = cls;
    (void)connection;
    (void)context;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own >= 0)
        r->upgraded(r, own, early, early_len);
    r->loop->upgraded = true;
    (void)MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

void request_reply_upgrade(struct request *r, const char *accept, const char *extensions,
                           void (*upgraded)(struct request *r, int fd, const void *early, size_t early_len))
{
    r->upgraded = upgraded;
    struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgrade, r);
    add(&response, "Upgrade", "websocket");
    add(&response, "Sec-WebSocket-Accept", accept);
    if (extensions != NULL)
        add(&response, "Sec-WebSocket-Extensions", extensions);
    if (response == NULL) {
        request_fail(r, ERR_NO_MEMORY);
        return;
    }
    r->reply = response;
    r->reply_status = 101;
}

/* ---- problems ---------------------------------------------------------------------------------------------------- */

static void render_problem(struct request *r)
{
    struct json_writer w = {.out = &r->out};
    char type[64];
    (void)snprintf(type, sizeof type, "/docs#%s", err_slug(r->problem.err));
    buf_clear(&r->out);
    json_object_begin(&w);
    json_key(&w, "type");
    json_put_string(&w, type);
    json_key(&w, "title");
    json_put_string(&w, err_title(r->problem.err));
    json_key(&w, "status");
    json_put_int(&w, err_status(r->problem.err));
    json_key(&w, "detail");
    json_put_string(&w, problem_detail(&r->problem));
    json_key(&w, "requestId");
    json_put_string(&w, request_id(r));
    json_object_end(&w);
}

static void add_retry_after(struct request *r, struct MHD_Response **response)
{
    char text[16];
    int seconds = r->problem.retry_after_s;
    if (seconds == 0 && err_status(r->problem.err) == 503)
        seconds = r->problem.err == ERR_STORAGE ? 30 : 2;
    if (seconds == 0)
        return;
    (void)snprintf(text, sizeof text, "%d", seconds);
    add(response, "Retry-After", text);
}

void request_fail(struct request *r, enum err err)
{
    assert(err != ERR_OK);
    if (r->problem.err != err) { /* a sentence of another error does not fit */
        r->problem.err = err;
        r->problem.detail[0] = '\0';
    }
    render_problem(r);
    struct MHD_Response *response = r->out.failed ? NULL : from_out(r);
    add(&response, "Content-Type", "application/problem+json");
    add(&response, "Cache-Control", "no-store");
    add_retry_after(r, &response);
    if (err == ERR_UNAUTHENTICATED)
        add(&response, "WWW-Authenticate", "Bearer");
    finish(r, err_status(err), response);
}

/* ---- shared answers ---------------------------------------------------------------------------------------------- */

struct variant {
    unsigned interval_s;
    struct MHD_Response *response;
};

struct shared_reply {
    char etag[ETAG_BYTES];
    char *body;
    size_t len;
    struct variant ok[ADVICE_VARIANTS];
    struct variant same[ADVICE_VARIANTS];
};

struct shared_reply *shared_reply_create(const char *body, size_t len)
{
    struct shared_reply *s = calloc(1, sizeof *s);
    if (s == NULL || (s->body = malloc(len + 1)) == NULL) {
        free(s);
        return NULL;
    }
    memcpy(s->body, body, len);
    s->len = len;
    make_etag(body, len, s->etag);
    return s;
}

void shared_reply_free(struct shared_reply *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < ADVICE_VARIANTS; i++) {
        if (s->ok[i].response != NULL)
            MHD_destroy_response(s->ok[i].response);
        if (s->same[i].response != NULL)
            MHD_destroy_response(s->same[i].response);
    }
    free(s->body);
    free(s);
}

static void dress(struct MHD_Response **response, const struct request *r, const struct shared_reply *s,
                  unsigned told_s)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%u", told_s);
    add(response, "X-Poll-Interval", text);
    add(response, "ETag", s->etag);
    add(response, "Cache-Control", CACHE_CONTROL);
    add(response, "X-Content-Type-Options", "nosniff");
    if (r->app->options->cors_origins_count > 0)
        add(response, "Vary", "Origin");
}

/* The body is copied, since an answer that is under way may outlive the shared one. */
static struct MHD_Response *build_variant(const struct request *r, const struct shared_reply *s, unsigned told_s,
                                          bool same)
{
    struct MHD_Response *response = same ? empty()
                                         : MHD_create_response_from_buffer(s->len, s->body, MHD_RESPMEM_MUST_COPY);
    if (!same)
        add(&response, "Content-Type", "application/json");
    dress(&response, r, s, told_s);
    return response;
}

unsigned request_reply_shared(struct request *r, struct shared_reply *s, unsigned base_s)
{
    unsigned variant = (unsigned)(r->loop->turns++ % ADVICE_VARIANTS);
    unsigned load = server_load(r->loop);
    unsigned told_s = advice_interval_s(base_s, load, variant);
    bool same = r->head.if_none_match != NULL && reply_etag_matches(r->head.if_none_match, s->etag);
    bool personal = r->head.origin != NULL || r->close || atomic_load_explicit(&r->app->draining, memory_order_relaxed);
    if (personal) { /* headers that are this request's alone */
        struct MHD_Response *response = build_variant(r, s, told_s, same);
        add_cors(r, &response);
        if (r->close || atomic_load(&r->app->draining))
            add(&response, "Connection", "close");
        if (response == NULL) {
            request_fail(r, ERR_NO_MEMORY);
            return told_s;
        }
        r->reply = response;
        r->reply_status = same ? 304 : 200;
        return told_s;
    }
    struct variant *v = same ? &s->same[variant] : &s->ok[variant];
    if (v->response == NULL || v->interval_s != told_s) {
        struct MHD_Response *fresh = build_variant(r, s, told_s, same);
        if (fresh == NULL) {
            request_fail(r, ERR_NO_MEMORY);
            return told_s;
        }
        if (v->response != NULL)
            MHD_destroy_response(v->response);
        *v = (struct variant){.interval_s = told_s, .response = fresh};
    }
    r->reply = v->response;
    r->reply_shared = true;
    r->reply_status = same ? 304 : 200;
    return told_s;
}

void reply_release(struct request *r)
{
    if (r->reply != NULL && !r->reply_shared)
        MHD_destroy_response(r->reply);
    r->reply = NULL;
}
