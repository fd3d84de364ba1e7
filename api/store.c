/*
 * Opening the data directory. See store.h.
 *
 * The lock is flock(2)'s: the kernel releases it when its holder dies, so there is never a stale one to clean up.
 * What the file says (process and purpose) is for people only.
 */
#include "api/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/keyring.h"
#include "api/restore.h"
#include "api/p256.h"
#include "db/access.h"
#include "db/pending_likes.h"
#include "db/pushes.h"
#include "db/writer.h"

#define USER_NAME_BYTES 64

enum err store_path(const char *data, enum store_file file, char out[static STORE_PATH_BYTES])
{
    static const char *const names[] = {
        [STORE_DATABASE] = "porchlight.db", [STORE_ROOMS] = "rooms.db",          [STORE_LOCK] = "lock",
        [STORE_CONTROL] = "control.sock",   [STORE_BACKUP_WORK] = "backup.work",
    };
    int len = snprintf(out, STORE_PATH_BYTES, "%s/%s", data, names[file]);
    return len < 0 || len >= STORE_PATH_BYTES ? ERR_INVALID : ERR_OK;
}

void store_stamp(int64_t wall_ms, char out[static STORE_STAMP_BYTES])
{
    char text[CLOCK_TEXT_BYTES];
    size_t len = 0;
    clock_format(wall_ms, text);
    for (const char *c = text; *c != '\0' && *c != '.'; c++)
        if (*c != '-' && *c != ':')
            out[len++] = *c;
    out[len++] = 'Z';
    out[len] = '\0';
}

static enum err path_of(const struct store_options *options, enum store_file file, char out[static STORE_PATH_BYTES],
                        struct problem *problem)
{
    if (store_path(options->data, file, out) != ERR_OK)
        return problem_set(problem, ERR_INVALID, "the name of the data directory is too long");
    return ERR_OK;
}

/* "root", or "user 1000" when nobody has that number. */
static const char *user_name(uid_t uid, char out[static USER_NAME_BYTES])
{
    const struct passwd *entry = getpwuid(uid);
    if (entry != NULL)
        (void)snprintf(out, USER_NAME_BYTES, "%s", entry->pw_name);
    else
        (void)snprintf(out, USER_NAME_BYTES, "user %lu", (unsigned long)uid);
    return out;
}

/* What errno says of a file; of a permission also whose it is, or whose the folder is that hides it. */
static enum err cannot(const char *what, const char *path, const char *data, struct problem *problem)
{
    int error = errno;
    struct stat st;
    char owner[USER_NAME_BYTES];
    char own[USER_NAME_BYTES];
    const char *whose = stat(path, &st) == 0 ? path : stat(data, &st) == 0 ? data : NULL;
    if ((error != EACCES && error != EPERM) || whose == NULL)
        return problem_set(problem, ERR_STORAGE, "cannot %s %.120s: %s", what, path, strerror(error));
    return problem_set(problem, ERR_STORAGE, "cannot %s %.120s: %s; %.120s belongs to %s, and this is %s", what, path,
                       strerror(error), whose, user_name(st.st_uid, owner), user_name(geteuid(), own));
}

/* As `mkdir -p`, but what is made is its owner's alone. */
static enum err make_folder(const char *data, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s", data);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700); /* if it cannot be made, the last one says so */
        *slash = '/';
    }
    struct stat st;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return problem_set(problem, ERR_STORAGE, "cannot make the data directory %.120s: %s", data, strerror(errno));
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return problem_set(problem, ERR_STORAGE, "%.120s is not a directory", data);
    return ERR_OK;
}

/* What the lock file says of its holder: "123 serve\n". */
static enum err describe_holder(int fd, const char *data, struct problem *problem)
{
    char text[80] = "";
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    long pid = 0;
    char purpose[40] = "";
    if (len > 0)
        (void)sscanf(text, "%ld %39[^\n]", &pid, purpose);
    if (strcmp(purpose, "serve") == 0)
        return problem_set(problem, ERR_CONFLICT, "%.120s is in use by another server (process %ld)", data, pid);
    if (pid > 0)
        return problem_set(problem, ERR_CONFLICT, "%.120s is in use by `porchlight %s` (process %ld)", data, purpose,
                           pid);
    return problem_set(problem, ERR_CONFLICT, "%.120s is in use by another process", data);
}

static enum err take_lock(const struct store_options *options, int *lock_fd, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    enum err err = path_of(options, STORE_LOCK, path, problem);
    if (err != ERR_OK)
        return err;
    if (options->lock_fd > 0) {
        *lock_fd = options->lock_fd;
        return ERR_OK;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot("open", path, options->data, problem);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = errno == EWOULDBLOCK ? describe_holder(fd, options->data, problem)
                                   : problem_set(problem, ERR_STORAGE, "cannot lock %.120s: %s", path, strerror(errno));
        (void)close(fd);
        return err;
    }
    /* A full disk must not keep a server from starting to read: the lock holds without its text. */
    char text[80];
    int len = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), options->purpose);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        (void)ftruncate(fd, 0);
    *lock_fd = fd;
    return ERR_OK;
}

enum err store_lock(const struct store_options *options, int *lock_fd, struct problem *problem)
{
    enum err err = make_folder(options->data, problem);
    return err != ERR_OK ? err : take_lock(options, lock_fd, problem);
}

/* A restore that a power cut interrupted is ended first: what it had decided is what counts. */
static enum err end_restore(const struct store_options *options, struct problem *problem)
{
    char aside[RESTORE_ASIDE_BYTES];
    bool cut_off = restore_is_cut_off(options->data);
    enum err err = restore_finish(options->data, aside, problem);
    if (err == ERR_OK && cut_off && options->log != NULL)
        log_warn(options->log, "restore.finished", LOG_S("before", aside));
    return err;
}

static enum err open_database(const struct store_options *options, enum store_file file, bool read_only,
                              struct db **out, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    enum err err = path_of(options, file, path, problem);
    if (err != ERR_OK)
        return err;
    if (access(path, R_OK) != 0 && errno != ENOENT)
        return cannot("read", path, options->data, problem);
    if (!read_only && options->must_write && access(path, W_OK) != 0 && errno != ENOENT)
        return cannot("write", path, options->data, problem);
    if (!read_only && options->must_write && access(options->data, W_OK | X_OK) != 0)
        return cannot("write in", options->data, options->data, problem);
    struct db_options db_options = {
        .path = path,
        .read_only = read_only,
        .create = !read_only,
        .stats = file == STORE_ROOMS ? options->rooms_stats : options->stats,
        .log = options->log,
    };
    err = db_open(&db_options, out);
    if (err != ERR_OK)
        return problem_set(problem, err, "cannot open the database %.120s", path);
    return ERR_OK;
}

struct key_job {
    struct job job;
    struct signing_key key;
};

static enum err add_key(struct job *job, struct tx *tx)
{
    return access_key_add(tx, &((struct key_job *)job)->key);
}

/* A database that never signed anything gets its first key, so that everything else may count on one. */
static enum err make_first_key(struct db *db, const struct clock *clock, struct problem *problem)
{
    struct key_job job = {.job.run = add_key};
    size_t count = 0;
    enum err err = access_keys(db, &job.key, 1, &count);
    if (err == ERR_OK && count == 0) {
        keyring_key_new(&job.key, clock_wall_ms(clock));
        err = writer_once(db, clock, &job.job, problem);
    }
    keyring_key_wipe(&job.key);
    if (err != ERR_OK && problem->detail[0] == '\0')
        return problem_set(problem, err, "cannot read or make the key that signs tokens");
    return err;
}

struct push_key_job {
    struct job job;
    struct push_key key;
};

static enum err add_push_key(struct job *job, struct tx *tx)
{
    return pushes_key_add(tx, &((struct push_key_job *)job)->key);
}

/* What push services will know this community by. Made once: browsers' subscriptions are bound to it. */
static enum err make_push_key(struct db *db, const struct clock *clock, struct problem *problem)
{
    struct p256_pair pair;
    struct push_key_job job = {.job.run = add_push_key};
    enum err err = pushes_key(db, &job.key);
    if (err == ERR_NOT_FOUND && (err = p256_generate(&pair)) == ERR_OK) {
        memcpy(job.key.public_key, pair.public_key, sizeof job.key.public_key);
        memcpy(job.key.private_key, pair.private_key, sizeof job.key.private_key);
        err = writer_once(db, clock, &job.job, problem);
    }
    sodium_memzero(&pair, sizeof pair);
    sodium_memzero(&job.key, sizeof job.key);
    if (err != ERR_OK && problem->detail[0] == '\0')
        return problem_set(problem, err, "cannot read or make the key that push services know this server by");
    return err;
}

/* Neither file is touched when this program cannot work with one of them. */
static enum err migrate_both(struct store *store, const struct clock *clock, struct problem *problem)
{
    struct migrate_report rooms;
    enum err err = migrate_check(store->db, migrations_community, &store->migrated, problem);
    if (err == ERR_OK)
        err = migrate_check(store->rooms, migrations_rooms, &rooms, problem);
    if (err == ERR_OK)
        err = migrate_run(store->db, migrations_community, clock, &store->migrated, problem);
    return err != ERR_OK ? err : migrate_run(store->rooms, migrations_rooms, clock, &rooms, problem);
}

static enum err recover_likes(struct store *store, const struct store_options *options, struct problem *problem)
{
    enum err err = pending_likes_recover(store->db, store->rooms, options->clock, &store->recovered_likes);
    if (err != ERR_OK)
        return problem_set(problem, err, "the likes in %.120s/rooms.db cannot be brought into the database",
                           options->data);
    if (store->recovered_likes > 0 && options->log != NULL)
        log_info(options->log, "likes.recovered", LOG_I("likes", store->recovered_likes));
    return ERR_OK;
}

enum err store_open(const struct store_options *options, struct store *store, struct problem *problem)
{
    *store = (struct store){.lock_fd = -1};
    enum err err = make_folder(options->data, problem);
    if (err == ERR_OK)
        err = take_lock(options, &store->lock_fd, problem);
    if (err == ERR_OK)
        err = end_restore(options, problem);
    if (err == ERR_OK)
        err = open_database(options, STORE_DATABASE, false, &store->db, problem);
    if (err == ERR_OK)
        err = open_database(options, STORE_ROOMS, false, &store->rooms, problem);
    if (err == ERR_OK)
        err = migrate_both(store, options->clock, problem);
    if (err == ERR_OK)
        err = make_first_key(store->db, options->clock, problem);
    if (err == ERR_OK)
        err = make_push_key(store->db, options->clock, problem);
    if (err == ERR_OK)
        err = recover_likes(store, options, problem);
    if (err != ERR_OK) {
        problem->err = err;
        store_close(store);
    }
    return err;
}

enum err store_find(const struct store_options *options, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    enum err err = path_of(options, STORE_DATABASE, path, problem);
    if (err != ERR_OK || access(path, F_OK) == 0 || restore_is_cut_off(options->data))
        return err;
    if (errno != ENOENT && errno != ENOTDIR)
        return problem->err = cannot("read", path, options->data, problem);
    return problem_set(problem, ERR_NOT_FOUND,
                       "there is no community in %.120s; `porchlight serve` or `migrate` makes one", options->data);
}

enum err store_open_read(const struct store_options *options, struct store *store, struct problem *problem)
{
    *store = (struct store){.lock_fd = -1};
    enum err err = store_find(options, problem);
    if (err == ERR_OK && restore_is_cut_off(options->data))
        err = problem_set(problem, ERR_CONFLICT, "a restore in %.120s was cut off; `porchlight migrate` ends it",
                          options->data);
    if (err == ERR_OK)
        err = open_database(options, STORE_DATABASE, true, &store->db, problem);
    if (err == ERR_OK)
        err = migrate_check(store->db, migrations_community, &store->migrated, problem);
    if (err == ERR_OK && store->migrated.pending > 0)
        err = problem_set(problem, ERR_SCHEMA, "the database in %.120s has an older schema; run `porchlight migrate`",
                          options->data);
    if (err != ERR_OK) {
        problem->err = err;
        store_close(store);
    }
    return err;
}

enum err store_connect(const struct store_options *options, struct db **out)
{
    struct problem unused = {0};
    return open_database(options, STORE_DATABASE, true, out, &unused);
}

enum err store_connect_rooms(const struct store_options *options, struct db **out)
{
    struct problem unused = {0};
    return open_database(options, STORE_ROOMS, true, out, &unused);
}

/* Rows of rooms.db (one is enough) that porchlight.db does not have. Files that are not there, or have no schema yet,
   have none: what is wrong with them is said by whoever opens them. */
static enum err count_unsettled(const struct store_options *options, size_t *count, struct problem *problem)
{
    struct db *rooms = NULL;
    struct db *db = NULL;
    struct migrate_report report = {0};
    struct pending_like like;
    int64_t flushed = 0;
    char path[STORE_PATH_BYTES];
    *count = 0;
    for (enum store_file file = STORE_DATABASE; file <= STORE_ROOMS; file++) {
        enum err err = path_of(options, file, path, problem);
        if (err != ERR_OK || access(path, F_OK) != 0)
            return err;
    }
    enum err err = open_database(options, STORE_ROOMS, true, &rooms, problem);
    if (err == ERR_OK)
        err = migrate_check(rooms, migrations_rooms, &report, problem);
    if (err != ERR_OK || report.applied == 0)
        goto out;
    err = open_database(options, STORE_DATABASE, true, &db, problem);
    if (err == ERR_OK)
        err = pending_likes_flushed(db, &flushed);
    if (err == ERR_OK)
        err = pending_likes_page(rooms, flushed, &like, 1, count);
out:
    db_close(db);
    db_close(rooms);
    return err;
}

enum err store_settle_likes(const struct store_options *options, struct problem *problem)
{
    size_t count = 0;
    enum err err = count_unsettled(options, &count, problem);
    if (err == ERR_OK && count > 0) {
        struct store store;
        struct problem why = {0};
        err = store_open(options, &store, &why);
        store_close(&store);
        if (err == ERR_CONFLICT)
            return ERR_OK;
        if (err != ERR_OK)
            return problem_set(problem, err,
                               "likes of before a crash are still in rooms.db; run `porchlight migrate` as the user"
                               " who owns %.60s first (%.80s)",
                               options->data, problem_detail(&why));
    }
    problem->err = err;
    return err;
}

void store_close(struct store *store)
{
    db_close(store->rooms);
    db_close(store->db);
    store->rooms = store->db = NULL;
    if (store->lock_fd >= 0)
        (void)close(store->lock_fd);
    store->lock_fd = -1;
}
