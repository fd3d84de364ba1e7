/*
 * What can go wrong, once for the whole program.
 *
 * Functions return `enum err`; 0 is success. base/err.c holds one table that maps each value to an HTTP status,
 * a problem slug (RFC 9457) and a sentence that is safe to show to a member. Any thread; no state.
 */
#ifndef PORCHLIGHT_BASE_ERR_H
#define PORCHLIGHT_BASE_ERR_H

#include <stddef.h>

enum err {
    ERR_OK = 0,
    ERR_MALFORMED,       /* bytes that are not what their format says: JSON, a cursor, a query */
    ERR_INVALID,         /* well formed, but a value is missing, of the wrong type, too long or unknown */
    ERR_UNAUTHENTICATED, /* no credentials, or none that hold */
    ERR_FORBIDDEN,       /* signed in, but not allowed */
    ERR_MUTED,           /* signed in, but asked by a coach not to write for a while */
    ERR_NOT_FOUND,
    ERR_METHOD,          /* the resource exists, the method does not */
    ERR_CONFLICT,        /* the state does not allow it: a name is taken, a limit of a team is reached */
    ERR_LENGTH_REQUIRED, /* Transfer-Encoding is refused: RFC 9112, section 6.1 */
    ERR_TOO_LARGE,       /* the body is over its limit */
    ERR_URI_TOO_LONG,
    ERR_MEDIA_TYPE,       /* a body that is not application/json */
    ERR_KEY_REUSED,       /* an Idempotency-Key came back with another request */
    ERR_UPGRADE_REQUIRED, /* an address of sockets, and no handshake that can be answered (RFC 6455, section 4.2) */
    ERR_RATE_LIMITED,
    ERR_TIMEOUT,  /* the request did not arrive in time */
    ERR_INTERNAL, /* a fault of ours; the cause is in the log */
    ERR_NO_MEMORY,
    ERR_BUSY,    /* a bounded queue is full; trying again helps */
    ERR_STORAGE, /* the disk is full, read-only or failing: reads go on, writes come back by themselves */
    ERR_SCHEMA,  /* the database is newer than this program, or was altered */
    ERR_COUNT_
};

/* HTTP status code for `err` (200 for ERR_OK). */
int err_status(enum err err);

/* Stable, lower-case name such as "not-found": the last part of a problem's type, and a log field. Static storage. */
const char *err_slug(enum err err);

/* Short title such as "Not found". Static storage. */
const char *err_title(enum err err);

/* A sentence a member may read. Static storage. */
const char *err_sentence(enum err err);

/* An error on its way to whoever asked: what, one safe sentence of detail, and when to try again. */
struct problem {
    enum err err;
    int retry_after_s; /* 0: say nothing about it */
    char detail[240];  /* empty: the table's sentence is used */
};

/* Sets both and returns `err`, so that a check reads `return problem_set(p, ERR_INVALID, "...")`. `p` may be NULL. */
enum err problem_set(struct problem *p, enum err err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The detail, or the table's sentence when there is none. Lives as long as `p`. */
const char *problem_detail(const struct problem *p);

#endif
