/*
 * One open socket: its states, how messages leave, and its time. What it receives: receive.h.
 *
 *   packets ─> this turn's list ─ one sendmsg ─> wire;  what would block ─> queue (bounded, aged), and from then on
 *              everything goes through it until it is empty
 *
 *   OPEN ─ we close ─> CLOSING (close frame sent, theirs awaited) ─┐
 *     └── they close, or an error ──────────────────────────────────┴─> LINGER (write side shut, rest read away) ─>
 * freed
 *
 * An idle socket is this struct and its attachment; reader and queue exist only while they hold something. Slow
 * consumers: DESIGN, section 7. Everything on the loop's thread.
 */
#ifndef PORCHLIGHT_REALTIME_SOCKET_H
#define PORCHLIGHT_REALTIME_SOCKET_H

#include <assert.h>

#include "realtime/frame.h"
#include "realtime/kinds.h"
#include "realtime/reactor.h"

struct out;
struct packet;
struct queue;

enum socket_state { SOCKET_OPEN, SOCKET_CLOSING, SOCKET_LINGER, SOCKET_DEAD };

/* What survives a room's sleep and a hot restart: who is at the other end. One allocation, packed. */
struct attachment {
    int64_t user_id;
    int64_t issued_ms; /* of the token that opened the socket */
    int64_t expires_ms;
    uint64_t address_key;
    uint32_t joined_s; /* wall time: when the socket came */
    uint16_t size;     /* of the whole */
    uint8_t role;
    bool appears_offline;
    uint8_t teams_count;
    uint16_t jti_len;
    uint16_t name_len;
    char bytes[]; /* teams (8 each), jti and NUL, name and NUL */
};

struct attachment *attachment_create(const struct realtime_member *m, uint32_t joined_s, uint64_t address_key);
const char *attachment_jti(const struct attachment *a);
const char *attachment_name(const struct attachment *a);
bool attachment_in_team(const struct attachment *a, int64_t team_id);
int64_t attachment_team(const struct attachment *a, size_t index);

struct socket {
    int fd; /* first: realtime/io.h */
    uint32_t serial;
    struct timer timer;
    struct socket *member_next; /* of the same member */
    struct socket *room_next;
    struct socket **room_link;
    struct room *room; /* a reference; NULL: in none */
    struct attachment *attachment;
    struct frame_reader *reader; /* NULL: between messages */
    struct queue *queue;         /* NULL: nothing would block */
    struct out *newest;          /* to send in this turn: the last first, until it is sent */
    struct socket *dirty_next;
    int64_t seq;         /* the newest event it was told */
    int64_t close_at_ms; /* 0: not planned */
    uint32_t stay;       /* in the room's presence; 0: not counted */
    uint32_t heard_s;    /* monotonic seconds: when it last sent anything */
    uint16_t close_code; /* what to close with when close_at_ms comes */
    uint8_t refused;     /* messages in a row that came too fast */
    uint8_t topics;      /* of its room that it listens to, a bit each */
    uint8_t joining;     /* goes up whenever it leaves a room: answers about the one before are out of date */
    uint8_t state : 2;   /* enum socket_state */
    uint8_t path : 6;    /* index into kinds_paths */
    bool deflate : 1;    /* agreed on */
    bool catching : 1;   /* the desk reads what it missed */
    bool skipped : 1;    /* something was said meanwhile */
    bool shut_after : 1; /* end our side when everything is sent */
    bool is_dirty : 1;
    bool writing : 1; /* the kernel will say when it takes more */
    bool welcomed : 1;
    bool catch_later : 1; /* to be brought up to date, and `catching` until then */
    bool doubt_later : 1; /* its member is to be looked at again */
    bool reads_only : 1;  /* as it came: see realtime_knock */
};
static_assert(sizeof(struct socket) <= 136, "ten thousand of them rest: 8 bytes more take 16 of the heap");

/* What a new socket comes with. Owned by the note that carries it. */
struct socket_seed {
    int fd;
    bool deflate;
    const struct socket_path *path;
    struct attachment *attachment;
    char *room; /* the one that it enters at once; owned; NULL: the path's own, or none yet */
    uint8_t topics;
    bool reads_only;
    bool resumes; /* from `since` on */
    struct cursor since;
    size_t early_len;
    unsigned char early[];
};
void socket_seed_free(struct socket_seed *seed); /* closes the descriptor when it was not taken */

const struct socket_path *socket_path(const struct socket *s);
bool socket_is_bound(const struct socket *s); /* to one room, by the address it was opened at */
struct address socket_address(const struct socket *s);

/* Until when its member may not write in the team of its room (db/mutes.h); 0: they may. */
int64_t socket_muted_until(const struct reactor *r, const struct socket *s);

/* At its loop, in no room yet. NULL: no memory, and its place is given back. The seed stays the caller's. */
struct socket *socket_create(struct reactor *r, struct socket_seed *seed);

/* A socket of the image of the program before this one: open, in no room yet. NULL: no memory; the seed is gone. */
struct socket *socket_restore_take(struct reactor *r, struct socket_seed *seed);
void socket_send_raw(struct reactor *r, struct socket *s, const void *bytes, size_t len); /* what it had not sent */

/* Sends, or queues; a socket that is closing gets nothing more. The packet stays the caller's. NULL: there was no
   memory for it, and the socket is cut: its client comes back and asks again instead of waiting for what is lost. */
void socket_send(struct reactor *r, struct socket *s, struct packet *packet);

/* Says goodbye: leaves the room, sends the close frame, waits for theirs at most CLOSE_WAIT_MS. */
void socket_close(struct reactor *r, struct socket *s, uint16_t code, const char *reason);

/* The other side broke the protocol: it is told so, and nothing it says can be understood any more. */
void socket_fail(struct reactor *r, struct socket *s, uint16_t code, const char *why);
void socket_heard_close(struct reactor *r, struct socket *s, uint16_t code); /* their close frame has come */

/* Closes at a time, with a code; an earlier plan stays. */
void socket_close_at(struct reactor *r, struct socket *s, uint16_t code, int64_t at_ms);

void socket_cut(struct reactor *r, struct socket *s); /* without a word */
void socket_free(struct reactor *r, struct socket *s);

/* From the loop. */
void socket_writable(struct reactor *r, struct socket *s);
void socket_timer(struct reactor *r, struct socket *s);
void socket_flush(struct reactor *r, struct socket *s); /* this turn's list */
void socket_rearm(struct reactor *r, struct socket *s); /* something that its timer depends on has changed */

#endif
