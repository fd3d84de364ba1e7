/*
 * Runs a command where its data is: in the running server, or on the files themselves when no server runs.
 */
#ifndef PORCHLIGHT_API_CLI_RUN_H
#define PORCHLIGHT_API_CLI_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "api/operator.h"

struct cli_run {
    const struct command *command;
    struct options *options;
    size_t arguments_count; /* the command line from the command's name on, for a running server */
    const char *const *arguments;
    bool realtime_available;
};

/* The exit status. */
int cli_run(const struct cli_run *run);

#endif
