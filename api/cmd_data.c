/*
 * migrate, import, export, demo: what concerns the community as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/cmd.h"
#include "api/demo.h"
#include "api/export.h"
#include "api/import.h"
#include "api/password.h"

/* ---- migrate ----------------------------------------------------------------------------------------------------- */

/* Opening the store for writing has done it; here it is told. */
int cmd_migrate(struct operator_context *ctx)
{
    const struct migrate_report *m = ctx->migrated;
    if (m == NULL)
        operator_print(ctx, "The schema is up to date: the running server saw to it when it started.");
    else if (m->pending == 0)
        operator_print(ctx, "The schema is up to date (%d).", m->known);
    else if (m->applied == 0)
        operator_print(ctx, "Made the database with schema %d.", m->known);
    else
        operator_print(ctx, "Brought the schema from %d to %d.", m->applied, m->known);
    return 0;
}

/* ---- import ------------------------------------------------------------------------------------------------------ */

#define PROGRESS_EVERY_MS 100

struct import_job {
    struct job job;
    struct import_options options;
    struct import_counts counts;
    bool tried; /* a dry run came to its end */
    struct operator_context *ctx;
    int64_t started_ms;
    int64_t shown_ms;
};

static enum err import_file(struct job *base, struct tx *tx)
{
    struct import_job *job = (struct import_job *)base;
    enum err err = import_run(tx, &job->options, &job->counts);
    const struct audit_entry entry = {.action = "community.import",
                                      .detail = arena_printf(job->ctx->arena, "%lld new, %lld updated",
                                                             (long long)job->counts.created,
                                                             (long long)job->counts.updated)};
    if (err == ERR_OK)
        err = audit_add(tx, &entry);
    job->tried = err == ERR_OK && job->ctx->options->dry_run;
    return job->tried ? ERR_CONFLICT : err; /* a job that fails leaves nothing behind */
}

static void print_counts(struct operator_context *ctx, const struct import_counts *counts)
{
    operator_print(ctx, "Read %lld records: %lld new, %lld updated, %lld unchanged.%s", (long long)counts->lines,
                   (long long)counts->created, (long long)counts->updated, (long long)counts->unchanged,
                   ctx->options->dry_run ? " This was a dry run: nothing was changed." : "");
}

static bool show_progress(void *arg, int64_t bytes_done, int64_t bytes, int64_t lines)
{
    struct import_job *job = arg;
    struct operator_sink *sink = job->ctx->sink;
    int64_t now_ms = clock_mono_ms(job->ctx->clock);
    if (now_ms - job->shown_ms < PROGRESS_EVERY_MS)
        return true;
    job->shown_ms = now_ms;
    int64_t elapsed_ms = now_ms > job->started_ms ? now_ms - job->started_ms : 1;
    char text[120];
    int percent = (int)(bytes > 0 ? bytes_done * 100 / bytes : 0);
    int len = snprintf(text, sizeof text, "%3d%%  %lld records  %lld/s", percent, (long long)lines,
                       (long long)(lines * 1000 / elapsed_ms));
    return sink->put(sink->arg, OPERATOR_PROGRESS, text, (size_t)len);
}

int cmd_import(struct operator_context *ctx)
{
    struct stat st;
    if (fstat(ctx->input_fd, &st) != 0 || lseek(ctx->input_fd, 0, SEEK_SET) != 0)
        return operator_fail(ctx, "cannot read %.120s: %s", ctx->input_name, strerror(errno));
    struct import_job job = {
        .job.run = import_file,
        .options =
            {
                .fd = ctx->input_fd,
                .name = strcmp(ctx->input_name, "-") == 0 ? "stdin" : ctx->input_name,
                .bytes = st.st_size,
                .progress = show_progress,
            },
        .ctx = ctx,
        .started_ms = clock_mono_ms(ctx->clock),
    };
    job.options.progress_arg = &job;
    job.shown_ms = job.started_ms;
    struct problem problem = {0};
    if (operator_write(ctx, &job.job, &problem) != ERR_OK && !job.tried)
        return operator_fail_with(ctx, &problem);
    print_counts(ctx, &job.counts);
    return 0;
}

/* ---- export ------------------------------------------------------------------------------------------------------ */

static int export_to(struct operator_context *ctx, int fd, const char *name)
{
    int64_t records = 0;
    errno = 0;
    enum err err = export_run(ctx->db, fd, &records);
    if (err != ERR_OK)
        return operator_fail(ctx, "cannot write %.120s: %s", name, errno != 0 ? strerror(errno) : err_sentence(err));
    return 0;
}

/* A regular file is written beside its place and then moved there, so that a half of one never looks like a whole. */
static int export_to_file(struct operator_context *ctx, const char *name)
{
    char path[4096];
    struct stat st;
    bool in_place = stat(name, &st) == 0 && !S_ISREG(st.st_mode); /* a pipe, /dev/null */
    int flags = O_WRONLY | O_CLOEXEC | (in_place ? 0 : O_CREAT | O_EXCL | O_NOFOLLOW);
    int len = snprintf(path, sizeof path, in_place ? "%s" : "%s.partial", name);
    if (len < 0 || (size_t)len >= sizeof path)
        return operator_fail(ctx, "the file's name is too long");
    if (!in_place)
        (void)unlink(path); /* of an export that was killed, or laid there by somebody who would like to read ours */
    int fd = open(path, flags, 0600);
    if (fd < 0)
        return operator_fail(ctx, "cannot write %.120s: %s", path, strerror(errno));
    int status = export_to(ctx, fd, path);
    if (status == 0 && !in_place && (fsync(fd) != 0 || rename(path, name) != 0))
        status = operator_fail(ctx, "cannot write %.120s: %s", name, strerror(errno));
    (void)close(fd);
    if (status != 0 && !in_place)
        (void)unlink(path);
    return status;
}

int cmd_export(struct operator_context *ctx)
{
    const char *name = ctx->options->words[0];
    if (strcmp(name, "-") == 0)
        return export_to(ctx, STDOUT_FILENO, "stdout");
    return export_to_file(ctx, name);
}

/* ---- demo -------------------------------------------------------------------------------------------------------- */

static const char sign_ins[] = "\n"
                               "  sarah                   coach of Morning Walkers\n"
                               "  dave                    coach of Strong Together\n"
                               "  member1 to member20     in Sarah's team\n"
                               "  member21 to member30    in Dave's team\n"
                               "  admin                   looks after everything\n"
                               "\n"
                               "with the password: " DEMO_PASSWORD;

int cmd_demo(struct operator_context *ctx)
{
    char hash[PASSWORD_HASH_BYTES];
    enum demo_state state;
    struct problem problem = {0};
    if (password_hash(DEMO_PASSWORD, strlen(DEMO_PASSWORD), hash) != ERR_OK)
        return operator_fail(ctx, "there is not enough memory to hash a password");
    if (demo_make(ctx, hash, &state, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    switch (state) {
    case DEMO_FOREIGN:
        operator_print(ctx, "This community has members of its own; it was left as it is.");
        return 0;
    case DEMO_THERE:
        operator_print(ctx, "The demo community is there already. Sign in as");
        break;
    case DEMO_MADE:
        operator_print(ctx, "Made the demo community. Sign in as");
        break;
    }
    operator_print(ctx, "%s", sign_ins);
    return 0;
}
