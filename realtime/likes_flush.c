/*
 * From one file to the other: flushing, closing, starting over. See likes.h and likes_buffer.h.
 *
 *      rooms writer: collect ──rows──> main writer: apply, remember the version ──> rooms writer: forget
 *
 * Each step is an errand: a job that the caller waits for. Between the steps the buffer goes on: what comes has a
 * higher version than what was collected. A crash between two of them is made up for by the version that the posts
 * database remembers.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/limits.h"
#include "db/pending_likes.h"
#include "db/room_store.h"
#include "realtime/likes_buffer.h"

struct errand {
    struct job job;
    struct likes *likes;
    enum err (*work)(struct errand *e, struct tx *tx);
    pthread_mutex_t lock;
    pthread_cond_t finished;
    bool is_finished;
    bool at_rooms;
    enum err err;

    bool clears; /* the overlay too */
    bool forgets;
    int64_t flushed; /* version up to which the posts database has them */
    int64_t round;
    struct pending_like *rows;
    size_t count;
};

/* ---- errands ----------------------------------------------------------------------------------------------------- */

static enum err run_errand(struct job *job, struct tx *tx)
{
    struct errand *e = (struct errand *)job;
    if (e->at_rooms)
        likes_begin_batch(e->likes);
    return e->work(e, tx);
}

static void done_errand(struct job *job, enum err err, const struct problem *problem)
{
    struct errand *e = (struct errand *)job;
    (void)problem;
    if (e->at_rooms)
        likes_settle_batch(e->likes, err);
    (void)pthread_mutex_lock(&e->lock);
    e->err = err;
    e->is_finished = true;
    (void)pthread_cond_signal(&e->finished);
    (void)pthread_mutex_unlock(&e->lock);
}

static enum err run_nothing(struct job *job, struct tx *tx)
{
    (void)job;
    (void)tx;
    return ERR_OK;
}

/* Waits while the queue is full, by something that knows how to. */
static enum err submit_patiently(struct writer *w, struct job *job)
{
    enum err err = writer_submit(w, job);
    while (err == ERR_BUSY) {
        struct job nothing = {.run = run_nothing};
        (void)writer_call(w, &nothing, NULL);
        err = writer_submit(w, job);
    }
    return err;
}

/* writer_call, but what follows the commit is done on the writer's thread before anything else runs there. */
static enum err send(struct errand *e, struct writer *w, enum err (*work)(struct errand *e, struct tx *tx))
{
    e->job = (struct job){.run = run_errand, .done = done_errand};
    e->work = work;
    e->at_rooms = w == e->likes->options.rooms;
    e->is_finished = false;
    (void)pthread_mutex_init(&e->lock, NULL);
    (void)pthread_cond_init(&e->finished, NULL);
    enum err err = submit_patiently(w, &e->job);
    if (err == ERR_OK) {
        (void)pthread_mutex_lock(&e->lock);
        while (!e->is_finished)
            (void)pthread_cond_wait(&e->finished, &e->lock);
        (void)pthread_mutex_unlock(&e->lock);
        err = e->err;
    }
    (void)pthread_cond_destroy(&e->finished);
    (void)pthread_mutex_destroy(&e->lock);
    return err;
}

/* ---- the three steps --------------------------------------------------------------------------------------------- */

/* The round is in the posts database: what the one before it carried may go, and the alarm follows what is left. */
static enum err end_round(struct errand *e, struct tx *tx)
{
    struct likes *l = e->likes;
    struct buffer_state *next = &l->rooms.next;
    int64_t newest;
    enum err err = pending_likes_bounds(tx->db, &newest, &next->waiting);
    int64_t alarm_ms = next->waiting > 0 ? tx->now_ms + LIKES_FLUSH_MS : 0;
    if (err == ERR_OK && alarm_ms != next->alarm_ms)
        err = room_store_set_alarm(tx, PENDING_LIKES_ROOM, alarm_ms);
    if (err != ERR_OK)
        return err;
    next->alarm_ms = alarm_ms;
    overlay_sweep(l->overlay, e->clears ? INT64_MAX : l->rooms.carried);
    l->rooms.carried = e->round;
    return ERR_OK;
}

/* Everything that is not in the posts database yet. With nothing the round ends here. */
static enum err collect(struct errand *e, struct tx *tx)
{
    struct likes *l = e->likes;
    int64_t newest;
    int64_t rows = 0;
    enum err err = e->forgets ? pending_likes_forget(tx, e->flushed) : ERR_OK;
    if (err == ERR_OK)
        err = pending_likes_bounds(tx->db, &newest, &rows);
    if (err == ERR_OK && rows > 0) {
        e->rows = malloc((size_t)rows * sizeof *e->rows);
        err = e->rows == NULL ? ERR_NO_MEMORY
                              : pending_likes_page(tx->db, e->flushed, e->rows, (size_t)rows, &e->count);
    }
    if (err != ERR_OK)
        return err;
    e->round = l->rooms.round++;
    return e->count == 0 ? end_round(e, tx) : ERR_OK;
}

static enum err apply(struct errand *e, struct tx *tx)
{
    return pending_likes_apply(tx, e->rows, e->count, e->rows[e->count - 1].version);
}

static enum err forget(struct errand *e, struct tx *tx)
{
    enum err err = pending_likes_forget(tx, e->flushed);
    return err != ERR_OK ? err : end_round(e, tx);
}

/* ---- flushing ---------------------------------------------------------------------------------------------------- */

static void count_flush(struct likes *l, const struct errand *e, enum err err)
{
    if (err != ERR_OK) {
        atomic_fetch_add_explicit(&l->stats.failed_flushes, 1, memory_order_relaxed);
        if (l->options.log != NULL)
            log_warn(l->options.log, "likes.not_flushed", LOG_S("reason", err_slug(err)), LOG_I("likes", e->count));
        return;
    }
    atomic_fetch_add_explicit(&l->stats.flushes, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&l->stats.flushed, e->count, memory_order_relaxed);
}

/* With flush_lock held. `clears`: the overlay must be empty afterwards, or it is an error. Without, rows that could not
   be forgotten are only work for the next flush: the posts database has them. */
static enum err flush(struct likes *l, bool clears)
{
    struct errand e = {.likes = l, .clears = clears, .forgets = l->flush.unforgotten, .flushed = l->flush.version};
    enum err err = send(&e, l->options.rooms, collect);
    if (err == ERR_OK)
        l->flush.unforgotten = false;
    if (err == ERR_OK && e.count > 0) {
        err = send(&e, l->options.main, apply);
        count_flush(l, &e, err);
        if (err == ERR_OK) {
            l->flush.version = e.flushed = e.rows[e.count - 1].version;
            enum err forgotten = send(&e, l->options.rooms, forget);
            l->flush.unforgotten = forgotten != ERR_OK;
            err = clears ? forgotten : ERR_OK;
        }
    }
    free(e.rows);
    bool ages = overlay_size(l->overlay) > 0;
    atomic_store_explicit(&l->aging_ms, ages ? clock_wall_ms(l->options.clock) + LIKES_FLUSH_MS : 0,
                          memory_order_relaxed);
    return err;
}

enum err likes_flush(struct likes *l)
{
    (void)pthread_mutex_lock(&l->flush_lock);
    enum err err = flush(l, false);
    (void)pthread_mutex_unlock(&l->flush_lock);
    return err;
}

/* ---- closing ----------------------------------------------------------------------------------------------------- */

/* Wishes are held from here on. false: there is nothing to close. */
static bool begin_closing(struct likes *l)
{
    (void)pthread_mutex_lock(&l->route_lock);
    while (l->route == ROUTE_OPENING)
        (void)pthread_cond_wait(&l->opened, &l->route_lock);
    bool was_open = l->route == ROUTE_OPEN;
    if (was_open)
        l->route = ROUTE_CLOSING;
    l->reopen = false;
    (void)pthread_mutex_unlock(&l->route_lock);
    return was_open;
}

static void end_closing(struct likes *l, enum err err)
{
    (void)pthread_mutex_lock(&l->route_lock);
    bool closes = err == ERR_OK && !l->reopen;
    if (closes)
        atomic_store(&l->open, false);
    struct mail *refused = likes_release(l, closes ? ROUTE_DIRECT : ROUTE_OPEN);
    (void)pthread_mutex_unlock(&l->route_lock);
    likes_refuse(refused);
}

/* The first flush takes the bulk while wishes go on; the second, for which they wait, the rest. Its first errand comes
   after all wishes that the rooms writer was given. */
enum err likes_close(struct likes *l)
{
    (void)pthread_mutex_lock(&l->flush_lock);
    enum err err = flush(l, false);
    if (err == ERR_OK && begin_closing(l)) {
        err = flush(l, true);
        end_closing(l, err);
    }
    (void)pthread_mutex_unlock(&l->flush_lock);
    return err;
}

/* ---- starting over ----------------------------------------------------------------------------------------------- */

/* Half an overlay must not be committed: whatever goes wrong, the batch fails. */
static enum err stage_again(struct errand *e, struct tx *tx)
{
    return likes_stage_rows(e->likes, tx->db, e->flushed) == ERR_OK ? ERR_OK : ERR_STORAGE;
}

enum err likes_reload(struct likes *l)
{
    (void)pthread_mutex_lock(&l->flush_lock);
    enum err err = flush(l, false);
    struct errand e = {.likes = l, .flushed = l->flush.version};
    if (err == ERR_OK)
        err = send(&e, l->options.rooms, stage_again);
    (void)pthread_mutex_unlock(&l->flush_lock);
    return err;
}
