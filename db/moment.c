/* Two writers that meet. See moment.h. */
#include "db/moment.h"

#include <poll.h>
#include <pthread.h>
#include <time.h>

#include "base/limits.h"

#define AGAIN_MS 10 /* between two tries: the writers have work to do */

enum meeting_state { WAITING, TAKING, OVER };

struct meeting;

struct half {
    struct job job; /* first */
    struct meeting *meeting;
    bool submitted;
};

struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    enum meeting_state state;
    int arrived;
    int finished; /* jobs that were submitted and are done */
    enum err err; /* of the moment: ERR_BUSY until both are there */
    int64_t held_us;
    struct moment *moment;
    struct half halves[2];
};

/* Real time: a clock that a test moves holds nobody up. */
static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct timespec deadline_at(int64_t us)
{
    return (struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
}

/* Under the lock. Who comes second takes the moment: nobody waits for a third thread, which may get no processor. */
static void take_or_wait(struct meeting *m, int64_t began_us)
{
    if (m->state == WAITING && m->arrived == 2) {
        m->state = TAKING;
        (void)pthread_mutex_unlock(&m->lock);
        enum err err = moment_take_quiet(m->moment);
        (void)pthread_mutex_lock(&m->lock);
        m->err = err;
        m->state = OVER;
        return;
    }
    const struct timespec until = deadline_at(began_us + MOMENT_HOLD_MS_MAX * 1000);
    int timed_out = 0;
    while (m->state == WAITING && timed_out == 0)
        timed_out = pthread_cond_timedwait(&m->moved, &m->lock, &until);
    if (m->state == WAITING)
        m->state = OVER; /* the other one does not come in time */
    while (m->state == TAKING)
        (void)pthread_cond_wait(&m->moved, &m->lock);
}

/* A writer's thread, inside its transaction: nothing of its file changes until this returns. */
static enum err hold(struct job *job, struct tx *tx)
{
    (void)tx;
    struct meeting *m = ((struct half *)job)->meeting;
    int64_t began_us = now_us();
    (void)pthread_mutex_lock(&m->lock);
    m->arrived++;
    take_or_wait(m, began_us);
    int64_t held_us = now_us() - began_us;
    if (held_us > m->held_us)
        m->held_us = held_us;
    (void)pthread_cond_broadcast(&m->moved);
    (void)pthread_mutex_unlock(&m->lock);
    return ERR_OK;
}

static void finished(struct job *job, enum err err, const struct problem *problem)
{
    (void)err;
    (void)problem;
    struct meeting *m = ((struct half *)job)->meeting;
    (void)pthread_mutex_lock(&m->lock);
    m->finished++;
    (void)pthread_cond_broadcast(&m->moved);
    (void)pthread_mutex_unlock(&m->lock);
}

/* A transaction sees the file from its first read on. */
static enum err begin(struct db *db)
{
    enum err err = db_begin(db);
    if (err != ERR_OK)
        return err;
    err = db_run(db, "SELECT COUNT(*) FROM sqlite_schema", "");
    if (err != ERR_OK)
        db_rollback(db);
    return err;
}

enum err moment_take_quiet(struct moment *moment)
{
    enum err err = begin(moment->community);
    if (err != ERR_OK)
        return err;
    err = begin(moment->rooms);
    if (err != ERR_OK)
        db_rollback(moment->community);
    return err;
}

static enum err submit(struct writer *writer, struct half *half, struct meeting *m)
{
    *half = (struct half){.job = {.checks_first = true, .run = hold, .done = finished}, .meeting = m};
    enum err err = writer_submit(writer, &half->job);
    half->submitted = err == ERR_OK;
    return err;
}

/* One try. ERR_BUSY: they did not meet. */
static enum err meet(struct writer *main, struct writer *rooms, struct meeting *m)
{
    enum err err = submit(main, &m->halves[0], m);
    if (err == ERR_OK)
        err = submit(rooms, &m->halves[1], m);
    int submitted = m->halves[0].submitted + m->halves[1].submitted;
    (void)pthread_mutex_lock(&m->lock);
    if (err != ERR_OK)
        m->state = OVER; /* the first need not wait */
    (void)pthread_cond_broadcast(&m->moved);
    while (m->finished < submitted)
        (void)pthread_cond_wait(&m->moved, &m->lock);
    if (err == ERR_OK)
        err = m->arrived < m->finished ? ERR_STORAGE : m->err; /* done without having run: no transaction could begin */
    (void)pthread_mutex_unlock(&m->lock);
    return err;
}

static enum err try_once(struct writer *main, struct writer *rooms, struct moment *moment)
{
    struct meeting m = {.state = WAITING, .err = ERR_BUSY, .moment = moment};
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&m.moved, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&m.lock, NULL);
    enum err err = meet(main, rooms, &m);
    if (m.held_us > moment->held_us)
        moment->held_us = m.held_us;
    (void)pthread_cond_destroy(&m.moved);
    (void)pthread_mutex_destroy(&m.lock);
    return err;
}

/* A connection's first read opens files and reads the schema: not while writers wait. */
static enum err warm(struct moment *moment)
{
    enum err err = moment_take_quiet(moment);
    if (err == ERR_OK) {
        db_rollback(moment->community);
        db_rollback(moment->rooms);
    }
    return err;
}

enum err moment_take(struct writer *main, struct writer *rooms, struct moment *moment)
{
    enum err err = warm(moment);
    moment->held_us = 0;
    if (err != ERR_OK)
        return err;
    err = ERR_BUSY;
    for (moment->tries = 0; err == ERR_BUSY && moment->tries < MOMENT_TRIES_MAX; moment->tries++) {
        if (moment->tries > 0)
            (void)poll(NULL, 0, AGAIN_MS);
        err = try_once(main, rooms, moment);
    }
    return err;
}
