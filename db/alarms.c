/*
 * Rounds of the housekeeper through the alarms that are due. See alarms.h.
 *
 * A round is one job that looks and then a job for each alarm, all queued at once, so that they share group commits.
 * An alarm is looked at again in its own job: whatever came between has set it anew or taken it away.
 */
#include "db/alarms.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "db/pending_likes.h"

#define NEVER_MS INT64_MAX
#define AT_ONCE 256 /* alarms of a round; a quarter of a batch of the writer */
#define PAGE 256
#define NAMES_BYTES 4096

struct bell {
    struct job job;
    struct round *round;
    const struct alarm_kind *kind; /* NULL: a room with sockets */
    struct alarm alarm;
    int64_t tries;
    bool gone; /* it is no longer due */
    bool give_up;
    bool queued;
    enum err err;
};

struct round {
    struct job job; /* first */
    struct alarms *alarms;
    bool sockets; /* rooms with sockets are handed theirs */
    struct arena *arena;
    int64_t next_ms;
    size_t count;
    struct bell bells[AT_ONCE];
    pthread_mutex_t lock;
    pthread_cond_t finished;
    size_t left; /* under the lock */
};

struct alarms {
    struct alarms_options options;
    _Atomic int64_t next_ms; /* none is due before; wall time */
    bool revived;            /* those that an earlier run gave up */
    struct alarms_stats stats;
};

enum err alarms_create(const struct alarms_options *options, struct alarms **out)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return ERR_NO_MEMORY;
    (*out)->options = *options;
    return ERR_OK;
}

void alarms_free(struct alarms *a)
{
    free(a);
}

const struct alarms_stats *alarms_stats(const struct alarms *a)
{
    return &a->stats;
}

static void expect(struct alarms *a, int64_t due_ms)
{
    int64_t next_ms = atomic_load(&a->next_ms);
    while (due_ms < next_ms && !atomic_compare_exchange_weak(&a->next_ms, &next_ms, due_ms))
        ;
}

void alarms_published(struct alarms *a, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (changes[i].kind == CHANGE_ALARM)
            expect(a, changes[i].value);
}

void alarms_look(struct alarms *a)
{
    atomic_store(&a->next_ms, 0);
}

static const struct alarm_kind *kind_of(const struct alarms *a, const char *room)
{
    const struct alarm_kind *kind = a->options.kinds;
    while (kind->prefix != NULL && strncmp(kind->prefix, room, strlen(kind->prefix)) != 0)
        kind++;
    return kind->prefix == NULL ? NULL : kind;
}

/* How long to wait after so many tries that failed before. */
static int64_t pause_ms(int64_t tries)
{
    return (int64_t)ALARM_AGAIN_MS << (tries < ALARM_TRIES_MAX ? tries : ALARM_TRIES_MAX);
}

/* ---- which are due ----------------------------------------------------------------------------------------------- */

/* The like buffer minds its own (realtime/likes.h). */
static bool is_ours(const struct round *round, const struct alarm_kind *kind, const char *room)
{
    return (kind != NULL || round->sockets) && strcmp(room, PENDING_LIKES_ROOM) != 0;
}

static enum err add_bell(struct round *round, const struct alarm_kind *kind, const struct room_alarm *due)
{
    const char *room = arena_text(round->arena, due->room);
    if (room == NULL)
        return ERR_NO_MEMORY;
    round->bells[round->count++] = (struct bell){
        .round = round, .kind = kind, .alarm = {.room = room, .due_ms = due->due_ms}, .tries = due->tries};
    return ERR_OK;
}

/* In the order in which they are due: the first that is not yet says when to look again. Rooms with sockets may wait
   for the flag in any number, so the walk goes by pages. */
static enum err run_look(struct job *job, struct tx *tx)
{
    struct round *round = (struct round *)job;
    struct room_alarm page[PAGE];
    struct room_alarm last;
    size_t count = PAGE;
    enum err err = ERR_OK;
    for (bool first = true; err == ERR_OK && count == PAGE && round->next_ms == NEVER_MS; first = false) {
        err = room_store_alarms(tx->db, tx->arena, first ? NULL : &last, page, PAGE, &count);
        for (size_t i = 0; err == ERR_OK && i < count && round->next_ms == NEVER_MS; i++) {
            const struct alarm_kind *kind = kind_of(round->alarms, page[i].room);
            if (!is_ours(round, kind, page[i].room))
                continue;
            if (page[i].due_ms > tx->now_ms || round->count == AT_ONCE)
                round->next_ms = page[i].due_ms;
            else
                err = add_bell(round, kind, &page[i]);
        }
        if (count > 0)
            last = page[count - 1];
    }
    return err;
}

/* ---- ringing ----------------------------------------------------------------------------------------------------- */

/* A room with sockets: it comes again until the room ends it. */
static enum err run_again(struct bell *bell, struct tx *tx)
{
    bell->give_up = bell->tries > ALARM_TRIES_MAX;
    if (bell->give_up)
        return room_store_alarm_give_up(tx, bell->alarm.room);
    return room_store_alarm_again(tx, bell->alarm.room, tx->now_ms + pause_ms(bell->tries), bell->tries + 1);
}

static enum err run_bell(struct job *job, struct tx *tx)
{
    struct bell *bell = (struct bell *)job;
    int64_t due_ms;
    enum err err = room_store_alarm(tx->db, bell->alarm.room, &due_ms);
    bell->gone = due_ms != bell->alarm.due_ms;
    if (err != ERR_OK || bell->gone)
        return err;
    if (bell->kind == NULL)
        return run_again(bell, tx);
    err = room_store_set_alarm(tx, bell->alarm.room, 0);
    return err != ERR_OK ? err : bell->kind->ring(bell->round->alarms->options.arg, tx, &bell->alarm);
}

static void bell_done(struct job *job, enum err err, const struct problem *problem)
{
    struct bell *bell = (struct bell *)job;
    struct round *round = bell->round;
    (void)problem;
    (void)pthread_mutex_lock(&round->lock);
    bell->err = err;
    if (--round->left == 0)
        (void)pthread_cond_signal(&round->finished);
    (void)pthread_mutex_unlock(&round->lock);
}

/* Those that the writer's queue has no room for stay due. */
static void ring_all(struct round *round)
{
    round->left = round->count;
    for (size_t i = 0; i < round->count; i++) {
        struct bell *bell = &round->bells[i];
        bell->job = (struct job){.run = run_bell, .done = bell_done};
        bell->queued = writer_submit(round->alarms->options.rooms, &bell->job) == ERR_OK;
        if (!bell->queued) {
            (void)pthread_mutex_lock(&round->lock);
            round->left--;
            (void)pthread_mutex_unlock(&round->lock);
        }
    }
    (void)pthread_mutex_lock(&round->lock);
    while (round->left > 0)
        (void)pthread_cond_wait(&round->finished, &round->lock);
    (void)pthread_mutex_unlock(&round->lock);
}

/* ---- what came of it --------------------------------------------------------------------------------------------- */

/* After a failure of the ring, in a job of its own: the ring's was rolled back. */
static enum err run_failed(struct job *job, struct tx *tx)
{
    struct bell *bell = (struct bell *)job;
    bell->give_up = bell->tries >= ALARM_TRIES_MAX;
    if (bell->give_up)
        return room_store_alarm_give_up(tx, bell->alarm.room);
    return room_store_alarm_again(tx, bell->alarm.room, tx->now_ms + pause_ms(bell->tries), bell->tries + 1);
}

static void say_given_up(struct alarms *a, const struct bell *bell, const char *reason)
{
    atomic_fetch_add_explicit(&a->stats.given_up, 1, memory_order_relaxed);
    if (a->options.log != NULL)
        log_error(a->options.log, "alarm.given_up", LOG_S("room", bell->alarm.room), LOG_S("reason", reason),
                  LOG_S("kept", "until it is set anew or the server starts again"));
}

static void fail_bell(struct alarms *a, struct bell *bell)
{
    const char *reason = err_slug(bell->err);
    bell->job = (struct job){.run = run_failed};
    if (writer_call(a->options.rooms, &bell->job, NULL) != ERR_OK) {
        expect(a, 0);
        return;
    }
    if (bell->give_up) {
        say_given_up(a, bell, reason);
        return;
    }
    atomic_fetch_add_explicit(&a->stats.failed, 1, memory_order_relaxed);
    if (a->options.log != NULL)
        log_warn(a->options.log, "alarm.failed", LOG_S("room", bell->alarm.room), LOG_S("reason", reason),
                 LOG_I("again_in_ms", pause_ms(bell->tries)));
}

static void end_bell(struct alarms *a, struct bell *bell)
{
    if (!bell->queued || bell->err == ERR_STORAGE) {
        expect(a, 0);
    } else if (bell->err != ERR_OK) {
        fail_bell(a, bell);
    } else if (bell->give_up) {
        say_given_up(a, bell, "the room did not end it");
    } else if (!bell->gone) {
        atomic_fetch_add_explicit(&a->stats.rung, 1, memory_order_relaxed);
        if (bell->kind == NULL)
            a->options.hand_over(a->options.arg, bell->alarm.room, bell->alarm.due_ms);
    }
    if (bell->alarm.follow)
        bell->kind->rung(a->options.arg, &bell->alarm, bell->err == ERR_OK);
}

static enum err run_revive(struct job *job, struct tx *tx)
{
    int64_t revived;
    (void)job;
    return room_store_alarms_revive(tx, &revived);
}

static struct round *make_round(struct alarms *a)
{
    struct round *round = calloc(1, sizeof *round);
    if (round == NULL)
        return NULL;
    round->job.run = run_look;
    round->alarms = a;
    round->sockets = a->options.takes(a->options.arg);
    round->next_ms = NEVER_MS;
    round->arena = arena_create(NAMES_BYTES, REQUEST_ARENA_BYTES_MAX);
    (void)pthread_mutex_init(&round->lock, NULL);
    (void)pthread_cond_init(&round->finished, NULL);
    return round;
}

static void free_round(struct round *round)
{
    (void)pthread_cond_destroy(&round->finished);
    (void)pthread_mutex_destroy(&round->lock);
    arena_free(round->arena);
    free(round);
}

void alarms_ring(struct alarms *a)
{
    struct job revive = {.run = run_revive};
    if (!a->revived)
        a->revived = writer_call(a->options.rooms, &revive, NULL) == ERR_OK;
    if (atomic_load(&a->next_ms) > clock_wall_ms(a->options.clock))
        return;
    /* Before anything is looked at, the flag too: whoever sets an alarm or the flag meanwhile lowers it. */
    atomic_store(&a->next_ms, NEVER_MS);
    struct round *round = make_round(a);
    if (round == NULL) {
        expect(a, 0);
        return;
    }
    enum err err = round->arena == NULL ? ERR_NO_MEMORY : writer_call(a->options.rooms, &round->job, NULL);
    expect(a, err == ERR_OK ? round->next_ms : 0);
    if (err == ERR_OK)
        ring_all(round);
    for (size_t i = 0; err == ERR_OK && i < round->count; i++)
        end_bell(a, &round->bells[i]);
    free_round(round);
}
