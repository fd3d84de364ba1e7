/*
 * A file that a command writes, wherever it runs: opened by the command's own process, with its own rights, beside its
 * place, and moved there when all went well. So a half of one never looks like a whole, and what was there before stays
 * until then.
 */
#ifndef PORCHLIGHT_API_CLI_OUTPUT_H
#define PORCHLIGHT_API_CLI_OUTPUT_H

#include <stdbool.h>

#include "base/err.h"

/* NAME.partial, empty, to read and to write. */
enum err cli_output_open(const char *name, int *fd, struct problem *problem);

/* `keep`: saves it and gives it its name; otherwise removes it. The descriptor stays the caller's. */
enum err cli_output_end(const char *name, int fd, bool keep, struct problem *problem);

#endif
