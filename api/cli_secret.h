/*
 * Getting a new password from the operator, never from the command line, where `ps` would show it.
 */
#ifndef PORCHLIGHT_API_CLI_SECRET_H
#define PORCHLIGHT_API_CLI_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CLI_SECRET_BYTES 1024 /* PASSWORD_CHARS_MAX characters of four bytes fit */

/*
 * From the first line of stdin when `from_stdin`; else asked for twice on a terminal, without echo; else (and for an
 * empty answer on the terminal) none: *given is false. ERR_INVALID with a sentence; ERR_TIMEOUT when the operator
 * gave up (Ctrl-C).
 */
enum err cli_secret_get(bool from_stdin, char out[static CLI_SECRET_BYTES], bool *given, struct problem *problem);

#endif
