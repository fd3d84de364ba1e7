/*
 * How commands reach a running server: DATA/control.sock, a Unix socket of mode 0600.
 *
 * One thread takes one client at a time: it reads a request, runs the command as api/operator.h describes, and
 * streams what it says. Both directions are frames (api/control_frame.h). A client that does not finish its request,
 * or does not take the answer, within CONTROL_PATIENCE_MS is dropped, so that it does not keep the next one waiting;
 * only a command that works may take longer.
 */
#ifndef PORCHLIGHT_API_CONTROL_H
#define PORCHLIGHT_API_CONTROL_H

#include <stdbool.h>

#include "api/operator.h"
#include "api/samples.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "db/driver.h"
#include "db/writer.h"

struct control;

struct control_options {
    const struct options *options; /* the server's; a command's own options are laid over a copy */
    struct db *db;                 /* a read connection; the control thread's until control_stop */
    struct writer *writer;
    struct writer *rooms; /* of rooms.db */
    struct clock *clock;  /* moved by `clock advance` when options->test_clock is on */
    const struct log *log;
    struct shed *shed;   /* told by `load` when options->test_clock is on */
    struct samples *samples; /* shown by `numbers` */
    struct likes *likes; /* flushed before a command that reads the community as a whole */
    const char *image;   /* of this program on disk, for reload */
    struct backups *backups;
    bool realtime_available;
};

/* Makes the socket (an old one is removed: the caller holds the lock) and starts the thread. `options` is copied. */
enum err control_start(const struct control_options *options, struct control **out);

/*
 * Stops accepting, cuts off a client that is being read, waits for a command that works, removes the socket. NULL is
 * fine.
 */
void control_stop(struct control *control);

/* ---- the client's side ------------------------------------------------------------------------------------------- */

struct control_request {
    const char *data;
    size_t arguments_count;
    const char *const *arguments; /* the command's words and options */
    const char *secret;           /* NULL: none */
    int input_fd;                 /* -1: none; passed to the server */
    const char *input_name;       /* NULL: none */
};

/*
 * Sends the request and copies what comes back into `sink`. ERR_NOT_FOUND when nobody listens; ERR_STORAGE when cut
 * off.
 */
enum err control_call(const struct control_request *request, struct operator_sink *sink, int *exit_status);

#endif
