/* Restoring. See restore.h. */
#include "api/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/departed.h"
#include "api/store.h"
#include "db/audit.h"
#include "db/farewell.h"
#include "db/history.h"
#include "db/migrate.h"
#include "db/writer.h"

#define WORK "restoring.partial"
#define READY "restoring"
#define ASIDE "aside" /* in READY: the name of the folder for what was there before */

static enum err cannot(const char *what, const char *path, struct problem *problem)
{
    return problem_set(problem, ERR_STORAGE, "cannot %s %.120s: %s", what, path, strerror(errno));
}

static enum err join(char out[static STORE_PATH_BYTES], const char *folder, const char *name, const char *end,
                     struct problem *problem)
{
    if (snprintf(out, STORE_PATH_BYTES, "%s/%s%s", folder, name, end) < STORE_PATH_BYTES)
        return ERR_OK;
    return problem_set(problem, ERR_INVALID, "the name of the data directory is too long");
}

/* What a rename did stays after a power cut. */
static enum err sync_folder(const char *path, struct problem *problem)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err err = fd >= 0 && fsync(fd) == 0 ? ERR_OK : cannot("save", path, problem);
    if (fd >= 0)
        (void)close(fd);
    return err;
}

static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
#define ENDS (sizeof ends / sizeof ends[0])

static void remove_work(const char *work)
{
    char path[STORE_PATH_BYTES];
    struct problem unused;
    for (int i = 0; i < BACKUP_MEMBERS; i++)
        for (size_t e = 0; e < ENDS; e++)
            if (join(path, work, backup_member_names[i], ends[e], &unused) == ERR_OK)
                (void)unlink(path);
    if (join(path, work, ASIDE, "", &unused) == ERR_OK)
        (void)unlink(path);
    (void)rmdir(work);
}

/* ---- the first half ---------------------------------------------------------------------------------------------- */

static const struct migration *const schemas[BACKUP_MEMBERS] = {migrations_community, migrations_rooms};

/* Whether this program can work with it. */
static enum err check_schema(const char *path, const struct migration *set, const struct log *log,
                             struct problem *problem)
{
    const struct db_options options = {.path = path, .read_only = true, .log = log};
    struct db *db = NULL;
    struct migrate_report report;
    enum err err = db_open(&options, &db);
    if (err != ERR_OK)
        return problem_set(problem, err, "%.120s cannot be opened", path);
    err = migrate_check(db, set, &report, problem);
    if (err == ERR_OK && report.applied == 0)
        err = problem_set(problem, ERR_MALFORMED, "a database in the backup is empty");
    db_close(db);
    return err;
}

static enum err check_members(const char *work, const struct backup_facts *facts, const struct restore_options *o,
                              struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++) {
        err = join(path, work, backup_member_names[i], "", problem);
        if (err == ERR_OK)
            err = check_schema(path, schemas[i], o->log, problem);
        if (err == ERR_OK)
            err = backup_check(path, &facts->members[i].census, &o->watch, o->log, problem);
    }
    return err;
}

struct renewal {
    struct job job; /* first */
    const char *data;
    struct db *present;
    int64_t made_ms;
    size_t departed; /* how many left once more */
};

static enum err renew(struct job *job, struct tx *tx)
{
    struct renewal *r = (struct renewal *)job;
    char made[CLOCK_TEXT_BYTES];
    clock_format(r->made_ms, made);
    const struct audit_entry entry = {.action = "backup.restore", .detail = made};
    enum err err = history_renew(tx);
    if (err == ERR_OK)
        err = audit_add(tx, &entry);
    /* What is there may be too damaged to be read: then there is nothing to learn from it. */
    if (err == ERR_OK && r->present != NULL)
        (void)history_skip_ids(tx, r->present);
    return err == ERR_OK ? departed_apply(r->data, tx, &r->departed) : err;
}

struct both {
    struct db *dbs[BACKUP_MEMBERS];
    const struct clock *clock;
};

static enum err write_main(void *arg, struct job *job)
{
    const struct both *both = arg;
    return writer_once(both->dbs[BACKUP_COMMUNITY], both->clock, job, NULL);
}

static enum err write_rooms(void *arg, struct job *job)
{
    const struct both *both = arg;
    return writer_once(both->dbs[BACKUP_ROOMS], both->clock, job, NULL);
}

/* Whoever left since the backup was made: what they wrote is gone before the backup counts. */
static enum err finish_farewells(struct both *both)
{
    struct db *db = both->dbs[BACKUP_COMMUNITY];
    const struct farewell_writers writers = {.main = write_main, .rooms = write_rooms, .arg = both, .reads = db};
    int64_t user_id = 0;
    enum err err = farewell_next(db, &user_id);
    while (err == ERR_OK && user_id != 0) {
        err = farewell_finish(&writers, user_id);
        if (err == ERR_OK)
            err = farewell_next(db, &user_id);
    }
    return err;
}

static enum err renew_history(struct both *both, const struct restore_options *o, int64_t made_ms,
                              struct problem *problem)
{
    char present[STORE_PATH_BYTES];
    struct renewal r = {.job = {.run = renew}, .data = o->data, .made_ms = made_ms};
    enum err err = join(present, o->data, backup_member_names[BACKUP_COMMUNITY], "", problem);
    if (err != ERR_OK)
        return err;
    const struct db_options beside = {.path = present, .read_only = true};
    if (access(present, F_OK) == 0 && db_open(&beside, &r.present) != ERR_OK)
        r.present = NULL;
    if (r.present != NULL) { /* it may know of some that the file does not, or be too damaged to be asked */
        struct problem unused;
        (void)departed_save(o->data, r.present, &unused);
    }
    err = writer_once(both->dbs[BACKUP_COMMUNITY], o->clock, &r.job, problem);
    db_close(r.present);
    if (err == ERR_OK && r.departed > 0)
        err = finish_farewells(both);
    if (err != ERR_OK && problem->detail[0] == '\0')
        (void)problem_set(problem, err, "the backup cannot be given its new epoch; is the disk full?");
    return err;
}

static enum err sync_file(const char *path, struct problem *problem)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum err err = fd >= 0 && fsync(fd) == 0 ? ERR_OK : cannot("save", path, problem);
    if (fd >= 0)
        (void)close(fd);
    return err;
}

/* What is written into both files before they take their place. */
static enum err renew_files(const char *work, const struct restore_options *o, int64_t made_ms, struct problem *problem)
{
    char paths[BACKUP_MEMBERS][STORE_PATH_BYTES];
    struct both both = {.clock = o->clock};
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++) {
        const struct db_options options = {.path = paths[i], .log = o->log};
        struct migrate_report report;
        err = join(paths[i], work, backup_member_names[i], "", problem);
        if (err == ERR_OK && (err = db_open(&options, &both.dbs[i])) != ERR_OK)
            (void)problem_set(problem, err, "%.120s cannot be opened", paths[i]);
        if (err == ERR_OK) /* what is written needs the tables of today */
            err = migrate_run(both.dbs[i], schemas[i], o->clock, &report, problem);
    }
    if (err == ERR_OK)
        err = renew_history(&both, o, made_ms, problem);
    for (int i = 0; i < BACKUP_MEMBERS; i++)
        db_close(both.dbs[i]); /* the last one: what the log has goes into the file */
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++)
        err = sync_file(paths[i], problem);
    return err;
}

static enum err name_aside(const char *work, const struct clock *clock, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    char stamp[STORE_STAMP_BYTES];
    char name[RESTORE_ASIDE_BYTES];
    store_stamp(clock_wall_ms(clock), stamp);
    int len = snprintf(name, sizeof name, "before-restore-%s", stamp);
    enum err err = join(path, work, ASIDE, "", problem);
    if (err != ERR_OK)
        return err;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, name, (size_t)len) != len || fsync(fd) != 0)
        err = cannot("write", path, problem);
    if (fd >= 0)
        (void)close(fd);
    return err;
}

static enum err make_ready(const char *work, const struct restore_options *o, int64_t made_ms, struct problem *problem)
{
    char ready[STORE_PATH_BYTES];
    enum err err = renew_files(work, o, made_ms, problem);
    if (err == ERR_OK)
        err = name_aside(work, o->clock, problem);
    if (err == ERR_OK)
        err = sync_folder(work, problem);
    if (err == ERR_OK)
        err = join(ready, o->data, READY, "", problem);
    if (err == ERR_OK && rename(work, ready) != 0)
        err = cannot("make", ready, problem);
    return err == ERR_OK ? sync_folder(o->data, problem) : err;
}

enum err restore_run(const struct restore_options *o, struct backup_facts *facts,
                     char aside[static RESTORE_ASIDE_BYTES], struct problem *problem)
{
    char work[STORE_PATH_BYTES];
    aside[0] = '\0';
    enum err err = restore_finish(o->data, aside, problem); /* of one before, so that nothing of it is lost */
    if (err == ERR_OK)
        err = join(work, o->data, WORK, "", problem);
    if (err != ERR_OK)
        return err;
    remove_work(work);
    if (mkdir(work, 0700) != 0)
        return cannot("make", work, problem);
    err = backup_read(o->fd, o->name, work, &o->watch, facts, problem);
    if (err == ERR_OK)
        err = check_members(work, facts, o, problem);
    if (err == ERR_OK && !o->only_check)
        err = make_ready(work, o, facts->made_ms, problem);
    if (err != ERR_OK || o->only_check)
        remove_work(work);
    return err != ERR_OK || o->only_check ? err : restore_finish(o->data, aside, problem);
}

/* ---- the second half --------------------------------------------------------------------------------------------- */

bool restore_is_cut_off(const char *data)
{
    char ready[STORE_PATH_BYTES];
    struct problem unused;
    return join(ready, data, READY, "", &unused) == ERR_OK && access(ready, F_OK) == 0;
}

static enum err read_aside(const char *ready, char aside[static RESTORE_ASIDE_BYTES], struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    enum err err = join(path, ready, ASIDE, "", problem);
    if (err != ERR_OK)
        return err;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, aside, RESTORE_ASIDE_BYTES - 1) : -1;
    if (fd >= 0)
        (void)close(fd);
    if (len <= 0)
        return cannot("read", path, problem);
    aside[len] = '\0';
    return strchr(aside, '/') == NULL ? ERR_OK : problem_set(problem, ERR_INVALID, "%.120s is not of ours", path);
}

/* The old file and what belongs to it, and then the new one: never a new file beside an old one's log. */
static enum err move_member(const char *data, const char *ready, const char *old, const char *name,
                            struct problem *problem)
{
    char from[STORE_PATH_BYTES];
    char to[STORE_PATH_BYTES];
    enum err err = join(from, ready, name, "", problem);
    if (err != ERR_OK || access(from, F_OK) != 0)
        return err; /* moved already */
    for (size_t e = 0; err == ERR_OK && e < ENDS; e++) {
        err = join(from, data, name, ends[e], problem);
        if (err == ERR_OK)
            err = join(to, old, name, ends[e], problem);
        if (err == ERR_OK && rename(from, to) != 0 && errno != ENOENT)
            err = cannot("move", from, problem);
    }
    if (err == ERR_OK)
        err = join(from, ready, name, "", problem);
    if (err == ERR_OK)
        err = join(to, data, name, "", problem);
    if (err == ERR_OK && rename(from, to) != 0)
        err = cannot("move", from, problem);
    return err;
}

enum err restore_finish(const char *data, char aside[static RESTORE_ASIDE_BYTES], struct problem *problem)
{
    char ready[STORE_PATH_BYTES];
    char old[STORE_PATH_BYTES];
    aside[0] = '\0';
    if (!restore_is_cut_off(data))
        return ERR_OK;
    enum err err = join(ready, data, READY, "", problem);
    if (err == ERR_OK)
        err = read_aside(ready, aside, problem);
    if (err == ERR_OK)
        err = join(old, data, aside, "", problem);
    if (err == ERR_OK && mkdir(old, 0700) != 0 && errno != EEXIST)
        err = cannot("make", old, problem);
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++)
        err = move_member(data, ready, old, backup_member_names[i], problem);
    if (err == ERR_OK)
        err = sync_folder(old, problem);
    if (err == ERR_OK)
        err = sync_folder(data, problem);
    if (err != ERR_OK)
        return err;
    remove_work(ready);
    if (rmdir(old) == 0) /* nothing was there */
        aside[0] = '\0';
    return sync_folder(data, problem);
}
