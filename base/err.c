/*
 * The table of errors: HTTP status, slug, title and a sentence that is safe to show. Pure; any thread.
 *
 * Sentences speak to a member, not to a programmer. What really happened is logged by whoever saw it.
 */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

struct err_row {
    int status;
    const char *slug;
    const char *title;
    const char *sentence;
};

static const struct err_row rows[] = {
    [ERR_OK] = {200, "ok", "OK", "Everything is fine."},
    [ERR_MALFORMED] = {400, "malformed", "Not readable", "The request could not be read."},
    [ERR_INVALID] = {400, "invalid", "Not valid", "Something in the request is missing or not valid."},
    [ERR_UNAUTHENTICATED] = {401, "unauthenticated", "Sign in first", "Please sign in."},
    [ERR_FORBIDDEN] = {403, "forbidden", "Not allowed", "You are not allowed to do this."},
    [ERR_MUTED] = {403, "muted", "A pause", "Your coach has asked you for a pause. You can read and like."},
    [ERR_NOT_FOUND] = {404, "not-found", "Not found", "There is nothing at this address."},
    [ERR_METHOD] = {405, "method-not-allowed", "Method not allowed", "This address does not take that method."},
    [ERR_CONFLICT] = {409, "conflict", "Not possible now", "This is not possible in the present state."},
    [ERR_LENGTH_REQUIRED] = {411, "length-required", "Length required",
                             "Send the body with a Content-Length instead of a Transfer-Encoding."},
    [ERR_TOO_LARGE] = {413, "too-large", "Too large", "The body of a request may have 64 KiB at most."},
    [ERR_URI_TOO_LONG] = {414, "uri-too-long", "Address too long", "The address may have 2,048 bytes at most."},
    [ERR_MEDIA_TYPE] = {415, "media-type", "Not JSON", "Send the body as application/json."},
    [ERR_KEY_REUSED] = {422, "key-reused", "Key used before",
                        "This Idempotency-Key was used before with another request."},
    [ERR_UPGRADE_REQUIRED] = {426, "upgrade-required", "WebSocket only",
                              "This address takes WebSocket connections only, of version 13."},
    [ERR_RATE_LIMITED] = {429, "rate-limited", "Too many requests", "That was too fast. Please wait a moment."},
    [ERR_TIMEOUT] = {408, "timeout", "Too slow", "The request did not arrive in time."},
    [ERR_INTERNAL] = {500, "internal", "Our fault", "Something went wrong on our side. Please try again."},
    [ERR_NO_MEMORY] = {503, "busy", "Busy", "The server is busy. Please try again in a moment."},
    [ERR_BUSY] = {503, "busy", "Busy", "The server is busy. Please try again in a moment."},
    [ERR_STORAGE] = {503, "storage", "Cannot save now",
                     "Nothing can be saved at the moment. Please try again in a few minutes."},
    [ERR_SCHEMA] = {500, "schema", "Wrong database", "The database belongs to another version of this program."},
};

static_assert(sizeof rows / sizeof rows[0] == ERR_COUNT_, "every error needs its row");

static const struct err_row *row_of(enum err err)
{
    assert((unsigned)err < ERR_COUNT_);
    return &rows[err];
}

int err_status(enum err err)
{
    return row_of(err)->status;
}

const char *err_slug(enum err err)
{
    return row_of(err)->slug;
}

const char *err_title(enum err err)
{
    return row_of(err)->title;
}

const char *err_sentence(enum err err)
{
    return row_of(err)->sentence;
}

enum err problem_set(struct problem *p, enum err err, const char *format, ...)
{
    if (p == NULL)
        return err;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(p->detail, sizeof p->detail, format, args);
    va_end(args);
    p->err = err;
    return err;
}

const char *problem_detail(const struct problem *p)
{
    return p->detail[0] != '\0' ? p->detail : err_sentence(p->err);
}
