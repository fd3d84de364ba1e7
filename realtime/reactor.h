/*
 * One loop of the realtime module: a thread, its sockets, and the rooms whose home it is.
 *
 *   turn:  wait ─> bytes of sockets ─> notes ─> timers ─> send what each socket has, in one system call ─> bury the
 * dead
 *
 * Everything in a reactor is touched by its thread alone, but for the mailbox. Its thread runs while realtime is on,
 * and a little longer (realtime_settle).
 */
#ifndef PORCHLIGHT_REALTIME_REACTOR_H
#define PORCHLIGHT_REALTIME_REACTOR_H

#include "base/arena.h"
#include "realtime/deflate.h"
#include "realtime/hub.h"
#include "realtime/note.h"

struct cheer_seen;
struct out;
struct socket;

/* Which timer fired: the `kind` of struct timer. */
enum reactor_timer { TIMER_SOCKET = 1, TIMER_ROOM_SLEEP, TIMER_ROOM_SOON, TIMER_ROOM_PRESENCE, TIMER_ROOM_BEAT };

#define LOST_BY_MANY (-1)

struct reactor {
    struct realtime *rt;
    unsigned index;
    pthread_t thread;
    const struct io_methods *methods;
    struct io *io;
    struct mailbox *mailbox;
    struct wheel *wheel;
    struct deflate *deflate;
    struct arena *arena; /* emptied after each message and note */
    struct buf inflated; /* of the message at hand */
    int64_t now_ms;      /* the app's clock, once a turn */
    int64_t wall_ms;
    struct socket **members; /* hash table: user -> chain of their sockets; a power of two */
    size_t members_cap;
    size_t members_count;
    size_t sockets;
    uint32_t serials;
    struct socket *dirty; /* something to send in this turn */
    struct socket *dead;  /* freed at the turn's end */
    struct out *spare;    /* nodes for what is to be sent, for use again (out.h) */
    size_t spare_count;
    size_t outs;             /* in use */
    unsigned int luck;       /* spreads closings; nothing secret */
    struct cheer_seen *seen; /* ids of cheers; NULL until the first */
    size_t seen_next;
    int64_t births_us[16]; /* of what this turn sends */
    size_t births_count;
    uint32_t doubts;     /* notes of that kind so far */
    size_t asked;        /* of the desk, and not yet answered */
    size_t later;        /* sockets that wait until there is room for asking */
    size_t later_at;     /* where the search for them goes on */
    _Atomic uint64_t turns;
    uint64_t seen_turns; /* by the watchdog, at its last look */
    _Atomic bool gap;    /* a note could not be posted: its sockets catch up from the database */
    _Atomic int64_t lost; /* whose answer could not be posted: a member, LOST_BY_MANY; 0: nobody's */
    _Atomic bool ending; /* the thread ends when this is set and the turn is over */
};

enum err reactor_init(struct reactor *r, struct realtime *rt, unsigned index);
void reactor_quiet(struct reactor *r); /* the thread has ended: cuts what is left, lets the rooms sleep */
void reactor_clear(struct reactor *r); /* after all are quiet: frees */

bool reactor_run(struct reactor *r); /* starts the thread */
void reactor_end(struct reactor *r); /* asks it to end, and joins */

/* For a hot restart, when no thread runs: handles the notes and sends. Whether there was any. */
bool reactor_drain(struct reactor *r);

/* Any thread. false: the mailbox is full or there is no memory; the note is freed. */
bool reactor_post_take(struct reactor *r, struct note *note);

/* Any thread. The mailbox takes it though it is full: answers to what the loop asked for, of which there are no more
   than it asked, and what is said to loops as such. */
void reactor_tell_take(struct reactor *r, struct note *note);

/* Any thread: something that the loop's sockets should hear could not be posted. */
void reactor_gap(struct reactor *r);

/* Any thread: an answer to this member could not be posted. Their sockets are closed, and ask again. */
void reactor_lost(struct reactor *r, int64_t user_id);

/* The watchdog's thread: whether it turned since the last call; wakes it, so that it will have by the next. */
bool reactor_turned(struct reactor *r);

/* The loop's thread: sends what is pending now, when a turn has made very much. */
void reactor_flush(struct reactor *r);

/* What this turn sends was born then. */
void reactor_born(struct reactor *r, int64_t born_us);
int64_t reactor_real_us(void);

#endif
