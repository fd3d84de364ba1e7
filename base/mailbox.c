/*
 * A linked queue under one mutex, with an eventfd that is readable exactly while the queue is not empty.
 *
 * Invariant (under the mutex): signalled == (depth > 0 || closed). Posting to a non-empty box makes no system call.
 */
#include "base/mailbox.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    pthread_mutex_t mutex;
    struct mail *head;
    struct mail *tail;
    size_t depth;
    size_t limit;
    bool closed;
    bool signalled;
    int fd;
};

struct mailbox *mailbox_create(size_t limit)
{
    assert(limit > 0);
    struct mailbox *m = malloc(sizeof *m);
    if (m == NULL)
        return NULL;
    *m = (struct mailbox){.limit = limit, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (m->fd < 0) {
        free(m);
        return NULL;
    }
    (void)pthread_mutex_init(&m->mutex, NULL);
    return m;
}

void mailbox_free(struct mailbox *m)
{
    if (m == NULL)
        return;
    (void)close(m->fd);
    (void)pthread_mutex_destroy(&m->mutex);
    free(m);
}

static void signal_box(struct mailbox *m)
{
    if (m->signalled)
        return;
    uint64_t one = 1;
    ssize_t written = write(m->fd, &one, sizeof one);
    assert(written == (ssize_t)sizeof one); /* the counter is 0 or 1, it cannot overflow */
    m->signalled = true;
}

/* Under the lock. */
static void append(struct mailbox *m, struct mail *mail)
{
    mail->next = NULL;
    if (m->tail == NULL)
        m->head = mail;
    else
        m->tail->next = mail;
    m->tail = mail;
    m->depth++;
    signal_box(m);
}

enum err mailbox_post(struct mailbox *m, struct mail *mail)
{
    enum err err = ERR_OK;
    (void)pthread_mutex_lock(&m->mutex);
    if (m->closed) {
        err = ERR_CONFLICT;
    } else if (m->depth >= m->limit) {
        err = ERR_BUSY;
    } else {
        append(m, mail);
    }
    (void)pthread_mutex_unlock(&m->mutex);
    return err;
}

void mailbox_post_always(struct mailbox *m, struct mail *mail)
{
    (void)pthread_mutex_lock(&m->mutex);
    append(m, mail);
    (void)pthread_mutex_unlock(&m->mutex);
}

struct mail *mailbox_take(struct mailbox *m)
{
    (void)pthread_mutex_lock(&m->mutex);
    struct mail *all = m->head;
    m->head = m->tail = NULL;
    m->depth = 0;
    if (m->signalled && !m->closed) {
        uint64_t count;
        ssize_t got = read(m->fd, &count, sizeof count);
        assert(got == (ssize_t)sizeof count);
        m->signalled = false;
    }
    (void)pthread_mutex_unlock(&m->mutex);
    return all;
}

struct mail *mailbox_wait(struct mailbox *m)
{
    for (;;) {
        struct mail *all = mailbox_take(m);
        if (all != NULL)
            return all;
        (void)pthread_mutex_lock(&m->mutex);
        bool over = m->closed && m->head == NULL;
        (void)pthread_mutex_unlock(&m->mutex);
        if (over)
            return NULL;
        struct pollfd wait = {.fd = m->fd, .events = POLLIN};
        (void)poll(&wait, 1, -1);
    }
}

void mailbox_wake(struct mailbox *m)
{
    (void)pthread_mutex_lock(&m->mutex);
    signal_box(m);
    (void)pthread_mutex_unlock(&m->mutex);
}

void mailbox_close(struct mailbox *m)
{
    (void)pthread_mutex_lock(&m->mutex);
    m->closed = true;
    signal_box(m);
    (void)pthread_mutex_unlock(&m->mutex);
}

int mailbox_fd(const struct mailbox *m)
{
    return m->fd;
}

size_t mailbox_depth(struct mailbox *m)
{
    (void)pthread_mutex_lock(&m->mutex);
    size_t depth = m->depth;
    (void)pthread_mutex_unlock(&m->mutex);
    return depth;
}
