/*
 * Rooms: one per thing that needs coordination, such as a team. DESIGN, section 7.
 *
 *   room { name, kind, home loop, count of sockets }         shared by all threads, in the directory while referenced
 *     ├─ awake: kind's state and timers     the home loop's; NULL while it sleeps
 *     └─ shards[loop]: list of sockets      each its loop's
 *
 * A room is made when its first socket (or a cheer) comes and freed with the last reference: each socket in it holds
 * one, and so does each note under way. Asleep it is nothing but this struct: no timer runs. Whatever reaches it wakes
 * it; ROOM_SLEEP_MS after the last that did, it sleeps again.
 */
#ifndef PORCHLIGHT_REALTIME_ROOM_H
#define PORCHLIGHT_REALTIME_ROOM_H

#include "realtime/hub.h"
#include "realtime/note.h"
#include "realtime/packet.h"
#include "realtime/reactor.h"

struct room_kind;
struct socket;

#define ROOM_FEED "FEED"

struct room_awake {
    struct room *room; /* first; a reference */
    struct timer sleep;
    struct timer soon;     /* what is gathered is due */
    struct timer presence; /* likewise for who is here */
    struct timer beat;
    _Alignas(max_align_t) unsigned char state[];
};

struct shard {
    struct socket *first;
    uint32_t count;
};

struct room {
    struct room *next; /* of the directory's bucket; under its lock */
    struct directory *directory;
    const struct room_kind *kind;
    struct room_awake *awake;    /* the home's */
    int64_t team_id;             /* of a team's own room; otherwise 0 */
    int64_t owner_id;            /* the team whose members may be in it; 0: everybody */
    void *people;                /* the kind's (kinds.h: entered, left, forget) */
    _Atomic uint64_t told_likes; /* every like count up to this version was told to the room */
    _Atomic uint32_t refs;
    _Atomic uint32_t sockets;
    _Atomic uint32_t deflating; /* sockets that agreed on compression */
    uint16_t home;
    uint16_t loops;
    struct shard *shards; /* behind the name, in the same allocation */
    char name[];
};

/* What a kind's method is given. */
struct room_turn {
    struct reactor *reactor;
    struct room *room;
    void *state;
};

struct directory *room_directory_create(struct realtime *rt); /* NULL: no memory */
void room_directory_free(struct directory *d);                /* all rooms are gone; NULL is fine */

/* A reference, or NULL: there is no such room. Any thread. */
struct room *room_find(struct realtime *rt, const char *name);
struct room *room_find_team(struct realtime *rt, int64_t team_id);
/* Made when it is missing. NULL: no memory, or the name is too long. */
struct room *room_get(struct realtime *rt, const struct room_kind *kind, const char *name);
struct room *room_get_team(struct realtime *rt, int64_t team_id);
struct room *room_ref(struct room *room);
void room_unref(struct room *room); /* NULL is fine */
/* Calls `each` with every team's room (a reference that lasts for the call). Any thread. */
void room_each_team(struct realtime *rt, void (*each)(void *arg, struct room *room), void *arg);
/* Sockets in the room of that name. Any thread. */
uint32_t room_sockets(struct realtime *rt, const char *name);

/* ---- the socket's side, on its loop ------------------------------------------------------------------------------ */

/* Adds the socket to its loop's shard. false: the room is full. */
bool room_enter(struct reactor *r, struct socket *s, struct room *room);
uint32_t room_limit(const struct realtime *rt, const struct room_kind *kind);
/* Likewise, however full it is: the socket was in it before a hot restart. */
void room_return(struct reactor *r, struct socket *s, struct room *room);
void room_leave(struct reactor *r, struct socket *s);
/* A packet to the loop's sockets in the room. */
void room_spread(struct reactor *r, struct room *room, struct packet *packet);

/* ---- the home's side, on the home loop --------------------------------------------------------------------------- */

/* A note of the home's kinds: wakes the room and hands it to its kind. */
void room_note(struct reactor *r, struct note *note);
void room_timer(struct reactor *r, struct timer *t);
void room_sleep_all(struct reactor *r); /* at the end, or before a hot restart */

/* ---- for kinds --------------------------------------------------------------------------------------------------- */

/* What a room says. */
struct room_words {
    const struct buf *json;
    enum packet_class what;
    int64_t seq; /* of its event; 0: none */
    enum stats_said said;
    uint8_t topic;  /* a bit: only sockets that listen to it get it; 0: all do */
    int64_t not_to; /* a member who knows it already; 0: nobody */
};
void room_say_words(struct room_turn *t, const struct room_words *words);

/* Renders once, compresses once when somebody wants it, sends to every socket in the room. */
void room_say(struct room_turn *t, const struct buf *json, enum packet_class what, int64_t seq, enum stats_said said);
/* To one socket, wherever it is. */
void room_answer(struct room_turn *t, const struct address *to, const struct buf *json, enum stats_said said);
/* Due in so many milliseconds, unless it is set already. */
void room_soon(struct room_turn *t, enum reactor_timer which, int64_t in_ms);

#endif
