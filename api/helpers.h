/*
 * A small bounded pool of threads for work that takes long: argon2id and digests now; backups and pushes later.
 *
 * Tasks wait in one queue of HELPER_QUEUE_MAX; when it is full, helpers_submit refuses, so that 200 sign-ins at once
 * can neither stall a poll nor pile up. A task's memory is the submitter's; `run` may hand it on (to a loop's mailbox).
 */
#ifndef PORCHLIGHT_API_HELPERS_H
#define PORCHLIGHT_API_HELPERS_H

#include <stddef.h>

#include "base/err.h"
#include "base/mailbox.h"

struct helpers;

struct task {
    struct mail mail;               /* first; used by the queue */
    void (*run)(struct task *task); /* on a helper thread; afterwards the task is no longer touched */
};

enum err helpers_start(int threads, struct helpers **out);

/* Any thread. ERR_BUSY: full, or stopping. */
enum err helpers_submit(struct helpers *h, struct task *task);

size_t helpers_depth(struct helpers *h);

/* Finishes what waits, joins the threads, frees. NULL is fine. */
void helpers_stop(struct helpers *h);

#endif
