/*
 * The one thread that writes, with group commit.
 *
 * It takes every job that waits (up to WRITER_BATCH_MAX), runs each between a mark and a release inside one
 * transaction, commits (synchronous=FULL), publishes the changes, then completes the jobs. A job whose run fails is
 * rolled back to its mark and completes with its error; when the disk fails, the whole batch is rolled back and every
 * job of it completes with ERR_STORAGE. So nothing is completed or published before it is durable.
 *
 * writer_submit: any thread. run, published and done: the writer's thread.
 */
#ifndef PORCHLIGHT_DB_WRITER_H
#define PORCHLIGHT_DB_WRITER_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/mailbox.h"
#include "db/tx.h"

struct job {
    struct mail mail; /* first; used by the queue */
    /* ERR_NOT_FOUND and ERR_FORBIDDEN come only before its first write; then no mark is needed, which halves a small
       job's work. Any other error of such a job rolls the whole batch back. */
    bool checks_first;
    enum err (*run)(struct job *job, struct tx *tx); /* leaves no statement open */
    /* The job is the submitter's again. `problem` is never NULL and lives until done returns. */
    void (*done)(struct job *job, enum err err, const struct problem *problem);
};

struct writer_options {
    struct db *db; /* a write connection; the writer's until writer_stop */
    const struct clock *clock;
    const struct log *log;
    void (*published)(void *arg, const struct change *changes, size_t count);
    void *published_arg;
};

#define WRITER_BATCH_BUCKETS 12

/* Batches by size: bucket n counts batches of at most 2^n jobs. */
struct writer_stats {
    _Atomic uint64_t jobs;
    _Atomic uint64_t batches;
    _Atomic uint64_t failed_batches;
    _Atomic uint64_t batch_sizes[WRITER_BATCH_BUCKETS];
    _Atomic int storage_failing; /* 1 from a batch that storage refused to one that changed something */
};

struct writer;

enum err writer_start(const struct writer_options *options, struct writer **out);

/* ERR_BUSY when the queue is full, ERR_CONFLICT while stopping; then the job stays the caller's; done is not called. */
enum err writer_submit(struct writer *w, struct job *job);

/* Submits and waits until it is done (for threads that may block: control, housekeeper). Waits for room in the queue.
   job->done is not called; `problem` may be NULL. */
enum err writer_call(struct writer *w, struct job *job, struct problem *problem);

/* Refuses new jobs, finishes those that wait, joins the thread, frees. NULL is fine. Does not close the connection.
   Other threads have stopped using the writer before; only `done` may still submit, and is refused. */
void writer_stop(struct writer *w);

size_t writer_depth(struct writer *w);

/*
 * A wall time from before the transaction under way took its own; 0: none is. Any thread. Who asks before it reads has
 * a time that no write which the read does not see can be older than (its tx->now_ms is the same or later).
 */
int64_t writer_batch_ms(const struct writer *w);
const struct writer_stats *writer_stats(const struct writer *w);

/* Runs one job at once on the caller's thread in its own transaction: for commands while no server runs.
   job->done is not called, nothing is published; `problem` may be NULL. */
enum err writer_once(struct db *db, const struct clock *clock, struct job *job, struct problem *problem);

#endif
