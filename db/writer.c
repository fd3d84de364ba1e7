/*
 * The writer's thread: take, run, commit, publish, complete. See writer.h.
 *
 *      submitters ──post──> box ──take──> waiting ──up to WRITER_BATCH_MAX──> jobs[] ── run ── COMMIT ── done
 *
 * What is taken beyond one batch waits in `waiting`, which only the thread touches; `taken` counts it for writer_depth.
 * `lock` and `room` serve writer_call alone: who finds the box full waits there, and each take wakes them. They post
 * while they hold the lock and the thread takes before it locks, so no wake-up is lost.
 */
#include "db/writer.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/limits.h"

struct outcome {
    enum err err;
    struct problem problem; /* set when err is */
};

struct writer {
    struct writer_options options;
    struct mailbox *box;
    struct mail *waiting;
    _Atomic size_t taken;
    _Atomic int64_t batch_ms; /* 0: no transaction is under way */
    struct tx tx;
    bool wrote; /* something that stays, in this batch */
    struct writer_stats stats;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t room;
    struct job *jobs[WRITER_BATCH_MAX];
    struct outcome outcomes[WRITER_BATCH_MAX]; /* pages that no batch reached stay untouched */
};

static_assert((1U << (WRITER_BATCH_BUCKETS - 1)) >= WRITER_BATCH_MAX, "every batch has its bucket");

static const struct problem no_problem;

/* Runs one job between a mark and a release. ERR_OK: the transaction is sound, `out` says how the job went. */
static enum err run_job(struct tx *tx, struct job *job, struct outcome *out)
{
    size_t noted = tx->changes_count;
    tx->problem = no_problem;
    enum err err = job->checks_first ? db_holds(tx->db) : db_mark(tx->db);
    if (err != ERR_OK)
        return err;
    out->err = job->run(job, tx);
    arena_reset(tx->arena);
    if (out->err == ERR_OK)
        return job->checks_first ? ERR_OK : db_release(tx->db);
    out->problem = tx->problem;
    out->problem.err = out->err;
    tx->changes_count = noted;
    if (!job->checks_first)
        db_back_to_mark(tx->db);
    else if (out->err != ERR_NOT_FOUND && out->err != ERR_FORBIDDEN)
        return ERR_STORAGE; /* perhaps half a job is in the transaction: none of it may stay */
    return out->err == ERR_STORAGE ? ERR_STORAGE : ERR_OK;
}

static enum err run_batch(struct writer *w, size_t count)
{
    struct tx *tx = &w->tx;
    atomic_store(&w->batch_ms, clock_wall_ms(w->options.clock));
    tx->now_ms = clock_wall_ms(w->options.clock); /* after it is said: writer_batch_ms */
    tx->changes_count = 0;
    enum err err = db_begin(tx->db);
    w->wrote = false;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        int64_t changes_before = db_total_changes(tx->db);
        err = run_job(tx, w->jobs[i], &w->outcomes[i]);
        w->wrote |= w->outcomes[i].err == ERR_OK && db_total_changes(tx->db) != changes_before;
    }
    if (err == ERR_OK)
        err = db_commit(tx->db);
    if (err != ERR_OK)
        db_rollback(tx->db);
    atomic_store(&w->batch_ms, 0);
    return err;
}

/* Nothing of the batch is durable, whatever each job was about to hear. */
static void fail_batch(struct writer *w, size_t count)
{
    for (size_t i = 0; i < count; i++)
        w->outcomes[i] = (struct outcome){.err = ERR_STORAGE, .problem.err = ERR_STORAGE};
    w->tx.changes_count = 0;
}

static void count_batch(struct writer *w, size_t count, enum err err)
{
    size_t bucket = 0;
    while (((size_t)1 << bucket) < count)
        bucket++;
    atomic_fetch_add_explicit(&w->stats.jobs, count, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->stats.batches, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->stats.batch_sizes[bucket], 1, memory_order_relaxed);
    if (err != ERR_OK)
        atomic_fetch_add_explicit(&w->stats.failed_batches, 1, memory_order_relaxed);
    if (err == ERR_OK && !w->wrote)
        return; /* a transaction that wrote nothing says nothing about the storage */
    int failing = err != ERR_OK;
    int before = atomic_exchange_explicit(&w->stats.storage_failing, failing, memory_order_relaxed);
    if (w->options.log == NULL || before == failing)
        return;
    if (failing)
        log_error(w->options.log, "writer.storage_failing", LOG_S("error", err_slug(err)), LOG_I("jobs", count));
    else
        log_info(w->options.log, "writer.storage_back", LOG_I("jobs", count));
}

static size_t gather(struct writer *w)
{
    size_t count = 0;
    for (; w->waiting != NULL && count < WRITER_BATCH_MAX; w->waiting = w->waiting->next)
        w->jobs[count++] = (struct job *)w->waiting;
    return count;
}

static void handle_batch(struct writer *w)
{
    size_t count = gather(w);
    enum err err = run_batch(w, count);
    if (err != ERR_OK)
        fail_batch(w, count);
    count_batch(w, count, err);
    atomic_fetch_sub_explicit(&w->taken, count, memory_order_relaxed);
    if (w->tx.changes_count > 0 && w->options.published != NULL)
        w->options.published(w->options.published_arg, w->tx.changes, w->tx.changes_count);
    for (size_t i = 0; i < count; i++) {
        const struct outcome *o = &w->outcomes[i];
        w->jobs[i]->done(w->jobs[i], o->err, o->err == ERR_OK ? &no_problem : &o->problem);
    }
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    while ((w->waiting = mailbox_wait(w->box)) != NULL) {
        size_t count = 0;
        for (const struct mail *mail = w->waiting; mail != NULL; mail = mail->next)
            count++;
        atomic_fetch_add_explicit(&w->taken, count, memory_order_relaxed);
        (void)pthread_mutex_lock(&w->lock);
        (void)pthread_cond_broadcast(&w->room);
        (void)pthread_mutex_unlock(&w->lock);
        while (w->waiting != NULL)
            handle_batch(w);
    }
    return NULL;
}

/* Signals belong to the main thread. */
static int start_thread(struct writer *w)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, writer_main, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void free_writer(struct writer *w)
{
    (void)pthread_cond_destroy(&w->room);
    (void)pthread_mutex_destroy(&w->lock);
    mailbox_free(w->box);
    arena_free(w->tx.arena);
    free(w->tx.changes);
    free(w);
}

enum err writer_start(const struct writer_options *options, struct writer **out)
{
    *out = NULL;
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NO_MEMORY;
    w->options = *options;
    w->tx.db = options->db;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->room, NULL);
    w->tx.arena = arena_create(REQUEST_ARENA_FIRST_BYTES, REQUEST_ARENA_BYTES_MAX);
    w->box = mailbox_create(WRITER_QUEUE_MAX);
    if (w->tx.arena == NULL || w->box == NULL || start_thread(w) != 0) {
        free_writer(w);
        return ERR_NO_MEMORY;
    }
    *out = w;
    return ERR_OK;
}

enum err writer_submit(struct writer *w, struct job *job)
{
    static_assert(offsetof(struct job, mail) == 0, "a job is its mail");
    assert(job->run != NULL && job->done != NULL);
    return mailbox_post(w->box, &job->mail);
}

/* Somebody else's job, run here, and a thread that waits for it. */
struct call {
    struct job job;
    struct job *inner;
    pthread_mutex_t lock;
    pthread_cond_t finished;
    bool is_finished;
    struct outcome outcome;
};

static enum err call_run(struct job *job, struct tx *tx)
{
    struct call *call = (struct call *)job;
    return call->inner->run(call->inner, tx);
}

static void call_done(struct job *job, enum err err, const struct problem *problem)
{
    struct call *call = (struct call *)job;
    (void)pthread_mutex_lock(&call->lock);
    call->outcome = (struct outcome){.err = err, .problem = *problem};
    call->is_finished = true;
    (void)pthread_cond_signal(&call->finished);
    (void)pthread_mutex_unlock(&call->lock);
}

static enum err submit_when_room(struct writer *w, struct job *job)
{
    enum err err;
    (void)pthread_mutex_lock(&w->lock);
    while ((err = writer_submit(w, job)) == ERR_BUSY)
        (void)pthread_cond_wait(&w->room, &w->lock);
    (void)pthread_mutex_unlock(&w->lock);
    return err;
}

enum err writer_call(struct writer *w, struct job *job, struct problem *problem)
{
    assert(!pthread_equal(pthread_self(), w->thread)); /* it would wait for itself */
    struct call call = {.job = {.checks_first = job->checks_first, .run = call_run, .done = call_done}, .inner = job};
    (void)pthread_mutex_init(&call.lock, NULL);
    (void)pthread_cond_init(&call.finished, NULL);
    enum err err = submit_when_room(w, &call.job);
    if (err == ERR_OK) {
        (void)pthread_mutex_lock(&call.lock);
        while (!call.is_finished)
            (void)pthread_cond_wait(&call.finished, &call.lock);
        (void)pthread_mutex_unlock(&call.lock);
        err = call.outcome.err;
    } else {
        (void)problem_set(&call.outcome.problem, err, "The server is stopping.");
    }
    if (problem != NULL && err != ERR_OK)
        *problem = call.outcome.problem;
    (void)pthread_cond_destroy(&call.finished);
    (void)pthread_mutex_destroy(&call.lock);
    return err;
}

void writer_stop(struct writer *w)
{
    if (w == NULL)
        return;
    mailbox_close(w->box);
    (void)pthread_join(w->thread, NULL);
    free_writer(w);
}

size_t writer_depth(struct writer *w)
{
    return mailbox_depth(w->box) + atomic_load_explicit(&w->taken, memory_order_relaxed);
}

int64_t writer_batch_ms(const struct writer *w)
{
    return atomic_load(&w->batch_ms);
}

const struct writer_stats *writer_stats(const struct writer *w)
{
    return &w->stats;
}

enum err writer_once(struct db *db, const struct clock *clock, struct job *job, struct problem *problem)
{
    struct tx tx = {.db = db, .now_ms = clock_wall_ms(clock)};
    struct outcome outcome = {.err = ERR_OK};
    tx.arena = arena_create(REQUEST_ARENA_FIRST_BYTES, REQUEST_ARENA_BYTES_MAX);
    enum err err = tx.arena == NULL ? ERR_NO_MEMORY : db_begin(db);
    if (err != ERR_OK)
        goto out;
    err = run_job(&tx, job, &outcome);
    if (err == ERR_OK)
        err = outcome.err;
    if (err == ERR_OK)
        err = db_commit(db);
    if (err != ERR_OK)
        db_rollback(db);
out:
    arena_free(tx.arena);
    free(tx.changes);
    if (err != ERR_OK && problem != NULL) {
        *problem = outcome.problem;
        problem->err = err;
    }
    return err;
}
