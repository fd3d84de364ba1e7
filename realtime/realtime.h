/*
 * The realtime module as api/ sees it: sockets are admitted and handed over, what was committed is published, a flag
 * starts and ends it. realtime/null.c is the variant of a build without it (REALTIME=0): nothing can be created.
 *
 *   api/socket.c ── realtime_admit, realtime_adopt ──> a loop owns the socket from then on
 *   writers      ── realtime_published ─────────────> rooms' home loops
 *   flag         ── realtime_start, realtime_close_all, realtime_settle
 *
 * Every function names its threads; "any" means any but the loops' own.
 */
#ifndef PORCHLIGHT_REALTIME_REALTIME_H
#define PORCHLIGHT_REALTIME_REALTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rate.h"
#include "base/shed.h"
#include "db/cursor.h"
#include "db/heads.h"
#include "db/mutes.h"
#include "db/presence.h"
#include "db/reach.h"
#include "db/users.h"
#include "db/writer.h"
#include "realtime/likes.h"

struct realtime;

/* Whose socket it is. Strings and teams are borrowed for the call. */
struct realtime_member {
    int64_t user_id;
    enum role role;
    bool appears_offline;
    const char *name;
    const char *jti; /* of the token that opened it */
    int64_t issued_ms;
    int64_t expires_ms;
    const int64_t *teams; /* the own team first */
    size_t teams_count;
};

/* What only api/ knows: tokens. Called on the rooms writer's thread; what is filled in lies in the arena. */
struct realtime_gate {
    void *arg;
    /* A token that a client sends on an open socket. ERR_UNAUTHENTICATED, ERR_STORAGE, ... with a sentence. */
    enum err (*check_token)(void *arg, struct db *read, struct arena *arena, const char *token,
                            struct realtime_member *out, struct problem *problem);
    /* Whether a token that was good still is, and who its member is now. ERR_UNAUTHENTICATED: no longer. */
    enum err (*check_again)(void *arg, struct db *read, struct arena *arena, int64_t user_id, const char *jti,
                            int64_t issued_ms, struct realtime_member *out);
};

struct realtime_options {
    struct heads *heads;
    struct presence *presence;
    struct reach *reach; /* NULL: nobody asks */
    struct rate_table *rates; /* NULL: messages and handshakes are not rated */
    struct shed *shed;        /* NULL: there is never too much to do */
    struct writer *rooms;     /* the rooms writer */
    struct writer *main;      /* the posts database's */
    struct db *read;          /* a read connection to the posts database, for the rooms writer's thread */
    struct likes *likes;
    struct mutes *mutes; /* NULL: nobody is muted */
    struct realtime_gate gate;
    const struct clock *clock;
    const struct log *log;
    unsigned loops;
    uint32_t room_limit;    /* sockets in one room */
    uint32_t channel_limit; /* likewise in a chat channel */
    uint32_t address_limit; /* sockets from one address */
    int64_t grace_ms;       /* how long who left counts as here */
    bool clock_moves;       /* a test may move the clock: never wait long */
};

bool realtime_available(void);              /* false in a build without it */
const char *realtime_library_version(void); /* of zlib, for `porchlight --version`; NULL in a build without it */

/* Memory only; no thread runs yet. ERR_NO_MEMORY. */
enum err realtime_create(const struct realtime_options *options, struct realtime **out);
void realtime_free(struct realtime *rt); /* after realtime_stop; NULL is fine */

/* The loops run (again), sockets may be admitted. Any thread. ERR_NO_MEMORY, ERR_CONFLICT (stopping). */
enum err realtime_start(struct realtime *rt);

/* Whether sockets are admitted: what clients are told. Any thread. */
bool realtime_is_open(const struct realtime *rt);

/* No more sockets are admitted; those that are open are closed with 4001, spread over CLOSE_SPREAD_MS. */
void realtime_close_all(struct realtime *rt);

/* Ends the loops' threads when the last socket is gone after realtime_close_all. Cheap; the housekeeper calls it. */
void realtime_settle(struct realtime *rt);

/* Hands a stored alarm to its room, while sockets are admitted (db/alarms.h). Any thread. */
void realtime_alarm(struct realtime *rt, const char *room, int64_t due_ms);

/* Closes everybody with 1012 and a spread-out retryAfter, waits until they are gone (at most CLOSE_WAIT_MS), ends the
   threads. The writers must still run, and may turn the flag meanwhile: nothing starts any more. NULL is fine. */
void realtime_stop(struct realtime *rt);

/* Whether every loop that runs has turned since the last call; wakes them all. One thread, the watchdog's. */
bool realtime_turned(struct realtime *rt);

/* ---- hot restart ------------------------------------------------------------------------------------------------- */

/*
 * Ends the loops' threads with every socket open and lets in those that were on their way: what they brought goes to
 * the writers. Then, when these have been stopped, takes what they left for the loops and writes all that the next
 * image of the program needs; `fds` gets the descriptors that must survive. false: it could not be written. The main
 * thread, when HTTP has ended. Nothing starts again in this image.
 */
void realtime_freeze_loops(struct realtime *rt);
bool realtime_freeze(struct realtime *rt, FILE *out, struct buf *fds);

struct pack_reader;
/* Takes them in, before realtime_start. false: not understood, and nothing was taken. */
bool realtime_thaw(struct realtime *rt, struct pack_reader *from);

/* ---- sockets ----------------------------------------------------------------------------------------------------- */

struct socket_path; /* realtime/kinds.h */

/* The path ("/ws") that a socket may be opened at; NULL: none. Static. */
const struct socket_path *realtime_path(const char *path);
const char *realtime_path_room(const struct socket_path *path); /* its one room; NULL: named, or chosen later */
bool realtime_path_names(const struct socket_path *path);       /* whether the address names the room */

/* Whether a socket there is in its room at once, so that ?since= says from where on. Otherwise JOIN_TEAM does. */
bool realtime_path_resumes(const struct socket_path *path);

/* A handshake that wants in. */
struct realtime_knock {
    const struct socket_path *path;
    const char *room; /* that it is bound for: borrowed for the call; NULL: its member's own team's */
    uint8_t topics;   /* of the room that it wants to hear of, a bit each (struct room_words) */
    bool reads_only;  /* others write there: nobody waits for what it types */
    struct realtime_member member;
    uint64_t address_key; /* of the client, for limits */
    bool resumes;         /* ?since= was given */
    struct cursor since;
};

/*
 * Takes a place: the stage of load, rate of handshakes, sockets of the member, of the address, of all, and of the room
 * they are bound for (their own team's for /ws). ERR_BUSY with retry_after_s (503; stopping, too), ERR_RATE_LIMITED,
 * ERR_CONFLICT (the flag is off). After ERR_OK exactly one of realtime_adopt and realtime_give_up follows. Any thread.
 */
enum err realtime_admit(struct realtime *rt, const struct realtime_knock *knock, struct problem *problem);
void realtime_give_up(struct realtime *rt, const struct realtime_knock *knock);

/* The socket and the bytes that came behind the handshake. `fd` is the module's from now on, whatever happens. */
void realtime_adopt_take(struct realtime *rt, const struct realtime_knock *knock, int fd, bool deflate,
                         const void *early, size_t early_len);

/* ---- what happens ------------------------------------------------------------------------------------------------ */

/*
 * What was committed, in order; heads know it already. `read`: a connection on which the notices of these changes can
 * be read. The main writer's and the rooms writer's thread.
 */
void realtime_published(struct realtime *rt, const struct change *changes, size_t count, struct db *read);

/* How far a member's digest is, for their sockets in a team's room. Any thread. The newest tells it all: what no loop
   has room for is left out. */
struct realtime_digest {
    int64_t user_id;
    const char *job_id;
    const char *status;
    int64_t progress;
    const char *step;
};
void realtime_tell_digest(struct realtime *rt, const struct realtime_digest *digest);

/* The member may no longer be who they were: their sockets are looked at again. (What is published says so by itself.)
 */
void realtime_doubt(struct realtime *rt, int64_t user_id); /* 0: everybody */

size_t realtime_sockets(struct realtime *rt); /* open ones, and those on their way */

/* A cheer from a member without a socket. `key`: an id that makes a resend harmless, or NULL. ERR_CONFLICT (off),
   ERR_BUSY. Any thread. */
enum err realtime_cheer(struct realtime *rt, const struct realtime_member *member, int64_t team_id, const char *icon,
                        const char *key);

/* A JSON object for the sockets of the feed, as it is. ERR_CONFLICT (off), ERR_BUSY. Any thread. */
enum err realtime_feed(struct realtime *rt, const char *json, size_t len);

/* Prometheus text. Any thread. */
void realtime_metrics(struct realtime *rt, struct buf *out);

#endif
