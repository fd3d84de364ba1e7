/*
 * What a room with sockets keeps beyond its sleep, for kinds: jobs of the rooms writer on a room's behalf, and the
 * room's stored alarm. The tables are those of db/room_store.h.
 *
 *   home loop:   storage_take ──job──> rooms writer: run, committed ──NOTE_STORED──> home loop: done
 *   housekeeper: db/alarms.h  ──> storage_alarm ──NOTE_ALARM──> home loop: kind->alarm
 *
 * An alarm runs at least once, after a crash too: it comes again (2 s later, then 4 ...) until a job of the room sets
 * it anew or takes it away; best in the transaction that does what it was for. The seventh that the room does not end
 * is the last: then it is given up. Alarms of rooms with sockets wait while the flag is off.
 */
#ifndef PORCHLIGHT_REALTIME_STORAGE_H
#define PORCHLIGHT_REALTIME_STORAGE_H

#include "db/room_store.h"
#include "db/writer.h"
#include "realtime/room.h"

/* A kind's own struct begins with it. What `run` reads, and what it is to write, lies in the arena. */
struct room_job {
    struct job job; /* first */
    struct arena *arena;
    enum err (*run)(struct room_job *job, struct tx *tx); /* the rooms writer's thread */
    /* The home loop, once, with the room awake (not at all when there is no memory to wake it). The job is freed when
       it returns. */
    void (*done)(struct room_turn *t, struct room_job *job);
    enum err err; /* for `done`: ERR_OK is durable; ERR_BUSY, ERR_CONFLICT (stopping) and ERR_STORAGE changed nothing */
    /* ---- storage.c's ---- */
    struct realtime *rt;
    struct room *room; /* a reference */
    struct note *note; /* made beforehand, so that an answer never lacks memory; NULL while it carries the job */
};

/* For the room of this turn, `bytes` long (a kind's own struct), zeroed behind its first member. NULL: no memory. */
struct room_job *storage_job(struct room_turn *t, size_t bytes, enum err (*run)(struct room_job *, struct tx *),
                             void (*done)(struct room_turn *, struct room_job *));
/* Its `done` follows; at once when the writer refuses it. */
void storage_take(struct room_turn *t, struct room_job *job);
void storage_free(struct room_job *job); /* one that was not taken; NULL is fine */

/* In `run`: the alarm of the job's room (wall time; 0 takes it away). As room_store_set_alarm. */
enum err storage_set_alarm(struct room_job *job, struct tx *tx, int64_t due_ms);

/* Hands a stored alarm to its room. Any thread; what cannot be handed over comes again. */
void storage_alarm(struct realtime *rt, const char *room, int64_t due_ms);

#endif
