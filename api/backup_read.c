/*
 * Reading a backup to its end. See backup.h.
 *
 * The members stand in the order in which they are written; whatever else an archive has or lacks, it is none of ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "api/backup.h"
#include "api/store.h"
#include "api/tar.h"
#include "base/limits.h"

#define PIECE_BYTES 65536

struct unpacker {
    gzFile gz;
    const char *name; /* of the archive, for sentences */
    const struct backup_watch *watch;
    struct problem *problem;
    int64_t done;
    int64_t all;
};

static enum err damaged(const struct unpacker *u, const char *how)
{
    return problem_set(u->problem, ERR_MALFORMED, "%.120s is no backup, or not a whole one: %s", u->name, how);
}

/* Just so many bytes. */
static enum err take(struct unpacker *u, void *bytes, size_t len)
{
    int got = gzread(u->gz, bytes, (unsigned)len);
    if (got == (int)len)
        return ERR_OK;
    return damaged(u, got < 0 ? "it cannot be unpacked" : "it ends too early");
}

static enum err skip_padding(struct unpacker *u, int64_t bytes)
{
    unsigned char block[TAR_BLOCK_BYTES];
    return take(u, block, tar_padding(bytes));
}

static enum err expect(struct unpacker *u, const char *name, int64_t *bytes)
{
    unsigned char block[TAR_BLOCK_BYTES];
    struct tar_member member;
    enum err err = take(u, block, sizeof block);
    if (err != ERR_OK)
        return err;
    if (tar_read_header(block, &member) != ERR_OK || strcmp(member.name, name) != 0)
        return damaged(u, "another file is in its place");
    *bytes = member.bytes;
    return ERR_OK;
}

static enum err take_facts(struct unpacker *u, struct backup_facts *facts)
{
    char json[BACKUP_FACTS_BYTES_MAX];
    int64_t bytes;
    enum err err = expect(u, "backup.json", &bytes);
    if (err == ERR_OK && bytes > BACKUP_FACTS_BYTES_MAX)
        err = damaged(u, "its backup.json is too long");
    if (err == ERR_OK)
        err = take(u, json, (size_t)bytes);
    if (err == ERR_OK)
        err = skip_padding(u, bytes);
    if (err != ERR_OK)
        return err;
    struct problem why = {0};
    err = backup_facts_read(json, (size_t)bytes, facts, &why);
    if (err == ERR_MALFORMED)
        return damaged(u, problem_detail(&why));
    return err == ERR_OK ? err : problem_set(u->problem, err, "%.100s: %.100s", u->name, problem_detail(&why));
}

static enum err keep(int fd, const unsigned char *bytes, size_t len, struct problem *problem)
{
    for (size_t at = 0; fd >= 0 && at < len;) {
        ssize_t put = write(fd, bytes + at, len - at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return problem_set(problem, ERR_STORAGE,
                               errno == ENOSPC ? "the disk is full: there is no room to unpack the backup"
                                               : "the backup cannot be unpacked: writing failed");
        at += (size_t)put;
    }
    return ERR_OK;
}

static enum err take_member(struct unpacker *u, const struct backup_facts *facts, int i, int fd)
{
    unsigned char piece[PIECE_BYTES];
    unsigned char hash[crypto_hash_sha256_BYTES];
    char sum[BACKUP_SUM_BYTES];
    crypto_hash_sha256_state state;
    int64_t bytes;
    enum err err = expect(u, backup_member_names[i], &bytes);
    if (err == ERR_OK && bytes != facts->members[i].bytes)
        err = damaged(u, "a database in it has another length");
    (void)crypto_hash_sha256_init(&state);
    for (int64_t left = bytes; err == ERR_OK && left > 0;) {
        size_t len = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        err = take(u, piece, len);
        if (err == ERR_OK)
            err = keep(fd, piece, len, u->problem);
        (void)crypto_hash_sha256_update(&state, piece, len);
        left -= (int64_t)len;
        u->done += (int64_t)len;
        if (err == ERR_OK && u->watch != NULL && u->watch->progress != NULL &&
            !u->watch->progress(u->watch->arg, "reading the backup", (int)(u->done * 100 / u->all)))
            err = problem_set(u->problem, ERR_TIMEOUT, "it was stopped before it was done");
    }
    if (err != ERR_OK)
        return err;
    (void)crypto_hash_sha256_final(&state, hash);
    (void)sodium_bin2hex(sum, sizeof sum, hash, sizeof hash);
    if (strcmp(sum, facts->members[i].sha256) != 0)
        return damaged(u, "a database in it is not what it was");
    return skip_padding(u, bytes);
}

static enum err put_member(struct unpacker *u, const struct backup_facts *facts, int i, const char *folder)
{
    char path[STORE_PATH_BYTES];
    if (folder == NULL)
        return take_member(u, facts, i, -1);
    if (snprintf(path, sizeof path, "%s/%s", folder, backup_member_names[i]) >= (int)sizeof path)
        return problem_set(u->problem, ERR_INVALID, "the folder's name is too long");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return problem_set(u->problem, ERR_STORAGE, "cannot write %.120s: %s", path, strerror(errno));
    enum err err = take_member(u, facts, i, fd);
    if (err == ERR_OK && fsync(fd) != 0)
        err = problem_set(u->problem, ERR_STORAGE, "cannot write %.120s: %s", path, strerror(errno));
    (void)close(fd);
    return err;
}

/* Two blocks of zeros, and nothing behind them; zlib compares its own sum at the end. */
static enum err take_end(struct unpacker *u)
{
    unsigned char end[2 * TAR_BLOCK_BYTES];
    static const unsigned char zeros[2 * TAR_BLOCK_BYTES];
    enum err err = take(u, end, sizeof end);
    if (err == ERR_OK && memcmp(end, zeros, sizeof end) != 0)
        err = damaged(u, "there is more in it than there should be");
    unsigned char more[1];
    return err == ERR_OK && gzread(u->gz, more, 1) != 0 ? damaged(u, "its end is not right") : err;
}

enum err backup_read(int fd, const char *name, const char *folder, const struct backup_watch *watch,
                     struct backup_facts *facts, struct problem *problem)
{
    struct unpacker u = {.name = name, .watch = watch, .problem = problem};
    if (lseek(fd, 0, SEEK_SET) != 0)
        return problem_set(problem, ERR_STORAGE, "cannot read %.120s: %s", name, strerror(errno));
    int own = dup(fd);
    u.gz = own >= 0 ? gzdopen(own, "rb") : NULL;
    if (u.gz == NULL) {
        if (own >= 0)
            (void)close(own);
        return problem_set(problem, ERR_NO_MEMORY, "there is not enough memory");
    }
    enum err err = gzdirect(u.gz) ? damaged(&u, "it is not packed with gzip") : take_facts(&u, facts);
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++)
        u.all += facts->members[i].bytes;
    if (err == ERR_OK && u.all == 0)
        err = damaged(&u, "it is empty");
    for (int i = 0; err == ERR_OK && i < BACKUP_MEMBERS; i++)
        err = put_member(&u, facts, i, folder);
    if (err == ERR_OK)
        err = take_end(&u);
    int closed = gzclose_r(u.gz); /* says whether it ended where zlib's own sum is */
    return err == ERR_OK && closed != Z_OK ? damaged(&u, "it ends too early") : err;
}
