/*
 * flag, reload, settle and clock: what a running server is told.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/cmd.h"
#include "api/handover.h"
#include "api/suggest.h"
#include "api/supervisor.h"
#include "db/access.h"
#include "db/audit.h"

/* ---- flag -------------------------------------------------------------------------------------------------------- */

static const char *const flag_names[] = {"realtime"};

struct flag_job {
    struct job job;
    const char *name;
    bool value;
};

static enum err set_flag(struct job *base, struct tx *tx)
{
    struct flag_job *job = (struct flag_job *)base;
    enum err err = access_flag_set(tx, job->name, job->value);
    const struct audit_entry entry = {.action = "flag.set", .detail = job->value ? "realtime on" : "realtime off"};
    return err == ERR_OK ? audit_add(tx, &entry) : err;
}

static int unknown_flag(struct operator_context *ctx, const char *name)
{
    struct suggestion s = {.typed = name};
    for (size_t i = 0; i < sizeof flag_names / sizeof flag_names[0]; i++)
        suggest_offer(&s, flag_names[i]);
    if (s.best != NULL)
        return operator_fail(ctx, "there is no flag \"%.60s\"; did you mean %s?", name, s.best);
    return operator_fail(ctx, "there is no flag \"%.60s\"; `porchlight flag` lists them", name);
}

static int list_flags(struct operator_context *ctx)
{
    for (size_t i = 0; i < sizeof flag_names / sizeof flag_names[0]; i++) {
        bool value = false;
        enum err err = access_flag(ctx->db, flag_names[i], &value);
        if (err != ERR_OK)
            return operator_fail(ctx, "%s", err_sentence(err));
        operator_print(ctx, "%s %s", flag_names[i], value ? "on" : "off");
    }
    return 0;
}

int cmd_flag(struct operator_context *ctx)
{
    const struct options *o = ctx->options;
    if (o->words_count == 0)
        return list_flags(ctx);
    bool before = false;
    enum err err = access_flag(ctx->db, o->words[0], &before);
    if (err == ERR_NOT_FOUND)
        return unknown_flag(ctx, o->words[0]);
    if (err != ERR_OK)
        return operator_fail(ctx, "%s", err_sentence(err));
    if (o->words_count == 1) {
        operator_print(ctx, "%s", before ? "on" : "off");
        return 0;
    }
    bool value = strcmp(o->words[1], "on") == 0;
    if (!value && strcmp(o->words[1], "off") != 0)
        return operator_misused(ctx, "a flag is on or off, not \"%.60s\"", o->words[1]);
    if (value && !ctx->realtime_available && strcmp(o->words[0], "realtime") == 0)
        return operator_fail(ctx, "this build has no realtime module");
    struct flag_job job = {.job.run = set_flag, .name = o->words[0], .value = value};
    struct problem problem = {0};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    operator_print(ctx, "%s is %s%s.", o->words[0], before == value ? "already " : "now ", value ? "on" : "off");
    return 0;
}

/* ---- reload ------------------------------------------------------------------------------------------------------ */

int cmd_reload(struct operator_context *ctx)
{
    struct problem problem = {0};
    if (ctx->image == NULL)
        return operator_fail(ctx, "no server runs on %s", ctx->options->data);
    if (handover_check(ctx->image, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    supervisor_tell_reloading();      /* before who asked may think that it is over */
    if (kill(getpid(), SIGUSR2) != 0) /* for the main thread, which waits for signals */
        return operator_fail(ctx, "the server cannot be told");
    operator_print(ctx, "%s takes over.", ctx->image);
    return 0;
}

/* ---- settle ------------------------------------------------------------------------------------------------------ */

int cmd_settle(struct operator_context *ctx)
{
    enum err err = ctx->likes == NULL ? ERR_OK : likes_flush(ctx->likes);
    return err == ERR_OK ? 0 : operator_fail(ctx, "%s", err_sentence(err));
}

/* ---- load -------------------------------------------------------------------------------------------------------- */

int cmd_load(struct operator_context *ctx)
{
    const char *word = ctx->options->words[0];
    if (strlen(word) > 6 || word[strspn(word, "0123456789")] != '\0')
        return operator_misused(ctx, "\"%.60s\" is no number of jobs", word);
    if (ctx->test_clock == NULL || ctx->shed == NULL)
        return operator_fail(ctx, "no server with --test-clock on runs here");
    atomic_store(&ctx->shed->pretended_queue, strtol(word, NULL, 10));
    return 0;
}

/* ---- clock ------------------------------------------------------------------------------------------------------- */

int cmd_clock(struct operator_context *ctx)
{
    const struct options *o = ctx->options;
    const char *how = o->words[0];
    int64_t ms;
    if (strcmp(how, "advance") != 0 && strcmp(how, "back") != 0 && strcmp(how, "forth") != 0)
        return operator_misused(ctx, "clock can advance, or be set back or forth, not \"%.60s\"", how);
    if (!clock_parse_duration(o->words[1], &ms))
        return operator_misused(ctx, "\"%.60s\" is not a duration such as 90s", o->words[1]);
    if (ctx->test_clock == NULL)
        return operator_fail(ctx, "no server with --test-clock on runs here");
    if (strcmp(how, "advance") == 0)
        clock_advance(ctx->test_clock, ms);
    else
        clock_set_wall(ctx->test_clock, strcmp(how, "back") == 0 ? -ms : ms);
    char now[CLOCK_TEXT_BYTES];
    clock_format(clock_wall_ms(ctx->test_clock), now);
    operator_print(ctx, "%s", now);
    return 0;
}
