/*
 * The stored alarms of rooms (db/room_store.h): each runs at least once when it is due, after a restart or a crash too,
 * and whatever mode the server is in.
 *
 *   housekeeper ── alarms_ring ──> rooms writer: which are due
 *                                      ├─ a kind of this table: ring, in a job of its own ── committed ──> rung
 *                                      └─ any other room: hand_over, for rooms with sockets (realtime/storage.h)
 *
 * `ring` finds its alarm taken away, and sets another in the same transaction if it wants one: so what the alarm was
 * for and its end are one. A `ring` that fails changes nothing. It is tried again after ALARM_AGAIN_MS, doubled each
 * time, ALARM_TRIES_MAX times; then the alarm is given up: logged, counted, and kept until it is set anew or the next
 * start of the server. What storage refuses is no failure of the alarm: it is due until there is storage again.
 *
 * A room with sockets lives on a loop, not in the writer's transaction. Its alarm comes again in the same rhythm until
 * a job of the room sets it anew or takes it away, and waits while no loop runs (hand_over refuses at once).
 */
#ifndef PORCHLIGHT_DB_ALARMS_H
#define PORCHLIGHT_DB_ALARMS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/room_store.h"
#include "db/writer.h"

struct alarm {
    const char *room;
    int64_t due_ms;
    bool follow; /* `ring` sets it: `rung` is to be called */
};

struct alarm_kind {
    const char *prefix;                                              /* of the rooms' names, such as "digest/" */
    enum err (*ring)(void *arg, struct tx *tx, struct alarm *alarm); /* the rooms writer's thread */
    /* The housekeeper's, after the transaction: what `ring` did is durable, or undone. */
    void (*rung)(void *arg, const struct alarm *alarm, bool durable);
};

struct alarms_options {
    struct writer *rooms;
    const struct clock *clock;
    const struct log *log;          /* NULL: silent */
    const struct alarm_kind *kinds; /* ends with a NULL prefix; outlives the alarms */
    void *arg;                      /* of the kinds' methods and the next two */
    bool (*takes)(void *arg);       /* whether rooms with sockets may be handed alarms now */
    void (*hand_over)(void *arg, const char *room, int64_t due_ms);
};

struct alarms_stats {
    _Atomic uint64_t rung;   /* that did what they were for, or were handed over */
    _Atomic uint64_t failed; /* and are tried again */
    _Atomic uint64_t given_up;
};

struct alarms;

enum err alarms_create(const struct alarms_options *options, struct alarms **out); /* ERR_NO_MEMORY */
void alarms_free(struct alarms *a);                                                /* NULL is fine */

/* After the commit: CHANGE_ALARM says when one is due. Any thread. */
void alarms_published(struct alarms *a, const struct change *changes, size_t count);
/* Looks at all of them with the next turn: sockets are let in, say. Any thread. */
void alarms_look(struct alarms *a);

/* Runs what is due. One look at a number when nothing is. Blocks on the rooms writer: the housekeeper. */
void alarms_ring(struct alarms *a);

const struct alarms_stats *alarms_stats(const struct alarms *a);

#endif
