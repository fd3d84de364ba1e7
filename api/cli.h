/*
 * The command line: finds the command, reads its options, prints help, and runs it where it belongs: in a running
 * server (api/control.h), on the files themselves (api/store.h), or, for `serve`, in the function main.c gives.
 */
#ifndef PORCHLIGHT_API_CLI_H
#define PORCHLIGHT_API_CLI_H

#include <stdbool.h>

#include "api/options.h"

/* A library and its version, for --version. */
struct cli_library {
    const char *name;
    const char *version;
};

struct cli_hooks {
    int (*serve)(const struct options *options, void *arg); /* exit status */
    void *serve_arg;
    bool realtime_available;             /* this build has the realtime module */
    const struct cli_library *libraries; /* ends with a NULL name; NULL: none */
};

/* The exit status: 0 done, 1 could not, 2 not understood (options, configuration, arguments). */
int cli_main(int argc, char **argv, const struct cli_hooks *hooks);

#endif
