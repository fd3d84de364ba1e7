/*
 * What every command does alike: say something, fail, write, find a member. See operator.h.
 */
#include "api/operator.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES_MAX 16384 /* the longest line is a token or a link; room for a page of text */

static void put_line(struct operator_context *ctx, enum operator_stream stream, const char *prefix, const char *format,
                     va_list args)
{
    char line[LINE_BYTES_MAX];
    int head = snprintf(line, sizeof line, "%s", prefix);
    int len = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
    size_t used = (size_t)head + (len < 0 ? 0 : (size_t)len);
    if (used > sizeof line - 2)
        used = sizeof line - 2;
    line[used++] = '\n';
    (void)ctx->sink->put(ctx->sink->arg, stream, line, used);
}

void operator_print(struct operator_context *ctx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_line(ctx, OPERATOR_OUT, "", format, args);
    va_end(args);
}

int operator_fail(struct operator_context *ctx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_line(ctx, OPERATOR_ERROR, "porchlight: ", format, args);
    va_end(args);
    return 1;
}

int operator_misused(struct operator_context *ctx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_line(ctx, OPERATOR_ERROR, "porchlight: ", format, args);
    va_end(args);
    return 2;
}

int operator_fail_with(struct operator_context *ctx, const struct problem *problem)
{
    return operator_fail(ctx, "%s", problem_detail(problem));
}

enum err operator_write(struct operator_context *ctx, struct job *job, struct problem *problem)
{
    enum err err = ctx->write(ctx->write_arg, job, problem);
    problem->err = err;
    return err;
}

enum err operator_write_rooms(struct operator_context *ctx, struct job *job, struct problem *problem)
{
    enum err err = ctx->write_rooms(ctx->write_rooms_arg, job, problem);
    problem->err = err;
    return err;
}

struct record_job {
    struct job job;
    const struct audit_entry *entry;
};

static enum err record(struct job *base, struct tx *tx)
{
    return audit_add(tx, ((struct record_job *)base)->entry);
}

enum err operator_record(struct operator_context *ctx, const struct audit_entry *entry, struct problem *problem)
{
    struct record_job job = {.job.run = record, .entry = entry};
    return operator_write(ctx, &job.job, problem);
}

bool operator_find_user(struct operator_context *ctx, const char *username, struct user *out)
{
    enum err err = users_by_username(ctx->db, ctx->arena, username, out);
    if (err == ERR_OK)
        err = users_is_here(ctx->db, out->id);
    if (err == ERR_OK)
        return true;
    if (err == ERR_NOT_FOUND || err == ERR_UNAUTHENTICATED)
        (void)operator_fail(ctx, "there is no member with the user name \"%.80s\"", username);
    else
        (void)operator_fail(ctx, "%s", err_sentence(err));
    return false;
}
