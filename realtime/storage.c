/* Jobs of the rooms writer for rooms, and their alarms. See storage.h. */
#include "realtime/storage.h"

#include <stdlib.h>
#include <string.h>

#include "realtime/kinds.h"
#include "realtime/note.h"
#include "realtime/reactor.h"

#define JOB_ARENA_BYTES 2048

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

struct room_job *storage_job(struct room_turn *t, size_t bytes, enum err (*run)(struct room_job *, struct tx *),
                             void (*done)(struct room_turn *, struct room_job *))
{
    struct room_job *job = calloc(1, bytes);
    if (job == NULL)
        return NULL;
    job->run = run;
    job->done = done;
    job->rt = t->reactor->rt;
    job->room = room_ref(t->room);
    job->arena = arena_create(JOB_ARENA_BYTES, REQUEST_ARENA_BYTES_MAX);
    job->note = note_create(NOTE_STORED, t->room);
    if (job->arena == NULL || job->note == NULL) {
        storage_free(job);
        return NULL;
    }
    return job;
}

void storage_free(struct room_job *job)
{
    if (job == NULL)
        return;
    note_free(job->note);
    room_unref(job->room);
    arena_free(job->arena);
    free(job);
}

static enum err run_job(struct job *base, struct tx *tx)
{
    struct room_job *job = (struct room_job *)base;
    return job->run(job, tx);
}

static void job_done(struct job *base, enum err err, const struct problem *problem)
{
    struct room_job *job = (struct room_job *)base;
    struct note *note = job->note;
    (void)problem;
    job->err = err;
    job->note = NULL;
    note->as.stored = job; /* which owns it from here on */
    reactor_tell_take(hub_home_of(job->rt, job->room), note);
}

void storage_take(struct room_turn *t, struct room_job *job)
{
    struct writer *rooms = t->reactor->rt->options.rooms;
    job->job = (struct job){.run = run_job, .done = job_done};
    enum err err = rooms == NULL ? ERR_CONFLICT : writer_submit(rooms, &job->job);
    if (err == ERR_OK)
        return; /* it may be done and gone already */
    job->err = err;
    job->done(t, job);
    storage_free(job);
}

/* ---- alarms ------------------------------------------------------------------------------------------------------ */

enum err storage_set_alarm(struct room_job *job, struct tx *tx, int64_t due_ms)
{
    return room_store_set_alarm(tx, job->room->name, due_ms);
}

static const struct room_kind *kind_of(const char *room)
{
    size_t len = strcspn(room, "/");
    for (const struct room_kind *const *kind = kinds_rooms; *kind != NULL; kind++)
        if (strlen((*kind)->name) == len && memcmp((*kind)->name, room, len) == 0)
            return *kind;
    return NULL;
}

void storage_alarm(struct realtime *rt, const char *name, int64_t due_ms)
{
    const struct room_kind *kind = kind_of(name);
    if (kind == NULL || kind->alarm == NULL) { /* of another version of the program, perhaps */
        if (rt->options.log != NULL)
            log_warn(rt->options.log, "alarm.unknown", LOG_S("room", name));
        return;
    }
    struct room *room = room_get(rt, kind, name);
    struct note *note = room == NULL ? NULL : note_create(NOTE_ALARM, room);
    if (note != NULL)
        note->as.alarm_ms = due_ms;
    if (note != NULL && reactor_post_take(hub_home_of(rt, room), note))
        STATS_ADD(rt->stats.alarms, 1);
    room_unref(room);
}
