/*
 * See watchdog.h. Time is the machine's own: a test that moves the server's clock must not look like a stuck loop.
 */
#include "api/watchdog.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "api/server.h"
#include "api/supervisor.h"
#include "base/thread.h"

#define LOOKS 4 /* in the time that is given: one that comes late does no harm yet */

struct watchdog {
    struct app *app;
    struct server *server;
    int64_t look_us;
    bool stuck; /* as of the last look */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stopping; /* under the mutex */
};

/* false: it is time to stop. */
static bool wait_look(struct watchdog *w)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + w->look_us % 1000000 * 1000;
    until.tv_sec += (time_t)(w->look_us / 1000000 + ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    (void)pthread_mutex_lock(&w->mutex);
    int timed_out = 0;
    while (!w->stopping && timed_out == 0)
        timed_out = pthread_cond_timedwait(&w->wake, &w->mutex, &until);
    bool go_on = !w->stopping;
    (void)pthread_mutex_unlock(&w->mutex);
    return go_on;
}

static void look(struct watchdog *w)
{
    bool http = server_turned(w->server);
    bool sockets = w->app->realtime == NULL || realtime_turned(w->app->realtime);
    bool stuck = !http || !sockets;
    if (stuck && !w->stuck)
        log_error(w->app->log, "watchdog.stuck", LOG_S("loop", http ? "sockets" : "http"));
    else if (!stuck && w->stuck)
        log_warn(w->app->log, "watchdog.turns_again", LOG_S("reason", "the loop that was stuck goes on"));
    w->stuck = stuck;
    if (!stuck)
        supervisor_tell("WATCHDOG=1");
}

static void *keep_watch(void *arg)
{
    struct watchdog *w = arg;
    thread_name("watchdog");
    (void)server_turned(w->server); /* wakes them for the first look */
    while (wait_look(w))
        look(w);
    return NULL;
}

enum err watchdog_start(struct app *app, struct server *server, struct watchdog **out)
{
    int64_t given_us = supervisor_watchdog_us();
    *out = NULL;
    if (given_us == 0)
        return ERR_OK;
    struct watchdog *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NO_MEMORY;
    w->app = app;
    w->server = server;
    w->look_us = given_us / LOOKS;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&w->mutex, NULL);
    if (pthread_create(&w->thread, NULL, keep_watch, w) != 0) {
        free(w);
        return ERR_NO_MEMORY;
    }
    *out = w;
    return ERR_OK;
}

void watchdog_stop(struct watchdog *w)
{
    if (w == NULL)
        return;
    (void)pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->mutex);
    (void)pthread_join(w->thread, NULL);
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_mutex_destroy(&w->mutex);
    free(w);
}
