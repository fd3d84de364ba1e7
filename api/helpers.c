/*
 * The pool: a linked queue, a mutex and a condition variable. See helpers.h.
 */
#include "api/helpers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/thread.h"

struct helpers {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct mail *head;
    struct mail *tail;
    size_t depth;
    bool stopping;
    int threads_count;
    pthread_t threads[];
};

/* The oldest task, or NULL when the pool stops and nothing waits. */
static struct task *next_task(struct helpers *h)
{
    (void)pthread_mutex_lock(&h->mutex);
    while (h->head == NULL && !h->stopping)
        (void)pthread_cond_wait(&h->wake, &h->mutex);
    struct mail *mail = h->head;
    if (mail != NULL) {
        h->head = mail->next;
        if (h->head == NULL)
            h->tail = NULL;
        h->depth--;
    }
    (void)pthread_mutex_unlock(&h->mutex);
    return (struct task *)mail; /* `mail` is a task's first member */
}

static void *work(void *arg)
{
    struct task *task;
    thread_name("helper");
    while ((task = next_task(arg)) != NULL)
        task->run(task);
    return NULL;
}

enum err helpers_start(int threads, struct helpers **out)
{
    struct helpers *h = calloc(1, sizeof *h + (size_t)threads * sizeof h->threads[0]);
    if (h == NULL)
        return ERR_NO_MEMORY;
    (void)pthread_mutex_init(&h->mutex, NULL);
    (void)pthread_cond_init(&h->wake, NULL);
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&h->threads[i], NULL, work, h) != 0) {
            helpers_stop(h);
            return ERR_NO_MEMORY;
        }
        h->threads_count++;
    }
    *out = h;
    return ERR_OK;
}

enum err helpers_submit(struct helpers *h, struct task *task)
{
    enum err err = ERR_BUSY;
    (void)pthread_mutex_lock(&h->mutex);
    if (!h->stopping && h->depth < HELPER_QUEUE_MAX) {
        task->mail.next = NULL;
        if (h->tail == NULL)
            h->head = &task->mail;
        else
            h->tail->next = &task->mail;
        h->tail = &task->mail;
        h->depth++;
        (void)pthread_cond_signal(&h->wake);
        err = ERR_OK;
    }
    (void)pthread_mutex_unlock(&h->mutex);
    return err;
}

size_t helpers_depth(struct helpers *h)
{
    (void)pthread_mutex_lock(&h->mutex);
    size_t depth = h->depth;
    (void)pthread_mutex_unlock(&h->mutex);
    return depth;
}

void helpers_stop(struct helpers *h)
{
    if (h == NULL)
        return;
    (void)pthread_mutex_lock(&h->mutex);
    h->stopping = true;
    (void)pthread_cond_broadcast(&h->wake);
    (void)pthread_mutex_unlock(&h->mutex);
    for (int i = 0; i < h->threads_count; i++)
        (void)pthread_join(h->threads[i], NULL);
    (void)pthread_cond_destroy(&h->wake);
    (void)pthread_mutex_destroy(&h->mutex);
    free(h);
}
