/*
 * Help pages, made from the tables of commands and options. See cli_help.h.
 */
#include "api/cli_help.h"

#include <string.h>

#include "api/version.h"

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static bool listed(const struct command *command, const char *group)
{
    size_t len = group != NULL ? strlen(group) : 0;
    bool in_group = group == NULL || (strncmp(command->name, group, len) == 0 && command->name[len] == ' ');
    return in_group && !command->hidden;
}

static size_t usage_length(const struct command *command)
{
    return strlen(command->name) + (command->arguments[0] != '\0' ? 1 + strlen(command->arguments) : 0);
}

static void list_commands(FILE *out, const char *group)
{
    size_t width = 0;
    for (size_t i = 0; i < COMMAND_COUNT_; i++)
        if (listed(&commands[i], group) && usage_length(&commands[i]) > width)
            width = usage_length(&commands[i]);
    for (size_t i = 0; i < COMMAND_COUNT_; i++) {
        const struct command *command = &commands[i];
        if (!listed(command, group))
            continue;
        (void)fprintf(out, "  %s%s%s%*s  %s\n", command->name, command->arguments[0] != '\0' ? " " : "",
                      command->arguments, (int)(width - usage_length(command)), "", command->summary);
    }
}

void cli_help_all(FILE *out)
{
    (void)fputs("Porchlight keeps a community together: one program, one data directory.\n"
                "\n"
                "Usage: porchlight COMMAND [ARGUMENTS] [OPTIONS]\n"
                "\n"
                "Commands:\n",
                out);
    list_commands(out, NULL);
    (void)fputs("\n"
                "Start here:\n"
                "  porchlight demo       fill the folder data with a community to look at\n"
                "  porchlight serve      serve it on http://127.0.0.1:8080\n"
                "\n"
                "Every command takes --data DIR and explains itself with --help. An option such as --poll-interval\n"
                "can also be set as PORCHLIGHT_POLL_INTERVAL in the environment, or as poll-interval in a --config\n"
                "file; the command line wins over the environment, and that over the file.\n"
                "\n"
                "Exit status: 0 done, 1 could not, 2 not understood.\n",
                out);
}

void cli_help_group(FILE *out, const char *group)
{
    (void)fprintf(out, "Usage: porchlight %s COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:\n", group);
    list_commands(out, group);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

struct option_list {
    FILE *out; /* NULL: only measure */
    size_t width;
};

static size_t option_length(const struct option_help *option)
{
    return strlen(option->name) + (option->argument != NULL ? 1 + strlen(option->argument) : 0);
}

static void list_option(void *arg, const struct option_help *option)
{
    struct option_list *list = arg;
    size_t length = option_length(option);
    if (length > list->width)
        list->width = length;
    if (list->out == NULL)
        return;
    (void)fprintf(list->out, "  --%s%s%s%*s  %s", option->name, option->argument != NULL ? " " : "",
                  option->argument != NULL ? option->argument : "", (int)(list->width - length), "", option->help);
    if (option->default_value != NULL)
        (void)fprintf(list->out, " [%s]", option->default_value);
    if (option->repeatable)
        (void)fputs(" (repeatable)", list->out);
    (void)fputc('\n', list->out);
}

/* Indents each line of a text. */
static void print_lines(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        (void)fprintf(out, "  %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

void cli_help_command(FILE *out, const struct command *command)
{
    (void)fprintf(out, "%s.\n\nUsage: porchlight %s%s%s [OPTIONS]\n", command->summary, command->name,
                  command->arguments[0] != '\0' ? " " : "", command->arguments);
    if (command->details != NULL)
        (void)fprintf(out, "\n%s\n", command->details);
    (void)fputs("\nOptions:\n", out);
    const struct option_help help = {.name = "help", .help = "Print this page"};
    struct option_list list = {0};
    options_describe(command_id(command), list_option, &list);
    list.out = out;
    options_describe(command_id(command), list_option, &list);
    list_option(&list, &help);
    if (command->examples != NULL) {
        (void)fputs("\nExamples:\n", out);
        print_lines(out, command->examples);
    }
}

/* ---- version ----------------------------------------------------------------------------------------------------- */

void cli_help_version(FILE *out, const struct cli_library *libraries)
{
    (void)fprintf(out, "porchlight %s\n", PORCHLIGHT_VERSION);
    size_t width = 0;
    for (const struct cli_library *l = libraries; l != NULL && l->name != NULL; l++)
        if (strlen(l->name) > width)
            width = strlen(l->name);
    for (const struct cli_library *l = libraries; l != NULL && l->name != NULL; l++)
        (void)fprintf(out, "  %-*s  %s\n", (int)width, l->name, l->version);
}
