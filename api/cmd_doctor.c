/*
 * doctor: looks for damage, and repairs it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/backups.h"
#include "api/cmd.h"
#include "api/restore.h"
#include "db/doctor.h"

#define STATUS_WRONG 3 /* something is, and was not repaired */

struct round {
    struct operator_context *ctx;
    bool repairs;
    size_t lost; /* findings that nothing here can repair */
};

static void tell(void *arg, const struct doctor_finding *f)
{
    struct round *r = arg;
    const char *verb = r->repairs ? "Repaired" : "To repair it";
    if (f->repair == NULL) {
        r->lost++;
        operator_print(r->ctx, "%s: %s (%s). Only a backup helps: `porchlight restore FILE`.", f->name, f->what,
                       f->example);
    } else if (f->count > 1) {
        operator_print(r->ctx, "%s: %lld %s (%s, for one). %s: %s.", f->name, (long long)f->count, f->what, f->example,
                       verb, f->repair);
    } else {
        operator_print(r->ctx, "%s: 1 of %s (%s). %s: %s.", f->name, f->what, f->example, verb, f->repair);
    }
}

/* Both files on one connection. */
static enum err open_both(struct operator_context *ctx, bool read_only, struct db **out, struct problem *problem)
{
    const char *data = ctx->options->data;
    char path[STORE_PATH_BYTES];
    char rooms[STORE_PATH_BYTES];
    const struct db_options options = {.path = path, .read_only = read_only};
    *out = NULL;
    if (store_path(data, STORE_DATABASE, path) != ERR_OK || store_path(data, STORE_ROOMS, rooms) != ERR_OK)
        return problem_set(problem, ERR_INVALID, "the name of the data directory is too long");
    if (access(rooms, F_OK) != 0)
        return problem_set(problem, ERR_NOT_FOUND, "%.120s is not there; `porchlight migrate` makes it anew", rooms);
    if (restore_is_cut_off(data))
        return problem_set(problem, ERR_CONFLICT, "a restore was cut off; `porchlight migrate` ends it");
    enum err err = db_open(&options, out);
    if (err == ERR_OK)
        err = doctor_join_rooms(*out, rooms);
    return err == ERR_OK ? err
                         : problem_set(problem, err, "the databases in %.120s cannot be opened: %s", data,
                                       err == ERR_STORAGE ? "one of them is no database any more; restore a backup"
                                                          : err_slug(err));
}

/* The checks are written for this program's tables. */
static enum err check_schemas(struct operator_context *ctx, struct problem *problem)
{
    static const struct migration *const sets[] = {migrations_community, migrations_rooms};
    static const enum store_file files[] = {STORE_DATABASE, STORE_ROOMS};
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < 2; i++) {
        char path[STORE_PATH_BYTES];
        const struct db_options options = {.path = path, .read_only = true};
        struct db *db = NULL;
        struct migrate_report report;
        (void)store_path(ctx->options->data, files[i], path);
        if (db_open(&options, &db) != ERR_OK)
            continue; /* looking at its pages says why */
        err = migrate_check(db, sets[i], &report, problem);
        db_close(db);
        if (err == ERR_STORAGE)
            err = ERR_OK; /* likewise */
        else if (err == ERR_OK && report.pending > 0)
            err = problem_set(problem, ERR_SCHEMA, "the schema is older than this program; run `porchlight migrate`");
    }
    return err;
}

/* Before a repair: what it repairs it tells itself. */
static void tell_lost(void *arg, const struct doctor_finding *f)
{
    if (f->repair == NULL)
        tell(arg, f);
}

static enum err look(struct operator_context *ctx, struct round *round, size_t *found, struct problem *problem)
{
    struct db *db = NULL;
    enum err err = open_both(ctx, true, &db, problem);
    if (err == ERR_OK)
        err = db_begin(db);
    if (err == ERR_OK) {
        err = doctor_examine(db, round->repairs ? tell_lost : tell, round, found);
        db_rollback(db);
    }
    if (err != ERR_OK && problem->detail[0] == '\0')
        (void)problem_set(problem, err, "the databases cannot be read to their end: %s", err_slug(err));
    db_close(db);
    return err;
}

static enum err save_before(struct operator_context *ctx, struct problem *problem)
{
    const struct backups_options options = {
        .store = {.data = ctx->options->data, .clock = ctx->clock},
        .to = ctx->options->backup_to,
        .keep = ctx->options->backup_keep,
        .damaged = true,
    };
    const struct backup_watch nobody = {0};
    struct problem why = {0};
    struct backups_made *made = arena_zalloc(ctx->arena, sizeof *made);
    enum err err = made == NULL ? ERR_NO_MEMORY : backups_make(&options, -1, &nobody, made, &why);
    if (err != ERR_OK)
        return problem_set(problem, err, "nothing was repaired, since no backup could be made: %.150s",
                           problem_detail(&why));
    operator_print(ctx, "A backup from before: %s", made->path);
    return ERR_OK;
}

static enum err mend(struct operator_context *ctx, struct round *round, size_t *left, struct problem *problem)
{
    struct db *db = NULL;
    enum err err = save_before(ctx, problem);
    if (err == ERR_OK)
        err = open_both(ctx, false, &db, problem);
    if (err == ERR_OK) {
        err = doctor_repair(db, clock_wall_ms(ctx->clock), tell, round, left);
        if (err != ERR_OK)
            (void)problem_set(problem, err, "the repair failed and nothing of it was kept: %s", err_sentence(err));
    }
    db_close(db);
    return err;
}

static int repair(struct operator_context *ctx, struct round *round)
{
    struct problem problem = {0};
    size_t left = 0;
    if (mend(ctx, round, &left, &problem) != ERR_OK)
        return operator_fail_with(ctx, &problem);
    if (left > 0) {
        operator_print(ctx, "%zu %s left.", left, left == 1 ? "fault is" : "faults are");
        return STATUS_WRONG;
    }
    operator_print(ctx, "Everything is repaired.");
    return 0;
}

static int say_sum(struct operator_context *ctx, const struct round *round, size_t found)
{
    if (found == 0) {
        operator_print(ctx, "Nothing is wrong.");
        return 0;
    }
    if (round->lost == 0)
        operator_print(ctx, "%zu %s wrong. `porchlight doctor --repair` repairs it, after a backup.", found,
                       found == 1 ? "thing is" : "things are");
    return STATUS_WRONG;
}

int cmd_doctor(struct operator_context *ctx)
{
    struct round round = {.ctx = ctx, .repairs = ctx->options->repair};
    struct problem problem = {0};
    size_t found = 0;
    if (round.repairs && ctx->lock_fd < 0)
        return operator_fail(ctx, "%s: stop it first, then repair", ctx->lock_holder);
    enum err err = check_schemas(ctx, &problem);
    if (err == ERR_OK)
        err = look(ctx, &round, &found, &problem);
    if (err != ERR_OK)
        return operator_fail_with(ctx, &problem);
    return round.repairs && found > 0 && round.lost == 0 ? repair(ctx, &round) : say_sum(ctx, &round, found);
}
