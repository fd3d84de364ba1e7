/*
 * `porchlight serve`: the server from its start to its end, in the foreground, one process.
 */
#ifndef PORCHLIGHT_API_SERVE_H
#define PORCHLIGHT_API_SERVE_H

#include "api/options.h"

/* `handover`: struct handover of api/handover.h, received before anything else. Returns the exit status: 0 after
 * SIGTERM or SIGINT with everything acknowledged on disk, 1 when it could not start.
 */
int serve_run(const struct options *options, void *handover);

#endif
