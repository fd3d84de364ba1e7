/*
 * Backups of a data directory: when they are made, where they are kept, and how many.
 *
 *      BACKUPS/porchlight-20260131T083000Z.tar.gz     the newest `keep` of them; what is called otherwise is left alone
 *
 * A running server has one thread for them, with less claim to the processor than those who answer members: it makes
 * the scheduled ones, and what the command asks for. One is made at a time. While one is made there are copies of both
 * files in DATA/backup.work.
 */
#ifndef PORCHLIGHT_API_BACKUPS_H
#define PORCHLIGHT_API_BACKUPS_H

#include <stdatomic.h>

#include "api/backup.h"
#include "api/store.h"
#include "base/arena.h"
#include "db/writer.h"

struct backups_options {
    struct store_options store; /* how to read both files */
    struct writer *writer;      /* NULL, and rooms too: nobody writes, the lock is the caller's */
    struct writer *rooms;
    const char *to;  /* a folder; a relative one is inside the data directory */
    int64_t every_s; /* 0: only when asked */
    int64_t keep;
    bool damaged; /* backup.h */
};

struct backups_stats {
    _Atomic int64_t last_ms; /* wall time at which the newest was made; 0: none since the start, nor before it */
    _Atomic int64_t last_bytes;
    _Atomic int64_t last_took_ms;
    _Atomic int64_t held_us; /* the longest that a writer was held for one */
    _Atomic uint64_t made;
    _Atomic uint64_t failed;
    _Atomic bool failing; /* the last one failed */
};

struct backups_made {
    struct backup_facts facts;
    int64_t bytes;
    int64_t took_ms;
    int64_t held_us;
    char path[STORE_PATH_BYTES]; /* "" when it went into a descriptor */
};

/* Here and now. `fd` -1: into the folder, after which the oldest go; otherwise into an empty regular file. */
enum err backups_make(const struct backups_options *options, int fd, const struct backup_watch *watch,
                      struct backups_made *made, struct problem *problem);

/* One in the folder. It got its name when it was whole: opened, checked, and counted against the community. */
struct backups_file {
    const char *name;
    int64_t made_ms;
    int64_t bytes;
};

/* The newest first, at most `limit`; none when there is no folder. ERR_NO_MEMORY, ERR_INVALID: the name is too long. */
enum err backups_files(const struct backups_options *options, size_t limit, struct arena *arena,
                       struct backups_file **out, size_t *count);

struct backups;

enum err backups_start(const struct backups_options *options, struct backups **out);

/* The same on the thread, whose turn it waits for; `watch` is called there while the caller waits. */
enum err backups_ask(struct backups *b, int fd, const struct backup_watch *watch, struct backups_made *made,
                     struct problem *problem);

/* Another one into the folder, soon; when it is being made already, that is the one. Does not wait for it. */
void backups_want(struct backups *b);

struct backups_view {
    int64_t every_s; /* 0: none is scheduled */
    int64_t keep;
    int64_t next_ms; /* wall time; 0: none is scheduled */
    bool making;
    struct problem problem; /* of the last one for the folder; ERR_OK: it was made */
};

void backups_look(struct backups *b, struct backups_view *out);

/* As they were given to backups_start. */
const struct backups_options *backups_given(const struct backups *b);

const struct backups_stats *backups_stats(const struct backups *b);
bool backups_scheduled(const struct backups *b);

/* What is being made is given up, and nothing more is begun; whoever waits for one is told. Any thread. NULL: fine. */
void backups_quit(struct backups *b);
/* And the thread has ended. NULL is fine. */
void backups_stop(struct backups *b);

#endif
