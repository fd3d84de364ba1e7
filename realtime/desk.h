/*
 * What sockets need from the posts database: the events they missed, whether a token still holds, a new token. A loop
 * never touches SQL, so it asks here: a job of the rooms writer reads, and a note brings the answer back to the loop.
 *
 *   loop ── desk_catch_take ──> rooms writer: run ── NOTE_CAUGHT ──> loop: join_caught
 *   loop ── desk_write_take ──> main writer: the kind's run, committed ── NOTE_WRITTEN ──> loop: writes_written
 */
#ifndef PORCHLIGHT_REALTIME_DESK_H
#define PORCHLIGHT_REALTIME_DESK_H

#include "db/access.h"
#include "db/cursor.h"
#include "db/writer.h"
#include "realtime/hub.h"
#include "realtime/message.h"
#include "realtime/packet.h"

struct room;
struct socket;

/* What a socket missed. */
struct desk_catch {
    struct job job;
    struct realtime *rt;
    struct address who;
    int64_t team_id;   /* 0: the feed, all teams, or a room with a history of its own */
    struct room *room; /* a reference */
    uint8_t topics;    /* that the socket listens to */
    bool greeted;      /* it has had its WELCOME */
    int64_t after_id;  /* instead of `since`: what came after this one of the room's own things; 0: not asked for */
    struct cursor since;
    bool has_since;    /* false: from now on */
    uint8_t joining;   /* the socket's, then */
    bool check_team;   /* an admin's: whether the team exists */
    char *id;          /* of the message that asked; NULL: none */
    struct note *note; /* made beforehand, so that an answer never lacks memory */
    /* ---- the answer ---- */
    enum err err;
    bool reset; /* the cursor is not ours or too old: start again at `now` */
    bool more;  /* there is more after `now` */
    struct cursor now;
    struct packet **packets; /* in order; owned */
    size_t packets_count;
    size_t packets_cap;
};

/* A member's sockets, and whether their tokens still hold. */
struct desk_doubt {
    uint32_t serial;
    int64_t issued_ms;
    const char *jti; /* in the check's arena */
    bool holds;
};

struct desk_check {
    struct job job;
    struct realtime *rt;
    int64_t user_id;
    struct note *note;
    enum err err;                  /* ERR_OK: the verdicts stand */
    struct realtime_member member; /* as of now, when any holds; in the arena */
    struct arena *arena;
    size_t count;
    struct desk_doubt doubts[];
};

/* A token from an open socket. */
struct desk_token {
    struct job job;
    struct realtime *rt;
    struct address who;
    char *id;        /* of the message; NULL: none */
    uint32_t doubts; /* the loop's, then */
    struct note *note;
    enum err err;
    struct problem problem;
    struct realtime_member member;
    struct arena *arena;
    char token[];
};

/* A message that writes: run in the main writer's group commit, answered when it is durable. With an id the answer is
   kept with it for IDEMPOTENCY_HOURS, and the same message again gets the same answer without `run`. */
struct desk_write {
    struct job job;
    struct realtime *rt;
    struct address who;
    enum err (*run)(struct desk_write *write, struct tx *tx);
    struct message message;
    const char *name; /* of the member, as the socket knows it; in the arena, like whatever the message holds */
    enum role role;
    bool leads;        /* the team whose room it is, or is an admin */
    struct room *room; /* a reference */
    struct buf answer; /* what is said to who asked; `run` writes it, or leaves it empty */
    struct arena *arena;
    unsigned char fingerprint[FINGERPRINT_BYTES];
    struct note *note;
    enum err err;
    struct problem problem;
};

/* What a kind finds for a socket, in order. false: no memory. */
bool desk_catch_add(struct desk_catch *c, const struct buf *json, enum packet_class what, int64_t seq);

/* Queues it. ERR_NO_MEMORY, ERR_BUSY, ERR_CONFLICT: nothing comes back; it is freed. The loops. */
struct desk_catch *desk_catch_create(struct realtime *rt, const struct socket *s);
enum err desk_catch_take(struct desk_catch *c);
void desk_catch_free(struct desk_catch *c); /* NULL is fine */

/* Of the socket's message `bytes`, which was understood. NULL: no memory. */
struct desk_write *desk_write_create(struct realtime *rt, const struct socket *s, const char *bytes, size_t len);
enum err desk_write_take(struct desk_write *w);
void desk_write_free(struct desk_write *w); /* NULL is fine */

struct desk_check *desk_check_create(struct realtime *rt, int64_t user_id, size_t count);
enum err desk_check_take(struct desk_check *c);
void desk_check_free(struct desk_check *c);

struct desk_token *desk_token_create(struct realtime *rt, const struct address *who, const char *id, const char *token);
enum err desk_token_take(struct desk_token *t);
void desk_token_free(struct desk_token *t);

#endif
