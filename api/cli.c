/*
 * The way from argv to a command. See cli.h.
 */
#include "api/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "api/cli_help.h"
#include "api/cli_man.h"
#include "api/cli_run.h"
#include "api/cmd.h"
#include "api/operator.h"

extern char **environ;

static int misunderstood(const struct problem *problem)
{
    (void)fprintf(stderr, "porchlight: %s\n", problem_detail(problem));
    return 2;
}

static bool is_any_of(const char *text, const char *a, const char *b)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0;
}

/* --help, help [COMMAND], user --help, --version: what needs no options. -1: none of them. */
static int run_page(size_t count, const char *const *arguments, const struct cli_hooks *hooks)
{
    if (count == 0) {
        cli_help_all(stderr);
        return 2;
    }
    if (is_any_of(arguments[0], "--version", "-V") || strcmp(arguments[0], "version") == 0) {
        cli_help_version(stdout, hooks->libraries);
        return 0;
    }
    if (count == 1 && strcmp(arguments[0], "man") == 0) { /* for the build alone: packaging/install.mk */
        cli_man_fill(stdin, stdout);
        return 0;
    }
    bool help = is_any_of(arguments[0], "--help", "-h") || strcmp(arguments[0], "help") == 0;
    if (help && count == 1) {
        cli_help_all(stdout);
        return 0;
    }
    if (help && count == 2 && command_is_group(arguments[1])) {
        cli_help_group(stdout, arguments[1]);
        return 0;
    }
    if (count == 2 && command_is_group(arguments[0]) && is_any_of(arguments[1], "--help", "-h")) {
        cli_help_group(stdout, arguments[0]);
        return 0;
    }
    if (help) {
        size_t used;
        struct problem problem = {0};
        const struct command *command = command_find(count - 1, arguments + 1, &used, &problem);
        if (command == NULL)
            return misunderstood(&problem);
        cli_help_command(stdout, command);
        return 0;
    }
    return -1;
}

/* What serve and check cannot promise in this build. */
static bool asks_too_much(const struct options *options, const struct cli_hooks *hooks)
{
    bool refused = options->realtime == REALTIME_ON && !hooks->realtime_available;
    if (refused)
        (void)fputs("porchlight: this build has no realtime module: it cannot start with realtime on\n", stderr);
    return refused;
}

static int run_command(const struct command *command, struct options *options, size_t count,
                       const char *const *arguments, const struct cli_hooks *hooks)
{
    switch (command_id(command)) {
    case COMMAND_SERVE:
        return asks_too_much(options, hooks) ? 1 : hooks->serve(options, hooks->serve_arg);
    case COMMAND_CHECK:
        return asks_too_much(options, hooks) ? 1 : cmd_check(options);
    default:
        break;
    }
    const struct cli_run run = {
        .command = command,
        .options = options,
        .arguments_count = count,
        .arguments = arguments,
        .realtime_available = hooks->realtime_available,
    };
    return cli_run(&run);
}

int cli_main(int argc, char **argv, const struct cli_hooks *hooks)
{
    size_t count = argc > 0 ? (size_t)argc - 1 : 0;
    const char *const *arguments = (const char *const *)argv + 1;
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write(), not a death */
    if (sodium_init() < 0) {
        (void)fputs("porchlight: there is no source of random numbers\n", stderr);
        return 1;
    }
    int status = run_page(count, arguments, hooks);
    if (status >= 0)
        return status;

    size_t used;
    struct problem problem = {0};
    struct options options = {0};
    const struct command *command = command_find(count, arguments, &used, &problem);
    if (command == NULL)
        return misunderstood(&problem);
    if (options_init(&options) != ERR_OK) {
        (void)fputs("porchlight: there is not enough memory\n", stderr);
        return 1;
    }
    enum err err = options_load(&options, command_id(command), count - used, arguments + used, environ, &problem);
    if (err == ERR_OK && options.help)
        cli_help_command(stdout, command);
    else if (err == ERR_OK)
        err = command_check_words(command, &options, &problem);
    if (err != ERR_OK)
        status = misunderstood(&problem);
    else
        status = options.help ? 0 : run_command(command, &options, count, arguments, hooks);
    options_clear(&options);
    return status;
}
