/*
 * backup, backups and restore: the community as one file, and back.
 */
#include <stdio.h>
#include <string.h>

#include "api/backups.h"
#include "api/cmd.h"
#include "api/restore.h"

#define KIBIBYTE 1024
#define PROGRESS_EVERY_MS 100

struct watching {
    struct operator_context *ctx;
    int64_t shown_ms;
};

static bool show(void *arg, const char *doing, int percent)
{
    struct watching *w = arg;
    const struct clock real = {0};
    char text[80];
    int64_t now_ms = clock_mono_ms(&real);
    if (now_ms - w->shown_ms < PROGRESS_EVERY_MS)
        return true;
    w->shown_ms = now_ms;
    int len = snprintf(text, sizeof text, "%3d%%  %s", percent, doing);
    return w->ctx->sink->put(w->ctx->sink->arg, OPERATOR_PROGRESS, text, (size_t)len);
}

static void describe(struct operator_context *ctx, const char *what, const struct backup_facts *facts)
{
    char made[CLOCK_TEXT_BYTES];
    const struct census *c = &facts->members[BACKUP_COMMUNITY].census;
    clock_format(facts->made_ms, made);
    operator_print(ctx, "%s %s, made by porchlight %s:"
                        " %lld members, %lld teams, %lld posts, %lld likes, %lld messages.",
                   what, made, facts->version, (long long)census_rows(c, "users"), (long long)census_rows(c, "teams"),
                   (long long)census_rows(c, "posts"), (long long)census_rows(c, "likes"),
                   (long long)census_rows(c, "messages"));
}

/* ---- backup ------------------------------------------------------------------------------------------------------ */

static enum err make_here(struct operator_context *ctx, const struct backup_watch *watch, struct backups_made *made,
                          struct problem *problem)
{
    const struct backups_options options = {
        .store = {.data = ctx->options->data, .clock = ctx->clock},
        .to = ctx->options->backup_to,
        .keep = ctx->options->backup_keep,
    };
    if (ctx->lock_fd < 0)
        return problem_set(problem, ERR_CONFLICT, "%s", ctx->lock_holder);
    enum err err = restore_is_cut_off(options.store.data)
                       ? problem_set(problem, ERR_CONFLICT, "a restore was cut off; `porchlight migrate` ends it")
                       : ERR_OK;
    return err == ERR_OK ? backups_make(&options, ctx->input_fd, watch, made, problem) : err;
}

struct own_file {
    struct db *db;
    const struct clock *clock;
};

static enum err write_once(void *arg, struct job *job, struct problem *problem)
{
    const struct own_file *file = arg;
    return writer_once(file->db, file->clock, job, problem);
}

/* Without a server the command has only the lock. */
static enum err record_here(struct operator_context *ctx, const struct audit_entry *entry, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    const struct db_options options = {.path = path};
    struct own_file file = {.clock = ctx->clock};
    struct operator_context here = *ctx;
    enum err err = store_path(ctx->options->data, STORE_DATABASE, path);
    if (err == ERR_OK)
        err = db_open(&options, &file.db);
    here.write = write_once;
    here.write_arg = &file;
    if (err == ERR_OK)
        err = operator_record(&here, entry, problem);
    db_close(file.db);
    return err;
}

/* A backup counts also when nothing can be written any more: that may be why it was made. */
static void record(struct operator_context *ctx)
{
    struct problem problem = {0};
    const struct audit_entry entry = {.action = "backup.make"};
    enum err err = ctx->backups != NULL ? operator_record(ctx, &entry, &problem) : record_here(ctx, &entry, &problem);
    if (err != ERR_OK)
        operator_print(ctx, "The audit log could not be written; the backup is good all the same.");
}

int cmd_backup(struct operator_context *ctx)
{
    struct watching watching = {.ctx = ctx};
    const struct backup_watch watch = {.progress = show, .arg = &watching};
    struct backups_made *made = arena_zalloc(ctx->arena, sizeof *made);
    struct problem problem = {0};
    if (made == NULL)
        return operator_fail(ctx, "there is not enough memory");
    enum err err = ctx->backups != NULL ? backups_ask(ctx->backups, ctx->input_fd, &watch, made, &problem)
                                        : make_here(ctx, &watch, made, &problem);
    if (err != ERR_OK)
        return operator_fail(ctx, "no backup was made: %s", problem_detail(&problem));
    operator_print(ctx, "%s", ctx->input_fd >= 0 ? ctx->input_name : made->path);
    describe(ctx, "Backup of", &made->facts);
    record(ctx);
    operator_print(ctx, "%lld KiB, checked, in %lld ms.", (long long)made->bytes / KIBIBYTE, (long long)made->took_ms);
    return 0;
}

static void print_plan(struct operator_context *ctx)
{
    struct backups_view view;
    char next[CLOCK_TEXT_BYTES];
    if (ctx->backups == NULL) {
        operator_print(ctx, "No server runs here: none will be made by itself.");
        return;
    }
    backups_look(ctx->backups, &view);
    clock_format(view.next_ms, next);
    if (view.problem.err != ERR_OK)
        operator_print(ctx, "The last one was not made: %s.", problem_detail(&view.problem));
    if (view.making)
        operator_print(ctx, "One is being made now.");
    if (view.every_s == 0)
        operator_print(ctx, "None is scheduled: `serve --backup-every 1d` makes one each day.");
    else
        operator_print(ctx, "The next is made at %s; the newest %lld are kept.", next, (long long)view.keep);
}

int cmd_backups(struct operator_context *ctx)
{
    const struct backups_options here = {
        .store = {.data = ctx->options->data, .clock = ctx->clock},
        .to = ctx->options->backup_to,
    };
    int status = cmd_list_backups(ctx, ctx->backups != NULL ? backups_given(ctx->backups) : &here);
    if (status == 0 && !ctx->options->json)
        print_plan(ctx);
    return status;
}

/* ---- restore ----------------------------------------------------------------------------------------------------- */

int cmd_restore(struct operator_context *ctx)
{
    const char *data = ctx->options->data;
    char aside[RESTORE_ASIDE_BYTES];
    struct watching watching = {.ctx = ctx};
    struct backup_facts *facts = arena_zalloc(ctx->arena, sizeof *facts);
    struct problem problem = {0};
    if (facts == NULL)
        return operator_fail(ctx, "there is not enough memory");
    if (ctx->lock_fd < 0)
        return operator_fail(ctx, "%s: stop it first, then restore", ctx->lock_holder);
    const struct restore_options options = {
        .data = data,
        .fd = ctx->input_fd,
        .name = strcmp(ctx->input_name, "-") == 0 ? "stdin" : ctx->input_name,
        .only_check = ctx->options->dry_run,
        .clock = ctx->clock,
        .watch = {.progress = show, .arg = &watching},
    };
    if (restore_run(&options, facts, aside, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    describe(ctx, ctx->options->dry_run ? "It is whole: a backup of" : "Restored the backup of", facts);
    if (ctx->options->dry_run)
        operator_print(ctx, "This was a dry run: nothing was changed.");
    else if (aside[0] != '\0')
        operator_print(ctx, "What was there before is in %s/%s; remove it when you need it no more.", data, aside);
    return 0;
}
