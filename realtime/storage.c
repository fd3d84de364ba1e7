/* Jobs of the rooms writer for rooms, and their alarms. See storage.h. */
#include "realtime/storage.h"

#include <stdlib.h>
#include <string.h>

#include "db/pending_likes.h"
#include "realtime/kinds.h"
#include "realtime/note.h"
#include "realtime/reactor.h"

#define JOB_ARENA_BYTES 2048
#define ALARMS_AT_ONCE 256
#define NEVER_MS INT64_MAX

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

/* Looks again no later than that. */
static void expect_alarm(struct realtime *rt, int64_t due_ms)
{
    int64_t next_ms = atomic_load(&rt->next_alarm_ms);
    while (due_ms < next_ms && !atomic_compare_exchange_weak(&rt->next_alarm_ms, &next_ms, due_ms))
        ;
}

static void job_done(struct job *base, enum err err, const struct problem *problem)
{
    struct room_job *job = (struct room_job *)base;
    struct note *note = job->note;
    (void)problem;
    job->err = err;
    if (err == ERR_OK && job->alarm_ms != 0)
        expect_alarm(job->rt, job->alarm_ms);
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
    enum err err = room_store_set_alarm(tx, job->room->name, due_ms);
    if (err == ERR_OK)
        job->alarm_ms = due_ms;
    return err;
}

struct round {
    struct job job;
    struct arena *arena;
    struct room_alarm due[ALARMS_AT_ONCE];
    size_t count;
    int64_t next_ms;
};

/* The like buffer minds its own (realtime/likes.h). */
static bool is_ours(const struct room_alarm *alarm)
{
    return strcmp(alarm->room, PENDING_LIKES_ROOM) != 0;
}

static enum err take_due(struct round *round, struct tx *tx, const struct room_alarm *alarm)
{
    const char *name = arena_text(round->arena, alarm->room);
    if (name == NULL)
        return ERR_NO_MEMORY;
    round->due[round->count++] = (struct room_alarm){.room = name, .due_ms = alarm->due_ms};
    return room_store_set_alarm(tx, name, tx->now_ms + ALARM_AGAIN_MS);
}

/* In the order in which they are due: the first that is not yet says when to look again. */
static enum err run_round(struct job *job, struct tx *tx)
{
    struct round *round = (struct round *)job;
    struct room_alarm *alarms = arena_alloc(tx->arena, ALARMS_AT_ONCE * sizeof *alarms);
    size_t count = 0;
    enum err err = alarms == NULL ? ERR_NO_MEMORY
                                  : room_store_alarms(tx->db, tx->arena, alarms, ALARMS_AT_ONCE, &count);
    size_t i = 0;
    for (; err == ERR_OK && i < count && (alarms[i].due_ms <= tx->now_ms || !is_ours(&alarms[i])); i++)
        if (is_ours(&alarms[i]))
            err = take_due(round, tx, &alarms[i]);
    if (i < count)
        round->next_ms = alarms[i].due_ms;
    else if (count == ALARMS_AT_ONCE)
        round->next_ms = tx->now_ms; /* there may be more */
    if (round->count > 0 && round->next_ms > tx->now_ms + ALARM_AGAIN_MS)
        round->next_ms = tx->now_ms + ALARM_AGAIN_MS;
    return err;
}

static const struct room_kind *kind_of(const char *room)
{
    size_t len = strcspn(room, "/");
    for (const struct room_kind *const *kind = kinds_rooms; *kind != NULL; kind++)
        if (strlen((*kind)->name) == len && memcmp((*kind)->name, room, len) == 0)
            return *kind;
    return NULL;
}

static void hand_over(struct realtime *rt, const struct room_alarm *alarm)
{
    const struct room_kind *kind = kind_of(alarm->room);
    if (kind == NULL || kind->alarm == NULL) { /* of another version of the program, perhaps; it keeps coming */
        if (rt->options.log != NULL)
            log_warn(rt->options.log, "alarm.unknown", LOG_S("room", alarm->room));
        return;
    }
    struct room *room = room_get(rt, kind, alarm->room);
    struct note *note = room == NULL ? NULL : note_create(NOTE_ALARM, room);
    if (note != NULL)
        note->as.alarm_ms = alarm->due_ms;
    if (note != NULL && reactor_post_take(hub_home_of(rt, room), note))
        STATS_ADD(rt->stats.alarms, 1);
    room_unref(room); /* what was not handed over comes again */
}

void storage_alarms(struct realtime *rt)
{
    if (!realtime_is_open(rt) || atomic_load(&rt->next_alarm_ms) > clock_wall_ms(rt->options.clock))
        return;
    struct round *round = calloc(1, sizeof *round);
    if (round != NULL)
        round->arena = arena_create(JOB_ARENA_BYTES, REQUEST_ARENA_BYTES_MAX);
    if (round == NULL || round->arena == NULL) {
        free(round);
        return;
    }
    round->job.run = run_round;
    round->next_ms = NEVER_MS;
    atomic_store(&rt->next_alarm_ms, NEVER_MS); /* a room that sets one meanwhile lowers it */
    enum err err = writer_call(rt->options.rooms, &round->job, NULL);
    expect_alarm(rt, err == ERR_OK ? round->next_ms : 0);
    for (size_t i = 0; err == ERR_OK && i < round->count; i++)
        hand_over(rt, &round->due[i]);
    arena_free(round->arena);
    free(round);
}
