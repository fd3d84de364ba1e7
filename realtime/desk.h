/*
 * What sockets need from the posts database: the events they missed, whether a token still holds, a new token. A loop
 * never touches SQL, so it asks here: a job of the rooms writer reads, and a note brings the answer back to the loop.
 *
 *   loop ── desk_catch_take ──> rooms writer: run ── NOTE_CAUGHT ──> loop: session_caught
 */
#ifndef PORCHLIGHT_REALTIME_DESK_H
#define PORCHLIGHT_REALTIME_DESK_H

#include "db/cursor.h"
#include "db/writer.h"
#include "realtime/hub.h"

/* What a socket missed. */
struct desk_catch {
    struct job job;
    struct realtime *rt;
    struct address who;
    int64_t team_id; /* 0: the feed, all teams */
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

/* Queues it. ERR_NO_MEMORY, ERR_BUSY, ERR_CONFLICT: nothing comes back; it is freed. The loops. */
struct desk_catch *desk_catch_create(struct realtime *rt, const struct address *who, int64_t team_id);
enum err desk_catch_take(struct desk_catch *c);
void desk_catch_free(struct desk_catch *c); /* NULL is fine */

struct desk_check *desk_check_create(struct realtime *rt, int64_t user_id, size_t count);
enum err desk_check_take(struct desk_check *c);
void desk_check_free(struct desk_check *c);

struct desk_token *desk_token_create(struct realtime *rt, const struct address *who, const char *id, const char *token);
enum err desk_token_take(struct desk_token *t);
void desk_token_free(struct desk_token *t);

#endif
