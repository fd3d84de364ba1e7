/*
 * Writing a backup: copy, check, pack, read again. See backup.h.
 */
#include "api/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zlib.h>

#include "api/store.h"
#include "api/tar.h"
#include "api/version.h"
#include "base/limits.h"
#include "db/doctor.h"

#define PIECE_BYTES 65536
#define MEGABYTE (INT64_C(1) << 20)

const char *const backup_member_names[BACKUP_MEMBERS] = {"porchlight.db", "rooms.db"};
static const struct migration *const member_sets[BACKUP_MEMBERS] = {migrations_community, migrations_rooms};

static enum err stopped(struct problem *problem)
{
    return problem_set(problem, ERR_TIMEOUT, "it was stopped before it was done");
}

static enum err watch_stopped(const struct backup_watch *watch, const char *doing, int64_t done, int64_t all,
                              struct problem *problem)
{
    int percent = all > 0 ? (int)(done * 100 / all) : 100;
    if (watch->progress == NULL || watch->progress(watch->arg, doing, percent))
        return ERR_OK;
    return stopped(problem);
}

static enum err no_memory(struct problem *problem)
{
    return problem_set(problem, ERR_NO_MEMORY, "there is not enough memory");
}

static enum err member_path(const char *folder, int i, char out[static STORE_PATH_BYTES], struct problem *problem)
{
    int len = snprintf(out, STORE_PATH_BYTES, "%s/%s", folder, backup_member_names[i]);
    return len < STORE_PATH_BYTES ? ERR_OK : problem_set(problem, ERR_INVALID, "the folder's name is too long");
}

/* What a write said, in the words of somebody who has to do something about it. */
static enum err cannot_write(const char *what, struct problem *problem)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return problem_set(problem, ERR_STORAGE, "the disk is full: there is no room for %.120s", what);
    return problem_set(problem, ERR_STORAGE, "cannot write %.120s: %s", what, strerror(errno));
}

/* ---- the work folder --------------------------------------------------------------------------------------------- */

static void empty_work(const char *work)
{
    char path[STORE_PATH_BYTES];
    struct problem unused;
    for (int i = 0; i < BACKUP_MEMBERS; i++) {
        if (member_path(work, i, path, &unused) != ERR_OK)
            return;
        (void)unlink(path);
        char beside[STORE_PATH_BYTES + 8];
        static const char *const ends[] = {"-journal", "-wal", "-shm"};
        for (size_t e = 0; e < sizeof ends / sizeof ends[0]; e++) {
            (void)snprintf(beside, sizeof beside, "%s%s", path, ends[e]);
            (void)unlink(beside);
        }
    }
    (void)rmdir(work);
}

/* Of a backup that was killed something may be left there. */
static enum err make_work(const char *work, struct problem *problem)
{
    empty_work(work);
    return mkdir(work, 0700) == 0 ? ERR_OK : cannot_write(work, problem);
}

/* ---- copying ----------------------------------------------------------------------------------------------------- */

static enum err no_room(const char *work, int64_t needed, struct problem *problem)
{
    struct statvfs fs;
    int64_t left = statvfs(work, &fs) == 0 ? (int64_t)((uint64_t)fs.f_bavail * fs.f_frsize) : 0;
    return problem_set(problem, ERR_STORAGE,
                       "the disk is full: copies of %lld MB are needed in %.80s for a while, and %lld MB are free",
                       (long long)(needed / MEGABYTE + 1), work, (long long)(left / MEGABYTE));
}

static enum err copy_member(const struct backup_options *o, int i, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    struct db_copy *copy = NULL;
    int64_t left = 0;
    int64_t all = 0;
    bool more;
    enum err err = member_path(o->work, i, path, problem);
    if (err != ERR_OK)
        return err;
    err = db_copy_begin(o->dbs[i], path, &copy);
    if (err != ERR_OK)
        return problem_set(problem, err, "cannot make %.120s", path);
    do {
        err = db_copy_step(copy, BACKUP_STEP_PAGES, &left, &all);
        bool held = err == ERR_BUSY; /* another program has the file: a step waits a while for it */
        if (held)
            err = ERR_OK;
        if (err != ERR_OK && db_copy_full(copy))
            err = no_room(o->work, all * 4096, problem);
        else if (err != ERR_OK)
            err = problem_set(problem, err, "%s cannot be copied; see the log", backup_member_names[i]);
        else
            err = watch_stopped(&o->watch, i == 0 ? "copying porchlight.db" : "copying rooms.db", all - left, all,
                                problem);
        more = held || left > 0;
    } while (err == ERR_OK && more);
    db_copy_end(copy);
    return err;
}

/* What the snapshots say of themselves. */
static enum err read_facts(const struct backup_options *o, struct backup_facts *facts)
{
    struct migrate_report report;
    int64_t oldest;
    facts->made_ms = clock_wall_ms(o->clock);
    (void)snprintf(facts->version, sizeof facts->version, "%s", PORCHLIGHT_VERSION);
    enum err err = events_epoch(o->dbs[BACKUP_COMMUNITY], facts->epoch);
    if (err == ERR_OK)
        err = events_bounds(o->dbs[BACKUP_COMMUNITY], &facts->event, &oldest);
    if (err != ERR_OK && o->damaged) { /* somebody may still want to look at it */
        (void)snprintf(facts->epoch, sizeof facts->epoch, "%016d", 0);
        err = ERR_OK;
    }
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++) {
        struct problem unused = {0};
        (void)migrate_check(o->dbs[i], member_sets[i], &report, &unused);
        facts->members[i].schema = report.applied;
        err = census_take(o->dbs[i], &facts->members[i].census);
        if (err != ERR_OK && o->damaged)
            err = ERR_OK;
    }
    return err;
}

static enum err copy_all(const struct backup_options *o, struct backup_facts *facts, struct problem *problem)
{
    enum err err = read_facts(o, facts);
    if (err != ERR_OK)
        (void)problem_set(problem, err, "the databases cannot be read; see `porchlight doctor`");
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++)
        err = copy_member(o, i, problem);
    for (int i = 0; i < BACKUP_MEMBERS; i++)
        db_rollback(o->dbs[i]); /* while a snapshot stands, the log beside the file only grows */
    return err;
}

/* ---- checking ---------------------------------------------------------------------------------------------------- */

static bool may_check_on(void *arg)
{
    const struct backup_watch *watch = arg;
    return watch->progress == NULL || watch->progress(watch->arg, "checking the copies", 0);
}

enum err backup_check(const char *path, const struct census *census, const struct backup_watch *watch,
                      const struct log *log, struct problem *problem)
{
    struct backup_watch watched = *watch;
    const struct db_options options = {
        .path = path, .read_only = true, .log = log, .go_on = may_check_on, .go_on_arg = &watched};
    struct db *db = NULL;
    struct census found;
    char fault[160] = "";
    const char *name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    enum err err = db_open(&options, &db);
    if (err == ERR_OK)
        err = doctor_integrity(db, fault, sizeof fault);
    if (err == ERR_OK && fault[0] == '\0')
        err = census_take(db, &found);
    db_close(db);
    if (err == ERR_NO_MEMORY)
        return no_memory(problem);
    if (err == ERR_TIMEOUT)
        return stopped(problem);
    if (err != ERR_OK)
        return problem_set(problem, ERR_MALFORMED, "%s cannot be opened", name);
    if (fault[0] != '\0')
        return problem_set(problem, ERR_MALFORMED, "%s is damaged: %.140s", name, fault);
    const char *table = census_difference(&found, census);
    if (table != NULL)
        return problem_set(problem, ERR_MALFORMED, "%s has other rows in table %s than it had", name, table);
    return ERR_OK;
}

/* Reads a copy once: its length and sum. */
static enum err sum_member(const char *path, const struct backup_watch *watch, int64_t *bytes,
                           char sum[static BACKUP_SUM_BYTES], struct problem *problem)
{
    unsigned char piece[PIECE_BYTES];
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    ssize_t got = -1;
    enum err err = ERR_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *bytes = 0;
    (void)crypto_hash_sha256_init(&state);
    while (fd >= 0 && err == ERR_OK && (got = read(fd, piece, sizeof piece)) > 0) {
        (void)crypto_hash_sha256_update(&state, piece, (unsigned long long)got);
        *bytes += got;
        err = watch_stopped(watch, "checking the copies", 0, 1, problem);
    }
    (void)crypto_hash_sha256_final(&state, hash);
    (void)sodium_bin2hex(sum, BACKUP_SUM_BYTES, hash, sizeof hash);
    if (err == ERR_OK && got != 0)
        err = problem_set(problem, ERR_STORAGE, "cannot read %.120s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return err;
}

static enum err check_all(const struct backup_options *o, struct backup_facts *facts, struct problem *problem)
{
    char path[STORE_PATH_BYTES];
    enum err err = ERR_OK;
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++) {
        err = watch_stopped(&o->watch, "checking the copies", i, BACKUP_MEMBERS, problem);
        if (err == ERR_OK)
            err = member_path(o->work, i, path, problem);
        if (err == ERR_OK && !o->damaged)
            err = backup_check(path, &facts->members[i].census, &o->watch, o->log, problem);
        if (err == ERR_OK)
            err = sum_member(path, &o->watch, &facts->members[i].bytes, facts->members[i].sha256, problem);
    }
    return err;
}

/* ---- packing ----------------------------------------------------------------------------------------------------- */

struct packer {
    gzFile gz;
    int fd;
    int64_t packed; /* bytes before compression */
    int64_t unsynced;
    int64_t all;
    const struct backup_watch *watch;
};

static enum err pack(struct packer *p, const void *bytes, size_t len, struct problem *problem)
{
    errno = 0;
    if (len > 0 && gzwrite(p->gz, bytes, (unsigned)len) != (int)len)
        return errno != 0 ? cannot_write("the backup", problem) : no_memory(problem);
    p->packed += (int64_t)len;
    p->unsynced += (int64_t)len;
    if (p->unsynced < BACKUP_SYNC_BYTES)
        return ERR_OK;
    p->unsynced = 0;
    if (fdatasync(p->fd) != 0)
        return cannot_write("the backup", problem);
    return watch_stopped(p->watch, "packing", p->packed, p->all, problem);
}

static enum err pack_header(struct packer *p, const char *name, int64_t bytes, int64_t made_ms, struct problem *problem)
{
    unsigned char block[TAR_BLOCK_BYTES];
    struct tar_member member = {.bytes = bytes};
    (void)snprintf(member.name, sizeof member.name, "%s", name);
    tar_write_header(&member, made_ms / 1000, block);
    return pack(p, block, sizeof block, problem);
}

static enum err pack_padding(struct packer *p, int64_t bytes, struct problem *problem)
{
    static const unsigned char zeros[TAR_BLOCK_BYTES];
    return pack(p, zeros, tar_padding(bytes), problem);
}

static enum err pack_facts(struct packer *p, const struct backup_facts *facts, struct problem *problem)
{
    struct buf json;
    buf_init(&json, BACKUP_FACTS_BYTES_MAX);
    backup_facts_write(facts, &json);
    enum err err = json.failed ? no_memory(problem)
                               : pack_header(p, "backup.json", (int64_t)json.len, facts->made_ms, problem);
    if (err == ERR_OK)
        err = pack(p, json.data, json.len, problem);
    if (err == ERR_OK)
        err = pack_padding(p, (int64_t)json.len, problem);
    buf_clear(&json);
    return err;
}

static enum err pack_member(struct packer *p, const struct backup_options *o, const struct backup_facts *facts, int i,
                            struct problem *problem)
{
    unsigned char piece[PIECE_BYTES];
    char path[STORE_PATH_BYTES];
    enum err err = member_path(o->work, i, path, problem);
    if (err != ERR_OK)
        return err;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return problem_set(problem, ERR_STORAGE, "cannot read %.120s: %s", path, strerror(errno));
    err = pack_header(p, backup_member_names[i], facts->members[i].bytes, facts->made_ms, problem);
    ssize_t got = 0;
    while (err == ERR_OK && (got = read(fd, piece, sizeof piece)) > 0)
        err = pack(p, piece, (size_t)got, problem);
    if (err == ERR_OK && got < 0)
        err = problem_set(problem, ERR_STORAGE, "cannot read %.120s: %s", path, strerror(errno));
    (void)close(fd);
    return err != ERR_OK ? err : pack_padding(p, facts->members[i].bytes, problem);
}

static enum err pack_all(const struct backup_options *o, const struct backup_facts *facts, struct problem *problem)
{
    static const unsigned char end[2 * TAR_BLOCK_BYTES];
    struct packer p = {.fd = o->fd, .watch = &o->watch};
    int own = dup(o->fd); /* gzclose closes it */
    p.gz = own >= 0 ? gzdopen(own, "wb6") : NULL;
    if (p.gz == NULL) {
        if (own >= 0)
            (void)close(own);
        return no_memory(problem);
    }
    for (int i = 0; i < BACKUP_MEMBERS; i++)
        p.all += facts->members[i].bytes;
    enum err err = pack_facts(&p, facts, problem);
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++)
        err = pack_member(&p, o, facts, i, problem);
    if (err == ERR_OK)
        err = pack(&p, end, sizeof end, problem);
    errno = 0;
    int closed = gzclose_w(p.gz);
    if (err == ERR_OK && (closed != Z_OK || fsync(o->fd) != 0))
        err = cannot_write("the backup", problem);
    return err;
}

/* What was packed is what was checked. */
static enum err read_again(const struct backup_options *o, const struct backup_facts *facts, struct problem *problem)
{
    struct backup_facts found;
    struct problem why = {0};
    enum err err = backup_read(o->fd, "the backup", NULL, &o->watch, &found, &why);
    if (err == ERR_TIMEOUT)
        return problem_set(problem, err, "%s", problem_detail(&why));
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++)
        if (strcmp(found.members[i].sha256, facts->members[i].sha256) != 0)
            err = ERR_STORAGE;
    return err == ERR_OK ? err
                         : problem_set(problem, ERR_STORAGE, "what was written is not what is on the disk: %.120s",
                                       problem_detail(&why));
}

enum err backup_write(const struct backup_options *o, struct backup_facts *facts, struct problem *problem)
{
    *facts = (struct backup_facts){0};
    enum err err = make_work(o->work, problem);
    if (err != ERR_OK) {
        for (int i = 0; i < BACKUP_MEMBERS; i++)
            db_rollback(o->dbs[i]);
        return err;
    }
    err = copy_all(o, facts, problem);
    if (err == ERR_OK)
        err = check_all(o, facts, problem);
    if (err == ERR_OK)
        err = pack_all(o, facts, problem);
    if (err == ERR_OK)
        err = read_again(o, facts, problem);
    empty_work(o->work);
    return err;
}
