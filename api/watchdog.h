/*
 * The thread that says to the service manager that this server lives (supervisor.h), as long as it does.
 *
 * Four times in the time it is given, it wakes every HTTP loop and every loop of sockets, and looks whether each has
 * turned since. One that did not is stuck: nothing is said until it turns again, and the manager ends and restarts us
 * if that takes too long. A slow disk is no reason: it holds the writers, not the loops, and a restart would not mend
 * it.
 */
#ifndef PORCHLIGHT_API_WATCHDOG_H
#define PORCHLIGHT_API_WATCHDOG_H

#include "api/app.h"

struct server;
struct watchdog;

/* *out is NULL when nobody watches. ERR_NO_MEMORY. */
enum err watchdog_start(struct app *app, struct server *server, struct watchdog **out);
void watchdog_stop(struct watchdog *w); /* before the loops end; NULL is fine */

#endif
