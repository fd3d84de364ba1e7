/*
 * What --help and --version print. Columns are aligned to the longest entry, and nothing is wider than 100 characters
 * or so.
 */
#ifndef PORCHLIGHT_API_CLI_HELP_H
#define PORCHLIGHT_API_CLI_HELP_H

#include <stdio.h>

#include "api/cli.h"
#include "api/operator.h"

void cli_help_all(FILE *out);
void cli_help_group(FILE *out, const char *group); /* "user": the commands that begin with it */
void cli_help_command(FILE *out, const struct command *command);
void cli_help_version(FILE *out, const struct cli_library *libraries);

#endif
