/*
 * Timers. See housekeeper.h. A turn a second looks at the clock (which a test may have moved) for what is due.
 */
#include "api/housekeeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "api/digest_maker.h"
#include "base/thread.h"
#include "db/access.h"
#include "db/counters.h"
#include "db/events.h"
#include "db/farewell.h"
#include "db/room_store.h"
#include "db/users.h"

#define TURN_MS 1000
#define SEEN_MS 10000 /* as much as a crash may forget of who was seen */
#define PRUNE_MS 60000
#define PRUNE_ROWS_MAX 500 /* of one kind, a job: the writer is not held up by a big clean-up */

struct housekeeper {
    struct app *app;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stopping; /* under the mutex */
    struct job job;
    int64_t seen[ACTIVITY_WAITING_MAX]; /* until they are stored */
    size_t seen_count;
    int64_t seen_day;
    int64_t leaver; /* who has left, and has words left */
    int64_t pruned; /* by the job: the most rows of one kind */
};

static struct housekeeper *of_job(struct job *job)
{
    return (struct housekeeper *)((char *)job - offsetof(struct housekeeper, job));
}

static enum err call(struct housekeeper *h, struct writer *writer, enum err (*run)(struct job *, struct tx *),
                     const char *what)
{
    struct problem problem = {0};
    h->job = (struct job){.run = run};
    enum err err = writer_call(writer, &h->job, &problem);
    if (err != ERR_OK)
        log_warn(h->app->log, "housekeeping.failed", LOG_S("task", what), LOG_S("reason", err_slug(err)));
    return err;
}

static bool is_stopping(struct housekeeper *h)
{
    (void)pthread_mutex_lock(&h->mutex);
    bool stopping = h->stopping;
    (void)pthread_mutex_unlock(&h->mutex);
    return stopping;
}

static enum err run_seen(struct job *job, struct tx *tx)
{
    struct housekeeper *h = of_job(job);
    return users_seen(tx, h->seen_day, h->seen, h->seen_count);
}

/* Those that could not be stored are tried again before others are taken: the loops note each member once a day. */
static void store_seen(struct housekeeper *h)
{
    bool stored;
    do {
        if (h->seen_count == 0) {
            h->seen_day = clock_wall_ms(h->app->clock) / ACTIVITY_DAY_MS;
            h->seen_count = activity_take(&h->app->activity, h->seen);
        }
        stored = h->seen_count > 0 && call(h, h->app->writer, run_seen, "seen") == ERR_OK;
        if (stored)
            h->seen_count = 0;
    } while (stored);
}

static enum err prune(struct housekeeper *h, struct tx *tx, enum err (*const *each)(struct tx *, size_t, int64_t *),
                      size_t count)
{
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        int64_t removed = 0;
        err = each[i](tx, PRUNE_ROWS_MAX, &removed);
        h->pruned = removed > h->pruned ? removed : h->pruned;
    }
    return err;
}

static enum err run_prune(struct job *job, struct tx *tx)
{
    static enum err (*const prunes[])(struct tx *, size_t, int64_t *) = {events_prune, access_prune, counters_prune,
                                                                         users_seen_prune, mutes_prune};
    return prune(of_job(job), tx, prunes, sizeof prunes / sizeof prunes[0]);
}

/* As many jobs as it takes. What the storage refuses is left for the next time. */
static void prune_all(struct housekeeper *h, struct writer *writer, enum err (*run)(struct job *, struct tx *),
                      const char *what)
{
    enum err err;
    do {
        h->pruned = 0;
        err = call(h, writer, run, what);
    } while (err == ERR_OK && h->pruned == PRUNE_ROWS_MAX && !is_stopping(h));
}

/* Answers to messages and requests that nobody will send again. */
static enum err run_prune_rooms(struct job *job, struct tx *tx)
{
    static enum err (*const prunes[])(struct tx *, size_t, int64_t *) = {room_store_ack_prune, access_replays_prune};
    return prune(of_job(job), tx, prunes, sizeof prunes / sizeof prunes[0]);
}

/* The like buffer's alarm; closing it after the flag was turned off; and what an import made of the posts. */
static void mind_likes(struct housekeeper *h)
{
    struct app *app = h->app;
    bool wanted = atomic_load(&app->flag_realtime) && app->realtime != NULL;
    int64_t due_ms = likes_due_ms(app->likes);
    int64_t now_ms = clock_wall_ms(app->clock);
    enum err err = ERR_OK;
    if (atomic_exchange(&app->likes_stale, false))
        err = likes_reload(app->likes);
    else if (!wanted && likes_open(app->likes))
        err = likes_close(app->likes);
    else if (due_ms != 0 && (due_ms <= now_ms || due_ms > now_ms + LIKES_FLUSH_MS)) /* or the clock was set back */
        err = likes_flush(app->likes);
    if (err != ERR_OK)
        log_warn(app->log, "likes.waiting", LOG_S("reason", err_slug(err)));
}

/* Those who are new, or may sign in again, get the alarm of their own room. */
static void enroll_members(struct housekeeper *h)
{
    if (!atomic_exchange(&h->app->members_new, false))
        return;
    enum err err = digest_maker_enroll(h->app);
    if (err == ERR_OK)
        return;
    atomic_store(&h->app->members_new, true);
    log_warn(h->app->log, "housekeeping.failed", LOG_S("task", "enroll"), LOG_S("reason", err_slug(err)));
}

/* ---- members who have left --------------------------------------------------------------------------------------- */

static enum err run_next_farewell(struct job *job, struct tx *tx)
{
    return farewell_next(tx->db, &of_job(job)->leaver);
}

static enum err call_main(void *arg, struct job *job)
{
    struct housekeeper *h = arg;
    return is_stopping(h) ? ERR_BUSY : writer_call(h->app->writer, job, NULL);
}

static enum err call_rooms(void *arg, struct job *job)
{
    struct housekeeper *h = arg;
    return is_stopping(h) ? ERR_BUSY : writer_call(h->app->rooms, job, NULL);
}

static void finish_farewells(struct housekeeper *h)
{
    const struct farewell_writers writers = {
        .main = call_main, .rooms = call_rooms, .arg = h, .reads = h->app->rooms_reads};
    if (!atomic_exchange(&h->app->farewells, false))
        return;
    enum err err = call(h, h->app->writer, run_next_farewell, "farewell");
    while (err == ERR_OK && h->leaver != 0) {
        err = farewell_finish(&writers, h->leaver);
        if (err == ERR_OK) {
            log_info(h->app->log, "member.erased", LOG_I("user", h->leaver));
            err = call(h, h->app->writer, run_next_farewell, "farewell");
        } else if (!is_stopping(h)) {
            log_warn(h->app->log, "housekeeping.failed", LOG_S("task", "farewell"), LOG_S("reason", err_slug(err)));
        }
    }
    if (err != ERR_OK)
        atomic_store(&h->app->farewells, true); /* the next turn tries again */
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

/* false: it is time to stop. */
static bool wait_turn(struct housekeeper *h)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TURN_MS / 1000;
    (void)pthread_mutex_lock(&h->mutex);
    int timed_out = 0;
    while (!h->stopping && timed_out == 0)
        timed_out = pthread_cond_timedwait(&h->wake, &h->mutex, &until);
    bool go_on = !h->stopping;
    (void)pthread_mutex_unlock(&h->mutex);
    return go_on;
}

static void *keep_house(void *arg)
{
    struct housekeeper *h = arg;
    int64_t seen_ms = 0;
    int64_t pruned_ms = 0; /* the first turn prunes: the server may have been down for long */
    thread_name("housekeeper");
    while (wait_turn(h)) {
        int64_t now_ms = clock_mono_ms(h->app->clock);
        presence_expire(h->app->presence, now_ms);
        mind_likes(h);
        if (h->app->realtime != NULL)
            realtime_settle(h->app->realtime);
        alarms_ring(h->app->alarms);
        finish_farewells(h);
        if (now_ms - seen_ms >= SEEN_MS) {
            seen_ms = now_ms;
            store_seen(h);
        }
        if (now_ms - pruned_ms >= PRUNE_MS) {
            pruned_ms = now_ms;
            enroll_members(h);
            prune_all(h, h->app->writer, run_prune, "prune");
            prune_all(h, h->app->rooms, run_prune_rooms, "prune_rooms");
        }
    }
    store_seen(h);
    return NULL;
}

enum err housekeeper_start(struct app *app, struct housekeeper **out)
{
    struct housekeeper *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NO_MEMORY;
    h->app = app;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&h->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&h->mutex, NULL);
    if (pthread_create(&h->thread, NULL, keep_house, h) != 0) {
        free(h);
        return ERR_NO_MEMORY;
    }
    *out = h;
    return ERR_OK;
}

void housekeeper_stop(struct housekeeper *h)
{
    if (h == NULL)
        return;
    (void)pthread_mutex_lock(&h->mutex);
    h->stopping = true;
    (void)pthread_cond_signal(&h->wake);
    (void)pthread_mutex_unlock(&h->mutex);
    (void)pthread_join(h->thread, NULL);
    (void)pthread_cond_destroy(&h->wake);
    (void)pthread_mutex_destroy(&h->mutex);
    free(h);
}
