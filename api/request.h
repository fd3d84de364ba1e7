/*
 * One HTTP request, from its first byte to its answer.
 *
 *   MHD calls request_begin (request line), request_handle (head; then body; then: answer), request_end.
 *
 *   route's handler --+-- request_reply / request_fail / request_reply_shared ...      answers at once
 *                     +-- request_write (api/write.h)  -> writer  --+
 *                     `-- request_help                 -> helper  --+-> request_complete -> loop -> `then` -> answers
 *
 * A request belongs to its loop's thread, except between suspension and request_complete, when it belongs to the writer
 * or a helper. Its memory is its arena; both are recycled when it ends. request.c, reply.c and server.c are the only
 * files that see libmicrohttpd. What handlers ask of a request is implemented in api/params.c, what they answer in
 * api/reply.c.
 */
#ifndef PORCHLIGHT_API_REQUEST_H
#define PORCHLIGHT_API_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/app.h"
#include "api/auth.h"
#include "api/cidr.h"
#include "api/head.h"
#include "api/helpers.h"
#include "api/query.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mailbox.h"
#include "db/access.h"
#include "db/writer.h"

struct MHD_Connection;
struct MHD_Response;
struct connection; /* api/server.h */
struct loop;       /* api/server.h */
struct route;      /* api/routes.h */

enum method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER
};

#define REQUEST_ID_BYTES 17
#define PATH_SHOWN_BYTES 81 /* enough to see what somebody is after */
#define REPLY_HEADERS_MAX 8

/* Fields of the head that something here reads. Values live in MHD's buffer until request_end; NULL: not sent. */
struct request_head {
    const char *authorization;
    const char *cookie;
    const char *origin;
    const char *host;
    const char *if_none_match;
    const char *content_type;
    const char *content_length;
    const char *expect;
    const char *idempotency_key;
    const char *forwarded_for;
    const char *accept_encoding;
    const char *request_method; /* Access-Control-Request-Method */
    const char *connection;
    const char *upgrade;
    const char *socket_key;        /* Sec-WebSocket-Key */
    const char *socket_version;    /* Sec-WebSocket-Version */
    const char *socket_extensions; /* Sec-WebSocket-Extensions */
    bool forwarded;                /* any header of a proxy */
    bool repeated;                 /* one of those above came twice */
    bool lost; /* there was no memory for one of them */
};

struct request {
    struct mail mail; /* first; to the loop's mailbox */
    struct job job;
    struct task task;

    struct app *app;
    struct loop *loop;
    struct connection *from;
    struct MHD_Connection *connection;
    struct arena *arena;
    struct request *next_spare;
    int64_t started_us; /* monotonic, for latency; not moved by a test's clock */

    /* what was asked */
    const char *target;       /* raw: a copy in the arena, since MHD takes its own apart */
    const char *target_start; /* where MHD had it; only its address is used */
    size_t target_len;
    enum method method;
    const char *version; /* "HTTP/1.1"; static while the request lasts */
    const struct route *route;
    struct query query;
    struct request_head head;
    struct caller caller;
    struct cidr_address client;        /* the peer, or whom a trusted proxy speaks for */
    uint64_t address_key;              /* of the client, for rates */
    char path_shown[PATH_SHOWN_BYTES]; /* the beginning of the path, for the log of a failure */
    bool head_done;
    char *body;
    size_t body_len;
    size_t body_cap;
    bool body_dropped; /* over the limit: read to its end, then refused */

    /* what is answered */
    struct problem problem;
    struct buf out; /* a body in the making */
    int status;
    struct {
        const char *name;
        const char *value;
    } headers[REPLY_HEADERS_MAX];
    size_t headers_count;
    bool close;                 /* Connection: close */
    bool away;                  /* it is the writer's or a helper's */
    bool suspended;             /* MHD's connection is */
    struct MHD_Response *reply; /* ready to be queued */
    bool reply_shared;          /* and not ours to destroy */
    int reply_status;
    void (*then)(struct request *r); /* goes on here, on the loop's thread */
    char id[REQUEST_ID_BYTES];       /* hex; empty until asked for */

    void (*help_work)(struct request *r); /* on a helper thread */

    void (*upgraded)(struct request *r, int fd, const void *early, size_t early_len);
    void (*ended)(struct request *r); /* NULL, or what a handler gives back when the request is over */

    /* used by api/write.c */
    enum err (*write_run)(struct request *r, struct tx *tx);
    void (*write_then)(struct request *r);
    struct db *write_people; /* where the writer sees who is still here; NULL: in its own database */
    const char *replay_key; /* NULL: none was sent */
    int64_t replay_scope;
    unsigned char fingerprint[FINGERPRINT_BYTES];
    bool replayed;

    /* what a handler keeps between its steps; in the arena */
    void *state;
};

/* ---- for api/server.c -------------------------------------------------------------------------------------------- */

/* NULL: no memory. */
struct request *request_begin(struct loop *loop, struct MHD_Connection *connection, const char *target);

/* false: close the connection. */
bool request_handle(struct request *r, const char *method, const char *version, const char *upload, size_t *upload_len);
void request_end(struct request *r, bool completed);
void request_free(struct request *r); /* a spare one, at the loop's end */

/* On the loop's thread, for a request that came back through the mailbox: goes on and resumes the connection. */
void request_resume(struct request *r);

/* ---- for handlers ------------------------------------------------------------------------------------------------ */

const char *request_id(struct request *r);

/* Adds a header to the answer; `value` lives at least as long as the request. */
void request_header(struct request *r, const char *name, const char *value);

/* Answers with r->out as JSON (an ETag and If-None-Match on GET). 204 has no body. */
void request_reply(struct request *r, int status);
/* 200 with a list of one page that was begun and filled (api/render.h): its end, and nothing more. */
void request_reply_list(struct request *r, struct json_writer *w, int64_t last_id, size_t count, size_t limit);

/* Answers with bytes that outlive the server (assets, documents): `etag` in quotes, or NULL. */
void request_reply_static(struct request *r, int status, const char *type, const void *bytes, size_t len,
                          const char *etag);

/* Answers with r->out as it is. */
void request_reply_text(struct request *r, int status, const char *type);

/*
 * Answers 101 and leaves HTTP: once it is on its way, `upgraded` is given a descriptor of its own for the connection,
 * and the bytes that came early (borrowed). It is not called when the client has gone. `extensions` may be NULL.
 */
void request_reply_upgrade(struct request *r, const char *accept, const char *extensions,
                           void (*upgraded)(struct request *r, int fd, const void *early, size_t early_len));

/* Answers with a problem; r->problem may hold a sentence already, when its err is the same. */
void request_fail(struct request *r, enum err err);

/* problem_set and request_fail. */
void request_refuse(struct request *r, enum err err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Whether a body says that it is JSON, for who reads it otherwise. false: answered. */
bool request_is_json(struct request *r);

/* Reads the body. false: it has been answered. `count` fields. An empty body counts as {}. */
bool request_json(struct request *r, const struct json_field *fields, size_t count, struct json_value *values);

/* The number in segment `index` of the path. false: answered with 404. */
bool request_path_id(struct request *r, size_t index, int64_t *id);

/* ?limit= and ?page=. false: answered. `page` is 0 when not given. */
bool request_page(struct request *r, size_t *limit, int64_t *page);

/* ?team= or the member's own team. false: answered (403 when not a member there, 404 without any team). */
bool request_team(struct request *r, int64_t *team_id);

/* The same without an answer; r->problem says why not. */
enum err request_find_team(struct request *r, int64_t *team_id);

/* Whether the caller is in the team, or an admin and the team exists. false: answered. */
bool request_may_enter(struct request *r, int64_t team_id);

/* Sets X-Poll-Interval for a base in seconds and returns what was told. */
unsigned request_poll_interval(struct request *r, unsigned base_s);

/* Gives the request to somebody else: after this only request_complete (from any thread) brings it back, to `then`. */
void request_suspend(struct request *r, void (*then)(struct request *r));
void request_complete(struct request *r);

/* A step for `then` when a queue was full: 503 with Retry-After. */
void request_answer_busy(struct request *r);

/* Runs `work` on a helper thread, then `then` on the loop's. Answers 503 when the pool's queue is full. */
void request_help(struct request *r, void (*work)(struct request *r), void (*then)(struct request *r));

/* ---- shared answers: rendered once, queued many times ------------------------------------------------------------ */

struct shared_reply;

/* Copies the body. NULL: no memory. Belongs to one loop. */
struct shared_reply *shared_reply_create(const char *body, size_t len);
void shared_reply_free(struct shared_reply *s); /* NULL is fine; answers under way keep what they need */

/* Answers 200 or 304 with one of its variants; returns the told interval. Without a request id. */
unsigned request_reply_shared(struct request *r, struct shared_reply *s, unsigned base_s);

#endif
