/*
 * A backup: one file with both databases as they were at one moment (db/moment.h), written and read.
 *
 *      gzip( tar( backup.json   what it is: times, versions, sums, rows of each table
 *                 porchlight.db
 *                 rooms.db ) )                  `tar xzf` opens it, `sha256sum` checks it
 *
 * Both databases are first copied into a work folder, opened there and checked; then they are packed, and what was
 * packed is read again and compared. Keys that sign tokens, hashes of passwords and members' words are all inside:
 * whoever has the file has the community. Caller's thread, which may take its time.
 */
#ifndef PORCHLIGHT_API_BACKUP_H
#define PORCHLIGHT_API_BACKUP_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/census.h"
#include "db/events.h"

enum backup_member { BACKUP_COMMUNITY, BACKUP_ROOMS, BACKUP_MEMBERS };

extern const char *const backup_member_names[BACKUP_MEMBERS];

#define BACKUP_SUM_BYTES 65 /* SHA-256 in hex and a NUL */

/* backup.json. */
struct backup_facts {
    int64_t made_ms;
    char version[24];        /* of the program that made it */
    char epoch[EPOCH_BYTES]; /* of the history it is a part of */
    int64_t event;           /* the newest number of the event sequence */
    struct {
        int64_t bytes;
        int schema; /* the newest migration it has */
        char sha256[BACKUP_SUM_BYTES];
        struct census census;
    } members[BACKUP_MEMBERS];
};

/* What is being done, now and then; false: it should stop, and ERR_TIMEOUT is what comes of it. */
struct backup_watch {
    bool (*progress)(void *arg, const char *doing, int percent); /* NULL: nobody watches */
    void *arg;
};

struct backup_options {
    const char *work; /* a folder of its own, which is emptied and removed */
    struct db *dbs[BACKUP_MEMBERS]; /* each in a transaction, which this ends as soon as the copies are made */
    int fd;           /* an empty regular file, to read and write: the archive. It is synced. */
    bool damaged;     /* of files with faults: they are copied as they are */
    const struct clock *clock;
    const struct log *log; /* NULL: silent */
    struct backup_watch watch;
};

/* Errors have a sentence for the operator. */
enum err backup_write(const struct backup_options *options, struct backup_facts *facts, struct problem *problem);

/*
 * Reads the archive to its end and checks every sum; with a `folder` its databases are put there. ERR_MALFORMED: it is
 * no backup, or not a whole one; ERR_SCHEMA: a newer program made it.
 */
enum err backup_read(int fd, const char *name, const char *folder, const struct backup_watch *watch,
                     struct backup_facts *facts, struct problem *problem);

/* Opens a database and checks it: the file's own check, and the rows that `census` says. `watch`: as above. */
enum err backup_check(const char *path, const struct census *census, const struct backup_watch *watch,
                      const struct log *log, struct problem *problem);

/* ---- backup.json (api/backup_facts.c; pure) ---------------------------------------------------------------------- */

void backup_facts_write(const struct backup_facts *facts, struct buf *out);
enum err backup_facts_read(const char *bytes, size_t len, struct backup_facts *out, struct problem *problem);

#endif
