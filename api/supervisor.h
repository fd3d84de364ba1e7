/*
 * The service manager that started us, usually systemd: three small protocols, all of them in environment variables.
 *
 *   NOTIFY_SOCKET              we tell how we are: one datagram each                       sd_notify(3)
 *   LISTEN_PID, LISTEN_FDS     it listens for us, from before our start to after our end   sd_listen_fds(3)
 *   WATCHDOG_PID, _USEC        it ends us when we have been silent for so long             sd_watchdog_enabled(3)
 *
 * Spoken without libsystemd: it is a page of code, and a library that only some machines have is a variant of the
 * program. A hot restart keeps process id and environment, so that the next image goes on with the same manager.
 * Without these variables nothing happens.
 */
#ifndef PORCHLIGHT_API_SUPERVISOR_H
#define PORCHLIGHT_API_SUPERVISOR_H

#include <stdint.h>

#include "base/err.h"

/* "READY=1", "STOPPING=1", "WATCHDOG=1". Any thread. */
void supervisor_tell(const char *state);

/* That a restart is under way; "READY=1" ends it. Any thread. */
void supervisor_tell_reloading(void);

/*
 * The listening TCP socket that was opened for us: ours from now on, non-blocking, and no child will think it theirs.
 * *fd is 0 when there is none. ERR_INVALID with a sentence: it is not one, or there are several. Before any thread.
 */
enum err supervisor_take_socket(int *fd, struct problem *problem);

/* How long we may be silent; 0: nobody watches. */
int64_t supervisor_watchdog_us(void);

#endif
